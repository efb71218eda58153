"""One row per author name as listed, and per person of a name that names several: its kind, its form for display, its
block keys, its co-author key, and the log odds that the given name is first. A name is parsed once by each version of
the resolver."""


def model(dbt, session):
    dbt.config(materialized="incremental", unique_key="name_as_listed", on_schema_change="fail")
    from warehouse.resolution.incremental.engine import engine_of
    from warehouse.resolution.incremental.resolve import parse_names

    engine = engine_of(session)
    engine.register("mentions", dbt.ref("stg_raw__entry_authors"))
    if dbt.is_incremental:
        engine.register("earlier", dbt.this)
    return parse_names(engine, dbt.is_incremental)
