"""One row per mention, with its author by the resolver, the rule and the evidence. Only affected mentions are resolved
again; the others keep their row of the run before (warehouse/resolution/incremental)."""


def model(dbt, session):
    dbt.config(materialized="incremental", unique_key="mention_id", on_schema_change="fail")
    from warehouse.resolution.incremental.engine import engine_of
    from warehouse.resolution.incremental.resolve import decide

    engine = engine_of(session)
    engine.register("mentions", dbt.ref("int_mentions"))
    engine.register("papers", dbt.ref("int_papers_described"))
    engine.register("names", dbt.ref("int_author_names"))
    engine.register("name_keys", dbt.ref("int_author_name_keys"))
    if dbt.is_incremental:
        engine.register("earlier", dbt.this)
    return decide(engine, dbt.is_incremental)
