"""Journals: append-only files of one JSON object a line, in which each line has its own checksum.

Belongs here: the format of a line, and whether it is intact. Does not belong here: what its record means
(``captures.py``, ``digest/record.py``).

A line is ``{…,"check":"0a1b2c3d"}``: the CRC-32 of the bytes of the object without that field, in hexadecimal. So new
fields of a record need no change here. Lines without a checksum were written by an older version and count as intact
when they are JSON.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from warehouse.landing.payloads import sha256_of

_CHECK = re.compile(rb',"check":"([0-9a-f]{8})"\}$')
#: Markers of a merge conflict in version control. The lines of both sides are read.
_CONFLICT = re.compile(rb"(<{7}|={7}|>{7}|\|{7})( .*)?")
_GZIP, _BOM = b"\x1f\x8b", b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line: its number from 1, its bytes as stored, and the JSON object without its checksum.

    ``is_checked``: it has a correct checksum. ``is_partial``: it has neither a line break nor a checksum, as after a
    crash. ``problem``: why it is not what was written, or None.
    """

    number: int
    raw: bytes
    record: bytes
    is_checked: bool
    is_partial: bool
    problem: str | None

    @property
    def sha256(self) -> str:
        """The hash that identifies the line in a record about it."""
        return sha256_of(self.raw)


def encode_line(record: bytes) -> bytes:
    """A JSON object, as compact as ``msgspec`` writes it, as a line with checksum and line break."""
    return b'%s,"check":"%08x"}\n' % (record[:-1], zlib.crc32(record))


def read_lines(journal: bytes) -> Iterator[Line]:
    """The lines of a journal, without empty ones and the markers of a merge conflict.

    Reads journals that a person compressed with gzip or saved with a byte order mark. A damaged gzip file gives a last
    line with number 0, for the whole journal, and the problem.
    """
    text, problem = _decompress(journal)
    *lines, last = re.split(rb"\r?\n", text.removeprefix(_BOM))
    for number, raw in enumerate([*lines, last], start=1):
        if not raw.strip() or _CONFLICT.fullmatch(raw):
            continue
        check = _CHECK.search(raw)
        record = raw[: check.start()] + b"}" if check else raw
        is_wrong = check is not None and int(check[1], 16) != zlib.crc32(record)
        yield Line(
            number=number,
            raw=raw,
            record=record,
            is_checked=check is not None and not is_wrong,
            is_partial=number > len(lines) and not check,
            problem="its checksum does not fit its text" if is_wrong else None,
        )
    if problem:
        yield Line(0, journal, b"", False, False, problem)


def _decompress(journal: bytes) -> tuple[bytes, str | None]:
    """The text of a journal that may start with gzip members, and what is wrong with these."""
    text = b""
    while journal[:2] == _GZIP:
        decompressor = zlib.decompressobj(wbits=31)
        try:
            text += decompressor.decompress(journal)
        except zlib.error as error:
            return text, f"it is a damaged gzip file ({error})"
        if not decompressor.eof:
            return text, "it is a gzip file that ends early"
        journal = decompressor.unused_data
    return text + journal, None
