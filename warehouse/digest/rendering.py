"""An issue of a digest as HTML, as plain text, and as a mail with both."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from warehouse.digest.filters import MONTH
from warehouse.digest.message import build_mail
from warehouse.digest.selection import NewPaper, Riser, Selection, why
from warehouse.digest.subscriptions import Subscription
from warehouse.display import code_link, one_line, plural, readable_title, web_address

_TEMPLATES = Path(__file__).with_name("templates")
#: A digest whose newest observation is older warns first: the pipeline may have stopped.
STALE_HOURS = 48
#: What a section counts, at the foot of an issue that has it.
_GAINS = (
    "A gain is the difference of two observed totals, never an estimate. Attention compares a paper with the average "
    "of papers of the same age, weekday and place on the page."
)
_NEW = (
    "New: first listed in this time, with no upvote gained in it as far as observed. Most upvotes per hour since the "
    "submission come first; papers whose submission time is not known follow, by upvotes."
)


@dataclass(frozen=True)
class Issue:
    """One issue of a subscription's digest. ``key`` names its period: a UTC day, an ISO week, or a calendar month."""

    subscription: Subscription
    selection: Selection
    key: str

    @property
    def subject(self) -> str:
        """The subject, one line for any title."""
        papers = self.selection.papers
        if not papers:
            return one_line(f"{self.subscription.title}, {self.key}: nothing rose, nothing is new")
        first = one_line(readable_title(papers[0].title), 80)
        note = f"{papers[0].gain:+d}" if isinstance(papers[0], Riser) else "new"
        more = f" and {len(papers) - 1} more" if len(papers) > 1 else ""
        return one_line(f"{self.subscription.title}, {self.key}: {first} ({note}){more}", 200)


def issue_key(window: str, as_of: datetime) -> str:
    """The period that a digest of a moment belongs to: ``2026-09-30`` for a day's, ``2026-W40`` for a week's.

    For a month's it is the last complete calendar month, ``2026-08``.
    """
    if window == MONTH:
        return f"{as_of.replace(day=1) - timedelta(days=1):%Y-%m}"
    year, week, _ = as_of.isocalendar()
    return f"{as_of:%Y-%m-%d}" if window == "24h" else f"{year}-W{week:02d}"


def paper_view(paper: Riser | NewPaper) -> dict[str, Any]:
    """The fields of a paper that mail and feeds show, each listed text as one safe line.

    ``about`` is what a new paper is about. ``listed`` is the day on which a rising paper was first listed; that of a
    new paper is in its ``why``.
    """
    authors = [one_line(name, 80) for name in paper.authors[:3]]
    if len(paper.authors) > len(authors):
        authors.append(f"{len(paper.authors) - len(authors)} more")
    links = (
        ("Daily Papers", web_address(paper.hf_url)),
        ("arXiv", web_address(paper.arxiv_url)),
        ("code", code_link(paper.code_url)),
    )
    return {
        "title": one_line(readable_title(paper.title)) or paper.paper_id,
        "link": web_address(paper.hf_url) or web_address(paper.arxiv_url),
        "links": [(name, url) for name, url in links if url],
        "byline": ", ".join([*authors, *([one_line(paper.organization, 80)] if paper.organization else [])]),
        "about": paper.about if isinstance(paper, NewPaper) else None,
        "why": [one_line(sentence) for sentence in why(paper)],
        "listed": paper.first_listed_on if isinstance(paper, Riser) else None,
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
    sections = (("Rising", selection.risers), ("New", selection.new))
    hours = (
        (now.astimezone(UTC).replace(tzinfo=None) - selection.as_of).total_seconds() / 3600 if selection.as_of else 0
    )
    return {
        "title": one_line(issue.subscription.title),
        "issue": issue.key,
        "as_of": f"{selection.as_of:%Y-%m-%d %H:%M}" if selection.as_of else None,
        "stale_days": round(hours / 24) if hours > STALE_HOURS else None,
        "is_demo": selection.is_demo,
        "window": _window_words(selection.filters.window, issue.key),
        "sections": [(name, [paper_view(paper) for paper in papers]) for name, papers in sections if papers],
        "notes": [note for note, papers in ((_GAINS, selection.risers), (_NEW, selection.new)) if papers],
        "unknown": [one_line(text) for text in selection.unknown],
        "name": issue.subscription.name,
        "leave": unsubscribe_address(issue.subscription, sender) if sender else None,
    }


def _window_words(window: str, key: str) -> str:
    if window == MONTH:
        return f"{date.fromisoformat(f'{key}-01'):%B %Y}"
    return "24 hours" if window == "24h" else "7 days"


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
