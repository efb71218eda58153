"""Seeded damage to payloads of all formats, in their bytes and in their structure, and what may come of it.

Belongs here: the payloads and the promise that each is read or refused by name. Does not belong here: how many are
tried (``tests/unit/sources/test_source_fuzz.py``: some; ``tests/slow/attack/test_fuzz.py``: many).
"""

from __future__ import annotations

import copy
import html
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sources.daily_papers.formats import as_utf8, detect_format, parse
from sources.daily_papers.payload_types import MAX_UPVOTES
from sources.errors import FormatError
from tests.mutations import ODD_VALUES, damage
from warehouse.landing.captures import Capture, PayloadRef
from warehouse.raw.reader import Reader
from warehouse.raw.store import RawStore

MOMENT = datetime(2026, 9, 10, 8, tzinfo=UTC)
#: Payloads whose rows go into the tables in one transaction.
BATCH = 250
#: Processor seconds that one payload may take; real ones take a few milliseconds.
MAX_SECONDS = 5.0
#: Reasons that stand for an exception that nobody foresaw.
_UNFORESEEN = ("parser_failed", "unreadable", "damaged_payload")

_LONG = "We invent a method and measure nothing at all. " * 6
_PLAIN = f"""new

Daily Papers

byAK and friends

Oct 31

First Invention

{_LONG}

  • 8 authors
·
May 28, 2023

Second Invention

{_LONG}github.com/invented/second

labs Invented Labs
·
Mar 11 1

Third

{_LONG}
"""
_MARKDOWN = """# Daily Papers

Oct 31

[101](https://huggingface.co/login?next=x)

### [First](https://huggingface.co/papers/2501.00001)

[We invent a method.](https://huggingface.co/papers/2501.00001)

[![labs](https://x.example/a.png)Labs](https://huggingface.co/labs)

·

May 29[6](https://huggingface.co/papers/2501.00001#community)

[-](/login)

### [Second](https://huggingface.co/papers/2501.102)

Nothing.

[- 3 authors](/papers/2501.102)

·

Feb 27
"""
_TRENDING = f"# Trending Papers\n\n### [One](/papers/2501.00001)\n\n{_LONG}\n\nlabs Labs\n\n·\n\nMay 3\n\nUpvote 42\n"
_TEXTS = [_PLAIN, _MARKDOWN, _TRENDING]
_LINES = [
    *("·", "•", "-", "", "#", "[", "](", "<!--", "Upvote 12", "[Upvote 9](/x)", "arXiv Page", "GitHub 2.3k", "Oct 31"),
    *("99999999999999999999 authors", "1 authors", "0 authors", "9" * 400, "9" * 400 + "k", "1.5k", "1,000,000,000"),
    *("Feb 29", "Feb 30, 2025", "Mar 12, 0000", "Mar 12, 9999", "Mar 12, 2025 99999999999999999999", "Dec 31 1.2.3k"),
    *("https://huggingface.co/papers/2501.00001", "https://huggingface.co/%00", "[x](/papers/2501.1)", "\ue000a\ue001"),
]
_TIMES = [
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-09-09", "2026-02-30T00:00:00Z", "0000-01-01"),
    *("2026-09-09T24:00:00Z", "2026-09-09T00:00:00+99:99", "-2026-09-09T00:00:00Z", "2026-09-09T00:00:60Z", "1e400"),
    *("2025-03-10T19:00:00Z", "2024-11-28T18:00:00Z", "2026-09-09T00:00:00", "1989-12-31T23:59:59Z", 0, 1e12, 2**70),
]
_NUMBERS = [
    2**31 - 1,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    -(2**63),
    -1,
    -0.0,
    3.0,
    1e308,
    1e-320,
    True,
    "3",
    20_000,
    20_001,
]
_IDS = [
    *("2406.105", "math.GT/0309136", "hf:abcdef", " 2609.00001v2 ", "https://arxiv.org/abs/2609.00001", "2609.00002"),
    *("67b9f1d2c3a4e5f607182930", "2609.1", "x" * 5000, "2609.00001\x00", "٢٦٠٩.٠٠٠٠١", "hf:../../x"),
]
_VALUES: list[Any] = [*ODD_VALUES, *_TIMES, *_NUMBERS, *_IDS, "\ud800", "\U0010ffff", "\u202e", " \t\n", "x" * 5000]
#: Put into the JSON as it is written: what no library writes.
_RAW = [
    b"1e400",
    b"-",
    b"NaN",
    b"Infinity",
    b"9" * 5000,
    b"[" * 5000,
    b'{"a":' * 500,
    b'"\\ud83d"',
    b"\\u0000",
    b"\x00",
]


def records() -> list[dict[str, Any]]:
    """Invented entries with every kind of field."""
    paper = {
        "id": "2609.00001",
        "authors": [
            {
                "_id": "r1",
                "name": "Ada Inventa",
                "user": {"_id": "a1", "user": "ada", "fullname": "Ada", "isPro": False},
            },
            {"_id": "r2", "name": "Bruno", "status": "claimed", "statusLastChangedAt": "2026-09-09T08:00:00.000Z"},
        ],
        "publishedAt": "2026-09-08T00:00:00.000Z",
        "submittedOnDailyAt": "2026-09-09T01:00:00.000Z",
        "submittedOnDailyBy": {"_id": "a9", "user": "carla", "fullname": "Carla"},
        "title": "A Model\n  Never Trained",
        "summary": "We invent everything.",
        "upvotes": 3,
        "discussionId": "d1",
        "githubRepo": "https://github.com/invented/model",
        "githubStars": 7,
        "ai_keywords": ["invention"],
        "organization": {"_id": "o1", "name": "invented", "fullname": "Invented Labs "},
    }
    entry = {"paper": paper, "publishedAt": "2026-09-07T20:00:00.000Z", "title": "A Model", "numComments": 2}
    found = []
    for number in range(1, 4):
        found.append(copy.deepcopy(entry))
        found[-1]["paper"]["id"] = f"2609.{number:05d}"  # type: ignore[index]
    return found


def payloads(chance: random.Random) -> list[bytes]:
    """The damaged pages of one capture."""
    kind = chance.choice(("api_json", "api_json", "page_html", "page_text"))
    if kind == "api_json":
        pages = [_json(chance) for _ in range(chance.choice((1, 1, 2)))]
    elif kind == "page_html":
        pages = [_page(chance)]
    else:
        pages = [_text(chance)]
    if chance.random() < 0.5:
        pages[0] = _damage_bytes(pages[0], chance)
    if chance.random() < 0.05:
        encoding = chance.choice(("utf-16", "utf-16-be", "utf-32", "latin-1", "utf-8-sig"))
        pages[0] = pages[0].decode("utf-8", "replace").encode(encoding, "replace")
    return pages


def _damaged(chance: random.Random) -> list[Any]:
    found: list[Any] = records()
    damage(found, chance, chance.randint(0, 4))
    for _ in range(chance.randint(0, 4)):
        places = [item for item in _places(found) if item]
        if not places:
            break
        place = chance.choice(places)
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        place[key] = copy.deepcopy(chance.choice(_fitting(key) if chance.random() < 0.7 else _VALUES))
    return found


def _fitting(key: Any) -> list[Any]:
    """Values that nearly fit a field: they get further than others."""
    if str(key).endswith("At"):
        return _TIMES
    if key in ("upvotes", "numComments", "githubStars"):
        return _NUMBERS
    return _IDS if key in ("id", "name", "title") else _VALUES


def _places(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for child in list(value.values()) if isinstance(value, dict) else value:
            yield from _places(child)


def _json(chance: random.Random) -> bytes:
    body = json.dumps(_damaged(chance), ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.random() < 0.2:
        # A value anywhere becomes something that is hardly JSON.
        spots = [match.span(1) for match in re.finditer(rb": ?(\d+|true|false|\"[^\"]*\")", body)]
        if spots:
            start, end = chance.choice(spots)
            body = body[:start] + chance.choice(_RAW) + body[end:]
    return body


def _page(chance: random.Random) -> bytes:
    props: dict[str, Any] = {
        "dateString": "2026-09-09",
        "dailyPapers": _damaged(chance),
        "periodType": "day",
        "query": {},
    }
    props["isTrending"] = chance.random() < 0.1
    if chance.random() < 0.3:
        props[chance.choice(list(props))] = copy.deepcopy(chance.choice(_VALUES))
    text = json.dumps(props).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    body = f'<!doctype html><p>x</p><div class="x" data-target="DailyPapers" data-props="{html.escape(text)}"></div>'
    return body.encode("utf-8", "replace")


def _text(chance: random.Random) -> bytes:
    lines = chance.choice(_TEXTS).split("\n")
    for _ in range(chance.randint(0, 8)):
        at = chance.randrange(len(lines) or 1)
        match chance.randrange(5):
            case 0:
                del lines[at : at + chance.randint(1, 3)]
            case 1:
                lines.insert(at, chance.choice(_LINES))
            case 2:
                lines[at : at + 1] = [chance.choice(_LINES)]
            case 3:
                lines += lines[at : at + chance.randint(1, 10)]
            case _:
                chance.shuffle(lines)
    return "\n".join(lines).encode("utf-8", "replace")


def _damage_bytes(body: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(damaged) + 1)
        match chance.randrange(6):
            case 0:
                del damaged[at : at + chance.randint(1, 30)]
            case 1:
                damaged[at:at] = bytes(
                    chance.choice((chance.randrange(128), chance.randrange(128), chance.randrange(256)))
                    for _ in range(chance.randint(1, 8))
                )
            case 2:
                damaged[at : at + 1] = bytes([chance.choice((chance.randrange(128), chance.randrange(256)))])
            case 3:
                end = at + chance.randint(1, 200)
                damaged[at:at] = damaged[at:end] * chance.randint(1, 3)
            case 4:
                damaged[at:at] = chance.choice(_RAW)
            case _:
                if chance.random() < 0.3:
                    del damaged[at:]
    return bytes(damaged)


class _Archive:
    """A landing archive of one capture."""

    def __init__(self, pages: list[bytes]) -> None:
        self.pages = pages

    def read(self, capture: Capture) -> list[bytes]:
        return self.pages


def fuzz(seed: int, count: int, folder: Path, on_failure: Callable[[list[bytes]], None] | None = None) -> Counter[str]:
    """Read so many damaged captures into raw tables in ``folder``. Returns what became of them by verdict or reason.

    Raises AssertionError, naming seed and number, for one that is neither read nor refused by name.
    """
    became: Counter[str] = Counter()
    with RawStore.open(folder / "raw.duckdb") as raw:
        reader = Reader("fuzz")
        for number in range(1, count + 1):
            pages = payloads(random.Random(f"{seed}/{number}"))
            try:
                became[_read(reader, pages, number)] += 1
            except Exception as error:
                (folder / "payload").write_bytes(b"\n".join(pages))
                raise AssertionError(f"seed {seed}, payload {number} ({folder / 'payload'}): {error!r}") from error
            if number % BATCH == 0 or number == count:
                part = reader.take()
                with raw.transaction():
                    raw.append_part(part)
    return became


def _read(reader: Reader, pages: list[bytes], number: int) -> str:
    """Read one capture twice, alone and by the loader. Returns its reason, or its verdict."""
    started = time.process_time()
    try:
        listing = parse(detect_format(as_utf8(pages[0])), pages, date(2026, 9, 9), MOMENT)
    except FormatError as error:
        listing = None
        assert error.reason_code not in _UNFORESEEN, f"{error!r} from {error.__cause__!r}"
    if listing is not None:
        for refusal in listing.refusals:
            assert refusal.reason_code not in _UNFORESEEN, refusal.detail
        positions = [item.position for item in (*listing.entries, *listing.refusals)]
        assert len(set(positions)) == len(positions) and max(positions, default=0) <= listing.received
        for entry in listing.entries:
            assert entry.upvotes is None or 0 <= entry.upvotes <= MAX_UPVOTES
            assert entry.paper_id or listing.kind == "search"
    capture = Capture(
        load_id=f"{number:016x}",
        landed_at=MOMENT,
        source="fuzz",
        listing_date=date(2026, 9, 9) if number % 2 else None,
        observed_at=MOMENT,
        observed_at_basis="manifest",
        payloads=tuple(PayloadRef(f"{number:064x}", len(page), "x") for page in pages),
    )
    result = reader.add(_Archive(pages), capture, number)  # type: ignore[arg-type]
    reason = (result.reason or result.verdict).partition(":")[0]
    assert reason not in _UNFORESEEN, result.reason
    assert result.reason is not None or (listing is not None and result.entries == len(listing.entries))
    assert time.process_time() - started < MAX_SECONDS, "too slow"
    return reason
