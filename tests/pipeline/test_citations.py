"""Citations: the key of a paper, the parts of its names, and what reference managers read of each format."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pybtex.database import parse_string

from tests.conftest import Papers
from warehouse.publication.citations import CitedPaper, Name, bibtex, csl_items, parse_listed_name, ris

PAPER = CitedPaper(
    "2609.01234", "2609.01234", "The Cost of 5% & {Sets}: $O(n^2)$ for C#_x ~ \\alpha", date(2026, 9, 12),
    "https://arxiv.org/abs/2609.01234", ["José Ångström-Łuk", "Mei Lin", "Quill Team", "Ludwig van der Berg Jr."],
)  # fmt: skip


@pytest.mark.parametrize(
    ("listed", "parts"),
    [
        ("Mei Lin", Name("Lin", "Mei")),
        ("Ana Maria de la Cruz", Name("de la Cruz", "Ana Maria")),
        ("Juan-Manuel~Pérez-Rúa", Name("Pérez-Rúa", "Juan-Manuel")),
        ("Lin, Mei", Name("Lin", "Mei")),
        ("Sam Doe III", Name("Doe", "Sam", "III")),
        ("Sam Doe, Jr.", Name("Doe", "Sam", "Jr.")),
        ("Madonna", Name("Madonna")),
        ("Quill 2 Team", Name("Quill 2 Team")),
        ("李 梅", Name("梅", "李")),
    ],
)
def test_a_listed_name_has_its_parts(listed: str, parts: Name) -> None:
    assert parse_listed_name(listed) == parts


def test_the_key_is_of_the_paper_alone() -> None:
    assert PAPER.key == "angstromluk2026cost-2609.01234"
    other = CitedPaper("hf:abc-123", None, "論文", None, None, [])
    assert other.key == "anonymous-hf-abc-123"


def test_bibtex_keeps_authors_in_order_and_the_title_as_it_reads() -> None:
    entry = parse_string(bibtex([PAPER]), "bibtex").entries[PAPER.key]
    names = [(" ".join(p.first_names), " ".join(p.prelast_names + p.last_names)) for p in entry.persons["author"]]
    assert names == [("José", "Ångström-Łuk"), ("Mei", "Lin"), ("", "{Quill Team}"), ("Ludwig", "van der Berg")]
    assert entry.fields["title"] == (
        r"{The Cost of 5\% \& \textbraceleft{}Sets\textbraceright{}: $O(n^2)$ for C\#\_x "
        r"\textasciitilde{} \textbackslash{}alpha}"
    )
    assert (entry.fields["eprint"], entry.fields["year"], entry.fields["month"]) == ("2609.01234", "2026", "September")


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        (r"Sorting in $\mathcal{O}(n \log n)$ & $x_1$", r"Sorting in $\mathcal{O}(n \log n)$ \& $x_1$"),
        ("From $0.1 to $1 Million", r"From \$0.1 to \$1 Million"),
        ("A $x_{1 and $y}$", r"A \$x\_\textbraceleft{}1 and \$y\textbraceright{}\$"),
        (r"Prefill \& Decode", r"Prefill \& Decode"),
        ("UniF^2ace", r"UniF\textasciicircum{}2ace"),
    ],
)
def test_math_in_a_title_is_kept_and_prices_are_escaped(listed: str, written: str) -> None:
    (entry,) = parse_string(bibtex([replace(PAPER, title=listed)]), "bibtex").entries.values()
    assert entry.fields["title"] == f"{{{written}}}"


def test_ris_has_one_record_a_paper() -> None:
    record = ris([PAPER, PAPER]).split("\n\n")
    assert len(record) == 2
    tags = re.findall(r"^([A-Z][A-Z0-9])  - (.*)$", record[0], re.MULTILINE)
    assert tags[0] == ("TY", "UNPB") and tags[-1] == ("ER", "")
    assert [value for tag, value in tags if tag == "AU"][::3] == ["Ångström-Łuk, José", "van der Berg, Ludwig, Jr."]


def test_csl_json_has_names_in_parts_and_teams_whole() -> None:
    (item,) = csl_items([PAPER])
    assert item["author"][1:3] == [{"family": "Lin", "given": "Mei"}, {"literal": "Quill Team"}]
    assert item["issued"] == {"date-parts": [[2026, 9, 12]]} and item["DOI"] == "10.48550/arXiv.2609.01234"


def test_bibtex_of_real_papers_parses(shared_data: Path) -> None:
    papers = {}
    for path in sorted((shared_data / "listings" / "api").glob("2025-*.json"))[:60]:
        listed = json.loads(path.read_bytes())
        # Some files are no listings.
        for paper in (
            [e["paper"] for e in listed if isinstance(e, dict) and "paper" in e] if isinstance(listed, list) else ()
        ):
            day = date.fromisoformat(paper["publishedAt"][:10])
            authors = [author["name"] for author in paper["authors"]]
            papers[paper["id"]] = CitedPaper(paper["id"], paper["id"], paper["title"], day, None, authors)
    assert len(papers) >= 500
    entries = parse_string(bibtex(list(papers.values())), "bibtex").entries
    assert len(entries) == len(papers)
    for paper in papers.values():
        assert len(entries[paper.key].persons["author"]) == len(paper.authors), paper.paper_id


def test_the_command_cites_by_id_search_and_query(demo: Papers) -> None:
    paper_id = json.loads(demo("search", "speech", "--limit", "1", "--json").out)["papers"][0]["paper_id"]
    by_id = demo("cite", f"https://arxiv.org/abs/{paper_id}v2").out
    assert by_id == demo("cite", "--search", "speech", "--limit", "1").out
    assert parse_string(by_id, "bibtex").entries
    (item,) = json.loads(demo("cite", paper_id, "--format", "csl-json").out)
    assert item["number"] == f"arXiv:{paper_id}"
    assert len(parse_string(demo("cite", "--query", "rising_now").out, "bibtex").entries) > 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "in one way"),
        (["2609.90001", "--search", "speech"], "in one way"),
        (["0000.00000"], "has no paper 0000.00000"),
        (["--query", "nothing"], "no query"),
        (["--query", "posting_hour"], "column paper_id"),
        (["--search", "speech", "--format", "endnote"], "bibtex, ris or csl-json"),
    ],
)
def test_what_can_not_be_cited_is_one_sentence(demo: Papers, arguments: list[str], words: str) -> None:
    called = demo("cite", *arguments, expect=2)
    assert words in called.err and not called.out
