"""The text of a search page as different tools save it, with invented papers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sources.daily_papers.formats import as_utf8, detect_format, parse
from sources.daily_papers.page_text import parse_page_text
from sources.daily_papers.records import Listing, Organization
from sources.daily_papers.text_dates import read_page_date
from sources.errors import FormatError

CAPTURED = datetime(2025, 10, 31, 12, tzinfo=UTC)
LONG = "We invent a method and measure nothing at all. " * 8


def _parse(text: str, observed_at: datetime = CAPTURED) -> Listing:
    return parse_page_text(text.encode(), observed_at)


PLAIN = f"""new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

Oct 31

First Invention: Never Built

{LONG}Code: https://github.com/invented/first-thing.

  • 8 authors
·
May 28, 2023

Second Invention

{LONG}(see https://invented.github.io/x and github.com/invented/second)

labs Invented Labs
·
Mar 11 1

Third Invention Without a Last Line

{LONG}

Fourth Invention

{LONG}

  • 1 author
·
Nov 2 12
"""


def test_every_hit_of_a_plain_text_capture_is_parsed() -> None:
    listing = _parse(PLAIN)
    assert (listing.kind, listing.served_date, listing.refusals) == ("search", date(2025, 10, 31), ())
    first, second, third, fourth = listing.entries
    assert first.title == "First Invention: Never Built"
    assert (first.author_count, first.published_on, first.comments) == (8, date(2023, 5, 28), 0)
    assert first.code_url == "https://github.com/invented/first-thing"
    assert (second.organization, second.author_count) == (Organization("labs", "Invented Labs"), None)
    assert (second.published_on, second.comments) == (date(2025, 3, 11), 1)
    assert second.code_url == "github.com/invented/second"
    assert third.title == "Third Invention Without a Last Line"
    assert (third.author_count, third.published_on, third.comments, third.organization) == (None,) * 4
    assert fourth.published_on == date(2024, 11, 2)
    assert (fourth.author_count, fourth.comments) == (1, 12)
    assert {entry.upvotes for entry in listing.entries} == {None}
    assert {entry.paper_id for entry in listing.entries} == {None}


NUMBERED = """Oct 31
[
-
][31]

### [First Invention][32]
[ We invent [sic] a method. ][33]
[
* 3 authors
][34]
·
May 30
[
65
][35]

### [Second Invention][36]
[ We measure nothing. ][37]
[[labs] Invented Labs][38]
·
Mar 8, 2024 [ 6][39]
[
1.36k
][40]

### [Third Invention][41]
[ Nothing. ][42]
[
* 1,204 authors
][43]
·
Nov 14
"""


def test_upvotes_and_comments_are_distinguished_by_numbered_links() -> None:
    listing = _parse(NUMBERED)
    assert [(entry.title, entry.upvotes, entry.comments) for entry in listing.entries] == [
        ("First Invention", 0, 0),
        ("Second Invention", 65, 6),
        ("Third Invention", 1360, 0),
    ]
    assert listing.entries[0].abstract == "We invent [sic] a method."
    assert listing.entries[1].organization == Organization("labs", "Invented Labs")
    assert [entry.author_count for entry in listing.entries] == [3, None, 1204]
    assert listing.entries[2].published_on == date(2024, 11, 14)


MARKDOWN = r"""# Daily Papers

## by [![](https://huggingface.co/front/assets/papers-by.png)AK](https://huggingface.co/akhaliq) and friends

- Daily
- Weekly

[Trending Papers](https://huggingface.co/papers/trending)

Oct 31

[101](https://huggingface.co/login?next=%2Fpapers%2F2501.00001)

### [First\_Invention:\  Never Built](https://huggingface.co/papers/2501.00001)

[We invent a method\\
and measure nothing.](https://huggingface.co/papers/2501.00001)

[![labs](https://cdn.example/a.png)Invented Labs](https://huggingface.co/labs)

·

May 29[6](https://huggingface.co/papers/2501.00001#community)

[-](https://huggingface.co/login?next=%2Fpapers%2F2501.00002)

### [Second Invention](https://huggingface.co/papers/2501.00002)

[Nothing.](https://huggingface.co/papers/2501.00002)

[- ![](https://cdn.example/b.jpeg)\\
- ![](https://cdn.example/c.svg)\\
- 3 authors](https://huggingface.co/papers/2501.00002)

·

Feb 27, 2024
"""


def test_a_markdown_capture_gives_ids_and_slugs() -> None:
    first, second = _parse(MARKDOWN).entries
    assert (first.paper_id, first.title) == ("2501.00001", "First_Invention: Never Built")
    assert (first.upvotes, first.comments, first.published_on) == (101, 6, date(2025, 5, 29))
    assert first.abstract == "We invent a method and measure nothing."
    assert first.organization == Organization("labs", "Invented Labs")
    assert (second.paper_id, second.upvotes, second.comments, second.author_count) == ("2501.00002", 0, 0, 3)


ADDRESSES = """Oct 31

 [-] 19

https://huggingface.co/login?next=%2Fpapers%2F2501.00001

First Invention

https://huggingface.co/papers/2501.00001

We invent a method.

https://huggingface.co/papers/2501.00001

[

3 authors](https://huggingface.co/papers/2501.00001)

·

Sep 3, 2024

2

https://huggingface.co/papers/2501.00001#community

 [-] -

https://huggingface.co/login?next=%2Fpapers%2F2501.00002

Second Invention

https://huggingface.co/papers/2501.00002

Nothing.

https://huggingface.co/papers/2501.00002

 Invented Labs

https://huggingface.co/labs

·

Oct 23
"""


def test_a_capture_with_addresses_on_their_own_lines_is_read() -> None:
    first, second = _parse(ADDRESSES).entries
    assert (first.paper_id, first.upvotes, first.comments, first.author_count) == ("2501.00001", 19, 2, 3)
    assert first.abstract == "We invent a method."
    assert (second.paper_id, second.upvotes, second.comments) == ("2501.00002", 0, 0)
    assert second.organization == Organization("labs", "Invented Labs")


def test_text_copied_from_the_browser_is_read() -> None:
    text = (
        f"Daily Papers\nOct 31\n12\n\nFirst Invention\n\n{LONG}\n\n3 authors\n·\nMay 3\n4\n-\n\n"
        f"Second Invention\n\n{LONG}\n\nLabs\n·\nMay 4, 2024\n"
    )
    first, second = _parse(text).entries
    assert (first.title, first.upvotes, first.comments) == ("First Invention", 12, 4)
    assert (second.title, second.upvotes, second.comments) == ("Second Invention", 0, 0)
    assert second.organization == Organization("Labs", "Labs")


def test_text_wrapped_at_a_fixed_width_is_joined() -> None:
    text = (
        "Daily Papers\n\nOct 31\n\n7\n\n"
        "   First Invention of a Very Long Title That Goes On and On\n   Without End\n\n"
        "   We invent a method that is described in lines of equal length, each\n"
        "   of which ends where the screen ended.\n\n     * 3 authors\n   ·\n   May 3 2\n"
    )
    (entry,) = _parse(text).entries
    assert entry.title == "First Invention of a Very Long Title That Goes On and On Without End"
    assert entry.abstract is not None and entry.abstract.endswith("each of which ends where the screen ended.")
    assert (entry.upvotes, entry.comments, entry.author_count) == (7, 2, 3)


def test_owner_dot_and_date_on_one_line_are_read() -> None:
    text = f"Daily Papers\n\nOct 31\n\nFirst Invention\n\n{LONG}\n\n5 authors · May 3, 2024 2\n"
    (entry,) = _parse(text).entries
    assert (entry.author_count, entry.published_on, entry.comments) == (5, date(2024, 5, 3), 2)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_make_no_difference(ending: str) -> None:
    body = b"\xef\xbb\xbf" + PLAIN.replace("\n", ending).encode()
    assert parse_page_text(body, CAPTURED) == _parse(PLAIN)


def test_a_footer_after_the_last_hit_is_not_a_hit() -> None:
    footer = "\nCompany\n\n© Invented\n\nTOS\n\nPrivacy\n\nAbout\n"
    assert len(_parse(PLAIN + footer).entries) == 4


def test_references_in_brackets_do_not_break_a_plain_abstract() -> None:
    text = PLAIN.replace("measure nothing at all.", "measure nothing [1][2] at all.")
    listing = _parse(text)
    assert len(listing.entries) == 4
    assert "[1][2]" in (listing.entries[0].abstract or "")


@pytest.mark.parametrize(
    "text",
    [
        "A note to self.\n\nBuy milk. Mar 11 is fine.\n",
        "My blog\n\nA long post about nothing\n\nJane Invented · May 5, 2024\n\nIt goes on.\n",
        "Papers arxiv:2501.1\nInvention\nPublished on Jul 18, 2024\n· Submitted by\nJane on Jul 22, 2024\n",
        LONG,
        "Daily Papers\n\nOct 31\n",
    ],
)
def test_prose_and_other_pages_have_no_hits(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        _parse(text)
    assert caught.value.reason_code == "no_hits"


def test_text_in_a_legacy_encoding_is_refused_with_a_reason() -> None:
    with pytest.raises(FormatError) as caught:
        parse_page_text("Prix Inventé".encode("latin-1"), CAPTURED)
    assert caught.value.reason_code == "not_utf8"


@pytest.mark.parametrize(
    ("printed", "captured", "meant"),
    [
        ("Oct 31", datetime(2025, 10, 31, tzinfo=UTC), date(2025, 10, 31)),
        ("Nov 1", datetime(2025, 10, 31, 23, tzinfo=UTC), date(2025, 11, 1)),
        ("Nov 2", datetime(2025, 10, 31, 23, tzinfo=UTC), date(2024, 11, 2)),
        ("Dec 31", datetime(2026, 1, 1, tzinfo=UTC), date(2025, 12, 31)),
        ("Jan 1", datetime(2025, 12, 31, tzinfo=UTC), date(2026, 1, 1)),
        ("Feb 29", datetime(2025, 3, 1, tzinfo=UTC), date(2024, 2, 29)),
        ("Mar 5, 2019", datetime(2025, 3, 1, tzinfo=UTC), date(2019, 3, 5)),
    ],
)
def test_a_year_left_out_is_the_year_of_the_capture_unless_that_is_the_future(
    printed: str, captured: datetime, meant: date
) -> None:
    page_date = read_page_date(printed)
    assert page_date is not None
    assert page_date.on(captured) == meant


@pytest.mark.parametrize("text", ["Feb 30", "Feb 29, 2025", "31 Oct", "Octopus 3", "May", "May 3 and more"])
def test_a_text_that_is_no_date_is_none(text: str) -> None:
    assert read_page_date(text) is None


@pytest.mark.parametrize("text", [PLAIN, NUMBERED, MARKDOWN, ADDRESSES, "Just a note."])
def test_texts_are_recognised_as_text(text: str) -> None:
    assert detect_format(text.encode()) == "page_text"


@pytest.mark.parametrize(
    ("body", "format"),
    [
        (b"[]", "api_json"),
        (b" \n1", "api_json"),
        (b'{"status": 1}', "api_json"),
        (b'[{"paper": {"id": "25', "api_json"),
        (b"\xef\xbb\xbf[]", "api_json"),
        (b"<!DOCTYPE html><html>", "page_html"),
        (b"<!-- saved --><article class='x'>", "page_html"),
    ],
)
def test_formats_are_recognised_by_content(body: bytes, format: str) -> None:
    assert detect_format(body) == format


@pytest.mark.parametrize("body", [b"", b" \n", b"\x00\x01\x02\x03PAR1", b"\x1f\x8b\x08\x00\x00\x00", bytes(range(256))])
def test_junk_has_no_format(body: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        detect_format(body)
    assert caught.value.reason_code == "unknown_format"


TRENDING = f"""# Trending Papers

## by AK and the research community

### [First Invention](https://huggingface.co/papers/2501.00001)

{LONG}

*   [![labs](https://cdn.example/a.png) Invented Labs](https://huggingface.co/labs)

·

Published on May 29, 2025

[Upvote 42](https://huggingface.co/login?next=x) [GitHub 50.1k](https://github.com/a/b) [arXiv Page](https://arxiv.org/a)

### [Second Invention](https://huggingface.co/papers/2501.00002)

{LONG}

*   3 authors

·

Published on Feb 27, 2024

[Upvote 7](https://huggingface.co/login?next=x)
"""
PLAIN_TRENDING = (
    f"Daily Papers\nTrending\n\nFirst Invention\n\n{LONG}\n\n3 authors\n·\nPublished on May 3, 2025\n\n"
    f"Upvote\n42\n\nSecond Invention\n\n{LONG}\n\n labs Labs\n·\nPublished on May 4, 2024\n\nUpvote\n7\n"
)


@pytest.mark.parametrize(
    "text",
    [
        TRENDING,
        TRENDING.replace("# Trending Papers", ""),
        TRENDING.replace("# Trending Papers", "").replace("Upvote ", "- "),
        PLAIN_TRENDING,
        PLAIN_TRENDING.replace("Upvote\n", "Upvote "),
        PLAIN_TRENDING.replace("Upvote\n42", "GitHub 2.3k\narXiv Page").replace("Upvote\n7", ""),
    ],
)
def test_the_text_of_the_trending_page_is_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        _parse(text)
    assert caught.value.reason_code == "not_daily_page"


def test_upvotes_in_words_above_the_titles_are_those_of_a_search_page() -> None:
    text = (
        f"Daily Papers\nOct 31\n\nUpvote 12\n\nFirst Invention\n\n{LONG}\n\n3 authors\n·\nMay 3\n\n"
        f"Upvote 7\n\nSecond Invention\n\n{LONG}\n\n4 authors\n·\nMay 4, 2024\n"
    )
    assert [(entry.title, entry.upvotes) for entry in _parse(text).entries] == [
        ("First Invention", 12),
        ("Second Invention", 7),
    ]


def test_an_id_that_lost_its_zeros_is_padded_in_links() -> None:
    first, _ = _parse(MARKDOWN.replace("2501.00001", "2501.101")).entries
    assert first.paper_id == "2501.00101"


def test_links_to_papers_without_an_arxiv_id_of_today_give_their_keys() -> None:
    for listed, key in (
        ("math.GT/0309136", "math.GT/0309136"),
        ("67b9f1d2c3a4e5f607182930", "hf:67b9f1d2c3a4e5f607182930"),
    ):
        first, _ = _parse(MARKDOWN.replace("2501.00001", listed)).entries
        assert first.paper_id == key


@pytest.mark.parametrize("number", [str(2**63), "9" * 400, "9" * 20 + "k", str(2**31 - 1)])
def test_only_the_field_or_hit_of_an_impossible_number_is_lost(number: str) -> None:
    text = (
        f"Daily Papers\nOct 31\n\n{number}\n\nFirst Invention\n\n{LONG}\n\n{number} authors\n·\nMay 3\n\n"
        f"7\n\nSecond Invention\n\n{LONG}\n\n4 authors\n·\nMay 4, 2024 {number[:40]}\n"
        f"8\n\nThird Invention\n\n{LONG}\n\n4 authors\n·\nMay 4, 0001\n"
    )
    listing = _parse(text)
    assert [(refusal.reason_code, refusal.field_path) for refusal in listing.refusals] == [("bad_value", "upvotes")]
    second, third = listing.entries
    assert (second.title, second.upvotes, second.comments) == ("Second Invention", 7, None)
    assert (third.upvotes, third.published_on) == (8, None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_text_in_other_unicode_encodings_is_read(encoding: str) -> None:
    body = PLAIN.encode(encoding)
    content = as_utf8(body)
    assert detect_format(content) == "page_text"
    listing = parse("page_text", [body], observed_at=CAPTURED)
    assert listing.entries == _parse(PLAIN).entries
    with pytest.raises(FormatError):
        parse("page_text", [body[:101]], observed_at=CAPTURED)


def test_json_in_utf_16_is_read_and_binary_data_is_not() -> None:
    assert parse("api_json", ["[]".encode("utf-16")]).received == 0
    assert as_utf8(bytes(range(256)) * 4) == bytes(range(256)) * 4


def test_a_text_of_too_many_lines_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        _parse(PLAIN + "a\n" * 600_000)
    assert caught.value.reason_code == "too_large"
