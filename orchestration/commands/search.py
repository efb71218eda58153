"""`papers search`: papers by words, names and dates, the best match first."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands import console
from warehouse.settings import Settings

Home = Annotated[Path | None, typer.Option("--home", help="Where the warehouse lives.")]
Json = Annotated[bool, typer.Option("--json", help="Print the facts as one JSON object.")]
#: Authors named in a row of the table.
MAX_AUTHORS_SHOWN = 2
#: Characters of a query that a message repeats.
MAX_QUERY_SHOWN = 80


def register(app: typer.Typer, settings_of: Callable[[Path | None], Settings]) -> None:
    """Add the command to the `papers` command."""

    # -word excludes a word, so what is no option belongs to the query.
    @app.command(context_settings={"ignore_unknown_options": True})
    def search(
        query: Annotated[
            list[str],
            typer.Argument(
                help='Words, "an exact phrase", -word, author:NAME, org:NAME, has:code, after:2026-09-01, before:DATE.'
            ),
        ],
        limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many papers to show.")] = 10,
        home: Home = None,
        verbose: console.Verbose = False,
        as_json: Json = False,
    ) -> None:
        """Find papers by title, abstract, author or organization; the best match comes first."""
        from warehouse.search.query import search as find

        text = " ".join(query)
        console.check_text(text, "The query")
        hits = find(settings_of(home), text, limit)
        if as_json:
            papers = [{"rank": rank, **asdict(hit)} for rank, hit in enumerate(hits, start=1)]
            console.print_json({"query": text, "papers": papers})
            return
        if not hits:
            short = textwrap.shorten(text, MAX_QUERY_SHOWN, placeholder=" …")
            console.say(f"No paper matches {short}: try fewer or other words, or leave a filter out.")
            return
        rows = [
            [rank, hit.title, _names(hit.authors, hit.author_count), hit.first_listed_on, hit.upvotes, hit.paper_id]
            for rank, hit in enumerate(hits, start=1)
        ]
        console.print_table(["#", "paper", "authors", "listed", "upvotes", "id"], rows)


def _names(authors: Sequence[str], count: int | None) -> str:
    """The first authors, and how many more there are."""
    shown = authors[:MAX_AUTHORS_SHOWN]
    more = (count or len(authors)) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if shown and more > 0 else "")
