"""One row per mention of an author that an override names, with its author after all overrides."""


def model(dbt, session):
    dbt.config(materialized="table")
    from warehouse.resolution.incremental.engine import engine_of
    from warehouse.resolution.incremental.resolve import apply_overrides

    engine = engine_of(session)
    engine.register("mentions", dbt.ref("int_mentions"))
    engine.register("decisions", dbt.ref("int_author_decisions"))
    engine.register("overrides", dbt.ref("int_author_overrides"))
    return apply_overrides(engine)
