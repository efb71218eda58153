"""Split the saved text of a web page into pieces in reading order.

Belongs here: the markup of the tools that convert pages to text (plain text, numbered links as lynx and
others write them, Markdown links, addresses on lines of their own). Does not belong here: what a piece
means on a search page (``page_text.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

from sources.daily_papers.ids import canonical_id, site_key

_LINK_END = re.compile(r"\]\(\s*((?:https?://|/)[^\s)\[\]]{0,1000}+)(?:\s[^)\n]{0,500})?\)")
_NUMBERED_END = re.compile(r"(?m)\]\[\d{1,4}\]()[ \t]*$")
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^\s)\[\]]{0,1000}+(?:\s[^)\n]{0,500})?\)")
_OPENER = re.compile(r"(?m)^[ \t]*(#{1,6}[ \t]+|[*+-][ \t]+)?\[")
_TRAILING_NUMBER = re.compile(r"\[\s*(?:-|\d[\d.,]*k?)\s*\Z", re.I)
_HEADING = re.compile(r"#{1,6}[ \t]+")
_URL_LINE = re.compile(r"<?(https?://[^\s<>]+)>?")
_LINE_CONTINUED = re.compile(r"\\{1,2}(?:[ \t]*\n[ \t]*|[ \t]{2,})")
_ESCAPED = re.compile(r"\\([\[\]_*#`~>|+-])")
_PAPER_LINK = re.compile(
    r"/papers/(?:(\d{4}\.\d{3,5}|[a-z-]{2,13}(?:\.[A-Z]{2})?/\d{7})(?!\d)|([0-9a-f]{24})(?![0-9a-z]))", re.ASCII
)
_SITE = re.compile(r"https?://(?:www\.)?huggingface\.co(/[^\s]*)?", re.I)
#: Marks the alternative text of an image inside a piece, which no capture contains.
ALT_START, ALT_END = "\ue000", "\ue001"
#: Lines that are a piece of their own even in the middle of a wrapped text.
_OWN_PIECE = re.compile(r"[•·∙⋅*+-]|\d[\d,]*(?: authors?)?$|[A-Z][a-z]{2,8}\.? \d{1,2}(?:,|$| \d)")
#: Numbers in brackets at line ends count as links only if there are at least this many.
_MIN_NUMBERED = 3
#: A paragraph of a text that was wrapped at a fixed width; unwrapped abstracts are far longer.
_WRAP_WIDTH = 140
_MAX_JOINED = 20_000


@dataclass(frozen=True)
class Piece:
    """A paragraph or the text of a link. ``link`` is its address if the capture kept it.

    ``is_link`` is also true for links whose address is lost. ``follows_text``: text precedes the piece on its line.
    """

    text: str
    is_heading: bool = False
    is_link: bool = False
    follows_text: bool = False
    link: str | None = None

    @property
    def paper_id(self) -> str | None:
        """The key of the paper that the piece links to."""
        match = _PAPER_LINK.search(unquote(self.link)) if self.link else None
        if match is None:
            return None
        return site_key(match.group(2)) if match.group(2) else canonical_id(match.group(1))

    @property
    def site_path(self) -> str | None:
        """The path on the site that the piece links to, without the leading slash."""
        if self.link is None:
            return None
        match = _SITE.fullmatch(self.link)
        path = (match.group(1) or "") if match else self.link
        return path.lstrip("/") if match or path.startswith("/") else None


def pieces(text: str) -> list[Piece]:
    """The pieces of a page's text, in reading order, without empty ones."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    text = _without_comments(text)
    if ALT_START in text or ALT_END in text:
        text = text.replace(ALT_START, "").replace(ALT_END, "")
    is_markdown = "](http" in text or "](/" in text
    if is_markdown:
        text = _LINE_CONTINUED.sub(" ", text)
        text = _IMAGE.sub(lambda match: f"{ALT_START}{match[1].strip()}{ALT_END}" if match[1].strip() else "", text)
    is_wrapped = max((len(line) for line in text.split("\n")), default=0) <= _WRAP_WIDTH
    found: list[Piece] = []
    position = 0
    for end in _link_ends(text):
        _add_linked(found, text[position : end.start()], end.group(1) or None, is_wrapped)
        position = end.end()
    _add_plain(found, text[position:], is_wrapped)
    if is_markdown:
        found = [replace(piece, text=_ESCAPED.sub(r"\1", piece.text)) for piece in found]
    return found


def _without_comments(text: str) -> str:
    first, *parts = text.split("<!--")
    kept = [first]
    for part in parts:
        _, end, after = part.partition("-->")
        # Without an end mark it is text, not a comment.
        kept.append(after if end else f"<!--{part}")
    return "\n".join(kept)


def _link_ends(text: str) -> list[re.Match[str]]:
    numbered = list(_NUMBERED_END.finditer(text))
    ends = list(_LINK_END.finditer(text))
    return sorted(ends + numbered if len(numbered) >= _MIN_NUMBERED else ends, key=lambda match: match.start())


def _add_linked(found: list[Piece], chunk: str, link: str | None, is_wrapped: bool) -> None:
    """Add a text that ends with the text of a link, which starts at the last opening bracket."""
    number = _TRAILING_NUMBER.search(chunk)
    openers = list(_OPENER.finditer(chunk))
    if number:
        before, content = chunk[: number.start()], chunk[number.start() + 1 :]
        heading = False
    elif openers:
        before, content = chunk[: openers[-1].start()], chunk[openers[-1].end() :]
        heading = "#" in (openers[-1].group(1) or "")
    else:
        before, _, content = chunk.rpartition("[")
        heading = False
    _add_plain(found, before, is_wrapped)
    content = " ".join(content.split())
    if content:
        follows = bool(before.rpartition("\n")[2].strip())
        found.append(Piece(content, heading, True, follows, link))


def _add_plain(found: list[Piece], text: str, is_wrapped: bool) -> None:
    joins = False
    for line in text.split("\n"):
        stripped = line.strip()
        address = _URL_LINE.fullmatch(stripped)
        if not stripped or stripped in ("[", "]"):
            joins = False
        elif address and _SITE.fullmatch(address.group(1)):
            _attach(found, address.group(1))
            joins = False
        elif _HEADING.match(stripped):
            found.append(Piece(_HEADING.sub("", stripped, count=1), is_heading=True))
            joins = False
        elif joins and is_wrapped and len(found[-1].text) < _MAX_JOINED and not _OWN_PIECE.match(stripped):
            found[-1] = replace(found[-1], text=f"{found[-1].text} {stripped}")
            joins = len(stripped) > 50
        else:
            found.append(Piece(stripped))
            joins = len(stripped) > 50


def _attach(found: list[Piece], link: str) -> None:
    """Set the address of the piece above; an address that it already has stays."""
    if found and found[-1].link is None:
        found[-1] = replace(found[-1], link=link, is_link=True)
