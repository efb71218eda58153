"""Politeness, retries and limits of the HTTP client, against the replay server and scripted clocks."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sources.errors import BudgetError, PermanentError, SourceError, TransientError
from sources.faults import Fault, FaultKind
from sources.http import HttpClient, HttpLimits, RequestBudget, rate_limit_reset, retry_after
from sources.replay import ReplayServer

URL = "/api/daily_papers?date=2025-04-02"


@pytest.fixture
def site(tmp_path: Path, make_entry: Callable[..., dict[str, Any]]) -> Iterator[ReplayServer]:
    (tmp_path / "2025-04-02.json").write_text(json.dumps([make_entry()]))
    with ReplayServer(tmp_path) as server:
        yield server


class Clock:
    """Monotonic seconds that only pass while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def client(self, **limits: Any) -> HttpClient:
        return HttpClient(limits=HttpLimits(**limits), clock=self, sleep=self.sleep, uniform=lambda low, high: high)


@contextmanager
def _scripted(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_response_is_complete_and_has_its_headers(site: ReplayServer, fast_http: HttpClient) -> None:
    response = fast_http.get(site.url + "/api/daily_papers", {"date": "2025-04-02", "limit": 100})
    assert response.status == 200
    assert json.loads(response.body)[0]["paper"]["id"] == "2501.00001"
    assert response.url.endswith("?date=2025-04-02&limit=100")
    assert "application/json" in response.headers["content-type"]


def test_requests_are_spaced_by_the_minimum_interval(site: ReplayServer) -> None:
    clock = Clock()
    http = clock.client(min_interval=2.5)
    http.get(site.url + URL)
    clock.time += 1
    http.get(site.url + URL)
    assert clock.slept == [1.5]


@pytest.mark.parametrize("kind", ["error", "cut", "unreachable", "rate_limit"])
def test_transient_errors_are_retried(site: ReplayServer, kind: FaultKind) -> None:
    clock = Clock()
    site.faults = [Fault(kind, times=2, seconds=1)]
    assert clock.client().get(site.url + URL).status == 200
    assert len(site.requests) == 3


def test_attempts_are_bounded_and_the_pause_doubles(site: ReplayServer) -> None:
    clock = Clock()
    site.faults = [Fault("error", status=503)]
    with pytest.raises(TransientError) as caught:
        clock.client(min_interval=0, backoff=1, max_backoff=3, attempts=4).get(site.url + URL)
    assert caught.value.status == 503
    assert len(site.requests) == 4
    assert clock.slept == [1, 2, 3]


@pytest.mark.parametrize("header", ["ratelimit", "retry-after", "both"])
def test_the_wait_that_the_server_requests_is_observed(site: ReplayServer, header: Any) -> None:
    clock = Clock()
    site.faults = [Fault("rate_limit", times=1, seconds=37, header=header)]
    clock.client(backoff=0).get(site.url + URL)
    assert sum(clock.slept) == pytest.approx(37, abs=1)


def test_a_used_up_limit_delays_the_next_request_even_after_a_good_answer(site: ReplayServer) -> None:
    clock = Clock()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("RateLimit", '"api";r=0;t=12')
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with _scripted(answer) as url:
        http = clock.client()
        http.get(url)
        http.get(url)
    assert clock.slept == [12]


def test_a_longer_wait_than_allowed_is_an_error_and_not_a_wait(site: ReplayServer) -> None:
    clock = Clock()
    site.faults = [Fault("rate_limit", seconds=4000, header="retry-after")]
    with pytest.raises(TransientError) as caught:
        clock.client().get(site.url + URL)
    assert caught.value.retry_after == 4000
    assert clock.slept == []
    assert len(site.requests) == 1


def test_permanent_errors_are_not_retried(site: ReplayServer, fast_http: HttpClient) -> None:
    with pytest.raises(PermanentError) as caught:
        fast_http.get(site.url + "/no/such/path")
    assert caught.value.status == 404
    assert len(site.requests) == 1


@pytest.mark.parametrize("kind", ["oversized", "gzip_bomb"])
def test_a_body_over_the_size_limit_is_refused_without_a_retry(
    site: ReplayServer, fast_http: HttpClient, kind: FaultKind
) -> None:
    site.faults = [Fault(kind, size=3 * 2**20)]
    with pytest.raises(PermanentError, match="more than 1048576 bytes"):
        fast_http.get(site.url + URL)
    assert len(site.requests) == 1


@pytest.mark.parametrize(("kind", "seconds"), [("drip", 0.05), ("slow", 30)])
def test_a_slow_response_ends_at_a_time_limit(
    site: ReplayServer, fast_http: HttpClient, kind: FaultKind, seconds: float
) -> None:
    started = datetime.now(UTC)
    site.faults = [Fault(kind, seconds=seconds)]
    http = HttpClient(limits=HttpLimits(deadline=0.5, attempts=1, read_timeout=20))
    with pytest.raises(TransientError, match=r"not complete after 0\.5 s"):
        http.get(site.url + URL)
    assert (datetime.now(UTC) - started).total_seconds() < 3


@contextmanager
def _scripted_drip() -> Iterator[tuple[str, Callable[[BaseHTTPRequestHandler], None]]]:
    """A server whose headers never end, one every 0.05 s until the block is left; also its handler."""
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.05):
            try:
                handler.wfile.write(b"X-Slow: 1\r\n")
            except OSError:
                return

    with _scripted(drip) as url:
        try:
            yield url, drip
        finally:
            stop.set()


def test_headers_that_drip_end_at_the_deadline() -> None:
    with _scripted_drip() as (url, _):
        started = time.monotonic()
        with pytest.raises(TransientError, match="not complete after"):
            HttpClient(limits=HttpLimits(deadline=0.5, attempts=1, read_timeout=20)).get(url)
        assert time.monotonic() - started < 3


def test_a_response_that_ends_within_its_headers_is_a_transient_error() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Begun: 1\r\n")

    with _scripted(answer) as url, pytest.raises(TransientError, match="cut off"):
        HttpClient(limits=HttpLimits(attempts=1)).get(url)


def test_a_redirect_to_another_host_is_not_followed(site: ReplayServer, fast_http: HttpClient) -> None:
    site.faults = [Fault("foreign_redirect")]
    with pytest.raises(PermanentError, match=r"elsewhere\.invalid"):
        fast_http.get(site.url + URL)
    site.faults = [Fault("foreign_redirect", location=f"http://127.0.0.1:{site.port + 1}/")]
    with pytest.raises(PermanentError, match="another host"):
        fast_http.get(site.url + URL)


def test_redirects_on_the_same_host_are_followed_up_to_a_bound(site: ReplayServer, fast_http: HttpClient) -> None:
    site.faults = [Fault("foreign_redirect", times=3, location=URL)]
    assert fast_http.get(site.url + URL).status == 200
    site.faults = [Fault("foreign_redirect", location=URL)]
    with pytest.raises(PermanentError, match="3 redirects"):
        fast_http.get(site.url + URL)


def test_the_token_is_sent_to_its_endpoint_only_and_is_in_no_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    received: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        received.append(handler.headers.get("Authorization"))
        handler.send_response(500)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with _scripted(answer) as home, _scripted(answer) as foreign:
        http = HttpClient(
            limits=HttpLimits(attempts=1, min_interval=0), token="secret-token", token_endpoint=home + "/x"
        )
        shown = [repr(http), str(vars(http))]
        for url in (home, foreign):
            with pytest.raises(TransientError) as caught:
                http.get(url)
            shown += [str(caught.value), repr(caught.value), repr(vars(caught.value))]
    with pytest.raises(TransientError) as caught:  # nobody listens there any more
        http.get(home)
    shown += [str(caught.value), repr(vars(caught.value))]
    assert received == ["Bearer secret-token", None]
    assert "secret-token" not in "".join(shown) + caplog.text


@pytest.mark.parametrize("status", [200, 302, 404])
def test_an_impossible_content_length_is_a_typed_error(status: int) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "9" * 30)
        handler.end_headers()

    with _scripted(answer) as home, pytest.raises(SourceError):
        HttpClient(limits=HttpLimits(attempts=1, min_interval=0)).get(home)


def test_requests_have_the_user_agent() -> None:
    agents: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        agents.append(handler.headers["User-Agent"])
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with _scripted(answer) as url:
        HttpClient().get(url)
        HttpClient(user_agent="someone/1 (+mailto:me@example.org)").get(url)
    assert agents[0].startswith("daily-papers-warehouse/")
    assert "+https://" in agents[0]
    assert agents[1] == "someone/1 (+mailto:me@example.org)"


def test_an_unrequested_encoding_and_a_truncated_gzip_are_errors() -> None:
    encodings = iter([("br", PermanentError), ("gzip", TransientError)])

    for encoding, error in encodings:

        def answer(handler: BaseHTTPRequestHandler, encoding: str = encoding) -> None:
            handler.send_response(200)
            handler.send_header("Content-Encoding", encoding)
            handler.send_header("Content-Length", "10")
            handler.end_headers()
            handler.wfile.write(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")

        with _scripted(answer) as url, pytest.raises(error):
            HttpClient(limits=HttpLimits(attempts=1)).get(url)


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/x", "http://", "http://[::1"])
def test_an_invalid_address_is_a_permanent_error(url: str) -> None:
    with pytest.raises(PermanentError):
        HttpClient().get(url)


def test_a_refused_connection_names_no_password() -> None:
    with pytest.raises(TransientError) as caught:
        HttpClient(limits=HttpLimits(attempts=1)).get("http://user:hush@127.0.0.1:9/")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Thu, 02 Jan 2025 00:01:00 GMT"}, 60),
        ({"Retry-After": "Wed, 01 Jan 2025 00:00:00 GMT"}, 0),
        ({"Retry-After": "soon", "RateLimit": '"api";r=0;t=9'}, 9),
        ({"RateLimit": '"api";r=3;t=9'}, None),
        ({}, None),
    ],
)
def test_waits_are_read_from_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, datetime(2025, 1, 2, tzinfo=UTC)) == seconds


def test_an_incomplete_rate_limit_header_requests_no_wait() -> None:
    assert rate_limit_reset({"RateLimit": "garbage;;r=;t"}) is None
    assert rate_limit_reset({"RateLimit": '"a";r=5;t=1, "b"; r=0; t=4'}) == 4


def test_retries_and_long_waits_are_logged_without_the_token(
    site: ReplayServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sources")
    site.faults[:] = [Fault("rate_limit", seconds=37, times=1), Fault("error", status=503, times=1)]
    clock = Clock()
    http = HttpClient(
        limits=HttpLimits(min_interval=0),
        clock=clock,
        sleep=clock.sleep,
        uniform=lambda low, high: 0.0,
        token="hf_secret",
        token_endpoint=site.url,
    )
    http.get(site.url + URL)
    found = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "sources.http"]
    assert [level for level, _ in found] == ["INFO", "DEBUG"]
    assert "429" in found[0][1] and "37 s" in found[0][1] and "503" in found[1][1]
    assert "hf_secret" not in caplog.text


def test_the_budget_counts_retries_and_is_never_exceeded(site: ReplayServer) -> None:
    site.faults[:] = [Fault("error", status=503, times=1)]
    budget = RequestBudget(3)
    http = HttpClient(limits=HttpLimits(min_interval=0), sleep=lambda _: None, budget=budget)
    http.get(site.url + URL)
    assert (budget.spent, budget.remaining) == (2, 1)
    http.get(site.url + URL)
    with pytest.raises(BudgetError, match="The 3 requests"):
        http.get(site.url + URL)
    assert len(site.requests) == budget.spent == 3
    with http.without_budget():
        http.get(site.url + URL)
    assert (budget.spent, http.budget) == (3, budget)


def test_the_budget_ends_the_retries_of_a_request(site: ReplayServer) -> None:
    site.faults[:] = [Fault("error", status=503)]
    http = HttpClient(limits=HttpLimits(min_interval=0), sleep=lambda _: None, budget=RequestBudget(2))
    with pytest.raises(BudgetError):
        http.get(site.url + URL)
    assert len(site.requests) == 2


def test_a_long_wait_for_a_response_is_logged_once(
    site: ReplayServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.http._NOTABLE_WAIT", 0.1)
    caplog.set_level(logging.INFO, "sources")
    site.faults[:] = [Fault("slow", seconds=0.5)]
    with HttpClient(limits=HttpLimits(min_interval=0)) as http:
        http.get(site.url + URL)
    assert [record.getMessage()[:30] for record in caplog.records] == ["No complete answer yet from ht"]


def test_the_text_of_a_refusal_is_one_line(site: ReplayServer, fast_http: HttpClient) -> None:
    with pytest.raises(PermanentError) as caught:
        fast_http.get(site.url + URL + "&limit=101")
    assert caught.value.answer and "<=100" in caught.value.answer and "\n" not in caught.value.answer


def _answering(status: int, body: bytes = b"[]", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_the_text_of_a_refusal_has_no_control_characters() -> None:
    body = b"\x1b[2J\x07Too\r\n\tbig\xff"
    with _scripted(_answering(400, body)) as url, pytest.raises(PermanentError) as caught:
        HttpClient().get(url)
    assert caught.value.answer == "[2J Too big\ufffd"


def test_every_member_of_a_gzip_body_is_read_and_a_damaged_one_is_an_error() -> None:
    whole = gzip.compress(b"[1, ") + gzip.compress(b"2, ") + gzip.compress(b"3]")
    with _scripted(_answering(200, whole, Content_Encoding="gzip")) as url:
        assert HttpClient().get(url).body == b"[1, 2, 3]"
    damaged = bytearray(gzip.compress(bytes(range(256)) * 40))
    damaged[40:60] = bytes(20)
    for body in (bytes(damaged), gzip.compress(b"[1, ") + b"no gzip"):
        with (
            _scripted(_answering(200, body, Content_Encoding="gzip")) as url,
            pytest.raises(TransientError, match="damaged"),
        ):
            HttpClient(limits=HttpLimits(attempts=1)).get(url)


@pytest.mark.parametrize("token", ["hf_a\nX-Evil: 1", "hf_a b", "hf_é☃", "hf_a\x00"])
def test_a_token_that_cannot_be_sent_is_omitted_with_a_note(token: str) -> None:
    received: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        received.append(handler.headers.get("Authorization"))
        _answering(200)(handler)

    with _scripted(answer) as url:
        http = HttpClient(token=token, token_endpoint=url)
        assert http.get(url).status == 200
        HttpClient(token="hf_good\n", token_endpoint=url).get(url)
    assert received == [None, "Bearer hf_good"], "a line break at the end is how a file ends"
    assert len(http.notes) == 1 and "HF_TOKEN" in http.notes[0] and "hf_a" not in http.notes[0]


def test_a_refused_token_is_omitted_with_a_note() -> None:
    received: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        received.append(handler.headers.get("Authorization"))
        _answering(401 if received[-1] else 200)(handler)

    with _scripted(answer) as url:
        http = HttpClient(limits=HttpLimits(min_interval=0), token="hf_old", token_endpoint=url)
        assert http.get(url).status == http.get(url).status == 200
    assert received == ["Bearer hf_old", None, None]
    assert len(http.notes) == 1 and "401" in http.notes[0] and "hf_old" not in http.notes[0]
    with _scripted(_answering(401)) as url, pytest.raises(PermanentError, match="401"):
        HttpClient(limits=HttpLimits(min_interval=0), token="hf_old", token_endpoint=url).get(url)


@pytest.fixture
def no_proxy_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


@pytest.mark.usefixtures("no_proxy_variables")
@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("ALL_PROXY", "socks5://me:secret@127.0.0.1:1", "ALL_PROXY (socks5://127.0.0.1:1) is a SOCKS proxy"),
        ("HTTPS_PROXY", "socks5h://127.0.0.1:1", "is a SOCKS proxy"),
        ("HTTPS_PROXY", " ", "HTTPS_PROXY ( ) is not the address of a proxy"),
        ("https_proxy", "http://", "https_proxy (http://) is not the address of a proxy"),
        ("HTTPS_PROXY", "http://me:secret@host:port", "HTTPS_PROXY (http://host:port) is not the address"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:1", "is not the address of a proxy"),
    ],
)
def test_the_error_names_a_proxy_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(PermanentError) as caught:
        HttpClient(limits=HttpLimits(min_interval=0)).get("https://site.invalid/api")
    assert says in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.usefixtures("no_proxy_variables")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_error_names_a_proxy_that_requires_a_login(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with _scripted(_answering(407)) as url:
        monkeypatch.setenv(f"{scheme}_proxy", url.replace("//", "//me:secret@"))
        monkeypatch.setattr(BaseHTTPRequestHandler, "do_CONNECT", _answering(407), raising=False)
        with pytest.raises(PermanentError, match="asks for a login") as caught:
            HttpClient(limits=HttpLimits(min_interval=0)).get(f"{scheme}://site.invalid/api")
    assert "secret" not in str(caught.value) and url.removeprefix("http://") in str(caught.value)


@pytest.mark.usefixtures("no_proxy_variables")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_drips_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with _scripted_drip() as (url, drip):
        monkeypatch.setattr(BaseHTTPRequestHandler, "do_CONNECT", drip, raising=False)
        monkeypatch.setenv(f"{scheme}_proxy", url)
        started = time.monotonic()
        with pytest.raises(TransientError):
            HttpClient(limits=HttpLimits(deadline=0.5, attempts=1)).get(f"{scheme}://site.invalid/api")
        assert time.monotonic() - started < 3


@pytest.mark.usefixtures("no_proxy_variables")
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_the_error_names_a_missing_file_of_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with _scripted(_answering(200)) as url, pytest.raises(PermanentError) as caught:
        HttpClient(limits=HttpLimits(min_interval=0)).get(url.replace("http", "https"))
    assert f"REQUESTS_CA_BUNDLE names {bundle}" in str(caught.value)


def test_the_time_limit_of_a_block_includes_retries_and_waits(site: ReplayServer) -> None:
    clock = Clock()
    http = clock.client(min_interval=0)
    with http.within(100):
        site.faults = [Fault("rate_limit", seconds=37)]
        with pytest.raises(TransientError, match="429"):
            http.get(site.url + URL)
        assert sum(clock.slept) <= 100
        clock.time += 100
        site.faults = []
        with pytest.raises(TransientError, match="time for this fetch is over"):
            http.get(site.url + URL)
    clock.time += 100
    assert http.get(site.url + URL).status == 200
