"""Rising and new papers as Atom and JSON Feed: one pair for everybody, one for each subscription, after publication.

A paper enters a feed on the UTC day on which it first meets the filters, and its entry does not change: its id is built
from the feed, the paper and that day. One that entered as new enters once more on a later day on which it rises.
`digest/feeds.json` stores the entries, so that an id never changes; a paper that leaves the published file leaves the
feeds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import duckdb

from warehouse.digest.filters import Filters
from warehouse.digest.rendering import paper_view
from warehouse.digest.selection import NewPaper, Selection, select_newest_listing, select_papers, select_risers
from warehouse.digest.subscriptions import Subscription, SubscriptionsError, read_subscriptions
from warehouse.display import code_link, one_line
from warehouse.errors import InputError
from warehouse.files import make_folder, write_atomically
from warehouse.lock import writer_lock
from warehouse.publication.publish import read_published, writing
from warehouse.settings import Settings

#: After so many days a paper that rises again enters again.
REENTRY_DAYS = 30
_MAX_ENTRIES = 100
_ATOM = "http://www.w3.org/2005/Atom"
#: Tag URIs (RFC 4151). A name under .invalid can't be registered (RFC 2606), so no other tags collide with these.
_TAG = "tag:daily-papers-warehouse.invalid,2026:"
#: Fields of a stored entry, and the one that entries of new papers have besides.
_ENTRY_FIELDS = {"id", "paper_id", "entered_at", "authors", "title", "link", "links", "byline", "why"}
_NEW_FIELD = "is_new"
#: The feed for everybody: what rose, or the newest listing while nothing did. Its file names are reserved.
OVERALL = Subscription(name="all", title="Rising on Daily Papers", filters=Filters(top=20))
#: The list of all feeds.
OPML = "feeds.opml"
_FILES = {OVERALL.name: ("atom.xml", "feed.json")}


@dataclass
class FeedsWritten:
    """The files written, and a sentence for each problem."""

    files: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def write_feeds(settings: Settings) -> FeedsWritten:
    """Write all feeds from the published file; only the overall feeds if the subscriptions can't be read."""
    written = FeedsWritten()
    subscriptions = [OVERALL]
    try:
        subscriptions += read_subscriptions(settings)
    except SubscriptionsError as error:
        written.problems += [f"The subscriptions' feeds were left as they are: {error}" for error in error.mistakes]
    lock = writer_lock(settings.digests / "feeds.lock", purpose="writing feeds", timeout=settings.lock_timeout)
    with lock, read_published(settings) as connection:
        store = settings.digests / "feeds.json"
        entries = _read_entries(store, written)
        published = {row[0] for row in connection.execute("select paper_id from marts.dim_papers").fetchall()}
        feeds = []
        for subscription in subscriptions:
            try:
                selection = _select(settings, connection, subscription)
            except InputError as error:
                written.problems.append(f"The feed {subscription.name} was left as it is: {error}")
                continue
            if selection.as_of is None:
                return written
            current = [entry for entry in entries.get(subscription.name, []) if entry["paper_id"] in published]
            entries[subscription.name] = _update_entries(subscription, selection, current)
            feeds.append((subscription, selection, entries[subscription.name]))
        with writing(str(settings.feeds)):
            make_folder(settings.feeds.parent)
            make_folder(settings.feeds)
            _replace(store, json.dumps(entries, indent=1).encode())
            for subscription, selection, shown in feeds:
                for name, body in _files(settings, subscription, selection, shown[:_MAX_ENTRIES]):
                    _replace(settings.feeds / name, body)
                    written.files.append(settings.feeds / name)
            if not written.problems:
                _replace(settings.feeds / OPML, _opml(settings, subscriptions))
                written.files.append(settings.feeds / OPML)
                for left in {*settings.feeds.glob("*.xml"), *settings.feeds.glob("*.json")} - set(written.files):
                    left.unlink()
    return written


def _select(settings: Settings, connection: duckdb.DuckDBPyConnection, subscription: Subscription) -> Selection:
    """What a feed gets now. The feed for everybody has the newest listing while nothing rises."""
    if subscription is not OVERALL:
        return select_papers(settings, connection, subscription.filters)
    selection = select_risers(settings, connection, subscription.filters)
    if selection.risers:
        return selection
    return replace(selection, new=select_newest_listing(settings, connection, subscription.filters))


def _read_entries(path: Path, written: FeedsWritten) -> dict[str, list[dict[str, Any]]]:
    try:
        entries: dict[str, list[dict[str, Any]]] = json.loads(path.read_bytes())
        if any(entry.keys() - {_NEW_FIELD} != _ENTRY_FIELDS for stored in entries.values() for entry in stored):
            raise ValueError("it holds something else")
        return entries
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        written.problems.append(
            f"{path} can't be read ({error}): the feeds start again without history, and readers see papers again."
        )
        return {}


def _update_entries(
    subscription: Subscription, selection: Selection, current: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The entries of a feed, newest first: those of the last ``REENTRY_DAYS`` days and the newly selected papers."""
    as_of = selection.as_of or datetime.min
    since = (as_of - timedelta(days=REENTRY_DAYS)).isoformat()
    current = [entry for entry in current if entry["entered_at"] > since]
    entered = {entry["paper_id"] for entry in current}
    rose = {entry["paper_id"] for entry in current if not entry.get(_NEW_FIELD)}
    ids = {entry["id"] for entry in current}
    fresh = []
    for paper in selection.papers:
        is_new = isinstance(paper, NewPaper)
        entry_id = f"{_TAG}{subscription.name}/{quote(paper.paper_id, safe='')}/{as_of:%Y-%m-%d}"
        if paper.paper_id in (entered if is_new else rose) or entry_id in ids:
            continue
        view = paper_view(paper)
        view["why"] = [text for text in (view["about"], *view["why"]) if text]
        fresh.append(
            {
                "id": entry_id,
                "paper_id": paper.paper_id,
                "entered_at": as_of.isoformat(),
                "authors": [one_line(name, 200) for name in paper.authors],
                **{key: view[key] for key in ("title", "link", "links", "byline", "why")},
                **({_NEW_FIELD: True} if is_new else {}),
            }
        )
    return sorted([*fresh, *current], key=lambda entry: entry["entered_at"], reverse=True)


def _files(
    settings: Settings, subscription: Subscription, selection: Selection, entries: list[dict[str, Any]]
) -> list[tuple[str, bytes]]:
    names = _names(subscription.name)
    title = one_line(subscription.title + (" (demo: invented papers)" if selection.is_demo else ""))
    updated = entries[0]["entered_at"] if entries else (selection.as_of or datetime.min).isoformat()
    makers: tuple[Callable[..., bytes], ...] = (_atom, _json_feed)
    return [
        (name, make(subscription.name, title, updated, entries, settings.site_url, name))
        for name, make in zip(names, makers, strict=True)
    ]


def _atom(feed: str, title: str, updated: str, entries: list[dict[str, Any]], site: str | None, file: str) -> bytes:
    """An Atom feed (RFC 4287). The serializer escapes every text."""
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", f"{_TAG}{feed}")
    _add(root, "title", title)
    _add(root, "updated", f"{updated}Z")
    _add(_add(root, "author"), "name", "Daily Papers Warehouse")
    if site:
        _add(root, "link", rel="self", type="application/atom+xml", href=f"{site}/feeds/{file}")
        _add(root, "link", rel="alternate", type="text/html", href=f"{site}/")
    for entry in entries:
        node = _add(root, "entry")
        _add(node, "id", entry["id"])
        _add(node, "title", entry["title"])
        _add(node, "updated", f"{entry['entered_at']}Z")
        _add(node, "published", f"{entry['entered_at']}Z")
        for name in entry["authors"]:
            _add(_add(node, "author"), "name", name)
        if entry["link"]:
            _add(node, "link", rel="alternate", href=entry["link"])
        _add(node, "content", _html(entry), type="html")
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _opml(settings: Settings, subscriptions: list[Subscription]) -> bytes:
    """The Atom feeds as a list that feed readers import, OPML 2.0: http://opml.org/spec2.opml.

    Without ``PAPERS_SITE_URL`` the addresses are relative: they hold beside this file.
    """
    root = ElementTree.Element("opml", version="2.0")
    ElementTree.SubElement(ElementTree.SubElement(root, "head"), "title").text = "Daily Papers Warehouse"
    body = ElementTree.SubElement(root, "body")
    for subscription in subscriptions:
        name, _ = _names(subscription.name)
        address = f"{settings.site_url}/feeds/{name}" if settings.site_url else name
        title = one_line(subscription.title)
        ElementTree.SubElement(body, "outline", type="rss", text=title, title=title, xmlUrl=address)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _names(feed: str) -> tuple[str, str]:
    """The file names of a feed: Atom and JSON."""
    return _FILES.get(feed, (f"{feed}.xml", f"{feed}.json"))


def _json_feed(
    feed: str, title: str, updated: str, entries: list[dict[str, Any]], site: str | None, file: str
) -> bytes:
    """A JSON Feed, https://www.jsonfeed.org/version/1.1/"""
    facts: dict[str, Any] = {"version": "https://jsonfeed.org/version/1.1", "title": title}
    if site:
        facts |= {"home_page_url": f"{site}/", "feed_url": f"{site}/feeds/{file}"}
    facts["items"] = [
        {
            "id": entry["id"],
            **({"url": entry["link"]} if entry["link"] else {}),
            "title": entry["title"],
            "content_html": _html(entry),
            "date_published": f"{entry['entered_at']}Z",
            "authors": [{"name": name} for name in entry["authors"]],
        }
        for entry in entries
    ]
    return json.dumps(facts, ensure_ascii=False, indent=1).encode()


def _html(entry: dict[str, Any]) -> str:
    """Why the paper is in the feed, as HTML in which every listed text is escaped."""
    paragraphs = [entry["byline"]] if entry["byline"] else []
    paragraphs += entry["why"]
    # Stored entries may be older than the check of code hosts.
    shown = [(name, url) for name, url in entry["links"] if name != "code" or code_link(url)]
    links = " · ".join(f'<a href="{escape(url)}">{escape(name)}</a>' for name, url in shown)
    return "".join(f"<p>{escape(text)}</p>" for text in paragraphs) + (f"<p>{links}</p>" if links else "")


def _add(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    child.text = text
    return child


def _replace(path: Path, body: bytes) -> None:
    """Write a file whole or not at all, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, body)
