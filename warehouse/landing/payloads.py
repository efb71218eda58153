"""Payloads as they are stored: each one gzip member, named by the SHA-256 of the bytes received."""

from __future__ import annotations

import hashlib
import re
from typing import cast

from isal import isal_zlib

#: Raised by reading and decompressing a payload that is missing or damaged. isal's own types call its error an
#: instance.
UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, cast("type[Exception]", isal_zlib.error))
PAYLOAD_NAME = re.compile(r"([0-9a-f]{64})\.gz")
#: The last cheap level of ISA-L: level 3 takes twice its time for 2 % less on disk.
_GZIP_LEVEL = 2


def sha256_of(body: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def payload_path(sha256: str) -> str:
    """The path of a payload below the root of an archive."""
    return f"payloads/{sha256[:2]}/{sha256}.gz"


def compress(body: bytes) -> bytes:
    """One gzip member, without time and name: equal bytes give equal files."""
    return isal_zlib.compress(body, _GZIP_LEVEL, wbits=31)


def decompress(packed: bytes, size: int = 0) -> bytes:
    """The bytes of one gzip member; ``size`` is their expected number, for the buffer. Raises one of UNREADABLE."""
    return isal_zlib.decompress(packed, wbits=31, bufsize=max(size, 1))
