"""Files of a home: written, copied, locked, replaced and removed on any file system that Python runs on.

Belongs here: what holds for every file. Does not belong here: what is in one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import IO, Any

from warehouse.errors import HomeError

#: Errors of `flock` on file systems without such locks, as some network file systems and FUSE.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


def restrict_new_files() -> None:
    """Make new files of this process and its children writable for the owner only; a stricter umask stays."""
    os.umask(os.umask(0o077) | 0o022)


def _write_part(folder: Path, body: bytes, *, durable: bool) -> Path:
    """Write a new file ``.part-…`` in a folder and return its path, for the caller to rename it.

    Its mode is 0644, restricted by the umask. ``durable``: on disk when this returns. Removes the file where writing
    raises OSError.
    """
    path = folder / f".part-{secrets.token_hex(8)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with open(descriptor, "wb") as part:
            part.write(body)
            if durable:
                flush(part)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def write_atomically(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Replace a file in one step: readers find the old content or the new one. A text is written in UTF-8.

    ``durable``: file and name are on disk when this returns. Raises OSError; then the old file is still there.
    """
    body = content.encode() if isinstance(content, str) else content
    part = _write_part(path.parent, body, durable=durable)
    try:
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def flush(file: IO[Any]) -> None:
    """Wait until what was written to an open file is on disk."""
    file.flush()
    os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file. On file systems with reflinks (XFS, btrfs) the copy shares the blocks and costs nothing.

    ``copy_file_range`` is missing on macOS and on some file systems, and security modules forbid it with EPERM: after
    any error the file is copied plainly.
    """
    left = source.stat().st_size
    try:
        with source.open("rb") as read, target.open("wb") as write:
            while left and (copied := os.copy_file_range(read.fileno(), write.fileno(), left)):
                left -= copied
    except (AttributeError, OSError):
        left = -1
    if left:
        shutil.copyfile(source, target)


def lock_exclusively(descriptor: int, *, wait: bool) -> None:
    """Hold the lock of an open file until it is closed or the process dies; a POSIX lock where there is no `flock`.

    Raises OSError: EAGAIN or EACCES when another process holds it and ``wait`` is false, another when the file system
    has neither kind of lock.
    """
    flags = fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)
    try:
        fcntl.flock(descriptor, flags)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        fcntl.lockf(descriptor, flags)


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal, read a part at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with its content; do nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder for reproducible content, through a link; a file in its place is removed."""
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_dir():
        path.unlink()
    path.mkdir(parents=True, exist_ok=True)


def replace(source: Path, place: Path) -> None:
    """Replace the file or folder at ``place``, or the target of a link there, in one step.

    Where file and folder replace each other, and where a folder replaces a folder, the old one is moved away first:
    no system does that in one step.
    Raises OSError, and HomeError when the place is a mount of its own, which can't be replaced.
    """
    target = Path(os.path.realpath(place))
    try:
        if target.is_dir():
            old = target.with_name(f".old-{target.name}")
            remove(old)
            os.replace(target, old)
            _move(source, target)
            remove(old)
        else:
            if source.is_dir():
                remove(target)
            _move(source, target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        raise HomeError(
            f"{place} is a mount by itself, which can't be replaced in one step: mount the folder above it instead, or "
            f"make {place.name} a link to a name inside the mount, then run again."
        ) from error


def _move(source: Path, target: Path) -> None:
    """Rename, through a copy beside the target where that lies on another file system."""
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f".part-{target.name}")
        remove(part)
        if source.is_dir():
            shutil.copytree(source, part, symlinks=True)
        else:
            shutil.copyfile(source, part)
            sync(part)
        os.replace(part, target)
        remove(source)
