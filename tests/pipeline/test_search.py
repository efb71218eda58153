"""Search in the published file: ranked, with the syntax that people expect; a bad query is one sentence."""

from __future__ import annotations

import math
import re
import shutil
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Papers
from warehouse.publication.table_macros import search_macros

STOP_WORDS = {
    *("a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "for", "from", "has", "have", "in"),
    *("into", "is", "it", "its", "more", "not", "of", "on", "or", "our", "such", "than", "that", "the", "their"),
    *("them", "then", "these", "they", "this", "those", "to", "us", "was", "we", "were", "which", "with"),
}


def _found(papers: Papers, query: str) -> list[str]:
    with papers.published() as connection:
        rows = connection.execute(
            "select paper_id from marts.search(?) order by score desc, paper_id", [query]
        ).fetchall()
    return [paper_id for (paper_id,) in rows]


def _words(text: str | None) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", (text or "").lower()) if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9]+", plain)


def _stem(word: str) -> str:
    if len(word) < 4 or re.search("[0-9]|(ss|us|is)$", word):
        return word
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s")


def _terms(text: str | None) -> list[str]:
    return [_stem(word) for word in _words(text) if word not in STOP_WORDS]


@pytest.mark.parametrize("query", ["multimodal large language models", None], ids=["words", "start of an abstract"])
def test_scores_equal_bm25_computed_in_python(demo: Papers, query: str | None) -> None:
    with demo.published() as connection:
        texts = connection.execute("select paper_id, title, abstract from marts.dim_papers order by 1").fetchall()
        query = query or " ".join(_words(texts[-1][2])[:4])
        names = Counter[tuple[str, str]]()
        for field, sql in (
            ("author", "select paper_id, name_as_listed from marts.bridge_paper_authors"),
            (
                "org",
                "select distinct paper_id, unnest([display_name, slug]) from marts.bridge_paper_families "
                "join marts.dim_organizations using (organization_id)",
            ),
        ):
            for paper_id, name in connection.execute(sql).fetchall():
                for word in _words(name):
                    names[paper_id, f"{field}:{word}"] += 1
        found = dict(connection.execute("select paper_id, score from marts.search(?)", [query]).fetchall())
    frequencies: Counter[tuple[str, str]] = names.copy()
    lengths = {}
    for paper_id, title, abstract in texts:
        lengths[paper_id] = len(_terms(title)) + len(_terms(abstract))
        for words in (_terms(title), _terms(abstract)):
            frequencies.update((paper_id, word) for word in words)
            frequencies.update((paper_id, " ".join(pair)) for pair in pairwise(words))
    words = _terms(query)
    weights = dict.fromkeys(words, 1.0) | {" ".join(pair): 3.0 for pair in pairwise(words)}
    weights |= {f"{field}:{word}": 0.5 for word in words for field in ("author", "org")}
    mean = sum(lengths.values()) / len(lengths)
    scores: Counter[str] = Counter()
    for term, weight in weights.items():
        having = [paper_id for paper_id in lengths if frequencies[paper_id, term]]
        rarity = math.log(1 + (len(lengths) - len(having) + 0.5) / (len(having) + 0.5))
        for paper_id in having:
            frequency = frequencies[paper_id, term]
            scores[paper_id] += (
                weight * rarity * frequency * 1.6 / (frequency + 0.6 * (0.25 + 0.75 * lengths[paper_id] / mean))
            )
    typed = f" {' '.join(_words(query))} "
    for paper_id, title, abstract in texts:
        title_text, abstract_text = (f" {' '.join(_words(text))} " for text in (title, abstract))
        if paper_id in scores and typed in abstract_text:
            before = _terms(abstract_text[: abstract_text.find(typed)])
            scores[paper_id] += 7 - 2 * len(before) / lengths[paper_id]
        elif paper_id in scores and typed in title_text:
            scores[paper_id] += 5
    assert found.keys() == scores.keys()
    assert len(found) > 10
    assert all(found[paper_id] == pytest.approx(score, abs=2e-6) for paper_id, score in scores.items())


@pytest.mark.parametrize("query", ["model", "language models", "has:code"])
def test_papers_are_in_order_with_and_without_a_limit(demo: Papers, query: str) -> None:
    with demo.published() as connection:
        rows = [row[0] for row in connection.execute("select paper_id from marts.search(?)", [query]).fetchall()]
        first = connection.execute("select paper_id from marts.search(?) limit 7", [query]).fetchall()
    assert rows == _found(demo, query) and len(rows) > 7
    assert [paper_id for (paper_id,) in first] == rows[:7]


def test_a_title_typed_as_listed_finds_its_paper_first(demo: Papers) -> None:
    with demo.published() as connection:
        titles = connection.execute(
            "select paper_id, title from marts.dim_papers order by paper_id limit 25"
        ).fetchall()
    for paper_id, title in titles:
        typed = title.replace('"', " ")
        assert _found(demo, re.sub(r"(?<!\S)-", " ", typed))[0] == paper_id, title


def test_a_pair_with_the_number_of_another_finds_no_paper_without_its_words(demo: Papers, tmp_path: Path) -> None:
    shutil.copyfile(demo.home / "papers.duckdb", tmp_path / "papers.duckdb")
    key = search_macros().search_key("pair")
    with duckdb.connect(str(tmp_path / "papers.duckdb")) as connection:
        pairs = ["fang show", "wrpo eliminate"]
        keys = connection.execute(f"select {key} from (select unnest(?) as pair) order by pair", [pairs]).fetchall()
        assert keys[0] == keys[1]
        connection.execute(
            f"""insert into intermediate.int_search_postings by name
                select {key} as term, paper_number, 1 as frequency, 0 as title_frequency
                from intermediate.int_search_papers cross join (select 'wrpo eliminate' as pair)"""
        )
        having = connection.execute(
            "select paper_id from marts.search('fang') union select paper_id from marts.search('show')"
        )
        words = {paper_id for (paper_id,) in having.fetchall()}
        found = connection.execute("select paper_id from marts.search('fang show')").fetchall()
    assert {paper_id for (paper_id,) in found} == words


def test_a_phrase_an_exclusion_and_filters_leave_only_what_fits(demo: Papers) -> None:
    with demo.published() as connection:

        def ids(condition: str) -> set[str]:
            return {
                paper_id
                for (paper_id,) in connection.execute(
                    f"select paper_id from marts.dim_papers where {condition}"
                ).fetchall()
            }

        phrase = ids("regexp_matches(lower(title || ' ' || abstract), '\\blanguage model\\b')")
        plural = ids("regexp_matches(lower(title || ' ' || abstract), '\\blanguage models\\b')")
        coded = ids("code_url is not null")
        late = ids("last_listed_on >= date '2026-09-15'")
        author = connection.execute(
            "select display_name from marts.dim_authors order by paper_count desc, author_id limit 1"
        ).fetchall()[0][0]
        papers_of = {
            paper_id
            for (paper_id,) in connection.execute(
                "select paper_id from marts.bridge_paper_authors where name_as_listed = ?", [author]
            ).fetchall()
        }
    assert plural and set(_found(demo, '"language models"')) == plural
    assert set(_found(demo, '"language model"')) == phrase
    everything = set(_found(demo, "model"))
    assert set(_found(demo, "model has:code")) == everything & coded != everything
    assert set(_found(demo, "model -has:code")) == everything - coded
    assert set(_found(demo, "model after:2026-09-15")) == everything & late != everything
    assert set(_found(demo, "model -language")) == everything - set(_found(demo, "language")) != everything
    assert set(_found(demo, 'model -"language models"')) == everything - plural
    assert papers_of <= set(_found(demo, f'author:"{author}"'))


def test_an_excluded_phrase_is_compared_as_typed(demo: Papers) -> None:
    """Its words may stand apart, in another form, or with a stop word between them."""
    everything = set(_found(demo, "model"))
    singular, plural = set(_found(demo, '"language model"')), set(_found(demo, '"language models"'))
    assert plural - singular, "some papers have the plural alone"
    assert set(_found(demo, 'model -"language model"')) == everything - singular
    assert set(_found(demo, 'model -"language models"')) == everything - plural
    assert set(_found(demo, 'model -"models language"')) == everything
    assert set(_found(demo, 'model -"language of models"')) == everything


def test_a_hyphenated_word_is_required_in_quotation_marks_alone(demo: Papers) -> None:
    loose, strict = set(_found(demo, "language-models")), set(_found(demo, '"language-models"'))
    assert loose == set(_found(demo, "language models")) > strict
    assert strict == set(_found(demo, '"language models"'))
    assert set(_found(demo, "model -language-models")) == set(_found(demo, "model")) - strict


def test_words_match_whatever_their_case_accents_and_plural(demo: Papers) -> None:
    assert set(_found(demo, "MODELS")) == set(_found(demo, "model")) == set(_found(demo, "mödel"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "no words"),
        ("…", "no words"),
        ("\u200b", "no words"),
        ('"open', "quotation mark"),
        ("-language", "only excludes"),
        ("model after:yesterday", "2026-09-01"),
        ("model before:infinity", "2026-09-01"),
        ("model has:money", "code"),
        ('model author:"-"', "name"),
    ],
)
def test_a_query_that_cannot_be_read_is_one_sentence(demo: Papers, query: str, words: str) -> None:
    with demo.published() as connection, pytest.raises(duckdb.InvalidInputException, match=words):
        connection.execute("from marts.search(?)", [query]).fetchall()
    called = demo("search", query, expect=2)
    assert words in called.err and len(called.err.strip().splitlines()) == 1


def test_the_command_shows_the_best_papers_first_and_says_when_there_are_none(demo: Papers) -> None:
    facts = demo("search", "language", "models", "--limit", "3", "--json").facts
    assert facts["query"] == "language models"
    assert [paper["paper_id"] for paper in facts["papers"]] == _found(demo, "language models")[:3]
    assert [paper["rank"] for paper in facts["papers"]] == [1, 2, 3]
    assert facts["papers"][0]["title"] in demo("search", "language models").out
    assert "-language" not in demo("search", "models", "-language", "--json").facts["papers"][0]["title"]
    assert "No paper matches" in demo("search", "zzyzx").err


def test_search_answers_for_its_own_file_alone(demo: Papers) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demo.home / 'papers.duckdb'}' as hf (read_only)")
        with pytest.raises(duckdb.Error):
            connection.execute("from hf.marts.search('model')").fetchall()
        connection.execute("create schema marts")
        connection.execute("create macro marts.file_id() as 'another'")
        with pytest.raises(duckdb.Error):
            connection.execute("from hf.marts.search('model')").fetchall()
        connection.execute("use hf")
        assert connection.execute("from hf.marts.search('model')").fetchall()


def test_the_index_is_small_beside_what_it_covers(demo: Papers) -> None:
    with demo.published() as connection:
        postings, papers = (
            connection.execute(f"select count(*) from intermediate.{table}").fetchall()[0][0]
            for table in ("int_search_postings", "int_search_papers")
        )
        assert papers == connection.execute("select count(*) from marts.dim_papers").fetchall()[0][0]
    assert postings / papers < 600
