"""The registry of sources: a kind of capture selects the parser."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

import sources
from sources.errors import FormatError


def test_a_kind_of_capture_belongs_to_one_source_only() -> None:
    kinds = [kind for source in sources.SOURCES for kind in source.parsers]
    assert len(kinds) == len(set(kinds))
    assert len({source.name for source in sources.SOURCES}) == len(sources.SOURCES)


def test_the_parser_of_daily_listings_detects_the_format(make_entry: Callable[..., dict[str, Any]]) -> None:
    body = json.dumps([make_entry()]).encode()
    for payload in (body, body.decode().encode("utf-16")):
        listing = sources.parse("daily", [payload], listing_date=date(2025, 4, 2))
        assert (listing.format, len(listing.entries)) == ("api_json", 1)


def test_a_kind_that_no_source_has_is_a_format_error() -> None:
    with pytest.raises(FormatError) as caught:
        sources.parse("monthly", [b"[]"])
    assert caught.value.reason_code == "unknown_kind"
