"""The digest: what it selects and why, who gets it, and that nobody gets an issue twice, whatever breaks."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from smtp_server import PASSWORD, Mailbox, smtp_server

from orchestration.schedules import digest_job, digest_schedule
from tests.conftest import Papers
from warehouse.digest.record import Delivery, SentRecord
from warehouse.digest.rendering import issue_key
from warehouse.digest.selection import Filters, Selection, gained, select_papers, select_risers, why
from warehouse.digest.sending import Sent, send_digests
from warehouse.digest.subscriptions import EXAMPLE, SubscriptionsError, parse_subscriptions
from warehouse.display import one_line, web_address
from warehouse.errors import InputError
from warehouse.lock import writer_lock
from warehouse.publication.publish import read_published
from warehouse.settings import Settings

TWO = "subscriptions:\n  daily:\n    to: [ada@example.org, grace@example.org]\n    top: 3\n"


class Home:
    """A home that holds a published file and nothing else: no raw tables, no landing archive."""

    def __init__(self, path: Path, published: Path):
        self.path = path
        path.mkdir()
        shutil.copyfile(published, path / "papers.duckdb")
        self.environment: dict[str, str] = {}

    def subscribe(self, text: str) -> None:
        (self.path / "subscriptions.yml").write_text(text)

    def change(self, *statements: str) -> None:
        with duckdb.connect(str(self.path / "papers.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    @property
    def settings(self) -> Settings:
        return Settings.from_environment({**self.environment, "PAPERS_HOME": str(self.path)})

    def select(self, **filters: object) -> Selection:
        with read_published(self.settings) as connection:
            return select_risers(self.settings, connection, Filters(**filters))  # type: ignore[arg-type]

    def select_all(self, **filters: object) -> Selection:
        with read_published(self.settings) as connection:
            return select_papers(self.settings, connection, Filters(**filters))  # type: ignore[arg-type]

    def send(self, *names: str, resend_uncertain: bool = False) -> list[Sent]:
        return send_digests(self.settings, list(names), resend_uncertain=resend_uncertain)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.path / "papers.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def home(demo: Papers, tmp_path: Path) -> Home:
    return Home(tmp_path / "home", demo.home / "papers.duckdb")


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def relay(home: Home, mailbox: Mailbox, tmp_path: Path) -> Iterator[Home]:
    """A home with two recipients and a server that takes their mail."""
    home.subscribe(TWO)
    with smtp_server(mailbox, "none", tmp_path) as environment:
        home.environment = environment
        yield home


# What is selected


@pytest.mark.parametrize("window", ["24h", "7d"])
def test_papers_are_sorted_by_the_stars_of_their_code_and_those_without_come_last(home: Home, window: str) -> None:
    gains = dict(home.rows(f"select paper_id, stars_gained_{window} from marts.rpt_code_trends"))
    by_upvotes = home.select(window=window, top=1000).risers
    by_stars = home.select(window=window, sort="stars", top=1000).risers
    place = {riser.paper_id: n for n, riser in enumerate(by_upvotes)}

    def key(paper_id: str) -> tuple[bool, float, int]:
        gain = gains.get(paper_id)
        return gain is None, -gain if gain is not None else 0, place[paper_id]  # type: ignore[operator]

    assert [riser.paper_id for riser in by_stars] == sorted(place, key=key) != list(place)
    assert [riser.stars_gained for riser in by_stars] == [gains.get(riser.paper_id) for riser in by_stars]
    assert "stars in" in " ".join(why(by_stars[0])) and "star" not in " ".join(why(by_upvotes[0]))


@pytest.mark.parametrize(("window", "hours", "column"), [("24h", 24, "gain_24h"), ("7d", 168, "gain_7d")])
def test_it_holds_what_gained_most_and_what_is_new(home: Home, window: str, hours: int, column: str) -> None:
    """Against the observations themselves: last total − the one nearest to the window's start, or the first in it."""
    expected = home.rows(f"""
        with seen as (
            select *, max(observed_at) over () as now, max(observed_at) over (partition by paper_id) as last_at,
                epoch(observed_at) - epoch(now - interval {hours} hour) as from_start
            from marts.fct_upvote_observations where upvotes is not null
        ),
        bases as (
            select *, abs(from_start) <= {hours * 360} and observed_at < last_at as is_base from seen
        ),
        sums as (
            select
                paper_id,
                max_by(upvotes, observed_at) as last,
                min_by(upvotes, abs(from_start)) filter (is_base) as before,
                min_by(upvotes, observed_at) as first,
                max(observed_at) > any_value(now) - interval {hours} hour as is_recent,
                epoch(max(observed_at)) - epoch(coalesce(
                    min_by(observed_at, abs(from_start)) filter (is_base), min(observed_at)
                )) as seconds
            from bases group by paper_id having count(*) > 1
        )
        select paper_id, last - coalesce(before, first) as gain, before is null, seconds / 3600 from sums
        where is_recent and gain >= 3 and last >= 10 order by gain desc, paper_id""")
    found = home.select(window=window, top=1000, minimum_gain=3, minimum_upvotes=10)
    assert len(expected) > 5 and {is_new for *_, is_new, _ in expected} == {True, False}
    assert [r.gain for r in found.risers] == [gain for _, gain, *_ in expected]
    assert {(r.paper_id, r.gain, r.is_new, r.gain_hours) for r in found.risers} == set(expected)
    assert all(r.is_new or r.gain == getattr(r, column) for r in found.risers)
    assert found.as_of == home.rows("select max(observed_at) from marts.fct_upvote_observations")[0][0]
    assert [r.paper_id for r in home.select(window=window, top=4).risers] == [r for r, *_ in expected[:4]]


def test_a_gain_is_shown_with_its_real_hours(home: Home) -> None:
    riser = home.select(top=1).risers[0]
    before = "observed_at <= timestamp '2026-09-29 20:00:00' and observed_at > timestamp '2026-09-28 12:00:00'"
    home.change(
        f"delete from marts.fct_upvote_observations where paper_id = '{riser.paper_id}' and {before}",
        f"update marts.rpt_paper_trends set gain_24h = null, gain_24h_hours = null where paper_id = '{riser.paper_id}'",
    )
    assert gained(riser) == f"+{riser.gain} upvotes in 24 hours"
    longer = home.select(top=1).risers[0]
    assert gained(longer) == f"+{longer.gain} upvotes in 60 hours" and longer.gain >= riser.gain


def test_each_paper_is_shown_with_its_reasons(home: Home) -> None:
    riser = home.select(keywords=("small models",)).risers[0]
    reasons = " ".join(why(riser))
    assert f"+{riser.gain_24h} upvotes in 24 hours, now {riser.upvotes}." in reasons
    assert f"{riser.expected_upvotes:.0f} would be usual" in reasons and "keyword small models" in reasons


@pytest.mark.parametrize("keyword", ["text to speech", "Text-To-Speech", "TTS models", "demo-only phrase"])
def test_a_keyword_is_found_in_the_text_or_in_the_listed_keywords(home: Home, keyword: str) -> None:
    home.change(
        "update marts.dim_papers set title = 'Of TTS Models', abstract = null, ai_summary = null where paper_id = "
        "(select min(paper_id) from marts.rpt_paper_trends where gain_24h > 0)"
    )
    found = home.select(keywords=(keyword,), top=1000).risers
    if keyword == "demo-only phrase":
        assert not found
        return
    assert any(r.title == "Of TTS Models" for r in found) == (keyword == "TTS models")
    if keyword != "TTS models":
        listed = home.rows(
            "select paper_id from intermediate.int_paper_keywords join marts.rpt_paper_trends using (paper_id) "
            "where keyword = 'text to speech' and gain_24h >= 1"
        )
        assert listed and {paper for (paper,) in listed} <= {r.paper_id for r in found}


def test_filters_leave_out_what_they_name(home: Home) -> None:
    everything = {riser.paper_id for riser in home.select(top=1000).risers}

    def ids(sql: str) -> set[str]:
        return everything & {row[0] for row in home.rows(f"select paper_id from marts.dim_papers where {sql}")}

    def selected(**filters: Any) -> set[str]:
        return {riser.paper_id for riser in home.select(top=1000, **filters).risers}

    about_speech = {riser.paper_id for riser in home.select(top=1000, keywords=("speech",)).risers}
    with_code, since = ids("code_url is not null"), ids("first_listed_on >= '2026-09-30'")
    found = ids("paper_id in (select paper_id from marts.search('speech -vla'))")
    assert all(0 < len(part) < len(everything) for part in (about_speech, with_code, since, found))
    assert selected(exclude=("speech",)) == everything - about_speech
    assert selected(has_code=True) == with_code and selected(has_code=False) == everything - with_code
    assert selected(since=date(2026, 9, 30)) == since
    assert selected(search="speech -vla") == found
    assert selected(search="speech -vla", has_code=True, exclude=("train",), since=date(2026, 9, 29)) < found


def test_the_filters_have_the_same_words_in_subscriptions_and_on_the_command_line(home: Home) -> None:
    words = "exclude: [survey]\n    has_code: no\n    since: 2026-09-29\n    search: speech -vla"
    (subscription,) = parse_subscriptions(f"subscriptions:\n  a:\n    {words}\n", "subs.yml")
    assert subscription.filters == Filters(
        exclude=("survey",), has_code=False, since=date(2026, 9, 29), search="speech -vla"
    )
    options = ("--exclude", "survey", "--no-code", "--since", "2026-09-29", "--search", "speech -vla")
    printed = Papers(home.path)("digest", *options, "--json").facts
    selected = home.select_all(**{**vars(subscription.filters), "top": 10})
    assert [(row["section"], row["paper_id"]) for row in printed] == [
        *(("rising", riser.paper_id) for riser in selected.risers),
        *(("new", paper.paper_id) for paper in selected.new),
    ]


def test_a_search_that_can_not_be_read_is_one_sentence(home: Home) -> None:
    called = Papers(home.path)("digest", "--search", "author:", expect=2)
    assert "author: and org: want a name" in called.err and len(called.err.splitlines()) == 1


def test_a_filter_on_an_organization_includes_its_parts_at_the_time(home: Home) -> None:
    (part, name), (whole, _) = home.rows(
        "select organization_id, any_value(organizations.display_name) from marts.rpt_paper_trends "
        "join marts.dim_papers using (paper_id) join marts.dim_organizations as organizations using (organization_id) "
        "where gain_24h >= 1 group by 1 order by count(*) desc, 1 limit 2"
    )
    own = {r.paper_id for r in home.select(organizations=(str(name).upper(),), top=99).risers}
    assert own and own.isdisjoint(r.paper_id for r in home.select(organizations=(str(whole),), top=99).risers)
    relation = f"insert into marts.bridge_organization_parents values ('{part}', '{whole}', %s, 'override', 'test')"
    home.change(relation % "date '2026-01-01', date '2026-02-01'")
    assert own.isdisjoint(r.paper_id for r in home.select(organizations=(str(whole),), top=99).risers)
    home.change(relation % "date '2026-02-01', null")
    rolled_up = home.select(organizations=(str(whole),), top=99).risers
    assert own <= {r.paper_id for r in rolled_up}
    assert any(f"{name}, part of {whole}" in " ".join(why(r)) for r in rolled_up)
    assert home.select(organizations=("Nobody Inc",)).unknown == ("organization 'Nobody Inc'",)


@pytest.mark.parametrize(
    "column", ["author_id", "own_author_id", "name_as_listed", "upper(name_as_listed)", "upper(account_handle)"]
)
def test_an_author_is_found_by_id_handle_or_name(home: Home, column: str) -> None:
    home.change("update marts.dim_authors set account_handle = 'Handle-' || author_id")
    ((asked, paper),) = home.rows(
        f"select {column}, paper_id from marts.author_merges join marts.rpt_paper_trends using (paper_id) "
        "join marts.dim_authors using (author_id) where gain_24h >= 1 order by mention_id limit 1"
    )
    assert paper in {r.paper_id for r in home.select(authors=(str(asked),), top=99).risers}


def test_an_issue_is_a_day_or_an_iso_week() -> None:
    assert issue_key("24h", datetime(2026, 9, 30, 23, 59)) == "2026-09-30"
    assert issue_key("7d", datetime(2027, 1, 1)) == "2026-W53" == issue_key("7d", datetime(2027, 1, 3, 23))
    assert issue_key("7d", datetime(2027, 1, 4)) == "2027-W01"


def test_a_gain_of_a_month_is_that_of_the_period_table(home: Home) -> None:
    assert not home.select_all(window="month", top=1000).papers, "August, of which nothing is known"
    home.change("update marts.rpt_paper_trends set as_of = timestamp '2026-10-15 12:00:00'")
    found = {riser.paper_id: riser.gain for riser in home.select(window="month", top=1000).risers}
    listed = home.rows(
        "select paper_id, upvotes_gained from marts.rpt_period_papers "
        "where period = 'month' and period_start = date '2026-09-01' and upvotes_gained >= 1"
    )
    assert len(listed) > 50 and {paper: found.get(paper) for paper, _ in listed} == dict(listed)


def test_a_month_is_sent_once_after_its_end(relay: Home, mailbox: Mailbox) -> None:
    relay.subscribe(TWO + "    window: month\n")
    assert relay.send()[0].note == "nothing meets its filters: not sent"
    for moment in ("2026-10-01 00:00:00", "2026-10-02 12:00:00", "2026-10-31 23:59:59"):
        relay.change(f"update marts.rpt_paper_trends set as_of = timestamp '{moment}'")
        assert relay.send()[0].issue == "2026-09" and len(mailbox.mails) == 2
    text = mailbox.mails[0][1].get_body(("plain",))
    assert text and "in September 2026, as of 2026-10-01 00:00 UTC. Issue 2026-09." in text.get_content()


# The file of subscriptions


def test_the_example_that_ships_is_valid() -> None:
    subscriptions = parse_subscriptions(EXAMPLE.read_text(), "example")
    assert {s.filters.window for s in subscriptions} == {"24h", "7d"} and any(not s.to for s in subscriptions)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (1, "subscriptions: []"),
        (1, "abonnements: {}"),
        (2, "subscriptions:\n  a: b: c"),
        (2, "subscriptions:\n  A/../b: {}\n"),
        (2, "subscriptions:\n  atom: {}\n"),
        (3, "subscriptions:\n  a:\n    windw: 24h\n"),
        (3, "subscriptions:\n  a:\n    window: 3d\n"),
        (4, "subscriptions:\n  a:\n    window: month\n    sort: stars\n"),
        (3, "subscriptions:\n  a:\n    top: -1\n"),
        (4, "subscriptions:\n  a:\n    top: 1\n    top: 2\n"),
        (3, "subscriptions:\n  a:\n    keywords: []\n"),
        (3, "subscriptions:\n  a:\n    since: yesterday\n"),
        (3, "subscriptions:\n  a:\n    has_code: maybe\n"),
        (3, "subscriptions:\n  a:\n    send_empty: perhaps\n"),
        (3, "subscriptions:\n  a:\n    unsubscribe: javascript:alert(1)\n"),
        (5, "subscriptions:\n  a:\n    to:\n      - ada@example.org\n      - nobody\n"),
        (3, 'subscriptions:\n  a:\n    to: "ada@example.org\\r\\nBcc: eve@example.org"\n'),
        (3, 'subscriptions:\n  a:\n    title: "x\\r\\nBcc: eve@example.org"\n'),
        (3, 'subscriptions:\n  a:\n    unsubscribe: "mailto:a@example.org>\\r\\nBcc: eve@example.org"\n'),
    ],
)
def test_a_mistake_is_a_sentence_with_its_line(line: int, text: str) -> None:
    with pytest.raises(SubscriptionsError) as raised:
        parse_subscriptions(text, "subs.yml")
    (mistake,) = raised.value.mistakes
    assert mistake.startswith(f"subs.yml, line {line}: ") and mistake.endswith(".") and "\n" not in mistake


def test_a_text_stays_as_it_is_written() -> None:
    (subscription,) = parse_subscriptions("subscriptions:\n  a:\n    keywords: [no, 1.0, on]\n", "subs.yml")
    assert subscription.filters.keywords == ("no", "1.0", "on")


def test_the_command_names_every_mistake_and_ends_with_two(home: Home) -> None:
    home.subscribe("subscriptions:\n  a:\n    top: x\n    window: y\n")
    told = Papers(home.path)("digest", expect=2).err
    assert "line 3: a.top should be" in told and "line 4: a.window is 'y'" in told


# What is sent


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_it_is_sent_with_verified_tls_and_only_once(
    home: Home, mailbox: Mailbox, tmp_path: Path, security: str
) -> None:
    home.subscribe(TWO + "    unsubscribe: https://example.org/leave\n")
    with smtp_server(mailbox, security, tmp_path) as environment:
        home.environment = environment
        (first,) = home.send()
        (again,) = home.send("daily")
    assert set(first.recipients.values()) == {"sent"} and set(again.recipients.values()) == {"sent before"}
    assert [who for who, _ in mailbox.mails] == ["ada@example.org", "grace@example.org"] and mailbox.logins
    ids = {mail["Message-ID"] for _, mail in mailbox.mails}
    assert len(ids) == 2 and all("daily.2026-09-30" in text for text in ids)
    for who, mail in mailbox.mails:
        assert mail["To"] == who and mail["List-Unsubscribe"] == "<https://example.org/leave>"
        text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
        assert text and html and "Lanternfish-Riser" in text.get_content() and "as of 2026-09-30" in html.get_content()
        assert "would be usual" in text.get_content()
    assert PASSWORD not in "".join(p.read_text(errors="replace") for p in home.settings.digests.rglob("*.json*"))
    assert PASSWORD not in repr(home.settings)


def test_a_server_that_can_not_be_trusted_gets_nothing(home: Home, mailbox: Mailbox, tmp_path: Path) -> None:
    home.subscribe(TWO)
    papers = Papers(home.path)
    with smtp_server(mailbox, "starttls", tmp_path) as environment:
        told = papers("digest", expect=3, **environment | {"PAPERS_SMTP_CA_FILE": ""})
        assert "isn't trusted" in told.out
        wrong = papers("digest", expect=3, **environment | {"PAPERS_SMTP_PASSWORD": "hunter2"})
        assert "refused the login" in wrong.out and "hunter2" not in wrong.out + wrong.err
    with smtp_server(mailbox, "none", tmp_path) as environment:
        stripped = environment | {"PAPERS_SMTP_SECURITY": "starttls"}
        assert "no STARTTLS" in papers("digest", expect=3, **stripped).out
    assert not mailbox.mails and not mailbox.asked


def test_a_password_is_never_sent_in_the_clear() -> None:
    settings = {"PAPERS_SMTP_HOST": "mail.example.org", "PAPERS_SMTP_FROM": "a@example.org", "PAPERS_SMTP_USER": "u"}
    with pytest.raises(InputError, match="in the clear"):
        Settings.from_environment(settings | {"PAPERS_SMTP_PASSWORD": "p", "PAPERS_SMTP_SECURITY": "none"})
    with pytest.raises(InputError, match="go together"):
        Settings.from_environment(settings)


def test_a_refused_recipient_costs_the_others_nothing_and_is_tried_again_alone(relay: Home, mailbox: Mailbox) -> None:
    mailbox.rcpt_replies = {"ada@example.org": ["550 no such user"]}
    (first,) = relay.send()
    assert first.recipients == {"ada@example.org": "failed", "grace@example.org": "sent"}
    assert "550 no such user" in first.problems["ada@example.org"]
    (second,) = relay.send()
    assert second.recipients == {"ada@example.org": "sent", "grace@example.org": "sent before"}
    assert [who for who, _ in mailbox.mails] == ["grace@example.org", "ada@example.org"]


def test_a_temporary_refusal_is_tried_again_a_bounded_number_of_times(relay: Home, mailbox: Mailbox) -> None:
    mailbox.rcpt_replies = {"ada@example.org": ["451 later"], "grace@example.org": ["451 later"] * 9}
    (sent,) = relay.send()
    assert sent.recipients == {"ada@example.org": "sent", "grace@example.org": "failed"}
    assert mailbox.asked == ["ada@example.org"] * 2 + ["grace@example.org"] * 3


def test_a_refusal_of_the_text_is_a_failure_that_is_known(relay: Home, mailbox: Mailbox) -> None:
    replies = ["554 spam", "250 taken", "250 taken"]
    mailbox.at_data = lambda server: replies.pop(0)
    assert list(relay.send()[0].recipients.values()) == ["failed", "sent"]
    assert list(relay.send()[0].recipients.values()) == ["sent", "sent before"]


def test_a_server_that_does_not_answer_ends_the_attempt(home: Home) -> None:
    home.subscribe(TWO.replace("[ada", "[a@example.org, b@example.org, ada"))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        environment = {
            "PAPERS_SMTP_HOST": "127.0.0.1",
            "PAPERS_SMTP_PORT": str(silent.getsockname()[1]),
            "PAPERS_SMTP_FROM": "papers@example.org",
            "PAPERS_SMTP_TIMEOUT": "0.2",
            "PAPERS_SMTP_RETRY_WAIT": "0",
        }
        # Two recipients, three attempts each, are enough to know; the other two are left for the next time.
        called = Papers(home.path)("digest", "--json", expect=3, **environment)
    assert set(called.facts[0]["recipients"].values()) == {"failed"} and len(called.facts[0]["recipients"]) == 4
    assert "`papers digest` tries again" in called.err
    assert len((home.path / "digest" / "sent.jsonl").read_text().splitlines()) == 2


def test_a_connection_lost_after_the_text_is_not_guessed_about(relay: Home, mailbox: Mailbox) -> None:
    def hang_up(server: object) -> str:
        mailbox.at_data = lambda server: "250 taken"
        server.transport.abort()  # type: ignore[attr-defined]
        return "250 taken"

    mailbox.at_data = hang_up
    (first,) = relay.send()
    assert first.recipients == {"ada@example.org": "unanswered", "grace@example.org": "sent"}
    (second,) = relay.send()
    assert second.recipients == {"ada@example.org": "uncertain", "grace@example.org": "sent before"}
    assert len(mailbox.mails) == 2
    (third,) = relay.send(resend_uncertain=True)
    assert third.recipients == {"ada@example.org": "sent", "grace@example.org": "sent before"}
    assert len({mail["Message-ID"] for _, mail in mailbox.mails}) == 2, "the one that was sent again has the same id"


@pytest.mark.parametrize(("moment", "arrived"), [("at_rcpt", 0), ("at_data", 1)])
def test_a_kill_on_the_way_sends_nothing_twice(relay: Home, mailbox: Mailbox, moment: str, arrived: int) -> None:
    """Killed before the text was handed over it is sent by the next run; killed after, it is not sent again."""
    killed = threading.Event()

    def kill(*_: object) -> str:
        process.kill()
        killed.set()
        return "250 taken"

    setattr(mailbox, moment, kill)
    process = Papers(relay.path).start("digest", **relay.environment)
    assert killed.wait(timeout=60) and process.wait().code == -signal.SIGKILL
    mailbox.at_rcpt, mailbox.at_data = (lambda: None), (lambda server: "250 taken")
    (after,) = relay.send()
    assert after.recipients["ada@example.org"] == ("uncertain" if arrived else "sent")
    assert after.recipients["grace@example.org"] == "sent"
    assert [who for who, _ in mailbox.mails].count("ada@example.org") == 1


def test_two_at_once_send_one_mail_each(relay: Home, mailbox: Mailbox) -> None:
    held = writer_lock(relay.settings.digests / "sending.lock", purpose="papers digest", timeout=0)
    with held:
        called = Papers(relay.path).start("digest", **relay.environment, PAPERS_LOCK_TIMEOUT="0.1").wait()
    assert called.code == 1 and "held by papers digest" in called.err and not mailbox.mails
    both = [Papers(relay.path).start("digest", **relay.environment) for _ in range(2)]
    assert [process.wait().code for process in both] == [0, 0]
    assert sorted(who for who, _ in mailbox.mails) == ["ada@example.org", "grace@example.org"]


def test_a_line_that_a_kill_left_half_written_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    first, second = Delivery("a", "2026-09-30", "Ada@example.org"), Delivery("a", "2026-09-30", "b@example.org")
    SentRecord(path).write(first, "sending", "<1>")
    with path.open("ab") as file:
        file.write(b'{"subscription": "a", "issue": "2026-09-30", "recip')
    record = SentRecord(path)
    record.write(second, "sent", "<2>")
    again = SentRecord(path)
    assert (again.state(first), again.state(second)) == ("sending", "sent")
    assert again.state(Delivery("a", "2026-09-30", "ada@EXAMPLE.org")) == "sending"


def test_the_next_issue_is_sent_and_an_empty_one_only_if_asked_for(relay: Home, mailbox: Mailbox) -> None:
    relay.send()
    relay.change("update marts.rpt_paper_trends set as_of = as_of + interval 1 day")
    assert relay.send()[0].issue == "2026-10-01" and len(mailbox.mails) == 4
    relay.change("update marts.rpt_paper_trends set as_of = as_of + interval 9 day")
    empty = TWO + "    minimum_upvotes: 99999\n"
    relay.subscribe(empty)
    (sent,) = relay.send()
    assert sent.note and "not sent" in sent.note and len(mailbox.mails) == 4
    relay.subscribe(empty + "    send_empty: true\n")
    assert set(relay.send()[0].recipients.values()) == {"sent"}
    assert "nothing rose" in mailbox.mails[-1][1]["Subject"]


def test_an_issue_of_new_papers_only_is_sent_once(relay: Home, mailbox: Mailbox) -> None:
    relay.change(*WITHOUT_GAINS)
    relay.subscribe(TWO.replace("top: 3", "window: 7d\n    keywords: [speech]"))
    (first,), (again,) = relay.send(), relay.send()
    assert first.papers > 3 and set(first.recipients.values()) == {"sent"}
    assert set(again.recipients.values()) == {"sent before"} and len(mailbox.mails) == 2
    assert "(new) and" in mailbox.mails[0][1]["Subject"] and "NEW" in str(mailbox.mails[0][1].get_body(("plain",)))


#: As after a first run: every paper was observed once.
WITHOUT_GAINS = (
    "delete from marts.fct_upvote_observations as points where observed_at < (select max(observed_at) from "
    "marts.fct_upvote_observations as others where others.paper_id = points.paper_id)",
    "update marts.rpt_paper_trends set observation_count = 1, gain_24h = null, gain_7d = null, gain_observed = null",
)
HOSTILE = "<script>alert(1)</script>\r\nBcc: eve@example.org\r\n\r\n.\r\n\u202eevil\x1b[31m\u2028{{ 7 * 7 }}"


def test_hostile_titles_are_text_in_the_mail(relay: Home, mailbox: Mailbox) -> None:
    relay.change(
        f"update marts.dim_papers set title = '{HOSTILE}', code_url = 'javascript:alert(3)'",
        "update marts.bridge_paper_authors set readable_name = '<img src=x onerror=alert(2)>'",
    )
    relay.send()
    mail = mailbox.mails[0][1]
    assert mail["Bcc"] is None and mail["Subject"].startswith("daily, 2026-09-30: <script>alert(1)</script> Bcc: eve")
    assert [who for who, _ in mailbox.mails] == ["ada@example.org", "grace@example.org"]
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text and html
    page = html.get_content()
    assert "<script" not in page and "<img" not in page and "javascript:" not in page
    assert "&lt;script&gt;" in page and "{{ 7 * 7 }}" in page and "default-src 'none'" in page
    assert not {"\x1b", "\u202e", "\u2028"} & {*page, *text.get_content()}


def test_texts_and_links_are_made_harmless() -> None:
    assert one_line("a\x00b\ud800c\ufffe\U0001ffff\u2067d\n e") == "abcd e"
    assert one_line("x" * 600, 10) == "x" * 9 + "…"
    assert web_address("https://example.org/a") == "https://example.org/a"
    for bad in ("javascript:alert(1)", "https://", "data:text/html,x", "https://a b", "http://[", "", None):
        assert web_address(bad) is None


def test_the_job_of_dagster_sends_it_and_names_failed_recipients(relay: Home, mailbox: Mailbox) -> None:
    job = digest_job(relay.settings)
    assert digest_schedule(relay.settings, job).default_status == dg.DefaultScheduleStatus.RUNNING
    assert digest_schedule(Settings(home=relay.path), job).default_status == dg.DefaultScheduleStatus.STOPPED
    mailbox.rcpt_replies = {"ada@example.org": ["550 no such user"]}
    with dg.DagsterInstance.ephemeral() as instance:
        failed = job.execute_in_process(instance=instance, raise_on_error=False)
        (event,) = [e for e in failed.all_events if e.is_step_failure]
        assert event.step_failure_data.user_failure_data
        assert "Look at ada@example.org first" in str(event.step_failure_data.user_failure_data.description)
        assert job.execute_in_process(instance=instance).success
    assert [who for who, _ in mailbox.mails] == ["grace@example.org", "ada@example.org"]


# The command


def test_a_dry_run_writes_what_would_be_sent(home: Home) -> None:
    home.subscribe(EXAMPLE.read_text())
    files = [Path(f) for f in Papers(home.path)("digest", "--dry-run", "--json").facts["files"]]
    assert {f.suffix for f in files} == {".html", ".txt", ".eml"} and len(files) == 12
    assert all("2026-" in f.name and f.stat().st_size > 300 for f in files)
    assert "List-Unsubscribe" in next(f for f in files if f.suffix == ".eml").read_text()
    assert not (home.path / "digest" / "sent.jsonl").exists()


def test_a_digest_without_subscriptions_is_printed(home: Home) -> None:
    papers = Papers(home.path)
    printed = papers("digest", "--top", "1")
    assert "Lanternfish-Riser" in printed.out and "2. " not in printed.out
    assert "subscriptions.example.yml" in papers("digest").err
    assert "no subscription 'x'" in papers("digest", "x", expect=2).err
    home.subscribe(TWO)
    assert "PAPERS_SMTP_HOST" in papers("digest", expect=2).err
    assert json.loads(papers("digest", "--window", "7d", "--min-gain", "200", "--json").out)[0]["gain"] >= 200
