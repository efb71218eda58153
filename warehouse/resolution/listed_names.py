"""What an author row names: one person, several, a team, or nobody; and the name without what is no part of it.

Belongs here: what people write around names (degrees, footnote signs, addresses, "et al."), and how a row shows that it
names no person or more than one. Not here: the parts and keys of a name (``names``).
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from warehouse.keys import without_tex_letters, words

Kind = Literal["person", "people", "team", "placeholder"]

_TEAM_WORDS_TEXT = """
    team teams group lab labs laboratory collaboration consortium project research initiative community
    foundation institute university inc corp core contributors authors developers
    """
#: Words of a team's name. "AI" is one as written below, as Ai is a surname and a given name.
TEAM_WORDS = frozenset(_TEAM_WORDS_TEXT.split())
#: A name of one word that ends so is a team's: EverestAI, WanTeam.
_TEAM_END = re.compile(r"[a-z0-9](?:AI|Teams?|Labs?)$")
#: More words than any person's name has.
MAX_WORDS = 7
#: A longer row is a team's, unread: some patterns take time with the square of the length.
MAX_CHARACTERS = 5_000
_PLACEHOLDERS_TEXT = """
    anonymous|anonymous author|anonymous authors|anonymous submission|anonymized|anonymised|anon|author|authors|
    first author|second author|unknown|unknown author|unknown authors|unnamed|unnamed author|no author|no authors|none|
    null|undefined|not available|not given|not specified|tba|tbd|to be announced|various|various authors|others|more|
    many others|name withheld|names withheld|author name|author names|your name|withheld|redacted|匿名|佚名|
    anonyme|anonimo|anonym
    """
_PLACEHOLDERS = frozenset(key for text in _PLACEHOLDERS_TEXT.split("|") if (key := words(text)))
_NO_ANSWER = re.compile(r"(?i)n\.?\s*/\s*a\.?")

#: What ends a list that is cut: "et al.", "and 25 more authors", "and others".
_REST = re.compile(
    r"""(?ix) (?:^|[\s,;&+]) (?:and\s+|&\s*|\+\s*)? (?:
        et\s*\.?\s*al(?:ii|iae|ia)?
        | (?:\d[\d,]*|many|several)\s+(?:more|others?|additional)\b(?:\s+(?:co-?)?(?:authors?|contributors?|people))?
        | (?:more|other|additional)\s+(?:co-?)?(?:authors?|contributors?|people)
        | (?<=and\s)others | (?<=&\s)others
    ) [\s.…]* $"""
)
_FIRST_WORDS = re.compile(r"^(?:(?:and|&)\s+|(?i:by|authors?)\s*:\s*|\(?\d{1,3}[.)]\s+(?=\D))")
_LAST_WORDS = re.compile(r"(?:[\s,;:&|/+]|\sand)+$")
_ADDRESSES = re.compile(
    r"""(?ix) <[^<>]*> | (?:\b(?:mailto:|e-?mail:?)\s*)?(?<![^\s,;:<>()])[^\s,;<>()@]+@[^\s,;<>()]+\.[^\s,;<>()]+
    | https?://\S+ | \bwww\.\S+
    | (?:\borcid\b[\s:]*)?\b\d{4}-\d{4}-\d{4}-\d{3}[\dx]\b | (?<!\S)@\w+"""
)
_BRACKETS = re.compile(r"[(\[（【][^()\[\]（）【】]*[)\]）】]")
_OPEN_BRACKET = re.compile(r"(?<=\S)\s*[(\[（【].*$")
_SUPERSCRIPT = re.compile(
    r"""(?x) \$?\s* (?: \\(?:textsuperscript|thanks|footnote(?:mark)?|inst)\s* | \^ )
    (?: \{(?:[^{}]|\{[^{}]*\})*\} | \[[^\]]*\] | \\[a-zA-Z]+ | [\w*†‡] ) \s*\$? | [⁰¹²³⁴-⁾₀-₎]+"""
)
_TEX_SPACE = re.compile(r"\\[,;:! ]|~")
_TEX = re.compile(r"\\[a-zA-Z]+\b\s*|\\[^a-zA-Z\s&]|[{}$^]|\\(?=&)")
_SIGNS = re.compile("[*#†‡§¶‖•·∗⁎＊]+")
#: A sign of a footnote before a comma: what follows is another person.
_MARKED_END = re.compile(r"(?:[*#†‡§¶‖∗]|(?<=[a-z])\s?\d{1,2}|(?<=\d),\d{1,2})+\s*,\s*(?=([^\W\d_][^,;]*))")
_DEGREE = re.compile(
    r"""(?x) (?:\s*,\s*|\s+) (?: [Pp][Hh]\.?\s?[Dd] | D\.?\s?Phil | M\.D | M\.[SA] | B\.[SA] | [MB]\.?\s?[Ss]c
        | M\.?Eng | B\.?Eng | M\.?B\.?A | M\.?B\.?B\.?S | Dr\.?-?\s?Ing | P\.Eng | FRS
        | (?:(?:Senior|Student|Life|Graduate\sStudent)\s+)?(?:Member|Fellow),?\s*(?:IEEE|ACM)
        | (?:IEEE|ACM)(?:\s+(?:Senior|Student|Life))?(?:\s+(?:Member|Fellow))? | (?<=,)\s*(?:MD|MS|MA|BS|BA) )\.?\s*$"""
)
_TITLE = re.compile(
    r"(?i)^(?:(?:assoc(?:iate)?|asst|assistant)\.?\s+)?(?:prof(?:essor)?\.|dr\.|mr\.|mrs\.|ms\.|"
    r"(?:prof(?:essor)?|dr)(?=\s+\S+\s+\S))\s*(?=\S)"
)
#: DBLP numbers persons of one name: https://dblp.org/faq/How+does+dblp+handle+homonyms+and+synonyms.html
_NAMESAKE = re.compile(r"[\s_-]+(0\d{3})$")
#: Numbers of footnotes: apart from the name, or at the end of a word in small letters. A year has more digits.
_FOOTNOTES = re.compile(
    r"(?:(?<=[^\W\d_A-Z])|(?<=[.\s]))\s*\d{1,3}(?!\d)(?:[a-z]\b)?(?:[\s,;]+\d{1,3}(?!\d)(?:[a-z]\b)?|,[a-z]\b)*[\s,;]*$"
)
_PLACE = re.compile(
    r"(?i)\b(?:univ|universi\w+|institut\w*|college|school|department|dept|laborator\w+|labs?|inc|ltd|llc|corp\w*|gmbh|"
    r"hospital|academy|faculty|center|centre)\b"
)
_SUFFIX = re.compile(r"(?i)(?:jr|sr|ii|iii|iv)\.?")
_LIST = re.compile(r"\s*;\s*|(?:\s*,)?\s+(?:and|AND|&)\s+|\s+[/|]\s+")
_INITIAL = re.compile(r"[^\W\d_]\.?")
# initials (optional) + final of Hanyu pinyin: a name made of these is not shortened to a prefix
_SYLLABLE = (
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|"
    r"in|iu|ou|ua|ue|ui|un|uo|a|e|i|o|u)"
)
_PINYIN = re.compile(rf"(?:{_SYLLABLE}){{1,3}}$")


_PLAIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]+(?:(?:\.? |\.|-)[A-Za-zÀ-ÖØ-öø-ɏ]+)*\.?")
_DOTTED_DEGREE = re.compile(r"[MBDP]\.")
_CLOSER_LOOK_TEXT = """
    and et al ai others more additional other author authors contributors people by ph phd sc msc bsc phil dphil eng
    meng beng peng mba mbbs ing dr frs ieee acm member fellow prof professor mr mrs ms assoc associate asst assistant
    mailto email orcid
    """
#: Words for which a text is not read as a plain name.
_CLOSER_LOOK = (
    frozenset(_CLOSER_LOOK_TEXT.split()) | TEAM_WORDS | {word for key in _PLACEHOLDERS for word in key.split()}
)


@cache
def is_pinyin(token: str) -> bool:
    """Whether a folded word is one to three syllables of Hanyu pinyin."""
    return _PINYIN.match(token) is not None


@dataclass(frozen=True, slots=True)
class ListedName:
    """What an author row names.

    ``text`` is the name without what is no part of it, as listed where nothing else is left. ``persons`` are the names
    of a row of several persons (``people``), else empty. ``namesake`` is the number by which DBLP tells persons of one
    name apart, else empty.
    """

    kind: Kind
    text: str
    persons: tuple[str, ...] = ()
    namesake: str = ""


@lru_cache(maxsize=100_000)
def read_listed(listed: str) -> ListedName:
    """What an author row with this text names."""
    whole = " ".join(listed.split())
    if _is_plain(whole):
        return ListedName("person", whole)
    if len(whole) > MAX_CHARACTERS:
        return ListedName("team", whole)
    if not _has_letter(whole) or _NO_ANSWER.fullmatch(whole):
        return ListedName("placeholder", whole)
    text = _without_debris(whole)
    if not _has_letter(text) or words(text) in _PLACEHOLDERS:
        return ListedName("placeholder", whole)
    namesake = _NAMESAKE.search(text)
    if namesake and not _is_team(text[: namesake.start()]):
        return ListedName("person", text[: namesake.start()], namesake=namesake[1])
    if _FOOTNOTES.search(text):
        text = _without_footnotes(text)
    text = _without_place(text)
    if _is_team(text):
        return ListedName("team", text)
    persons = _persons(text)
    if persons is None:
        return ListedName("team", text)
    if len(persons) == 1:
        return ListedName("team" if len(persons[0].split()) > MAX_WORDS else "person", persons[0])
    return ListedName("people", text, persons)


def _is_plain(text: str) -> bool:
    """Whether a text is two words or more, of letters alone, none of which needs a closer look: nine names of ten."""
    if not _PLAIN.fullmatch(text) or _DOTTED_DEGREE.search(text):
        return False
    parts = text.casefold().replace(".", " ").replace("-", " ").split()
    return 1 < text.count(" ") + 1 <= MAX_WORDS and _CLOSER_LOOK.isdisjoint(parts)


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def _without_debris(text: str) -> str:
    """A name without TeX, addresses, brackets, signs, degrees and the rest of a list that is cut."""
    if "&" in text:
        text = html.unescape(text)
    text = _TEX_SPACE.sub(" ", without_tex_letters(text))
    text = _ADDRESSES.sub(" ", text) if _has_letter(_ADDRESSES.sub(" ", text)) else text
    text = _TEX.sub("", _SUPERSCRIPT.sub("*", text))
    text = _without_brackets(text)
    text = _SIGNS.sub(" ", _MARKED_END.sub(_list_separator, _without_degree(text)))
    if not text.isascii():
        text = "".join(" " if unicodedata.category(c) in ("So", "Sm", "Co", "Cs") else c for c in text)
    before = None
    while text != before:
        before = text = " ".join(text.split())
        text = _LAST_WORDS.sub("", _FIRST_WORDS.sub("", _REST.sub("", text)))
        text = _TITLE.sub("", _without_degree(text))
    return re.sub(r"\s+,", ",", text).strip(" \"'`“”‘’")


def _without_degree(text: str) -> str:
    """A name without a degree or a membership at its end. The initials of "Kim, M.D." are none."""
    shorter = _DEGREE.sub("", text)
    return shorter if _is_whole(shorter) else text


def _list_separator(marked_end: re.Match[str]) -> str:
    """A semicolon instead of a comma before another person's name."""
    follower = marked_end[1]
    return "; " if _is_whole(follower) and not _PLACE.search(follower) else marked_end[0]


def _without_brackets(text: str) -> str:
    """A text without what is in brackets; the brackets alone go where nothing else would be left."""
    rest, before = text, None
    while rest != before:
        before, rest = rest, _BRACKETS.sub(" ", rest)
    rest = _OPEN_BRACKET.sub("", rest)
    return rest if _has_letter(rest) else re.sub(r"[()\[\]（）【】]", " ", text)


def _without_footnotes(text: str) -> str:
    """A name without numbers of footnotes. A name of one word, with a word in capitals or with a digit inside may be a
    product's, which has a number of its own."""
    rest = _FOOTNOTES.sub("", text)
    parts = rest.split()
    is_product = len(parts) < 2 or any(len(p) > 1 and p.isalpha() and p.isupper() for p in parts)
    return text if is_product or any(map(str.isdigit, rest)) else rest


def _without_place(text: str) -> str:
    """A name without an institution after a comma, and what follows it."""
    name, *others = text.split(",")
    at = next((k for k, side in enumerate(others) if _PLACE.search(side)), None)
    is_name = at is not None and _is_whole(name) and not _is_team(name)
    return ",".join([name, *others[:at]]) if is_name else text


def _is_team(text: str) -> bool:
    """Whether a name has a word or a digit that only a team's name has."""
    parts = text.split()
    if len(parts) == 1:
        pieces = text.split("-")
        has_word = not TEAM_WORDS.isdisjoint(map(str.casefold, pieces)) or "AI" in pieces
        return _TEAM_END.search(text) is not None or (has_word and len(pieces) > 1)
    tokens = words(text).split()
    if not TEAM_WORDS.isdisjoint(tokens) or any(map(str.isdigit, text)):
        return True
    return "ai" in tokens and _is_company_ai(text, tokens)


def _is_company_ai(text: str, tokens: list[str]) -> bool:
    """Whether the word "ai" of a name means artificial intelligence: it is written "AI", beside words in small letters.
    Where case does not show it, the other words decide: initials and syllables of pinyin are a person's."""
    letters = [c for c in text if c.isalpha()]
    if not (all(map(str.isupper, letters)) or all(map(str.islower, letters))):
        return re.search(r"\bAI\b", text) is not None
    return not all(len(token) == 1 or is_pinyin(token) for token in tokens)


def _persons(text: str) -> tuple[str, ...] | None:
    """The persons whom a text names, one or several; None where it names several and does not show where each ends.

    A comma is between surname and given names, or between persons. It is between persons if each side is a whole name
    and there is another sign of a list: a second comma, "and", ";", or an initial at the start.
    """
    pieces = [piece for piece in _LIST.split(text) if piece]
    if len(pieces) == 1:
        return _by_commas(text, is_list=False)
    found: list[str] = []
    for piece in pieces:
        persons = _by_commas(piece, is_list=True)
        if persons is None or not all(map(_is_whole, persons)):
            return None
        found += persons
    return tuple(found)


def _by_commas(text: str, *, is_list: bool) -> tuple[str, ...] | None:
    """The persons of a text without other separators. ``is_list``: other separators were beside it."""
    sides = [side for part in text.split(",") if (side := part.strip())]
    if len(sides) > 1 and _SUFFIX.fullmatch(sides[-1]):
        return (text,) if len(sides) == 2 else (f"{', '.join(sides[:-1])} {sides[-1]}",) if len(sides) == 3 else None
    if len(sides) == 1:
        return (sides[0],)
    starts_with_initial = _INITIAL.fullmatch(sides[0].split()[0]) is not None
    if all(map(_is_whole, sides)) and (is_list or len(sides) > 2 or starts_with_initial):
        return tuple(sides)
    return (text,) if len(sides) == 2 and not starts_with_initial and len(sides[1].split()) <= 3 else None


def _is_whole(name: str) -> bool:
    """Whether a text is a given name, or initials, and a surname; or a surname, a comma and given names."""
    parts = name.replace(",", " ").split()
    return 1 < len(parts) <= MAX_WORDS and any(_INITIAL.fullmatch(part) is None for part in parts)
