"""An issue of a digest as HTML, as plain text, and as a mail with both."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from warehouse.digest.message import build_mail
from warehouse.digest.selection import Riser, Selection, why
from warehouse.digest.subscriptions import Subscription
from warehouse.display import code_link, one_line, plural, readable_title, web_address

_TEMPLATES = Path(__file__).with_name("templates")
#: A digest whose newest observation is older warns first: the pipeline may have stopped.
STALE_HOURS = 48


@dataclass(frozen=True)
class Issue:
    """One issue of a subscription's digest. ``key`` names its period: a UTC day, or an ISO week."""

    subscription: Subscription
    selection: Selection
    key: str

    @property
    def subject(self) -> str:
        """The subject, one line for any title."""
        risers = self.selection.risers
        if not risers:
            return one_line(f"{self.subscription.title}, {self.key}: nothing rose")
        first = one_line(readable_title(risers[0].title), 80)
        more = f" and {len(risers) - 1} more" if len(risers) > 1 else ""
        return one_line(f"{self.subscription.title}, {self.key}: {first} ({risers[0].gain:+d}){more}", 200)


def issue_key(window: str, as_of: datetime) -> str:
    """The period that a digest of a moment belongs to: ``2026-09-30`` for a day's, ``2026-W40`` for a week's."""
    year, week, _ = as_of.isocalendar()
    return f"{as_of:%Y-%m-%d}" if window == "24h" else f"{year}-W{week:02d}"


def paper_view(riser: Riser) -> dict[str, Any]:
    """The fields of a paper that mail and feeds show, each listed text as one safe line."""
    authors = [one_line(name, 80) for name in riser.authors[:3]]
    if len(riser.authors) > len(authors):
        authors.append(f"{len(riser.authors) - len(authors)} more")
    links = (
        ("Daily Papers", web_address(riser.hf_url)),
        ("arXiv", web_address(riser.arxiv_url)),
        ("code", code_link(riser.code_url)),
    )
    return {
        "title": one_line(readable_title(riser.title)) or riser.paper_id,
        "link": web_address(riser.hf_url) or web_address(riser.arxiv_url),
        "links": [(name, url) for name, url in links if url],
        "byline": ", ".join([*authors, *([one_line(riser.organization, 80)] if riser.organization else [])]),
        "gain": riser.gain,
        "why": [one_line(sentence) for sentence in why(riser)],
        "listed": riser.first_listed_on,
    }


def as_html(issue: Issue, now: datetime, sender: str | None = None) -> str:
    """The digest as a page that loads nothing."""
    return _templates().get_template("mail.html.j2").render(_view(issue, now, sender))


def as_text(issue: Issue, now: datetime, sender: str | None = None) -> str:
    """The digest as plain text. Without a ``sender`` it is no mail, so it has no line to unsubscribe."""
    return _templates().get_template("mail.txt.j2").render(_view(issue, now, sender))


def as_mail(issue: Issue, sender: str, recipient: str, now: datetime) -> EmailMessage:
    """The mail of an issue to one recipient. Built again, it has the same Message-ID.

    Raises MailError when a header can't hold what it should.
    """
    name, domain = issue.subscription.name, sender.partition("@")[2]
    who = hashlib.sha256(recipient.lower().encode()).hexdigest()[:16]
    unsubscribe = unsubscribe_address(issue.subscription, sender)
    headers = {
        "From": sender,
        "To": recipient,
        "Subject": issue.subject,
        "Date": format_datetime(now.astimezone(UTC)),
        "Message-ID": f"<papers.{name}.{issue.key}.{who}@{domain}>",
        "List-Id": f"<{name}.daily-papers.{domain}>",
        "List-Unsubscribe": f"<{unsubscribe}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday replies
    }
    if unsubscribe.lower().startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    return build_mail(headers, as_text(issue, now, sender), as_html(issue, now, sender))


def unsubscribe_address(subscription: Subscription, sender: str) -> str:
    """The subscription's own unsubscribe address, else a mail to the sender with that subject."""
    return subscription.unsubscribe or f"mailto:{sender}?subject=unsubscribe%20{subscription.name}"


def _view(issue: Issue, now: datetime, sender: str | None) -> dict[str, Any]:
    selection = issue.selection
    hours = (
        (now.astimezone(UTC).replace(tzinfo=None) - selection.as_of).total_seconds() / 3600 if selection.as_of else 0
    )
    return {
        "title": one_line(issue.subscription.title),
        "issue": issue.key,
        "as_of": f"{selection.as_of:%Y-%m-%d %H:%M}" if selection.as_of else None,
        "stale_days": round(hours / 24) if hours > STALE_HOURS else None,
        "is_demo": selection.is_demo,
        "window": "24 hours" if selection.filters.window == "24h" else "7 days",
        "papers": [paper_view(riser) for riser in selection.risers],
        "unknown": [one_line(text) for text in selection.unknown],
        "name": issue.subscription.name,
        "leave": unsubscribe_address(issue.subscription, sender) if sender else None,
    }


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=lambda name: name is None or ".html." in name,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plural"] = plural
    return environment
