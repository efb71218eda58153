"""Import saved files and folders into the landing archive.

The time of observation is taken from the first of: the manifest, ``--observed-at``, the file's name
(``2025-01-08@2025-01-09T052522Z.json``), the time of the file. The load records which one it was.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath

from sources import DAILY, DAILY_PAPERS, SOURCES, kind_of
from warehouse.clock import utc_now
from warehouse.errors import InputError
from warehouse.landing.archive import Landing
from warehouse.landing.captures import ObservedAtBasis

#: What a folder is searched for. A file named on the command line is read whatever it is called.
SUFFIXES = (".json", ".html", ".htm", ".txt", ".md")
_NAME = re.compile(
    r"^(?P<date>\d{4}-\d{2}-\d{2})(?:@(?P<time>\d{4}-?\d{2}-?\d{2}T\d{2}[:-]?\d{2}[:-]?\d{2}(?:Z|[+-]\d{2}:?\d{2})))?"
)
#: File systems forbid colons, so archivers write dashes into the time of day.
_DASHED = re.compile(r"T(\d{2})-(\d{2})-(\d{2})")


@dataclass(frozen=True)
class Known:
    """Date, time and kind of a listing, from a manifest or the caller."""

    listing_date: date | None = None
    observed_at: datetime | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Imported:
    """The outcome for one file: ``load_id`` is None when it could not be read, ``problem`` is the reason."""

    path: Path
    load_id: str | None
    is_new: bool
    problem: str | None = None


def parse_day(text: str, what: str, *, days_ahead: int = 0) -> date:
    """A listing date up to today, or so many days later. Raises InputError for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{what} is {text!r}: give a date like 2026-09-01.") from None
    latest = utc_now().date() + timedelta(days=days_ahead)
    if day > latest:
        raise InputError(
            f"{what} is {text}, which lies in the future: give a date up to "
            + (f"{latest}." if days_ahead else "today (UTC).")
        )
    if day < DAILY_PAPERS.first_listing_date:
        raise InputError(f"{what} is {text}: the daily list begins on {DAILY_PAPERS.first_listing_date}.")
    return day


def parse_moment(text: str, what: str) -> datetime:
    """An observation time, UTC if it names no zone. Raises InputError for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{what} is {text!r}: give a time like 2026-09-01T08:00:00Z.") from None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise InputError(f"{what} is {text!r}, which is in no year: give a time like 2026-09-01T08:00:00Z.") from None
    if moment > utc_now() + timedelta(minutes=5):
        raise InputError(f"{what} is {text}, which lies in the future: give a time up to now.")
    return moment


def parse_kind(text: str, what: str) -> str:
    """A kind of captures that some source has. Raises InputError for anything else."""
    kinds = [kind for source in SOURCES for kind in source.parsers]
    if text not in kinds:
        raise InputError(f"{what} is {text!r}: give one of {', '.join(kinds)}.")
    return text


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those in the folders named, each once, sorted within a folder.

    Links in a folder are not followed: they may lead out of it. A folder's manifest and readme are no listings.
    Raises InputError for a path that isn't there and for a folder without any candidate.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if _is_candidate(file) and not _passes_link(file, path)]
            if not inside:
                raise InputError(
                    f"{path} holds no listings: expected files ending in {', '.join(SUFFIXES)} (or these with .gz)."
                )
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[path] = None
        elif path.exists():
            raise InputError(f"{path} is neither a file nor a folder: give files or folders with listings.")
        else:
            raise InputError(f"There is no file or folder {path}: check the path.")
    return list(found)


def read_manifest(path: Path) -> dict[str, Known]:
    """File → what is known, from a TSV with the columns file, listing_date, observed_at, and kind if it has one.

    Other columns are ignored. Names are as ``_as_named`` has them. Raises InputError, naming the line, for a missing
    column, a value that is no date, time or kind, and a second line that contradicts the first.
    """
    if not path.is_file():
        raise InputError(f"There is no manifest {path}: check the path.")
    known: dict[str, Known] = {}
    lines: dict[str, int] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t")
            missing = {"file", "listing_date", "observed_at"} - set(reader.fieldnames or ())
            if missing:
                raise InputError(
                    f"{path} lacks the column(s) {', '.join(sorted(missing))}: "
                    "a manifest is tab-separated with file, listing_date, observed_at."
                )
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                if not row["file"]:
                    raise InputError(f"{where} names no file.")
                name = _as_named(row["file"])
                facts = Known(
                    parse_day(row["listing_date"], f"{where}: listing_date") if row["listing_date"] else None,
                    parse_moment(row["observed_at"], f"{where}: observed_at") if row["observed_at"] else None,
                    parse_kind(row["kind"], f"{where}: kind") if row.get("kind") else None,
                )
                if known.setdefault(name, facts) != facts:
                    raise InputError(f"{where} contradicts line {lines[name]} about {row['file']}: remove one of them.")
                lines.setdefault(name, reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a tab-separated text file ({error}).") from error
    return known


def _as_named(name: str) -> str:
    """A path of a manifest, which may be written on Windows, with slashes and without ``./`` before it."""
    return PurePosixPath(name.replace("\\", "/")).as_posix()


class Manifest:
    """Dates and times from manifests, by a file's path below the manifest's folder, else by the longest unique end of
    its path. Of several manifests the one in the nearest folder above a file counts.

    ``unused`` are the names, as ``_as_named`` has them, of the lines that were not used so far.
    """

    def __init__(self, *paths: Path | None):
        """``paths``: the manifests, None for none. Raises InputError as ``read_manifest`` does."""
        folders = {path.parent.resolve(): read_manifest(path) for path in paths if path}
        # The deepest folder first, so that the first one above a file is the nearest.
        self._folders = dict(sorted(folders.items(), key=lambda item: -len(item[0].parts)))
        self._unused = {(folder, name): None for folder, known in folders.items() for name in known}
        self._by_name: dict[str, list[tuple[Path, str]]] = {}
        for folder, name in self._unused:
            self._by_name.setdefault(Path(name).name, []).append((folder, name))

    @property
    def unused(self) -> list[str]:
        return [name for _, name in self._unused]

    def of(self, path: Path) -> Known:
        """Date and time of a file; empty if no manifest names it."""
        resolved = path.resolve()
        whole = _as_named(str(resolved))
        for folder, known in self._folders.items():
            if resolved.is_relative_to(folder):
                name = _as_named(str(resolved.relative_to(folder)))
                if name in known:
                    return self._use(folder, name)
        ends = [
            (folder, name)
            for folder, name in self._by_name.get(Path(whole).name, [])
            if f"/{whole}".endswith(f"/{name.lstrip('/')}")
        ]
        above = [end for end in ends if resolved.is_relative_to(end[0])] or ends
        if not above:
            return Known()
        return self._use(*max(above, key=lambda end: (len(end[1]), len(end[0].parts))))

    def _use(self, folder: Path, name: str) -> Known:
        self._unused.pop((folder, name), None)
        return self._folders[folder][name]


def find_manifests(paths: Sequence[Path]) -> list[Path]:
    """The ``manifest.tsv`` of each folder among the paths and of the folders in them; links are not followed."""
    return [
        file
        for path in paths
        if path.is_dir()
        for file in sorted(path.rglob("manifest.tsv"))
        if file.is_file() and (file.parent == path or not (file.is_symlink() or _passes_link(file, path)))
    ]


def import_files(
    landing: Landing,
    files: Iterable[Path],
    *,
    manifest: Manifest,
    options: Known,
    max_bytes: int,
    on_file: Callable[[Imported], None] | None = None,
) -> list[Imported]:
    """Land each file. One that can't be read is reported, and the others are landed.

    The kind of a file is that of the manifest or the options, else what its content says (``sources.kind_of``). Only a
    daily listing has a date.
    """
    results = []
    with landing.writing() as batch:
        for path in files:
            try:
                body = read_bounded(path, max_bytes)
                known = manifest.of(path)
                listing_date, observed_at, basis = _times(path, known, options)
                kind = known.kind or options.kind or kind_of(body)
            except (OSError, InputError) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                result = Imported(path, None, False, reason)
            else:
                load_id, is_new = batch.land(
                    [(_readable(path.name), body)],
                    source=_source_name(path),
                    listing_date=listing_date if kind == DAILY else None,
                    observed_at=observed_at,
                    observed_at_basis=basis,
                    kind=kind,
                )
                result = Imported(path, load_id, is_new)
            results.append(result)
            if on_file:
                on_file(result)
    return results


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file, unpacked if it is gzip, and no more than ``max_bytes`` of them (a bomb is an error).

    Raises InputError when it is larger or damaged, OSError when it can't be read.
    """
    with open(path, "rb") as file:
        # Room for as much as there is: room for as much as there may be would have to be made for each file.
        body = file.read(min(os.fstat(file.fileno()).st_size, max_bytes) + 1)
    if body[:2] == b"\x1f\x8b":
        body = _unpacked(body, max_bytes)
    if len(body) > max_bytes:
        raise InputError(f"larger than {max_bytes} bytes (PAPERS_MAX_PAYLOAD_BYTES sets the bound)")
    return body


def _unpacked(packed: bytes, max_bytes: int) -> bytes:
    """All members of a gzip file, up to one byte over ``max_bytes``. Raises InputError for a damaged file."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            return file.read(max_bytes + 1)
    except EOFError as error:
        raise InputError("damaged gzip file (it ends early)") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"damaged gzip file ({error})") from error


def _times(path: Path, known: Known, options: Known) -> tuple[date | None, datetime, ObservedAtBasis]:
    named_date, named_time = _named(path.name)
    listing_date = known.listing_date or options.listing_date or named_date
    if known.observed_at:
        return listing_date, known.observed_at, "manifest"
    if options.observed_at:
        return listing_date, options.observed_at, "option"
    if named_time:
        return listing_date, named_time, "file name"
    try:
        return listing_date, datetime.fromtimestamp(path.stat().st_mtime, tz=UTC), "file time"
    except (ValueError, OverflowError):
        raise InputError("the file's own time can't be used: give --observed-at or a manifest") from None


def _named(name: str) -> tuple[date | None, datetime | None]:
    match = _NAME.match(name)
    if not match:
        return None, None
    try:
        day = date.fromisoformat(match["date"])
        moment = datetime.fromisoformat(_DASHED.sub(r"T\1:\2:\3", match["time"])) if match["time"] else None
        moment = moment.astimezone(UTC) if moment is not None else None
    except (ValueError, OverflowError):
        return None, None
    return day, moment


def _source_name(path: Path) -> str:
    """The end of a path: it identifies the file and leaves out the folders of this machine."""
    parts = path.resolve().parts
    return _readable("/".join(parts[-3:]) if len(parts) > 3 else path.name)


def _readable(name: str) -> str:
    """The name of a file as text that can be stored: bytes that are not UTF-8 are written as ``\\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _is_candidate(file: Path) -> bool:
    name = file.name.lower().removesuffix(".gz")
    is_about = name in ("manifest.tsv", "readme.md", "readme.txt")
    return file.is_file() and not file.is_symlink() and name.endswith(SUFFIXES) and not is_about


def _passes_link(file: Path, folder: Path) -> bool:
    return any(part.is_symlink() for part in _parents_within(file, folder))


def _parents_within(file: Path, folder: Path) -> Iterator[Path]:
    for parent in file.parents:
        if parent == folder:
            return
        yield parent
