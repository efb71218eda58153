"""Citations of papers: BibTeX, RIS and CSL-JSON.

Belongs here: which facts are cited, the key of a paper, each format. Not here: which papers are asked for.
Formats: BibTeX as bibtex.org/Format, in UTF-8 as biber reads it; RIS as the tags that reference
managers share; CSL-JSON as docs.citationstyles.org, schema 1.0.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import duckdb

from warehouse.database import rows
from warehouse.display import one_line
from warehouse.errors import InputError
from warehouse.keys import words
from warehouse.resolution.listed_names import read_listed

#: Characters of a title or a name that a citation keeps.
_MAX_CHARACTERS = 1000
#: Words at the start of a title that the key leaves out.
_SMALL_WORDS = frozenset(
    [
        *("a", "an", "the", "on", "of", "for", "in", "to", "and", "with", "from", "towards", "toward"),
        *("is", "are", "do", "does", "can", "how", "why", "what"),
    ]
)
#: Particles that belong to the surname: "Ludwig van Beethoven" is sorted under "van Beethoven".
_PARTICLES = frozenset(
    [
        *("af", "al", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn"),
        *("la", "le", "ten", "ter", "van", "von", "zu", "zum", "zur"),
    ]
)
_SUFFIX = re.compile(r"(?i)(?:jr|sr)\.?|ii|iii|iv")
_BIBTEX_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: f"\\{character}" for character in "$&%#_"},
    }
)
_NEEDS_ESCAPE = re.compile("|".join(re.escape(chr(code)) for code in _BIBTEX_ESCAPES))
#: In BibTeX a word "and" inside a name would end it, and a comma would split it.
_SPLITS_NAME = re.compile(r"(?i)\band\b|,")
#: Math in a title, by the rule of pandoc's tex_math_dollars, so that two prices are no math: no space inside the signs,
#: no digit after them. It must also have something that only math has.
_MATH = re.compile(r"(?<!\\)\$(?=[^$]*[\\^_{=])(?!\s)(?:[^$\\%#&]|\\[^$])+?(?<!\s)\$(?!\d)")
#: A character that a title escapes for TeX already.
_ESCAPED_ALREADY = re.compile(r"\\([$&%#_])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Name:
    """A name in parts. A team or a single word has a ``family`` only."""

    family: str
    given: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class CitedPaper:
    """What a citation says of a paper. ``published_on`` is the date of arXiv's first version, as the source has it."""

    paper_id: str
    arxiv_id: str | None
    title: str
    published_on: date | None
    url: str | None
    authors: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[Name]:
        """The authors in order, in parts."""
        return [parse_listed_name(author) for author in self.authors]

    @property
    def year(self) -> int | None:
        """The year of publication, else that in the arXiv id."""
        if self.published_on:
            return self.published_on.year
        found = re.match(r"(\d\d)\d\d\.", self.arxiv_id or "")
        return 2000 + int(found[1]) if found else None

    @property
    def key(self) -> str:
        """The citation key: surname, year, first word of the title and paper id, in ASCII.

        The id makes it unique, so a paper has one key whatever else is cited with it.
        """
        family = _folded(parse_listed_name(self.authors[0]).family) if self.authors else ""
        title = (_folded(word) for word in words(self.title).split())
        word = next((word for word in title if word and word not in _SMALL_WORDS), "")
        number = re.sub(r"[^A-Za-z0-9.]+", "-", self.paper_id).strip("-")
        return f"{family or 'anonymous'}{self.year or ''}{word}-{number}"

    @property
    def doi(self) -> str | None:
        """The DOI that arXiv registers for each of its papers: https://info.arxiv.org/help/doi.html."""
        return f"10.48550/arXiv.{self.arxiv_id}" if self.arxiv_id else None


def read_cited(connection: duckdb.DuckDBPyConnection, paper_ids: Sequence[str]) -> list[CitedPaper]:
    """These papers in the order given, each once. Raises InputError for ids that the file does not have."""
    wanted = list(dict.fromkeys(paper_ids))
    found = rows(
        connection,
        """
        select
            papers.paper_id, papers.arxiv_id, coalesce(papers.display_title, papers.title, papers.paper_id) as title,
            papers.published_on,
            coalesce(papers.arxiv_url, papers.hf_url) as url, coalesce(listed.authors, []) as authors
        from dim_papers as papers
        left join (
            select paper_id, list(name_as_listed order by position) as authors
            from bridge_paper_authors where paper_id in (select unnest($ids)) group by paper_id
        ) as listed on papers.paper_id = listed.paper_id
        where papers.paper_id in (select unnest($ids))
        """,
        {"ids": wanted},
    )
    papers = {row["paper_id"]: CitedPaper(**row) for row in found}
    if missing := [paper_id for paper_id in wanted if paper_id not in papers]:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise InputError(
            f"The published file has no paper {shown}: give arXiv ids as in `papers search`, or run `papers run` first."
        )
    return [papers[paper_id] for paper_id in wanted]


@lru_cache(maxsize=1 << 10)  # a paper's key has the name of its first author, whom its entry names too
def parse_listed_name(listed: str) -> Name:
    """The parts of a name as listed: given names first, the surname from its first particle on, a suffix apart.

    A name with a comma has its surname first. Names that are not persons', and single words, stay whole. What is no
    part of a name is left out (``read_listed``).
    """
    row = read_listed(one_line(listed, _MAX_CHARACTERS))
    text = row.text
    if row.kind != "person":
        return Name(text)
    head, comma, tail = (part.strip() for part in text.partition(","))
    if comma and head and tail and not _SUFFIX.fullmatch(tail):
        return Name(head, tail)
    parts = (head if comma else text).split()
    suffix = tail if comma and _SUFFIX.fullmatch(tail) else ""
    if len(parts) > 2 and not suffix and _SUFFIX.fullmatch(parts[-1]):
        suffix = parts.pop()
    if len(parts) < 2:
        return Name(" ".join(parts) or text, suffix=suffix)
    first = next((n for n, part in enumerate(parts[1:-1], start=1) if part.lower() in _PARTICLES), len(parts) - 1)
    return Name(" ".join(parts[first:]), " ".join(parts[:first]), suffix)


def bibtex(papers: Sequence[CitedPaper]) -> str:
    """One entry a paper. Titles are in two braces, so that no style changes their capitals; math stays math."""
    return "\n".join(map(_bibtex_entry, papers))


def _bibtex_entry(paper: CitedPaper) -> str:
    fields = {
        "title": f"{{{{{_escaped_title(paper.title)}}}}}",
        "author": f"{{{' and '.join(map(_bibtex_author, paper.authors))}}}" if paper.authors else None,
        "year": f"{{{paper.year}}}" if paper.year else None,
        "month": _MONTHS[paper.published_on.month - 1] if paper.published_on else None,
        "eprint": f"{{{paper.arxiv_id}}}" if paper.arxiv_id else None,
        "archivePrefix": "{arXiv}" if paper.arxiv_id else None,
        "doi": f"{{{paper.doi}}}" if paper.doi else None,
        "url": f"{{{paper.url}}}" if paper.url else None,
    }
    lines = ",\n".join(f"  {name} = {value}" for name, value in fields.items() if value)
    return f"@misc{{{paper.key},\n{lines}\n}}\n"


@lru_cache(maxsize=1 << 17)  # The report cites 20,000 papers, whose authors have several each.
def _bibtex_author(listed: str) -> str:
    """A name as ``Family, Suffix, Given``; what has no given name is in braces, so that it stays whole."""
    name = parse_listed_name(listed)
    family, given, suffix = _escaped(name.family), _escaped(name.given), _escaped(name.suffix)
    if not given:
        return f"{{{family}}}"
    family = f"{{{family}}}" if _SPLITS_NAME.search(family) else family
    given = f"{{{given}}}" if _SPLITS_NAME.search(given) else given
    return f"{family}, {suffix}, {given}" if suffix else f"{family}, {given}"


def ris(papers: Sequence[CitedPaper]) -> str:
    """One record a paper, of the type for an unpublished work."""
    return "\n".join(map(_ris_record, papers))


def _ris_record(paper: CitedPaper) -> str:
    names = [", ".join(part for part in (name.family, name.given, name.suffix) if part) for name in paper.names]
    lines = [("TY", "UNPB"), ("ID", paper.key), ("TI", paper.title), *(("AU", name) for name in names)]
    lines += [("PY", str(paper.year))] if paper.year else []
    lines += [("DA", f"{paper.published_on:%Y/%m/%d}")] if paper.published_on else []
    lines += [("M1", f"arXiv:{paper.arxiv_id}"), ("DO", str(paper.doi))] if paper.arxiv_id else []
    lines += [("UR", paper.url)] if paper.url else []
    text = "".join(f"{tag}  - {one_line(value, _MAX_CHARACTERS)}\n" for tag, value in lines)
    return f"{text}ER  - \n"


def csl_items(papers: Sequence[CitedPaper]) -> list[dict[str, Any]]:
    """One item a paper; as JSON they are a CSL-JSON file."""
    return list(map(_csl_item, papers))


def _csl_item(paper: CitedPaper) -> dict[str, Any]:
    def csl_name(name: Name) -> dict[str, str]:
        if not name.given:
            return {"literal": name.family}
        parts = {"family": name.family, "given": name.given, "suffix": name.suffix}
        return {key: part for key, part in parts.items() if part}

    day = paper.published_on
    parts = [day.year, day.month, day.day] if day else [paper.year] if paper.year else None
    item = {
        "id": paper.key,
        "type": "article",
        "title": one_line(paper.title, _MAX_CHARACTERS),
        "author": list(map(csl_name, paper.names)),
        "issued": {"date-parts": [parts]} if parts else None,
        "publisher": "arXiv" if paper.arxiv_id else None,
        "number": f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else None,
        "DOI": paper.doi,
        "URL": paper.url,
    }
    return {key: value for key, value in item.items() if value}


def _escaped_title(title: str) -> str:
    """A title for BibTeX: math as it is, the rest without a character that TeX gives a meaning."""
    text = one_line(title, _MAX_CHARACTERS)
    parts, end = [], 0
    for math in _MATH.finditer(text):
        if _is_balanced(math[0]):
            parts += [_escaped(text[end : math.start()]), math[0]]
            end = math.end()
    return "".join([*parts, _escaped(text[end:])])


def _is_balanced(text: str) -> bool:
    """Whether each brace has its partner; BibTeX also counts those after a backslash."""
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


def _escaped(text: str) -> str:
    """A text for BibTeX: no character that TeX gives a meaning. One that is escaped already is not escaped again."""
    if not _NEEDS_ESCAPE.search(text):  # nearly every name
        return text
    return _ESCAPED_ALREADY.sub(r"\1", text).translate(_BIBTEX_ESCAPES)


def _folded(text: str) -> str:
    """A text in small ASCII letters and digits; letters without such a form are left out."""
    return re.sub(r"[^a-z0-9]+", "", words(text))
