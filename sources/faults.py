"""The faults that the replay server injects.

Belongs here: what a fault is and how it is written on the command line. Does not belong here: how it is
served (``replay/server.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Literal, get_args

FaultKind = Literal[
    "rate_limit",
    "error",
    "slow",
    "drip",
    "cut",
    "wrong_shape",
    "oversized",
    "gzip_bomb",
    "foreign_redirect",
    "other_date",
    "unreachable",
    "short_page",
    "page_cap",
    "shift",
    "bad_limit",
    "trending",
    "ignores_sort",
    "no_props",
    "no_totals",
]
#: Faults that change the content of an answer. Several of them may apply to one request; of the others, one does.
LISTING_FAULTS = ("short_page", "page_cap", "shift", "trending", "other_date", "ignores_sort", "no_totals")
#: The API's listings, the daily pages, the trending list (of the API and its page), the details of a paper.
Route = Literal["api", "page", "trending", "paper"]

#: Bodies of 200 answers that are no listing, by the name used in ``Fault.shape``.
WRONG_SHAPES: dict[str, bytes] = {
    "bare_one": b"1",
    "status": b'{"status": "success", "count": 1, "data": []}',
    "strings": b"[\"{'paper': {'id': '2501.00001', 'title': 'Printed, not encoded'}}\"]",
    "pubmed": (
        b'[{"paper": {"id": "39000001", "title": "A ward round", "authors": [{"name": "I. N. Vented"}], '
        b'"publishedAt": "2025-01-01T00:00:00.000Z", "upvotes": 0}, '
        b'"title": "A ward round", "numComments": 0}]'
    ),
    "html_error": b"<!doctype html><html><body><h1>Something went wrong</h1></body></html>",
}
_WRITTEN = re.compile(r"(?P<kind>\w+)(?:=(?P<value>[\w.-]+))?(?:@(?P<route>\w+))?(?::(?P<times>\d+))?")


@dataclass
class Fault:
    """One fault. It applies to requests of ``route`` (None: all) for ``listing_date`` (None: any).

    ``times`` is how often it applies (None: always). ``seconds`` is the delay of ``slow``, the pause between
    bytes of ``drip`` and the wait that ``rate_limit`` requests, in the header that ``header`` names.
    ``size`` is the decoded size in bytes of ``oversized`` and ``gzip_bomb``. ``entries`` is how many a page holds
    (``short_page``, with a ``Link`` to the next; ``page_cap``, without one) or the largest limit (``bad_limit``).
    """

    kind: FaultKind
    times: int | None = None
    route: Route | None = None
    listing_date: date | None = None
    seconds: float | None = None
    status: int = 500
    shape: str = "bare_one"
    size: int = 65 * 2**20
    entries: int = 50
    header: Literal["ratelimit", "retry-after", "both", "none"] = "both"
    location: str = "https://elsewhere.invalid/"
    _struck: int = field(default=0, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"{self.kind!r} is no fault; known: {', '.join(get_args(FaultKind))}.")
        if self.shape not in WRONG_SHAPES:
            raise ValueError(f"{self.shape!r} is no wrong shape; known: {', '.join(WRONG_SHAPES)}.")
        if self.route not in (None, *get_args(Route)):
            raise ValueError(f"{self.route!r} is no route; known: {', '.join(get_args(Route))}.")

    def strikes(self, route: str, listing_date: date | None, page: int = 0, limit: int | None = None) -> bool:
        """Whether the fault applies to this request; counts it if so. ``shift`` never applies to the first page."""
        if (self.kind == "shift" and not page) or (
            self.kind == "bad_limit" and (limit is None or limit <= self.entries)
        ):
            return False
        if self.route not in (None, route) or self.listing_date not in (None, listing_date):
            return False
        with self._lock:
            if self.times is not None and self._struck >= self.times:
                return False
            self._struck += 1
            return True


def read_fault(text: str) -> Fault:
    """A fault written as ``KIND[=VALUE][@ROUTE][:TIMES]``, like ``wrong_shape=strings@api:2`` or ``slow=3``.

    VALUE is the shape of wrong_shape, the status of error, the seconds of slow, drip and rate_limit, the
    bytes of oversized and gzip_bomb, or the entries of short_page, page_cap and bad_limit. Raises ``ValueError``.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no fault; expected KIND[=VALUE][@ROUTE][:TIMES].")
    fault = Fault(
        kind=match["kind"],  # type: ignore[arg-type]  # checked by the class
        times=int(match["times"]) if match["times"] else None,
        route=match["route"],  # type: ignore[arg-type]  # checked by the class
        shape=match["value"] if match["kind"] == "wrong_shape" and match["value"] else "bare_one",
    )
    if match["value"] and fault.kind == "error":
        fault.status = int(match["value"])
    elif match["value"] and fault.kind in ("slow", "drip", "rate_limit"):
        fault.seconds = float(match["value"])
    elif match["value"] and fault.kind in ("oversized", "gzip_bomb"):
        fault.size = int(match["value"])
    elif match["value"] and fault.kind in ("short_page", "page_cap", "bad_limit"):
        fault.entries = int(match["value"])
    elif match["value"] and fault.kind != "wrong_shape":
        raise ValueError(f"The fault {fault.kind} has no value.")
    return fault
