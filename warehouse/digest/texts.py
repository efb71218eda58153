"""Listed texts on their way to a reader: what XML, a mail header or a line of text can't hold is taken out."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from warehouse.keys import words

#: Directions and isolates: they reorder what stands around them. https://www.unicode.org/reports/tr9/
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def one_line(text: str, most: int = 500) -> str:
    """A text as one line of at most ``most`` characters, legal in XML 1.0, without control characters."""
    spaced = "".join(" " if c.isspace() or unicodedata.category(c) in ("Zl", "Zp") else c for c in text)
    legal = "".join(c for c in spaced.translate(_BIDI) if _is_legal(c))
    line = " ".join(legal.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _is_legal(character: str) -> bool:
    """Whether XML 1.0 allows it and it is no control character. https://www.w3.org/TR/xml/#charsets"""
    code = ord(character)
    return unicodedata.category(character) not in ("Cc", "Cs") and code & 0xFFFE != 0xFFFE


def web_address(url: str | None) -> str | None:
    """The address if a browser may be led there, else nothing: listed links are kept as sent, whatever they are."""
    if not url or any(c.isspace() or not _is_legal(c) for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def folded_words(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and regular English plurals, as keywords are counted in the models."""
    return tuple(_singular(word) for word in words(text).split())


def says(text: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Whether the folded words of a phrase stand in a row in those of a text."""
    size = len(phrase)
    return bool(size) and any(text[i : i + size] == phrase for i in range(len(text) - size + 1))


def _singular(word: str) -> str:
    if re.search(r"(series|species|ss|us|is|as|ics)$", word) or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "shes", "ches", "xes")) else word[:-1]
