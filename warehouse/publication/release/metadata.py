"""The files of a release that describe it: dataset card, Data Package, Croissant, citation.

Belongs here: which fact each format has under which name. No text of a listing is written, so nothing has to be escaped
beyond what the formats' own writers do. Formats: https://huggingface.co/docs/hub/datasets-cards,
https://specs.frictionlessdata.io/data-package, https://docs.mlcommons.org/croissant/docs/croissant-spec.html,
https://citation-file-format.github.io.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
import yaml

from warehouse.publication.release.changes import Changes

#: DuckDB's types of the public tables, as each format names them.
_TABLE_SCHEMA_TYPES = {
    "varchar": "string",
    "bigint": "integer",
    "integer": "integer",
    "double": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
}
_CROISSANT_TYPES = {
    "varchar": "sc:Text",
    "bigint": "sc:Integer",
    "integer": "sc:Integer",
    "double": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}
_PARQUET = "application/vnd.apache.parquet"
_AUTHOR = "Daily Papers Warehouse maintainers"
_KEYWORDS = ["scholarly data", "preprints", "upvotes", "author name disambiguation", "hugging face daily papers"]
#: The terms of Croissant, and the context that every file of it repeats:
#: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
_CROISSANT_TERMS = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
_CROISSANT_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _CROISSANT_TERMS},
}


@dataclass(frozen=True)
class File:
    """A file of the release: its path in the folder, bytes and SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Column:
    """A column: its name, DuckDB's type in small letters, and what it means."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class Table:
    """A public table. ``key`` is empty where a column of the key can be null. ``description`` starts with the grain."""

    name: str
    description: str
    columns: list[Column]
    key: list[str]
    rows: int
    file: File

    @property
    def grain(self) -> str:
        """What a row is: the first sentence of the description."""
        return self.description.split(". ")[0].rstrip(".")


@dataclass(frozen=True)
class Facts:
    """What the release holds. Listing dates are UTC and None where nothing was listed; ``published_at`` is UTC."""

    published_at: datetime
    first_listing: date | None
    last_listing: date | None
    has_abstracts: bool
    is_demo: bool
    database: File
    tables: list[Table]

    @property
    def title(self) -> str:
        """The name of the data set, with the day of publication."""
        kind = "Daily Papers Warehouse, invented papers of the demo" if self.is_demo else "Daily Papers Warehouse"
        return f"{kind}, {self.published_at:%Y-%m-%d}"

    @property
    def version(self) -> str:
        """The moment of publication as a version by https://semver.org: the day, and the time as build metadata."""
        moment = self.published_at
        return f"{moment.year}.{moment.month}.{moment.day}+{moment:%H%M%S}"

    @property
    def summary(self) -> str:
        """What the data set is, in two sentences."""
        days = f" The listings are of {self.first_listing} to {self.last_listing}." if self.first_listing else ""
        return (
            "Papers that Hugging Face Daily Papers listed, with every observation of their upvotes, resolved authors "
            f"and organizations, and trends.{days}"
            + (" All papers are invented." if self.is_demo else "")
            + ("" if self.has_abstracts else " Abstracts are left out.")
        )

    @property
    def rows(self) -> int:
        """Rows of all tables (count)."""
        return sum(table.rows for table in self.tables)


def card(facts: Facts, changes: Changes) -> str:
    """The dataset card: YAML for the viewer of Hugging Face, a configuration per table, and a page in Markdown."""
    settings = {
        "pretty_name": facts.title,
        "license": "other",
        "language": ["en"],
        "tags": ["arxiv", "bibliometrics", "croissant", "duckdb", "papers", "upvotes"],
        "size_categories": [_size_category(facts.rows)],
        "configs": [
            {
                "config_name": table.name,
                **({"default": True} if table.name == "dim_papers" else {}),
                "data_files": [{"split": "train", "path": table.file.path}],
            }
            for table in facts.tables
        ],
    }
    templates = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = templates.from_string((Path(__file__).parent / "card.md.j2").read_text(encoding="utf-8"))
    head = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{head}---\n\n{page.render(facts=facts, changes=changes)}\n"


def _size_category(rows: int) -> str:
    """The name that the Hub has for a number of rows."""
    bounds = [(10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M"), (10**8, "100M")]
    bounds += [(10**9, "1B"), (10**10, "10B")]
    if rows < bounds[0][0]:
        return "n<1K"
    for (_, low), (high, name) in pairwise(bounds):
        if rows < high:
            return f"{low}<n<{name}"
    return "n>10B"


def data_package(facts: Facts) -> str:
    """``datapackage.json``: each table with its fields and key.

    The resources are files with a schema, in version 1 of the format: frictionless then compares bytes and hash. As
    tables it would read them through pandas, where an integer column with a null has no integers (frictionless 5.21).
    """
    return _json(
        {
            "profile": "data-package",
            "name": "daily-papers-warehouse",
            "title": facts.title,
            "description": facts.summary,
            "version": facts.version,
            "created": _moment(facts),
            "keywords": _KEYWORDS,
            "sources": [{"title": "Hugging Face Daily Papers", "path": "https://huggingface.co/papers"}],
            "contributors": [{"title": _AUTHOR}],
            "resources": [
                {
                    "name": table.name,
                    "profile": "data-resource",
                    "type": "file",
                    "path": table.file.path,
                    "format": "parquet",
                    "mediatype": _PARQUET,
                    "bytes": table.file.size,
                    "hash": f"sha256:{table.file.sha256}",
                    "description": table.description,
                    "schema": {
                        "fields": [
                            {
                                "name": column.name,
                                "type": _TABLE_SCHEMA_TYPES.get(column.data_type, "any"),
                                "description": column.description,
                            }
                            for column in table.columns
                        ],
                        **({"primaryKey": table.key} if table.key else {}),
                    },
                }
                for table in facts.tables
            ],
        }
    )


def croissant(facts: Facts) -> str:
    """``croissant.json``: a record set for each table, read from its Parquet file."""
    return _json(
        {
            "@context": _CROISSANT_CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": "daily-papers-warehouse",
            "alternateName": facts.title,
            "description": facts.summary,
            "version": facts.version,
            "datePublished": _moment(facts),
            "creator": {"@type": "sc:Organization", "name": _AUTHOR},
            "url": "https://huggingface.co/papers",
            "license": "Rights are those of the sources: see the section Rights of README.md.",
            "citeAs": _bibtex(facts),
            "keywords": _KEYWORDS,
            "isLiveDataset": False,
            "distribution": [
                _file_object(facts.database, "application/vnd.duckdb"),
                *(_file_object(table.file, "application/x-parquet") for table in facts.tables),
            ],
            "recordSet": [_record_set(table) for table in facts.tables],
        }
    )


def _file_object(file: File, encoding: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.size} B",
        "encodingFormat": encoding,
        "sha256": file.sha256,
    }


def _record_set(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        **({"key": [{"@id": f"{table.name}/{column}"} for column in table.key]} if table.key else {}),
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table.name}/{column.name}",
                "name": column.name,
                "description": column.description,
                "dataType": _CROISSANT_TYPES.get(column.data_type, "sc:Text"),
                "source": {"fileObject": {"@id": table.file.path}, "extract": {"column": column.name}},
            }
            for column in table.columns
        ],
    }


def citation(facts: Facts) -> str:
    """``CITATION.cff`` of the data set."""
    return yaml.safe_dump(
        {
            "cff-version": "1.2.0",
            "message": "If you use these data, please cite them with their version.",
            "type": "dataset",
            "title": facts.title,
            "abstract": facts.summary,
            "authors": [{"name": _AUTHOR}],
            "version": facts.version,
            "date-released": facts.published_at.date(),
            "keywords": _KEYWORDS,
        },
        sort_keys=False,
        allow_unicode=True,
        width=120,
    )


def _bibtex(facts: Facts) -> str:
    moment = facts.published_at
    return (
        f"@misc{{dailypaperswarehouse{moment:%Y%m%d}, title = {{{{{facts.title}}}}}, author = {{{{{_AUTHOR}}}}}, "
        f"year = {{{moment.year}}}, note = {{Version {facts.version}}}}}"
    )


def _moment(facts: Facts) -> str:
    return f"{facts.published_at:%Y-%m-%dT%H:%M:%SZ}"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1) + "\n"
