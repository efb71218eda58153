"""How the command speaks: facts on stdout (a table, or one JSON value), everything else on stderr, log lines too.

Belongs here: terminals, pipes and encodings. What a run's facts read like is in ``orchestration/sentences.py``.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

from warehouse.errors import InputError


class _Stream(Console):
    """A console that is a terminal where its stream is one, whatever ``FORCE_COLOR`` says: pipes carry plain text."""

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads what is written."""
        return bool(getattr(self.file, "isatty", lambda: False)())


out = _Stream(highlight=False, soft_wrap=True)
err = _Stream(stderr=True, highlight=False, soft_wrap=True)

#: The packages whose log lines are shown: libraries log for their own developers.
_PACKAGES = ("orchestration", "sources", "warehouse")
#: Shown in the place of a secret.
_HIDDEN = "…"
#: User name and password of an address: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1
_USERINFO = re.compile(r"(?<=://)[^/?#\s]+@")
_secrets: set[str] = set()

#: What makes a spreadsheet run a cell: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: A text that a spreadsheet reads as a number or a date, and then writes in another way: 2609.00100, 007, 1e5, 3-4.
_NUMBER_LIKE = re.compile(r"\d[\d.,:/eE+-]*")
#: A column is never narrower than this on a terminal.
_MIN_WIDTH = 6


def show_log(verbose: bool) -> None:
    """Write log lines to stderr: warnings and waits of more than 5 s, which packages log at INFO.

    With ``verbose`` every step too (DEBUG), each line with its time and module.
    """
    for name in _PACKAGES:
        logger = logging.getLogger(name)
        logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, _LogHandler)]
        logger.addHandler(_LogHandler(verbose))
        logger.setLevel(logging.DEBUG if verbose else logging.INFO)


def is_verbose() -> bool:
    """Whether ``--verbose`` was given: then messages name rules and load ids too."""
    return logging.getLogger(_PACKAGES[0]).level == logging.DEBUG


def hide(*secrets: str | None) -> None:
    """Never write these texts to stderr, wherever a message may quote them."""
    _secrets.update(secret for secret in secrets if secret and len(secret) > 3)


class _LogHandler(logging.Handler):
    """Writes log records as lines on stderr, above a progress bar if there is one, without secrets."""

    def __init__(self, verbose: bool) -> None:
        super().__init__()
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s" if verbose else "%(message)s"
        self.setFormatter(logging.Formatter(form, "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a fault in it never stops the work."""
        try:
            say(self.format(record))
        except Exception:
            self.handleError(record)


def _show_if_asked(verbose: bool) -> bool:
    if verbose:
        show_log(True)
    return verbose


#: The option of every command, before and after its name.
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", callback=_show_if_asked, help="Log each step to stderr; name rules and load ids in messages."
    ),
]


def plain(value: Any) -> str:
    """A value as one line of text. Control characters of listed texts never reach the terminal."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "".join(
        " " if c in "\n\r\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c
        for c in str(value)
    )


def csv_cell(value: Any) -> Any:
    """A value for a CSV file. A listed text that a spreadsheet would run as a formula gets an apostrophe first."""
    return f"'{value}" if isinstance(value, str) and value.lstrip()[:1] in _FORMULA else value


def spreadsheet_cell(value: Any) -> Any:
    """As ``csv_cell``, but a text that looks like a number is written so that a spreadsheet keeps it as text."""
    if isinstance(value, str) and _NUMBER_LIKE.fullmatch(value):
        return f'="{value}"'
    return csv_cell(value)


def print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, for_spreadsheet: bool = False) -> None:
    """Rows as CSV on stdout. A terminal gets no control characters, a pipe gets each text as it is.

    ``for_spreadsheet``: with a byte order mark, and texts that look like numbers (ids such as 2609.00100) as texts.
    """
    cell = spreadsheet_cell if for_spreadsheet else csv_cell
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in columns])
    writer.writerows([cell(plain(v) if out.is_terminal and isinstance(v, str) else v) for v in row] for row in rows)
    sys.stdout.write(("\ufeff" if for_spreadsheet else "") + text.getvalue())
    if not for_spreadsheet and any(isinstance(v, str) and re.fullmatch(r"\d+\.\d*0", v) for row in rows for v in row):
        say("A spreadsheet drops the last zero of ids such as 2609.00100: --format spreadsheet keeps them.")


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None, *, expand: bool | None = None
) -> None:
    """Rows as a table; texts are shown as they are, never read as markup.

    A terminal shows one line a row: long texts are cut with …, and columns that do not fit are named below. A pipe gets
    everything. ``expand`` writes a line per value instead; None: the command can't.
    """
    cells = [[plain(value) for value in row] for row in rows]
    if expand:
        _print_expanded(columns, cells, title)
        return
    headers = [plain(name) for name in columns]
    is_number = [all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(columns))]
    widths = [max([cell_len(headers[i]), *(cell_len(row[i]) for row in cells)]) for i in range(len(columns))]
    shown = _fitting(widths, out.width) if out.is_terminal else widths
    table = Table(title=title and Text(title), title_justify="left", header_style="bold", box=None, pad_edge=False)
    for i, width in enumerate(shown):
        justify = "right" if is_number[i] else "left"
        table.add_column(Text(headers[i]), justify=justify, width=width, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for row in cells:
        table.add_row(*map(Text, row[: len(shown)]))
    # A pipe has no edge: the table is as wide as its content.
    edge = None if out.is_terminal else max(4000, sum(widths) + 2 * len(widths))
    _Stream(highlight=False, width=edge).print(table)
    if hidden := headers[len(shown) :]:
        remedy = "widen the terminal" if expand is None else "--expand shows all, a line per value"
        say(f"{len(hidden)} column(s) did not fit: {', '.join(hidden)}; {remedy}.")
    elif expand is not None and list(shown) != widths:
        say("Long texts are cut: --expand shows all, a line per value.")


def _fitting(widths: Sequence[int], edge: int) -> list[int]:
    """Widths of the columns that fit between the edges of a terminal: the widest give way first."""
    shown = list(widths)
    while len(shown) > 1 and sum(min(width, _MIN_WIDTH) + 2 for width in shown) > edge + 2:
        shown.pop()
    while shown and sum(shown) + 2 * (len(shown) - 1) > edge and max(shown) > 1:
        shown[shown.index(max(shown))] -= 1
    return shown


def _print_expanded(columns: Sequence[str], cells: Sequence[Sequence[str]], title: str | None) -> None:
    if title:
        line(title)
    widest = max(map(cell_len, columns), default=0)
    for number, row in enumerate(cells, start=1):
        line(f"row {number}")
        for name, value in zip(columns, row, strict=True):
            line(f"  {plain(name)}{' ' * (widest - cell_len(name))}  {value}")


def unique_names(columns: Sequence[str]) -> list[str]:
    """The names of the columns, each once: a second ``a`` is ``a_1``, as DuckDB calls it in a table."""
    counts, unique = Counter(columns), []
    taken = {name for name, count in counts.items() if count == 1}
    for name in columns:
        number, candidate = 0, name
        while candidate in taken and counts[name] > 1:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def print_json(facts: Any) -> None:
    """One JSON value on stdout; dates and times in ISO form, infinities and bytes as text.

    Characters that steer a terminal are escaped.
    """
    text = json.dumps(_jsonable(facts), ensure_ascii=False, allow_nan=False)
    if not text.isascii():
        text = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") else _escaped(c) for c in text)
    sys.stdout.write(text + "\n")


def line(text: str = "") -> None:
    """A line of the answer, on stdout. Nothing in it is markup."""
    out.print(Text(plain(text)))


def say(text: str) -> None:
    """A line for the person, on stderr."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    err.print(Text(plain(_USERINFO.sub(f"{_HIDDEN}@", text))))


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


def check_text(text: str, what: str) -> None:
    """Raise InputError if an argument is not UTF-8, which DuckDB can't read. ``what`` starts the sentence."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{what} is not UTF-8: {plain(text)}. Write it in UTF-8.") from None


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def _jsonable(value: Any) -> Any:
    """A value of Python's or DuckDB's as JSON can hold it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(_jsonable(key)): _jsonable(v) for key, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(v) for v in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)
