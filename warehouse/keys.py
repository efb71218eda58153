"""Keys under which names and titles are compared. Computed once, when a load is read, so that every engine
that reads the raw tables sees the same keys. The text as listed is kept beside them, always.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_APOSTROPHES = re.compile("['\"`´‘’‛“”„ʹʻʼʽ]")
_TEX = re.compile(r"\\[a-zA-Z]+\s*|[{}$^~\\]")
_NOT_WORD = re.compile(r"[\W_]+")
#: Letters that NFKD leaves whole although the field writes them both ways.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ß": "ss"}
)


def fold(text: str) -> str:
    """Lower case without accents: NFKD, case-folded, combining marks dropped."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


def words(text: str) -> str:
    """The folded words of a text, one space between them. Apostrophes join, TeX and punctuation part."""
    return _NOT_WORD.sub(" ", _TEX.sub(" ", _APOSTROPHES.sub("", fold(text)))).strip()


def title_key(title: str) -> str:
    """A title without case, accents, TeX, punctuation and spaces: equal for API, page and text captures."""
    return words(title).replace(" ", "")


@lru_cache(maxsize=1 << 17)  # an archive names the same people over and over
def name_key(name: str) -> str:
    """The folded name, its words joined: Yu-Gang, Yu-gang and Yugang Jiang share one key.

    A name with no letters that fold (rare scripts keep theirs) falls back to the text itself, so no key is empty.
    """
    folded = words(name)
    head, _, surname = folded.rpartition(" ")
    return f"{head.replace(' ', '')} {surname}".strip() or name.strip().casefold() or name
