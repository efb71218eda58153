"""Backups: what of a home can't be rebuilt, copied to a folder or an object store, and back into an empty home.

Belongs here: which files those are, the checksums, what a restore refuses. Does not belong here: how an archive is
copied (``landing/copying.py``), and the rebuild after a restore.

    landing/                      the landing archive as in a home; each backup adds what is new
    files-20261128T210000Z/       what people and digests wrote: overrides/, digest/, subscriptions.yml, demo.json
    backup.json                   written last: when, of which home, which of these folders, and the sha256 of each file

A backup that is stopped leaves the ``backup.json`` of the one before, which is still whole. A new folder of files is
made when one of them changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from warehouse.clock import utc_now
from warehouse.errors import ArchiveError, HomeError, InputError
from warehouse.files import remove, sync, write_atomically
from warehouse.home import DEMO_MARKER
from warehouse.landing.archive import Landing
from warehouse.landing.copying import copy_archive
from warehouse.landing.location import open_landing
from warehouse.landing.object_store import Storage, open_storage
from warehouse.landing.payloads import sha256_of
from warehouse.lock import writer_lock
from warehouse.settings import Settings

_MANIFEST = "backup.json"
_SUBSCRIPTIONS = "subscriptions.yml"
#: Of ``digest/``: mails for a look, and files that lock.
_NOT_OF_DIGEST = ("preview", ".lock")


class _Manifest(msgspec.Struct):
    """``backup.json``. ``files``: sha256 by name in ``folder``."""

    schema_version: int
    created_at: datetime
    home: str
    captures: int
    decisions: int
    folder: str
    files: dict[str, str]


@dataclass(frozen=True)
class Backup:
    """A backup as it is now. ``new_captures`` and ``new_decisions`` were added by the last call."""

    place: str
    created_at: datetime
    captures: int
    decisions: int
    files: int
    new_captures: int = 0
    new_decisions: int = 0


class LastBackup(msgspec.Struct):
    """What a home knows of its newest backup: ``last_backup.json``."""

    created_at: datetime
    place: str


def back_up(settings: Settings, place: Path | str) -> Backup:
    """Add to the backup at a place (a folder or a URL) what is new in a home, and check each payload's sha256.

    Raises InputError for a place inside the home, for the backup of another home, and for a damaged archive, of which
    all the rest was copied by then; HomeError when one side can't be used.
    """
    source, storage = open_landing(settings.landing), open_storage(place)
    target = _landing_of(place)
    if not source.exists():
        raise InputError(f"There is no landing archive in {settings.landing}: there is nothing to back up.")
    if isinstance(place, Path) and (place.is_relative_to(settings.home) or str(target.root) == str(source.root)):
        raise InputError(f"{place} is part of what is backed up: give a folder elsewhere, best on another disk.")
    with writer_lock(settings.lock_file, purpose="papers backup", timeout=settings.lock_timeout):
        _check_same_warehouse(source, target)
        problem = None
        try:
            captures, decisions = copy_archive(source, target)
        except ValueError as error:
            captures, decisions, problem = 0, 0, error
        manifest = _write_files(settings, storage, target)
        if problem:
            raise InputError(
                f"The archive {source.root} is damaged: {problem}. All the rest was copied to {place}; "
                "`papers doctor --archive` says what is affected and restores what it can, then back up again."
            ) from problem
        _remember(settings, manifest.created_at, storage.root)
    return _backup(storage, manifest, captures, decisions)


def check_backup(place: Path | str) -> Backup:
    """Read a whole backup again and compare each checksum. Raises InputError for one that is none, or damaged."""
    storage = open_storage(place)
    manifest = _read_manifest(storage)
    _read_files(storage, manifest)
    landing = _landing_of(place)
    for capture in landing.captures(on_damage=lambda damage: _fail(storage, str(damage))):
        try:
            landing.read(capture)
        except ValueError as error:
            _fail(storage, f"load {capture.load_id}: {error}")
    _check_counts(storage, manifest, landing)
    return _backup(storage, manifest)


def restore(settings: Settings, place: Path | str) -> Backup:
    """Copy a backup into an empty home and check each checksum. What people read is not there until a rebuild.

    The archive gets its name last: a restore that is stopped leaves a home without an archive, and the same call goes
    on. Raises InputError for a backup that is none or damaged, and for a home that holds a warehouse: nothing is
    overwritten.
    """
    storage = open_storage(place)
    manifest = _read_manifest(storage)
    with writer_lock(settings.lock_file, purpose="papers restore", timeout=settings.lock_timeout):
        files = {_place_of(settings, name): body for name, body in _read_files(storage, manifest).items()}
        load_ids = _load_ids(storage, _landing_of(place))
        _check_empty(settings, files, load_ids)
        _restore_landing(storage, manifest, _landing_of(place), settings.landing, files, load_ids)
        _remember(settings, manifest.created_at, storage.root)
    return _backup(storage, manifest)


def last_backup(settings: Settings) -> LastBackup | None:
    """The newest backup that a home knows of; None where there is none or its record can't be read."""
    try:
        return msgspec.json.decode(settings.backup_record.read_bytes(), type=LastBackup)
    except (OSError, msgspec.DecodeError):
        return None


def _remember(settings: Settings, created_at: datetime, place: str) -> None:
    """Write when and where the home was backed up, for `papers doctor`."""
    try:
        write_atomically(settings.backup_record, msgspec.json.encode(LastBackup(created_at, place)))
    except OSError as error:
        raise HomeError(f"{settings.backup_record} can't be written ({error.strerror}): make it writable.") from error


def _landing_of(place: Path | str) -> Landing:
    return open_landing(place / "landing" if isinstance(place, Path) else f"{place}/landing")


def _check_same_warehouse(source: Landing, target: Landing) -> None:
    """Raise InputError when the backup has captures that the home lacks: it may be of another home."""
    is_damaged = False

    def note(_: object) -> None:
        nonlocal is_damaged
        is_damaged = True

    own = {capture.load_id for capture in source.captures(on_damage=note)}
    try:
        foreign = target.load_ids() - own
    except ArchiveError as error:
        raise InputError(f"The backup is damaged: {error} Back up into an empty folder.") from error
    if foreign and not is_damaged:
        raise InputError(
            f"{target.root} has {len(foreign)} capture(s) that this home lacks: it is the backup of another home, or "
            "this home lost them. Back up into another folder; `papers restore` into an empty home gives them back."
        )


def _write_files(settings: Settings, storage: Storage, target: Landing) -> _Manifest:
    """Write the files, if one changed, and the manifest."""
    now = utc_now()
    bodies = _files_of(settings)
    hashes = {name: sha256_of(body) for name, body in bodies.items()}
    try:
        before = _read_manifest(storage)
    except InputError:  # the first backup here, or one that this one repairs
        before = None
    if before and before.files == hashes and _is_whole(storage, before):
        folder = before.folder
    else:
        folder = f"files-{now:%Y%m%dT%H%M%S%fZ}"
        storage.write_all({f"{folder}/{name}": body for name, body in bodies.items()})
    manifest = _Manifest(
        schema_version=1,
        created_at=now,
        home=str(settings.home),
        captures=len(target.load_ids()),
        decisions=sum(1 for _ in target.decisions()),
        folder=folder,
        files=hashes,
    )
    storage.write(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return manifest


def _is_whole(storage: Storage, manifest: _Manifest) -> bool:
    try:
        _read_files(storage, manifest)
    except InputError:
        return False
    return True


def _files_of(settings: Settings) -> dict[str, bytes]:
    """The files of a home that can't be rebuilt, besides the archive, by their name in a backup."""
    found = {DEMO_MARKER: settings.home / DEMO_MARKER, _SUBSCRIPTIONS: settings.subscriptions}
    for folder in (settings.overrides, settings.digests):
        found |= {path.relative_to(settings.home).as_posix(): path for path in sorted(folder.rglob("*"))}
    bodies = {}
    for name, path in found.items():
        if path.is_file() and not (name.startswith("digest/") and _is_left_out(Path(name))):
            try:
                bodies[name] = path.read_bytes()
            except OSError as error:
                raise HomeError(f"{path} can't be read ({error.strerror}): make it readable, then again.") from error
    return bodies


def _is_left_out(name: Path) -> bool:
    return name.parts[1] in _NOT_OF_DIGEST or name.suffix in _NOT_OF_DIGEST or name.name.startswith(".part-")


def _place_of(settings: Settings, name: str) -> Path:
    """Where a file of a backup belongs. Raises InputError for a name that leads out of the home."""
    if name == _SUBSCRIPTIONS:
        return settings.subscriptions
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise InputError(f"The backup names a file outside the home ({name}): it was not written by `papers backup`.")
    return settings.home / name


def _read_manifest(storage: Storage) -> _Manifest:
    try:
        body = storage.read(_MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"There is no backup in {storage.root}: give the folder that `papers backup` wrote to."
        ) from None
    except OSError as error:
        raise InputError(f"{storage.root} can't be read ({error.strerror}): make it readable.") from error
    try:
        manifest = msgspec.json.decode(body, type=_Manifest)
    except msgspec.DecodeError as error:
        raise InputError(f"{storage.root}/{_MANIFEST} is damaged ({error}): take another backup.") from error
    if manifest.schema_version > 1:
        raise InputError(f"{storage.root} was written by a newer version of this program: upgrade, then run again.")
    return manifest


def _read_files(storage: Storage, manifest: _Manifest) -> dict[str, bytes]:
    """The files of a backup by name. Raises InputError for one that is missing or not what was written."""
    bodies = {}
    for name, sha256 in manifest.files.items():
        try:
            bodies[name] = storage.read(f"{manifest.folder}/{name}")
        except OSError as error:  # FileNotFoundError of an object store has no strerror
            _fail(storage, f"{manifest.folder}/{name} can't be read ({error.strerror or 'it is missing'})")
        if sha256_of(bodies[name]) != sha256:
            _fail(storage, f"{manifest.folder}/{name} holds other bytes than were backed up")
    return bodies


def _load_ids(storage: Storage, landing: Landing) -> set[str]:
    """The load ids of the archive of a backup. Raises InputError for a line that can't be read."""
    return {capture.load_id for capture in landing.captures(on_damage=lambda damage: _fail(storage, str(damage)))}


def _check_counts(storage: Storage, manifest: _Manifest, landing: Landing) -> None:
    """Later backups that were stopped may have added captures; none may be missing."""
    captures, decisions = len(_load_ids(storage, landing)), sum(1 for _ in landing.decisions())
    if captures < manifest.captures or decisions < manifest.decisions:
        _fail(
            storage,
            f"{manifest.captures} captures and {manifest.decisions} decisions were backed up, and {captures} and "
            f"{decisions} are there",
        )


def _check_empty(settings: Settings, files: Mapping[Path, bytes], load_ids: set[str]) -> None:
    """Raise InputError when the home holds a warehouse, or other content of a file that the restore writes."""
    landing = open_landing(settings.landing)
    found = [path for path in (settings.raw_database, settings.published_database) if path.exists()]
    found += [path for path, body in files.items() if path.exists() and path.read_bytes() != body]
    if landing.exists() and (isinstance(settings.landing, Path) or landing.load_ids() - load_ids):
        found.insert(0, Path(str(landing.root)))
    if found:
        raise InputError(
            f"{settings.home} is not empty, and a restore overwrites nothing ({found[0]} is there): move it away, or "
            "restore into another folder with --home."
        )


def _restore_landing(
    storage: Storage,
    manifest: _Manifest,
    backup: Landing,
    root: Path | str,
    files: Mapping[Path, bytes],
    load_ids: set[str],
) -> None:
    """Copy the archive and check it, write the files, then give the archive its name. ``load_ids``: of the backup."""
    part = root.with_name(f".part-restore-{root.name}") if isinstance(root, Path) else root
    target = open_landing(part)
    copied = {capture.load_id for capture in target.captures(on_damage=lambda _: None)}
    if isinstance(part, Path) and copied - load_ids:
        remove(part)  # left by a restore of another backup that was stopped
    try:
        copy_archive(backup, target)
    except ValueError as error:
        _fail(storage, str(error))
    _check_counts(storage, manifest, target)
    try:
        for path, body in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, body, durable=True)
        if isinstance(root, Path):
            os.replace(part, root)
            sync(root.parent)
    except OSError as error:
        raise HomeError(
            f"{error.filename or root} can't be written ({error.strerror}): free space or make it writable, then "
            "restore again."
        ) from error


def _backup(storage: Storage, manifest: _Manifest, captures: int = 0, decisions: int = 0) -> Backup:
    return Backup(
        place=storage.root,
        created_at=manifest.created_at,
        captures=manifest.captures,
        decisions=manifest.decisions,
        files=len(manifest.files),
        new_captures=captures,
        new_decisions=decisions,
    )


def _fail(storage: Storage, problem: str) -> None:
    raise InputError(f"The backup {storage.root} is damaged: {problem}. Nothing was changed.")
