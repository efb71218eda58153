"""Which files are read, and what is known about when they were observed."""

from __future__ import annotations

import gzip
import os
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from warehouse.errors import InputError
from warehouse.landing.captures import Capture
from warehouse.landing.folder import FolderLanding
from warehouse.landing.importing import (
    Known,
    Manifest,
    find_files,
    find_manifests,
    import_files,
    parse_moment,
    read_bounded,
)


def _import(tmp_path: Path, name: str, manifest: Path | None = None, options: Known | None = None) -> Capture:
    file = tmp_path / "files" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("[]")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    landing = FolderLanding(tmp_path / "landing")
    import_files(landing, [file], manifest=Manifest(manifest), options=options or Known(), max_bytes=1000)
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
def test_a_file_name_gives_both_times(tmp_path: Path, name: str, day: date, moment: datetime) -> None:
    capture = _import(tmp_path, name)
    assert (capture.listing_date, capture.observed_at, capture.observed_at_basis) == (day, moment, "file name")


def test_the_file_time_is_the_last_resort_and_recorded_as_basis(tmp_path: Path) -> None:
    capture = _import(tmp_path, "2025-01-08.json")
    assert capture.observed_at_basis == "file time"
    assert capture.observed_at == datetime.fromtimestamp(1_700_000_000, tz=UTC)


def test_the_manifest_comes_before_options_and_names(tmp_path: Path) -> None:
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


def test_a_gzip_file_of_countless_members_is_read_in_bounded_time(tmp_path: Path) -> None:
    file = tmp_path / "members.json.gz"
    file.write_bytes(gzip.compress(b"") * 50_000 + gzip.compress(b"[]"))
    started = time.process_time()
    assert read_bounded(file, 1 << 26) == b"[]"
    assert time.process_time() - started < 5


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
    partial = tmp_path / "partial.json.gz"
    partial.write_bytes(gzip.compress(os.urandom(1000))[:-200])
    with pytest.raises(InputError, match="damaged"):
        read_bounded(partial, 10_000)


def _manifest(tmp_path: Path, *names: str, day: str = "2025-02-03") -> Path:
    path = tmp_path / "manifest.tsv"
    rows = [f"{name}\t{day}\t2025-02-04T01:02:03Z\n" for name in names]
    path.write_text("file\tlisting_date\tobserved_at\n" + "".join(rows))
    return path


@pytest.mark.parametrize("name", ["files\\a.json", ".\\files\\a.json", "./files/a.json", "files//a.json", "a.json"])
def test_a_manifest_names_files_as_windows_does_too(tmp_path: Path, name: str) -> None:
    assert _import(tmp_path, "a.json", _manifest(tmp_path, name)).observed_at_basis == "manifest"


@pytest.mark.parametrize("other", ["files/a.json", "files\\a.json", "./files/a.json"])
def test_two_lines_of_a_manifest_may_not_contradict_each_other(tmp_path: Path, other: str) -> None:
    path = _manifest(tmp_path, "files/a.json")
    path.write_text(path.read_text() + f"{other}\t2025-02-05\t2025-02-06T01:02:03Z\n")
    with pytest.raises(InputError, match=r"line 3 .* line 2"):
        Manifest(path)
    Manifest(_manifest(tmp_path, "files/a.json", other))  # saying the same twice is no contradiction


def test_unused_lines_of_a_manifest_are_listed(tmp_path: Path) -> None:
    manifest = Manifest(_manifest(tmp_path, "files/a.json", "files/gone.json", "b.json"))
    for name in ("a.json", "c.json"):
        manifest.of(tmp_path / "files" / name)
    assert list(manifest.unused) == ["files/gone.json", "b.json"]


@pytest.mark.parametrize(
    "name", [b"2025-01-08-\xff\xfe.json", "2025-01-08-é.json".encode("latin-1"), b"2025-01-08-\xed\xb3\xbf.json"]
)
def test_a_file_whose_name_is_not_utf8_is_imported(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "2025-01-07.json").write_text("[]")
    (folder / "2025-01-09.json").write_text("[1]")
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("[2]")
    landing = FolderLanding(tmp_path / "landing")
    done = import_files(landing, find_files([folder]), manifest=Manifest(None), options=Known(), max_bytes=1000)
    assert [file.problem for file in done] == [None, None, None]
    captures = {capture.listing_date: capture for capture in landing.captures()}
    assert set(captures) == {date(2025, 1, day) for day in (7, 8, 9)}
    assert captures[date(2025, 1, 8)].source.endswith(".json") and "\\x" in captures[date(2025, 1, 8)].source


def test_a_file_with_unusable_times_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.json", "2025-01-09@9999-12-31T235959-2359.json", "b.json"):
        (tmp_path / name).write_text(f'["{name}"]')
    landing = FolderLanding(tmp_path / "landing")
    files = find_files([tmp_path])
    stat = Path.stat

    def odd(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        return os.stat_result((*found[:8], 10**15, found[9])) if path.name == "a.json" else found

    monkeypatch.setattr(Path, "stat", odd)
    done = import_files(landing, files, manifest=Manifest(None), options=Known(), max_bytes=1000)
    assert [bool(file.load_id) for file in done if file.path.name != "a.json"] == [True, True]
    (bad,) = [file for file in done if file.path.name == "a.json"]
    assert bad.load_id is None and bad.problem and "--observed-at" in bad.problem


def test_each_folder_has_its_own_manifest(tmp_path: Path) -> None:
    for folder, moment in (("a", "2026-09-01T08:00:00Z"), ("b/inner", "2026-09-02T09:00:00Z")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "list.json").write_text("[]")
        (tmp_path / folder / "manifest.tsv").write_text(
            f"file\tlisting_date\tobserved_at\nlist.json\t2026-09-01\t{moment}\ngone.json\t2026-09-01\t{moment}\n"
        )
    manifest = Manifest(*find_manifests([tmp_path / "a", tmp_path / "b"]))
    assert manifest.of(tmp_path / "a" / "list.json").observed_at == datetime(2026, 9, 1, 8, tzinfo=UTC)
    assert manifest.of(tmp_path / "b" / "inner" / "list.json").observed_at == datetime(2026, 9, 2, 9, tzinfo=UTC)
    assert manifest.unused == ["gone.json", "gone.json"]
    assert find_manifests([tmp_path]) == find_manifests([tmp_path / "a", tmp_path / "b"])
