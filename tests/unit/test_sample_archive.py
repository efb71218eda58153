"""The demo archive: regenerates to what is committed, and shows every oddity of the source."""

from __future__ import annotations

import ast
import gzip
import hashlib
import html
import itertools
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.worlds.sample import ARCHIVE, write

Json = dict[str, Any]
WEEKEND = {date(2026, 9, day) for day in (5, 6, 12, 13, 19, 20, 26, 27)}


@dataclass(frozen=True)
class Look:
    """One API capture, read back from its file."""

    listing_date: date
    observed_at: datetime
    entries: list[Json]


@cache
def payload(name: str) -> bytes:
    return gzip.decompress((ARCHIVE / name).read_bytes())


def manifest_rows() -> list[list[str]]:
    lines = (ARCHIVE / "manifest.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == ["file", "listing_date", "observed_at", "sha256"]
    return [line.split("\t") for line in lines[1:]]


@pytest.fixture(scope="module")
def looks() -> list[Look]:
    """Every API capture, in order of observation."""
    found = []
    for name, listing_date, observed_at, _ in manifest_rows():
        if name.endswith(".json.gz") and not name.startswith("refused/"):
            moment = datetime.fromisoformat(observed_at)
            found.append(Look(date.fromisoformat(listing_date), moment, json.loads(payload(name))))
    return sorted(found, key=lambda look: (look.observed_at, look.listing_date))


@pytest.fixture(scope="module")
def histories(looks: list[Look]) -> dict[str, list[tuple[Look, Json]]]:
    """Paper id → its entries, in order of observation."""
    found: dict[str, list[tuple[Look, Json]]] = defaultdict(list)
    for look in looks:
        for entry in look.entries:
            found[entry["paper"]["id"]].append((look, entry))
    return found


@pytest.fixture(scope="module")
def latest(histories: dict[str, list[tuple[Look, Json]]]) -> dict[str, Json]:
    """Paper id → the paper as last observed."""
    return {paper_id: history[-1][1]["paper"] for paper_id, history in histories.items()}


@pytest.fixture(scope="module")
def names(latest: dict[str, Json]) -> set[str]:
    return {author["name"] for paper in latest.values() for author in paper["authors"]}


@pytest.fixture(scope="module")
def organizations(looks: list[Look]) -> dict[tuple[str, str, str], tuple[datetime, datetime]]:
    """(id, slug, full name) → first and last observation."""
    found: dict[tuple[str, str, str], tuple[datetime, datetime]] = {}
    for look in looks:
        for entry in look.entries:
            listed = entry.get("organization")
            if listed:
                key = (listed["_id"], listed["name"], listed["fullname"])
                found[key] = (found.get(key, (look.observed_at,))[0], look.observed_at)
    return found


def changed(histories: dict[str, list[tuple[Look, Json]]], path: str) -> set[tuple[bool, bool]]:
    """Kinds of change of a field of ``paper`` between two captures, as (was there, is there)."""
    kinds = set()
    for history in histories.values():
        values = [entry["paper"].get(path) for _, entry in history]
        kinds |= {
            (before is not None, after is not None) for before, after in itertools.pairwise(values) if before != after
        }
    return kinds


def page_props(name: str) -> Json:
    match = re.search(r'data-target="DailyPapers" data-props="([^"]*)"', payload(name).decode())
    assert match
    props: Json = json.loads(html.unescape(match[1]))
    return props


# --- the archive as a whole


def test_the_generated_sample_equals_the_committed_one(tmp_path: Path) -> None:
    write(tmp_path)
    committed = {p.relative_to(ARCHIVE) for p in ARCHIVE.rglob("*") if p.is_file()}
    assert {p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()} == committed
    for path in committed:
        ours, theirs = (tmp_path / path).read_bytes(), (ARCHIVE / path).read_bytes()
        if path.suffix == ".gz":
            # Another build of zlib may compress the same payload to other bytes.
            assert gzip.decompress(ours) == gzip.decompress(theirs), path
            assert ours[:10] == theirs[:10], path
        else:
            assert ours == theirs, path


def test_bytes_depend_neither_on_hash_seed_nor_on_locale_nor_on_time_zone(tmp_path: Path) -> None:
    digests = []
    for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/New_York")):
        out = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
        command = [sys.executable, "-m", "tests.worlds", "sample", "--out", str(out)]
        subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
        files = sorted(p for p in out.rglob("*") if p.is_file())
        digests.append([(str(p.relative_to(out)), hashlib.sha256(p.read_bytes()).digest()) for p in files])
    assert digests[0] == digests[1]


def test_manifest_names_every_capture_with_the_hash_of_its_payload() -> None:
    rows = manifest_rows()
    assert sorted(row[0] for row in rows) == sorted(p.relative_to(ARCHIVE).as_posix() for p in ARCHIVE.rglob("*.gz"))
    for name, listing_date, observed_at, sha256 in rows:
        match = re.fullmatch(r"(?:refused/)?(\S{10})@(\S{17}Z)\.(json|html|txt)\.gz", name)
        assert match, name
        assert datetime.strptime(match[2], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC) == datetime.fromisoformat(
            observed_at
        )
        assert listing_date == ("" if match[3] == "txt" else match[1])
        assert hashlib.sha256(payload(name)).hexdigest() == sha256


def test_archive_stays_small() -> None:
    assert sum(p.stat().st_size for p in ARCHIVE.rglob("*") if p.is_file()) <= 1_500_000


def test_everything_is_marked_as_invented(latest: dict[str, Json]) -> None:
    for paper_id, paper in latest.items():
        assert re.fullmatch(r"260[89]\.9\d{4}", paper_id)
        assert "invented" in paper["summary"]
    everything = b"".join(payload(row[0]) for row in manifest_rows())
    hosts = set(re.findall(rb"https?://([^/\s\"'&\\}<>]+)", everything))
    assert {h for h in hosts if h != b"example.org" and not h.endswith(b".example.org")} == {b"github.com"}
    owners = set(re.findall(rb"https://github\.com/([\w-]+)", everything))
    assert owners and all(owner.startswith(b"example-") and owner.endswith(b"-demo") for owner in owners)


# --- the listings and their growth


def test_thirty_days_observed_three_times_and_then_four_more_days(looks: list[Look]) -> None:
    observed = defaultdict(list)
    for look in looks:
        observed[look.listing_date].append(look.observed_at)
    assert len(observed) == 30
    for day, moments in observed.items():
        if day in WEEKEND:
            continue
        assert [m.hour for m in moments if m.date() == day] == [8, 14, 20]
        assert [m.date() for m in moments[3:]] == [day + timedelta(days=n) for n in range(1, 5)]


def test_weekends_are_empty_and_weekdays_are_not(looks: list[Look]) -> None:
    for look in looks:
        assert (look.entries == []) == (look.listing_date in WEEKEND)
        unique = {entry["paper"]["id"] for entry in look.entries}
        if look.listing_date not in WEEKEND and look.observed_at.date() > look.listing_date:
            assert 9 <= len(unique) <= 18


def test_a_listing_grows_and_holds_61_to_66_percent_at_8(looks: list[Look]) -> None:
    sizes: dict[date, list[int]] = defaultdict(list)
    for look in looks:
        sizes[look.listing_date].append(len({entry["paper"]["id"] for entry in look.entries}))
    assert all(counts == sorted(counts) for counts in sizes.values())
    share = sum(counts[0] for counts in sizes.values()) / sum(counts[-1] for counts in sizes.values())
    assert 0.61 <= share <= 0.66


def test_entries_come_most_upvoted_first(looks: list[Look]) -> None:
    for look in looks:
        unique = {entry["paper"]["id"]: entry["paper"]["upvotes"] for entry in look.entries}
        assert list(unique.values()) == sorted(unique.values(), reverse=True) or len(unique) < len(look.entries)


def test_published_time_is_new_york_wall_time_stamped_z(looks: list[Look]) -> None:
    for look in looks:
        for entry in look.entries:
            own = datetime.fromisoformat(entry["paper"]["publishedAt"])
            assert own.time().isoformat() == "00:00:00"
            assert datetime.fromisoformat(entry["publishedAt"]) == own - timedelta(hours=4)
            submitted = datetime.fromisoformat(entry["paper"]["submittedOnDailyAt"])
            assert submitted.date() == look.listing_date
            assert submitted <= look.observed_at


def test_no_nulls_only_missing_keys() -> None:
    for name, *_ in manifest_rows():
        if ".json" in name:
            assert b":null" not in payload(name)


# --- upvotes


def upvotes(history: list[tuple[Look, Json]]) -> list[int]:
    return [entry["paper"]["upvotes"] for _, entry in history]


def test_upvotes_are_heavy_tailed_with_zeros(histories: dict[str, list[tuple[Look, Json]]]) -> None:
    final = sorted(upvotes(history)[-1] for history in histories.values())
    assert sum(votes > 150 for votes in final) in range(3, 12)
    assert 5 <= final[len(final) // 2] <= 20
    assert final.count(0) >= 5


def test_upvotes_fall_sometimes_and_only_by_one(histories: dict[str, list[tuple[Look, Json]]]) -> None:
    steps = [b - a for h in histories.values() for a, b in zip(upvotes(h), upvotes(h)[1:], strict=False)]
    assert sum(step < 0 for step in steps) >= 4
    assert min(steps) == -1


def test_two_papers_break_out_after_flat_days(histories: dict[str, list[tuple[Look, Json]]]) -> None:
    flat_then_burst = 0
    for history in histories.values():
        day = history[0][0].listing_date
        early = [e["paper"]["upvotes"] for look, e in history if (look.observed_at.date() - day).days <= 1]
        flat_then_burst += max(early) <= 10 and upvotes(history)[-1] >= 100
    assert flat_then_burst >= 2


@pytest.mark.parametrize("now", [datetime(2026, 9, 30, 20, tzinfo=UTC), datetime(2026, 10, 4, 20, tzinfo=UTC)])
@pytest.mark.parametrize("days", [2, 7])
def test_one_paper_rose_most_on_the_last_days(
    histories: dict[str, list[tuple[Look, Json]]], now: datetime, days: int
) -> None:
    gains = Counter[str]()
    for paper_id, history in histories.items():
        seen = [(look.observed_at, e["paper"]["upvotes"]) for look, e in history if look.observed_at <= now]
        before = [votes for moment, votes in seen if moment <= now - timedelta(days=days)]
        if seen:
            gains[paper_id] = seen[-1][1] - (before[-1] if before else 0)
    (first, most), (_, second) = gains.most_common(2)
    assert "Riser" in histories[first][-1][1]["title"]
    assert most >= 2 * second


def test_comments_and_stars_grow(histories: dict[str, list[tuple[Look, Json]]]) -> None:
    ends = [(history[0][1], history[-1][1]) for history in histories.values()]
    assert sum(last["numComments"] > first["numComments"] for first, last in ends) > 20
    stars = [(first["paper"].get("githubStars", 0), last["paper"].get("githubStars", 0)) for first, last in ends]
    assert sum(last > first for first, last in stars) > 20


# --- fields that come and go


def test_an_unknown_field_appears_mid_month(looks: list[Look]) -> None:
    for look in looks:
        for entry in look.entries:
            drifted = look.observed_at >= datetime(2026, 9, 15, tzinfo=UTC)
            assert ("reproductionReports" in entry["paper"]) == drifted


def test_a_field_vanishes(looks: list[Look]) -> None:
    for look in looks:
        for entry in look.entries:
            expected = look.observed_at < datetime(2026, 9, 21, tzinfo=UTC) and "ai_summary" in entry["paper"]
            assert ("ai_summary_model" in entry["paper"]) == expected


def test_optional_fields_are_sometimes_there(looks: list[Look]) -> None:
    entries = [entry for look in looks for entry in look.entries]
    for field in ("thumbnail", "mediaUrls", "organization"):
        assert 0 < sum(field in entry for entry in entries) < len(entries), field
    for field in ("githubRepo", "projectPage", "ai_summary", "ai_keywords", "organization"):
        assert 0 < sum(field in entry["paper"] for entry in entries) < len(entries), field
    assert {entry["isAuthorParticipating"] for entry in entries} == {True, False}


def test_keywords_come_in_variants(latest: dict[str, Json]) -> None:
    keywords = {keyword for paper in latest.values() for keyword in paper.get("ai_keywords", ())}
    assert {"large language model", "Large Language Models", "KV cache", "KV-cache"} <= keywords


def test_repositories_that_are_none_and_a_project_page_that_is_one(latest: dict[str, Json]) -> None:
    repos = {paper.get("githubRepo", "") for paper in latest.values()}
    assert any(re.fullmatch(r"https://github\.com/[^/]+", repo) for repo in repos)
    assert any("/tree/main" in repo for repo in repos)
    assert any(repo and "github.com" not in repo for repo in repos)
    assert any("https://github.com/" in paper.get("projectPage", "") for paper in latest.values())


# --- between two captures


def test_a_paper_listed_again_keeps_its_upvotes(histories: dict[str, list[tuple[Look, Json]]]) -> None:
    twice = [h for h in histories.values() if len({look.listing_date for look, _ in h}) == 2]
    assert len(twice) >= 2
    for history in twice:
        assert upvotes(history) == sorted(upvotes(history))


def test_a_row_is_repeated_inside_one_file(looks: list[Look]) -> None:
    doubled = [k for k in looks if len({e["paper"]["id"] for e in k.entries}) < len(k.entries)]
    assert len(doubled) == 1
    assert max(Counter(json.dumps(e) for e in doubled[0].entries).values()) == 2


def test_organizations_are_added_removed_and_changed(histories: dict[str, list[tuple[Look, Json]]]) -> None:
    assert {(False, True), (True, False), (True, True)} <= changed(histories, "organization")


def test_summaries_are_rewritten_and_a_repository_removed(
    histories: dict[str, list[tuple[Look, Json]]],
) -> None:
    assert (True, True) in changed(histories, "summary")
    assert (True, True) in changed(histories, "ai_summary")
    assert (True, False) in changed(histories, "githubRepo")


def test_authors_get_claimed_between_captures(histories: dict[str, list[tuple[Look, Json]]]) -> None:
    claimed_later = 0
    for history in histories.values():
        claims = [sum("user" in author for author in entry["paper"]["authors"]) for _, entry in history]
        assert claims == sorted(claims)
        claimed_later += claims[-1] > claims[0]
    assert claimed_later >= 20


# --- organizations


def test_one_organization_is_renamed_and_keeps_its_id(
    organizations: dict[tuple[str, str, str], tuple[datetime, datetime]],
) -> None:
    forms = {key: seen for key, seen in organizations.items() if "Tidewick" in key[2]}
    (old_seen, new_seen) = sorted(forms.values())
    assert len({key[0] for key in forms}) == 1
    assert len({key[1] for key in forms}) == 2
    assert old_seen[1] < new_seen[0]


def test_one_institution_has_two_ids(
    organizations: dict[tuple[str, str, str], tuple[datetime, datetime]],
) -> None:
    assert len({key[0] for key in organizations if key[2] == "Marrowgate University"}) == 2


def test_a_slug_is_reused_by_another_id(
    organizations: dict[tuple[str, str, str], tuple[datetime, datetime]],
) -> None:
    seen = sorted(organizations[key] + (key[0],) for key in organizations if key[1] == "pebblemoor")
    assert len({organization_id for *_, organization_id in seen}) == 2


def test_names_come_untrimmed_misspelled_and_in_another_script(
    organizations: dict[tuple[str, str, str], tuple[datetime, datetime]],
) -> None:
    fullnames = {key[2] for key in organizations}
    assert any(name != name.strip() for name in fullnames)
    assert {"University of Saltmarrow", "Univeristy of Saltmarow"} <= fullnames
    assert any(not name.isascii() and "范例" in name for name in fullnames)


def test_labs_come_with_their_parents(
    organizations: dict[tuple[str, str, str], tuple[datetime, datetime]],
) -> None:
    slugs = {key[1] for key in organizations}
    for parent, lab in (
        ("northwind-ai", "Northwind-Seed"),
        ("kestrelmoor", "kestrelmoor-research"),
        ("marrowgate-u", "marrowgate-nlp"),
    ):
        assert {parent, lab} <= slugs


# --- authors


def test_author_row_ids_belong_to_one_row_of_one_paper(latest: dict[str, Json]) -> None:
    ids = [author["_id"] for paper in latest.values() for author in paper["authors"]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[0-9a-f]{24}", row_id) for row_id in ids)


def test_about_an_eighth_of_the_rows_is_claimed(latest: dict[str, Json]) -> None:
    rows = [author for paper in latest.values() for author in paper["authors"]]
    claimed = [row for row in rows if "user" in row]
    assert 0.09 <= len(claimed) / len(rows) <= 0.16
    assert all({"status", "statusLastChangedAt"} <= row.keys() for row in claimed)
    users = [row["user"] for row in claimed]
    assert any("id" in user and "_id" not in user for user in users)
    assert any("id" not in user and "_id" not in user for user in users)
    assert {"name" in user for user in users} == {True, False}


@pytest.mark.parametrize(
    "forms",
    [
        ("Yu-Peng Zhuaiwen", "Yu-peng Zhuaiwen", "Yupeng Zhuaiwen"),
        ("Jürgen Müllenbrückner", "Jurgen Mullenbruckner"),
        ("Jasper Quill Ferrowmere", "J. Q. Ferrowmere"),
        ("Ming-Luo Qiaorande", "Ming-LuoQiaorande"),
        ("Inés-Manuel Quintanosa-Rúe", "Inés-Manuel~Quintanosa-Rúe"),
        ("Sercan O. Yıldırganlı", 'Sercan "O. Yıldırganlı'),
        ("Minako Hoshiganeda", "Hoshiganeda Minako"),
        ("Copperhill Robotics Team",),
        ("Bohdanik",),
    ],
    ids=["dashes", "diacritics", "initials", "glued", "tex", "quote", "order", "team", "single token"],
)
def test_names_are_listed_in_odd_forms(names: set[str], forms: tuple[str, ...]) -> None:
    assert set(forms) <= names


def test_accounts_and_names_cross(latest: dict[str, Json]) -> None:
    names_of, accounts_of = defaultdict(set), defaultdict(set)
    shared_in_a_paper = 0
    for paper in latest.values():
        accounts = [a["user"]["_id"] for a in paper["authors"] if "_id" in a.get("user", {})]
        shared_in_a_paper += len(accounts) > len(set(accounts))
        for author in paper["authors"]:
            if "_id" in author.get("user", {}):
                names_of[author["user"]["_id"]].add(author["name"])
                accounts_of[author["name"]].add(author["user"]["_id"])
    assert {"Devansh Iyerwalan", "Dave Iyerwalan-Moss"} in names_of.values()
    assert len(accounts_of["Xiaoqiu Luankeng"]) == 2
    assert shared_in_a_paper >= 1


def test_the_same_name_twice_in_one_paper_and_a_paper_of_300(latest: dict[str, Json]) -> None:
    listed = [[author["name"] for author in paper["authors"]] for paper in latest.values()]
    assert any(names.count("Wenjie Xunbolan") == 2 for names in listed)
    assert max(map(len, listed)) > 300


# --- texts


def test_line_breaks_tex_and_markup_in_texts(latest: dict[str, Json]) -> None:
    titles = {paper["title"] for paper in latest.values()}
    assert any("\n" in title and "$" in title for title in titles)
    assert any("<b>" in title and "&" in title and '"' in title for title in titles)
    assert any(title.startswith("=SUM(1)") for title in titles)
    summaries = [paper["summary"] for paper in latest.values()]
    assert any("\n" in text for text in summaries)
    assert any("\\cite" in text and "~" in text and "``" in text for text in summaries)


def test_titles_are_unique_after_folding(latest: dict[str, Json]) -> None:
    folded = [" ".join(paper["title"].casefold().split()) for paper in latest.values()]
    assert len(folded) == len(set(folded))


# --- pages, text, and what is no listing


def test_daily_pages_hold_their_listing_in_the_props(looks: list[Look]) -> None:
    pages = [row for row in manifest_rows() if row[0].endswith(".html.gz")]
    assert len(pages) == 5
    keys = {"dateString", "dailyPapers", "prevDate", "periodType", "query", "isTrending"}
    following = set()
    for name, listing_date, _, _ in pages:
        props = page_props(name)
        assert keys <= props.keys() and props["dailyPapers"]
        following.add("nextDate" in props)
        if date.fromisoformat(listing_date) not in WEEKEND:
            assert props["dateString"] == listing_date
    assert following == {True, False}


def test_the_page_of_a_saturday_serves_friday() -> None:
    props = page_props("2026-09-12@2026-09-12T110000Z.html.gz")
    assert props["dateString"] == "2026-09-11"
    assert props["dailyPapers"]


def test_search_page_texts(latest: dict[str, Json]) -> None:
    lost = payload("2026-09-18@2026-09-18T120000Z.txt.gz").decode()
    kept = payload("2026-09-25@2026-09-25T120000Z.txt.gz").decode()
    titles = {" ".join(paper["title"].split()) for paper in latest.values()}
    for text, header in ((lost, "Sep 18"), (kept, "Sep 25")):
        lines = text.splitlines()
        assert header in lines[:12]
        assert sum(line in titles for line in lines) == 8
        assert re.search(r"^\s+\u2022 \d+ authors\n\u00b7\n[A-Z][a-z]{2} \d", text, re.MULTILINE)
        assert "inventedfor" in text
        hits = sum(line in titles for line in lines) + sum(
            line.startswith(("DrizzleCast", "Notes on", "Winter")) for line in lines
        )
        assert lines.count("\u00b7") == hits - 1, "one hit lacks its line of authors and date"
    assert "May 17, 2024" in lost and "https://github.com/example-drizzle-demo/DrizzleCast" in lost
    assert re.search(r"^Dec 2( \d+)?$", kept, re.MULTILINE), "a date without year that would lie in the future"
    assert re.search(r"^Mar 11 \d+$", kept, re.MULTILINE), "a comment count after a date"
    assert not re.search(r"^(\d+|-)$", lost, re.MULTILINE)
    assert re.search(r"^\d+$", kept, re.MULTILINE)


def test_refused_files_are_no_listings_and_lie_outside_the_month() -> None:
    rows = [row for row in manifest_rows() if row[0].startswith("refused/")]
    assert [row[1] for row in rows] == [f"2026-08-{day}" for day in range(24, 29)]
    bare, wrapper, reprs, pubmed, no_data = (json.loads(payload(row[0])) for row in rows)
    assert bare == 1
    assert wrapper["status"] == "success" and isinstance(wrapper["data"][0], str)
    assert all(isinstance(ast.literal_eval(text), dict) for text in reprs)
    assert {"paper", "publishedAt", "title", "numComments"} <= pubmed[0].keys()
    assert not re.fullmatch(r"\d{4}\.\d{4,5}", pubmed[0]["paper"]["id"])
    assert no_data["status"] == "no_data"
