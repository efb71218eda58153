"""One row per author name as listed, with the keys of the families of names that it may belong to, and which way round
it seems to be written. A name is taken apart once: rows of earlier runs are kept as long as the code is the same."""


def model(dbt, session):
    dbt.config(materialized="table")
    from warehouse.resolution.frames import SEPARATOR, exists, text_frame
    from warehouse.resolution.pipeline import name_facts, version

    mentions = dbt.ref("int_mentions")
    earlier = (
        "select cast(null as varchar) as name_as_listed, cast(null as varchar[]) as family_keys,"
        " cast(null as double) as order_lean where false"
    )
    if exists(session, dbt.this, "order_lean"):
        table = f"{dbt.this.schema}.{dbt.this.identifier}"
        earlier = f"select name_as_listed, family_keys, order_lean from {table} where code_version = '{version()}'"
    names = mentions.select("name_as_listed").distinct()  # noqa: F841 (queries read it by name)
    kept = session.sql(  # noqa: F841 (queries read it by name)
        f"select * from ({earlier}) where name_as_listed in (select name_as_listed from names)"
    )
    new = session.sql("select name_as_listed from names where name_as_listed not in (select name_as_listed from kept)")
    facts = name_facts(sorted(row[0] for row in new.fetchall()))
    fresh = text_frame(  # noqa: F841 (a query reads it by name)
        ["name_as_listed", "family_keys", "order_lean"],
        [(name, SEPARATOR.join(fact.family_keys), str(fact.lean)) for name, fact in facts.items()],
    )
    return session.sql(
        f"""
        select name_as_listed, family_keys, order_lean, '{version()}' as code_version from kept
        union all
        select
            name_as_listed,
            case when family_keys = '' then cast([] as varchar[]) else string_split(family_keys, '{SEPARATOR}') end,
            cast(order_lean as double),
            '{version()}'
        from fresh
        """
    )
