"""Keys under which names and titles are compared: computed when a load is parsed, so that all engines use the same.

The raw tables store the text as listed beside its key.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

_APOSTROPHES = re.compile("['\"`´‘’‛“”„ʹʻʼʽ]")
_TEX = re.compile(r"\\[a-zA-Z]+\s*|[{}$^~\\]")
#: Letters that NFKD leaves whole although the field writes them both ways.
_LETTERS = str.maketrans(
    {
        **{"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "ȷ": "j", "ŋ": "n"},
        **{"æ": "ae", "œ": "oe", "þ": "th", "ß": "ss"},
    }
)
#: Scripts in which a combining mark is a vowel or a letter, not an accent: Hebrew to Georgian with all of India, the
#: Philippines to Tai Tham, Balinese to Ol Chiki, kana, Saurashtra to Meetei Mayek, composed Hebrew, and those of the
#: further planes. The macro ``without_accents`` and the report's search have the same ranges.
#: https://www.unicode.org/Public/UNIDATA/Blocks.txt
MARKED_SCRIPTS = (
    "\u0590-\u10ff\u1700-\u1aaf\u1b00-\u1c7f\u3040-\u30ff\ua800-\uabff\ufb1d-\ufb4e"
    "\U00010a00-\U00011fff\U0001e100-\U0001e95f"
)
_IN_MARKED_SCRIPT = re.compile(f"[{MARKED_SCRIPTS}]")
#: Soft hyphen, joiners, marks of direction, byte order mark: nobody sees them.
_INVISIBLE = re.compile("[\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
#: TeX's commands for letters. https://www.latex-project.org/help/documentation/encguide.pdf
_TEX_LETTERS = {
    **{"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ"},
    **{"ss": "ß", "i": "ı", "j": "ȷ", "dj": "đ", "DJ": "Đ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ"},
    **{"ng": "ŋ", "NG": "Ŋ"},
}
#: TeX's commands for accents, as the combining marks that they set.
_TEX_ACCENTS = {
    **{"`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307"},
    **{"u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "k": "\u0328"},
    **{"r": "\u030a"},
}
_TEX_ACCENT = re.compile(
    r"""\\(?:([`'^"~=.])|([uvHcdbkr])(?![a-zA-Z]))\s*(?:\{\s*(\\[ij]|[^\W\d_])\s*\}|(\\[ij])(?![a-zA-Z])\s?|([^\W\d_]))"""
)
#: TeX skips the space after a command; before a capital it was meant: ``Pawe\l Nowak``.
_TEX_LETTER = re.compile(
    rf"\\({'|'.join(sorted(_TEX_LETTERS, key=len, reverse=True))})(?![a-zA-Z])(?:\{{\}}|\s+(?=[^\W\d_])(?![A-Z]))?"
)
_LETTER_IN_BRACES = re.compile(r"(\\[a-zA-Z]+\s*)?\{([^\W\d_][\u0300-\u036f]*)\}")


def without_tex_letters(text: str) -> str:
    """A text with TeX's commands for accents and letters as the letters that they print, without braces around a single
    letter. Other TeX stays."""
    if "\\" not in text and "{" not in text:
        return text
    before = None
    while text != before:  # \~{\^e}
        before = text
        text = unicodedata.normalize("NFC", _TEX_ACCENT.sub(_accented, text))
    text = _TEX_LETTER.sub(lambda m: _TEX_LETTERS[m[1]], text)
    return _LETTER_IN_BRACES.sub(lambda m: m[0] if m[1] else m[2], text)


def _accented(command: re.Match[str]) -> str:
    letter = command[3] or command[4] or command[5]
    return letter.removeprefix("\\") + _TEX_ACCENTS[command[1] or command[2]]


def fold(text: str) -> str:
    """Lower case without accents: NFKD, case-folded, invisible characters dropped.

    A combining mark of `MARKED_SCRIPTS` is a vowel or a letter, and kept: Kiran and Karan differ by one such mark in
    Devanagari. Others are accents, as of Latin, Greek and Cyrillic.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)).casefold()
    return without_marks(decomposed).translate(_LETTERS)


def without_marks(decomposed: str) -> str:
    """A decomposed text without combining marks, but for those of `MARKED_SCRIPTS`."""
    return "".join(c for c in decomposed if not _is_mark(c) or has_marked_script(c))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def has_marked_script(text: str) -> bool:
    """Whether a text has a letter or mark of `MARKED_SCRIPTS`."""
    return _IN_MARKED_SCRIPT.search(text) is not None


def separate(folded: str, kept: str = "") -> str:
    """A folded text with a space for each character that is no letter, digit or mark, nor one of ``kept``."""
    if not has_marked_script(folded):
        return _not_word(kept).sub(" ", folded)
    return "".join(c if c.isalnum() or c in kept or _is_mark(c) else " " for c in folded)


@cache
def _not_word(kept: str) -> re.Pattern[str]:
    return re.compile(rf"(?:[^\w{re.escape(kept)}]|_)+")


def words(text: str) -> str:
    """The folded words of a text, separated by one space. TeX and punctuation separate words, apostrophes do not."""
    folded = fold(_APOSTROPHES.sub("", without_tex_letters(text)))
    return " ".join(separate(_TEX.sub(" ", _APOSTROPHES.sub("", folded))).split())


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
