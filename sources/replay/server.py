"""The replay server: the routes, paging and limits of the site over an archive, and the injected faults.

Belongs here: what a request is answered. Does not belong here: the files of the archive (``archive.py``) and what an
entry means; records are served as they were captured. The archive has listings only: the order of the trending list
and the totals of a paper are invented, the same at each run.
"""

from __future__ import annotations

import gzip
import html
import json
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from sources.daily_papers.ids import canonical_id
from sources.faults import LISTING_FAULTS, WRONG_SHAPES, Fault, Route
from sources.replay.archive import ArchiveFolder

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_BLOCK = 2**20
_API, _TRENDING_PAGE, _PAPER = "/api/daily_papers", "/papers/trending", "/api/papers/"
#: Linked models, datasets and Spaces that the details of a paper show; the totals count all.
MAX_LINKED = 3


class Request(NamedTuple):
    """One request received: path with query, and when (UTC)."""

    path: str
    at: datetime


class Answer(NamedTuple):
    """The response of a route, before any fault."""

    status: int
    content_type: str
    body: bytes
    #: Relation in the header ``Link``: ``next`` if another page follows, ``last`` on a last page that is not full.
    link: Literal["next", "last"] | None = None


class ReplayServer:
    """Serves ``folder`` on loopback while used as a context manager.

    ``now`` (aware, settable) is the time of the site: only captures up to it are served; None serves all.
    ``faults`` may be changed while the server runs; the first that matches a request is injected.
    Raises ``ArchiveError`` if the folder holds no listings.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        now: datetime | None = None,
        faults: Iterable[Fault] = (),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.archive = ArchiveFolder(Path(folder))
        self.now = now
        self.faults = list(faults)
        self.requests: list[Request] = []
        #: Dates whose last paper is served as the first, as after votes between the requests of two pages.
        self.shifted: set[date] = set()
        self.stopping = threading.Event()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"http://{self._server.server_address[0]!s}:{self.port}"

    def start(self) -> ReplayServer:
        """Start to answer, in a thread."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and end slow answers."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> ReplayServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def listing(self, listing_date: date, limit: int, page: int) -> Answer:
        """The API's answer for a valid date."""
        captured = self.archive.newest(listing_date, self.now)
        if captured is not None and captured.kind == "json" and captured.entries() is None:
            # The archived payload is no list: it is served unchanged.
            return Answer(200, _JSON, captured.body())
        ranked = sorted(
            self.archive.entries(listing_date, self.now), key=lambda record: _number(record, "upvotes"), reverse=True
        )
        if listing_date in self.shifted:
            ranked = ranked[-1:] + ranked[:-1]
        return _page_answer(ranked, limit, page)

    def trending(self) -> list[Any]:
        """The records of all dates by stars."""
        records = [record for _, record in self._papers().values()]
        return sorted(records, key=lambda record: _number(record, "githubStars"), reverse=True)

    def details(self, paper_id: str, *, has_totals: bool = True) -> Answer:
        """The API's answer about one paper, with invented totals; 404 where no capture lists it."""
        found = self._papers().get(paper_id)
        if found is None:
            return _json_answer(404, {"error": "Paper not found"})
        first_date, record = found
        paper = {**record["paper"], "numComments": record.get("numComments", 0)}
        for name, total in _totals(paper_id, first_date, self.now).items() if has_totals else ():
            linked = [{"id": f"invented/{name.lower()}-{number}"} for number in range(min(total, MAX_LINKED))]
            paper |= {f"linked{name}": linked, f"numTotal{name}": total}
        return _json_answer(200, paper)

    def _papers(self) -> dict[str, tuple[date, Any]]:
        """By arXiv id its first listing date and the record of its last one. Other records are none of the site."""
        found: dict[str, tuple[date, Any]] = {}
        for day in self.archive.dates(self.now):
            for record in self.archive.entries(day, self.now):
                paper = record.get("paper") if isinstance(record, dict) else None
                received = paper.get("id") if isinstance(paper, dict) else None
                paper_id = canonical_id(received) if isinstance(received, str) else None
                if paper_id is not None:
                    first_date = found[paper_id][0] if paper_id in found else day
                    found[paper_id] = (first_date, record)
        return found

    def trending_page(self) -> Answer:
        """The HTML page of the trending list."""
        props = {"dailyPapers": self.trending()[:DEFAULT_LIMIT], "periodType": "day", "query": {}, "isTrending": True}
        return _html_answer(props)

    def daily_page(self, asked: date | None) -> Answer:
        """The HTML page of a date, or of the latest list if the date has none."""
        dates = self.archive.dates(self.now)
        served = asked if asked in dates else (dates[-1] if dates else None)
        if served is None:
            return Answer(404, _HTML, b"<!doctype html><title>404</title><p>No daily papers yet.</p>")
        stored = self.archive.newest(served, self.now)
        if stored is not None and stored.kind == "html":
            return Answer(200, _HTML, stored.body())
        position = dates.index(served)
        props = {
            "dateString": served.isoformat(),
            "dailyPapers": self.archive.entries(served, self.now),
            "periodType": "day",
            "query": {},
            "isTrending": False,
            **({"prevDate": dates[position - 1].isoformat()} if position else {}),
            **({"nextDate": dates[position + 1].isoformat()} if position + 1 < len(dates) else {}),
        }
        return _html_answer(props)

    def other_date(self, listing_date: date | None) -> date | None:
        """The date nearest to this one that has another list."""
        others = [day for day in self.archive.dates(self.now) if day != listing_date]
        return min(others, key=lambda day: abs(day - (listing_date or day)), default=None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], site: ReplayServer) -> None:
        self.site = site
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors of this server; a client that closes its connection is none."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "replay"

    @property
    def site(self) -> ReplayServer:
        return self.server.site

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: requests are recorded in ``ReplayServer.requests``."""

    def do_GET(self) -> None:
        self.site.requests.append(Request(self.path, datetime.now(UTC)))
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        route = _route_of(parts.path, query)
        if route is None:
            self._send(_json_answer(404, {"error": "Not found"}))
            return
        text = query.get("date") if route == "api" else None
        if route == "page":
            text = parts.path.removeprefix("/papers").removeprefix("/date/") or None
        asked = _date(text) if text else None
        page, limit = _whole(query.get("p"), 0), _whole(query.get("limit"), DEFAULT_LIMIT)
        given_limit = limit if "limit" in query else None
        of_listing: dict[str, Fault] = {
            fault.kind: fault
            for fault in self.site.faults
            if fault.kind in LISTING_FAULTS and fault.strikes(route, asked, page or 0)
        }
        if text is not None and asked is None:
            answer = _json_answer(400, {"error": "Invalid date"})
        elif query.get("sort", "trending") not in ("trending", "publishedAt"):
            answer = _json_answer(400, {"error": "sort must be trending or publishedAt"})
        elif route == "paper":
            answer = self.site.details(
                unquote(parts.path.removeprefix(_PAPER)), has_totals="no_totals" not in of_listing
            )
        else:
            served = self.site.other_date(asked) if "other_date" in of_listing else asked
            is_trending = "trending" in of_listing or (route == "trending" and "ignores_sort" not in of_listing)
            if parts.path == _API:
                answer = self._api_answer(served, page, limit, of_listing, is_trending=is_trending)
            else:
                answer = self.site.trending_page() if is_trending else self.site.daily_page(served)
        for fault in self.site.faults:
            if fault.kind not in LISTING_FAULTS and fault.strikes(route, asked, page or 0, given_limit):
                _FAULTS[fault.kind](self, fault, answer)
                return
        self._send(answer)

    def _api_answer(
        self, asked: date | None, page: int | None, limit: int | None, faults: dict[str, Fault], *, is_trending: bool
    ) -> Answer:
        if limit is None or not 1 <= limit <= MAX_LIMIT:
            return _json_answer(400, {"error": f"Too big: expected number to be <={MAX_LIMIT}, at limit"})
        if page is None:
            return _json_answer(400, {"error": "p must be a whole number"})
        for kind in faults.keys() & {"short_page", "page_cap"}:
            limit = min(limit, faults[kind].entries)
        if is_trending:
            answer = _page_answer(self.site.trending(), limit, page)
            return answer._replace(link=None) if "page_cap" in faults else answer
        if asked is None:
            dates = self.site.archive.dates(self.site.now)
            if not dates:
                return _json_answer(200, [])
            asked = dates[-1]
        if "shift" in faults:
            self.site.shifted.add(asked)
        answer = self.site.listing(asked, limit, page)
        return answer._replace(link=None) if "page_cap" in faults else answer

    def _head(self, status: int, content_type: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        # Never used up, so that a replayed backfill runs at full speed; the fault rate_limit tests the limit.
        headers.setdefault("RateLimit", '"api";r=499;t=300')
        headers.setdefault("RateLimit-Policy", '"fixed window";"api";q=500;w=300')
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _send(self, answer: Answer, **headers: str) -> None:
        body = answer.body
        if answer.link:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            page = int(query.get("p", 0)) + (answer.link == "next")
            address = f"{self.site.url}{parts.path}?{urlencode({**query, 'p': page})}"
            headers["Link"] = f'<{address}>; rel="{answer.link}"'
        if len(body) > 1024 and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            headers["Content_Encoding"] = "gzip"
        self._head(answer.status, answer.content_type, Content_Length=str(len(body)), **headers)
        self.wfile.write(body)

    def _rate_limit(self, fault: Fault, answer: Answer) -> None:
        seconds = round(37 if fault.seconds is None else fault.seconds)
        headers = {}
        if fault.header in ("ratelimit", "both"):
            headers["RateLimit"] = f'"api";r=0;t={seconds}'
        if fault.header in ("retry-after", "both"):
            headers["Retry_After"] = str(seconds)
        self._send(_json_answer(429, {"error": "Too many requests"}), **headers)

    def _error(self, fault: Fault, answer: Answer) -> None:
        # The site's 400 is about the date.
        self._send(_json_answer(fault.status, {"error": "Invalid date" if fault.status == 400 else "Injected"}))

    def _bad_limit(self, fault: Fault, answer: Answer) -> None:
        text = f"Too big: expected number to be <={fault.entries}, at limit" if fault.entries else "Unknown key: limit"
        self._send(_json_answer(400, {"error": text}))

    def _slow(self, fault: Fault, answer: Answer) -> None:
        if not self.site.stopping.wait(5 if fault.seconds is None else fault.seconds):
            self._send(answer)

    def _drip(self, fault: Fault, answer: Answer) -> None:
        self.close_connection = True
        self._head(answer.status, answer.content_type, Content_Length=str(len(answer.body)))
        for index in range(len(answer.body)):
            self.wfile.write(answer.body[index : index + 1])
            if self.site.stopping.wait(0.2 if fault.seconds is None else fault.seconds):
                return

    def _cut(self, fault: Fault, answer: Answer) -> None:
        self.close_connection = True
        self._head(answer.status, answer.content_type, Content_Length=str(len(answer.body)))
        self.wfile.write(answer.body[: len(answer.body) // 2])

    def _wrong_shape(self, fault: Fault, answer: Answer) -> None:
        content_type = _HTML if fault.shape == "html_error" else _JSON
        self._send(Answer(200, content_type, WRONG_SHAPES[fault.shape]))

    def _no_props(self, fault: Fault, answer: Answer) -> None:
        is_page = answer.content_type == _HTML
        self._send(Answer(200, _HTML, _WITHOUT_PROPS) if is_page else answer)

    def _oversized(self, fault: Fault, answer: Answer) -> None:
        self.close_connection = True
        self._head(200, _JSON, Connection="close")
        for size in _blocks(fault.size):
            self.wfile.write(b" " * size)

    def _gzip_bomb(self, fault: Fault, answer: Answer) -> None:
        self.close_connection = True
        packer = zlib.compressobj(9, wbits=31)
        packed = b"".join(packer.compress(b" " * size) for size in _blocks(fault.size)) + packer.flush()
        self._head(200, _JSON, Content_Encoding="gzip", Content_Length=str(len(packed)))
        self.wfile.write(packed)

    def _foreign_redirect(self, fault: Fault, answer: Answer) -> None:
        self._head(302, _JSON, Location=fault.location, Content_Length="0")

    def _unreachable(self, fault: Fault, answer: Answer) -> None:
        self.close_connection = True


_FAULTS: dict[str, Callable[[_Handler, Fault, Answer], None]] = {
    "rate_limit": _Handler._rate_limit,
    "error": _Handler._error,
    "slow": _Handler._slow,
    "drip": _Handler._drip,
    "cut": _Handler._cut,
    "wrong_shape": _Handler._wrong_shape,
    "oversized": _Handler._oversized,
    "gzip_bomb": _Handler._gzip_bomb,
    "foreign_redirect": _Handler._foreign_redirect,
    "unreachable": _Handler._unreachable,
    "bad_limit": _Handler._bad_limit,
    "no_props": _Handler._no_props,
}


#: The page of a site that renders its list in another way.
_WITHOUT_PROPS = b'<!doctype html><html><body><div data-target="DailyPapers"></div></body></html>'


def _route_of(path: str, query: dict[str, str]) -> Route | None:
    """The route of a request; None for an address that the site does not have."""
    if path == _API:
        return "trending" if query.get("sort") == "trending" else "api"
    if path == _TRENDING_PAGE:
        return "trending"
    if path.startswith(_PAPER):
        return "paper"
    return "page" if path == "/papers" or path.startswith("/papers/date/") else None


def _totals(paper_id: str, first_date: date, now: datetime | None) -> dict[str, int]:
    """Invented totals at a moment (None: 30 days after the first listing), which never fall."""
    days = 30 if now is None else max((now.date() - first_date).days, 0)
    seed = sum(paper_id.encode())
    return {"Models": days * (seed % 5) // 2, "Datasets": days * (seed % 3) // 8, "Spaces": days * (seed % 4) // 5}


def _blocks(size: int) -> Iterable[int]:
    whole, rest = divmod(size, _BLOCK)
    return [_BLOCK] * whole + ([rest] if rest else [])


def _html_answer(props: dict[str, Any]) -> Answer:
    data = html.escape(json.dumps(props, ensure_ascii=False))
    page = (
        "<!doctype html><html><body>"
        f'<div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{data}"></div>'
        "</body></html>"
    )
    return Answer(200, _HTML, page.encode("utf-8", "replace"))


def _page_answer(records: Sequence[Any], limit: int, page: int) -> Answer:
    answer = _json_answer(200, records[page * limit : (page + 1) * limit])
    if (page + 1) * limit < len(records):
        return answer._replace(link="next")
    return answer._replace(link="last") if len(records) % limit else answer


def _json_answer(status: int, value: object) -> Answer:
    return Answer(status, _JSON, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _number(record: Any, name: str) -> int:
    paper = record.get("paper") if isinstance(record, dict) else None
    number = paper.get(name) if isinstance(paper, dict) else None
    return number if isinstance(number, int) else 0


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _whole(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    return int(text) if text.isdecimal() and len(text) < 10 else None
