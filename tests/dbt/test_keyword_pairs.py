"""Which listed keywords the models count as one, measured on labelled pairs beside all keywords of the given listings.

``keyword_pairs.csv`` has 300 pairs of keywords of the given listings, labelled by judgement before the rules were
written: 150 are the same, 150 different, most of them nearly equal. Each half has 75 of either. The first half was seen
while the rules were written, the second when they were measured.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from dbt_builds import building

MODELS = ("keyword_aliases", "int_content_keywords", "int_keyword_forms", "int_keyword_merges", "dim_keyword_aliases")
Rows = list[dict[str, str]]


def _spelling(keyword: str) -> str:
    return re.sub(r"\s+", " ", keyword.lower()).strip()


@pytest.fixture(scope="module")
def pairs() -> Rows:
    with Path(__file__).with_name("keyword_pairs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def aliases(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Spelling → keyword, of the spellings in the given listings that are counted as another text."""
    folder = tmp_path_factory.mktemp("keywords")
    raw, built = folder / "raw.duckdb", folder / "next.duckdb"
    duckdb.connect(str(raw)).close()
    listed: dict[str, list[str]] = {}
    for path in sorted((shared_data / "listings" / "api").glob("*.json")):
        body = json.loads(path.read_text("utf-8"))
        # Some of the files are no listings, or have entries that are none.
        for entry in body if isinstance(body, list) else []:
            paper = entry.get("paper") if isinstance(entry, dict) else None
            if isinstance(paper, dict) and isinstance(paper.get("ai_keywords"), list):
                listed[str(paper.get("id"))] = [word for word in paper["ai_keywords"] if isinstance(word, str)]
    with duckdb.connect(str(built)) as connection:
        connection.execute("create schema staging; create schema intermediate")
        connection.execute("create table staging.stg_raw__entry_contents (content_id varchar, ai_keywords varchar[])")
        connection.execute(
            "insert into staging.stg_raw__entry_contents select unnest($papers), unnest($keywords)",
            {"papers": list(listed), "keywords": list(listed.values())},
        )
        connection.execute(
            "create table intermediate.int_papers_latest as "
            "select content_id, content_id as paper_id from staging.stg_raw__entry_contents"
        )
    with building("--exclude-resource-type", "test", "unit_test", "--select", *MODELS) as build:
        build(raw, built, "--full-refresh")
    with duckdb.connect(str(built), read_only=True) as connection:
        return dict(connection.execute("select alias, keyword from marts.dim_keyword_aliases").fetchall())


def test_each_half_has_as_many_same_as_different_pairs(pairs: Rows) -> None:
    assert Counter((pair["half"], pair["label"]) for pair in pairs) == {
        (half, label): 75 for half in "12" for label in ("same", "different")
    }
    assert len({frozenset(map(_spelling, (pair["keyword"], pair["other_keyword"]))) for pair in pairs}) == 300


@pytest.mark.parametrize("half", ["1", "2"])
def test_keywords_are_one_where_people_say_so(pairs: Rows, aliases: dict[str, str], half: str) -> None:
    """Precision: the share of merged pairs that are labelled the same. Recall: the share of those that are merged."""
    merged = dict.fromkeys(("same", "different"), 0)
    for pair in pairs:
        one, other = (_spelling(pair[name]) for name in ("keyword", "other_keyword"))
        merged[pair["label"]] += pair["half"] == half and aliases.get(one, one) == aliases.get(other, other)
    assert merged["same"] / (merged["same"] + merged["different"]) >= 0.99, "precision"
    assert merged["same"] / 75 >= 0.9, "recall"


def test_no_keyword_is_counted_as_another_one(aliases: dict[str, str]) -> None:
    assert set(aliases.values()) & aliases.keys() == set()
