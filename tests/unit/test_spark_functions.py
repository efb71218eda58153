"""What the models call on Spark that Spark itself has not."""

from __future__ import annotations

import unicodedata

import duckdb
import jinja2
import polars as pl

from warehouse.settings import DBT_PROJECT
from warehouse.spark.session import parameters, without_accents


def duckdb_macro(name: str, argument: str) -> str:
    """The SQL of a macro of dialect.sql on DuckDB."""
    macros = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(
        (DBT_PROJECT / "macros" / "dialect.sql").read_text(encoding="utf-8")
    )
    return str(getattr(macros.make_module({"return": str}), f"duckdb__{name}")(argument))


def test_vowel_signs_are_kept() -> None:
    for text in ("दिल्ली", "ไทย", "ガ"):
        assert without_accents(text) == text


def test_accents_are_taken_from_every_character_as_duckdb_does() -> None:
    every = [chr(code) for code in range(1, 0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    texts = pl.DataFrame({"text": [context for c in every for context in (c, f"e{c}", f"{c}\u0301o")]})
    with duckdb.connect() as connection:
        connection.register("texts", texts.to_arrow())
        rows = connection.execute(f"select text, {duckdb_macro('without_accents', 'text')} from texts").fetchall()
    assert len(rows) > 400_000
    assert [text for text, bare in rows if without_accents(text) != bare] == []
    assert without_accents(None) is None


def test_profile_gives_spark_its_parameters_from_the_environment() -> None:
    assert parameters({})["spark.master"] == "local-cluster[2,1,1024]"
    given = parameters({"PAPERS_SPARK_MASTER": "spark://head:7077", "PAPERS_ICEBERG_WAREHOUSE": "s3a://papers/tables"})
    assert given["spark.master"] == "spark://head:7077"
    assert given["spark.sql.catalog.papers.warehouse"] == "s3a://papers/tables"
    assert given["spark.sql.session.timeZone"] == "UTC"
    assert given["spark.sql.ansi.enabled"] == "true"
