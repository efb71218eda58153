"""Keys under which names and titles are compared: computed when a load is parsed, so that all engines use the same.

The raw tables store the text as listed beside its key.
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
    """The folded words of a text, separated by one space. TeX and punctuation separate words, apostrophes do not."""
    return _NOT_WORD.sub(" ", _TEX.sub(" ", _APOSTROPHES.sub("", fold(text)))).strip()


def title_key(title: str) -> str:
    """A title without case, accents, TeX, punctuation and spaces: equal for API, page and text captures."""
    return words(title).replace(" ", "")


@lru_cache(maxsize=1 << 17)  # an archive repeats names
def name_key(name: str) -> str:
    """The folded name, its words joined: Yu-Gang, Yu-gang and Yugang Jiang share one key.

    A name without any letter falls back to the text itself, so no key is empty.
    """
    folded = words(name)
    head, _, surname = folded.rpartition(" ")
    return f"{head.replace(' ', '')} {surname}".strip() or name.strip().casefold() or name
