"""``papers sql``, ``query``, ``search``, ``similar``, ``cite``: answers from the published file, printed or written."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands import console
from orchestration.commands.app import Expand, Home, Json, Verbose, settings_of
from sources.daily_papers.ids import canonical_id
from warehouse.display import plural
from warehouse.errors import InputError

if TYPE_CHECKING:
    from warehouse.publication.queries import Query
    from warehouse.settings import Settings

app = typer.Typer()
_PANEL = "Read it"
Format = Annotated[str, typer.Option("--format", help="table, csv, spreadsheet (CSV that keeps ids), json or parquet.")]
Output = Annotated[Path | None, typer.Option("--output", help="The file to write; parquet needs one.")]
Timeout = Annotated[float | None, typer.Option("--timeout", min=0.001, help="Stop the query after so many seconds.")]
_FORMATS = ("table", "csv", "spreadsheet", "json", "parquet")
#: Authors named in a row of the search results.
_MAX_AUTHORS = 2
#: Characters of a search that a message repeats.
_MAX_QUERY_CHARACTERS = 80


@app.command(rich_help_panel=_PANEL)
def sql(
    statement: Annotated[str, typer.Argument(help="A query; tables of the schema marts need no prefix.")],
    form: Format = "table",
    output: Output = None,
    expand: Expand = False,
    timeout: Timeout = None,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Ask the published file a question in SQL (read-only)."""
    _answer(home, statement, "json" if as_json else form, output, expand, timeout)


@app.command(rich_help_panel=_PANEL)
def query(
    name: Annotated[str | None, typer.Argument(help="The query; without one, all are listed.")] = None,
    author: Annotated[
        str | None, typer.Option("--author", help="author_history: an author id, account handle or name.")
    ] = None,
    organization: Annotated[
        str | None, typer.Option("--organization", help="organization_history: an id, slug or name.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", help="known_on_a_day: a UTC day, like 2026-09-15; its end counts.")
    ] = None,
    form: Format = "table",
    output: Output = None,
    expand: Expand = False,
    timeout: Timeout = None,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """List the analytics queries, or run one."""
    from warehouse.publication.queries import load_queries

    options = {"author": author, "organization": organization, "day": day}
    variables = {option: value for option, value in options.items() if value is not None}
    if name is not None:
        chosen = _find_query(name)
        _check_parameters(chosen, variables)
        _answer(home, chosen.sql, "json" if as_json else form, output, expand, timeout, chosen, variables)
        return
    if variables:
        raise InputError(f"--{next(iter(variables))} goes with a query: `papers query` lists them.")
    queries = load_queries().values()
    if as_json:
        console.print_json(
            [
                {"name": q.name, "question": q.question, "grain": q.grain, "parameters": dict(q.parameters)}
                for q in queries
            ]
        )
    else:
        listed = [[q.name, q.question, ", ".join(f"--{one}" for one in q.parameters)] for q in queries]
        console.print_table(["name", "question", "parameters"], listed, expand=expand)


def _find_query(name: str) -> Query:
    """The analytics query of a name. Raises InputError where there is none."""
    from warehouse.publication.queries import load_queries

    queries = load_queries()
    if name not in queries:
        raise InputError(f"There is no query {name!r}: `papers query` lists them.")
    return queries[name]


def _check_parameters(query: Query, variables: Mapping[str, str]) -> None:
    """Raises InputError for a parameter that the query does not have, and for a value that it can't have."""
    from warehouse.landing.importing import parse_day

    for option, value in variables.items():
        if option not in query.parameters:
            known = " and ".join(f"--{one}" for one in query.parameters)
            raise InputError(
                f"The query {query.name} has no --{option}: " + (f"it has {known}." if known else "leave it out.")
            )
        console.check_text(value, f"--{option}")
        if not value.strip():
            raise InputError(f"--{option} is empty: give a value or leave it out.")
        if option == "day":
            parse_day(value, "--day")


def _answer(
    home: Path | None,
    statement: str,
    form: str,
    output: Path | None,
    expand: bool,
    timeout_seconds: float | None,
    query: Query | None = None,
    variables: Mapping[str, str] | None = None,
) -> None:
    from warehouse.publication.statements import run_statement

    if form not in _FORMATS:
        raise InputError(f"--format is {form!r}: give table, csv, spreadsheet, json or parquet.")
    if (form == "parquet") != (output is not None):
        raise InputError("--format parquet and --output FILE go together: Parquet is a file, the rest is printed.")
    settings = settings_of(home)
    console.check_text(statement, "The statement")
    answer = run_statement(
        settings, statement, output=output, timeout_seconds=timeout_seconds, query=query, variables=variables
    )
    if output:
        console.print_message(f"{answer.row_count} {plural(answer.row_count, 'row is', 'rows are')} in {output}")
    elif form == "json":
        names = answer.unique_names
        console.print_json([dict(zip(names, row, strict=True)) for row in answer.rows])
    elif form in ("csv", "spreadsheet"):
        console.print_csv(answer.unique_names, answer.rows, for_spreadsheet=form == "spreadsheet")
    else:
        console.print_table(answer.columns, answer.rows, expand=expand)
    if answer.why_empty:
        console.print_message(answer.why_empty)


# -word excludes a word, so unknown options are part of the query.
@app.command(rich_help_panel=_PANEL, context_settings={"ignore_unknown_options": True})
def search(
    query: Annotated[
        list[str],
        typer.Argument(
            help='Words, "an exact phrase", -word, author:NAME, org:NAME, has:code, after:2026-09-01, before:DATE.'
        ),
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many papers to show.")] = 10,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Find papers by title, abstract, author or organization; the best match comes first."""
    from warehouse.search.query import search as search_papers

    text = " ".join(query)
    console.check_text(text, "The query")
    hits = search_papers(settings_of(home), text, limit)
    if as_json:
        papers = [{"rank": rank, **asdict(hit)} for rank, hit in enumerate(hits, start=1)]
        console.print_json({"query": text, "papers": papers})
        return
    if not hits:
        short = textwrap.shorten(text, _MAX_QUERY_CHARACTERS, placeholder=" …")
        console.print_message(f"No paper matches {short}: try fewer or other words, or leave a filter out.")
        return
    rows = [
        [rank, hit.title, _names(hit.authors, hit.author_count), hit.first_listed_on, hit.upvotes, hit.paper_id]
        for rank, hit in enumerate(hits, start=1)
    ]
    console.print_table(["#", "paper", "authors", "listed", "upvotes", "id"], rows)


@app.command(rich_help_panel=_PANEL)
def similar(
    paper: Annotated[
        str, typer.Argument(help="A paper id, for example 2410.07524, or its arXiv or Hugging Face address.")
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, max=10, help="How many papers to show.")] = 10,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Find papers with a similar title and abstract, and the terms that they share."""
    from warehouse.search.query import similar as similar_papers

    console.check_text(paper, "The paper id")
    paper_id, title, related = similar_papers(settings_of(home), paper, limit)
    if as_json:
        console.print_json({"paper_id": paper_id, "title": title, "papers": [asdict(one) for one in related]})
        return
    if not related:
        console.print_message(f"No other paper shares a term with {console.plain(title)}.")
        return
    rows = [[one.rank, one.title, one.shared_terms, f"{one.score:.2f}", one.paper_id] for one in related]
    console.print_table(["#", "paper", "shared terms", "score", "id"], rows)


def _names(authors: Sequence[str], count: int | None) -> str:
    """The first authors, and how many more there are."""
    shown = authors[:_MAX_AUTHORS]
    more = (count or len(authors)) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if shown and more > 0 else "")


@app.command(rich_help_panel=_PANEL)
def cite(
    papers: Annotated[
        list[str] | None, typer.Argument(help="Paper ids or addresses of papers, like 2609.01234.", metavar="PAPER…")
    ] = None,
    query_name: Annotated[
        str | None, typer.Option("--query", help="Cite the papers that an analytics query answers with.")
    ] = None,
    search_text: Annotated[str | None, typer.Option("--search", help="Cite the papers that a search finds.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many papers a search cites.")] = 10,
    form: Annotated[str, typer.Option("--format", help="bibtex, ris or csl-json.")] = "bibtex",
    home: Home = None,
    verbose: Verbose = False,
) -> None:
    """Write citations of papers: BibTeX, RIS or CSL-JSON."""
    from warehouse.publication import citations
    from warehouse.publication.publish import read_published
    from warehouse.search.query import search as search_papers

    writers = {"bibtex": citations.bibtex, "ris": citations.ris}
    if form not in (*writers, "csl-json"):
        raise InputError(f"--format is {form!r}: give bibtex, ris or csl-json.")
    if [bool(papers), query_name is not None, search_text is not None].count(True) != 1:
        raise InputError("Say which papers to cite in one way: their ids, --query NAME or --search TEXT.")
    settings = settings_of(home)
    if query_name is not None:
        ids = _papers_of_query(settings, query_name)
    elif search_text is not None:
        console.check_text(search_text, "The query")
        ids = [hit.paper_id for hit in search_papers(settings, search_text, limit)]
    else:
        ids = [canonical_id(paper) or paper.strip() for paper in papers or ()]
    with read_published(settings) as connection:
        cited = citations.read_cited(connection, ids)
    if not cited:
        console.print_message("No paper to cite: the search or query has no rows.")
    if form == "csl-json":
        console.print_json(citations.csl_items(cited))
    elif cited:
        typer.echo(writers[form](cited), nl=False)


def _papers_of_query(settings: Settings, name: str) -> list[str]:
    """The papers in the rows of an analytics query, in its order. Raises InputError for a query of other things."""
    from warehouse.publication.statements import run_statement

    query = _find_query(name)
    answer = run_statement(settings, query.sql, query=query)
    if "paper_id" not in answer.columns:
        raise InputError(f"The query {name!r} does not answer with papers: choose one with the column paper_id.")
    column = answer.columns.index("paper_id")
    return [row[column] for row in answer.rows]
