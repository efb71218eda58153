"""Listed texts and numbers as people read them: titles, safe lines, links to code, plurals. Shared by all outputs.

Not here: escaping, which each format does (templates, serializers), and what only one kind of page needs.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from urllib.parse import urlsplit

from warehouse.settings import DBT_PROJECT

#: Code hosts whose addresses become links.
CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "huggingface.co")
#: A link to code: group 1 is the host, group 2 the path. RE2, which DuckDB has, reads it too.
CODE_LINK = re.compile(
    rf"https?://(?:www\.)?({'|'.join(map(re.escape, CODE_HOSTS))})((?:/[\w.~-]+){{1,6}})/?", re.ASCII | re.IGNORECASE
)


#: Marks of direction and isolates, which reorder the text around them. https://www.unicode.org/reports/tr9/
_BIDI = frozenset(map(chr, [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


def one_line(text: str, max_length: int = 500, *, hidden: str = "") -> str:
    """A listed text as one line of at most ``max_length`` characters, legal in XML 1.0 and in a mail header.

    ``hidden`` replaces what can't be shown: control characters, marks of direction, characters that XML forbids.
    """
    line = " ".join(text.split())
    if not (line.isascii() and line.isprintable()):
        line = "".join(c if c not in _BIDI and _is_legal(c) else hidden for c in line)
        line = " ".join(line.split())
    return line if len(line) <= max_length else line[: max_length - 1].rstrip() + "…"


def _is_legal(character: str) -> bool:
    """Whether XML 1.0 allows a character and it is no control character. https://www.w3.org/TR/xml/#charsets"""
    return unicodedata.category(character) not in ("Cc", "Cs") and ord(character) & 0xFFFE != 0xFFFE


def web_address(url: str | None) -> str | None:
    """The address if it is a whole http or https URL, else None: listed links are stored as sent."""
    if not url or any(c.isspace() or not _is_legal(c) for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def code_link(code_url: str | None) -> str | None:
    """The https address of listed code if its host is a known code host, else None."""
    found = CODE_LINK.fullmatch((code_url or "").strip())
    return f"https://{found[1].lower()}{found[2]}" if found else None


def plural(number: float, noun: str, nouns: str | None = None) -> str:
    """The form of a noun that a number takes: ``star`` for 1 and −1, else ``nouns``, by default ``stars``."""
    return noun if abs(number) == 1 else nouns or f"{noun}s"


def readable_title(title: str) -> str:
    """A title as people read it: TeX resolved, spaces made single. The same as ``display_title`` of dim_papers."""
    rules, escapes = _title_rules()
    text = " ".join(title.split())
    if not _HAS_TEX.search(text):
        return text
    for escaped, _, mark in escapes:
        text = escaped.sub(mark, text)
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    for _, character, mark in escapes:
        text = text.replace(mark, character)
    return " ".join(text.split())


_HAS_TEX = re.compile(r"[\\$~`{}^_]|--|''")


@cache
def _title_rules() -> tuple[list[tuple[re.Pattern[str], str]], list[tuple[re.Pattern[str], str, str]]]:
    """The rules of dbt_project.yml, which the models apply too."""
    import yaml  # only where a title has TeX: the command's help needs none of it

    project = (DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8")
    rules = yaml.safe_load(project)["vars"]
    return (
        [(re.compile(pattern), re.sub(r"\$(\d)", r"\\\1", text)) for pattern, text in rules["title_rules"]],
        [(re.compile(rf"\\{pattern}"), character, mark) for pattern, character, mark in rules["title_escapes"]],
    )
