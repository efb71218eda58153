"""Names as people write them, from the listing to the displayed author, to `papers search` and to `papers explain`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from gate_pieces import body, entry

from tests.conftest import Papers

pytestmark = pytest.mark.slow

#: Co-authors who make two papers of one group.
GROUP = ("Ottilie Brandvik", "Ruaridh Penhaligon", "Zebedee Quartermain")
#: Paper → its author rows. Papers with the same letter are of one group.
PAPERS: dict[str, list[str]] = {
    "tex a": [r"Luc\'{\i}a Zubirrain", r"Tore S{\o}rvold", r"{\AA}smund Vik", r"Uwe Wei{\ss}kopf", r"{\L}ucja Witkacz"],
    "tex b": ["Lucía Zubirrain", "Tore Sørvold", "Åsmund Vik", "Uwe Weißkopf", "Łucja Witkacz"],
    "hindi a": ["किरण शर्मा", *GROUP],
    "hindi b": ["करण शर्मा", *GROUP],
    "hindi c": ["किरण शर्मा", *GROUP],
    "ai a": ["Tianruo Ai", "Tianruo An", *GROUP],
    "ai b": ["T. Ai", "T. An", *GROUP],
    "dblp a": ["Wei Hartlepool 0001", *GROUP],
    "dblp b": ["Wei Hartlepool 0002", *GROUP],
    "dblp c": ["Wei Hartlepool 0001", *GROUP],
    "emoji a": ["🤖", "🤖🤖", "!!!", *GROUP],
    "emoji b": ["🤖", "🦊", "!!!", *GROUP],
    "rest a": [*GROUP, "et al.", "and 25 more authors", "Anonymous", "Unknown"],
    "rest b": [*GROUP, "et al.", "and 25 more authors", "Anonymous", "Unknown"],
    "debris a": ["Ottilie Brandvik¹,²", "Ruaridh Penhaligon†, Ph.D.", "Zebedee Quartermain (MIT)", "Marigold Teams"],
    "debris b": ["Ottilie Brandvik <o.b@x.org>", "Ruaridh Penhaligon2", "Zebedee Quartermain et al."],
    "several a": ["Mei Lindqvist and Ada Okonjo", "Jo Sandoval, Al Ferreira and Bo Ekdahl", "Alice and Bob", "Li Na"],
}
#: The account of the first row of "several a"; that of the last is three more.
ACCOUNT = 0x64


@pytest.fixture(scope="module")
def listed(new_home: Callable[[str], Papers], tmp_path_factory: pytest.TempPathFactory) -> Papers:
    papers, folder, rows = new_home("names"), tmp_path_factory.mktemp("names"), count()
    entries = []
    for number, (title, names) in enumerate(PAPERS.items(), 1):
        authors: list[dict[str, Any]] = [{"_id": f"{next(rows):024x}", "name": name, "hidden": False} for name in names]
        if title.startswith("several"):
            for row in (0, 3):
                account = {"_id": f"{ACCOUNT + row:024x}", "user": f"user{row}", "fullname": "x", "type": "user"}
                authors[row] |= {"user": account, "status": "claimed_verified"}
        entries.append(entry(number, "2026-09-01", authors=authors, title=title) | {"title": title})
    (folder / "2026-09-01@2026-09-02T220000Z.json").write_bytes(body(entries))
    papers("import", folder)
    return papers


def _authors(papers: Papers, name: str) -> dict[str, tuple[str, str, str]]:
    """Title → author id, display name, kind of the author listed there under a name."""
    with papers.published() as connection:
        rows = connection.execute(
            """select title, author_id, display_name, kind
               from marts.bridge_paper_authors join marts.dim_authors using (author_id)
               join marts.dim_papers using (paper_id) where name_as_listed = ?""",
            [name],
        ).fetchall()
    return {title: (author, display, kind) for title, author, display, kind in rows}


def _found(papers: Papers, query: str) -> set[str]:
    return {paper["title"] for paper in papers("search", query, "--limit", "50", "--json").facts["papers"]}


def _explained(papers: Papers, name: str) -> set[str]:
    return {author["author_id"] for author in papers("explain", "author", name, "--json").facts}


@pytest.mark.parametrize(("tex", "letters"), list(zip(PAPERS["tex a"], PAPERS["tex b"], strict=True)))
def test_tex_is_displayed_searched_and_explained_as_its_letters(listed: Papers, tex: str, letters: str) -> None:
    one, other = _authors(listed, tex)["tex a"], _authors(listed, letters)["tex b"]
    assert one == other == (one[0], letters, "person")
    plain = letters.translate(str.maketrans("íøÅŁ", "ioAL")).replace("ß", "ss")
    for query in (letters, plain, plain.upper()):
        assert _found(listed, f'author:"{query}"') == {"tex a", "tex b"}, query
        assert _explained(listed, query) == {one[0]}, query


def test_vowel_signs_tell_persons_apart_everywhere(listed: Papers) -> None:
    kiran, karan = _authors(listed, "किरण शर्मा"), _authors(listed, "करण शर्मा")
    assert kiran["hindi a"] == kiran["hindi c"] == (kiran["hindi a"][0], "किरण शर्मा", "person")
    assert karan["hindi b"][0] != kiran["hindi a"][0]
    assert _found(listed, "किरण") == {"hindi a", "hindi c"}
    assert _found(listed, "करण") == {"hindi b"}
    assert _explained(listed, "किरण शर्मा") == {kiran["hindi a"][0]}
    assert _explained(listed, "करण शर्मा") == {karan["hindi b"][0]}


def test_ai_is_a_surname_as_an_is(listed: Papers) -> None:
    for surname in ("Ai", "An"):
        full, short = _authors(listed, f"Tianruo {surname}")["ai a"], _authors(listed, f"T. {surname}")["ai b"]
        assert full[0] == short[0] and full[2] == "person", surname
    assert _authors(listed, "T. Ai")["ai b"][0] != _authors(listed, "T. An")["ai b"][0]
    assert _found(listed, 'author:"Tianruo Ai"') == {"ai a"}


def test_numbers_of_dblp_tell_persons_apart_and_are_not_displayed(listed: Papers) -> None:
    one, other = _authors(listed, "Wei Hartlepool 0001"), _authors(listed, "Wei Hartlepool 0002")
    assert one["dblp a"] == one["dblp c"] == (one["dblp a"][0], "Wei Hartlepool", "person")
    assert other["dblp b"][0] != one["dblp a"][0]
    assert _found(listed, 'author:"Wei Hartlepool"') == {"dblp a", "dblp b", "dblp c"}
    assert _explained(listed, "Wei Hartlepool") == {one["dblp a"][0], other["dblp b"][0]}
    assert _explained(listed, "Wei Hartlepool 0001") == {one["dblp a"][0]}


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        *(("🤖", {"emoji a", "emoji b"}), ("!!!", {"emoji a", "emoji b"}), ("🤖🤖", {"emoji a"})),
        *((name, {"rest a", "rest b"}) for name in PAPERS["rest a"][3:]),
    ],
)
def test_a_name_of_nobody_is_never_one_over_papers(listed: Papers, name: str, titles: set[str]) -> None:
    found = _authors(listed, name)
    assert found.keys() == titles
    assert len({author for author, _, _ in found.values()}) == len(titles)
    assert {(display, kind) for _, display, kind in found.values()} == {(name, "placeholder")}


def test_debris_is_no_part_of_a_name(listed: Papers) -> None:
    for title in ("debris a", "debris b"):
        for name, plain in zip(PAPERS[title][:3], GROUP, strict=True):
            author, display, kind = _authors(listed, name)[title]
            assert (display, kind) == (plain, "person")
            assert author == _authors(listed, plain)["ai a"][0]
    assert _found(listed, 'author:"Penhaligon Ph"') == set()
    assert {"debris a", "debris b"} <= _found(listed, 'author:"Ruaridh Penhaligon"')


def test_a_row_of_several_persons_is_each_of_them_and_counts_once(listed: Papers) -> None:
    with listed.published() as connection:
        rows = connection.execute(
            """select position, name_as_listed, split_part(mention_id, '#', 2), kind, bridge.account_id
               from marts.bridge_paper_authors as bridge join marts.dim_authors using (author_id)
               join marts.dim_papers using (paper_id) where title = 'several a' order by position"""
        ).fetchall()
        counted = connection.execute("select author_count from marts.dim_papers where title = 'several a'").fetchall()
    assert rows == [
        (1, "Mei Lindqvist", "1", "person", None),
        (2, "Ada Okonjo", "1.2", "person", None),
        (3, "Jo Sandoval", "2", "person", None),
        (4, "Al Ferreira", "2.2", "person", None),
        (5, "Bo Ekdahl", "2.3", "person", None),
        (6, "Alice and Bob", "3", "team", None),
        (7, "Li Na", "4", "person", f"{ACCOUNT + 3:024x}"),
    ]
    assert counted == [(4,)]
    assert _found(listed, 'author:"Ada Okonjo"') == {"several a"}
    assert _authors(listed, "Marigold Teams")["debris a"][2] == "team"


def test_a_rebuild_gives_the_same_tables(listed: Papers) -> None:
    before = listed.tables()
    listed("rebuild")
    after = listed.tables()
    assert [name for name in before if before[name] != after[name]] == []
