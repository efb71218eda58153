"""The papers that a subscription gets: those that rose, those that are new, and why each is shown.

Used by the digest, the feeds and the tables that ``run`` and ``demo`` print. Does not belong here: how a filter is met
(``filters``) and how an issue looks (``rendering``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from warehouse.database import rows, scalar
from warehouse.digest.filters import MONTH, FilterMatch, Filters, authors_of, listed_keywords_of, texts_of
from warehouse.display import one_line, plural, readable_title
from warehouse.home import DEMO_MARKER
from warehouse.publication.risers import (
    MONTH_END,
    MONTH_START,
    WINDOWS,
    hour_words,
    month_risers_query,
    risers_query,
    span_words,
    upvotes_per_hour,
)
from warehouse.search.query import matching_papers
from warehouse.settings import Settings

#: Columns and joins of a paper that filters need, and the filters that SQL applies.
_PAPER_COLUMNS = """
    papers.hf_url, papers.arxiv_url, coalesce(papers.code_url, 'https://' || papers.repository_id) as code_url,
    papers.organization_id, organizations.display_name as organization, papers.abstract, papers.ai_summary"""
_ORGANIZATIONS = """
left join marts.dim_organizations as organizations on papers.organization_id = organizations.organization_id"""
_FILTERS = """
    ($minimum_upvotes = 0 or {upvotes} >= $minimum_upvotes)
    and ($has_code is null or (papers.code_url is not null) = $has_code)
    and ($since is null or papers.first_listed_on >= $since)
    and ($found is null or list_contains($found, papers.paper_id))"""

_RISERS = """
with risers as ({risers})

select
    risers.paper_id, papers.title, risers.gain, risers.is_new, risers.gain_hours, risers.gain_24h, risers.gain_7d,
    risers.velocity, risers.upvotes, risers.gain_observed, risers.observed_hours, risers.expected_upvotes,
    risers.attention_rate, risers.is_breakout, risers.breakout_started_at, risers.first_listed_on,
    risers.as_of, {columns}{more}
from risers
inner join marts.dim_papers as papers on risers.paper_id = papers.paper_id
{organizations}
{code}where risers.gain >= $minimum_gain and {filters}
order by {order}risers.place
"""

#: A rate needs a submission before the observation; the first hour counts as whole, as in the report. Papers without a
#: rate come last: a count can't be ranked with rates.
_NEW = """
with papers as (
    select
        papers.*, listed.listing_date, trends.last_observed_at as upvotes_at,
        case
            when papers.submitted_at < trends.last_observed_at
                then {per_hour}
        end as upvotes_per_hour
    from marts.fct_listings as listed
    inner join marts.dim_papers as papers on listed.paper_id = papers.paper_id
    left join marts.rpt_paper_trends as trends on listed.paper_id = trends.paper_id
    where {listed}
)

select
    papers.paper_id, papers.title, papers.listing_date, papers.upvotes, papers.upvotes_at, papers.upvotes_per_hour,
    {columns}
from papers
{organizations}
where {filters}
order by
    papers.upvotes_per_hour desc nulls last, papers.upvotes desc nulls last, papers.first_listed_on, papers.paper_id
"""
#: First listed in the days that the window reaches into, first observed there in the window, and not rising.
_LISTED_IN_WINDOW = """
    listed.listing_date = papers.first_listed_on
    and listed.listing_date >= cast($as_of - to_hours($hours) as date)
    and listed.first_observed_at > $as_of - to_hours($hours)
    and {not_rising}"""
_LISTED_IN_MONTH = f"""
    listed.listing_date = papers.first_listed_on
    and listed.listing_date >= (select {MONTH_START} from (select $as_of as as_of))
    and listed.listing_date < (select {MONTH_END} from (select $as_of as as_of))
    and {{not_rising}}"""
_NOT_RISING = "listed.paper_id not in (select paper_id from ({risers}) where gain >= 1)"
_NEWEST_LISTING = "listed.listing_date = (select max(listing_date) from marts.fct_listings)"

#: Characters of the line that says what a paper is about.
_MAX_ABOUT = 240
#: The end of a sentence. Not after an initial or one of the abbreviations that abstracts have.
_SENTENCE_END = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bet al\.)(?<!\bvs\.)(?<!\bcf\.)(?<!\bresp\.)(?<!\bFig\.)(?<!\bEq\.)"
    r"(?<!\bapprox\.)(?<=[.!?])[\"'”’)\]]*\s+(?=[^a-z\s])|(?<=[。！？])"
)


@dataclass(frozen=True)
class Riser:
    """A paper that rose. Gains and upvotes are counts, velocity is upvotes per hour, times are UTC."""

    paper_id: str
    title: str
    #: Upvotes gained in the window; ``warehouse.publication.risers`` defines them where the window starts unobserved.
    gain: int
    is_new: bool
    #: Hours between the two observations whose difference the gain is.
    gain_hours: float
    gain_24h: int | None
    gain_7d: int | None
    velocity: float | None
    upvotes: int
    gain_observed: int
    observed_hours: float
    expected_upvotes: float | None
    attention_rate: float | None
    is_breakout: bool
    breakout_started_at: datetime | None
    first_listed_on: date | None
    as_of: datetime
    hf_url: str | None
    arxiv_url: str | None
    code_url: str | None
    organization_id: str | None
    organization: str | None
    authors: tuple[str, ...] = ()
    #: Stars of the code, where papers are sorted by them: now, gained in the window, and the hours of that gain.
    stars: int | None = None
    stars_gained: int | None = None
    stars_gained_hours: float | None = None
    #: The later of the two observations of the gain in an issue of a month; None: the paper's last one.
    gain_until: datetime | None = None
    #: Which keywords, organizations and authors of the filters it meets, as parts of a sentence.
    matches: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewPaper:
    """A paper that was listed first in the window and did not rise in it, or for which no gain is known yet."""

    paper_id: str
    title: str
    listing_date: date
    #: Upvotes (running total, count) and the moment (UTC) of that observation; None where no observation has them.
    upvotes: int | None
    upvotes_at: datetime | None
    #: Upvotes divided by the hours (at least 1) from the submission to ``upvotes_at``; None where no time is known.
    upvotes_per_hour: float | None
    hf_url: str | None
    arxiv_url: str | None
    code_url: str | None
    organization_id: str | None
    organization: str | None
    #: What it is about, one line: ``about``.
    about: str | None = None
    authors: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """The rising and the new papers as of a moment (None: no observation yet), and the filters that name nothing known.

    Each of the two has at most ``filters.top`` papers, and no paper is in both.
    """

    filters: Filters
    as_of: datetime | None
    risers: tuple[Riser, ...]
    unknown: tuple[str, ...] = ()
    #: Whether every paper in this warehouse is the demo's, and invented.
    is_demo: bool = False
    new: tuple[NewPaper, ...] = ()

    @property
    def papers(self) -> tuple[Riser | NewPaper, ...]:
        """All papers in the order in which they are shown."""
        return (*self.risers, *self.new)


def gained(riser: Riser) -> str:
    """The gain and the time that it was measured over, as text."""
    upvotes = f"{riser.gain:+d} {plural(riser.gain, 'upvote')}"
    if riser.gain_until is None:
        return f"{upvotes} in {span_words(riser.gain_hours, riser.is_new)}"
    since = "from its first observation to" if riser.is_new else "up to"
    return f"{upvotes} in {span_words(riser.gain_hours, False)} {since} {riser.gain_until:%Y-%m-%d %H:%M} UTC"


def why(paper: Riser | NewPaper) -> list[str]:
    """Why a paper is shown, as sentences: its gain or listing, what is usual, and the filters that it meets."""
    reasons = _why_rising(paper) if isinstance(paper, Riser) else _why_new(paper)
    if paper.matches:
        reasons.append(f"It meets your filters: {'; '.join(paper.matches)}.")
    return reasons


def _why_rising(riser: Riser) -> list[str]:
    reasons = [f"{gained(riser)}, now {riser.upvotes}."]
    if riser.expected_upvotes is not None and riser.attention_rate is not None:
        expected = f"{riser.expected_upvotes:.0f}" if riser.expected_upvotes >= 1 else "less than 1"
        hours = hour_words(riser.observed_hours)
        observed = "" if riser.is_new else f"{riser.gain_observed:+d} in {hours} of observation; "
        reasons.append(
            f"{observed}{expected} would be usual for its age, weekday and place "
            f"(attention {riser.attention_rate:.1f}, where 1 is usual)."
        )
    if riser.stars_gained is not None and riser.stars_gained_hours is not None:
        reasons.append(
            f"Its code: {riser.stars_gained:+d} {plural(riser.stars_gained, 'star')} in "
            f"{span_words(riser.stars_gained_hours, False)}, now {riser.stars}."
        )
    if riser.is_breakout and riser.breakout_started_at:
        reasons.append(f"It broke out after {riser.breakout_started_at:%Y-%m-%d %H:%M} UTC.")
    return reasons


def _why_new(paper: NewPaper) -> list[str]:
    count = "upvotes not known" if paper.upvotes is None else f"{paper.upvotes} {plural(paper.upvotes, 'upvote')}"
    rate = f", {paper.upvotes_per_hour:.1f} per hour since its submission" if paper.upvotes_per_hour is not None else ""
    return [f"Listed {paper.listing_date}, {count}{rate}."]


def about(ai_summary: str | None, abstract: str | None) -> str | None:
    """What a paper is about in one safe line of at most 240 characters.

    The first sentence of the source's summary, else of the abstract; None without either.
    """
    for text in (ai_summary, abstract):
        line = one_line(readable_title(text or ""), 100_000)
        if not line:
            continue
        sentence = _SENTENCE_END.split(line, maxsplit=1)[0].strip()
        if len(sentence) <= _MAX_ABOUT:
            return sentence
        cut = sentence[: _MAX_ABOUT - 1]
        whole_words = cut.rpartition(" ")[0]
        return (whole_words if len(whole_words) > _MAX_ABOUT // 2 else cut).rstrip() + "…"
    return None


def select_risers(settings: Settings, connection: duckdb.DuckDBPyConnection, filters: Filters) -> Selection:
    """The rising papers that meet the filters, greatest gain first, of an open published file.

    Raises InputError for a search that can't be read.
    """
    return _Selector(settings, connection, filters).selection(has_new=False)


def select_papers(settings: Settings, connection: duckdb.DuckDBPyConnection, filters: Filters) -> Selection:
    """As ``select_risers``, and the new papers that meet the filters and do not rise.

    New papers come by upvotes per hour since their submission, then those whose submission time is not known, by
    upvotes; ties by upvotes, earlier listing, paper id. A ``minimum_gain`` above 1 asks for a gain: no paper is new.
    """
    return _Selector(settings, connection, filters).selection(has_new=True)


def select_newest_listing(
    settings: Settings, connection: duckdb.DuckDBPyConnection, filters: Filters
) -> tuple[NewPaper, ...]:
    """The papers of the newest listing that meet the filters, in the order of new papers."""
    return _Selector(settings, connection, filters).new(_NEWEST_LISTING, {})


def _gains_query(window: str) -> str:
    return month_risers_query() if window == MONTH else risers_query(window)


class _Selector:
    """Selects papers of an open published file by the filters of a subscription."""

    def __init__(self, settings: Settings, connection: duckdb.DuckDBPyConnection, filters: Filters):
        self._settings = settings
        self._connection = connection
        self._filters = filters
        self._as_of: datetime | None = scalar(
            connection,
            "select coalesce((select max(as_of) from marts.rpt_paper_trends), "
            "(select max(last_observed_at) from marts.fct_listings))",
        )
        self._match = FilterMatch(connection, filters, self._as_of)
        found = None if filters.search is None else sorted(matching_papers(settings, connection, filters.search))
        self._values = {
            "minimum_upvotes": filters.minimum_upvotes,
            "has_code": filters.has_code,
            "since": filters.since,
            "found": found,
        }

    def selection(self, *, has_new: bool) -> Selection:
        risers = self._risers()
        new: tuple[NewPaper, ...] = ()
        if has_new and self._as_of and self._filters.minimum_gain == 1:
            new = self._listed_in_window(self._as_of)
        is_demo = (self._settings.home / DEMO_MARKER).exists()
        return Selection(self._filters, self._as_of, risers, tuple(self._match.unknown), is_demo, new)

    def _listed_in_window(self, as_of: datetime) -> tuple[NewPaper, ...]:
        not_rising = _NOT_RISING.format(risers=_gains_query(self._filters.window))
        if self._filters.window == MONTH:
            return self.new(_LISTED_IN_MONTH.format(not_rising=not_rising), {"as_of": as_of})
        hours = WINDOWS[self._filters.window].hours
        return self.new(_LISTED_IN_WINDOW.format(not_rising=not_rising), {"as_of": as_of, "hours": hours})

    def _risers(self) -> tuple[Riser, ...]:
        window = self._filters.window
        gain, more, code, order = f"code.stars_gained_{window}", "", "", ""
        if window == MONTH:
            more = ", risers.gain_until"
        elif self._filters.sort == "stars":
            more = f", code.stars, {gain} as stars_gained, {gain}_hours as stars_gained_hours"
            code = "left join marts.rpt_code_trends as code on risers.paper_id = code.paper_id\n"
            order = f"{gain} desc nulls last, "
        query = _RISERS.format(
            risers=_gains_query(window),
            columns=_PAPER_COLUMNS,
            organizations=_ORGANIZATIONS,
            filters=_FILTERS.format(upvotes="risers.upvotes"),
            more=more,
            code=code,
            order=order,
        )
        found = self._matching(query, {"minimum_gain": self._filters.minimum_gain})
        for row in found:
            del row["abstract"], row["ai_summary"]
        return tuple(Riser(**row) for row in found)

    def new(self, listed: str, values: dict[str, Any]) -> tuple[NewPaper, ...]:
        """The first ``top`` papers of the listings that a condition selects. ``values``: the condition's parameters."""
        query = _NEW.format(
            listed=listed,
            columns=_PAPER_COLUMNS,
            organizations=_ORGANIZATIONS,
            filters=_FILTERS.format(upvotes="papers.upvotes"),
            per_hour=upvotes_per_hour("papers", "trends.last_observed_at"),
        )
        found = self._matching(query, values)
        for row in found:
            row["about"] = about(row.pop("ai_summary"), row.pop("abstract"))
        return tuple(NewPaper(**row) for row in found)

    def _matching(self, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        """The first ``top`` rows of a query that meet the filters, each with ``matches`` and ``authors``."""
        filters, connection = self._filters, self._connection
        found = rows(connection, query, {**self._values, **values})
        papers = [row["paper_id"] for row in found]
        has_keywords = bool(filters.keywords or filters.exclude)
        listed = listed_keywords_of(connection, papers) if has_keywords else {}
        texts = texts_of(connection, found) if has_keywords else {}
        authors = authors_of(connection, papers) if filters.authors else {}
        selected: list[dict[str, Any]] = []
        for row in found:
            paper = row["paper_id"]
            matches = self._match.matches(row, texts.get(paper, ()), listed.get(paper, set()), authors.get(paper, []))
            if matches is not None:
                selected.append({**row, "matches": tuple(matches)})
            if len(selected) == filters.top:
                break
        if not filters.authors:
            authors = authors_of(connection, [row["paper_id"] for row in selected])
        return [{**row, "authors": tuple(a["name"] for a in authors.get(row["paper_id"], []))} for row in selected]
