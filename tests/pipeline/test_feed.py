"""The feeds: valid for a reader of feeds, ids that stay, the digest's filters, and hostile titles as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from test_digest import HOSTILE, WITHOUT_GAINS, Home

from tests.conftest import Papers
from warehouse.digest.feeds import write_feeds

ATOM = "{http://www.w3.org/2005/Atom}"
SUBSCRIPTIONS = (
    "subscriptions:\n  speech:\n    keywords: [speech]\n    minimum_gain: 2\n  none:\n    minimum_gain: 999999\n"
)


@pytest.fixture
def home(demo: Papers, tmp_path: Path) -> Home:
    return Home(tmp_path / "home", demo.home / "papers.duckdb")


def parsed(home: Home, name: str) -> Any:
    """A feed as a reader takes it; fails when the reader finds it ill-formed."""
    feed = feedparser.parse((home.settings.feeds / name).read_bytes())
    assert not feed.bozo, feed.bozo_exception
    return feed


def ids(home: Home, name: str = "atom.xml") -> list[str]:
    return [entry.id for entry in parsed(home, name).entries]


def test_a_run_of_the_pipeline_writes_them(demo: Papers) -> None:
    feed = feedparser.parse((demo.home / "report" / "feeds" / "atom.xml").read_bytes())
    assert feed.version == "atom10" and not feed.bozo
    assert feed.entries[0].title.startswith("Lanternfish-Riser") and "invented" in feed.feed.title


def test_writing_the_report_leaves_them_there(home: Home) -> None:
    write_feeds(home.settings)
    before = {f.name: f.read_bytes() for f in home.settings.feeds.iterdir()}
    Papers(home.path)("report")
    assert {f.name: f.read_bytes() for f in home.settings.feeds.iterdir()} == before


def test_a_search_that_can_not_be_read_costs_its_own_feed_only(home: Home) -> None:
    home.subscribe("subscriptions:\n  bad:\n    search: 'author:'\n  good:\n    search: speech\n")
    written = write_feeds(home.settings)
    assert [problem.partition(":")[0] for problem in written.problems] == ["The feed bad was left as it is"]
    assert {file.stem for file in written.files if file.suffix == ".xml"} == {"atom", "good"}
    assert parsed(home, "good.xml").entries
    called = Papers(home.path)("feeds", expect=2)
    assert "author: and org: want a name" in called.err


def test_the_opml_lists_each_feed(home: Home) -> None:
    home.subscribe("subscriptions:\n  speech:\n    title: 'A <b> & \"c\"'\n    search: speech\n")
    write_feeds(home.settings)
    assert outlines(home) == {"Rising on Daily Papers": "atom.xml", 'A <b> & "c"': "speech.xml"}
    home.environment = {"PAPERS_SITE_URL": "https://papers.example.org/"}
    write_feeds(home.settings)
    assert set(outlines(home).values()) == {
        f"https://papers.example.org/feeds/{name}.xml" for name in ("atom", "speech")
    }


def outlines(home: Home) -> dict[str, str]:
    root = ElementTree.parse(home.settings.feeds / "feeds.opml").getroot()
    assert root.tag == "opml" and root.get("version") == "2.0" and root.findtext("head/title")
    found = root.findall("body/outline")
    assert all(one.get("type") == "rss" for one in found)
    return {str(one.get("text")): str(one.get("xmlUrl")) for one in found}


def test_atom_has_what_the_standard_requires(home: Home) -> None:
    home.subscribe(SUBSCRIPTIONS)
    home.environment = {"PAPERS_SITE_URL": "https://papers.example.org/"}
    assert not write_feeds(home.settings).problems
    for file in home.settings.feeds.glob("*.xml"):
        root = ElementTree.parse(file).getroot()
        assert root.tag == f"{ATOM}feed"
        for node in (root, *root.findall(f"{ATOM}entry")):
            for tag in ("id", "title", "updated"):
                assert len(node.findall(f"{ATOM}{tag}")) == 1, (file, tag)
            assert node.findtext(f"{ATOM}updated", "").endswith("Z")
            assert node.findtext(f"{ATOM}id", "").startswith("tag:daily-papers-warehouse.invalid,2026:")
        assert root.find(f"{ATOM}author/{ATOM}name") is not None
        assert root.find(f"{ATOM}link[@rel='self']").get("href") == f"https://papers.example.org/feeds/{file.name}"  # type: ignore[union-attr]
        feed = parsed(home, file.name)
        assert len({entry.id for entry in feed.entries}) == len(feed.entries)
        assert all(entry.updated_parsed and entry.published_parsed and entry.content for entry in feed.entries)
    assert len(ids(home)) == 20 and ids(home, "speech.xml") and not ids(home, "none.xml")


def test_the_json_feed_equals_the_atom_feed(home: Home) -> None:
    home.subscribe(SUBSCRIPTIONS)
    write_feeds(home.settings)
    for atom, other in (("atom.xml", "feed.json"), ("speech.xml", "speech.json"), ("none.xml", "none.json")):
        facts = json.loads((home.settings.feeds / other).read_text())
        assert facts["version"] == "https://jsonfeed.org/version/1.1" and facts["title"]
        entries = parsed(home, atom).entries
        assert [(i["id"], i["title"], i["url"]) for i in facts["items"]] == [(e.id, e.title, e.link) for e in entries]
        assert all(i["content_html"] and i["date_published"].endswith("Z") for i in facts["items"])
        assert all(set(author) == {"name"} for i in facts["items"] for author in i["authors"])


def test_it_has_the_filters_of_the_digest(home: Home) -> None:
    home.subscribe(SUBSCRIPTIONS)
    write_feeds(home.settings)
    wanted = [r.paper_id for r in home.select(keywords=("speech",), minimum_gain=2).risers]
    assert [entry.split("/")[1] for entry in ids(home, "speech.xml")] == wanted


def test_an_id_is_of_the_paper_and_the_day_it_entered_and_stays(home: Home) -> None:
    write_feeds(home.settings)
    before = ids(home)
    bytes_before = (home.settings.feeds / "atom.xml").read_bytes()
    write_feeds(home.settings)
    assert (home.settings.feeds / "atom.xml").read_bytes() == bytes_before
    assert all(entry.endswith("/2026-09-30") for entry in before)
    # The next day one of the papers has fallen back, and one that was below the first twenty leads.
    late = [r.paper_id for r in home.select(top=99).risers][25]
    home.change(
        "update marts.rpt_paper_trends set as_of = as_of + interval 1 day",
        f"update marts.rpt_paper_trends set gain_24h = 5000 where paper_id = '{late}'",
        f"update marts.rpt_paper_trends set gain_24h = -1 where paper_id = '{before[0].split('/')[1]}'",
    )
    write_feeds(home.settings)
    after = ids(home)
    assert after[0] == f"tag:daily-papers-warehouse.invalid,2026:all/{late}/2026-10-01"
    assert set(before) < set(after), "what entered stays as it was"
    # Weeks later it may enter again; what is long past leaves.
    home.change("update marts.rpt_paper_trends set as_of = as_of + interval 40 day")
    write_feeds(home.settings)
    again = ids(home)
    assert f"tag:daily-papers-warehouse.invalid,2026:all/{late}/2026-11-10" in again and not set(again) & set(before)


def test_without_gains_the_feed_for_everybody_has_the_newest_listing(home: Home) -> None:
    home.change(*WITHOUT_GAINS)
    write_feeds(home.settings)
    last = "(select max(listing_date) from marts.fct_listings)"
    newest = home.rows(f"select paper_id from marts.fct_listings where listing_date = {last}")
    entered = [entry.split("/")[1] for entry in ids(home)]
    assert entered and set(entered) == {paper for (paper,) in newest}
    first = parsed(home, "atom.xml").entries[0]
    assert "Listed 2026-09-30, " in first.content[0].value and "per hour since its submission" in first.content[0].value
    assert [item["id"] for item in json.loads((home.settings.feeds / "feed.json").read_text())["items"]] == ids(home)
    before = (home.settings.feeds / "atom.xml").read_bytes()
    write_feeds(home.settings)
    assert (home.settings.feeds / "atom.xml").read_bytes() == before


def test_what_entered_as_new_enters_once_more_when_it_rises(home: Home) -> None:
    home.subscribe("subscriptions:\n  speech:\n    keywords: [speech]\n")
    home.change(*WITHOUT_GAINS)
    write_feeds(home.settings)
    new = ids(home, "speech.xml")
    paper = new[0].split("/")[1]
    gain = "gain_24h = 9, gain_24h_hours = 24, gain_observed = 9"
    home.change(f"update marts.rpt_paper_trends set {gain} where paper_id = '{paper}'")
    write_feeds(home.settings)
    assert ids(home, "speech.xml") == new, "an entry of the same day does not change"
    home.change("update marts.rpt_paper_trends set as_of = as_of + interval 1 day")
    for _ in range(2):
        write_feeds(home.settings)
        assert ids(home, "speech.xml") == [new[0].replace("2026-09-30", "2026-10-01"), *new]
    home.change("update marts.rpt_paper_trends set as_of = as_of + interval 1 day")
    write_feeds(home.settings)
    assert len(ids(home, "speech.xml")) == len(new) + 1, "what entered as rising does not enter again"


def test_a_paper_that_left_the_published_file_leaves_the_feed(home: Home) -> None:
    write_feeds(home.settings)
    gone = ids(home)[1].split("/")[1]
    home.change(*(f"delete from marts.{t} where paper_id = '{gone}'" for t in ("dim_papers", "rpt_paper_trends")))
    write_feeds(home.settings)
    assert gone not in {entry.split("/")[1] for entry in ids(home)}
    assert gone not in (home.settings.feeds / "feed.json").read_text()


def test_hostile_titles_are_text_in_the_feeds(home: Home) -> None:
    home.change(
        f"update marts.dim_papers set title = '{HOSTILE}]]>' || chr(1) || chr(11), code_url = 'javascript:alert(3)'",
        "update marts.bridge_paper_authors set readable_name = '<img src=x onerror=alert(2)>'",
    )
    write_feeds(home.settings)
    entry = parsed(home, "atom.xml").entries[0]
    shown = "<script>alert(1)</script> Bcc: eve@example.org . evil[31m {{ 7 * 7 }}]]>"
    raw = ElementTree.parse(home.settings.feeds / "atom.xml").getroot().find(f"{ATOM}entry")
    assert raw is not None and raw.findtext(f"{ATOM}title") == shown
    content = raw.findtext(f"{ATOM}content", "")
    assert "<img" not in content and "<script" not in content and "javascript:" not in content
    assert "&lt;img" in content and entry.link.startswith("https://huggingface.co/papers/")
    (item, *_) = json.loads((home.settings.feeds / "feed.json").read_text())["items"]
    assert item["title"] == shown and "<img" not in item["content_html"]


def test_a_mistake_in_the_subscriptions_costs_their_feeds_only(home: Home) -> None:
    home.subscribe(SUBSCRIPTIONS)
    write_feeds(home.settings)
    home.subscribe("subscriptions:\n  speech:\n    top: many\n")
    written = write_feeds(home.settings)
    assert "line 3" in written.problems[0] and len(written.files) == 2
    assert (home.settings.feeds / "speech.xml").exists()
    assert "line 3" in Papers(home.path)("feeds", expect=2).err
    home.subscribe("subscriptions:\n  other: {top: 1}\n")
    assert not write_feeds(home.settings).problems
    assert {f.name for f in home.settings.feeds.iterdir()} == {
        *("atom.xml", "feed.json", "other.xml", "other.json", "feeds.opml")
    }


def test_damaged_stored_entries_are_reported_and_the_feeds_start_again(home: Home) -> None:
    write_feeds(home.settings)
    for damaged in ('{"all": [', "[]", '{"all": [{"paper_id": "x"}]}'):
        (home.settings.digests / "feeds.json").write_text(damaged)
        assert "start again without history" in write_feeds(home.settings).problems[0]
    assert ids(home) and not write_feeds(home.settings).problems


def test_a_project_page_that_is_a_repository_is_linked_as_code(home: Home) -> None:
    home.change(
        "update marts.dim_papers set code_url = null, repository_id = 'github.com/invented/project', "
        "repository_source = 'project page'"
    )
    assert {riser.code_url for riser in home.select(top=5).risers} == {"https://github.com/invented/project"}
