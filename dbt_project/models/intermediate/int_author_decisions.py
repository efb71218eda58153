"""One row per mention, with the person it was placed in, by which rule, on what evidence. Names that nothing new can
touch keep the decision of the run before; the others are resolved again (warehouse/resolution)."""


def model(dbt, session):
    dbt.config(materialized="table")
    import pyarrow as pa

    from warehouse.resolution.pipeline import DecisionRow, Kept, MentionRow, PaperRow, decide, read_override

    mentions = dbt.ref("int_mentions").select(
        "mention_id, paper_id, position, name_as_listed, account_id, own_author_id, learned_at, first_observed_at,"
        " fingerprint"
    )
    mentions = [MentionRow(*row) for row in mentions.fetchall()]
    mentions.sort()
    papers = dbt.ref("int_papers_described").select("paper_id, title, ai_keywords, organization_name, published_year")
    papers = [PaperRow(*row) for row in papers.fetchall()]
    keys = dict(dbt.ref("int_author_names").select("name_as_listed, family_keys").fetchall())
    overrides = dbt.ref("int_author_overrides").select("action, mention_id, author_id, reason, override_number")
    overrides = [read_override(*row[:4]) for row in sorted(overrides.fetchall(), key=lambda row: row[4])]
    earlier = []
    this = dbt.this
    exists = session.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?",
        [this.schema, this.identifier],
    ).fetchall()
    if exists[0][0]:
        columns = ", ".join(f if f != "name" else "name_as_listed" for f in Kept._fields)
        earlier = session.execute(f"select {columns} from {this.schema}.{this.identifier}").fetchall()
    rows = decide(mentions, papers, keys, [Kept(*row) for row in earlier], overrides)
    kinds = {"near_log_odds": pa.float64(), "decided_at": pa.timestamp("us")}
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in DecisionRow._fields]
    return pa.table(
        {
            ("name_as_listed" if f == "name" else f): pa.array(values, kinds.get(f, pa.string()))
            for f, values in zip(DecisionRow._fields, columns, strict=True)
        }
    )
