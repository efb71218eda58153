"""The data of the pages of authors, organizations and keywords against SQL, and where names of other pages lead."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import pytest
from report_pieces import ENDING, ESCAPES, NAME, TITLE, Site, copy_of, made_hostile, of_many
from selectolax.lexbor import LexborHTMLParser as Html

from tests.conftest import Papers
from warehouse.report import entities
from warehouse.report.health import read_health

FOLDERS = {"author": "authors", "organization": "organizations", "keyword": "keywords"}
#: Who has a page, by kind.
WITH_PAGE = {
    "author": """select author_id from bridge_paper_authors group by author_id having count(distinct paper_id) > 1""",
    "organization": "select organization_id from bridge_paper_organizations "
    "union select organization_id from bridge_paper_families",
    "keyword": "select keyword from bridge_paper_keywords group by keyword having count(distinct paper_id) >= 5",
}
PAPERS_OF = {
    "author": "select paper_id, position from bridge_paper_authors where author_id = ?",
    "organization": "select paper_id, null as position from bridge_paper_organizations where organization_id = ?",
    "keyword": "select paper_id, null as position from bridge_paper_keywords where keyword = ?",
}


@pytest.fixture(scope="module")
def site(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The demo's report, with an organization that is part of another."""
    whole, part = "'6a95de00000de00000000003'", "'6a95de00000de00000000005'"
    site = copy_of(demo, tmp_path_factory.mktemp("entities") / "home").change(
        f"update dim_organizations set parent_organization_id = {whole} where organization_id = {part}",
        f"""insert into bridge_organization_parents by name select {part} as organization_id,
            {whole} as parent_organization_id, 'reviewed' as rule, 'its own web page' as reason""",
        f"""insert into bridge_paper_families by name select paper_id, {whole} as organization_id,
            {part} as member_organization_id, 1 as levels
            from bridge_paper_organizations where organization_id = {part}""",
        "insert into dim_keyword_aliases values ('bench mark', 'benchmark', 'reviewed'), "
        "('benchmarking suite', 'benchmark', 'reviewed')",
    )
    return site.written()


def shards(site: Site, kind: str) -> dict[str, Any]:
    """The shards of a kind by name."""
    folder = site.folder / "data" / FOLDERS[kind]
    return {file.stem: site.shard(FOLDERS[kind], file.stem) for file in folder.glob("*.js")}


def pages(site: Site, kind: str) -> dict[str, Any]:
    """What each page of a kind shows, by id."""
    return {key: value for shard in shards(site, kind).values() for key, value in shard["entities"].items()}


def column(rows: list[tuple[Any, ...]]) -> list[Any]:
    return [row[0] for row in rows]


@pytest.mark.parametrize("kind", WITH_PAGE)
def test_each_has_a_page_in_the_shard_of_its_name(site: Site, kind: str) -> None:
    expected = column(site.rows(WITH_PAGE[kind]))
    found = shards(site, kind)
    assert sorted(pages(site, kind)) == sorted(expected) and len(expected) > 20
    for name, shard in found.items():
        for key in shard["entities"]:
            part = key[:2] if kind == "keyword" else key[-2:] if kind == "author" else key[-1:]
            assert re.sub(r"[^0-9A-Za-z]", "-", part).lower() == name
    names = Html((site.folder / f"{kind}.html").read_text()).css_first("[data-entity]").attributes["data-shards"]
    assert (names or "").split(" ") == sorted(found)


@pytest.mark.parametrize("kind", WITH_PAGE)
def test_the_numbers_of_a_page_are_those_of_sql(site: Site, kind: str) -> None:
    columns = "week, upvotes_gained, papers_listed"
    for key, shown in pages(site, kind).items():
        rows = site.rows(
            f"""with own as ({PAPERS_OF[kind]})
                select paper_id, papers.first_listed_on - date '1970-01-01', position, papers.upvotes
                from own join dim_papers as papers using (paper_id)
                order by papers.first_listed_on desc nulls last, paper_id desc""",
            [key],
        )
        assert shown["facts"]["papers"] == len(rows)
        if rows:
            assert (shown["ids"], shown["days"], shown["places"]) == tuple(
                map(list, zip(*(r[:3] for r in rows), strict=True))
            )
            assert shown["facts"]["upvotes"] == sum(row[3] for row in rows)
            assert shown["in_report"] == len(rows)
        table, name = f"rpt_{kind}_trends", "keyword" if kind == "keyword" else f"{kind}_id"
        weeks = site.rows(
            f"""select {columns} from {table}
                where {name} = ? and week > (select max(week) from {table}) - 364 order by week""",
            [key],
        )
        days = [(week.toordinal() - 719163 - 4) // 7 for week, _, _ in weeks]
        assert (shown["weeks"], shown["gained"], shown["listed"]) == (
            days,
            [row[1] for row in weeks],
            [row[2] for row in weeks],
        )


def test_an_author_shows_every_name_as_listed_and_what_placed_it(site: Site) -> None:
    merges = {key: value for shard in shards(site, "author").values() for key, value in shard["merges"].items()}
    expected = column(
        site.rows(
            "select author_id from dim_authors where paper_count > 1 and (name_count > 1 or account_handle is not null)"
        )
    )
    assert sorted(merges) == sorted(expected) != []
    for author, merge in merges.items():
        names = site.rows(
            "select name_as_listed, count(*) from author_merges where author_id = ? group by 1 order by 2 desc, 1",
            [author],
        )
        assert [(name, mentions) for name, _, mentions, _, _ in merge["members"]] == names
        assert merge["total"] == len(names)
    reasons = [reason for merge in merges.values() for *_, reason in merge["members"] if reason]
    assert any(re.match(r"log odds \d+\.\d \(co-authors in common \+", reason) for reason in reasons)


def test_an_organization_shows_its_parts_its_authors_and_both_counts(site: Site) -> None:
    whole = pages(site, "organization")["6a95de00000de00000000003"]
    facts = whole["facts"]
    own, family = (
        site.value(f"select count(distinct paper_id) from {table} where organization_id = '6a95de00000de00000000003'")
        for table in ("bridge_paper_organizations", "bridge_paper_families")
    )
    assert (facts["papers"], facts["family_papers"]) == (own, family) and family > own
    (part,) = facts["parts"]
    papers = site.value("select count(*) from bridge_paper_organizations where organization_id = ?", [part["id"]])
    assert (part["papers"], part["rule"], part["reason"]) == (papers, "reviewed", "its own web page")
    assert pages(site, "organization")[part["id"]]["facts"]["parent"]["id"] == "6a95de00000de00000000003"
    authors = site.rows(
        """select display_name, count(*) as papers from bridge_paper_organizations
           join bridge_paper_authors using (paper_id) join dim_authors as authors using (author_id)
           where organization_id = '6a95de00000de00000000003' group by author_id, display_name, authors.upvotes
           order by papers desc, authors.upvotes desc, author_id"""
    )
    assert [(author["name"], author["papers"]) for author in facts["authors"]] == authors[:12]
    assert facts["author_count"] == len(authors)
    with_page = set(pages(site, "author"))
    assert all(author["id"] is None or author["id"] in with_page for author in facts["authors"])


def test_a_keyword_shows_its_organizations_and_what_is_counted_as_it(site: Site) -> None:
    facts = pages(site, "keyword")["benchmark"]["facts"]
    assert facts["aliases"] == ["bench mark", "benchmarking suite"]
    expected = site.rows(
        """select display_name, count(*) as papers from bridge_paper_keywords
           join bridge_paper_organizations using (paper_id) join dim_organizations as entity using (organization_id)
           where keyword = 'benchmark' group by organization_id, display_name, paper_upvotes
           order by papers desc, paper_upvotes desc, organization_id"""
    )
    assert [(one["name"], one["papers"]) for one in facts["organizations"]] == expected[:12] != []
    assert facts["organization_count"] == len(expected)


def test_an_organization_of_parts_alone_has_a_page_without_papers_of_its_own(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").change(
        "insert into dim_organizations by name select 'org:above' as organization_id, 'Above' as display_name",
        """insert into bridge_paper_families by name select paper_id, 'org:above' as organization_id,
           organization_id as member_organization_id, 1 as levels from bridge_paper_organizations limit 3""",
    )
    above = pages(home.written(), "organization")["org:above"]
    assert (above["facts"]["papers"], above["facts"]["family_papers"], above["ids"]) == (0, 3, None)


def test_lists_are_bounded_and_count_what_they_leave_out(
    demo: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_of(demo, tmp_path / "home")
    monkeypatch.setattr(entities, "MAX_PAPERS", 2)
    monkeypatch.setattr(entities, "MAX_WEEKS", 1)
    for kind in ("author", "keyword"):
        found = pages(home.written(), kind).values()
        assert max(len(one["ids"]) for one in found) == 2 < max(one["in_report"] for one in found)
        assert {len(one["weeks"] or []) for one in found} <= {0, 1}


def test_only_authors_of_the_papers_in_the_report_have_a_page(
    demo: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_of(demo, tmp_path / "home")
    monkeypatch.setattr("warehouse.report.papers.MAX_PAPERS", 30)
    found = pages(home.written(), "author")
    shown = home.papers()
    authors = {author["id"] for paper in shown.values() for author in paper["authors"] if author["id"]}
    assert authors <= set(found)
    assert all(set(one["ids"]) <= set(shown) for one in found.values())
    assert any(one["facts"]["papers"] > one["in_report"] for one in found.values())
    assert sorted(found) == sorted(
        column(
            home.rows(
                f"""select distinct author_id from bridge_paper_authors
                    where author_id in ({WITH_PAGE["author"]}) and paper_id in (select unnest(?))""",
                [list(shown)],
            )
        )
    )


def test_papers_of_very_many_authors_have_a_list_of_all(site: Site) -> None:
    expected = site.rows(
        """select paper_id, list(display_name order by position) from bridge_paper_authors
           join dim_authors using (author_id) group by paper_id having count(*) > 60"""
    )
    folder = site.folder / "data" / "author-lists"
    found = {key: value for file in folder.iterdir() for key, value in site.shard("author-lists", file.stem).items()}
    assert {key: [author["name"] for author in value] for key, value in found.items()} == dict(expected) != {}
    with_page = set(pages(site, "author"))
    assert {author["id"] for value in found.values() for author in value} <= with_page | {None}
    names = Html((site.folder / "author.html").read_text()).css_first("[data-entity]").attributes["data-lists"]
    assert (names or "").split(" ") == [file.stem for file in sorted(folder.iterdir())]


@pytest.mark.parametrize("name", ["organizations", "authors", "keywords"])
def test_every_name_of_a_board_leads_to_its_page_or_to_the_search(site: Site, name: str) -> None:
    found = {kind: pages(site, kind) for kind in FOLDERS}
    links = Html((site.folder / f"{name}.html").read_text(encoding="utf-8")).css("main tbody th a, .merges a")
    led = 0
    for link in links:
        address, _, key = (link.attributes["href"] or "").partition("#")
        if address.startswith("search.html"):
            assert name == "authors" and "?q=" in address
            continue
        shown = found[address.removesuffix(".html")][unquote(key)]
        assert shown["facts"]["name"] == link.text().strip()
        led += 1
    assert led > 20


def test_names_of_weeks_and_months_lead_to_their_pages(site: Site) -> None:
    found = {kind: pages(site, kind) for kind in FOLDERS}
    for file in (site.folder / "months").glob("*.html"):
        document = Html(file.read_text(encoding="utf-8"))
        for link in document.css("[aria-labelledby=organizations] th a, [aria-labelledby=keywords] th a, .by a"):
            address, _, key = (link.attributes["href"] or "").partition("#")
            if not address.startswith("../search"):
                assert unquote(key) in found[address.removeprefix("../").removesuffix(".html")]


def test_hostile_texts_are_data_of_the_shards(demo: Papers, tmp_path: Path) -> None:
    hostile = made_hostile(copy_of(demo, tmp_path / "home")).change(
        f"update dim_keywords set keyword = '../{ENDING}' where keyword = '{ENDING}'",
        f"update bridge_paper_keywords set keyword = '../{ENDING}' where keyword = '{ENDING}'",
        "update dim_organizations set organization_id = '<x>\u202e' where organization_id = '6a95de00000de00000000005'",
        "update bridge_paper_organizations set organization_id = '<x>\u202e' "
        "where organization_id = '6a95de00000de00000000005'",
    )
    hostile.written()
    files = [file for folder in FOLDERS.values() for file in (hostile.folder / "data" / folder).iterdir()]
    assert all(
        re.fullmatch(r"[0-9a-z-]{1,2}\.js", file.name) and "<" not in file.read_text("utf-16-le") for file in files
    )
    assert f"../{ENDING}" in hostile.shard("keywords", "--")["entities"]
    assert "<x>\u202e" in hostile.shard("organizations", "-")["entities"]
    names = {one["facts"]["name"] for kind in ("author", "organization") for one in pages(hostile, kind).values()}
    assert NAME in names
    merged = [
        one
        for kind in ("author", "organization")
        for s in shards(hostile, kind).values()
        for one in s["merges"].values()
    ]
    texts = {text for merge in merged for member in merge["members"] for text in member}
    assert {ESCAPES, ENDING} <= texts and TITLE not in texts


def test_health_names_the_listing_and_the_moment_of_what_broke_a_rule(demo: Papers) -> None:
    with duckdb.connect(str(demo.home / "papers.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        rules = [rule for rule in read_health(connection).rules if rule.expectation == "fields_known"]
        text, load_id = connection.execute(
            "select sample_values, regexp_extract(sample_values, 'load_id=(\\w+)', 1) from ops_gate_results "
            "where expectation = 'fields_known' and load_id is null and not is_passed order by checked_at desc"
        ).fetchall()[0]
        loaded = connection.execute(
            "select listing_date, observed_at from ops_loads where load_id = ?", [load_id]
        ).fetchall()[0]
    samples = rules[0].samples
    assert len(samples) == text.count("load_id=") > 1
    assert (samples[0].listing_date, samples[0].observed_at) == loaded
    assert not any(re.search("[0-9a-f]{16}", sample.text) for sample in samples)
    assert samples[0].text.startswith("unknown fields: ")


@pytest.mark.slow
def test_the_entities_of_twenty_thousand_papers_fit_six_megabytes_and_little_time(demo: Papers, tmp_path: Path) -> None:
    home = of_many(demo, tmp_path / "home", 20_000).written()
    size = sum(file.stat().st_size for f in FOLDERS.values() for file in (home.folder / "data" / f).iterdir())
    assert len(pages(home, "keyword")) > 1000 and len(pages(home, "author")) > 40_000
    assert size < 6 * 10**6, f"{size / 1e6:.1f} MB"
    with duckdb.connect(str(home.home / "papers.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        connection.execute("create temp table report_papers as select paper_id, first_listed_on from dim_papers")
        started = time.process_time()
        for kind in entities.KINDS:
            assert list(entities.read_entities(connection, kind))
        spent = time.process_time() - started
    # Measured 2026-11: 1.0 s, half of it the lists of 60,000 authors.
    assert spent < 2.5, f"{spent:.1f} s of processor time"
