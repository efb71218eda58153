"""What the gates expect. Each rule has a severity, a reason, and what to do when it fails.

Imports nothing heavy: ``gx_runner`` turns a rule into a Great Expectations object by its class name.
A threshold that is loosened gets a date and the cause beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sources.daily_papers.ids import PAPER_ID
from sources.daily_papers.payload_types import MAX_COMMENTS, MAX_UPVOTES

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """One expectation on one frame.

    ``expectation`` is the class name in ``great_expectations.expectations``, ``arguments`` its arguments.
    An ``error`` rejects the loads (or blocks the publication) that fail it, a ``warning`` passes and is shown.
    """

    name: str
    frame: str
    expectation: str
    arguments: dict[str, Any]
    severity: Severity
    reason: str
    remedy: str


@dataclass(frozen=True)
class Suite:
    """Rules of one gate. ``keys``: by frame, the columns that identify a row in a result."""

    name: str
    rules: tuple[Rule, ...]
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def rule(self, name: str) -> Rule:
        """The rule of that name."""
        return next(rule for rule in self.rules if rule.name == name)


#: A listing's clock may be this many seconds ahead of ours before we call its time a future one.
CLOCK_SKEW_SECONDS = 300
#: Of 28,000 real steps between two observations 26 fell, nearly all by 1: an account withdrew its vote or was closed.
UNVOTES, UNVOTED_SHARE = 3, 0.1
#: Listing dates on either side whose same weekday teaches what volume is usual, and how many of them it takes.
HISTORY_DAYS, HISTORY_DATES = 56, 5
#: Days without a list that are nobody's fault: Christmas to New Year, Independence Day, Thanksgiving.
PUBLIC_LULL = """(month(listing_date) = 12 and day(listing_date) >= 24)
            or (month(listing_date) = 1 and day(listing_date) <= 2)
            or (month(listing_date) = 7 and day(listing_date) = 4)
            or (month(listing_date) = 11 and isodow(listing_date) = 4 and day(listing_date) between 22 and 28)"""
#: A live run without an observation this recent observed nothing: a day and a half, as the freshness policy.
FRESH_HOURS = 36
#: Loads of the same format before this one that a field must have been in, to be missed when it is not in this one.
DRIFT_LOADS = 5

_REPARSE = "see what was listed (`papers status` names the load); if the listing is right after all, run "
_REPARSE += '`papers accept LOAD --reason "…"`; if the parser is wrong, fix it and run `papers rebuild --load LOAD`'
#: Where the records that could not be used are, with their reasons.
_QUARANTINE = '`papers sql "from ops_quarantine"` shows reason, field and record'
_DRIFT = '`papers sql "from ops_schema_drift"` names the field'

#: What the frame of the entries must hold.
ENTRY_COLUMNS = ["load_id", "position", "paper_id", "identity", "title_key", "upvotes", "comments", "fall_unexplained"]

BATCH = Suite(
    name="batch",
    keys={"entries": ("load_id", "position"), "loads": ("load_id",)},
    rules=(
        Rule(
            "entries_have_columns",
            "entries",
            "ExpectTableColumnsToMatchSet",
            {"column_set": ENTRY_COLUMNS, "exact_match": False},
            "error",
            "The rules below need these columns; their types are those of the raw tables, the rest is quarantined.",
            "this is a fault of the gate or of the raw tables, not of the listing: report it",
        ),
        Rule(
            "daily_entry_has_upvotes",
            "entries",
            "ExpectColumnValuesToNotBeNull",
            {"column": "daily_upvotes"},
            "error",
            "Entries lack their upvotes, which a daily listing has for each, 0 included.",
            _REPARSE,
        ),
        Rule(
            "paper_id_is_arxiv",
            "entries",
            "ExpectColumnValuesToMatchRegex",
            {"column": "paper_id", "regex": rf"^(?:{PAPER_ID}|\d{{4}}\.\d{{4}})$"},
            "error",
            "Daily Papers lists papers by arXiv id or an id of its own; another means another source of the same outer "
            "shape.",
            _REPARSE,
        ),
        Rule(
            "daily_entry_has_id",
            "entries",
            "ExpectColumnValuesToNotBeNull",
            {"column": "identity"},
            "error",
            "Entries lack their id, which a daily listing has for each.",
            _REPARSE,
        ),
        Rule(
            "title_not_empty",
            "entries",
            "ExpectColumnValueLengthsToBeBetween",
            {"column": "title_key", "min_value": 1},
            "error",
            "Entries have no title; such a paper can't be shown or found again.",
            _REPARSE,
        ),
        Rule(
            "upvotes_plausible",
            "entries",
            "ExpectColumnValuesToBeBetween",
            {"column": "upvotes", "min_value": 0, "max_value": MAX_UPVOTES},
            "error",
            "Upvotes are negative or absurdly many, so the field has another meaning now.",
            _REPARSE,
        ),
        Rule(
            "comments_plausible",
            "entries",
            "ExpectColumnValuesToBeBetween",
            {"column": "comments", "min_value": 0, "max_value": MAX_COMMENTS},
            "error",
            "Comments are negative or absurdly many, so the field has another meaning now.",
            _REPARSE,
        ),
        Rule(
            "upvotes_fall_explained",
            "entries",
            "ExpectColumnValuesToBeBetween",
            {"column": "fall_unexplained", "max_value": 0},
            "warning",
            f"Upvotes fell since the last observation by more than withdrawn votes explain ({UNVOTES}, or "
            f"{UNVOTED_SHARE:.0%}); one paper alone may have lost votes that the site took back.",
            "compare the paper's rows in fct_upvote_observations; a wrong observed_at looks the same",
        ),
        Rule(
            "one_row_per_paper",
            "entries",
            "ExpectCompoundColumnsToBeUnique",
            {"column_list": ["load_id", "identity"], "ignore_row_if": "any_value_is_missing"},
            "error",
            "The listing names a paper twice, which would count its upvotes twice.",
            _REPARSE,
        ),
        Rule(
            "submitted_on_listing_date",
            "entries",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": "submitted_on", "column_B": "listed_on", "ignore_row_if": "either_value_is_missing"},
            "warning",
            "Papers were submitted on another UTC day than the listing's, as re-listed papers are.",
            "nothing, if the site lists the paper again; `papers query relisted_papers` shows those that are known",
        ),
        Rule(
            "served_date_is_asked_date",
            "loads",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": "served_on", "column_B": "listed_on", "ignore_row_if": "either_value_is_missing"},
            "error",
            "The site served the list of another date, as it does for a date without one; it would be counted twice.",
            "nothing for a weekend or holiday; else fetch the date again with `papers run --date`",
        ),
        Rule(
            "listing_is_of_its_date",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "share_submitted_elsewhere", "min_value": 0, "max_value": 0.5},
            "error",
            "Most entries (two at least) were submitted on another day: this is another date's list.",
            "fetch the date again with `papers run --date`, or import the file with its right --listing-date",
        ),
        Rule(
            "upvotes_not_reset",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "share_fallen", "max_value": 0.5},
            "error",
            "Most papers lost upvotes since they were last observed: another counter, or the time of one of the "
            "two observations is wrong.",
            "compare with fct_upvote_observations; import with the right --observed-at, or fetch the dates again",
        ),
        Rule(
            "weekday_not_empty",
            "loads",
            "ExpectColumnValuesToBeInSet",
            {"column": "is_empty_weekday", "value_set": [False]},
            "error",
            "The finished list of this weekday is empty, which is a fault of the source: only weekends, public "
            "holidays and weekdays that are mostly empty by now have no list.",
            "fetch the date again with `papers run --date`; if there really was no list, run "
            '`papers accept LOAD --reason "…"`',
        ),
        Rule(
            "volume_as_usual",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "volume_deviation", "min_value": -1, "max_value": 1},
            "warning",
            f"The finished list is far from what this weekday had within {HISTORY_DAYS} days "
            "(in units of the tolerance learned from it).",
            "nothing for a holiday or a conference; else fetch the date again with `papers run --date`",
        ),
        Rule(
            "no_empty_list_without_a_word",
            "loads",
            "ExpectColumnValuesToBeInSet",
            {"column": "is_excused_empty", "value_set": [False]},
            "warning",
            "The list of this weekday is empty, on a public holiday or as this weekday mostly was lately.",
            "nothing, if the site shows no list for the date either",
        ),
        Rule(
            "records_usable",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "refused_share", "min_value": 0, "max_value": 0.5},
            "error",
            "Most records were refused: the source changed its shape.",
            f"{_QUARANTINE}; fix the parser, then run `papers rebuild`",
        ),
        Rule(
            "few_records_refused",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "refused_count", "min_value": 0, "max_value": 0},
            "warning",
            "Some records were refused and are in quarantine.",
            _QUARANTINE,
        ),
        Rule(
            "not_truncated",
            "loads",
            "ExpectColumnValuesToBeInSet",
            {"column": "is_cap_sized", "value_set": [False]},
            "warning",
            "Exactly 50 entries is what the site sends without `limit`: low-vote papers may be missing.",
            "fetch the date again with `papers run --date`",
        ),
        Rule(
            "observed_in_the_past",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "seconds_ahead", "max_value": CLOCK_SKEW_SECONDS},
            "error",
            "The listing was observed in the future: a clock or a given time is wrong.",
            "correct the time (--observed-at, the manifest or this machine's clock) and import again",
        ),
        Rule(
            "observed_in_order",
            "loads",
            "ExpectColumnValuesToBeInSet",
            {"column": "is_seen_later_already", "value_set": [False]},
            "warning",
            "The same bytes are here already as observed later: files imported out of order, or a wrong time.",
            "nothing, if both times are right; else correct the manifest and import again",
        ),
        Rule(
            "observed_after_listing_began",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "hours_after_listing_began", "min_value": -24},
            "warning",
            "The listing was observed more than a day before its date: one of its two times is wrong.",
            "check the file's times; import it again with the right ones",
        ),
        Rule(
            "fields_known",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "unknown_fields", "min_value": 0, "max_value": 0},
            "warning",
            "The source sends fields that the parser does not know yet.",
            f"nothing is lost, the values are kept; {_DRIFT}",
        ),
        Rule(
            "fields_mostly_known",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "unknown_share", "max_value": 0.5},
            "error",
            "More fields are unknown than known: another source of the same outer shape.",
            _REPARSE,
        ),
        Rule(
            "fields_not_vanished",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "vanished_fields", "max_value": 0},
            "warning",
            f"A field that every record had in the {DRIFT_LOADS} loads before is in none of this one.",
            f"{_DRIFT}; what is built on it is null from here on",
        ),
        Rule(
            "fields_keep_their_type",
            "loads",
            "ExpectColumnValuesToBeBetween",
            {"column": "retyped_fields", "max_value": 0},
            "warning",
            f"A field has a JSON type that it had in none of the {DRIFT_LOADS} loads before.",
            f"{_DRIFT}; odd values are kept beside the entry, unusable records are in ops_quarantine",
        ),
    ),
)


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
            "file, and nobody gave a reason.",
            "readers have the file as it was; `papers status` and `papers doctor --archive` say which loads are gone; "
            "if rows are to vanish, `papers rebuild --accept-loss --reason …` puts that on record",
        ),
        _count_rule(
            "tables_much_smaller",
            "warning",
            "A table lost more than a fifth of its rows against the published file.",
            "nothing, if a rebuild or many merges explain it; else compare with the export of the publication before",
        ),
        _count_rule(
            "not_fresh",
            "warning",
            f"The run observed today's list, yet nothing accepted was observed in the last {FRESH_HOURS} hours.",
            "see the rejected loads in `papers status`, and whether this machine's clock is right",
        ),
        _count_rule(
            "observations_repeated",
            "error",
            "A paper has two observations of the same moment.",
            _REPORT,
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
        _count_rule("papers_without_observation", "error", "A paper that nobody ever observed.", _REPORT),
        _count_rule("authors_orphaned", "error", "A paper's author is not in dim_authors, or the reverse.", _REPORT),
        _count_rule(
            "organizations_orphaned",
            "error",
            "A paper's organization or a parent is not in dim_organizations.",
            _REPORT,
        ),
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

#: Loads whose entries and observations are not the same, by a sum of hashes, as comparing fifty million rows one by one
#: takes minutes. Loads of one moment are among them by right: only one is observed.
_LOADS_IN_DOUBT = """
            select load_id from (
                select load_id, count(*) as looks, sum(cast(hash(paper_id, observed_at) as decimal(38, 0))) as digest
                from intermediate.int_entries_identified group by load_id
                union all
                select load_id, -count(*), -sum(cast(hash(paper_id, observed_at) as decimal(38, 0)))
                from marts.fct_upvote_observations group by load_id) as seen_and_observed
            group by load_id having sum(looks) <> 0 or sum(digest) <> 0"""

#: The violations of each rule of the mart gate, in columns that name them. `published` is the file that readers
#: have now, if there is one. They are over whole tables, so each is a join or a grouping that can spill to disk, and
#: what only violations need (lists of positions) is looked up for them alone.
MART_QUERIES = {
    "observations_repeated": """
        select paper_id, observed_at, count(*) as times
        from marts.fct_upvote_observations group by paper_id, observed_at having count(*) > 1""",
    "observations_missing": f"""
        select distinct paper_id, observed_at from intermediate.int_entries_identified
        semi join ({_LOADS_IN_DOUBT}) as doubtful using (load_id)
        anti join marts.fct_upvote_observations using (paper_id, observed_at)""",
    "observations_invented": f"""
        select paper_id, observed_at, load_id from marts.fct_upvote_observations
        semi join ({_LOADS_IN_DOUBT}) as doubtful using (load_id)
        anti join intermediate.int_entries_identified using (paper_id, observed_at, load_id)""",
    "rejected_loads_used": """
        select load_id, paper_id, observed_at from marts.fct_upvote_observations
        where load_id not in (select load_id from marts.ops_loads where verdict = 'accepted')""",
    "papers_without_observation": """
        select paper_id, title from marts.dim_papers
        where paper_id not in (select distinct paper_id from marts.fct_upvote_observations)""",
    "authors_orphaned": """
        (select author_id, 'not in dim_authors' as fault from (
            select author_id from marts.bridge_paper_authors except select author_id from marts.dim_authors))
        union all
        (select author_id, 'on no paper' as fault from (
            select author_id from marts.dim_authors except select author_id from marts.bridge_paper_authors))""",
    "organizations_orphaned": """
        (select organization_id from marts.bridge_paper_organizations
         union select parent_organization_id from marts.dim_organizations
         where parent_organization_id is not null)
        except select organization_id from marts.dim_organizations""",
    "person_twice_on_a_paper": """
        select paper_id, author_id, list(position order by position) as positions
        from marts.bridge_paper_authors
        semi join (
            select paper_id, author_id from marts.bridge_paper_authors
            group by paper_id, author_id having count(*) > 1) using (paper_id, author_id)
        group by paper_id, author_id""",
    # `union` drops what is known already, so a ring of parents ends the walk too.
    "organization_own_ancestor": """
        with recursive above (organization_id, ancestor_id) as (
            select organization_id, parent_organization_id from marts.dim_organizations
            where parent_organization_id is not null
            union
            select above.organization_id, parents.parent_organization_id
            from above join marts.dim_organizations as parents on above.ancestor_id = parents.organization_id
            where parents.parent_organization_id is not null)
        select organization_id from above where organization_id = ancestor_id""",
    "gains_do_not_add_up": """
        select paper_id, daily.gained as gained_by_day, total.gained as gained from (
            select paper_id, sum(gained) as gained from marts.fct_paper_upvotes_daily group by paper_id) as daily
        join (
            select paper_id, case when count(*) > 1
                then max_by(upvotes, observed_at) - min_by(upvotes, observed_at) end as gained
            from marts.fct_upvote_observations where upvotes is not null group by paper_id) as total
        using (paper_id) where daily.gained is distinct from total.gained""",
    "mentions_undecided": """
        select paper_id, position, count(author_merges.mention_id) as decisions
        from marts.bridge_paper_authors left join marts.author_merges using (paper_id, position)
        group by paper_id, position having count(author_merges.mention_id) <> 1""",
}

#: Tables in which a row, once published, stays.
GROWING = (
    "fct_listings",
    "fct_upvote_observations",
    "fct_paper_upvotes_daily",
    "ops_loads",
    "ops_gate_results",
)

#: The same, against the raw tables that the models were built from, attached as `raw_tables`. Entries without an id in
#: the payload are left out: which paper they are about is for the models to find.
RAW_QUERIES = {
    "accepted_loads_missing": """
        select loads.load_id, listed.entries as entries_accepted, coalesce(built.entries, 0) as entries_built
        from raw_tables.raw.loads as loads
        left join (
            select load_id, count(*) as entries from raw_tables.raw.entries where paper_id is not null group by load_id
        ) as listed on loads.load_id = listed.load_id
        left join (
            select load_id, count(*) as entries from intermediate.int_entries_identified group by load_id
        ) as built on loads.load_id = built.load_id
        left join marts.ops_loads as shown on loads.load_id = shown.load_id
        where
            loads.verdict = 'accepted'
            and (shown.verdict is distinct from 'accepted' or listed.entries > coalesce(built.entries, 0))""",
}


#: Rules that compare with the published file, attached as `published`; without one nothing can be lost. The two
#: that block find nothing when a person gave a reason since: see REASONS_QUERY.
PUBLISHED_QUERIES = {
    "papers_lost": """
        select paper_id from published.marts.dim_papers where paper_id not like 'title:%'
        except select paper_id from marts.dim_papers""",
    "rows_lost": """
        (select 'load ' || load_id as table_name, entry_count as rows_before, 0 as rows_now
         from published.marts.ops_loads as was
         where verdict = 'accepted' and not exists (
            select 1 from marts.ops_loads as now where now.load_id = was.load_id and now.verdict = 'accepted'))
        union all """
    + " union all ".join(
        f"""(select '{table}' as table_name, was.rows as rows_before, now.rows as rows_now
             from (select count(*) as rows from published.marts.{table}) as was,
                  (select count(*) as rows from marts.{table}) as now
             where now.rows < was.rows)"""
        for table in GROWING
    ),
}

#: What happened since the published file was built that may make rows vanish: what a person did, and loads that are
#: rejected now because their time lies in the future.
REASONS_QUERY = """
    select count(*) from (
        select run_id from marts.ops_gate_results
        where (gate = 'person' and expectation in ('loss_accepted', 'parsed_again'))
            or (gate = 'batch' and expectation = 'taken_back')
        except select run_id from published.marts.ops_gate_results)"""

#: The two frames of the batch gate, for the pending loads in `checked_loads`; `now` is the moment of the check. History
#: is all accepted and all pending loads, so that a verdict does not depend on which arrived first; rejected loads and
#: guessed times (a file's own) are no evidence. `seen` is a materialized CTE, so that the papers of the checked loads
#: narrow the scan of all entries to the row groups that may hold them.
BATCH_ENTRIES_QUERY = f"""
    with candidates as (
        select entries.*, loads.kind, loads.listing_date, loads.observed_at, loads.observed_at_basis, loads.load_number
        from raw.entries as entries
        join raw.loads as loads using (load_id)
        where loads.load_id in (select load_id from checked_loads)),
    seen as materialized (
        select load_id, paper_id, upvotes
        from raw.entries
        where upvotes is not null and paper_id in (select paper_id from candidates)),
    history as (
        select seen.paper_id, seen.upvotes, loads.observed_at
        from seen
        join raw.loads as loads using (load_id)
        where loads.verdict in ('pending', 'accepted') and loads.observed_at_basis <> 'file time'),
    compared as (
        select candidates.*, history.upvotes as upvotes_before
        from candidates
        asof left join history
            on candidates.paper_id = history.paper_id and candidates.observed_at > history.observed_at)
    select
        compared.load_id, compared.position, compared.paper_id,
        case when kind = 'daily' then compared.paper_id else coalesce(compared.paper_id, compared.title_key) end
            as identity,
        -- A daily entry without a title is known by its id.
        coalesce(nullif(compared.title_key, ''), compared.paper_id, '') as title_key,
        compared.upvotes, compared.comments,
        case when kind = 'daily' then upvotes else 0 end as daily_upvotes,
        case when observed_at_basis <> 'file time' and upvotes_before > upvotes
            then upvotes_before - upvotes - greatest({UNVOTES}, floor({UNVOTED_SHARE} * upvotes_before))
            when upvotes_before is not null and observed_at_basis <> 'file time' then 0 end as fall_unexplained,
        strftime(contents.submitted_at, '%Y-%m-%d') as submitted_on,
        case when kind = 'daily' then strftime(listing_date, '%Y-%m-%d') end as listed_on
    from compared
    join raw.entry_contents as contents using (content_id)
    order by load_number, compared.position"""

#: Reads the frame above as `checked_entries`, so that a fall is worked out once.
BATCH_LOADS_QUERY = f"""
    with pending as (select * from raw.loads where load_id in (select load_id from checked_loads)),
    trusted as (select * from raw.loads where verdict in ('pending', 'accepted')),
    elsewhere as (
        select load_id,
            count(*) filter (where submitted_on <> listed_on) as elsewhere,
            count(submitted_on) as dated,
            count(fall_unexplained) as compared,
            count(*) filter (where fall_unexplained > 0) as fallen
        from checked_entries
        group by load_id),
    finished as (
        select listing_date, max(received) as received, bool_or(verdict = 'accepted') as is_accepted
        from trusted
        where kind = 'daily' and observed_at >= listing_date + interval 20 hours
            and listing_date between (select min(listing_date) - {HISTORY_DAYS} from pending)
                and (select max(listing_date) + {HISTORY_DAYS} from pending)
        group by listing_date),
    usual as (
        select pending.load_id, count(*) as dates, median(finished.received) as middle,
            greatest(7.5 * mad(finished.received), 0.6 * median(finished.received), 5) as tolerance,
            count(*) filter (where is_accepted) as accepted_dates,
            count(*) filter (where is_accepted and finished.received = 0) as empty_dates
        from pending
        join finished
            on isodow(finished.listing_date) = isodow(pending.listing_date)
            and finished.listing_date <> pending.listing_date
            and abs(date_diff('day', finished.listing_date, pending.listing_date)) <= {HISTORY_DAYS}
        where pending.kind = 'daily'
        group by pending.load_id),
    seen_later as (
        select distinct pending.load_id
        from pending
        join trusted as earlier
            on earlier.payload_sha256 = pending.payload_sha256
            and earlier.load_number < pending.load_number
            and earlier.observed_at > pending.observed_at
        where pending.received > 0),
    ranked as (
        select load_id, format, load_id in (select load_id from checked_loads) as is_checked,
            row_number() over (partition by format order by observed_at, load_number) as place
        from trusted
        where entries >= 5 and observed_at >= 
            (select min(observed_at) - interval 90 days from raw.loads where verdict = 'pending')),
    usual_fields as (
        select later.load_id, fields.path, list(distinct fields.types) as types,
            count(*) = {DRIFT_LOADS} and bool_and(fields.present = fields.parents) as is_always_there
        from ranked as later
        join ranked as before
            on before.format = later.format and before.place between later.place - {DRIFT_LOADS} and later.place - 1
        join raw.fields_seen as fields on fields.load_id = before.load_id
        where later.is_checked and regexp_matches(fields.path, '^(paper\\.)?(authors\\[\\]\\.)?[^.]+$')
        group by later.load_id, fields.path),
    drifted as (
        select usual_fields.load_id,
            count(*) filter (where fields.path is null and is_always_there) as vanished_fields,
            count(*) filter (where not list_contains(usual_fields.types, fields.types)) as retyped_fields
        from usual_fields
        left join raw.fields_seen as fields
            on fields.load_id = usual_fields.load_id and fields.path = usual_fields.path
        group by usual_fields.load_id),
    unknown as (
        select load_id, count(*) filter (where not is_known) as unknown_fields,
            count(*) filter (where not is_known) / count(*) as unknown_share
        from raw.fields_seen where load_id in (select load_id from pending) group by load_id),
    weekdays as (
        select pending.load_id,
            received = 0 and kind = 'daily' and isodow(listing_date) < 6
                and observed_at >= listing_date + interval 24 hours as is_empty,
            ({PUBLIC_LULL}) or (accepted_dates >= 3 and empty_dates > accepted_dates / 2) as is_excused
        from pending left join usual using (load_id))
    select
        load_id, source, kind,
        case when kind = 'daily' then strftime(served_date, '%Y-%m-%d') end as served_on,
        case when kind = 'daily' then strftime(listing_date, '%Y-%m-%d') end as listed_on,
        case when elsewhere >= 2 and kind = 'daily' then elsewhere / dated else 0.0 end as share_submitted_elsewhere,
        case when compared >= 3 then fallen / compared end as share_fallen,
        is_empty and not coalesce(is_excused, false) as is_empty_weekday,
        is_empty and coalesce(is_excused, false) as is_excused_empty,
        case when dates >= {HISTORY_DATES} and observed_at >= listing_date + interval 20 hours
            then round((received - middle) / tolerance, 2) end as volume_deviation,
        refused / greatest(received, 1) as refused_share,
        refused as refused_count,
        kind = 'daily' and received = 50 and payload_count = 1 and not regexp_matches(source, '[?&]limit=')
            as is_cap_sized,
        epoch(observed_at) - epoch(cast($now as timestamp)) as seconds_ahead,
        case when kind = 'daily' then (epoch(observed_at) - epoch(cast(listing_date as timestamp))) / 3600 end
            as hours_after_listing_began,
        seen_later.load_id is not null as is_seen_later_already,
        coalesce(unknown_fields, 0) as unknown_fields,
        coalesce(unknown_share, 0.0) as unknown_share,
        coalesce(vanished_fields, 0) as vanished_fields,
        coalesce(retyped_fields, 0) as retyped_fields
    from pending
    left join weekdays using (load_id)
    left join elsewhere using (load_id)
    left join usual using (load_id)
    left join seen_later using (load_id)
    left join drifted using (load_id)
    left join unknown using (load_id)
    order by load_number"""
