"""One row per author name as listed, with the keys of the families of names that it may belong to. A name is taken
apart once: rows of earlier runs are kept as long as the code is the same."""


def model(dbt, session):
    dbt.config(materialized="table")
    import pyarrow as pa

    from warehouse.resolution.pipeline import name_keys, version

    names = {row[0] for row in dbt.ref("int_mentions").select("name_as_listed").distinct().fetchall()}
    known = {}
    this = dbt.this
    exists = session.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?",
        [this.schema, this.identifier],
    ).fetchall()
    if exists[0][0]:
        query = f"select name_as_listed, family_keys from {this.schema}.{this.identifier} where code_version = ?"
        known = dict(session.execute(query, [version()]).fetchall())
    listed = sorted(names)
    return pa.table(
        {
            "name_as_listed": pa.array(listed, pa.string()),
            "family_keys": pa.array([known.get(n) or name_keys(n) for n in listed], pa.list_(pa.string())),
            "code_version": pa.array([version()] * len(listed), pa.string()),
        }
    )
