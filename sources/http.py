"""HTTP GET with limits: one complete response per call, bounded in time and size, or a typed error.

Belongs here: time-outs, pacing, retries of requests to the source, redirects, size limits, the token. Does not belong
here: the meaning of a response.

A response is read in a daemon thread, and the caller waits for it no longer than the deadline. The time-outs of
requests and urllib3 are per read of the socket, so each byte restarts them, and http.client reads all headers (and a
proxy's response to CONNECT) in one call: no public option bounds the whole response. An abandoned thread ends at its
next chunk, at the read time-out, after the 100 headers that http.client reads, or with the process.
"""

from __future__ import annotations

import http.client
import logging
import math
import os
import random
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import urllib3
from requests.auth import AuthBase

from sources.errors import BudgetError, PermanentError, SourceError, TransientError

USER_AGENT = "daily-papers-warehouse/0.1 (+https://github.com/daily-papers-warehouse)"
_KEPT_HEADERS = (
    "content-type",
    "date",
    "etag",
    "last-modified",
    "link",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CHUNK = 64 * 1024
#: Bytes of an error's body that are read, for the reason of a refusal.
_MAX_ERROR_BYTES = 4096
#: A wait of more seconds than this is logged, so that it is not taken for a hang.
_NOTABLE_WAIT = 5.0

#: A bearer token (RFC 6750) has no line break, no blank, no character outside ASCII.
_SENDABLE = re.compile(r"[!-~]+")
_TUNNEL_407 = re.compile(r"Tunnel connection failed: 407\b")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Response:
    """A complete response. ``body`` is decoded from its transfer and content encoding, else as received."""

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpLimits:
    """Limits of a client. Times in seconds, sizes in bytes of the decoded body."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    #: For one response, from the first byte sent to the last received. Bounds a server that sends byte by byte.
    deadline: float = 120.0
    min_interval: float = 0.7
    attempts: int = 4
    backoff: float = 1.0
    max_backoff: float = 60.0
    #: The longest wait that a server may request; its rate limit windows are 300 s.
    max_wait: float = 330.0
    max_body: int = 64 * 2**20
    max_redirects: int = 3


class RequestBudget:
    """The HTTP requests that a run may send: each counts, pages, retries and redirects included.

    The steps of a run share one object, ``HttpClient.budget``.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    @property
    def remaining(self) -> int:
        """Requests that may still be sent."""
        return max(self.limit - self.spent, 0)

    def spend(self, requests: int = 1) -> None:
        """Count requests that are about to be sent. Raises ``BudgetError``, and counts none, if too few remain."""
        if requests > self.remaining:
            raise BudgetError(f"The {self.limit} requests of this run (PAPERS_MAX_REQUESTS) are spent.")
        self.spent += requests


class _Deadline:
    """The end of one request: ``seconds`` after its start by the client's clock, or when it is cancelled."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._stop_at = clock() + seconds
        self._is_cancelled = threading.Event()

    def cancel(self) -> None:
        """End the request at its next chunk: its caller waits no longer."""
        self._is_cancelled.set()

    def is_over(self) -> bool:
        return self._is_cancelled.is_set() or self._clock() > self._stop_at


class HttpClient:
    """GET requests to one or more hosts, one at a time.

    ``token`` is sent as a bearer token to the origin of ``token_endpoint`` and nowhere else; it is in no
    error, log or repr. One that can't be sent or that the server refuses (401) is left out, and ``notes`` says so.
    ``budget`` bounds the requests that are sent; None: no bound.
    ``clock`` (monotonic seconds), ``sleep`` and ``uniform`` can be replaced in tests.
    """

    def __init__(
        self,
        *,
        limits: HttpLimits | None = None,
        user_agent: str = USER_AGENT,
        token: str | None = None,
        token_endpoint: str | None = None,
        budget: RequestBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.limits = limits or HttpLimits()
        self.budget = budget
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform
        self._earliest = 0.0
        self._stop_at: float | None = None
        #: Sentences for the person who started the program, each once.
        self.notes: list[str] = []
        self._session = requests.Session()
        self._session.headers.update(
            {
                "User-Agent": user_agent,
                "Accept-Encoding": "gzip",
                "Accept": "application/json, text/html;q=0.9",
            }
        )
        token = token.strip() if token else None
        if token and not _SENDABLE.fullmatch(token):
            self._note("HF_TOKEN holds a line break or another sign that no token has: the source is asked without it.")
            token = None
        self._auth = _BearerAuth(token or None, origin_of(token_endpoint) if token_endpoint else None)
        self._session.auth = self._auth

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.limits!r})"

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()

    def _note(self, note: str) -> None:
        _log.debug(note)  # the run reports it
        if note not in self.notes:
            self.notes.append(note)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound all requests of a block, their retries and waits included; later ones raise ``TransientError``."""
        before = self._stop_at
        self._stop_at = self._clock() + seconds
        try:
            yield
        finally:
            self._stop_at = before

    @contextmanager
    def without_budget(self) -> Iterator[None]:
        """Send the requests of a block whether the budget has some or not, and without counting them."""
        budget, self.budget = self.budget, None
        try:
            yield
        finally:
            self.budget = budget

    def _seconds_left(self) -> float:
        return math.inf if self._stop_at is None else self._stop_at - self._clock()

    def get(self, url: str, params: Mapping[str, str | int] | None = None) -> Response:
        """The response to one GET, retried after transient errors.

        Raises ``TransientError`` after the last attempt or when the server asks for a longer wait than
        ``max_wait``, ``PermanentError`` at once, and ``BudgetError`` when a request may not be sent any more.
        """
        prepared = _with_params(url, params or {})
        for attempt in range(1, self.limits.attempts + 1):
            try:
                try:
                    return self._get_following(prepared)
                except PermanentError as error:
                    if error.status != 401 or not self._auth.applies_to(prepared):
                        raise
                self._auth.token = None
                self._note("The source refuses HF_TOKEN (401): it is asked without it. Renew the token or unset it.")
                return self._get_following(prepared)
            except TransientError as error:
                if attempt == self.limits.attempts:
                    raise
                self._wait_after(error, attempt, prepared)
        raise AssertionError("unreachable: attempts is at least 1")

    def _wait_after(self, error: TransientError, attempt: int, url: str) -> None:
        ceiling = min(self.limits.max_backoff, self.limits.backoff * 2 ** (attempt - 1))
        pause = self._uniform(0.0, ceiling)
        if error.retry_after is not None:
            if error.retry_after > self.limits.max_wait:
                raise error
            # The jitter spreads clients that were refused at the same time.
            pause += error.retry_after
        if pause > self._seconds_left():
            raise error
        _log.log(
            logging.INFO if pause > _NOTABLE_WAIT else logging.DEBUG,
            "%s Attempt %d of %d for %s follows in %.0f s.",
            error.message,
            attempt + 1,
            self.limits.attempts,
            public_url(url),
            pause,
        )
        self._sleep(pause)

    def _get_following(self, url: str) -> Response:
        origin = origin_of(url)
        for _ in range(self.limits.max_redirects + 1):
            self._pace(url)
            answer = self._get_once(url)
            if isinstance(answer, Response):
                return answer
            target = urljoin(url, answer)
            if origin_of(target) != origin:
                raise PermanentError(
                    f"The server redirects to another host, {origin_of(target)[1]}; not followed.",
                    url=public_url(url),
                )
            url = target
        raise PermanentError(f"More than {self.limits.max_redirects} redirects.", url=public_url(url))

    def _pace(self, url: str) -> None:
        """Count the next request and wait until it may be sent."""
        wait = self._earliest - self._clock()
        if self._seconds_left() <= max(wait, 0.0):
            raise TransientError("The time for this fetch is over.", url=public_url(url))
        if wait > self.limits.max_wait:
            raise TransientError(
                f"The rate limit is used up for another {wait:.0f} s.", url=public_url(url), retry_after=wait
            )
        if self.budget:
            self.budget.spend()
        if wait > _NOTABLE_WAIT:
            _log.info("The rate limit is used up: the next request goes out in %.0f s.", wait)
        if wait > 0:
            self._sleep(wait)
        self._earliest = self._clock() + self.limits.min_interval

    def _get_once(self, url: str) -> Response | str:
        """The response, or the address that it redirects to. Waits for either until the deadline."""
        deadline = _Deadline(min(self.limits.deadline, max(self._seconds_left(), 0.0)), self._clock)
        future: Future[Response | str] = Future()

        def request() -> None:
            try:
                future.set_result(self._request(url, deadline))
            except BaseException as error:  # raised again by the caller
                future.set_exception(error)

        # A pool would wait for its threads when the process ends; a daemon thread can be abandoned.
        threading.Thread(target=request, name="http-get", daemon=True).start()
        try:
            left_seconds = deadline.seconds
            if left_seconds > _NOTABLE_WAIT and not wait([future], _NOTABLE_WAIT).done:
                left_seconds -= _NOTABLE_WAIT
                _log.info("No complete answer yet from %s; waiting up to %.0f s.", public_url(url), deadline.seconds)
            return future.result(timeout=left_seconds)
        except TimeoutError:
            raise _too_slow(url, deadline.seconds) from None
        finally:
            deadline.cancel()

    def _request(self, url: str, deadline: _Deadline) -> Response | str:
        """Send one request and read its response. Raises ``SourceError`` only."""
        try:
            with self._session.get(
                url,
                stream=True,
                timeout=(self.limits.connect_timeout, self.limits.read_timeout),
                allow_redirects=False,
                proxies=_no_proxies(url),
            ) as answer:
                return self._read(answer, url, deadline)
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
            OverflowError,  # a Content-Length beyond what a read can be asked for
            zlib.error,
        ) as error:
            # Not chained: the exceptions of requests carry the request with its headers, token included.
            raise _typed(error, url) from None

    def _read(self, answer: requests.Response, url: str, deadline: _Deadline) -> Response | str:
        self._note_rate_limit(answer.headers)
        status = answer.status_code
        if status in (301, 302, 303, 307, 308) and "Location" in answer.headers:
            return answer.headers["Location"]
        if status == 408 or status == 429 or status >= 500:
            raise TransientError(
                f"The server answered {status} {_one_line(answer.reason or '')[:100]}".rstrip() + ".",
                url=public_url(url),
                status=status,
                retry_after=retry_after(answer.headers),
            )
        if status == 407:
            raise _login_required(url)
        if not 200 <= status < 300:
            body = self._error_body(answer, url, deadline)
            raise PermanentError(
                f"The server answered {status} {_one_line(answer.reason or '')[:100]}".rstrip() + ".",
                url=public_url(url),
                status=status,
                answer=_one_line(body.decode("utf-8", "replace")) or None,
                body=body,
            )
        body = b"".join(self._decoded(answer, url, deadline))
        if not body and status == 200 and answer.headers.get("Content-Length") != "0":
            raise TransientError("The answer was cut off before its body.", url=public_url(url), status=status)
        kept = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        return Response(public_url(url), status, body, kept)

    def _error_body(self, answer: requests.Response, url: str, deadline: _Deadline) -> bytes:
        """The first ``_MAX_ERROR_BYTES`` of an error's body, or as many as can be read."""
        body = b""
        try:
            for part in self._decoded(answer, url, deadline):
                body += part
                if len(body) >= _MAX_ERROR_BYTES:
                    break
        except (SourceError, urllib3.exceptions.HTTPError, OSError, ValueError, OverflowError, zlib.error):
            pass
        return body[:_MAX_ERROR_BYTES]

    def _decoded(self, answer: requests.Response, url: str, deadline: _Deadline) -> Iterator[bytes]:
        limit, size = self.limits.max_body, 0
        decoder = _decoder(answer.headers.get("Content-Encoding", ""), url)
        for chunk in self._raw_chunks(answer, url, deadline):
            while chunk:
                # Unpack at most one byte more than allowed.
                if decoder and decoder.eof:
                    # A gzip body may have several members.
                    decoder = _decoder("gzip", url)
                part = decoder.decompress(chunk, min(_CHUNK * 16, limit - size + 1)) if decoder else chunk
                chunk = (decoder.unconsumed_tail or decoder.unused_data) if decoder else b""
                size += len(part)
                if size > limit:
                    raise PermanentError(f"The answer has more than {limit} bytes.", url=public_url(url))
                yield part
        if decoder and not decoder.eof:
            raise TransientError("The compressed answer was cut off.", url=public_url(url))

    def _raw_chunks(self, answer: requests.Response, url: str, deadline: _Deadline) -> Iterator[bytes]:
        declared, received = answer.headers.get("Content-Length", ""), 0
        # read1 returns after one read of the socket; read would repeat it until the chunk is full.
        while chunk := answer.raw.read1(_CHUNK, decode_content=False):
            received += len(chunk)
            if deadline.is_over():
                raise _too_slow(url, deadline.seconds)
            yield chunk
        if declared.isdecimal() and received < int(declared):
            raise TransientError(f"The answer was cut off after {received} of {declared} bytes.", url=public_url(url))

    def _note_rate_limit(self, headers: Mapping[str, str]) -> None:
        reset = rate_limit_reset(headers)
        if reset is not None:
            self._earliest = max(self._earliest, self._clock() + reset)


def _one_line(text: str) -> str:
    """A remote text for a message: without line breaks and control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _with_params(url: str, params: Mapping[str, str | int]) -> str:
    try:
        return requests.Request("GET", url, params=dict(params)).prepare().url or url
    except (requests.RequestException, ValueError):
        raise _no_address(url) from None


def _typed(error: Exception, url: str) -> SourceError:
    """The error of this project for an error of requests, urllib3 or the standard library."""
    proxy = _proxy_of(url)
    bad_address = (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
    )
    if isinstance(error, bad_address):
        if proxy is None or isinstance(error, requests.exceptions.MissingSchema):
            return _no_address(url)
        if proxy.address.lower().startswith("socks"):
            message = (
                f"{proxy} is a SOCKS proxy, which is not supported: give the address of an HTTP proxy, or unset it."
            )
        else:
            message = f"{proxy} is not the address of a proxy: give one like http://proxy.example:3128, or unset it."
        return PermanentError(message, url=public_url(url))
    causes = list(_causes(error))
    if proxy and any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        # http.client raises a plain OSError for a refused CONNECT: its text alone has the status.
        if any(type(cause) is OSError and _TUNNEL_407.match(str(cause)) for cause in causes):
            return _login_required(url)
        return TransientError(f"{proxy} can't be used: {_describe(causes)}", url=public_url(url))
    if urlsplit(url).scheme == "https" and (unreadable := _certificates_problem()):
        return PermanentError(unreadable, url=public_url(url))
    return TransientError(_describe(causes), url=public_url(url))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and the errors that it was raised for: its cause, its reason (urllib3), its arguments."""
    pending, found = [error], set[int]()
    while pending:
        cause = pending.pop(0)
        if id(cause) in found:
            continue
        found.add(id(cause))
        yield cause
        others = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        pending += [other for other in others if isinstance(other, BaseException)]


def _certificates_problem() -> str | None:
    """Why the file of certificates can't be read, or None if it can. It is read only after an error."""
    name = next((name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)), None)
    path = os.environ[name] if name else requests.utils.DEFAULT_CA_BUNDLE_PATH
    try:
        if os.path.isdir(path):
            return None
        ssl.create_default_context(cafile=path)
    except OSError:  # ssl.SSLError is one
        which = f"{name} names {path}" if name else "The list of certificates is missing"
        return f"No certificates can be read: {which}. Give a file of certificates (PEM), or unset it."
    return None


def _login_required(url: str) -> PermanentError:
    return PermanentError(
        f"{_proxy_of(url) or 'A proxy'} asks for a login (407): put it into the proxy's address, "
        "like http://user:password@proxy.example:3128.",
        url=public_url(url),
        status=407,
    )


class _Proxy(NamedTuple):
    """A proxy of the environment: the variable that names it, and its address without user and password."""

    variable: str
    address: str

    def __str__(self) -> str:
        return f"{self.variable} ({self.address})"


def _proxy_of(url: str) -> _Proxy | None:
    """The proxy that the environment names for an address."""
    if _no_proxies(url) or requests.utils.should_bypass_proxies(url, None):
        return None
    for scheme in (urlsplit(url).scheme, "all"):
        for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
            if value := os.environ.get(name):
                head, separator, address = value.rpartition("@")
                kind = f"{head.partition('://')[0]}://" if separator and "://" in head else ""
                return _Proxy(name, f"{kind}{address}")
    return None


def _no_address(url: str) -> PermanentError:
    return PermanentError("This is not the address of a web server.", url=public_url(url))


def _decoder(encoding: str, url: str) -> Any:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(wbits=31)
        case other:
            raise PermanentError(f"The answer is encoded as {other[:40]!r}, unasked.", url=public_url(url))


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds the server asks to wait: ``Retry-After`` (seconds or date), else an exhausted ``RateLimit``."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value, re.ASCII):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return rate_limit_reset(headers)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def rate_limit_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the window resets if nothing remains of it (``RateLimit: "api";r=0;t=37``), else None."""
    for policy in headers.get("RateLimit", "").split(","):
        values = dict(re.findall(r";\s*([rt])\s*=\s*(\d{1,9})", policy, re.ASCII))
        if values.get("r") is not None and int(values["r"]) == 0 and "t" in values:
            return float(values["t"])
    return None


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what has to be equal to be the same server."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ("", "", None)
    return (
        parts.scheme,
        (parts.hostname or "").lower(),
        port or {"http": 80, "https": 443}.get(parts.scheme),
    )


def public_url(url: str) -> str:
    """The address without user and password, for errors and records."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable address)"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _no_proxies(url: str) -> dict[str, Any]:
    """A proxy of the environment can't reach our own loopback."""
    if urlsplit(url).hostname in _LOOPBACK:
        return {"http": None, "https": None, "all": None}
    return {}


def _too_slow(url: str, deadline: float) -> TransientError:
    return TransientError(f"The answer was not complete after {deadline:g} s.", url=public_url(url))


def _describe(causes: Sequence[BaseException]) -> str:
    """One sentence about an error, given with its causes."""
    for kinds, sentence in _SENTENCES:
        if any(isinstance(cause, kinds) for cause in causes):
            return sentence
    return f"The connection broke ({type(causes[0]).__name__})."


#: By class, the first one that fits.
_SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((zlib.error,), "The compressed answer is damaged."),
    (
        (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
        "The server did not answer in time.",
    ),
    ((urllib3.exceptions.NameResolutionError, socket.gaierror), "The server's name can't be resolved."),
    ((ConnectionRefusedError,), "The server refuses connections."),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError),
        "The secure connection could not be made.",
    ),
)


class _BearerAuth(AuthBase):
    """Adds the token for one origin. Being set at all also keeps requests from reading ~/.netrc."""

    def __init__(self, token: str | None, origin: tuple[str, str, int | None] | None) -> None:
        self.token = token
        self._origin = origin

    def __repr__(self) -> str:
        return "_BearerAuth(…)"

    def applies_to(self, url: str) -> bool:
        """Whether a request to this address carries the token."""
        return bool(self.token and self._origin and origin_of(url) == self._origin)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.applies_to(request.url or ""):
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request
