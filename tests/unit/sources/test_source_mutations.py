"""Seeded damage to real-shaped payloads: no exception but ``FormatError``, no record lost, none twice."""

from __future__ import annotations

import html
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sources.daily_papers.formats import detect_format, parse
from sources.errors import FormatError
from tests.mutations import damage

MUTATIONS = 150


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_a_damaged_list_loses_no_record(seed: int, make_entry: Callable[..., dict[str, Any]]) -> None:
    chance = random.Random(seed)
    records: list[Any] = [make_entry(f"2501.{number:05d}", paper__upvotes=number) for number in range(6)]
    damage(records, chance, chance.randint(1, 6))
    body = json.dumps(records).encode()
    pages = {
        "api_json": body,
        "page_html": b'<div data-target="DailyPapers" data-props="'
        + html.escape(json.dumps({"dailyPapers": records, "dateString": "2025-04-02"})).encode()
        + b'"></div>',
    }
    for format, page in pages.items():
        assert detect_format(page) == format
        try:
            listing = parse(format, [page])  # type: ignore[arg-type]
        except FormatError as error:
            assert error.reason_code in {"not_entries", "wrong_source", "too_deep"}
            continue
        assert listing.received == len(records)
        positions = [item.position for item in (*listing.entries, *listing.refusals)]
        assert sorted(positions) == list(range(1, len(records) + 1))
        for refusal in listing.refusals:
            assert json.loads(refusal.record) == records[refusal.position - 1]
        assert len({entry.paper_id for entry in listing.entries}) == len(listing.entries)
        assert json.dumps([field.path for field in listing.fields])
        for entry in listing.entries:
            assert entry.extra is None or isinstance(json.loads(entry.extra), dict)


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_damaged_bytes_are_refused_or_read(seed: int, make_entry: Callable[..., dict[str, Any]]) -> None:
    chance = random.Random(seed)
    body = bytearray(json.dumps([make_entry(), make_entry("2501.00002")]).encode())
    if seed % 3 == 0:
        del body[chance.randrange(len(body)) :]
    elif seed % 3 == 1:
        for _ in range(chance.randint(1, 8)):
            body[chance.randrange(len(body))] = chance.randrange(256)
    else:
        body = bytearray(chance.randbytes(chance.randint(0, 400)))
    observed_at = datetime(2025, 4, 3, tzinfo=UTC)
    try:
        format = detect_format(bytes(body))
        listing = parse(format, [bytes(body)], observed_at=observed_at)
    except FormatError as error:
        assert error.reason_code
    else:
        assert listing.received == 2


HIT = """### [An Invention](https://huggingface.co/papers/2501.00001)

[Text.](/papers/2501.00001)

3 authors
·
May 3

"""


@pytest.mark.parametrize(
    "filler",
    [
        "<!--",
        "[",
        "](/a",
        "![",
        "](",
        "1 ",
        "·\n",
        "May 3\n",
        "\\\n",
        "[1][2]\n",
        "word " * 12 + "\n",
        "-\n",
        "### \n",
    ],
)
def test_a_text_made_for_slow_matching_is_parsed_in_bounded_time(filler: str) -> None:
    body = (HIT + filler * (300_000 // len(filler))).encode()
    started = time.monotonic()
    try:
        parse("page_text", [body], observed_at=datetime(2025, 4, 3, tzinfo=UTC))
    except FormatError as error:
        assert error.reason_code == "no_hits"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_text_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    lines = (HIT * 5).split("\n")
    for _ in range(chance.randint(1, 15)):
        index = chance.randrange(len(lines))
        if chance.random() < 0.5:
            del lines[index]
        else:
            lines.insert(index, chance.choice(["[", "]", "7", "-", "·", "May 3", "2 authors", "x](/papers/1)", "###"]))
    try:
        listing = parse("page_text", ["\n".join(lines).encode()], observed_at=datetime(2025, 4, 3, tzinfo=UTC))
    except FormatError as error:
        assert error.reason_code == "no_hits"
    else:
        positions = [item.position for item in (*listing.entries, *listing.refusals)]
        assert sorted(positions) == list(range(1, len(positions) + 1))
