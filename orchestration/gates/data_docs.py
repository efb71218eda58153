"""The Data Docs as pages of Dagster's web server, so that its links to them hold at any port.

Belongs here: which files of a home the web server shows, and how. Not here: what the pages say (``pages``), and how the
web server is started (``compat.guarded_webserver``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

#: Where the pages are on the web server; links to them are relative to it.
PATH = "/data_docs"
#: A page of this folder is a page of Dagster's address, which can start runs: it may run no script, whatever is in it.
_POLICY = (b"content-security-policy", b"sandbox; default-src 'none'; style-src 'unsafe-inline'")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class DataDocs:
    """ASGI middleware that answers requests below ``PATH`` with the files of a folder, and passes on all others.

    Nothing outside the folder is answered, symbolic links included, and a folder without ``index.html`` is not found.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], folder: Path):
        self._app = app
        files = StaticFiles(directory=folder, html=True, check_dir=False)
        self._pages = Mount(PATH, ExceptionMiddleware(files))  # its error is an answer: 404

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http" and scope["path"].startswith(f"{PATH}/"):
            _, child = self._pages.matches(scope)
            await self._pages.handle({**scope, **child}, receive, partial(_send_sandboxed, send))
        else:
            await self._app(scope, receive, send)


async def _send_sandboxed(send: Send, message: MutableMapping[str, Any]) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = [*message.get("headers", ()), _POLICY, (b"x-content-type-options", b"nosniff")]
    await send(message)
