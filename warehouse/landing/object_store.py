"""Named bytes below a root: a folder here, or a bucket of an object store through fsspec.

Used for what several machines share: the hand-over, and the landing archive where PAPERS_LANDING names a store. A name
appears whole or not at all, and is durable when ``write`` returns. Credentials are read by the store's client (for S3
from the AWS_* variables and files), not here.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from warehouse.errors import HomeError, UnreachableError, WarehouseError
from warehouse.files import write_atomically

logger = logging.getLogger(__name__)

#: A request that takes longer is logged.
_LOG_AFTER_SECONDS = 5.0
#: An unreachable store fails within 60 s, retries included.
_CONNECT_TIMEOUT_SECONDS, _READ_TIMEOUT_SECONDS = 5, 60
#: Error classes of the stores' clients, by name: these clients are imported only where a store is used.
_UNREACHABLE = (
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ConnectionClosedError",
    "ClientError",
)
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound")


class Storage(Protocol):
    """Names are paths with ``/`` below the root."""

    #: The root as the user wrote it.
    root: str

    def read(self, name: str) -> bytes:
        """The bytes of a name. Raises FileNotFoundError."""

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        """The bytes of several names, in their order, fetched concurrently. Raises FileNotFoundError."""

    def write(self, name: str, body: bytes) -> None:
        """Store bytes under a name, whole or not at all. Raises HomeError when that fails."""

    def write_all(self, bodies: Mapping[str, bytes]) -> None:
        """Store bytes under several names, concurrently; each appears whole or not at all."""

    def exists(self, name: str) -> bool:
        """Whether there is such a name."""

    def names(self, folder: str) -> list[str]:
        """The names and folders directly in a folder, sorted, without the path. Empty if there is no such folder."""


def open_storage(root: Path | str) -> Storage:
    """The storage at a folder or at a URL like ``s3://bucket/prefix``. Opens nothing yet.

    Raises HomeError with what to install when the store's client is missing.
    """
    return ObjectStorage(str(root)) if "://" in str(root) else FolderStorage(Path(root))


class FolderStorage:
    """A folder of this machine, or one that it mounts."""

    def __init__(self, root: Path):
        self.root = str(root)
        self._folder = root

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        return [self.read(name) for name in names]

    def write(self, name: str, body: bytes) -> None:
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, body, durable=True)
        except OSError as error:
            raise HomeError(
                f"{self.root} can't be written ({error.strerror or error}): free space or make the folder writable, "
                "then run again."
            ) from error

    def write_all(self, bodies: Mapping[str, bytes]) -> None:
        for name, body in bodies.items():
            self.write(name, body)

    def exists(self, name: str) -> bool:
        return (self._folder / name).exists()

    def names(self, folder: str) -> list[str]:
        path = self._folder / folder
        if not path.is_dir():
            return []
        return sorted(entry.name for entry in os.scandir(path) if not entry.name.startswith(".part-"))


class ObjectStorage:
    """A bucket and a prefix of an object store."""

    def __init__(self, url: str):
        self.root = url.rstrip("/")
        scheme = url.partition("://")[0]
        try:
            import fsspec

            # Names are not cached: another machine may have written since.
            options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
            if scheme in ("s3", "s3a"):
                options["config_kwargs"] = {
                    "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
                    "read_timeout": _READ_TIMEOUT_SECONDS,
                    "retries": {"max_attempts": 2},
                }
            self._files, path = fsspec.core.url_to_fs(self.root, **options)
        except ImportError as error:
            raise HomeError(
                f"{scheme}:// needs a client that is not installed: "
                "install the extra `object-store` (uv sync --extra object-store), "
                "or for another store than S3 its fsspec package."
            ) from error
        except ValueError as error:
            raise HomeError(f"{self.root} names no supported object store: {error}.") from error
        self._path = str(path).rstrip("/")
        if hasattr(self._files, "retries"):
            self._files.retries = 3  # besides the client's own; the default is five

    def read(self, name: str) -> bytes:
        with self._translated_errors():
            return bytes(self._files.cat_file(self._at(name)))

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        if not names:
            return []
        with self._translated_errors():
            found = self._files.cat([self._at(name) for name in names])
            if isinstance(found, bytes):  # fsspec returns the bytes themselves for one name
                return [found]
            return [bytes(found[self._at(name)]) for name in names]

    def write(self, name: str, body: bytes) -> None:
        self.write_all({name: body})

    def write_all(self, bodies: Mapping[str, bytes]) -> None:
        try:
            with self._translated_errors():
                self._files.pipe({self._at(name): body for name, body in bodies.items()})
        except FileNotFoundError as error:
            raise self._no_bucket() from error

    def exists(self, name: str) -> bool:
        with self._translated_errors():
            return bool(self._files.exists(self._at(name)))

    def names(self, folder: str) -> list[str]:
        with self._translated_errors():
            try:
                found = self._files.ls(self._at(folder), detail=False)
            except FileNotFoundError:
                # The store answers the same for an empty folder and for a missing bucket; only the second is an error.
                if not self._files.exists(self._path.partition("/")[0]):
                    raise self._no_bucket() from None
                return []
        names = (str(path).rstrip("/").rpartition("/")[2] for path in found)
        return sorted(name for name in names if name and name != folder.rpartition("/")[2])

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}" if name else self._path

    def _no_bucket(self) -> HomeError:
        return HomeError(f"{self.root} can't be used: there is no such bucket; make it, or correct the address.")

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Raise HomeError or UnreachableError for an error of a store's client. FileNotFoundError passes through."""
        started = time.monotonic()
        try:
            yield
            waited = time.monotonic() - started
            logger.log(
                logging.INFO if waited > _LOG_AFTER_SECONDS else logging.DEBUG, "%s took %.1f s", self.root, waited
            )
        except (FileNotFoundError, WarehouseError):
            raise
        except Exception as error:
            kind = type(error).__name__
            if isinstance(error, PermissionError):
                raise HomeError(
                    f"{self.root} refused access: check the credentials in the environment and what they may do "
                    "(list, get, put)."
                ) from error
            if kind in _NO_CREDENTIALS:
                raise HomeError(
                    f"{self.root} needs credentials and none were found: for S3 set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
                ) from error
            if isinstance(error, ConnectionError | TimeoutError) or kind in _UNREACHABLE:
                raise UnreachableError(
                    f"{self.root} can't be reached: check the network and the store's address "
                    "(AWS_ENDPOINT_URL for a store of your own), then run again; nothing already landed is lost."
                ) from error
            # The client's message may contain signed addresses: only the class is shown.
            raise HomeError(f"{self.root} can't be used ({kind}): check the store, then run again.") from error
