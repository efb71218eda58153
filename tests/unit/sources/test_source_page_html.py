"""The daily page: its embedded list, the date it says it is for, and pages that are none."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from sources.daily_papers.api_json import parse_api_json
from sources.daily_papers.formats import check_served_date
from sources.daily_papers.page_html import parse_page_html
from sources.errors import FormatError


def _page(**props: Any) -> bytes:
    data = html.escape(json.dumps(props))
    return f'<!doctype html><div class="x" data-target="DailyPapers" data-props="{data}"></div>'.encode()


def test_the_page_gives_the_same_entries_as_the_api(make_entry: Callable[..., dict[str, Any]]) -> None:
    records = [make_entry(paper__title='"Quoted" & <b>marked</b>'), make_entry("2501.00002")]
    page = parse_page_html(_page(dateString="2025-04-02", dailyPapers=records, periodType="day", query={}))
    assert page.entries == parse_api_json([json.dumps(records).encode()]).entries
    assert (page.served_date, page.kind, page.format) == (date(2025, 4, 2), "daily", "page_html")


OTHER = '<div data-target="DailyPapers" data-props="{}"></div>'


@pytest.mark.parametrize(
    "around",
    [
        "%s",
        f"<!-- {OTHER} -->%s",
        f"<script>const old = '{OTHER}'</script >%s",
        f"<template>{OTHER}</template>%s",
        '<p title="<div a=b">%s',
        '<div title="<div" class=bare hidden>%s</div>',
        f"%s<!-- {OTHER} -->",
    ],
)
@pytest.mark.parametrize("change", [("", ""), ('class="x"', "class=x  HIDDEN"), ('"', "'"), ("><", "\n/><")])
def test_the_list_is_found_in_any_surrounding_markup(around: str, change: tuple[str, str]) -> None:
    tag = _page(dateString="2025-04-02", dailyPapers=[]).decode().removeprefix("<!doctype html>").replace(*change)
    assert parse_page_html((around % tag).encode()).served_date == date(2025, 4, 2)


@pytest.mark.parametrize(
    "around", ["<!-- %s -->", "<script>%s</script>", "<style>%s</style>", "<template>%s</template>"]
)
def test_a_list_that_is_no_element_is_none(around: str) -> None:
    tag = _page(dateString="2025-04-02", dailyPapers=[]).decode()
    with pytest.raises(FormatError) as caught:
        parse_page_html((around % tag).encode())
    assert caught.value.reason_code == "not_daily_page"


def test_a_page_for_another_date_parses_and_fails_the_check_of_its_date() -> None:
    listing = parse_page_html(_page(dateString="2025-04-02", dailyPapers=[]), date(2025, 4, 5))
    assert listing.served_date == date(2025, 4, 2)
    check_served_date(listing, date(2025, 4, 2))
    with pytest.raises(FormatError) as caught:
        check_served_date(listing, date(2025, 4, 5))
    assert caught.value.reason_code == "other_date"


@pytest.mark.parametrize(
    ("body", "reason_code"),
    [
        (b"<html><body>Something went wrong</body></html>", "not_daily_page"),
        (_page(dateString="2025-04-02"), "no_props"),
        (b'<div data-target="DailyPapers"></div>', "no_props"),
        (b'<div data-target="DailyPapers" data-props="{&quot;dailyPapers&quot;: [{"></div>', "no_props"),
        (b'<div data-target="DailyPapers" data-props="[1]"></div>', "no_props"),
        (_page(dailyPapers=[], periodType="week"), "not_daily_page"),
        (_page(dailyPapers=[], query={"q": "agents"}), "not_daily_page"),
        (_page(dailyPapers=1), "not_a_list"),
        (_page(dailyPapers=["{'paper': 1}"]), "not_entries"),
        (b"<html>\xff\xfe</html>", "not_utf8"),
    ],
)
def test_a_page_without_a_daily_list_is_refused(body: bytes, reason_code: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_page_html(body)
    assert caught.value.reason_code == reason_code


@pytest.mark.parametrize("text", ["2025-02-30", "2025-W09", 5, None])
def test_a_page_with_an_unreadable_date_has_no_served_date(text: Any) -> None:
    assert parse_page_html(_page(dailyPapers=[], dateString=text)).served_date is None


@pytest.mark.parametrize("props", [{}, {"dateString": "2025-04-02"}, {"periodType": "day", "query": {}}])
def test_the_trending_page_is_no_daily_listing(
    make_entry: Callable[..., dict[str, Any]], props: dict[str, Any]
) -> None:
    for mark in ({"isTrending": True}, {"query": {"sort": "trending"}}):
        with pytest.raises(FormatError) as caught:
            parse_page_html(_page(dailyPapers=[make_entry()], **{**props, **mark}), date(2025, 4, 2))
        assert caught.value.reason_code == "not_daily_page"
