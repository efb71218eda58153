"""One row per paper, with its ten related papers: only lists that new or changed texts can affect are computed."""


def model(dbt, session):
    dbt.config(materialized="incremental", unique_key="paper_id", on_schema_change="fail")
    from warehouse.resolution.incremental.engine import engine_of
    from warehouse.search.related import compute_lists

    engine = engine_of(session)
    engine.register("papers", dbt.ref("dim_papers"))
    engine.register("indexed", dbt.ref("int_search_papers"))
    engine.register("postings", dbt.ref("int_search_postings"))
    if dbt.is_incremental:
        engine.register("earlier", dbt.this)
    return compute_lists(engine, dbt.is_incremental)
