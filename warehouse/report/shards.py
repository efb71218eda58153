"""Shards: data that a page loads when it needs it, in files small enough to load one at a time.

A shard is ``data/<kind>/<name>.js``, a script with one call, ``report.addShard(kind, name, data)``: a page opened from
the file system may load scripts and nothing else. ``data`` is base64 of gzip of JSON, so that no listed text can end a
script element; equal values give equal bytes. ``assets/shards.js`` loads them with ``report.loadShard(kind, name)``.

Not here: what a shard holds, and which values share one.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from isal import igzip

_MAX_NAME_LENGTH = 80
_NAME = re.compile(r"(?!\.)[0-9A-Za-z.-]{1,80}", re.ASCII)
_CALL = re.compile(r'report\.addShard\("[^"]*","[^"]*","([0-9A-Za-z+/=]*)"\);\n', re.ASCII)


def shard_name(text: str) -> str:
    """A name for the shard of an id or of the start of one: lower-case letters, digits, points and hyphens.

    It is safe in every file system and address. Different texts can get one name, and then share the shard.
    ``report.shardName`` of ``assets/shards.js`` is the same function.
    """
    name = re.sub(r"[^0-9A-Za-z.]+", "-", text)[:_MAX_NAME_LENGTH].strip(".-").lower()
    return name or "other"


def write_shards(folder: Path, kind: str, values: Iterable[tuple[str, Any]]) -> int:
    """Write each value, which JSON can express, as the shard of its name, and return the bytes written.

    ``folder`` is the report's. Raises ValueError for a kind or name that is no safe file name, and for a name that
    comes twice, also in other capitals, as some file systems do not tell them apart.
    """
    target = folder / "data" / _checked(kind)
    target.mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    written = 0
    for name, value in values:
        if name.lower() in seen:
            raise ValueError(f"Shard {name!r} of {kind} comes twice.")
        seen.add(name.lower())
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        script = f'report.addShard("{kind}","{_checked(name)}","{_encoded(text)}");\n'
        written += (target / f"{name}.js").write_text(script, encoding="ascii")
    return written


def read_shard(folder: Path, kind: str, name: str) -> Any:
    """The value of a written shard; None where there is none, or none that can be read."""
    try:
        found = _CALL.fullmatch((folder / "data" / _checked(kind) / f"{_checked(name)}.js").read_text(encoding="ascii"))
        return json.loads(gzip.decompress(base64.b64decode(found[1]))) if found else None
    except (OSError, EOFError, ValueError, zlib.error):
        return None


def link_shards(earlier: Path, folder: Path, kind: str, names: Sequence[str]) -> bool:
    """Put shards of an earlier report into the one in ``folder``, as links where the file system has them.

    False if one is missing or can't be put there; then none is.
    """
    source, target = earlier / "data" / _checked(kind), folder / "data" / kind
    target.mkdir(parents=True, exist_ok=True)
    files = [f"{_checked(name)}.js" for name in names]
    try:
        for file in files:
            try:
                os.link(source / file, target / file)
            except OSError:
                shutil.copyfile(source / file, target / file)
    except OSError:
        for file in files:  # what is written here later must not change the earlier report
            (target / file).unlink(missing_ok=True)
        return False
    return True


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no safe name of a shard: shard_name() makes one.")
    return name


def _encoded(text: str) -> str:
    """Base64 of gzip without a time. ISA-L needs a sixth of zlib's time and 4 % more bytes (2026-11).

    Half of a surrogate pair, which UTF-8 can't express, becomes a question mark.
    """
    return base64.b64encode(igzip.compress(text.encode("utf-8", "replace"), 3, mtime=0)).decode("ascii")
