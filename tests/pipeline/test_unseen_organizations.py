"""Organizations that the reviewed list does not have: parent, kind and country by their names, through a whole run.

The labs are invented, the institutions they name are in the reviewed list.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gate_pieces import body, entry

from tests.conftest import Papers
from warehouse.publication.queries import load_queries

DAY = "2026-01-05"
TSINGHUA, TOKYO, PISA = "org:tsinghua-university", "org:the-university-of-tokyo", "org:university-of-pisa"
#: Slug, name, parent.
NAMED = [
    # after an @ or "at", where a short name counts too; else beside a word for a part
    ("quietlab", "Quiet Lab @ Tsinghua University", TSINGHUA),
    ("quiet-two", "Quiet Second Lab at GIST", "org:gist"),
    ("gist-three", "Gist Labs", None),
    ("loud-lab", "Loud Lab, University of Pisa", PISA),
    ("cls", "Colorful Loops (Inria)", "org:inria"),
    # the institution's whole name without such a word: a department, a product group
    ("comp-ling-pisa", "Computational Linguistics | University of Pisa", PISA),
    ("slowmodel", "Kuaishou Slowmodel", "org:kuaishou"),
    ("cuhkquiet", "CUHK QuietLab", "org:the-chinese-university-of-hong-kong"),
    # another institution's name by accident: it goes on, has a place, is outside, or is made of general words
    ("nua", "Nanjing University of the Quiet Arts", None),
    ("north-tokyo", "North Tokyo University", None),
    ("nyu-riga", "NYU Riga", None),
    ("pisa-vale", "University of Pisa (Vale) Lab", PISA),
    ("nvidia-fans", "NVIDIA Fans Lab", None),
    ("quiet-ai-research", "Quiet AI Research", None),
    # a joint lab is part of neither
    ("ibm-nasa-quiet", "IBM NASA Quiet Lab", None),
]
#: Two spellings of one lab, and two labs of one name in two institutions.
SPELLED = [
    ("stillwatertokyo", "Stillwater Lab @ The University of Tokyo"),
    ("utokyo-still", "The University of Tokyo Stillwater Lab"),
    ("stillwaterpisa", "Stillwater Lab @ University of Pisa"),
]
#: Slug, name, kind, country.
PLACED = [
    ("quiet-oslo", "Quiet Institute of Oslo", "institute", "NO"),
    ("quiet-both", "Quiet Oslo Dubai", "unknown", None),
    ("quiet-ct", "Quiet Institute of AI, China Telecom", "company", "CN"),
    ("quiet-hospital", "Quiet Hospital @ Tsinghua University", "hospital", "CN"),
]


@pytest.fixture(scope="module")
def papers(new_home: Callable[[str], Papers], tmp_path_factory: pytest.TempPathFactory) -> Papers:
    listed = [row[:2] for rows in (NAMED, SPELLED, PLACED) for row in rows]
    entries = [
        {**entry(number, DAY), "organization": {"_id": f"{number:024x}", "name": slug, "fullname": name}}
        for number, (slug, name) in enumerate(listed, 1)
    ]
    entries.append(
        {**entry(99, DAY), "organization": {"_id": f"{1:024x}", "name": listed[0][0], "fullname": listed[0][1]}}
    )
    file = Path(tmp_path_factory.mktemp("unseen")) / f"{DAY}.json"
    file.write_bytes(body(entries))
    home = new_home("unseen")
    assert home("import", file).code == 0
    return home


@pytest.mark.parametrize(("slug", "parent"), [(slug, parent) for slug, _, parent in NAMED])
def test_a_name_shows_what_an_organization_is_part_of(papers: Papers, slug: str, parent: str | None) -> None:
    query = f"select parent_organization_id from marts.dim_organizations where slug = '{slug}'"
    assert papers.value(query) == parent


def test_two_spellings_of_one_lab_are_one_organization_and_namesakes_elsewhere_are_not(papers: Papers) -> None:
    with papers.published() as connection:
        found = dict(
            connection.execute(
                "select listed_slug, organization_id from marts.organization_merges where listed_slug like '%still%'"
            ).fetchall()
        )
    assert found["stillwatertokyo"] == found["utokyo-still"] != found["stillwaterpisa"]
    query = "select parent_organization_id from marts.dim_organizations where organization_id = ?"
    with papers.published() as connection:
        assert connection.execute(query, [found["utokyo-still"]]).fetchall() == [(TOKYO,)]


@pytest.mark.parametrize(("slug", "kind", "country"), [(slug, kind, country) for slug, _, kind, country in PLACED])
def test_the_kind_is_that_of_the_institution_and_a_place_gives_the_country(
    papers: Papers, slug: str, kind: str, country: str | None
) -> None:
    with papers.published() as connection:
        query = "select kind, country_code from marts.dim_organizations where slug = ?"
        assert connection.execute(query, [slug]).fetchall() == [(kind, country)]


def test_candidates_are_sorted_by_papers(papers: Papers) -> None:
    with papers.published() as connection:
        counts = [
            row[0] for row in connection.execute("select paper_count from marts.organization_candidates").fetchall()
        ]
        undecided = connection.execute(load_queries()["organizations_to_review"].sql).fetchall()
    assert counts == sorted(counts, reverse=True) != []
    assert {"Gist Labs", "Quiet Oslo Dubai"} <= {row[1] for row in undecided}
    assert not {"Colorful Loops (Inria)"} & {row[1] for row in undecided}
