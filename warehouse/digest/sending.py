"""Issues of the digests: each sent once to each recipient, or written to files as a preview."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from warehouse.clock import utc_now
from warehouse.digest.mail import Mailer, MaybeDelivered, NotDelivered
from warehouse.digest.message import MailError, as_bytes
from warehouse.digest.record import Delivery, SentRecord
from warehouse.digest.rendering import Issue, as_html, as_mail, as_text, issue_key
from warehouse.digest.selection import select_papers
from warehouse.digest.subscriptions import EXAMPLE, Subscription, read_subscriptions
from warehouse.errors import InputError, UnreachableError
from warehouse.lock import writer_lock
from warehouse.publication.publish import read_published, writing
from warehouse.settings import Settings

logger = logging.getLogger(__name__)

#: Sender or recipient of a preview where none is configured.
_NOBODY = "nobody@example.invalid"


@dataclass
class Sent:
    """The result of sending an issue. ``recipients``: address → state.

    ``sent`` and ``sent before``: the server accepted it. ``failed``: it did not. ``unanswered`` (in this run) and
    ``uncertain`` (in an earlier one): it may have, and nothing is sent again without ``resend_uncertain``.
    """

    subscription: str
    issue: str | None
    as_of: datetime | None
    papers: int
    recipients: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    note: str | None = None

    @property
    def undelivered(self) -> list[str]:
        """Recipients to whom this run did not deliver for certain."""
        return [who for who, state in self.recipients.items() if state in ("failed", "unanswered")]

    @property
    def facts(self) -> dict[str, Any]:
        return dict(vars(self))


def build_issues(settings: Settings, subscriptions: list[Subscription]) -> list[Issue | None]:
    """The current issue of each subscription, from one published file; None before any observation.

    Raises InputError for a search that can't be read, and when the newest observation lies in the future.
    """
    issues: list[Issue | None] = []
    with read_published(settings) as connection:
        for subscription in subscriptions:
            try:
                selection = select_papers(settings, connection, subscription.filters)
            except InputError as error:
                raise InputError(f"No digest is issued, because of `search` in {subscription.name}: {error}") from None
            if selection.as_of and selection.as_of.date() > utc_now().date():
                raise InputError(
                    f"No digest is issued: the newest observation is of {selection.as_of:%Y-%m-%d %H:%M} UTC, which "
                    "lies in the future. If this machine's clock is right, `papers run` checks such observations again."
                )
            key = issue_key(subscription.filters.window, selection.as_of) if selection.as_of else None
            issues.append(Issue(subscription, selection, key) if key else None)
    return issues


def select_subscriptions(settings: Settings, names: list[str]) -> list[Subscription]:
    """The subscriptions of these names, or all. Raises InputError for an unknown name."""
    known = read_subscriptions(settings)
    missing = [name for name in names if name not in {s.name for s in known}]
    if missing:
        listed = ", ".join(s.name for s in known) or "none"
        raise InputError(f"There is no subscription {missing[0]!r} in {settings.subscriptions}; there is: {listed}.")
    return [s for s in known if not names or s.name in names]


def write_previews(settings: Settings, subscriptions: list[Subscription], folder: Path) -> list[Path]:
    """Write each issue as HTML, text and mail into a folder, as it would be sent now.

    Raises InputError, after all others are written, if an issue can't be built.
    """
    now, sender = utc_now(), settings.smtp.sender if settings.smtp else _NOBODY
    files, problems = [], []
    for issue in build_issues(settings, subscriptions):
        if issue is None:
            continue
        stem = f"{issue.subscription.name}-{issue.key}"
        try:
            mail = as_mail(issue, sender, next(iter(issue.subscription.to), _NOBODY), now)
            bodies = {
                ".html": as_html(issue, now, sender).encode(),
                ".txt": as_text(issue, now, sender).encode(),
                ".eml": as_bytes(mail),
            }
        except Exception as error:  # the other previews are written
            problems.append(f"the mail of {issue.subscription.name} could not be built ({_reason(error)})")
            continue
        with writing(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            for suffix, body in bodies.items():
                (folder / f"{stem}{suffix}").write_bytes(body)
                files.append(folder / f"{stem}{suffix}")
    if problems:
        raise InputError(f"{len(files)} file(s) were written to {folder}, but {problems[0]}: report it with its title.")
    return files


def _reason(error: Exception) -> str:
    """Why a mail could not be built. The message of a foreign error may quote listed text, so only its class."""
    return str(error) if isinstance(error, MailError) else type(error).__name__


def send_digests(
    settings: Settings,
    names: list[str],
    *,
    resend_uncertain: bool = False,
    report: Callable[[str], None] = lambda text: None,
) -> list[Sent]:
    """Send the current issue of each subscription to every recipient who has not got it.

    ``report`` gets a sentence for each mail sent. A refused recipient does not stop the others; if the server can't be
    used, the rest is left for the next call. Raises InputError about subscriptions and settings, LockError while
    another process sends.
    """
    subscriptions = [s for s in select_subscriptions(settings, names) if s.to]
    if not subscriptions:
        raise InputError(
            f"No subscription in {settings.subscriptions} has anybody to send to: give one a line `to:`, "
            f"as in {EXAMPLE}."
        )
    if settings.smtp is None:
        raise InputError(
            "No mail server is set: name it with PAPERS_SMTP_HOST and the sender with PAPERS_SMTP_FROM "
            "(docs/digest.md), or preview the digest with --dry-run."
        )
    lock = writer_lock(settings.digests / "sending.lock", purpose="papers digest", timeout=settings.lock_timeout)
    with lock, Mailer(settings.smtp) as mailer:
        record = SentRecord(settings.digests / "sent.jsonl")
        sender = _Sender(mailer, settings.smtp.sender, record, resend_uncertain, report)
        return [
            sender.send(subscription, issue)
            for subscription, issue in zip(subscriptions, build_issues(settings, subscriptions), strict=True)
        ]


class _Sender:
    """Sends issues through one server until that becomes unusable."""

    def __init__(
        self, mailer: Mailer, address: str, record: SentRecord, resend_uncertain: bool, report: Callable[[str], None]
    ):
        self._mailer = mailer
        self._address = address
        self._record = record
        self._resend_uncertain = resend_uncertain
        self._report = report
        self._server_problem: str | None = None

    def send(self, subscription: Subscription, issue: Issue | None) -> Sent:
        if issue is None:
            return Sent(subscription.name, None, None, 0, note="nothing was observed yet: not sent")
        done = Sent(subscription.name, issue.key, issue.selection.as_of, len(issue.selection.papers))
        logger.debug("Issue %s of %s has %d papers", issue.key, subscription.name, done.papers)
        if not issue.selection.papers and not subscription.send_empty:
            done.note = "nothing meets its filters: not sent"
            return done
        for recipient in subscription.to:
            state, problem = self._send_to(issue, recipient)
            done.recipients[recipient] = state
            logger.debug("Issue %s of %s to %s: %s", issue.key, subscription.name, recipient, state)
            if problem:
                done.problems[recipient] = problem
        return done

    def _send_to(self, issue: Issue, recipient: str) -> tuple[str, str | None]:
        delivery = Delivery(issue.subscription.name, issue.key, recipient)
        known = self._record.state(delivery)
        if known == "sent":
            return "sent before", None
        if known == "sending" and not self._resend_uncertain:
            return "uncertain", (
                "an earlier run ended before the server's answer, so it may have arrived; "
                "--resend-uncertain sends it again"
            )
        if self._server_problem:
            return "failed", self._server_problem
        try:
            mail = as_mail(issue, self._address, recipient, utc_now())
            message_id, body = str(mail["Message-ID"]), as_bytes(mail)
        except Exception as error:  # the other mails are sent
            problem = f"the mail could not be built ({_reason(error)})"
            self._record.write(delivery, "failed", "", problem)
            return "failed", problem
        try:
            self._mailer.deliver(recipient, body, lambda: self._record.write(delivery, "sending", message_id))
        except MaybeDelivered as error:
            return "unanswered", f"{error}; --resend-uncertain sends it again"
        except NotDelivered as error:
            self._record.write(delivery, "failed", message_id, str(error))
            return "failed", str(error)
        except UnreachableError as error:
            self._record.write(delivery, "failed", message_id, str(error))
            self._server_problem = str(error)
            return "failed", str(error)
        self._record.write(delivery, "sent", message_id)
        self._report(f"{issue.subscription.name} {issue.key} was sent to {recipient}")
        return "sent", None
