"""The ports of this machine answer their own pages and programs, and no page of another site."""

from __future__ import annotations

import asyncio
import http.client
import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from orchestration.compat import guarded_webserver
from orchestration.loopback import DataDocs, LoopbackGuard, folder_server, refusal

HERE = "127.0.0.1:3000"
#: Paths below a served folder that lead to no page of it.
HIDDEN = ("/run/", "/link.html", "/link/index.html", "/link/", "/linked%20page/", "/../secret/index.html")
MUTATION = "mutation { terminateRun(runId: 1) { __typename } }"


@pytest.mark.parametrize(
    ("method", "headers", "query"),
    [
        ("GET", {"host": [HERE]}, ""),
        ("POST", {"host": ["localhost:3000"]}, ""),
        ("GET", {"host": ["[::1]:3000"]}, ""),
        ("GET", {"host": ["LOCALHOST"]}, "query=" + quote("{ version }")),
        ("POST", {"host": [HERE], "origin": [f"http://{HERE}"], "sec-fetch-site": ["same-origin"]}, ""),
        ("WEBSOCKET", {"host": [HERE], "origin": [f"http://{HERE}"], "sec-fetch-mode": ["websocket"]}, ""),
        # A link on another page, or from Dagster's page to the Data Docs on the next port.
        (
            "GET",
            {
                **{"host": [HERE], "sec-fetch-site": ["cross-site"]},
                **{"sec-fetch-mode": ["navigate"], "sec-fetch-dest": ["document"]},
            },
            "",
        ),
    ],
)
def test_its_own_pages_and_programs_are_answered(method: str, headers: dict[str, list[str]], query: str) -> None:
    assert refusal(method, headers, query) is None


@pytest.mark.parametrize(
    ("method", "headers", "query"),
    [
        ("GET", {}, ""),
        ("GET", {"host": ["evil.example"]}, ""),
        ("GET", {"host": ["evil.example:3000"]}, ""),
        ("GET", {"host": ["127.0.0.1.evil.example"]}, ""),
        ("GET", {"host": ["localhost.evil.example:3000"]}, ""),
        ("GET", {"host": ["evil.example@127.0.0.1"]}, ""),
        ("GET", {"host": ["127.0.0.1:x"]}, ""),
        ("GET", {"host": ["192.168.0.7:3000"]}, ""),
        ("GET", {"host": ["127.0.0.1", "evil.example"]}, ""),
        ("GET", {"host": [""]}, ""),
        ("POST", {"host": [HERE], "origin": ["https://evil.example"]}, ""),
        ("POST", {"host": [HERE], "origin": ["null"]}, ""),
        ("POST", {"host": [HERE], "origin": ["http://127.0.0.1:8888"]}, ""),
        ("POST", {"host": [HERE], "origin": [f"http://{HERE}.evil.example"]}, ""),
        ("WEBSOCKET", {"host": [HERE], "origin": ["https://evil.example"]}, ""),
        ("WEBSOCKET", {"host": ["evil.example"], "origin": ["http://evil.example"]}, ""),
        ("GET", {"host": [HERE], "sec-fetch-site": ["cross-site"], "sec-fetch-mode": ["no-cors"]}, ""),
        ("POST", {"host": [HERE], "sec-fetch-site": ["cross-site"], "sec-fetch-mode": ["navigate"]}, ""),
        (
            "GET",
            {
                **{"host": [HERE], "sec-fetch-site": ["cross-site"]},
                **{"sec-fetch-mode": ["navigate"], "sec-fetch-dest": ["iframe"]},
            },
            "",
        ),
        ("GET", {"host": [HERE]}, "query=" + quote(MUTATION)),
        ("GET", {"host": [HERE]}, "query=" + quote("query Q { version } " + MUTATION) + "&operationName=M"),
        ("GET", {"host": [HERE]}, "query=%7Bversion%7D&query=" + quote(MUTATION)),
        ("GET", {"host": [HERE]}, "query=" + quote("# a comment\n,, " + MUTATION)),
        ("HEAD", {"host": [HERE]}, "query=" + quote("subscription { x }")),
    ],
)
def test_what_comes_from_elsewhere_is_refused(method: str, headers: dict[str, list[str]], query: str) -> None:
    assert refusal(method, headers, query)


def asked(kind: str, headers: list[tuple[bytes, bytes]], query: bytes = b"", method: str = "GET") -> list[Any]:
    """What a guarded application sends."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200} if kind == "http" else {"type": "websocket.accept"})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "headers": headers, "query_string": query, "path": "/graphql", "method": method}
    asyncio.run(LoopbackGuard(app)(scope, receive, send))
    return sent


def test_an_origin_that_is_no_address_is_refused() -> None:
    assert refusal("GET", {"host": ["localhost:3000"], "origin": ["http://["]})


def test_the_middleware_answers_403_and_closes_websockets_before_they_open() -> None:
    own, foreign = (b"Host", HERE.encode()), (b"host", b"evil.example")
    (answer,) = asked("http", [own])
    assert answer["status"] == 200 and (b"x-frame-options", b"SAMEORIGIN") in answer["headers"]
    assert asked("http", [foreign])[0]["status"] == 403
    assert asked("http", [own], b"query=" + quote(MUTATION).encode())[0]["status"] == 403
    assert asked("websocket", [own])[0]["type"] == "websocket.accept"
    assert asked("websocket", [own, (b"origin", b"https://evil.example")])[0]["type"] == "websocket.close"


# Contracts with Dagster: these fail first on an upgrade.


def test_every_application_of_the_web_server_is_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster_webserver.webserver import DagsterWebserver

    monkeypatch.setattr(DagsterWebserver, "build_middleware", DagsterWebserver.build_middleware)
    guarded_webserver.guard_webserver()
    first, second, *_ = DagsterWebserver.build_middleware(object.__new__(DagsterWebserver))
    assert (first.cls, second.cls) == (LoopbackGuard, DataDocs)
    assert "middleware=self.build_middleware()" in inspect.getsource(DagsterWebserver.create_asgi_app)


# Folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a page, a folder without one, and links that lead out of it."""
    folder, secret = tmp_path / "data_docs", tmp_path / "secret"
    for place in (folder / "run", folder / "linked page", secret):
        place.mkdir(parents=True)
    (secret / "index.html").write_text("secret")
    (folder / "index.html").write_text("the index")
    (folder / "run" / "batch.html").write_text("a gate")
    (folder / "link.html").symlink_to(secret / "index.html")
    (folder / "link").symlink_to(secret)
    (folder / "linked page" / "index.html").symlink_to(secret / "index.html")
    return folder


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """The port of a server of the folder."""
    with folder_server(folder, 0, {"Content-Security-Policy": "default-src 'none'"}) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    return answer.status, answer.read().decode()


def test_a_folder_is_served_without_lists_and_links(port: int) -> None:
    assert get(port, "/") == (200, "the index") and get(port, "/run/batch.html") == (200, "a gate")
    for path in HIDDEN:
        status, text = get(port, path)
        assert status == 404 and "secret" not in text and "batch" not in text, path


def test_the_web_server_shows_the_data_docs_without_lists_links_and_scripts(folder: Path) -> None:
    def shown(path: str) -> tuple[int, str, dict[bytes, bytes]]:
        sent: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"Dagster"})

        async def receive() -> Any:
            await asyncio.Event().wait()  # no body, and the reader stays

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": unquote(path), "root_path": "", "headers": []}
        asyncio.run(DataDocs(app, folder)(scope, receive, send))
        body = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], body.decode(), dict(sent[0].get("headers", ()))

    for path, text in (("/data_docs/", "the index"), ("/data_docs/run/batch.html", "a gate")):
        status, body, headers = shown(path)
        assert (status, body) == (200, text)
        assert headers[b"content-security-policy"].startswith(b"sandbox; default-src 'none'")
    for path in HIDDEN:
        status, body, _ = shown(f"/data_docs{path}")
        assert status == 404 and "secret" not in body and "batch" not in body, path
    assert shown("/runs") == (200, "Dagster", {}) and shown("/data_docs_of_another")[1] == "Dagster"


def test_a_folder_is_served_to_its_own_pages_only(port: int) -> None:
    assert get(port, "/", Host=f"localhost:{port}")[0] == 200
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        status, text = get(port, "/", **headers)
        assert status == 403 and "the index" not in text
