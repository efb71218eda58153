"""One row per mention, with the person it was placed in, by which rule, on what evidence. Names that nothing new can
touch keep the decision of the run before; the others are resolved again (warehouse/resolution)."""


def model(dbt, session):
    dbt.config(materialized="table")
    from warehouse.resolution.frames import exists, text_frame
    from warehouse.resolution.persons import Override
    from warehouse.resolution.pipeline import DecisionRow, MentionRow, NameFacts, PaperRow, as_text, decide

    mentions = dbt.ref("int_mentions").select(
        "mention_id, paper_id, position, name_as_listed, account_id, own_author_id, learned_at, first_observed_at,"
        " fingerprint"
    )
    mentions = sorted(MentionRow(*row) for row in mentions.fetchall())
    papers = dbt.ref("int_papers_described").select("paper_id, title, ai_keywords, organization_name, published_year")
    papers = [PaperRow(*row) for row in papers.fetchall()]
    names = dbt.ref("int_author_names").select("name_as_listed, family_keys, order_lean")
    facts = {name: NameFacts(*known) for name, *known in names.fetchall()}
    overrides = dbt.ref("int_author_overrides").select("override_number, action, mention_id, author_id, reason")
    overrides = [Override(*row[1:]) for row in sorted(overrides.fetchall())]

    columns = ["name_as_listed" if field == "name" else field for field in DecisionRow._fields]
    kinds = {"near_log_odds": "double", "decided_at": "timestamp"}
    table, earlier = f"{dbt.this.schema}.{dbt.this.identifier}", []
    if exists(session, dbt.this, "near_reason"):
        earlier = [DecisionRow(*row) for row in session.sql(f"select {', '.join(columns)} from {table}").fetchall()]
    rows = decide(mentions, papers, facts, earlier, overrides)

    before = {row.mention_id: row for row in earlier}
    changed = [row for row in rows if before.get(row.mention_id) != row]
    fresh = text_frame(columns, [as_text(row) for row in changed])  # noqa: F841 (the query reads it by name)
    written = ", ".join(f"cast({column} as {kinds.get(column, 'varchar')}) as {column}" for column in columns)
    if not earlier:
        return session.sql(f"select {written} from fresh")
    stay = dbt.ref("int_mentions").select("mention_id")  # noqa: F841 (a query reads it by name)
    return session.sql(
        f"""
        select {written} from fresh
        union all
        select {", ".join(columns)} from {table}
        where mention_id in (select mention_id from stay) and mention_id not in (select mention_id from fresh)
        """
    )
