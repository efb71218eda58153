"""A release describes itself, is whole or not there, is never changed, and is what was published."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from report_pieces import ENDING, ESCAPES, LINK, NAME, TITLE, Site, copy_of, made_hostile

from tests.conftest import Papers
from warehouse.publication.release.metadata import Facts, _size_category

FILES = {"README.md", "datapackage.json", "croissant.json", "CITATION.cff", "changes.json", "papers.duckdb"}


@dataclass(frozen=True)
class Released:
    """A release's folder."""

    folder: Path

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @property
    def card(self) -> dict[str, Any]:
        """The YAML at the top of the card."""
        _, head, _ = (self.folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
        return dict(yaml.safe_load(head))

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the database, sorted."""
        with duckdb.connect(str(self.folder / "papers.duckdb"), read_only=True) as connection:
            return rows_of(connection)


def rows_of(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    names = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    return {name: sorted(connection.execute(f"from marts.{name}").fetchall(), key=repr) for (name,) in names}


def release(papers: Papers | Site, parent: Path, *options: str) -> Released:
    facts = json.loads(Papers(papers.home)("release", parent, "--json", *options).out)
    return Released(Path(facts["release"]))


@pytest.fixture(scope="module")
def released(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Released:
    return release(demo, tmp_path_factory.mktemp("releases"))


def test_the_folder_is_named_by_the_moment_of_publication(released: Released, demo: Papers) -> None:
    manifest = json.loads((demo.home / "exports" / "manifest.json").read_text())
    moment = datetime.fromisoformat(manifest["published_at"]).astimezone(UTC)
    assert released.folder.name == f"{moment:%Y-%m-%dT%H-%M-%SZ}"
    assert list(released.folder.parent.iterdir()) == [released.folder], "nothing temporary is left"


def test_the_checksums_are_of_every_file(released: Released) -> None:
    lines = (released.folder / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    files = {path.relative_to(released.folder).as_posix() for path in released.folder.rglob("*") if path.is_file()}
    assert sums.keys() == files - {"SHA256SUMS"} and files >= FILES
    assert all(hashlib.sha256((released.folder / name).read_bytes()).hexdigest() == sums[name] for name in sums)


def test_a_release_is_never_changed(released: Released, demo: Papers) -> None:
    before = {path: path.stat().st_mtime_ns for path in released.folder.rglob("*")}
    done = demo("release", released.folder.parent, expect=2)
    assert "exists already and a release is never changed" in done.err and len(done.err.splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in released.folder.rglob("*")} == before
    assert all(path.stat().st_mode & 0o222 == 0 for path in before if path.is_file())


def test_the_database_has_what_was_published(released: Released, demo: Papers) -> None:
    with demo.published() as connection:
        assert released.tables() == rows_of(connection)
    catalog = """
        select schema_name, table_name, column_name, lower(data_type), comment from duckdb_columns()
        where schema_name = 'marts' union all
        select schema_name, table_name, '', '', comment from duckdb_tables() where schema_name = 'marts' union all
        select schema_name, function_name, '', macro_definition, comment from duckdb_functions()
        where schema_name = 'marts' order by all"""
    with duckdb.connect(str(released.folder / "papers.duckdb"), read_only=True) as connection:
        found = connection.execute(catalog).fetchall()
        private = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'marts'"
        ).fetchall()
        views = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
        tags = connection.execute("select tags from duckdb_databases() where database_name = 'papers'").fetchall()
    with demo.published() as connection:
        assert found == connection.execute(catalog).fetchall()
    assert {name for (name,) in private} == {"intermediate.int_search_papers", "intermediate.int_search_postings"}
    assert views == [] and tags[0][0]["storage_version"].startswith("v1.5.0")


def test_the_macros_answer_as_in_the_published_file(released: Released, demo: Papers) -> None:
    queries = [
        "from marts.search('\"speculative breakfasts\" -org:nowhere') limit 20",
        "from marts.trends_as_of(timestamp '2026-09-15 20:00') order by paper_id",
        "from marts.upvotes_as_of(timestamp '2026-09-15 20:00') order by paper_id",
    ]
    for query in queries:
        with duckdb.connect(str(released.folder / "papers.duckdb"), read_only=True) as connection:
            found = connection.execute(query).fetchall()
        with demo.published() as connection:
            assert found and found == connection.execute(query).fetchall()


def test_duckdb_polars_and_pandas_read_the_same_from_parquet(released: Released) -> None:
    compare_readers(released)


def compare_readers(released: Released) -> None:
    """Rows and sums of every numeric column are equal in the database and as each library reads the Parquet files."""
    with duckdb.connect(str(released.folder / "papers.duckdb"), read_only=True) as connection:
        for file in sorted((released.folder / "data").iterdir()):
            columns = connection.execute(
                "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? "
                "and data_type in ('BIGINT', 'INTEGER', 'DOUBLE')",
                [file.stem],
            ).fetchall()
            sums = ", ".join(f"sum(cast({name} as double)), count({name})" for (name,) in columns)
            query = f"select count(*){', ' if sums else ''}{sums} from "
            wanted = connection.execute(f"{query} marts.{file.stem}").fetchall()[0]
            parquet = connection.execute(f"{query} read_parquet('{file}')").fetchall()[0]
            polars, pandas = pl.read_parquet(file), pd.read_parquet(file)
            values: tuple[list[Any], list[Any]] = ([polars.height], [len(pandas)])
            for (name,) in columns:
                values[0].extend([polars[name].cast(pl.Float64).sum(), polars[name].count()])
                values[1].extend([float(pandas[name].astype("float64").sum()), int(pandas[name].count())])
            for found in (parquet, *values):
                # A sum without a value is null in SQL and 0 in a frame; a sum of doubles depends on their order.
                assert [x or 0 for x in found] == pytest.approx([x or 0 for x in wanted], rel=1e-9, abs=1e-9), file.stem


def test_the_card_has_one_configuration_per_table(released: Released) -> None:
    card = released.card
    files = {config["config_name"]: config["data_files"] for config in card["configs"]}
    assert files == {name: [{"split": "train", "path": f"data/{name}.parquet"}] for name in released.tables()}
    assert all((released.folder / f"data/{name}.parquet").is_file() for name in files)
    assert [config["config_name"] for config in card["configs"] if config.get("default")] == ["dim_papers"]
    assert card["license"] == "other" and card["language"] == ["en"]
    page = (released.folder / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | {len(rows):,} | One row per " in page for name, rows in released.tables().items())
    assert "invented" in page and "no release before" in page


@pytest.mark.parametrize(
    ("rows", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (10**9, "1B<n<10B"), (10**11, "n>10B")],
)
def test_a_size_is_named_as_the_hub_does(rows: int, category: str) -> None:
    assert _size_category(rows) == category


def test_the_examples_of_the_card_run(released: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(released.folder)
    for example in re.findall(r"```python\n(.*?)```", (released.folder / "README.md").read_text(), re.DOTALL):
        exec(example, {})


def test_frictionless_finds_the_data_package_valid_and_damage_in_it(released: Released, tmp_path: Path) -> None:
    import frictionless

    report = frictionless.validate(released.folder / "datapackage.json")
    assert report.valid and len(report.tasks) == len(released.tables())
    package = frictionless.Package(str(released.folder / "datapackage.json"))
    for resource in package.resources:
        columns = pq.read_schema(released.folder / str(resource.path)).names
        assert resource.schema.field_names == columns
        assert all(field.description for field in resource.schema.fields)
    assert package.get_resource("dim_papers").schema.primary_key == ["paper_id"]
    copy = shutil.copytree(released.folder, tmp_path / "copy")
    (copy / "data" / "dim_papers.parquet").chmod(0o644)
    with (copy / "data" / "dim_papers.parquet").open("ab") as file:
        file.write(b"x")
    assert not frictionless.validate(copy / "datapackage.json").valid


@pytest.mark.parametrize("table", ["fct_listings", "dim_authors", "bridge_paper_authors", "ops_schema_drift"])
def test_the_fields_of_the_data_package_fit_the_rows(released: Released, table: str) -> None:
    import frictionless

    (declared,) = [r for r in released.json("datapackage.json")["resources"] if r["name"] == table]
    schema = frictionless.Schema.from_descriptor(declared["schema"])
    place = {"path": declared["path"], "basepath": str(released.folder)}
    report = frictionless.Resource(**place, format="parquet", schema=schema).validate()
    assert report.valid, report.flatten(["message"])[:3]


def test_mlcroissant_reads_each_record_set(released: Released, caplog: pytest.LogCaptureFixture) -> None:
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=released.folder / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert (issues.errors, issues.warnings, caplog.text) == (set(), set(), "")
    tables = released.tables()
    assert {records.name for records in dataset.metadata.record_sets} == tables.keys()
    for table in ("dim_papers", "fct_listings", "ops_schema_drift"):
        records = list(dataset.records(table))
        assert len(records) == len(tables[table]) > 0
    papers = {record["dim_papers/paper_id"].decode(): record for record in dataset.records("dim_papers")}
    with duckdb.connect(str(released.folder / "papers.duckdb"), read_only=True) as connection:
        for paper_id, title, upvotes in connection.execute(
            "select paper_id, title, upvotes from marts.dim_papers where upvotes is not null"
        ).fetchall():
            assert papers[paper_id]["dim_papers/title"].decode() == title
            assert papers[paper_id]["dim_papers/upvotes"] == upvotes


def test_the_citation_names_this_version(released: Released) -> None:
    cited = yaml.safe_load((released.folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["type"] == "dataset" and cited["cff-version"] == "1.2.0" and cited["authors"]
    assert str(cited["date-released"]) == released.folder.name[:10]
    version = cited["version"]
    assert version == released.json("datapackage.json")["version"] == released.json("croissant.json")["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+\+\d{6}", version)


def published(site: Site, moment: str) -> Site:
    """The same, with a file published at this moment."""
    seconds = datetime.fromisoformat(moment).timestamp()
    os.utime(site.home / "papers.duckdb", (seconds, seconds))
    return site


def test_changes_since_the_release_before_are_counted(demo: Papers, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = copy_of(demo, tmp_path / "before")
    new, gone = (row[0] for row in before.rows("select paper_id from dim_papers order by paper_id limit 2"))
    before.change(
        f"delete from dim_papers where paper_id = '{new}'",
        "insert into dim_papers by name select 'hf:gone' as paper_id",
        "alter table dim_keywords add column dropped_later integer",
        "alter table dim_authors alter paper_count type integer",
        "create table only_before as select 1 as x",
    )
    after = copy_of(demo, tmp_path / "after")
    moved = after.rows(
        """select author_id, count(*) from bridge_paper_authors group by author_id
           order by count(*) desc, author_id limit 1"""
    )[0]
    after.change(f"update bridge_paper_authors set author_id = 'author:new' where author_id = '{moved[0]}'")
    first = release(published(before, "2026-11-01T10:00:00Z"), out)
    (out / "notes").mkdir()  # not a release
    second = release(published(after, "2026-11-02T10:00:00Z"), out)
    assert first.json("changes.json")["before"] is None and first.json("changes.json")["new_papers"] is None
    changes = second.json("changes.json")
    assert changes["before"] == first.folder.name
    assert (changes["new_papers"], changes["removed_papers"]) == ([new], ["hf:gone"])
    assert changes["moved_authors"] == [{"author_id_before": moved[0], "author_id": "author:new", "mentions": moved[1]}]
    assert {(c["table"], c["column"], c["before"], c["after"]) for c in changes["columns"]} == {
        ("dim_keywords", "dropped_later", "integer", None),
        ("dim_authors", "paper_count", "integer", "bigint"),
        ("only_before", "x", "integer", None),
    }
    rows = {count["table"]: (count["rows_before"], count["rows"]) for count in changes["rows"]}
    assert rows["dim_papers"][0] == rows["dim_papers"][1] and "only_before" not in rows
    page = (second.folder / "README.md").read_text()
    assert f"Since `{first.folder.name}`: papers new 1, gone 1;" in page and gone not in page
    # A release that is older than one in the folder is not compared with it.
    third = release(published(copy_of(demo, tmp_path / "older"), "2026-10-01T10:00:00Z"), out)
    assert third.json("changes.json")["before"] is None


def test_a_release_before_that_can_not_be_read_is_one_sentence(demo: Papers, tmp_path: Path) -> None:
    out = tmp_path / "out"
    damaged = release(published(copy_of(demo, tmp_path / "one"), "2026-11-01T10:00:00Z"), out)
    (damaged.folder / "data" / "dim_papers.parquet").chmod(0o644)
    (damaged.folder / "data" / "dim_papers.parquet").write_bytes(b"PAR1")
    site = published(copy_of(demo, tmp_path / "two"), "2026-11-02T10:00:00Z")
    done = Papers(site.home)("release", out, expect=2)
    assert "can't be read" in done.err and len(done.err.splitlines()) == 1
    assert list(out.iterdir()) == [damaged.folder]


def test_abstracts_are_left_out_on_request(demo: Papers, tmp_path: Path) -> None:
    import frictionless

    released = release(demo, tmp_path / "out", "--without-abstracts")
    with demo.published() as connection:
        parts = [
            part
            for (text,) in connection.execute("select abstract from marts.dim_papers").fetchall()
            for part in [" ".join((text or "").split())[20:70]]
            if len(part) == 50
        ]
    assert len(parts) > 200
    with duckdb.connect(str(released.folder / "papers.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() "
            "where not internal and data_type = 'VARCHAR'"
        ).fetchall()
        for table, column in columns:
            for (text,) in connection.execute(f"select distinct {column} from {table}").fetchall():
                plain = " ".join(json.dumps(text, ensure_ascii=False).split())
                assert not any(part in plain for part in parts), f"{table}.{column}"
        assert connection.execute("select count(abstract), count(*) > 0 from marts.dim_papers").fetchall() == [
            (0, True)
        ]
        assert connection.execute("select count(*) > 0 from marts.search('breakfasts')").fetchall() == [(True,)]
        comment = connection.execute(
            "select comment from duckdb_columns() where table_name = 'dim_papers' and column_name = 'abstract'"
        ).fetchall()
    assert comment == [("Left out of this release, which has no abstracts: null in every row.",)]
    assert pq.read_table(released.folder / "data" / "dim_papers.parquet")["abstract"].null_count == len(
        released.tables()["dim_papers"]
    )
    assert "Abstracts are left out" in (released.folder / "README.md").read_text()
    assert frictionless.validate(released.folder / "datapackage.json").valid


def test_a_place_that_can_not_hold_a_release_is_one_sentence(demo: Papers, papers: Papers, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place, words in ((tmp_path / "file", "is a file"), (demo.home / "exports" / "x", "where runs replace")):
        done = demo("release", place, expect=2)
        assert words in done.err and len(done.err.splitlines()) == 1
    for name in ("a[b]", "a?b", "~nobody-of-this-name/x"):
        done = demo("release", name, expect=2)
        assert "folder of releases" in done.err and len(done.err.splitlines()) == 1
    assert "Nothing is published" in papers("release", tmp_path / "out", expect=2).err
    assert not (tmp_path / "out").exists() and not (demo.home / "exports" / "x").exists()


def test_a_full_disk_leaves_nothing(demo: Papers, small_disk: Callable[[int], Path]) -> None:
    for kilobytes in (300, 9000):
        place = small_disk(kilobytes)
        done = demo("release", place / "out", expect=2)
        assert "free space" in done.err and len(done.err.splitlines()) == 1
        assert not any(path.is_file() for path in place.rglob("*"))


def test_what_a_killed_release_left_is_removed_after_a_day(demo: Papers, tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".part-release-old", ".part-release-new", ".part-x"))
    for path in (old, new, other):
        path.mkdir()
        (path / "papers.duckdb").touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    release(demo, tmp_path)
    assert [path.exists() for path in (old, new, other)] == [False, True, True]


def test_a_file_that_was_changed_after_its_publication_is_not_released(demo: Papers, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(demo.home / "exports", home / "exports")
    shutil.copyfile(demo.home / "papers.duckdb", home / "papers.duckdb")
    Site(home).change("create table marts.added as select 1 as x")
    done = Papers(home)("release", tmp_path / "out", expect=2)
    assert "is not as it was published" in done.err and not (tmp_path / "out").exists()


def test_texts_of_strangers_are_in_no_file_that_describes_the_release(demo: Papers, tmp_path: Path) -> None:
    import frictionless

    hostile = release(made_hostile(copy_of(demo, tmp_path / "hostile")), tmp_path / "out")
    texts = [hostile.folder / name for name in FILES - {"papers.duckdb"}]
    for path in texts:
        text = path.read_text(encoding="utf-8")
        for found in (TITLE, NAME, ESCAPES, ENDING, LINK, "alert(", "<script", "\x1b", "\u202e", "{{", "{%"):
            assert found not in text or (found == "{{" and path.name == "croissant.json"), (path.name, found)
    assert frictionless.validate(hostile.folder / "datapackage.json").valid
    assert any(TITLE in row for row in hostile.tables()["dim_papers"]), "the data have them as received"


def test_a_spreadsheet_gets_utf8_ids_as_texts_and_no_formula(demo: Papers, tmp_path: Path) -> None:
    site = copy_of(demo, tmp_path / "home").change(
        "update dim_papers set title = '=HYPERLINK(\"http://elsewhere.invalid\")' "
        "where paper_id = (select min(paper_id) from dim_papers)"
    )
    query = "select paper_id, title, upvotes from dim_papers order by paper_id"
    text = Papers(site.home)("sql", query, "--format", "spreadsheet").out
    assert text.startswith("\ufeff"), "Excel reads a file without a byte order mark in the encoding of its system"
    header, first, *rest = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert header == ["paper_id", "title", "upvotes"] and len(rest) + 1 == site.value("select count(*) from dim_papers")
    assert re.fullmatch(r'="\d{4}\.\d{5}"', first[0]) and first[1].startswith("'=HYPERLINK")


@pytest.mark.slow
def test_real_listings_are_the_same_in_every_reader(
    shared_data: Path, new_home: Callable[[str], Papers], tmp_path: Path
) -> None:
    papers = new_home("real-release")
    papers("import", shared_data / "listings" / "api")
    compare_readers(release(papers, tmp_path))


def test_an_empty_listing_has_no_days() -> None:
    facts = Facts(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None, None, True, False, None, [])  # type: ignore[arg-type]
    assert "None" not in facts.summary and facts.version == "2026.1.2+030405"
