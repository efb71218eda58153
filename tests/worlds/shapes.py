"""How the source would have sent the invented worlds: API JSON, the daily page, a search page as text.

Also what archivers saved by mistake as "a listing". Nothing here decides which papers exist or when they are observed.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from sources.daily_papers.submission import from_new_york
from tests.worlds import words
from tests.worlds.records import Account, Claim, Organization, Paper, Placement
from tests.worlds.timeline import Timeline

Json = dict[str, Any]

#: From here on every paper carries a field nobody told us about …
FIELD_APPEARS_AT = datetime(2026, 9, 15, tzinfo=UTC)
#: … and from here on a field that had always been there is gone.
FIELD_VANISHES_AT = datetime(2026, 9, 21, tzinfo=UTC)


@dataclass(frozen=True)
class Shown:
    """What an entry shows of a paper at one moment. None or nothing: the entry lacks the key, which is never null.

    ``authors`` and ``organization`` are as ``author`` and ``organization`` make them.
    """

    paper_id: str
    title: str
    abstract: str
    published_at: datetime
    submitted_at: datetime
    submitter: Account
    discussion_id: str
    authors: Sequence[Json]
    upvotes: int
    comments: int
    is_author_participating: bool
    organization: Json | None = None
    project_url: str | None = None
    repository: str | None = None
    repository_by: str | None = None
    stars: int | None = None
    ai_summary: str | None = None
    ai_model: str | None = None
    keywords: Sequence[str] = ()
    media_url: str | None = None
    thumbnail_url: str | None = None
    reproduction_reports: int | None = None


def encode(value: object) -> bytes:
    """Compact JSON as the API sends it, UTF-8."""
    return msgspec.json.encode(value)


def capture_name(listing_date: date, observed_at: datetime, suffix: str) -> str:
    """The file name of a capture, from which ``papers import`` reads both times (UTC)."""
    return f"{listing_date}@{observed_at:%Y-%m-%dT%H%M%SZ}.{suffix}"


def stamp(moment: datetime) -> str:
    """A UTC moment as the source writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def in_new_york(moment: datetime) -> datetime:
    """New York's wall time at a moment, stamped as UTC, as the source does."""
    summer_time = moment - timedelta(hours=4)
    return summer_time if from_new_york(summer_time) == moment else moment - timedelta(hours=5)


def user(account: Account) -> Json:
    """An account beside an author or a submission."""
    found: Json = {account.id_key: account.account_id} if account.id_key else {}
    found |= {
        "avatarUrl": f"/avatars/{account.handle}.svg",
        "isPro": account.is_pro,
        "fullname": account.fullname,
        "user": account.handle,
        "type": "user",
    }
    if account.sends_name:
        found["name"] = account.handle
    return found


def author(row_id: str, name: str, claim: Claim | None = None) -> Json:
    """An author row."""
    found: Json = {"_id": row_id}
    if claim is not None:
        found["user"] = user(claim.account)
    found["name"] = name
    if claim is not None:
        found |= {"status": claim.status, "statusLastChangedAt": stamp(claim.changed_at)}
    return found | {"hidden": False}


def organization(organization_id: str, slug: str, fullname: str, *, has_avatar: bool = True) -> Json:
    """An organization as an entry and its paper show it."""
    found: Json = {"_id": organization_id, "name": slug, "fullname": fullname}
    if has_avatar:
        found["avatar"] = f"https://avatars.example.org/{organization_id[-6:]}.png"
    return found


def entry(shown: Shown, moment: datetime) -> Json:
    """One entry of a listing as it was at ``moment``."""
    stamped = stamp(shown.published_at)
    media = [shown.media_url] if shown.media_url else None
    inner: Json = {
        "id": shown.paper_id,
        "authors": shown.authors,
        "mediaUrls": media,
        "publishedAt": stamped,
        "submittedOnDailyAt": stamp(shown.submitted_at),
        "title": shown.title,
        "submittedOnDailyBy": user(shown.submitter),
        "summary": shown.abstract,
        "upvotes": shown.upvotes,
        "discussionId": shown.discussion_id,
        "projectPage": shown.project_url or None,
        "githubRepo": shown.repository or None,
        "githubRepoAddedBy": shown.repository_by,
        "githubStars": shown.stars,
        "ai_summary": shown.ai_summary,
        "ai_keywords": list(shown.keywords) or None,
        "ai_summary_model": shown.ai_model,
        "organization": shown.organization,
        "reproductionReports": shown.reproduction_reports,
    }
    return _without_none(
        {
            "paper": _without_none(inner),
            "publishedAt": stamp(in_new_york(shown.published_at)),
            "title": folded(shown.title),
            "summary": shown.abstract,
            "mediaUrls": media,
            "thumbnail": shown.thumbnail_url,
            "numComments": shown.comments,
            "submittedBy": _submitted_by(shown.submitter, moment),
            "organization": shown.organization,
            "isAuthorParticipating": shown.is_author_participating,
        }
    )


def _without_none(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _submitted_by(account: Account, moment: datetime) -> Json:
    return {
        "_id": account.account_id,
        "avatarUrl": f"/avatars/{account.handle}.svg",
        "fullname": account.fullname,
        "name": account.handle,
        "type": "user",
        "isPro": account.is_pro,
        "isHf": False,
        "isHfAdmin": False,
        "isMod": False,
        "followerCount": len(account.handle) + moment.day,
        "isUserFollowing": False,
    }


# --- the sample's papers ------------------------------------------------------------------------------


def shown_at(placement: Placement, moment: datetime) -> Shown:
    """What the sample's listing shows of a paper at ``moment``."""
    paper = placement.paper
    upvotes = paper.growth.at(moment)
    claims = [row.claim.at(moment) for row in paper.authors]
    listed = paper.organization.at(moment)
    repository = paper.repository.at(moment)
    ai_summary = paper.ai_summary.at(moment)
    has_ai = ai_summary is not None
    return Shown(
        paper_id=paper.paper_id,
        title=paper.title,
        abstract=_abstract(paper, moment),
        published_at=datetime.combine(paper.published_on, time(), tzinfo=UTC),
        submitted_at=placement.submitted_at,
        submitter=paper.submitter,
        discussion_id=paper.discussion_id,
        authors=[author(row.row_id, row.name, claim) for row, claim in zip(paper.authors, claims, strict=True)],
        upvotes=upvotes,
        comments=int(upvotes * paper.comments_per_vote),
        is_author_participating=paper.submitter.handle in {claim.account.handle for claim in claims if claim},
        organization=_organization(listed, moment) if listed else None,
        project_url=paper.project_url,
        repository=repository,
        repository_by=paper.repository_by if repository else None,
        stars=int(upvotes * paper.stars_per_vote) if repository else None,
        ai_summary=ai_summary,
        ai_model="example/demo-summarizer" if has_ai and moment < FIELD_VANISHES_AT else None,
        keywords=paper.keywords if has_ai else (),
        media_url=paper.media_url,
        thumbnail_url=f"https://thumbnails.example.org/papers/{paper.paper_id}.png" if paper.has_thumbnail else None,
        reproduction_reports=upvotes // 40 if moment >= FIELD_APPEARS_AT else None,
    )


def _organization(listed: Organization, moment: datetime) -> Json:
    slug, fullname = listed.forms.at(moment) or ("", "")
    return organization(listed.organization_id, slug, fullname, has_avatar=listed.has_avatar)


def _abstract(paper: Paper, moment: datetime) -> str:
    """The abstract at ``moment`` (the first one for a moment before it was submitted)."""
    return paper.abstract.at(moment) or str(paper.abstract.steps[0][1])


def folded(text: str) -> str:
    """On one line."""
    return " ".join(text.split())


def entries(placements: Sequence[Placement], moment: datetime) -> list[Json]:
    """What the list shows at ``moment``: what was submitted until then, most upvoted first."""
    visible = [placement for placement in placements if placement.submitted_at <= moment]
    visible.sort(key=lambda placement: (-placement.paper.growth.at(moment), placement.submitted_at))
    return [entry(shown_at(placement, moment), moment) for placement in visible]


# --- the daily page -----------------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html class="">
\t<head>
\t\t<meta charset="utf-8" />
\t\t<meta name="description" content="An invented page of a demo archive" />
\t\t<meta property="og:url" content="https://papers.example.org/papers/date/{served}" />
\t\t<title>Daily Papers - invented demo</title>
\t</head>
\t<body class="flex flex-col min-h-dvh bg-white">
\t\t<div class="SVELTE_HYDRATER contents" data-target="MainHeader" data-props="{{&quot;isWide&quot;:false}}">\
<header><a href="/">Demo</a></header></div>
\t\t<main class="flex flex-1 flex-col"><div class="SVELTE_HYDRATER contents" data-target="DailyPapers" \
data-props="{props}"> <section class="container relative mb-20 mt-8"><h1>Daily Papers</h1> <div class="grid">\
{cards}</div></section></div></main>
\t\t<footer><nav><a href="/docs">Docs</a></nav></footer>
\t</body>
</html>
"""
_CARD = (
    '<article class="relative flex flex-col"><h3><a href="/papers/{id}">{title}</a></h3>'
    '<div class="leading-none">{votes}</div></article>'
)


def daily_page(
    served: date, placements: Sequence[Placement], moment: datetime, previous: date, following: date | None
) -> bytes:
    """The daily page that serves ``served``; its cards show ``-`` for 0 upvotes, as the site's do."""
    listed = [{**item, "upvoted": False} for item in entries(placements, moment)]
    props: Json = {
        "canSubmit": False,
        "dateString": served.isoformat(),
        "dailyPapers": listed,
        "prevDate": previous.isoformat(),
        "publisher": user(Account("6a95de00000de00000ffffff", "demo-curator", "Demo Curator", False, sends_name=False)),
        "periodType": "day",
    }
    if following:
        props["nextDate"] = following.isoformat()
    props |= {"query": {}, "isTrending": False}
    cards = "".join(
        _CARD.format(id=item["paper"]["id"], title=html.escape(item["title"]), votes=item["paper"]["upvotes"] or "-")
        for item in listed
    )
    escaped = html.escape(encode(props).decode())
    return _PAGE.format(served=served.isoformat(), props=escaped, cards=cards).encode()


# --- a search page as plain text ----------------------------------------------------------------------

_TEXT_HEAD = """new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

{header}
"""


def text_date(published_on: date, captured_on: date) -> str:
    """``Sep 12``; the year is written when the paper is older than a year or so.

    A date of last autumn can so come without its year, and would lie in the future if read as this year's.
    """
    day = f"{published_on:%b} {published_on.day}"
    is_of_last_months = captured_on - published_on < timedelta(days=330)
    return day if is_of_last_months else f"{day}, {published_on.year}"


def _text_hit(paper: Paper, moment: datetime, *, glued: bool, with_upvotes: bool) -> str:
    title, abstract = folded(paper.title), folded(_abstract(paper, moment))
    if glued:
        abstract = abstract.replace("invented for", "inventedfor")
    upvotes = paper.growth.at(moment)
    comments = int(upvotes * paper.comments_per_vote)
    organization = paper.organization.at(moment)
    if organization:
        slug, fullname = organization.forms.at(moment) or ("", "")
        authors = f"{slug} {fullname}"
    else:
        authors = f"  \u2022 {len(paper.authors)} authors"
    when = text_date(paper.published_on, moment.date())
    votes = f"{upvotes or '-'}\n\n" if with_upvotes else ""
    return f"{votes}{title}\n\n{abstract}\n\n{authors}\n\u00b7\n{when}{f' {comments}' if comments else ''}\n"


def search_page_text(papers: Sequence[Paper], moment: datetime, *, bare: int | None, with_upvotes: bool) -> bytes:
    """The text of a search page. Hit number ``bare`` lacks its line of authors and date; hit 2 has glued words."""
    parts = [_TEXT_HEAD.format(header=f"{moment:%b} {moment.day}")]
    for number, paper in enumerate(papers):
        hit = _text_hit(paper, moment, glued=number == 2, with_upvotes=with_upvotes)
        if number == bare:
            hit = "\n".join(hit.split("\n")[: 5 if with_upvotes else 3]) + "\n"
        parts.append(hit)
    return ("\n".join(parts).rstrip("\n") + "\n").encode()


def only_on_search_page(template: Paper) -> list[Paper]:
    """Papers no listing has: an old one with code, one of this March, one of last December."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    code = "Code: https://github.com/example-drizzle-demo/DrizzleCast."
    found = []
    for number, (title, published_on, closing) in enumerate(
        (
            ("DrizzleCast: Forecasting Small Talk", date(2024, 5, 17), code),
            ("Notes on ``Borrowed'' Gradients and 3\\% Solutions", date(2026, 3, 11), ""),
            ("Winter Tokens: A Study of Last December", date(2025, 12, 2), ""),
        )
    ):
        abstract = f"{words.INVENTED_FIRST} An older study that only a search finds. {closing}".strip()
        paper = Paper(**vars(template))
        paper.paper_id, paper.title, paper.published_on = (
            f"{published_on:%y%m}.{99000 + number}",
            title,
            published_on,
        )
        paper.abstract = Timeline(((start, abstract),))
        paper.organization, paper.comments_per_vote = Timeline(), 0.2
        found.append(paper)
    return found


# --- what is not a listing ----------------------------------------------------------------------------


def python_reprs(placements: Sequence[Placement], moment: datetime) -> list[str]:
    """Entries printed instead of encoded, as a careless archiver saved them."""
    return [repr(item) for item in entries(placements, moment)[:2]]


def status_wrapper(status: str, day: date, data: list[str] | None) -> Json:
    """The answer of somebody's own service, saved as if it were the listing."""
    if data is None:
        return {"status": status, "date": day.isoformat(), "message": "No papers found for this date"}
    return {"status": status, "date": day.isoformat(), "count": len(data), "data": data}


def pubmed_rows(day: date) -> list[Json]:
    """Rows of another source, forced into the same outer shape; the ids are no arXiv ids."""
    rows = []
    for number in range(3):
        title = f"An invented trial of tea number {number} (demo)"
        summary = f"{words.INVENTED_FIRST} It imitates a PubMed record."
        paper = {
            "id": f"9990000{number}",
            "authors": [{"name": "Meerkampius L"}, {"name": "Ashgrovelius T"}],
            "title": title,
            "summary": summary,
            "publishedAt": f"{day.isoformat()}T00:00:00.000Z",
            "upvotes": 0,
            "journal": "Example Journal of Tea",
            "source": "PubMed",
        }
        rows.append({"paper": paper, "publishedAt": paper["publishedAt"], "title": title, "numComments": 0})
    return rows
