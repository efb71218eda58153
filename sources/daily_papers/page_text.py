"""The text of a search page: hits in reading order, without ids in the plainest case.

Per hit: upvotes, title, abstract, then the organization or the number of authors, ``·``, the date, and the
number of comments if there are any. Belongs here: what each piece means. Does not belong here: how
different tools write pieces and links (``text_markup.py``) and dates (``text_dates.py``).

A hit is recognised by its last line (authors or organization, ``·``, date), which prose does not have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sources.daily_papers.payload_types import MAX_AUTHORS, MAX_COMMENTS, MAX_UPVOTES
from sources.daily_papers.records import Entry, Listing, Organization, Refusal
from sources.daily_papers.text_dates import PageDate, read_count, read_page_date
from sources.daily_papers.text_markup import ALT_END, ALT_START, Piece, pieces
from sources.errors import FormatError

_DOTS = "·∙⋅•"
_INLINE_DOT = re.compile(rf"(?:(?P<owner>.*\S)\s*)?[{_DOTS}]\s*(?P<date>(?:Published on )?[A-Z][a-z]{{2}}.*)")
_AUTHORS = re.compile(r"(?:^|[\s+•*-])(\d{1,3}(?:,\d{3})+|\d+)\s+authors?$", re.I)
_NUMBER = re.compile(r"(?:\[[ xX-]?\]\s*)?(?:▲\s*|Upvotes?\s*)?(-|\d[\d,]*(?:\.\d+)?k?)", re.I)
_EMPTY_BOX = re.compile(r"\[[ xX-]\]")
_BULLET = re.compile(r"^(?:[•*+-]\s+)+")
_ALT = re.compile(rf"{ALT_START}([^{ALT_END}]*){ALT_END}")
_BRACKETED = re.compile(r"\[([^\[\]]+)\]\s*(\S.*)")
_CODE_URL = re.compile(
    r"(?:https?://)?(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)"
    r"/[A-Za-z0-9_.~-]+/[^\s<>\"'`{}|\\^()\[\],;]+",
    re.I,
)
#: What the trending page has below the last line of a hit; a search page has its upvotes above the title.
_TRENDING_MARK = re.compile(r"Upvotes?(?:\s*(?:-|\d[\d,.]*k?))?|GitHub(?:\s*\d[\d,.]*k?)?|arXiv Page", re.I)
_UPVOTE = re.compile(r"Upvotes?\b.*", re.I)
#: Bytes of one page; the largest known capture has 0.2 MB.
MAX_TEXT_BYTES = 4 * 2**20
#: Lines of one page; the largest known capture has 1,000.
MAX_LINES = 500_000
#: A shorter paragraph is not the abstract that marks the start of a hit without a last line.
_MIN_ABSTRACT = 200
_MAX_TITLE = 300
_MAX_OWNER = 120


@dataclass(frozen=True)
class _Meta:
    """The last line of a hit: pieces ``start`` to ``stop`` (exclusive) of the page."""

    start: int
    stop: int
    author_count: int | None
    owner: Piece | None
    date: PageDate


@dataclass(frozen=True)
class _Hit:
    upvotes: Piece | None
    title: Piece | None
    abstract: Sequence[Piece]
    meta: _Meta | None
    comments: Piece | None


def parse_page_text(body: bytes, observed_at: datetime) -> Listing:
    """The hits of a search page. ``observed_at`` (aware) gives the years that the page leaves out.

    ``served_date`` is the date of the daily list that the page's header names. Upvotes are None when the
    capture lost them, ``-`` is 0. A hit without a last line has no authors, date and comments. An
    organization whose slug the capture lost has its name for a slug.
    Raises ``FormatError``: no_hits, not_daily_page (the trending page), not_utf8, too_large.
    """
    found = _split_dots(pieces(_decode(body)))
    metas = _metas(found)
    if not metas or not _is_search_page(found, metas):
        raise FormatError(
            "The text has no hits of a search page: expected titles followed by a line of authors or "
            "organization, a dot and a date.",
            reason_code="no_hits",
        )
    header, first = _header(found, metas[0].start)
    if _is_trending(found, first, metas):
        raise FormatError(
            "The text is of the trending page, whose hits have another order and are of no date; "
            "expected a search page.",
            reason_code="not_daily_page",
        )
    hits = _hits(found, first, metas)
    return _listing(hits, header.on(observed_at) if header else None, observed_at)


def _decode(body: bytes) -> str:
    if len(body) > MAX_TEXT_BYTES:
        raise FormatError(
            f"The text has {len(body)} bytes, more than the {MAX_TEXT_BYTES} a page may have.",
            reason_code="too_large",
        )
    if max(body.count(b"\n"), body.count(b"\r")) > MAX_LINES:
        raise FormatError(f"The text has more than {MAX_LINES} lines, which no page has.", reason_code="too_large")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"The text is not UTF-8: byte {error.start} can't be decoded.", reason_code="not_utf8"
        ) from None


def _split_dots(found: Sequence[Piece]) -> list[Piece]:
    """The dot as a piece of its own, also where owner, dot and date stand on one line."""
    split: list[Piece] = []
    for piece in found:
        match = _INLINE_DOT.fullmatch(piece.text) if len(piece.text) <= 2 * _MAX_OWNER else None
        if match and read_page_date(match["date"]):
            if match["owner"]:
                split.append(Piece(match["owner"], link=piece.link, is_link=piece.is_link))
            split += [Piece("·"), Piece(match["date"])]
        else:
            split.append(piece)
    return split


def _metas(found: Sequence[Piece]) -> list[_Meta]:
    metas: list[_Meta] = []
    for index, piece in enumerate(found):
        page_date = read_page_date(piece.text)
        if page_date is None or index == 0:
            continue
        has_dot = found[index - 1].text in _DOTS
        before = index - 2 if has_dot else index - 1
        earliest = metas[-1].stop if metas else 0
        owner = found[before] if before >= earliest else None
        authors = _AUTHORS.search(owner.text[-200:]) if owner else None
        if authors:
            count = int(authors.group(1).replace(",", ""))
            metas.append(_Meta(before, index + 1, count if count <= MAX_AUTHORS else None, None, page_date))
        elif has_dot and owner and _is_owner(owner):
            metas.append(_Meta(before, index + 1, None, owner, page_date))
        elif has_dot:
            metas.append(_Meta(index - 1, index + 1, None, None, page_date))
    return metas


def _is_owner(piece: Piece) -> bool:
    return (
        len(piece.text) <= _MAX_OWNER
        and not piece.is_heading
        and piece.paper_id is None
        and _NUMBER.fullmatch(piece.text) is None
        and not piece.text.endswith((".", "?", "!"))
    )


def _is_search_page(found: Sequence[Piece], metas: Sequence[_Meta]) -> bool:
    """A byline like ``Jane Doe · May 5, 2024`` is met in any blog: something of the site has to be there."""
    return (
        any(meta.author_count is not None for meta in metas)
        or any(piece.paper_id for piece in found)
        or any(_BULLET.sub("", piece.text) == "Daily Papers" for piece in found[: metas[0].start])
    )


def _is_trending(found: Sequence[Piece], first: int, metas: Sequence[_Meta]) -> bool:
    """Whether upvotes and links to code stand below the last line of a hit, or the heading says so."""
    if any(piece.is_heading and _BULLET.sub("", piece.text) == "Trending Papers" for piece in found[: metas[0].start]):
        return True
    below = [
        [piece.text for piece in found[meta.stop : meta.stop + 4] if _TRENDING_MARK.fullmatch(piece.text)]
        for meta in metas
    ]
    if any(not _UPVOTE.fullmatch(text) for texts in below for text in texts):
        return True
    # In a search page the upvotes below a hit are those of the next one, so that the first has its own above.
    return bool(below[-1]) or (any(below) and not any(_is_number(piece) for piece in found[first : metas[0].start]))


def _header(found: Sequence[Piece], stop: int) -> tuple[PageDate | None, int]:
    """The listing date in the header of the page, and the index of the first hit."""
    for index, piece in enumerate(found[:stop]):
        page_date = read_page_date(piece.text)
        if page_date and not page_date.has_comments:
            return page_date, index + 1
    return None, 0


def _hits(found: Sequence[Piece], first: int, metas: Sequence[_Meta]) -> list[_Hit]:
    hits: list[_Hit] = []
    start = first
    has_votes = _has_votes(found, first, metas)
    for number, meta in enumerate(metas):
        hits += _segment(found[start : meta.start], meta, is_first=number == 0, has_votes=has_votes)
        start = meta.stop
        comments, start = _comments_after(found, start, meta, has_votes)
        if comments is not None:
            hits[-1] = _Hit(hits[-1].upvotes, hits[-1].title, hits[-1].abstract, meta, comments)
    return hits + _segment(found[start:], None, is_first=False, has_votes=has_votes)


def _has_votes(found: Sequence[Piece], first: int, metas: Sequence[_Meta]) -> bool:
    """Whether the capture kept the upvotes: a number is between the header and the first title."""
    return any(_is_number(piece) for piece in found[first : metas[0].start])


def _is_number(piece: Piece) -> bool:
    is_number = bool(_NUMBER.fullmatch(piece.text) or _EMPTY_BOX.fullmatch(piece.text))
    return is_number and not piece.is_heading


def _comments_after(found: Sequence[Piece], start: int, meta: _Meta, has_votes: bool) -> tuple[Piece | None, int]:
    """The number of comments when it is separate from the date, and the start of the next hit.

    A bare number there may also be the upvotes of the next hit: it is a comment count if a second number
    follows, or if the capture has no upvotes at all.
    """
    if meta.date.has_comments or start >= len(found) or not _is_number(found[start]):
        return None, start
    number = found[start]
    if number.text.lstrip("[ ]xX")[:1] == "-":
        return None, start
    if number.link is not None:
        is_comments = number.link.endswith("#community")
    else:
        is_followed = start + 1 < len(found) and _is_number(found[start + 1])
        is_comments = number.follows_text or is_followed or not has_votes
    return (number, start + 1) if is_comments else (None, start)


def _segment(segment: Sequence[Piece], meta: _Meta | None, *, is_first: bool, has_votes: bool) -> list[_Hit]:
    """The hits between two last lines: one as a rule, more where a hit lost its own."""
    starts = _starts(segment, is_first=is_first, is_last=meta is None, has_votes=has_votes)
    if not starts:
        return [] if meta is None else [_Hit(None, None, (), meta, None)]
    hits = []
    for number, start in enumerate(starts):
        stop = starts[number + 1] if number + 1 < len(starts) else len(segment)
        part = list(segment[start:stop])
        upvotes = part.pop(0) if part and _is_number(part[0]) else None
        title = part[0] if part else None
        own = meta if number == len(starts) - 1 else None
        hits.append(_Hit(upvotes, title, part[1:], own, None))
    return hits


def _starts(segment: Sequence[Piece], *, is_first: bool, is_last: bool, has_votes: bool) -> list[int]:
    """The starts of hits in a part without last lines: at headings, else at upvotes, else by length."""
    headings = [index for index, piece in enumerate(segment) if piece.is_heading]
    if (headings and not is_last) or any(segment[index].paper_id for index in headings):
        return [
            index - 1 if index and _is_number(segment[index - 1]) else index
            for index in headings
            if not is_last or segment[index].paper_id
        ]
    if has_votes:
        numbers = {
            index
            for index, piece in enumerate(segment)
            if _is_number(piece) and (not is_last or _begins_hit(segment, index + 1))
        }
        # Of several numbers in a row the last is the one above the title.
        return sorted(index for index in numbers if index + 1 not in numbers)
    starts = [
        index
        for index in range(len(segment))
        if _begins_hit(segment, index) and (index == 0 or is_first or _ends_abstract(segment[index - 1]))
    ]
    if not is_last and segment and not starts:
        return [max(0, len(segment) - 2)] if is_first else [0]
    if not is_last and not is_first and starts and starts[0] != 0:
        return [0, *starts]
    return starts


def _begins_hit(segment: Sequence[Piece], index: int) -> bool:
    """A title here: a short paragraph followed by a long one."""
    if index + 1 >= len(segment):
        return False
    title, following = segment[index].text, segment[index + 1].text
    return (
        len(title) <= _MAX_TITLE
        and not title.endswith((".", ",", ";", ":"))
        and len(following) >= max(_MIN_ABSTRACT, len(title))
    )


def _ends_abstract(piece: Piece) -> bool:
    return len(piece.text) >= _MIN_ABSTRACT or piece.text.endswith((".", "!", "?"))


def _listing(hits: Sequence[_Hit], served_date: date | None, observed_at: datetime) -> Listing:
    has_slugs = _has_slugs(hits)
    entries: list[Entry] = []
    refusals: list[Refusal] = []
    ids: set[str] = set()
    for position, hit in enumerate(hits, start=1):
        entry = _entry(hit, position, observed_at, has_slugs) if hit.title else None
        if entry is None:
            refusals.append(_refusal(hit, position, "missing_field", "title", "The hit has no title."))
        elif hit.upvotes and _is_number(hit.upvotes) and entry.upvotes is None:
            detail = f"The upvotes are no number up to {MAX_UPVOTES}."
            refusals.append(_refusal(hit, position, "bad_value", "upvotes", detail))
        elif entry.paper_id in ids:
            detail = f"{entry.paper_id} is already on this page."
            refusals.append(_refusal(hit, position, "duplicate_in_listing", "paper_id", detail))
        else:
            entries.append(entry)
            if entry.paper_id:
                ids.add(entry.paper_id)
    return Listing(
        format="page_text",
        kind="search",
        served_date=served_date,
        entries=tuple(entries),
        refusals=tuple(refusals),
        fields=(),
    )


def _entry(hit: _Hit, position: int, observed_at: datetime, has_slugs: bool) -> Entry | None:
    title = _plain(hit.title) if hit.title else ""
    if not title:
        return None
    abstract = "\n\n".join(text for piece in hit.abstract if (text := _plain(piece))) or None
    meta = hit.meta
    comments = None
    if meta is not None:
        comments = meta.date.comments if meta.date.has_comments else 0
        if hit.comments:
            comments = _count(hit.comments, MAX_COMMENTS)
    linked = (hit.title, *hit.abstract, hit.upvotes)
    return Entry(
        position=position,
        title=title,
        paper_id=next((piece.paper_id for piece in linked if piece and piece.paper_id), None),
        abstract=abstract,
        published_on=meta.date.on(observed_at) if meta else None,
        upvotes=_count(hit.upvotes, MAX_UPVOTES) if hit.upvotes else None,
        comments=comments,
        author_count=meta.author_count if meta else None,
        organization=_organization(meta.owner, has_slugs) if meta and meta.owner else None,
        code_url=_code_url(abstract) if abstract else None,
    )


def _refusal(hit: _Hit, position: int, reason_code: str, field_path: str, detail: str) -> Refusal:
    received = (hit.upvotes, hit.title, *hit.abstract, hit.meta.owner if hit.meta else None)
    return Refusal(
        position=position,
        reason_code=reason_code,
        field_path=field_path,
        detail=detail,
        record="\n".join(piece.text for piece in received if piece).encode("utf-8"),
    )


def _plain(piece: Piece) -> str:
    return _ALT.sub("", piece.text).strip()


def _count(piece: Piece, largest: int) -> int | None:
    """0 for ``-``; thousands are rounded by the page, so ``1.36k`` is 1360. None for more than ``largest``."""
    match = _NUMBER.fullmatch(piece.text)
    if match is None:
        return 0 if _EMPTY_BOX.fullmatch(piece.text) else None
    return 0 if match.group(1) == "-" else read_count(match.group(1), largest)


def _has_slugs(hits: Sequence[_Hit]) -> bool:
    """Whether plain owners are written as slug and name: then none of them is a single word."""
    owners = [hit.meta.owner for hit in hits if hit.meta and hit.meta.owner]
    return all(" " in _BULLET.sub("", owner.text) for owner in owners if not owner.is_link)


def _organization(owner: Piece, has_slugs: bool) -> Organization:
    text = _BULLET.sub("", owner.text.strip())
    alt, name = _ALT.search(text), _ALT.sub("", text).strip()
    bracketed = _BRACKETED.fullmatch(text)
    if alt and name:
        return Organization(slug=alt.group(1), name=name)
    if bracketed:
        return Organization(slug=bracketed.group(1), name=bracketed.group(2))
    path = owner.site_path
    if path and "/" not in path:
        words = name.split(" ", 1)
        # After the text of an image the name starts with the slug.
        is_doubled = len(words) == 2 and words[0] == path
        return Organization(slug=path, name=words[1] if is_doubled else name or path)
    slug, _, rest = name.partition(" ")
    if has_slugs and rest.strip():
        return Organization(slug=slug, name=rest.strip())
    return Organization(slug=name or text, name=name or text)


def _code_url(abstract: str) -> str | None:
    match = _CODE_URL.search(abstract)
    return match.group().rstrip(".,:;!?*~_'\"") if match else None
