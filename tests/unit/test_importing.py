"""Which files are read, and what is known about when they were observed."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from warehouse.errors import InputError
from warehouse.importing import Known, Manifest, find_files, import_files, parse_moment, read_bounded
from warehouse.landing import Capture, Landing


def _import(tmp_path: Path, name: str, manifest: Path | None = None, told: Known | None = None) -> Capture:
    file = tmp_path / "files" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("[]")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    landing = Landing(tmp_path / "landing")
    import_files(landing, [file], manifest=Manifest(manifest), told=told or Known(), max_bytes=1000)
    (capture,) = landing.captures()
    return capture


@pytest.mark.parametrize(
    ("name", "day", "moment"),
    [
        ("2025-01-08@2025-01-09T052522Z.json", date(2025, 1, 8), datetime(2025, 1, 9, 5, 25, 22, tzinfo=UTC)),
        ("2026-03-04@2026-03-05T100929+0200.html", date(2026, 3, 4), datetime(2026, 3, 5, 8, 9, 29, tzinfo=UTC)),
        ("2026-03-04@2026-03-05T10-09-29Z.txt", date(2026, 3, 4), datetime(2026, 3, 5, 10, 9, 29, tzinfo=UTC)),
    ],
)
def test_a_name_tells_both_times(tmp_path: Path, name: str, day: date, moment: datetime) -> None:
    capture = _import(tmp_path, name)
    assert (capture.listing_date, capture.observed_at, capture.observed_at_basis) == (day, moment, "file name")


def test_the_file_time_is_the_last_resort_and_says_so(tmp_path: Path) -> None:
    capture = _import(tmp_path, "2025-01-08.json")
    assert capture.observed_at_basis == "file time"
    assert capture.observed_at == datetime.fromtimestamp(1_700_000_000, tz=UTC)


def test_the_manifest_is_believed_before_options_and_names(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text("file\tlisting_date\tobserved_at\nfiles/a.json\t2025-02-03\t2025-02-04T01:02:03Z\n")
    capture = _import(tmp_path, "a.json", manifest, Known(date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)))
    assert capture.observed_at == datetime(2025, 2, 4, 1, 2, 3, tzinfo=UTC)
    assert (capture.listing_date, capture.observed_at_basis) == (date(2025, 2, 3), "manifest")


def test_a_manifest_elsewhere_finds_files_by_the_end_of_their_path(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    manifest = tmp_path / "lists" / "m.tsv"
    manifest.write_text("file\tlisting_date\tobserved_at\nfiles/b.json\t2025-02-03\t2025-02-04T01:02:03Z\n")
    assert _import(tmp_path, "b.json", manifest).observed_at_basis == "manifest"


@pytest.mark.parametrize("line", ["a.json\t2025-13-01\t2025-01-01T00:00:00Z", "a.json\t2025-01-01\tnoon"])
def test_a_manifest_line_that_is_wrong_is_named(tmp_path: Path, line: str) -> None:
    manifest = tmp_path / "m.tsv"
    manifest.write_text(f"file\tlisting_date\tobserved_at\n{line}\n")
    with pytest.raises(InputError, match="line 2"):
        Manifest(manifest)


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text("[]")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "own.json").write_text("[]")
    (inside / "file.json").symlink_to(outside / "secret.json")
    (inside / "folder").symlink_to(outside, target_is_directory=True)
    assert find_files([inside]) == [inside / "own.json"]


def test_a_bomb_is_stopped_at_the_bound(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.json.gz"
    bomb.write_bytes(gzip.compress(b"0" * 50_000_000))
    with pytest.raises(InputError, match="larger than"):
        read_bounded(bomb, 1_000_000)


def test_every_member_of_a_gzip_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "members.json.gz"
    file.write_bytes(gzip.compress(b"[1, ") + gzip.compress(b"2]") + b"\0" * 100)
    assert read_bounded(file, 1000) == b"[1, 2]"
    file.write_bytes(gzip.compress(b"a" * 600) * 3)
    with pytest.raises(InputError, match="larger than"):
        read_bounded(file, 1000)
    for rest in (b"what is this", gzip.compress(b"2]")[:-3]):
        file.write_bytes(gzip.compress(b"[1, ") + rest)
        with pytest.raises(InputError, match="damaged gzip"):
            read_bounded(file, 1000)


@pytest.mark.parametrize("name", ["2025-01-08@0001-01-01T000000+1400.json", "2025-01-08@9999-12-31T235959-1400.json"])
def test_a_time_that_is_in_no_year_is_not_taken_from_a_name(tmp_path: Path, name: str) -> None:
    assert _import(tmp_path, name).observed_at_basis == "file time"
    with pytest.raises(InputError, match="in no year"):
        parse_moment("0001-01-01T00:00:00+14:00", "observed_at")


def test_a_gzip_file_that_ends_early_is_damaged(tmp_path: Path) -> None:
    torn = tmp_path / "torn.json.gz"
    torn.write_bytes(gzip.compress(os.urandom(1000))[:-200])
    with pytest.raises(InputError, match="damaged"):
        read_bounded(torn, 10_000)
