"""The rules of the batch gate: what the loads of a run and their entries must hold before models read them.

Two frames are checked, one row per entry (``sql/batch/entries.sql``) and one per load (``sql/batch/loads.sql``).
A threshold that is loosened gets a date and the cause beside it.
"""

from __future__ import annotations

from orchestration.gates.rules import Rule, Suite, read_query
from sources.daily_papers.ids import PAPER_ID
from sources.daily_papers.payload_types import MAX_COMMENTS, MAX_UPVOTES

#: An observation that is up to so many seconds ahead of this machine's clock is not called a future one.
CLOCK_SKEW_SECONDS = 300
#: Upvotes that an account may withdraw between two observations, as a count and as a share of all; the larger bound
#: holds. Of 28,000 real steps 26 fell, nearly all by 1.
MAX_WITHDRAWN_UPVOTES, MAX_WITHDRAWN_SHARE = 3, 0.1
#: The usual volume of a weekday is that of the same weekday up to so many days before or after, if there are so many.
HISTORY_DAYS, MIN_HISTORY_DATES = 56, 5
#: A field that was in so many loads of the same format in a row, and is not in the next one, has vanished.
DRIFT_LOADS = 5
#: A field that some entries had is called vanished when none has it now, and chance would do so less often than this.
#: On 394 real listing dates that names three fields that the source dropped, one of them in two entries of five, and
#: the AI texts of two days on which they were late.
MAX_CHANCE = 1e-4
#: Listings of the same length are a cap of the source if they have so many entries at least, and so many dates before
#: had as many and none more. No real listing of 394 is so.
MIN_CAP, MIN_CAP_DATES = 30, 2
#: What the client notes where papers may be missing or the header ``Link`` was wrong (``warnings`` of its ``Capture``).
CUT_NOTE = r"the listing (?:may be cut|shifted)[^;]*|the header Link ended[^;]*"
#: The trending list is of all time. So many papers submitted on one day are the list of that day.
MIN_TRENDING_DATED = 5

_REPARSE = "see what was listed (`papers status` names the load); if the listing is right after all, run "
_REPARSE += '`papers accept LOAD --reason "…"`; if the parser is wrong, fix it and run `papers rebuild --load LOAD`'
#: Where the records that could not be used are, with their reasons.
_QUARANTINE = '`papers sql "from ops_quarantine"` shows reason, field and record'
_DRIFT = '`papers sql "from ops_schema_drift"` shows how often each field came'

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
            "Upvotes fell since the last observation by more than withdrawn votes explain "
            f"({MAX_WITHDRAWN_UPVOTES}, or {MAX_WITHDRAWN_SHARE:.0%}); one paper alone may have lost "
            "votes that the site took back.",
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
            "trending_not_empty",
            "loads",
            "ExpectColumnValuesToBeInSet",
            {"column": "is_empty_trending", "value_set": [False]},
            "error",
            "The trending list has no paper.",
            "nothing; the next run observes it again",
        ),
        Rule(
            "trending_of_many_days",
            "loads",
            "ExpectColumnValuesToBeInSet",
            {"column": "is_trending_of_one_day", "value_set": [False]},
            "error",
            "All papers of the trending list were submitted on one day: this is the list of a day, and its order is no "
            "trending rank.",
            "nothing, if the source ignored the request; if the list is right after all, run `papers accept LOAD "
            '--reason "…"`',
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
            "ExpectColumnValuesToBeNull",
            {"column": "cut_reason"},
            "warning",
            "The listing may be cut, so low-vote papers may be missing.",
            "fetch the date again with `papers run --date` and compare the count with the site's page of the date; if "
            "papers are missing again, sources/daily_papers/client.py must follow the new paging",
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
            "ExpectColumnValuesToBeNull",
            {"column": "unknown_fields"},
            "warning",
            "The source sends fields that the parser does not know yet.",
            "nothing is lost, the payloads are kept; to use such a field, add it to the parser and run "
            f"`papers rebuild`; {_DRIFT}",
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
            "ExpectColumnValuesToBeNull",
            {"column": "vanished_fields"},
            "warning",
            "A field is in no entry, though too many entries of the listings before had it for this to be chance.",
            "if the field has another name or place now, change the parser and run `papers rebuild`; else wait, as AI "
            f"texts may only be late: what is built on it is null until it comes; {_DRIFT}",
        ),
        Rule(
            "fields_keep_their_type",
            "loads",
            "ExpectColumnValuesToBeNull",
            {"column": "retyped_fields"},
            "warning",
            f"A field has a JSON type that it had in none of the {DRIFT_LOADS} loads before.",
            "odd values are kept beside the entry, unusable records are in ops_quarantine; if the new type is there to "
            f"stay, change the parser and run `papers rebuild`; {_DRIFT}",
        ),
    ),
)

#: The frame of the entries, for the loads in the table `checked_loads`.
ENTRIES_QUERY = read_query("batch/entries")
ENTRIES_PARAMETERS = {"max_withdrawn": MAX_WITHDRAWN_UPVOTES, "max_withdrawn_share": MAX_WITHDRAWN_SHARE}
#: The frame of the loads; reads the frame of the entries as `checked_entries`. Its parameter `now` is the moment of the
#: check (UTC).
LOADS_QUERY = read_query("batch/loads")
LOADS_PARAMETERS = {
    "history_days": HISTORY_DAYS,
    "min_history_dates": MIN_HISTORY_DATES,
    "drift_loads": DRIFT_LOADS,
    "max_chance": MAX_CHANCE,
    "min_cap": MIN_CAP,
    "min_cap_dates": MIN_CAP_DATES,
    "cut_note": CUT_NOTE,
    "min_trending_dated": MIN_TRENDING_DATED,
}
