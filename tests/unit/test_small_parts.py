"""Keys that make two spellings meet, the lock that lets one writer in, and what a build may build upon."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
import requests

from orchestration.gates.data_docs import serving
from tests.conftest import ROOT
from warehouse.errors import InputError, LockError
from warehouse.keys import title_key
from warehouse.lock import writer_lock
from warehouse.publication import publish
from warehouse.publication.publish import prepare_next, read_published
from warehouse.settings import Settings, Smtp
from warehouse.settings_table import pages
from warehouse.variables import variables


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ConvLLaVA: Hierarchical\n  Backbones", "ConvLLaVA:  Hierarchical Backbones"),
        ("``Soft'' Prompts~(SP)", "“Soft” prompts (SP)"),
        ("Naïve Bäyes—Again", "Naive Bayes-again"),
    ],
)
def test_a_title_meets_itself_in_another_format(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


def test_different_titles_stay_apart() -> None:
    assert title_key("GPT-4 in 2 Steps") != title_key("GPT-4 in 3 Steps")


def test_the_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
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


def test_a_writer_that_holds_the_lock_enters_again(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with writer_lock(path, purpose="x", timeout=1), writer_lock(path, purpose="y", timeout=0):
        pass


def test_the_token_is_in_no_representation_of_the_settings() -> None:
    settings = Settings.from_environment({"HF_TOKEN": "hf_secret", "PAPERS_ALERT_WEBHOOK": "https://example.org/hook"})
    assert settings.token == "hf_secret"
    assert "hf_secret" not in repr(settings) and "example.org" not in repr(settings)
    assert "hf_secret" not in str(settings.environment())
    smtp = Smtp("localhost", 25, user="papers", password="s3cret")
    assert "s3cret" not in repr(smtp)


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("PAPERS_LOOKBACK", "0", "give a number from 1 to 366"),
        ("PAPERS_LOOKBACK", "seven", "give a number from 1 to 366"),
        ("PAPERS_MIN_INTERVAL", "nan", "give a number from 0 to 3600"),
        ("PAPERS_MAX_REJECTED_SHARE", "50", "give a number from 0 to 1"),
        ("PAPERS_MEMORY_LIMIT", "-1", "give a size of at least 256MB, such as 3GB"),
        ("PAPERS_MEMORY_LIMIT", "1KB", "give a size of at least 256MB, such as 3GB"),
        ("PAPERS_SMTP_PORT", "999999", "give a number from 1 to 65535"),
        ("PAPERS_ENGINE", "sqlite", "it can be duckdb or spark"),
        ("PAPERS_EXPORT_DUCKDB", "maybe", "it can be no or yes"),
        ("PAPERS_SMTP_SECURITY", "tls", "it can be starttls, ssl or none"),
    ],
)
def test_a_bad_setting_is_one_sentence_with_its_name_value_and_what_is_allowed(
    name: str, text: str, allowed: str
) -> None:
    with pytest.raises(InputError) as refused:
        Settings.from_environment({name: text})
    assert str(refused.value) == f"{name} is {text!r}: {allowed}."


def test_empty_variables_are_unset_and_each_default_is_allowed() -> None:
    every = [*variables(Settings), *variables(Smtp)]
    assert Settings.from_environment(dict.fromkeys((one.name for one in every), "")) == Settings.from_environment({})
    for one in every:
        if isinstance(one.default, int | float) and not isinstance(one.default, bool):
            assert one.value(str(one.default)) == one.default, one.name


def test_the_memory_limit_reaches_dbt() -> None:
    settings = Settings.from_environment({"PAPERS_MEMORY_LIMIT": "1.5 GB"})
    assert settings.environment()["PAPERS_MEMORY_LIMIT"] == "1.5 GB"


def test_the_tables_of_settings_in_the_docs_are_those_of_the_code() -> None:
    for path, text in pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make dictionary`"


def test_data_docs_are_served_on_this_machine(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(home=tmp_path, data_docs_port=port)
    settings.data_docs.mkdir()
    (settings.data_docs / "index.html").write_text("gates")
    with serving(settings) as url:
        assert requests.get(f"{url}/index.html", timeout=5).text == "gates"
        with pytest.raises(InputError, match="PAPERS_DATA_DOCS_PORT"), serving(settings):
            pass


def test_what_other_models_built_is_not_built_upon(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    def must_begin_anew(models: str) -> bool:
        answer = prepare_next(settings, models)
        settings.next_database.replace(settings.published_database)
        return answer

    assert must_begin_anew("one"), "nothing is published: there is nothing to build upon"
    assert not must_begin_anew("one")
    assert must_begin_anew("two")
    assert not must_begin_anew("two")
    settings.published_database.unlink()
    prepare_next(settings)  # as a program did that noted no version
    settings.next_database.replace(settings.published_database)
    assert must_begin_anew("two")


@pytest.mark.parametrize("problem", [None, duckdb.InternalException("Failed to load metadata pointer")])
def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception | None
) -> None:
    settings = Settings(home=tmp_path)
    for path, word in ((settings.published_database, "old"), (settings.next_database, "new")):
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create schema marts; create table marts.words as select '{word}' as word")
    opened = publish.open_database

    @contextmanager
    def while_it_is_published(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with opened(path, read_only=read_only) as connection:
            if settings.next_database.exists():
                settings.next_database.replace(path)
                if problem:
                    raise problem
            yield connection

    monkeypatch.setattr(publish, "open_database", while_it_is_published)
    with read_published(settings) as connection:
        assert connection.execute("select word from words").fetchall() == [("new",)]


@pytest.mark.parametrize("name", ["PAPERS_ENDPOINT", "PAPERS_SITE_URL"])
@pytest.mark.parametrize(
    "address",
    [
        "https://user:s3cret@example.org",
        "https://s3cret@example.org/",
        "https://example.org/?token=s3cret",
        "https://example.org#s3cret",
        "user:s3cret@example.org",
        "example.org?key=s3cret",
    ],
)
def test_an_address_with_credentials_is_refused_and_not_repeated(name: str, address: str) -> None:
    with pytest.raises(InputError, match=name) as refused:
        Settings.from_environment({name: address})
    assert "s3cret" not in str(refused.value)


def test_an_address_that_is_none_is_refused() -> None:
    for address in ("huggingface.co", "https://", "ftp://example.org", "https://example.org:port"):
        with pytest.raises(InputError, match="PAPERS_ENDPOINT"):
            Settings.from_environment({"PAPERS_ENDPOINT": address})
    assert Settings.from_environment({"PAPERS_ENDPOINT": "http://[::1]:8080/x/"}).endpoint == "http://[::1]:8080/x"
