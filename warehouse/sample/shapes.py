"""How the source would have sent the invented world: API JSON, the daily page, a search page as text.

Also what archivers saved by mistake as "a listing". Bytes out; nothing here decides who exists or when we look.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from warehouse.sample import words
from warehouse.sample.timeline import Timeline
from warehouse.sample.world import Account, AuthorRow, Organization, Paper, Placement

Json = dict[str, Any]

#: From here on every paper carries a field nobody told us about …
FIELD_APPEARS_AT = datetime(2026, 9, 15, tzinfo=UTC)
#: … and from here on a field that had always been there is gone.
FIELD_VANISHES_AT = datetime(2026, 9, 21, tzinfo=UTC)
#: New York is four hours behind UTC in September and October.
NEW_YORK_OFFSET = timedelta(hours=-4)


def dumps(value: object) -> bytes:
    """Compact JSON as the API sends it, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _user(account: Account) -> Json:
    user: Json = {account.id_key: account.account_id} if account.id_key else {}
    user |= {
        "avatarUrl": f"/avatars/{account.handle}.svg",
        "isPro": account.is_pro,
        "fullname": account.fullname,
        "user": account.handle,
        "type": "user",
    }
    if account.sends_name:
        user["name"] = account.handle
    return user


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


def _author(row: AuthorRow, moment: datetime) -> Json:
    claim = row.claim.at(moment)
    author: Json = {"_id": row.row_id}
    if claim is not None:
        author["user"] = _user(claim.account)
    author["name"] = row.name
    if claim is not None:
        author |= {"status": claim.status, "statusLastChangedAt": _stamp(claim.changed_at)}
    return author | {"hidden": False}


def _organization(organization: Organization, moment: datetime) -> Json:
    slug, fullname = organization.forms.at(moment) or ("", "")
    listed: Json = {"_id": organization.organization_id, "name": slug, "fullname": fullname}
    if organization.has_avatar:
        listed["avatar"] = f"https://avatars.example.org/{organization.organization_id[-6:]}.png"
    return listed


def entry(placement: Placement, moment: datetime) -> Json:
    """One entry of a listing as it was at ``moment``; a key that doesn't apply is missing, never null."""
    paper = placement.paper
    published_at = datetime.combine(paper.published_on, time(), tzinfo=UTC)
    organization = paper.organization.at(moment)
    upvotes = paper.growth.at(moment)
    abstract = _abstract(paper, moment)
    inner: Json = {
        "id": paper.paper_id,
        "authors": [_author(row, moment) for row in paper.authors],
    }
    if paper.media_url:
        inner["mediaUrls"] = [paper.media_url]
    inner |= {
        "publishedAt": _stamp(published_at),
        "submittedOnDailyAt": _stamp(placement.submitted_at),
        "title": paper.title,
        "submittedOnDailyBy": _user(paper.submitter),
        "summary": abstract,
        "upvotes": upvotes,
        "discussionId": paper.discussion_id,
    }
    inner |= _links(paper, upvotes, moment) | _ai(paper, moment)
    if organization:
        inner["organization"] = _organization(organization, moment)
    if moment >= FIELD_APPEARS_AT:
        inner["reproductionReports"] = upvotes // 40
    outer: Json = {
        "paper": inner,
        "publishedAt": _stamp(published_at + NEW_YORK_OFFSET),
        "title": folded(paper.title),
        "summary": abstract,
    }
    if paper.media_url:
        outer["mediaUrls"] = [paper.media_url]
    if paper.has_thumbnail:
        outer["thumbnail"] = f"https://thumbnails.example.org/papers/{paper.paper_id}.png"
    outer |= {
        "numComments": int(upvotes * paper.comments_per_vote),
        "submittedBy": _submitted_by(paper.submitter, moment),
    }
    if organization:
        outer["organization"] = inner["organization"]
    handles = {author["user"]["user"] for author in inner["authors"] if "user" in author}
    return outer | {"isAuthorParticipating": paper.submitter.handle in handles}


def _links(paper: Paper, upvotes: int, moment: datetime) -> Json:
    links: Json = {}
    if paper.project_url:
        links["projectPage"] = paper.project_url
    repository = paper.repository.at(moment)
    if repository:
        links |= {
            "githubRepo": repository,
            "githubRepoAddedBy": paper.repository_by,
            "githubStars": int(upvotes * paper.stars_per_vote),
        }
    return links


def _ai(paper: Paper, moment: datetime) -> Json:
    summary = paper.ai_summary.at(moment)
    if summary is None:
        return {}
    fields: Json = {"ai_summary": summary}
    if paper.keywords:
        fields["ai_keywords"] = list(paper.keywords)
    if moment < FIELD_VANISHES_AT:
        fields["ai_summary_model"] = "example/demo-summarizer"
    return fields


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
    return [entry(placement, moment) for placement in visible]


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
        "publisher": _user(
            Account("6a95de00000de00000ffffff", "demo-curator", "Demo Curator", False, sends_name=False)
        ),
        "periodType": "day",
    }
    if following:
        props["nextDate"] = following.isoformat()
    props |= {"query": {}, "isTrending": False}
    cards = "".join(
        _CARD.format(id=item["paper"]["id"], title=html.escape(item["title"]), votes=item["paper"]["upvotes"] or "-")
        for item in listed
    )
    escaped = html.escape(dumps(props).decode())
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
