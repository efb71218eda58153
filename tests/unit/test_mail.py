"""A mail says what it was given: no listed or remote text adds a header, a recipient or a body."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, date, datetime
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest

from orchestration.alerts import Alert, send_alert
from warehouse.digest import sending
from warehouse.digest.mail import Mailer
from warehouse.digest.message import MailError, as_bytes, build_mail
from warehouse.digest.record import SentRecord
from warehouse.digest.rendering import Issue, as_mail
from warehouse.digest.selection import Filters, Riser, Selection
from warehouse.digest.subscriptions import Subscription
from warehouse.settings import Settings, Smtp

NOW = datetime(2026, 11, 23, 22, 40, tzinfo=UTC)
#: Texts that the standard library's headers decode, or can't write.
HOSTILE = (
    "=?utf-8?q?Free=0D=0ABcc:_eve@example.org=0D=0A=0D=0AA_body?=",
    "=?utf-8?b?RnJlZQ0KQmNjOiBldmVAZXhhbXBsZS5vcmcNCg0KQSBib2R5?=",
    "=?us-ascii?q?=FF=FE?= é",
    "=?utf-8?q?=00=1b[31m?=",
    "=?utf-7?q?+AA0ACg-Bcc:_eve@example.org?=",
    "=?unknown?q?a?= =?utf-8?q?=0D?= =?utf-8?q?=0A_b?=",
    "a\r\nBcc: eve@example.org\r\n\r\nA body",
    "a\u2028Bcc: eve@example.org\x85Cc: eve@example.org",
    "\ud800 lone, " + "long " * 100,
    "x" * 900,
    "数学" * 100,
    "e\u0301 👩‍🔬 \u202e",
)


def riser(title: str) -> Riser:
    known = {
        **{"paper_id": "2609.00001", "title": title, "gain": 3, "upvotes": 5, "gain_observed": 3, "is_new": False},
        **{"gain_hours": 24.0, "observed_hours": 24.0, "is_breakout": False, "as_of": NOW.replace(tzinfo=None)},
        **{"authors": (), "matches": (), "first_listed_on": date(2026, 9, 1)},
    }
    values: dict[str, Any] = {**dict.fromkeys(Riser.__dataclass_fields__), **known}
    return Riser(**values)


def issue(title: str = "A title", unsubscribe: str | None = None) -> Issue:
    subscription = Subscription("daily", "Daily", Filters(), ("ada@example.org",), unsubscribe)
    return Issue(subscription, Selection(Filters(), NOW.replace(tzinfo=None), (riser(title),)), "2026-11-23")


def parsed(body: bytes) -> email.message.Message:
    """A mail as a reader of another making sees it."""
    return email.message_from_bytes(body, policy=email.policy.compat32)


def subject_of(body: bytes) -> str:
    return str(make_header(decode_header(parsed(body)["Subject"])))


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_writes_no_header_and_no_body(title: str) -> None:
    body = as_bytes(as_mail(issue(title), "papers@example.org", "ada@example.org", NOW))
    mail, plain = parsed(body), parsed(as_bytes(as_mail(issue(), "papers@example.org", "ada@example.org", NOW)))
    assert mail.keys() == plain.keys() and mail["Bcc"] is None
    head = body.partition(b"\r\n\r\n")[0]
    assert head.isascii() and b"eve@" not in b"".join(
        line for line in head.split(b"\r\n") if not line.startswith((b" ", b"Subject:"))
    )
    assert max(map(len, head.split(b"\r\n"))) < 300


def test_a_title_like_an_encoded_word_is_shown_unchanged() -> None:
    title = "=?utf-8?q?Free?= words"
    assert title in subject_of(as_bytes(as_mail(issue(title), "papers@example.org", "ada@example.org", NOW)))


@pytest.mark.parametrize("reason", HOSTILE)
def test_the_reason_of_a_remote_server_writes_no_header_of_an_alert(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(Mailer, "deliver", lambda self, recipient, body, before: sent.append(body))
    smtp = Smtp("localhost", 25, "none", "papers@example.org")
    settings = Settings(home=tmp_path, smtp=smtp, alert_mail=("ada@example.org",))
    assert send_alert(settings, Alert("daily", f"daily failed: answered 503 {reason}", reason), now=NOW) == []
    assert parsed(sent[0])["Bcc"] is None and set(parsed(sent[0]).keys()) == {
        *("From", "To", "Subject", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "MIME-Version")
    }


@pytest.mark.parametrize("name", ["From", "To", "List-Id", "Message-ID", "List-Unsubscribe"])
@pytest.mark.parametrize("value", ["a@b.c\r\nBcc: d@e.f", "a@b.c\nx", "a\x00", "ä@b.c", "a\r"])
def test_an_address_with_a_line_break_is_refused(name: str, value: str) -> None:
    with pytest.raises(MailError, match=name):
        build_mail({name: value}, "text")


def test_headers_are_checked_in_the_bytes_to_be_sent() -> None:
    mail = build_mail({"Subject": "x"}, "text")
    mail["Subject"].lines = "x\r\nBcc: eve@example.org"  # what a fault in the encoding would do
    with pytest.raises(MailError, match="line break"):
        as_bytes(mail)


@pytest.mark.parametrize(
    "address", ["https://example.org/leave?" + "k=v&" * 60, "mailto:leave@example.org?subject=" + "x" * 200]
)
def test_the_unsubscribe_address_is_ascii_on_one_line(address: str) -> None:
    body = as_bytes(as_mail(issue(unsubscribe=address), "papers@example.org", "ada@example.org", NOW))
    lines = body.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert f"List-Unsubscribe: <{address}>".encode() in lines
    one_click = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    assert (one_click in lines) == address.startswith("https")


def test_a_mail_that_can_not_be_made_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered: list[str] = []
    monkeypatch.setattr(Mailer, "deliver", lambda self, recipient, body, before: delivered.append(recipient))
    make = sending.as_mail

    def as_mail_or_not(issue: Issue, sender: str, recipient: str, now: datetime) -> email.message.EmailMessage:
        if recipient == "ada@example.org":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        return make(issue, sender, recipient, now)

    monkeypatch.setattr(sending, "as_mail", as_mail_or_not)
    subscription = Subscription("daily", "Daily", Filters(), ("ada@example.org", "grace@example.org"))
    two = Issue(subscription, issue().selection, "2026-11-23")
    mailer = Mailer(Smtp("localhost", 25, "none", "papers@example.org"))
    record = SentRecord(tmp_path / "sent.jsonl")
    sender = sending._Sender(mailer, "papers@example.org", record, False, lambda text: None)
    sent = sender.send(subscription, two)
    assert delivered == ["grace@example.org"]
    assert sent.recipients == {"ada@example.org": "failed", "grace@example.org": "sent"}
    assert "could not be built" in sent.problems["ada@example.org"]
