"""Decides which requests a server on this machine answers: those of its own pages and of programs, no other web page's.

A page of another site can't read what a port on this machine answers, but it can send requests there, and after it has
rebound its own name to 127.0.0.1 (DNS rebinding) it can read too. Browsers send where a request comes from: ``Host``
(RFC 9110, 7.2), ``Origin`` (RFC 6454), ``Sec-Fetch-Site`` and others (https://www.w3.org/TR/fetch-metadata/). Programs
send none of these and are answered: a person who runs programs here needs no port.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_HOSTS = frozenset(("127.0.0.1", "localhost", "::1"))
_READING = frozenset(("GET", "HEAD"))
#: Where the Data Docs are on Dagster's web server; links to them are relative to it.
DATA_DOCS = "/data_docs"
_SANDBOX = (
    (b"content-security-policy", b"sandbox; default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-content-type-options", b"nosniff"),
)
_REFUSED = "Refused: this server answers its own pages only. {problem}\n"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def refusal(method: str, headers: Mapping[str, list[str]], query: str = "") -> str | None:
    """Why a request is not answered, or None. ``headers``: values by name in small letters.

    ``query``: what follows the ``?`` of the address. A GraphQL mutation by GET is refused, because a link or
    a picture of any page can send it.
    """
    hosts = headers.get("host", [])
    if len(hosts) != 1 or _host_of(hosts[0]) not in _HOSTS:
        return "The name in the address must be 127.0.0.1 or localhost."
    for origin in headers.get("origin", []):
        try:
            parts = urlsplit(origin)
        except ValueError:
            return "The Origin of the request can't be read."
        if parts.scheme not in ("http", "https") or parts.netloc.lower() != hosts[0].lower():
            return "The request comes from a page of another address."
    site = headers.get("sec-fetch-site", ["none"])
    is_navigation = method in _READING and headers.get("sec-fetch-mode") == ["navigate"]
    is_top = headers.get("sec-fetch-dest", ["document"]) == ["document"]
    if site not in (["none"], ["same-origin"]) and not (is_navigation and is_top):
        return "The request comes from a page of another address."
    if method in _READING and any(_changes(text) for text in parse_qs(query).get("query", [])):
        return "GraphQL changes are sent by POST."
    return None


def _host_of(text: str) -> str | None:
    """The name in a Host header, without its port; None for what is none."""
    try:
        parts = urlsplit(f"//{text}")
        parts.port  # noqa: B018  # raises ValueError
        return None if parts.username is not None or parts.path or parts.query or parts.fragment else parts.hostname
    except ValueError:
        return None


def _changes(query: str) -> bool:
    """Whether a GraphQL document holds more than queries."""
    from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

    try:
        document = parse(query)
    except (GraphQLError, RecursionError):
        return "mutation" in query or "subscription" in query
    return any(
        isinstance(node, OperationDefinitionNode) and node.operation is not OperationType.QUERY
        for node in document.definitions
    )


class LoopbackGuard:
    """ASGI middleware that answers only what ``refusal`` lets pass, websockets included."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        problem = refusal(scope.get("method", "WEBSOCKET"), headers, scope["query_string"].decode("latin-1"))
        if problem is None:
            await self._app(scope, receive, partial(_send_unframed, send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem})  # before it is accepted: a 403
        else:
            body = _REFUSED.format(problem=problem).encode()
            content_type = (b"content-type", b"text/plain; charset=utf-8")
            await send({"type": "http.response.start", "status": HTTPStatus.FORBIDDEN, "headers": [content_type]})
            await send({"type": "http.response.body", "body": body})


async def _send_unframed(send: Send, message: MutableMapping[str, Any]) -> None:
    """Send an answer that no page of another address may show in a frame."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message.get("headers", ()), (b"x-frame-options", b"SAMEORIGIN")]
    await send(message)


class DataDocs:
    """ASGI middleware that answers requests below ``DATA_DOCS`` with the files of a folder, and passes on all others.

    It makes the Data Docs pages of Dagster's web server, so that links to them hold at any port. Nothing outside the
    folder is answered, symbolic links included, and a folder without ``index.html`` is not found.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], folder: Path):
        from starlette.middleware.exceptions import ExceptionMiddleware
        from starlette.routing import Mount
        from starlette.staticfiles import StaticFiles

        self._app = app
        files = StaticFiles(directory=folder, html=True, check_dir=False)
        self._pages = Mount(DATA_DOCS, ExceptionMiddleware(files))  # its error is an answer: 404

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http" and scope["path"].startswith(f"{DATA_DOCS}/"):
            _, child = self._pages.matches(scope)
            await self._pages.handle({**scope, **child}, receive, partial(_send_sandboxed, send))
        else:
            await self._app(scope, receive, send)


async def _send_sandboxed(send: Send, message: MutableMapping[str, Any]) -> None:
    """Send an answer that runs no script, whatever is in it: its address is that of a server that starts runs."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message.get("headers", ()), *_SANDBOX]
    await send(message)


class FolderHandler(SimpleHTTPRequestHandler):
    """Serves the files of a folder: without lists of folders, and nothing that a symbolic link leads to."""

    #: Headers of every answer.
    policy: Mapping[str, str] = {}

    def send_head(self) -> Any:
        """The answer to GET and HEAD."""
        headers = {name.lower(): self.headers.get_all(name, []) for name in set(self.headers)}
        if problem := refusal(self.command, headers):
            self.send_error(HTTPStatus.FORBIDDEN, explain=_REFUSED.format(problem=problem))
            return None
        if self._passes_link(Path(self.translate_path(self.path))):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """A folder without a page is not found."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        """Add the headers of every answer."""
        always = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN"}
        for name, value in {**always, **self.policy}.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def _passes_link(self, path: Path) -> bool:
        folder = Path(self.directory)
        pages = [path / name for name in ("index.html", "index.htm")] if path.is_dir() else []
        return any(
            os.path.islink(place)
            for found in (path, *pages)
            for place in (found, *found.parents)
            if place != folder and place.is_relative_to(folder)
        )


@contextmanager
def folder_server(folder: Path, port: int, policy: Mapping[str, str]) -> Iterator[ThreadingHTTPServer]:
    """A server of a folder on loopback, not yet serving. Raises OSError when the port is taken."""
    handler = type("Handler", (FolderHandler,), {"policy": policy})
    with ThreadingHTTPServer(("127.0.0.1", port), partial(handler, directory=str(folder))) as http:
        yield http
