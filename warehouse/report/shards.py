"""Shards: data that a page loads when it needs it, in files small enough to load one at a time.

A shard is ``data/<kind>/<name>.js``, a script with one call, ``report.addShard(kind, name, length, letters)``: a page
opened from the file system may load scripts and nothing else. The letters stand for ``length`` bytes of gzip of JSON,
so that no listed text can end a script element; equal values give equal bytes. ``assets/shards.js`` reads them.

Not here: what a shard holds, and which values share one.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from typing import Any

import numpy as np
from isal import igzip

_MAX_NAME_LENGTH = 80
_NAME = re.compile(r"(?!\.)[0-9A-Za-z.-]{1,80}", re.ASCII)
_CALL = re.compile(r'\ufeffreport\.addShard\("[^"]*","[^"]*",(\d+),"([^"]*)"\);\n')
#: A letter stands for 15 bits: 32,768 letters from this one on, none of them a control character, a quotation mark or
#: half of a surrogate pair. The file is UTF-16, so a letter takes two bytes and the data 7 % more than the bytes that
#: they stand for (base64: 33 %). Browsers recognize UTF-16 by its byte order mark: https://encoding.spec.whatwg.org/#decode
_FIRST_LETTER = 0x3400
_BITS = 15


def shard_name(text: str) -> str:
    """A name for the shard of an id or of the start of one: lower-case letters, digits, points and hyphens.

    It is safe in every file system and address. Different texts can get one name, and then share the shard.
    ``report.shardName`` of ``assets/shards.js`` is the same function.
    """
    name = re.sub(r"[^0-9A-Za-z.]+", "-", text)[:_MAX_NAME_LENGTH].strip(".-").lower()
    return name or "other"


def shard_script(kind: str, name: str, text: str) -> bytes:
    """The script of a shard whose value is ``text``, JSON. Raises ValueError for names that are no safe file names.

    Half of a surrogate pair, which UTF-8 can't express, becomes a question mark.
    """
    # Without a time. ISA-L needs a sixth of zlib's time and 4 % more bytes (2026-11).
    data = igzip.compress(text.encode("utf-8", "replace"), 3, mtime=0)
    start = f'\ufeffreport.addShard("{_checked(kind)}","{_checked(name)}",{len(data)},"'
    return start.encode("utf-16-le") + _letters(data) + '");\n'.encode("utf-16-le")


def read_script(script: bytes) -> Any:
    """The value of a shard, from its script; None from one that is damaged."""
    try:
        call = _CALL.fullmatch(script.decode("utf-16-le"))
        return json.loads(gzip.decompress(_bytes(call[2])[: int(call[1])])) if call else None
    except (EOFError, OSError, ValueError, zlib.error):
        return None


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no safe name of a shard: shard_name() makes one.")
    return name


def _letters(data: bytes) -> bytes:
    """Bytes as letters in UTF-16: 15 bits each, the highest first, zeros after the last."""
    groups = -(-len(data) // _BITS)  # 15 bytes are 8 letters
    padded = np.frombuffer(data.ljust(groups * _BITS, b"\0"), np.uint8).reshape(groups, _BITS).astype(np.uint32)
    padded = np.pad(padded, ((0, 0), (0, 1)))
    letters = np.empty((groups, 8), "<u2")
    for place in range(8):
        byte, bit = divmod(_BITS * place, 8)
        three_bytes = padded[:, byte] << 16 | padded[:, byte + 1] << 8 | padded[:, min(byte + 2, _BITS)]
        letters[:, place] = (three_bytes >> (24 - _BITS - bit) & (1 << _BITS) - 1) + _FIRST_LETTER
    return letters.reshape(-1)[: -(-8 * len(data) // _BITS)].tobytes()


def _bytes(letters: str) -> bytes:
    """The bytes that letters stand for, and what zeros there are after them."""
    values = (np.frombuffer(letters.encode("utf-16-le"), "<u2") - _FIRST_LETTER).astype(">u2")
    bits = np.unpackbits(values.view(np.uint8)).reshape(-1, _BITS + 1)[:, 1:]
    return np.packbits(bits).tobytes()
