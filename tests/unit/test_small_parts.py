"""Title keys, the writer lock, and copies of the published file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from warehouse.errors import LockError
from warehouse.keys import title_key
from warehouse.lock import writer_lock
from warehouse.publication import publish
from warehouse.publication.publish import prepare_next, read_published
from warehouse.settings import Settings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ConvLLaVA: Hierarchical\n  Backbones", "ConvLLaVA:  Hierarchical Backbones"),
        ("``Soft'' Prompts~(SP)", "“Soft” prompts (SP)"),
        ("Naïve Bäyes—Again", "Naive Bayes-again"),
    ],
)
def test_spellings_of_a_title_have_the_same_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


def test_different_titles_have_different_keys() -> None:
    assert title_key("GPT-4 in 2 Steps") != title_key("GPT-4 in 3 Steps")


def test_the_error_of_a_second_writer_names_the_holder_of_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    code = (
        "import sys; from pathlib import Path; from warehouse.lock import writer_lock\n"
        f"with writer_lock(Path({str(path)!r}), purpose='a nightly run', timeout=1):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout and holder.stdout.readline().strip() == "held"
        with pytest.raises(LockError, match="a nightly run"), writer_lock(path, purpose="x", timeout=0.3):
            pass
    finally:
        holder.kill()
        holder.wait()
    with writer_lock(path, purpose="x", timeout=5):
        pass  # the system dropped the lock of the killed holder


def test_the_lock_is_reentrant(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with writer_lock(path, purpose="x", timeout=1), writer_lock(path, purpose="y", timeout=0):
        pass


def test_a_file_of_other_models_is_not_the_base_of_a_build(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    def starts_empty(models: str) -> bool:
        is_empty = prepare_next(settings, models)
        settings.next_database.replace(settings.published_database)
        return is_empty

    assert starts_empty("one"), "nothing is published"
    assert not starts_empty("one")
    assert starts_empty("two")
    assert not starts_empty("two")
    settings.published_database.unlink()
    prepare_next(settings)  # by a program that wrote no version
    settings.next_database.replace(settings.published_database)
    assert starts_empty("two")


@pytest.mark.parametrize("problem", [None, duckdb.InternalException("Failed to load metadata pointer")])
def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception | None
) -> None:
    settings = Settings(home=tmp_path)
    for path, word in ((settings.published_database, "old"), (settings.next_database, "new")):
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create schema marts; create table marts.words as select '{word}' as word")
    open_database = publish.open_database

    @contextmanager
    def open_during_publication(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_database(path, read_only=read_only) as connection:
            if settings.next_database.exists():
                settings.next_database.replace(path)
                if problem:
                    raise problem
            yield connection

    monkeypatch.setattr(publish, "open_database", open_during_publication)
    with read_published(settings) as connection:
        assert connection.execute("select word from words").fetchall() == [("new",)]
