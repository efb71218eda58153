"""Hostile servers: whatever answers, the client ends in time with an error of its own, and lands nothing half."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from gate_pieces import Warehouse
from test_faults import LIMITS, site, test_a_fault_has_the_outcome_in_the_table  # noqa: F401

from sources.daily_papers.client import DailyPapersClient
from sources.http import HttpClient
from tests.slow.attack.seeds import chance, is_over
from warehouse.landing.fetching import fetch_listings

ANSWERS = 60
DAY = date(2026, 9, 9)
_STATUS = ("200 OK", "204 No", "206 Partial", "301 Moved", "302 Found", "307 T", "401 U", "404 N", "429 T", "500 E")
_ODD = ("", "abc", "-1", "0", "99999999999999999999", "\x00", "é", "a\tb", "=?utf-8?q?=0D=0A?=")


def answer(random: random.Random) -> bytes:
    """An answer as no sound server gives it."""
    if random.random() < 0.1:
        return random.randbytes(random.randrange(300))
    headers = [
        ("Content-Length", random.choice([*_ODD, "5", "500"])),
        ("Transfer-Encoding", random.choice(["chunked", "gzip, chunked", *_ODD])),
        ("Content-Encoding", random.choice(["gzip", "br", "zstd", "deflate", "gzip, gzip", *_ODD])),
        ("Content-Type", random.choice(["application/json", "text/html; charset=utf-7", *_ODD])),
        ("Location", random.choice(["/", "//elsewhere.invalid/", "file:///etc/passwd", "http://[", *_ODD])),
        ("Retry-After", random.choice(["0", "Wed, 99 Foo 2026 00:00:00 GMT", *_ODD])),
        (
            "Link",
            random.choice(["<>; rel=next", "</api?p=2>; rel=next", "<http://elsewhere.invalid/>; rel=next", *_ODD]),
        ),
        ("RateLimit", random.choice(['"api";r=0;t=0', *_ODD])),
        ("Set-Cookie", "a=b"),
    ]
    chosen = random.sample(headers, random.randrange(len(headers)))
    body = random.choice(
        [
            b"",
            b"[]",
            b"[1]",
            b"{}",
            b"null",
            b"5\r\n[]   \r\n0\r\n\r\n",
            b"ffffffff\r\n[]",
            random.randbytes(200),
            b"[" * 9000,
        ]
    )
    status = random.choice([*_STATUS, "200", "999 X", "abc", "200 =?utf-8?q?=0D=0ABcc:_a?="])
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in chosen)
    return head.encode("latin-1", "replace") + b"\r\n" + body


@contextmanager
def hostile_server(random: random.Random) -> Iterator[str]:
    """A server that gives one odd answer to every request and closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    answers = answer(random)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(65536)
                    connection.sendall(answers)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_odd_answers_end_in_a_reason_or_a_load_with_a_verdict(tmp_path: Path, tried: Any) -> None:
    random, done = chance("servers"), 0
    home = Warehouse.at(tmp_path / "home")
    while done < ANSWERS and not is_over():
        with hostile_server(random) as url, HttpClient(limits=LIMITS) as http:
            report = fetch_listings(home.landing, DailyPapersClient(url, http), [DAY])
        assert set(report.failures) | set(report.landed) == {DAY}
        assert all(why and "Traceback" not in why for why in report.failures.values())
        done += 1
    landed = list(home.landing.captures())
    home.load("a run")
    assert home.rows("select count(*) from raw.loads") == [(len({capture.load_id for capture in landed}),)]
    tried(done)
