"""One row per author name as listed, with the keys under which names that may be related to it find it, the key that it
has as a co-author, and which way round it seems to be written. A name is taken apart once, while the code stays the
same."""


def model(dbt, session):
    dbt.config(materialized="incremental", unique_key="name_as_listed", on_schema_change="fail")
    from warehouse.resolution.incremental.engine import engine
    from warehouse.resolution.incremental.resolve import take_names_apart

    frames = engine(session)
    frames.see("mentions", dbt.ref("stg_raw__entry_authors"))
    if dbt.is_incremental:
        frames.see("earlier", dbt.this)
    return take_names_apart(frames, dbt.is_incremental)
