"""Settings: the environment as typed values, sentences for bad ones, secrets, and the tables in the docs."""

from __future__ import annotations

import duckdb
import pytest

from warehouse.errors import InputError
from warehouse.settings import Settings, Smtp
from warehouse.settings_table import pages
from warehouse.variables import variables

DAYS = "give numbers of days from 1 to 3650 with commas between, like 3,7,30"
CRON = "give a cron expression of five fields (minute, hour, day, month, weekday), like 45 2-22/4 * * *, or @daily"


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
        ("PAPERS_LOOKBACK", "7\udcff", "give a number from 1 to 366"),
        ("PAPERS_ENGINE", "sqlite", "it can be duckdb or spark"),
        ("PAPERS_ENGINE", "\udcff", "it can be duckdb or spark"),
        ("PAPERS_EXPORT_DUCKDB", "maybe", "it can be no or yes"),
        ("PAPERS_SMTP_SECURITY", "tls", "it can be starttls, ssl or none"),
        ("PAPERS_MAX_REQUESTS", "0", "give a number from 10 to 100000"),
        *(("PAPERS_MILESTONES", text, DAYS) for text in ("soon", "3,-7", "0", ",", "3;7", "3651", "1.5", "\u0663")),
        *(
            ("PAPERS_SCHEDULE", text, CRON)
            for text in (
                "daily",
                "@reboot",
                "61 * * * *",
                "* 24 * * *",
                "0 0 0 * *",
                "0 2 * *",
                "0 0 2 * * *",
                "\u0663 * * * *",
            )
        ),
    ],
)
def test_a_bad_setting_is_one_sentence_with_its_name_value_and_what_is_allowed(
    name: str, text: str, allowed: str
) -> None:
    with pytest.raises(InputError) as refused:
        Settings.from_environment({name: text})
    assert str(refused.value) == f"{name} is {text!r}: {allowed}."


def test_milestones_are_ascending_and_a_schedule_has_single_spaces() -> None:
    settings = Settings.from_environment({"PAPERS_MILESTONES": "30, 3,7,3,", "PAPERS_SCHEDULE": " 0  3 * * mon-fri "})
    assert settings.milestones == (3, 7, 30)
    assert settings.schedule == "0 3 * * mon-fri"
    assert Settings.from_environment({"PAPERS_SCHEDULE": "@daily"}).schedule == "@daily"


def test_empty_variables_are_unset_and_each_default_is_allowed() -> None:
    every = [*variables(Settings), *variables(Smtp)]
    assert Settings.from_environment(dict.fromkeys((one.name for one in every), "")) == Settings.from_environment({})
    for one in every:
        if isinstance(one.default, int | float) and not isinstance(one.default, bool):
            assert one.value(str(one.default)) == one.default, one.name


@pytest.mark.parametrize(
    "text", ["1e400", "\u0663", "\udcff", "-", "nan", "-inf", "1" * 5000, " ", "~nobody_here/x", "0x1", "://", "s3://"]
)
def test_any_text_is_a_value_or_one_sentence(text: str) -> None:
    for variable in [*variables(Settings), *variables(Smtp)]:
        try:
            variable.value(text)
        except InputError as error:
            assert len(str(error).splitlines()) == 1


def test_the_memory_limit_reaches_dbt() -> None:
    settings = Settings.from_environment({"PAPERS_MEMORY_LIMIT": "1.5 GB"})
    assert settings.environment()["PAPERS_MEMORY_LIMIT"] == "1.5 GB"


def test_the_tables_of_settings_in_the_docs_are_those_of_the_code() -> None:
    for path, text in pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make dictionary`"


@pytest.mark.parametrize("text", ["256MB", "3GB", "1.5 GiB", "1tb"])
def test_sizes_that_duckdb_reads_are_memory_limits(text: str) -> None:
    settings = Settings.from_environment({"PAPERS_MEMORY_LIMIT": text})
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{settings.memory_limit}'")


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


def test_a_text_that_is_no_address_is_refused() -> None:
    for address in ("huggingface.co", "https://", "ftp://example.org", "https://example.org:port"):
        with pytest.raises(InputError, match="PAPERS_ENDPOINT"):
            Settings.from_environment({"PAPERS_ENDPOINT": address})
    assert Settings.from_environment({"PAPERS_ENDPOINT": "http://[::1]:8080/x/"}).endpoint == "http://[::1]:8080/x"
