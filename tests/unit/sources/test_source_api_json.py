"""What becomes of the API's JSON: entries, refusals with reasons, drift, and whole payloads refused."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from sources.daily_papers.api_json import parse_api_json
from sources.daily_papers.records import Author, Organization, Submitter
from sources.errors import FormatError

MakeEntry = Callable[..., dict[str, Any]]


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_an_entry_keeps_every_fact_as_received(make_entry: MakeEntry) -> None:
    (entry,) = parse_api_json([_bytes([make_entry()])]).entries
    assert entry.position == 1
    assert entry.paper_id == "2501.00001"
    assert entry.title == "A Model That Was Never\n  Trained"
    assert entry.abstract == "We invent everything.\nNothing is measured."
    assert entry.upvotes == 0
    assert entry.comments == 2
    assert entry.published_at == datetime(2025, 4, 1, 10, tzinfo=UTC)
    assert entry.published_on == date(2025, 4, 1)
    assert entry.submitted_at == datetime(2025, 4, 2, 1, tzinfo=UTC)
    assert entry.organization == Organization("invented", "Invented Labs ", "org-1")
    assert entry.submitter == Submitter("account-9", "carla", "Carla Novela")
    assert entry.ai_keywords == ("invention", "nothing")
    assert (entry.code_url, entry.github_stars) == ("https://github.com/invented/model", 7)
    assert entry.author_count == 2
    assert entry.authors[0] == Author(
        "Ada Inventa",
        "row-1",
        "account-1",
        "ada-inventa",
        "Ada Inventa",
        "claimed_verified",
        datetime(2025, 4, 2, 8, tzinfo=UTC),
        False,
    )
    assert entry.authors[1] == Author("Bruno Fingido", "row-2", is_hidden=False)
    assert entry.extra is None


def test_who_added_the_code_and_the_model_of_the_summary_are_kept_and_null_where_not_given(
    make_entry: MakeEntry,
) -> None:
    given = make_entry(paper__githubRepoAddedBy="user", paper__ai_summary_model="invented/model")
    first, second = parse_api_json([_bytes([given, make_entry("2501.00002")])]).entries
    assert (first.code_added_by, first.ai_summary_model, first.extra) == ("user", "invented/model", None)
    assert (second.code_added_by, second.ai_summary_model) == (None, None)


def test_an_empty_list_is_an_empty_listing() -> None:
    listing = parse_api_json([b"[]"])
    assert (listing.received, listing.fields, listing.kind) == (0, (), "daily")


def test_positions_run_over_all_pages_and_keep_the_places_of_refused_records(make_entry: MakeEntry) -> None:
    pages = [
        _bytes([make_entry("2501.00001"), make_entry("2501.00002", paper__upvotes=-1)]),
        _bytes([make_entry("2501.00003")]),
    ]
    listing = parse_api_json(pages)
    assert [(entry.position, entry.paper_id) for entry in listing.entries] == [
        (1, "2501.00001"),
        (3, "2501.00003"),
    ]
    assert [refusal.position for refusal in listing.refusals] == [2]


@pytest.mark.parametrize(
    ("changes", "reason_code", "field_path"),
    [
        ({"paper__upvotes": -1}, "bad_value", "paper.upvotes"),
        ({"paper__upvotes": True}, "bad_value", "paper.upvotes"),
        ({"paper__upvotes": 3.0}, "bad_value", "paper.upvotes"),
        ({"paper__upvotes": "3"}, "bad_value", "paper.upvotes"),
        ({"paper__upvotes": None}, "bad_value", "paper.upvotes"),
        ({"paper__upvotes": 2**40}, "bad_value", "paper.upvotes"),
        ({"paper__upvotes": ...}, "missing_field", "paper.upvotes"),
        ({"paper__id": "../../etc"}, "bad_value", "paper.id"),
        ({"paper__id": "2501.00001;"}, "bad_value", "paper.id"),
        ({"paper__id": ...}, "missing_field", "paper.id"),
        ({"paper__upvotes": 2**31 - 1}, "bad_value", "paper.upvotes"),
        ({"paper__id": None}, "bad_value", "paper.id"),
        ({"paper": []}, "bad_value", "paper"),
    ],
)
def test_an_impossible_required_field_refuses_its_record_only(
    make_entry: MakeEntry, changes: dict[str, Any], reason_code: str, field_path: str
) -> None:
    bad = make_entry("2501.00002", **changes)
    listing = parse_api_json([_bytes([make_entry(), bad])])
    (refusal,) = listing.refusals
    assert (refusal.reason_code, refusal.field_path, refusal.position) == (reason_code, field_path, 2)
    assert json.loads(refusal.record) == bad
    assert refusal.detail
    assert len(listing.entries) == 1


@pytest.mark.parametrize(
    ("path", "value", "attribute"),
    [
        ("paper__summary", 5, "abstract"),
        ("paper__githubStars", "many", "github_stars"),
        ("paper__githubStars", -1, "github_stars"),
        ("paper__organization", "Invented Labs", "organization"),
        ("paper__submittedOnDailyAt", 17, "submitted_at"),
        ("isAuthorParticipating", "yes", "is_author_participating"),
    ],
)
def test_an_odd_optional_field_keeps_the_record_and_its_value(
    make_entry: MakeEntry, path: str, value: Any, attribute: str
) -> None:
    record = make_entry(**{path: value}, publishedAt=..., submittedBy=...)
    (entry,) = parse_api_json([_bytes([record])]).entries
    assert getattr(entry, attribute) is None
    assert json.loads(entry.extra or "") == {path.replace("__", "."): value}


def test_an_organization_without_slug_is_kept_as_an_oddity(make_entry: MakeEntry) -> None:
    (entry,) = parse_api_json([_bytes([make_entry(paper__organization={"fullname": "Nameless"})])]).entries
    assert entry.organization is None
    assert json.loads(entry.extra or "") == {"paper.organization": {"fullname": "Nameless"}}


def test_a_null_is_an_absent_value(make_entry: MakeEntry) -> None:
    listing = parse_api_json([_bytes([make_entry(paper__organization=None)])])
    assert listing.entries[0].organization is None
    assert listing.entries[0].extra is None
    assert {field.path: field.types for field in listing.fields}["paper.organization"] == "null"


def test_unknown_fields_of_any_level_are_kept_and_reported(make_entry: MakeEntry) -> None:
    record = make_entry(
        mood="good",
        paper__doi={"prefix": "10.0"},
        paper__authors__1__orcid="0000",
        paper__authors__0__user__badges=[1],
        paper__organization__city=None,
    )
    listing = parse_api_json([_bytes([record, make_entry("2501.00002")])])
    assert json.loads(listing.entries[0].extra or "") == {
        "mood": "good",
        "paper.doi": {"prefix": "10.0"},
        "paper.authors[1].orcid": "0000",
        "paper.authors[0].user.badges": [1],
        "paper.organization.city": None,
    }
    assert listing.entries[1].extra is None
    unknown = {
        field.path: (field.types, field.present, field.parents) for field in listing.fields if not field.is_known
    }
    assert unknown == {
        "mood": ("str", 1, 2),
        "paper.doi": ("dict", 1, 2),
        "paper.authors[].orcid": ("str", 1, 4),
        "paper.authors[].user.badges": ("list", 1, 2),
        "paper.organization.city": ("null", 1, 2),
    }


def test_strict_decoding_and_parsing_by_field_agree_on_good_records(make_entry: MakeEntry) -> None:
    records = [make_entry(f"2501.0000{n}", paper__upvotes=n) for n in range(5)]
    del records[3]["paper"]["organization"]
    strict = parse_api_json([_bytes(records)])
    by_field = parse_api_json([_bytes([{**record, "new": 1} for record in records])])
    assert tuple(msgspec.structs.replace(entry, extra=None) for entry in by_field.entries) == strict.entries
    assert tuple(field for field in by_field.fields if field.is_known) == strict.fields


def test_a_type_change_is_visible_in_the_fields(make_entry: MakeEntry) -> None:
    listing = parse_api_json([_bytes([make_entry(), make_entry("2501.00002", paper__summary=5)])])
    summary = next(field for field in listing.fields if field.path == "paper.summary")
    assert (summary.types, summary.present, summary.parents, summary.is_known) == ("int|str", 2, 2, True)


def test_a_paper_listed_twice_is_used_once(make_entry: MakeEntry) -> None:
    listing = parse_api_json([_bytes([make_entry(), make_entry("2501.00002")]), _bytes([make_entry(paper__upvotes=9)])])
    (refusal,) = listing.refusals
    assert (refusal.reason_code, refusal.position) == ("duplicate_in_listing", 3)
    assert [entry.upvotes for entry in listing.entries] == [0, 0]


def test_a_good_record_after_a_refused_one_of_the_same_paper_is_used(make_entry: MakeEntry) -> None:
    listing = parse_api_json([_bytes([make_entry(paper__upvotes=-1), make_entry(paper__upvotes=4)])])
    assert [entry.upvotes for entry in listing.entries] == [4]


def test_accounts_are_found_under_all_their_names(make_entry: MakeEntry) -> None:
    users = [{"id": "old", "user": "ada"}, {"user": "ada", "name": "ada"}, {"_id": "new", "name": "ada"}, {}]
    authors = [{"name": f"Ada {number}", "user": user} for number, user in enumerate(users)]
    (entry,) = parse_api_json([_bytes([make_entry(paper__authors=authors)])]).entries
    assert [(author.account_id, author.account_handle) for author in entry.authors] == [
        ("old", "ada"),
        (None, "ada"),
        ("new", "ada"),
        (None, None),
    ]


def test_the_top_level_title_stands_in_for_a_paper_without(make_entry: MakeEntry) -> None:
    (entry,) = parse_api_json([_bytes([make_entry(paper__title=...)])]).entries
    assert entry.title == "A Model That Was Never Trained"


@pytest.mark.parametrize(
    ("stamped", "published", "listing_date", "submitted"),
    [
        ("2024-05-27T03:50:58Z", "2024-05-24T17:34:15Z", None, datetime(2024, 5, 27, 3, 50, 58, tzinfo=UTC)),
        ("2025-01-12T21:35:26Z", "2025-01-10T10:00:00Z", None, datetime(2025, 1, 13, 2, 35, 26, tzinfo=UTC)),
        ("2025-03-09T22:02:39Z", "2025-03-07T10:00:00Z", None, datetime(2025, 3, 10, 2, 2, 39, tzinfo=UTC)),
        (
            "2024-11-19T22:00:00Z",
            "2024-11-18T10:00:00Z",
            date(2024, 11, 20),
            datetime(2024, 11, 20, 3, tzinfo=UTC),
        ),
        ("2025-03-12T06:00:00Z", "2025-03-12T10:00:00Z", None, None),
        ("2025-02-12T05:00:00Z", "2025-02-12T10:00:00Z", None, None),
        ("2025-05-12T05:00:00Z", "2025-05-10T10:00:00Z", None, None),
    ],
    ids=[
        "utc",
        "wall-time",
        "daylight-saving",
        "refetched-in-wall-time",
        "shifted",
        "shifted-winter",
        "later",
    ],
)
def test_old_submission_times_are_read_by_what_the_field_meant_then(
    make_entry: MakeEntry,
    stamped: str,
    published: str,
    listing_date: date | None,
    submitted: datetime | None,
) -> None:
    record = make_entry(publishedAt=stamped, paper__publishedAt=published, paper__submittedOnDailyAt=...)
    (entry,) = parse_api_json([_bytes([record])], listing_date).entries
    assert entry.submitted_at == submitted


def test_a_wrong_listing_date_does_not_change_the_submission(make_entry: MakeEntry) -> None:
    record = make_entry(publishedAt="2024-05-27T03:50:58Z", paper__submittedOnDailyAt=...)
    (entry,) = parse_api_json([_bytes([record])], date(2024, 7, 1)).entries
    assert entry.submitted_at is not None
    assert entry.submitted_at.date() == date(2024, 5, 27)


@pytest.mark.parametrize(
    ("payload", "reason_code"),
    [
        (b"1", "not_a_list"),
        (b'{"status": "success", "data": []}', "not_a_list"),
        (b'"text"', "not_a_list"),
        (b"null", "not_a_list"),
        (b"", "not_json"),
        (b"<html>", "not_json"),
        (b'[{"paper": ', "not_json"),
        (b"[1, 2]", "not_entries"),
        (b"[\"{'paper': {'id': '2501.00001'}}\"]", "not_entries"),
        (b'[{"pmid": "39", "title": "A ward round"}]', "wrong_source"),
        (b'[{"paper": {"id": "39000001", "title": "x"}, "numComments": 0}, 5]', "wrong_source"),
        (b'[{"paper": {"id": "2501.00001", "title": "\xff"}}]', "not_utf8"),
        (b"[" * 200_000, "too_deep"),
        (b'[{"paper":' + b'{"a":' * 200_000, "too_deep"),
    ],
)
def test_a_payload_that_is_no_listing_is_refused_with_a_reason(payload: bytes, reason_code: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_api_json([payload])
    assert caught.value.reason_code == reason_code
    assert caught.value.message.endswith(".")


def test_a_payload_over_the_size_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.daily_papers.entries.MAX_PAGE_BYTES", 10)
    with pytest.raises(FormatError) as caught:
        parse_api_json([b"[" + b" " * 20 + b"]"])
    assert caught.value.reason_code == "too_large"


def test_only_the_record_that_nests_too_deeply_is_refused(make_entry: MakeEntry) -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    listing = parse_api_json([_bytes([make_entry(), make_entry("2501.00002", trap=deep)])])
    assert [refusal.reason_code for refusal in listing.refusals] == ["too_deep"]
    assert len(listing.entries) == 1


def test_half_an_emoji_becomes_the_replacement_character(make_entry: MakeEntry) -> None:
    record = make_entry(paper__title="smile \U0001f600", paper__summary="\\ud83d is a text")
    body = _bytes([record]).replace(b"\\ude00", b"")
    (entry,) = parse_api_json([body]).entries
    assert entry.title == "smile \ufffd"
    assert entry.abstract == "\\ud83d is a text"
    assert entry.title.encode()


def test_texts_with_sql_and_markup_are_kept_as_data(make_entry: MakeEntry) -> None:
    title = "'; DROP TABLE papers;-- <script>\x1b[31m =cmd()\u0000"
    (entry,) = parse_api_json([_bytes([make_entry(paper__title=title)])]).entries
    assert entry.title == title


def test_invented_field_names_are_reported_up_to_a_bound(make_entry: MakeEntry) -> None:
    record = make_entry(**{f"field{number}": number for number in range(500)})
    listing = parse_api_json([_bytes([record])])
    assert sum(not field.is_known for field in listing.fields) == 200
    assert len(json.loads(listing.entries[0].extra or "")) == 500


def test_times_without_zone_and_with_another_are_utc(make_entry: MakeEntry) -> None:
    records = [
        make_entry("2501.00001", paper__publishedAt="2025-04-01T10:00:00"),
        make_entry("2501.00002", paper__publishedAt="2025-04-01T12:00:00+02:00"),
    ]
    entries = parse_api_json([_bytes(records)]).entries
    assert {entry.published_at for entry in entries} == {datetime(2025, 4, 1, 10, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("received", "paper_id"),
    [
        ("2406.105", "2406.00105"),
        ("2501.999", "2501.00999"),
        ("1301.105", "1301.0105"),
        ("https://arxiv.org/abs/2609.00102", "2609.00102"),
        ("http://www.arxiv.org/pdf/2609.00102v3.pdf", "2609.00102"),
        ("arXiv:2609.00102v2", "2609.00102"),
        ("10.48550/arXiv.2609.00102", "2609.00102"),
        ("https://huggingface.co/papers/2609.00102", "2609.00102"),
        (" 2609.00102 ", "2609.00102"),
        ("\ufeff2609.00102\u00a0", "2609.00102"),
        ("<https://arxiv.org/abs/2609.00102?context=cs>", "2609.00102"),
        ("https://arxiv.org/pdf/2609.00102v3.pdf#page=2", "2609.00102"),
        ("https://hf.co/papers/2609.00102", "2609.00102"),
        ("doi:10.48550/arXiv.2609.00102", "2609.00102"),
    ],
)
def test_spellings_of_an_arxiv_id_are_the_same_paper(make_entry: MakeEntry, received: str, paper_id: str) -> None:
    listing = parse_api_json([_bytes([make_entry(received), make_entry(paper_id, paper__upvotes=4)])])
    (entry,) = listing.entries
    assert (entry.paper_id, entry.upvotes) == (paper_id, 0)
    assert json.loads(entry.extra or "") == {"paper.id": received}
    assert [refusal.reason_code for refusal in listing.refusals] == ["duplicate_in_listing"]


def test_records_of_the_trending_list_are_no_daily_listing(make_entry: MakeEntry) -> None:
    records = [{**make_entry(f"2501.0000{n}"), "isTrending": True} for n in range(3)]
    with pytest.raises(FormatError) as caught:
        parse_api_json([_bytes(records)])
    assert caught.value.reason_code == "not_daily_page"
    listing = parse_api_json([_bytes([*records, make_entry("2501.00009")])])
    assert [entry.paper_id for entry in listing.entries] == ["2501.00009"]


@pytest.mark.parametrize(
    ("changes", "attribute", "path", "expected"),
    [
        ({"paper__title": ..., "title": ...}, "title", None, ""),
        ({"paper__title": " ", "title": ""}, "title", "paper.title", ""),
        ({"paper__title": 7, "title": None}, "title", "paper.title", ""),
        ({"paper__authors": ...}, "author_count", None, None),
        ({"paper__authors": {}}, "author_count", "paper.authors", None),
        ({"paper__authors": None}, "author_count", None, None),
        ({"paper__authors": ["Ada"]}, "author_count", "paper.authors", None),
        ({"paper__authors__1__name": ...}, "author_count", "paper.authors[1]", 1),
        ({"paper__authors__0__statusLastChangedAt": "0001-01-01T00:00:00+14:00"}, "author_count", None, 2),
        ({"paper__publishedAt": ...}, "published_at", None, None),
        ({"paper__publishedAt": None}, "published_at", None, None),
        ({"paper__publishedAt": "yesterday"}, "published_at", "paper.publishedAt", None),
        ({"paper__publishedAt": "0001-01-01T00:00:00+14:00"}, "published_at", "paper.publishedAt", None),
        ({"paper__publishedAt": "9999-12-31T23:59:59-12:00"}, "published_at", "paper.publishedAt", None),
        (
            {"paper__publishedAt": "2025-04-01"},
            "published_at",
            "paper.publishedAt",
            datetime(2025, 4, 1, tzinfo=UTC),
        ),
        ({"paper__submittedOnDailyAt": "0001-01-01T00:00:00+14:00"}, "upvotes", "paper.submittedOnDailyAt", 0),
        (
            {"publishedAt": "9999-12-31T23:59:59Z", "paper__submittedOnDailyAt": ...},
            "submitted_at",
            "publishedAt",
            None,
        ),
        ({"numComments": ...}, "comments", None, None),
        ({"numComments": None}, "comments", None, None),
        ({"numComments": -2}, "comments", "numComments", None),
        ({"numComments": 2**31}, "comments", "numComments", None),
        ({"paper__githubStars": 2**63}, "github_stars", "paper.githubStars", None),
    ],
)
def test_only_the_field_that_cannot_be_read_is_null(
    make_entry: MakeEntry, changes: dict[str, Any], attribute: str, path: str | None, expected: Any
) -> None:
    listing = parse_api_json([_bytes([make_entry(), make_entry("2501.00002", **changes)])])
    assert listing.refusals == ()
    entry = listing.entries[1]
    assert (entry.paper_id, entry.upvotes, getattr(entry, attribute)) == ("2501.00002", 0, expected)
    if path:
        assert path in json.loads(entry.extra or "{}"), "what was received is kept"
        types = {field.path: field.types.split("|") for field in listing.fields}
        known = path.removesuffix("[1]")
        assert types[known] != types["paper.id"] or known in ("paper.title",), "drift shows it"


@pytest.mark.parametrize(
    ("received", "key"),
    [
        ("math.GT/0309136", "math.GT/0309136"),
        ("https://arxiv.org/abs/hep-th/9901001v2", "hep-th/9901001"),
        ("67b9f1d2c3a4e5f607182930", "hf:67b9f1d2c3a4e5f607182930"),
    ],
)
def test_old_arxiv_ids_and_site_ids_have_their_key(make_entry: MakeEntry, received: str, key: str) -> None:
    (entry,) = parse_api_json([_bytes([make_entry(received)])]).entries
    assert entry.paper_id == key
    rows = make_entry(received, paper__discussionId=..., paper__submittedOnDailyAt=..., paper__submittedOnDailyBy=...)
    if key.startswith("hf:"):
        with pytest.raises(FormatError) as caught:
            parse_api_json([_bytes([rows])])
        assert caught.value.reason_code == "wrong_source", "only the site's own records have ids of the site"


@pytest.mark.parametrize("element", ["1", "{}", "[]", '""', "null", '{"paper":{}}'])
def test_an_array_with_too_many_values_is_refused_before_it_is_decoded(element: str) -> None:
    body = ("[" + ",".join([element] * 1_000_000) + "]").encode()
    tracemalloc.start()
    with pytest.raises(FormatError) as caught:
        parse_api_json([body])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.reason_code == "too_large"
    assert peak < 50 * 2**20


def test_refused_records_beyond_a_hundred_are_counted(make_entry: MakeEntry) -> None:
    records = [make_entry(), *[{"paper": {"id": "x"}}] * 3_000]
    listing = parse_api_json([_bytes(records)])
    assert (len(listing.refusals), listing.refused, listing.received) == (100, 3_000, 3_001)
    with pytest.raises(FormatError) as caught:
        parse_api_json([_bytes([make_entry(), *[1] * 6_000]), _bytes([1] * 6_000)])
    assert caught.value.reason_code == "too_large"


def test_only_the_record_that_is_too_large_is_refused(make_entry: MakeEntry) -> None:
    many = make_entry("2501.00002", paper__authors=[{"name": "A"}] * 25_000)
    long = make_entry("2501.00003", paper__summary="x" * 5_000_000)
    unknown = make_entry("2501.00004", brandNew=["x" * 100_000], other=1)
    listing = parse_api_json([_bytes([make_entry(), many, long, unknown])])
    assert [entry.paper_id for entry in listing.entries] == ["2501.00001", "2501.00002", "2501.00004"]
    assert listing.entries[1].author_count is None
    assert len(listing.entries[2].extra or "") < 100_000 and "1 more" in (listing.entries[2].extra or "")
    assert [refusal.reason_code for refusal in listing.refusals] == ["too_large"]


def test_an_unforeseen_error_refuses_only_its_record(make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    from sources.daily_papers import entries

    real = entries._entry

    def breaking(item: Any, *rest: Any) -> Any:
        if item.paper.id == "2501.00002":
            raise OverflowError("date value out of range")
        return real(item, *rest)

    monkeypatch.setattr(entries, "_entry", breaking)
    listing = parse_api_json([_bytes([make_entry(), make_entry("2501.00002")])])
    assert [refusal.reason_code for refusal in listing.refusals] == ["unreadable"]
    assert len(listing.entries) == 1
