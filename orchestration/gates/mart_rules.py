"""The rules of the mart gate: what must hold over whole tables before they are published.

Keys, references and accepted values are dbt tests (``primary_key`` in ``dbt_project/tests``), which stop a run before
this gate; the rules here compare tables with one another, with the raw tables and with the published file.
"""

from __future__ import annotations

from orchestration.gates.rules import Rule, Severity, Suite, read_queries, read_query

#: A live run without an accepted observation of the last so many hours observed nothing.
FRESH_HOURS = 36
#: A table with a smaller share of its published rows is reported.
MIN_REMAINING_SHARE = 0.8


def _count_rule(name: str, severity: Severity, reason: str, remedy: str) -> Rule:
    """A rule of the mart gate: the number of violations, counted in SQL, is 0."""
    return Rule(
        name,
        "marts",
        "ExpectColumnValuesToBeBetween",
        {"column": name, "min_value": 0, "max_value": 0},
        severity,
        reason,
        remedy,
    )


_REPORT = "the published file is as it was; run `papers rebuild`, and if it stays, report the rule with its count"

MARTS = Suite(
    name="marts",
    rules=(
        _count_rule(
            "papers_lost",
            "error",
            "Papers of the published file are missing from the new one; nothing is ever deleted.",
            "readers have the file as it was; `papers doctor --archive` says which loads are missing and restores what "
            "it can; if papers are to vanish, `papers rebuild --accept-loss --reason …` puts that on record",
        ),
        _count_rule(
            "rows_lost",
            "error",
            "A load that was accepted is not any more, or a table that only grows has fewer rows than in the published "
            "file, without a recorded reason.",
            "readers have the file as it was; `papers status` and `papers doctor --archive` say which loads are gone; "
            "if rows are to vanish, `papers rebuild --accept-loss --reason …` puts that on record",
        ),
        _count_rule(
            "tables_much_smaller",
            "warning",
            f"A table has less than {MIN_REMAINING_SHARE:.0%} of the rows that it has in the published file.",
            "nothing, if a rebuild or many merges explain it; else compare with the export of the publication before",
        ),
        _count_rule(
            "not_fresh",
            "warning",
            f"The run observed today's list, yet nothing accepted was observed in the last {FRESH_HOURS} hours.",
            "see the rejected loads in `papers status`, and whether this machine's clock is right",
        ),
        _count_rule(
            "observations_missing",
            "error",
            "An accepted entry has no observation of its paper at its time.",
            _REPORT,
        ),
        _count_rule(
            "observations_invented",
            "error",
            "An observation has no accepted entry behind it.",
            _REPORT,
        ),
        _count_rule(
            "accepted_loads_missing",
            "error",
            "An accepted load, or entries of one, did not reach the models.",
            "look for a setting that limits what dbt builds, then run `papers rebuild`; if it stays, report it",
        ),
        _count_rule("rejected_loads_used", "error", "A row comes from a load that no gate accepted.", _REPORT),
        _count_rule("papers_without_observation", "error", "A paper has no observation.", _REPORT),
        _count_rule("authors_without_paper", "error", "An author has no paper.", _REPORT),
        _count_rule("parents_missing", "error", "The parent of an organization is not in dim_organizations.", _REPORT),
        _count_rule(
            "person_twice_on_a_paper",
            "error",
            "One person holds two author positions of one paper: two people were merged.",
            "see author_merges for the mentions; split them in the overrides, then run again",
        ),
        _count_rule("organization_own_ancestor", "error", "An organization is its own ancestor.", _REPORT),
        _count_rule("gains_do_not_add_up", "error", "A paper's daily gains don't add up to last minus first.", _REPORT),
        _count_rule("mentions_undecided", "error", "An author row has no decision, or more than one.", _REPORT),
    ),
)

#: The violations of each rule, in columns that name them. The queries are over whole tables, so each is a join or a
#: grouping that can spill to disk.
MART_QUERIES = read_queries("marts")
#: Those that compare with the raw tables that the models were built from, attached as `raw_tables`.
RAW_QUERIES = read_queries("raw")
#: Those that compare with the published file, attached as `published`; without one nothing can be lost. They are not
#: asked when a person gave a reason since: see REASONS_QUERY.
PUBLISHED_QUERIES = read_queries("published")
#: How many reasons for a loss of rows there are that the published file does not have yet.
REASONS_QUERY = read_query("reasons")
