"""Journals: files of one JSON object a line, appended only, in which each line carries its own checksum.

Belongs here: what a line is, and whether it is whole. Does not belong here: what its record means (``landing.py``,
``digest/record.py``).

A line is ``{…,"check":"0a1b2c3d"}``: the CRC-32 of the object without that field, in hexadecimal. Lines without a
checksum were written by an older version, and are whole when they are JSON.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

_CHECK = re.compile(rb',"check":"([0-9a-f]{8})"\}$')
#: What version control writes between the two sides of a conflict. Both sides are whole lines, and both are kept.
_CONFLICT = re.compile(rb"(<{7}|={7}|>{7}|\|{7})( .*)?")
_GZIP, _BOM = b"\x1f\x8b", b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line: its number from 1, its bytes as they are, and the JSON object without its checksum.

    ``is_checked``: it carries a checksum that fits. ``is_torn``: it has no end and no checksum, as a crash leaves it.
    ``problem``: why it is not what was written, or None when nothing shows that.
    """

    number: int
    raw: bytes
    record: bytes
    is_checked: bool
    is_torn: bool
    problem: str | None

    @property
    def sha256(self) -> str:
        """What names the line in a record about it."""
        return hashlib.sha256(self.raw).hexdigest()


def encode_line(record: bytes) -> bytes:
    """A JSON object, as compact as ``msgspec`` writes it, as a line with its checksum and its end."""
    return b'%s,"check":"%08x"}\n' % (record[:-1], zlib.crc32(record))


def read_lines(journal: bytes) -> Iterator[Line]:
    """The lines of a journal, without empty ones and those of a conflict in version control.

    Reads journals that a person compressed with gzip or saved with a byte order mark. A gzip file that is damaged ends
    with a line of number 0, which is the whole journal, and the problem.
    """
    text, problem = _unpacked(journal)
    *lines, last = re.split(rb"\r?\n", text.removeprefix(_BOM))
    for number, raw in enumerate([*lines, last], start=1):
        if not raw.strip() or _CONFLICT.fullmatch(raw):
            continue
        check = _CHECK.search(raw)
        record = raw[: check.start()] + b"}" if check else raw
        fits = not check or int(check[1], 16) == zlib.crc32(record)
        is_torn = number > len(lines) and not check
        yield Line(
            number, raw, record, bool(check) and fits, is_torn, None if fits else "its checksum does not fit its text"
        )
    if problem:
        yield Line(0, journal, b"", False, False, problem)


def _unpacked(journal: bytes) -> tuple[bytes, str | None]:
    """The text of a journal whose beginning may be members of gzip, and what is wrong with them."""
    text = b""
    while journal[:2] == _GZIP:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            text += unpacker.decompress(journal)
        except zlib.error as error:
            return text, f"it is a damaged gzip file ({error})"
        if not unpacker.eof:
            return text, "it is a gzip file that ends early"
        journal = unpacker.unused_data
    return text + journal, None
