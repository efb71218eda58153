"""One row per mention of a person that an override names, with the person that it stands for in the end."""


def model(dbt, session):
    dbt.config(materialized="table")
    from warehouse.resolution.incremental.engine import engine
    from warehouse.resolution.incremental.resolve import obey

    frames = engine(session)
    frames.see("mentions", dbt.ref("int_mentions"))
    frames.see("decisions", dbt.ref("int_author_decisions"))
    frames.see("overrides", dbt.ref("int_author_overrides"))
    return obey(frames)
