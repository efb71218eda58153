"""Files on odd systems: no `copy_file_range`, no `flock`, links, mounts, any umask, a wrong kind of thing there."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from warehouse.errors import HomeError, LockError
from warehouse.files import copy_file, make_folder, replace, restrict_new_files
from warehouse.landing.location import open_landing
from warehouse.landing.object_store import FolderStorage
from warehouse.lock import writer_lock


def fails_with(number: int) -> Any:
    def fail(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.EPERM, errno.EIO, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_is_copied_whatever_copy_file_range_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "a").write_bytes(b"content" * 1000)
    monkeypatch.setattr(os, "copy_file_range", fails_with(number))
    copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"content" * 1000


@pytest.mark.parametrize("answers", [None, lambda *_: 0, lambda *_: 1])
def test_a_file_is_copied_without_copy_file_range_or_where_it_stops_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Any
) -> None:
    (tmp_path / "a").write_bytes(b"content" * 1000)
    (tmp_path / "b").write_bytes(b"x" * 50_000)
    if answers:
        calls = iter([1, 0])
        monkeypatch.setattr(os, "copy_file_range", lambda *_: next(calls))
    else:
        monkeypatch.delattr(os, "copy_file_range")  # as on macOS
    copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"content" * 1000


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_flock_a_posix_lock_excludes_the_second_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", fails_with(number))
    with writer_lock(tmp_path / "writer.lock", purpose="x", timeout=0):
        child = os.fork()
        if not child:
            from warehouse import lock

            lock._held.clear()
            try:
                with writer_lock(tmp_path / "writer.lock", purpose="y", timeout=0):
                    os._exit(0)
            except LockError:
                os._exit(7)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_without_any_lock_the_home_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("flock", "lockf"):
        monkeypatch.setattr(fcntl, kind, fails_with(errno.ENOLCK))
    with pytest.raises(HomeError, match="--home"), writer_lock(tmp_path / "l", purpose="x", timeout=0):
        pass


@pytest.fixture
def umask() -> Iterator[Any]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o000, 0o644), (0o022, 0o644), (0o027, 0o640)])
def test_stored_files_follow_the_umask_and_are_never_writable_for_others(
    tmp_path: Path, umask: Any, mask: int, mode: int
) -> None:
    umask(mask)
    restrict_new_files()
    FolderStorage(tmp_path / "store").write("a/b", b"x")
    with open_landing(tmp_path / "landing").writing() as batch:
        batch._write_payload("ab" * 32, b"payload")
    (tmp_path / "database").touch()
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_a_file_is_replaced_through_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real").write_text("old")
    (tmp_path / "between").symlink_to("elsewhere/real")
    (tmp_path / "place").symlink_to("between")
    (tmp_path / "new").write_text("new")
    replace(tmp_path / "new", tmp_path / "place")
    assert (tmp_path / "place").is_symlink() and (tmp_path / "elsewhere" / "real").read_text() == "new"


def test_a_folder_is_replaced_through_a_link_also_one_that_points_nowhere_yet(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "report").symlink_to("www/report")
    for text in ("one", "two"):
        (tmp_path / "part").mkdir()
        (tmp_path / "part" / "index.html").write_text(text)
        replace(tmp_path / "part", tmp_path / "report")
        assert (tmp_path / "www" / "report" / "index.html").read_text() == text
    assert os.listdir(tmp_path / "www") == ["report"]


def test_a_link_to_another_file_system_is_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    for kind in ("file", "folder"):
        (tmp_path / kind).symlink_to(f"other/{kind}")
    renamed = os.replace

    def within_one(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        renamed(source, target)

    monkeypatch.setattr(os, "replace", within_one)
    for text in ("one", "two"):
        (tmp_path / "new").write_text(text)
        replace(tmp_path / "new", tmp_path / "file")
        (tmp_path / "part").mkdir()
        (tmp_path / "part" / "index.html").write_text(text)
        replace(tmp_path / "part", tmp_path / "folder")
        assert (tmp_path / "other" / "file").read_text() == text
        assert (tmp_path / "other" / "folder" / "index.html").read_text() == text
    assert not (tmp_path / "new").exists() and not (tmp_path / "part").exists()


def test_a_mount_in_the_place_is_explained(tmp_path: Path, mount: Callable[..., None]) -> None:
    for name in ("mounted", "new"):
        (tmp_path / name).mkdir()
    mount(tmp_path / "mounted", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    with pytest.raises(HomeError, match="mount the folder above it"):
        replace(tmp_path / "new", tmp_path / "mounted")
    assert (tmp_path / "new").is_dir()


def test_a_file_mounted_in_the_place_is_explained(tmp_path: Path, mount: Callable[..., None]) -> None:
    for name in ("outside", "place", "new"):
        (tmp_path / name).write_text(name)
    mount(tmp_path / "place", "--bind", str(tmp_path / "outside"))
    with pytest.raises(HomeError, match="mount the folder above it"):
        replace(tmp_path / "new", tmp_path / "place")
    assert (tmp_path / "outside").read_text() == "outside"


def test_a_file_in_the_place_of_a_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("new")
    (tmp_path / "folder" / "in it").mkdir(parents=True)
    replace(tmp_path / "file", tmp_path / "folder")
    assert (tmp_path / "folder").read_text() == "new"
    make_folder(tmp_path / "folder")
    assert (tmp_path / "folder").is_dir()
