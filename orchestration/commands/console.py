"""Output of the commands: facts on stdout (a table or one JSON value), messages and log lines on stderr.

Belongs here: terminals, pipes, encodings. The sentences about a run are in ``outcome.py``.
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
from collections.abc import Callable, Iterator, Sequence
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
    """A console that ignores ``FORCE_COLOR``: pipes get plain text."""

    @property
    def is_terminal(self) -> bool:
        """Whether the stream is a terminal."""
        return bool(getattr(self.file, "isatty", lambda: False)())


out = _Stream(highlight=False, soft_wrap=True)
err = _Stream(stderr=True, highlight=False, soft_wrap=True)

#: The packages whose log lines are shown; those of libraries are not.
_PACKAGES = ("orchestration", "sources", "warehouse")
#: Replaces a secret.
_HIDDEN = "…"
#: User name and password of an address: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1
_USERINFO = re.compile(r"(?<=://)[^/?#\s]+@")
_secrets: set[str] = set()

#: First characters of a cell that a spreadsheet runs as a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: A text that a spreadsheet reads as a number or a date and changes: 2609.00100, 007, 1e5, 3-4.
_NUMBER_LIKE = re.compile(r"\d[\d.,:/eE+-]*")
#: The narrowest column on a terminal, in characters.
_MIN_WIDTH = 6
#: Characters of a table in a pipe, which has no edge: rich needs some number.
_PIPE_WIDTH = 4000
#: Shorter secrets are not hidden: they would be parts of ordinary words.
_MIN_SECRET_CHARACTERS = 4
#: Unicode categories that can steer a terminal: controls, formats such as direction marks, lone surrogates.
_CONTROL_CATEGORIES = ("Cc", "Cf", "Cs")


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
    """Whether ``--verbose`` is set: messages then name rules and load ids too."""
    return logging.getLogger(_PACKAGES[0]).level == logging.DEBUG


def hide(*secrets: str | None) -> None:
    """Replace these texts in everything that is written to stderr."""
    _secrets.update(secret for secret in secrets if secret and len(secret) >= _MIN_SECRET_CHARACTERS)


class _LogHandler(logging.Handler):
    """Writes log records to stderr, above a progress bar if there is one, without secrets."""

    def __init__(self, verbose: bool) -> None:
        super().__init__()
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s" if verbose else "%(message)s"
        self.setFormatter(logging.Formatter(form, "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. An error in it does not stop the command."""
        try:
            print_message(self.format(record))
        except Exception:
            self.handleError(record)


def _apply_verbose(verbose: bool) -> bool:
    if verbose:
        show_log(True)
    return verbose


#: An option of every command, before and after its name.
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", callback=_apply_verbose, help="Log each step to stderr; name rules and load ids in messages."
    ),
]


def plain(value: Any) -> str:
    """A value as one line of text, with control characters replaced: listed texts must not steer the terminal."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "".join(" " if c in "\n\r\t" else "\N{REPLACEMENT CHARACTER}" if _is_control(c) else c for c in str(value))


def csv_cell(value: Any) -> Any:
    """A value for a CSV file. A text that a spreadsheet would run as a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.lstrip()[:1] in _FORMULA else value


def spreadsheet_cell(value: Any) -> Any:
    """As ``csv_cell``; a text that looks like a number is written so that a spreadsheet keeps it as text."""
    if isinstance(value, str) and _NUMBER_LIKE.fullmatch(value):
        return f'="{value}"'
    return csv_cell(value)


def print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, for_spreadsheet: bool = False) -> None:
    """Print rows as CSV on stdout. A terminal gets no control characters, a pipe gets each text unchanged.

    ``for_spreadsheet``: with a byte order mark, and texts that look like numbers (ids such as 2609.00100) as texts.
    """
    cell = spreadsheet_cell if for_spreadsheet else csv_cell
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in columns])
    writer.writerows([cell(plain(v) if out.is_terminal and isinstance(v, str) else v) for v in row] for row in rows)
    sys.stdout.write(("\ufeff" if for_spreadsheet else "") + text.getvalue())
    sys.stdout.flush()  # a full disk is found here, before the message about what was written
    if not for_spreadsheet and any(isinstance(v, str) and re.fullmatch(r"\d+\.\d*0", v) for row in rows for v in row):
        print_message("A spreadsheet drops the last zero of ids such as 2609.00100: --format spreadsheet keeps them.")


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None, *, expand: bool | None = None
) -> None:
    """Print rows as a table. Texts are never read as markup.

    On a terminal a row is one line: long texts are cut with …, and columns that do not fit are named below. A pipe gets
    everything. ``expand`` prints a line per value instead; None: the command has no such option.
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
    table_width = None if out.is_terminal else max(_PIPE_WIDTH, sum(widths) + 2 * len(widths))
    _Stream(highlight=False, width=table_width).print(table)
    if hidden := headers[len(shown) :]:
        remedy = "widen the terminal" if expand is None else "--expand shows all, a line per value"
        print_message(f"{len(hidden)} column(s) did not fit: {', '.join(hidden)}; {remedy}.")
    elif expand is not None and list(shown) != widths:
        print_message("Long texts are cut: --expand shows all, a line per value.")


def _fitting(widths: Sequence[int], edge: int) -> list[int]:
    """Widths of the columns that fit into a terminal of ``edge`` characters: the widest are shortened first."""
    shown = list(widths)
    while len(shown) > 1 and sum(min(width, _MIN_WIDTH) + 2 for width in shown) > edge + 2:
        shown.pop()
    while shown and sum(shown) + 2 * (len(shown) - 1) > edge and max(shown) > 1:
        shown[shown.index(max(shown))] -= 1
    return shown


def _print_expanded(columns: Sequence[str], cells: Sequence[Sequence[str]], title: str | None) -> None:
    if title:
        print_line(title)
    widest = max(map(cell_len, columns), default=0)
    for number, row in enumerate(cells, start=1):
        print_line(f"row {number}")
        for name, value in zip(columns, row, strict=True):
            print_line(f"  {plain(name)}{' ' * (widest - cell_len(name))}  {value}")


def print_json(facts: Any) -> None:
    """Print one JSON value on stdout: dates and times in ISO form, infinities and bytes as text, controls escaped."""
    text = json.dumps(_jsonable(facts), ensure_ascii=False, allow_nan=False)
    if not text.isascii():
        text = "".join(_escaped(c) if _is_control(c) else c for c in text)
    sys.stdout.write(text + "\n")


def print_line(text: str = "") -> None:
    """Print a line on stdout, without markup."""
    out.print(Text(plain(text)))


def print_message(text: str) -> None:
    """Print a message on stderr, without secrets and markup."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    err.print(Text(plain(_USERINFO.sub(f"{_HIDDEN}@", text))))


class TimeLeft(ProgressColumn):
    """The time left at the mean pace since the start, waits and retries included."""

    def render(self, task: Task) -> Text:
        """The estimate as text; none before the first step is done."""
        if not task.completed or not task.total or not task.elapsed:
            return Text("no estimate yet")
        left = timedelta(seconds=round((task.total - task.completed) * task.elapsed / task.completed))
        return Text(f"about {left} left")


@contextmanager
def progress(what: str, total: int | None, *, shown: bool) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr, on a terminal only. Yields a function that advances it by one.

    ``total`` None: it is not known before the end.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeLeft())
    with Progress(*columns, console=err, transient=True, disable=not (shown and err.is_terminal)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def check_text(text: str, what: str) -> None:
    """Raise InputError if an argument is not UTF-8, which DuckDB can't read. ``what`` starts the sentence."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{what} is not UTF-8: {plain(text)}. Write it in UTF-8.") from None


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _CONTROL_CATEGORIES


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def _jsonable(value: Any) -> Any:
    """A value of Python or DuckDB as one that JSON has."""
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
