"""How listed texts and numbers are written for people: titles, links to code, plurals. For every reader.

Not here: escaping, which each format does (templates, serializers), and what only one kind of page needs.
"""

from __future__ import annotations

import re
from functools import cache

from warehouse.settings import DBT_PROJECT

#: Code hosts whose addresses become links.
CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "huggingface.co")
_CODE = re.compile(
    rf"https?://(?:www\.)?({'|'.join(map(re.escape, CODE_HOSTS))})((?:/[\w.~-]+){{1,6}})/?", re.ASCII | re.IGNORECASE
)


def code_link(code_url: str | None) -> str | None:
    """The https address of listed code, if it lies at a known code host; anything else that was listed is no link."""
    found = _CODE.fullmatch((code_url or "").strip())
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
