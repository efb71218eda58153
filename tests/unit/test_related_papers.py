"""Related papers equal a plain computation, in one build or in many; a set of judgements is scored as published."""

from __future__ import annotations

import csv
import json
import math
import random
import re
import unicodedata
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.commands import cli
from warehouse.errors import InputError
from warehouse.publication.table_macros import search_macros
from warehouse.resolution.incremental.engine import DuckDB
from warehouse.search import related
from warehouse.search.evaluation import evaluate_related, ndcg
from warehouse.search.vectors import REFERENCE

Text = tuple[str, str | None]
WORDS = [
    "diffusion",
    "transformer",
    "agents",
    "images",
    "video",
    "policies",
    "reasoning",
    "alignment",
    "audio",
    "tokens",
    "retrieval",
    "memory",
    "robots",
    "the",
    "of",
]

STOP_WORDS = {
    *("a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "for", "from", "has", "have", "in"),
    *("into", "is", "it", "its", "more", "not", "of", "on", "or", "our", "such", "than", "that", "the", "their"),
    *("them", "then", "these", "they", "this", "those", "to", "us", "was", "we", "were", "which", "with"),
}


def _terms(text: str | None) -> list[str]:
    """The stemmed words of a text, computed without the index."""
    plain = "".join(c for c in unicodedata.normalize("NFD", (text or "").lower()) if not unicodedata.combining(c))
    plain = plain.replace("ß", "ss")
    terms = []
    for word in re.findall(r"[a-z0-9]+|[^\x00-\x7F\W]+", plain):
        if word in STOP_WORDS:
            continue
        if len(word) >= 4 and not re.search("[0-9]|(ss|us|is)$", word):
            word = word[:-3] + "y" if len(word) > 4 and word.endswith("ies") else word.removesuffix("s")
        terms.append(word)
    return terms


class Archive:
    """The tables that ``int_related_lists`` reads, filled as their models do, and its rows."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            """create table texts (paper_id varchar, title varchar, abstract varchar);
               create table numbers (paper_number uinteger, paper_id varchar, title varchar, abstract varchar);
               create table postings (
                   term uinteger, paper_number uinteger, frequency utinyint, title_frequency utinyint
               )"""
        )
        self.engine = DuckDB(self.connection)

    def build(self, papers: dict[str, Text]) -> dict[str, tuple[Any, ...]]:
        """Builds after the archive came to hold these papers, and returns the lists by paper."""
        connection = self.connection
        is_incremental = bool(connection.execute("select count(*) from numbers").fetchall()[0][0])
        connection.execute("delete from texts")
        for paper_id, text in papers.items():
            connection.execute("insert into texts values (?, ?, ?)", [paper_id, *text])
        connection.execute(
            """create or replace temporary table fresh as
               select (select coalesce(max(paper_number), 0) from numbers) + row_number() over () as number,
                   paper_id, title, abstract
               from texts where not exists (
                   select 1 from numbers where numbers.paper_id = texts.paper_id
                   and numbers.title = texts.title and numbers.abstract is not distinct from texts.abstract
               )"""
        )
        connection.execute("insert into numbers from fresh")
        macros = search_macros()
        fields = " union all ".join(
            f"select number, {column == 'title'} as is_title, {macros.search_terms(column)} as words from fresh"
            for column in ("title", "abstract")
        )
        connection.execute(
            f"""insert into postings
                select {macros.search_key("term")}, number, least(count(*), 255),
                    least(count(*) filter (where is_title), 255)
                from (
                    select number, is_title, unnest(words || {macros.search_pairs("words")}) as term
                    from ({fields}) where len(words) > 0
                ) group by 1, 2"""
        )
        connection.execute(
            """create or replace temporary view papers as from texts;
               create or replace temporary view indexed as
               select texts.paper_id, paper_number from texts inner join numbers
               on texts.paper_id = numbers.paper_id and texts.title = numbers.title
               and texts.abstract is not distinct from numbers.abstract"""
        )
        if is_incremental:
            connection.execute("create or replace temporary table earlier as from lists")
        written = related.compute_lists(self.engine, is_incremental)
        connection.register("written", written)
        if is_incremental:
            connection.execute("delete from lists where paper_id in (select paper_id from written)")
            connection.execute("insert into lists from written")
        else:
            connection.execute("create table lists as from written")
        connection.execute("delete from lists where paper_id not in (select paper_id from texts)")
        rows = connection.execute("select paper_id, related_paper_ids, scores, shared_terms from lists").fetchall()
        return {paper_id: (*lists,) for paper_id, *lists in rows}


def _chance_text(chance: random.Random) -> Text:
    title = " ".join(chance.choices(WORDS, k=chance.randint(0, 4)))
    return title, None if chance.random() < 0.2 else " ".join(chance.choices(WORDS, k=chance.randint(1, 12)))


def _expected(papers: dict[str, Text], max_papers: int) -> dict[str, list[tuple[str, int]]]:
    """Ids and scores of related papers, in plain Python."""
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        reference = {row["term"]: int(row["papers"]) for row in csv.DictReader(file)}
    vectors, having = {}, Counter[str]()
    counted = sorted(papers)[: 2 ** math.floor(math.log2(len(papers)))]
    for paper_id, (title, abstract) in papers.items():
        counts = defaultdict[str, float](float)
        for text, share in ((title, 1.5), (abstract, 1.0)):
            words = _terms(text)
            for term in [*words, *map(" ".join, pairwise(words))]:
                counts[term] += share
        weights = {
            term: count
            / (count + 2.25)
            * math.log((reference["*"] + 1) / (reference.get(term, 0) + 1)) ** 0.65
            * (0.85 if " " in term else 1)
            for term, count in counts.items()
        }
        length = math.sqrt(math.fsum(weight**2 for weight in weights.values()))
        vectors[paper_id] = {term: weight / length for term, weight in weights.items()}
        if paper_id in counted:
            having.update(list(vectors[paper_id]))
    found = {}
    for paper_id, vector in vectors.items():
        products = {
            other: sum(weight * theirs.get(term, 0) for term, weight in vector.items() if having[term] <= max_papers)
            for other, theirs in vectors.items()
            if other != paper_id
        }
        ranked = sorted((-product, other) for other, product in products.items() if product > 0)
        found[paper_id] = [(other, -product) for product, other in ranked]
    return found


def _agree(lists: dict[str, tuple[Any, ...]], papers: dict[str, Text], max_papers: int) -> None:
    """The lists are those of the plain computation. Weights are rounded, so near scores may change places."""
    assert lists.keys() == papers.keys()
    for paper_id, expected in _expected(papers, max_papers).items():
        ids, scores, _ = lists[paper_id]
        assert len(ids) == min(10, len(expected)) and paper_id not in ids
        assert list(zip([-score for score in scores], ids, strict=True)) == sorted(
            zip([-score for score in scores], ids, strict=True)
        ), "ties by paper id"
        by_paper = dict(expected)
        assert all(abs(by_paper[other] - score / 10_000) < 0.0008 for other, score in zip(ids, scores, strict=True))
        assert [score / 10_000 for score in scores] == pytest.approx([s for _, s in expected[:10]], abs=0.0008)


def test_lists_of_the_sample_equal_a_plain_computation(sample_texts: dict[str, Text]) -> None:
    _agree(Archive().build(sample_texts), sample_texts, related.MAX_PAPERS)


@pytest.fixture
def sample_texts() -> dict[str, Text]:
    chance = random.Random(11)
    vocabulary = [*WORDS, *(f"word{number}" for number in range(200)), "Größe", "模型", "naïve"]
    return {
        f"p{number:03}": (" ".join(chance.choices(vocabulary, k=6)), " ".join(chance.choices(vocabulary, k=60)))
        for number in range(60)
    }


@pytest.mark.parametrize("seed", range(4))
def test_builds_over_random_arrivals_equal_a_full_build(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(related, "MAX_PAPERS", 8)
    monkeypatch.setattr(related, "_TEXTS", 7)
    monkeypatch.setattr(related, "_PRODUCT_ROWS", 3)
    chance = random.Random(seed)
    grown, papers = Archive(), dict[str, Text]()
    past: list[Text] = []
    for _ in range(8):
        for _ in range(chance.randint(1, 9)):
            papers[f"p{chance.randrange(60):02}"] = _chance_text(chance)
        if len(papers) > 5:
            changed, gone = chance.sample(sorted(papers), 2)
            papers[changed] = chance.choice(past) if past else papers[gone]
            past.append(papers.pop(gone))
        lists = grown.build(papers)
        shuffled = list(papers.items())
        chance.shuffle(shuffled)
        assert lists == Archive().build(dict(shuffled))
        _agree(lists, papers, 8)
    assert any(len(ids) == 10 for ids, _, _ in lists.values())


def test_a_build_writes_only_the_lists_that_a_new_text_can_affect() -> None:
    archive = Archive()
    papers = {f"p{number:02}": (f"topic{number % 20} study{number}", None) for number in range(60)}
    archive.build({paper: (title, text) for paper, (title, text) in papers.items()})
    before = archive.connection.execute("select count(*) from lists").fetchall()
    archive.build(papers | {"new": ("topic3 surprise", None)})
    written = archive.connection.execute("select paper_id from written order by 1").fetchall()
    assert before == [(60,)] and written == [("new",), ("p03",), ("p23",), ("p43",)]


def test_papers_without_abstract_with_equal_texts_alone_or_in_other_scripts_have_defined_lists() -> None:
    assert Archive().build({"a": ("Diffusion models", None)}) == {"a": ([], [], [])}
    lists = Archive().build(
        {
            "b": ("Диффузионные модели", "Мы изучаем модели"),
            "a": ("Диффузионные модели", "Мы изучаем модели"),
            "c": ("Диффузионные модели", None),
            "d": ("The of and", ""),
            "e": ("拡散モデル", None),
            "f": ("Diffusion models", None),
        }
    )
    assert lists["c"][0] == ["a", "b"] and lists["c"][1][0] == lists["c"][1][1]
    assert lists["a"][0] == ["b", "c"] and lists["a"][1][0] == 10_000
    assert lists["d"] == lists["e"] == lists["f"] == ([], [], [])
    assert lists["c"][2][0] == "диффузионные модели"


def _line(query: str, relevances: list[int], **changes: Any) -> str:
    candidates = [
        {"id": f"c{n}", "title": f"Trees of kind {n}", "abstract": "oak " * (n + 1), "relevance": r}
        for n, r in enumerate(relevances)
    ]
    return json.dumps(
        {"query": query, "id": "q", "title": "Trees", "abstract": None, "candidates": candidates} | changes
    )


def test_ndcg_is_that_of_the_first_fifth_of_the_pool() -> None:
    assert ndcg([3, 0, 0, 0, 0]) == 1.0
    assert ndcg([0, 3, 0, 0, 0]) == 0.0
    assert ndcg([1, 3, 0, 0, 0, 0]) == pytest.approx((1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3)))
    assert ndcg([0, 0]) == 0.0


def test_a_set_is_scored_and_every_candidate_is_predicted(tmp_path: Path) -> None:
    file, out = tmp_path / "set.jsonl", tmp_path / "out.jsonl"
    file.write_text(_line("one", [3, 0, 1, 0, 2, 0]) + "\n\n" + _line("two", [0]) + "\n", encoding="utf-8")
    arguments = ["evaluate", "--related", str(file), "--predictions", str(out), "--json"]
    answer = CliRunner().invoke(cli.app, arguments)
    assert answer.exit_code == 0, answer.output
    facts = json.loads(answer.stdout)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(row["query"], row["id"]) for row in rows] == [*(("one", f"c{n}") for n in range(6)), ("two", "c0")]
    pool = sorted((-row["score"], row["id"]) for row in rows if row["query"] == "one")
    relevance = dict(zip((f"c{n}" for n in range(6)), [3, 0, 1, 0, 2, 0], strict=True))
    assert facts["by_query"] == {"one": round(ndcg([relevance[id_] for _, id_ in pool]), 4), "two": 0.0}
    assert facts["candidates"] == 7


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "[" * 100_000,
        _line("q", [1]).replace('"title": "Trees",', ""),
        _line("q", [4]),
        _line("q", [1], candidates=[]),
        _line("q", [1], candidates=[1]),
        _line("q", [1]) + "\n" + _line("q", [1]),
        _line("q", [1], title="\ud800"),
        _line("q", [1, 1]).replace("c1", "c0"),
        "",
    ],
)
def test_a_set_that_cannot_be_read_is_one_sentence(line: str, tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=r"set\.jsonl(, line \d+: | has no query)"):
        evaluate_related(file)


def test_evaluate_takes_one_set(tmp_path: Path) -> None:
    for arguments in ([], ["x", "--related", "y"], ["--related", "y", "--hide-accounts"]):
        assert CliRunner().invoke(cli.app, ["evaluate", *arguments]).exit_code == 2, arguments
    for missing in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError, match="can't be read"):
            evaluate_related(missing)


def test_the_judged_set_has_at_least_the_published_figure(shared_data: Path) -> None:
    assert evaluate_related(shared_data / "related" / "csfcube_dev.jsonl").mean_ndcg >= 0.56
