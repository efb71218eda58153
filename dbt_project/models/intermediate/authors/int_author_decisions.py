"""One row per mention, with the person that the resolver placed it in, by which rule, on what evidence. Mentions that
nothing new can touch keep the row of the run before; the others are resolved again (warehouse/resolution)."""


def model(dbt, session):
    dbt.config(materialized="incremental", unique_key="mention_id", on_schema_change="fail")
    from warehouse.resolution.incremental.engine import engine
    from warehouse.resolution.incremental.resolve import decide

    frames = engine(session)
    frames.see("mentions", dbt.ref("int_mentions"))
    frames.see("papers", dbt.ref("int_papers_described"))
    frames.see("names", dbt.ref("int_author_names"))
    frames.see("name_keys", dbt.ref("int_author_name_keys"))
    if dbt.is_incremental:
        frames.see("earlier", dbt.this)
    return decide(frames, dbt.is_incremental)
