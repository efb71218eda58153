"""How the command speaks: facts on stdout (a table, or one JSON object), everything else on stderr."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


#: What makes a spreadsheet run a cell: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def plain(value: Any) -> str:
    """A value as one line of text. Control characters of listed texts never reach the terminal."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "".join(
        " " if c in "\n\r\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf") else c
        for c in str(value)
    )


def csv_cell(value: Any) -> Any:
    """A value for a CSV file. A listed text that a spreadsheet would run as a formula gets an apostrophe first."""
    return f"'{value}" if isinstance(value, str) and value.lstrip()[:1] in _FORMULA else value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """Rows as a table; texts are shown as they are, never read as markup."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    numeric = [all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(columns))]
    for name, is_number in zip(columns, numeric, strict=True):
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(value)) for value in row))
    # A file or a pipe has no edge to wrap at.
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=4000)).print(table)


def print_json(facts: Any) -> None:
    """One JSON value on stdout; dates and times in ISO form."""
    print(json.dumps(facts, default=_jsonable, ensure_ascii=False))


def say(text: str) -> None:
    """A line for the person, on stderr."""
    err.print(Text(plain(text)))


class TimeLeft(ProgressColumn):
    """What is left at the mean pace since the start, waits and retries included; nothing before there is a pace."""

    def render(self, task: Task) -> Text:
        """The estimate as text."""
        if not task.completed or not task.total or not task.elapsed:
            return Text("no estimate yet")
        left = timedelta(seconds=round((task.total - task.completed) * task.elapsed / task.completed))
        return Text(f"about {left} left")


@contextmanager
def progress(what: str, total: int, *, shown: bool) -> Iterator[Progress]:
    """A progress bar on stderr with one task, shown on a terminal only."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeLeft())
    with Progress(*columns, console=err, transient=True, disable=not (shown and err.is_terminal)) as bar:
        bar.add_task(what, total=total)
        yield bar


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
