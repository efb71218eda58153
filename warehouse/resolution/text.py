"""The words of titles, keywords and organizations that resolution compares."""

from __future__ import annotations

import re
from functools import lru_cache

from warehouse.resolution.names import fold

_STOP_TEXT = """
    a an the and of for in on with to by from using via is are at as based its into towards toward
    through how what can be or new approach method dept department univ university inst institute sch
    school college lab laboratory center centre res research sci science sciences comput computer eng
    engineering electr null
    """
_STOP = frozenset(_STOP_TEXT.split())
_ENDINGS = ("ings", "ing", "ies", "es", "s", "ed")
_WORD = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=50_000)
def words(text: str | None) -> tuple[str, ...]:
    """The words of a text without stop words and endings."""
    return tuple(filter(None, map(_stem, _WORD.findall(fold(text))))) if text else ()


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """A word without its ending; empty for a stop word."""
    if len(word) < 2 or word in _STOP:
        return ""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=200_000)
def keyword_key(keyword: str) -> str:
    """The key under which spellings of one keyword are equal."""
    return " ".join(words(keyword))
