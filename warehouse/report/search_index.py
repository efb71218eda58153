"""The index of the search in the page, as shards of the kind ``search``.

The page ranks as ``marts.search(query)`` does, with words, stems and stop words of the same macros
(``dbt_project/macros/search.sql``). The macro's index holds pairs of words too, which follow here from the places of
words. A paper has a number, from 0 in the order of the ids. The shards:

- ``t<n>``: posting lists by term (``postings``). All terms of one word are in one shard.
- ``index``, which every query needs: ``starts``, the first word of each shard of terms; ``stop_words``; ``gaps`` and
  ``word_counts`` of the postings; ``rows``, how many papers a shard of rows has.
- ``r<n>``: the rows of results: paper_id, title, authors (``MAX_NAMES`` at most), how many there are, organization,
  first listed on, last observed upvotes.
- ``facts``, for filters: the bits of ``has:`` as the macro's index has them; the first listing's day as days since 1970
  and 1, 0 where there is none; the days from there to the last listing.
- ``words``, for suggestions: the most frequent words of texts and names, the most frequent first.

A value stands beside a stamp of the texts and names: shards of different stamps don't fit together. While no text or
name changes, ``t<n>``, ``index`` and ``words`` are those of the report before.

Not here: how a query is read and ranked (``assets/search_engine.js``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from warehouse.database import scalar
from warehouse.publication.table_macros import search_macros
from warehouse.report import postings
from warehouse.report.folder import ReportFolder
from warehouse.report.postings import SECTIONS, Postings, Tokens, Word, compute_postings, write_numbers
from warehouse.report.words import clean
from warehouse.report.words import title as as_line
from warehouse.settings import DBT_PROJECT

#: Papers in a shard of rows: the 20 results shown first lie in 20 shards at worst.
ROWS = 48
#: Names in a row: the rows of 3,000 authors would be more than a query loads.
MAX_NAMES = 40
#: Characters of a shard of terms before compression, unless one word has more.
MAX_TERM_CHARACTERS = 40_000
#: Words for suggestions.
MAX_WORDS = 30_000
#: The names of each paper's organizations: of its own and of what that is part of.
_ORGANIZATIONS = """
    select distinct number, name
    from (
        select number, unnest([display_name, slug]) as name
        from bridge_paper_families
        inner join dim_organizations using (organization_id)
        inner join search_numbers using (paper_id)
    )
    where name is not null
"""


def write_search(connection: duckdb.DuckDBPyConnection, folder: ReportFolder) -> None:
    """Write the shards of the search. They cover the papers of the report (``report_papers``)."""
    connection.execute(
        """create or replace temp table search_numbers as
           select paper_id, row_number() over (order by paper_id) - 1 as number from report_papers"""
    )
    stamp = _stamp(connection)
    shards = [_row_shards(connection)]
    if not _reuse(folder, stamp):
        shards.append(_text_shards(connection))
    folder.write_shards("search", ((name, _json([stamp, value])) for name, value in chain.from_iterable(shards)))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _stamp(connection: duckdb.DuckDBPyConnection) -> str:
    """A hash of what the shards of texts are made of: texts and names by paper, and the code that writes them."""
    of_texts = connection.execute(
        f"""select bit_xor(md5_number_lower(concat_ws('\x1f', number, title, coalesce(abstract, '')))),
                   (select bit_xor(md5_number_lower(concat_ws('\x1f', number, position, readable_name)))
                    from bridge_paper_authors inner join search_numbers using (paper_id)),
                   (select bit_xor(md5_number_lower(concat_ws('\x1f', number, name))) from ({_ORGANIZATIONS}))
            from dim_papers inner join search_numbers using (paper_id)"""
    ).fetchone()
    code = (
        Path(__file__),
        Path(postings.__file__),
        DBT_PROJECT / "macros" / "search.sql",
        DBT_PROJECT / "dbt_project.yml",
    )
    hashed = hashlib.md5(repr(of_texts).encode(), usedforsecurity=False)
    for file in code:
        hashed.update(file.read_bytes())
    return hashed.hexdigest()[:12]


def _reuse(folder: ReportFolder, stamp: str) -> bool:
    """Let the shards of texts of the report before stay, if it has them all and their stamp is this one."""
    index = folder.read_earlier_shard("search", "index")
    if not index or index[0] != stamp:
        return False
    return folder.keep_shards(
        "search", ["index", "words", *(f"t{number}" for number in range(len(index[1]["starts"])))]
    )


def _text_shards(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Any]]:
    tokens = _read_tokens(connection)
    found = compute_postings(tokens)
    starts = []
    for number, (start, terms) in enumerate(_groups(found)):
        starts.append(start)
        yield f"t{number}", terms
    yield (
        "index",
        {
            "starts": starts,
            "stop_words": scalar(connection, f"select {search_macros().search_stop_words()}"),
            "gaps": found.gaps,
            "word_counts": found.word_counts,
            "rows": ROWS,
        },
    )
    yield "words", _frequent(tokens.words)


def _row_shards(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Any]]:
    for number, rows in enumerate(_read_rows(connection)):
        yield f"r{number}", rows
    yield "facts", _read_facts(connection)


def _read_tokens(connection: duckdb.DuckDBPyConnection) -> Tokens:
    """Every word of the papers' texts and names, which are those of the macro's index."""
    macros = search_macros()
    connection.execute(
        f"""create or replace temp table search_words as
            with papers as (
                select number, title, abstract from dim_papers inner join search_numbers using (paper_id)
            ),
            sections as (
                select {SECTIONS} * number as section, {macros.search_words("coalesce(abstract, '')")} || [''] as words
                from papers
                union all
                select {SECTIONS} * number + 1, {macros.search_words("title")} || [''] from papers
                union all
                select {SECTIONS} * number + 2,
                       flatten(list({macros.search_words("readable_name")} || [''] order by position))
                from bridge_paper_authors inner join search_numbers using (paper_id) group by number
                union all
                select {SECTIONS} * number + 3, flatten(list({macros.search_words("name")} || [''] order by name))
                from ({_ORGANIZATIONS}) group by number
            ),
            grouped as (
                select word, list(section * 16777216 + place) as places
                from (select section, unnest(words) as word, generate_subscripts(words, 1) - 1 as place from sections)
                group by word
            )
            select (row_number() over (order by word) - 1)::int as id, word, {macros.search_stem("word")} as stem,
                   list_contains({macros.search_stop_words()}, word) as is_stop, places
            from grouped"""
    )
    words = connection.execute("select word, stem, is_stop, len(places) from search_words order by id").fetchall()
    found = connection.execute("select id, unnest(places) as place from search_words").fetchnumpy()
    ids, keys = (np.asarray(found[name]) for name in ("id", "place"))
    papers = int(scalar(connection, "select count(*) from search_numbers"))
    return Tokens(
        [Word(*word) for word in words], ids, (keys >> 24).astype(np.int32), (keys & 0xFFFFFF).astype(np.int32), papers
    )


def _groups(found: Postings) -> Iterator[tuple[str, dict[str, list[Any]]]]:
    """The terms of each shard, and the first of their words."""
    start, terms, size = "", dict[str, list[Any]](), 0
    for word, lists in groupby(found.lists, key=itemgetter(0)):
        of_word = {term: columns for _, term, columns in lists}
        characters = sum(len(term) + sum(map(len, columns)) for term, columns in of_word.items())
        if terms and size + characters > MAX_TERM_CHARACTERS:
            yield start, terms
            start, terms, size = word, {}, 0
        terms |= of_word
        size += characters
    if terms:
        yield start, terms


def _frequent(words: list[Word]) -> list[str]:
    """Words for suggestions, the most frequent first."""
    found = [word for word in words if len(word.text) > 2 and not word.is_stop and not word.text.isdigit()]
    found.sort(key=lambda word: (-word.count, word.text))
    return [word.text for word in found[:MAX_WORDS]]


def _read_facts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    columns = connection.execute(
        f"""select {search_macros().search_facts("papers")} as facts,
                   coalesce(first_listed_on - date '1970-01-01' + 1, 0) as first,
                   coalesce(last_listed_on - first_listed_on, 0) as days
            from dim_papers as papers inner join search_numbers using (paper_id)
            order by number"""
    ).fetchnumpy()
    return [write_numbers(np.asarray(columns[name], np.int64)) for name in ("facts", "first", "days")]


def _read_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[list[list[Any]]]:
    cursor = connection.execute(
        f"""with authors as (
               select paper_id, list(display_name order by position)[:{MAX_NAMES}] as names, count(*) as author_count
               from bridge_paper_authors inner join dim_authors using (author_id)
               where paper_id in (select paper_id from search_numbers) group by paper_id
           )
           select papers.paper_id, title, coalesce(names, []), coalesce(authors.author_count, 0),
                  organizations.display_name, first_listed_on, papers.upvotes
           from dim_papers as papers
           inner join search_numbers as numbers on papers.paper_id = numbers.paper_id
           left join authors on papers.paper_id = authors.paper_id
           left join dim_organizations as organizations on papers.organization_id = organizations.organization_id
           order by numbers.number"""
    )
    name = cache(lambda text: clean(text, 120))
    while rows := cursor.fetchmany(ROWS):
        yield [
            [
                paper_id,
                as_line(title),
                [name(author) for author in names],
                author_count,
                name(organization or ""),
                listed_on.isoformat() if listed_on else "",
                upvotes,
            ]
            for paper_id, title, names, author_count, organization, listed_on, upvotes in rows
        ]
