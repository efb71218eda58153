"""A real SMTP server for tests: with TLS by a CA made on the spot, with a login, and with moods."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = "papers", "correct horse battery staple"


class Mailbox:
    """What arrived, and what the server should answer: recipient → replies to RCPT, one for each time."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.asked: list[str] = []
        self.logins: list[str] = []
        self.rcpt_replies: dict[str, list[str]] = {}
        self.at_rcpt: Callable[[], None] = lambda: None
        self.at_data: Callable[[Any], str] = lambda server: "250 taken"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.asked.append(address)
        self.at_rcpt()
        replies = self.rcpt_replies.get(address)
        if replies and not (reply := replies.pop(0)).startswith("2"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos[0], mail))
        return self.at_data(server)

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)


@contextmanager
def smtp_server(mailbox: Mailbox, security: str, folder: Path) -> Iterator[dict[str, str]]:
    """Serve on loopback with ``starttls``, ``ssl`` or ``none``; yields the environment that leads to it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options: dict[str, Any] = {"authenticator": mailbox.login}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    elif security == "ssl":
        options |= {"ssl_context": context, "auth_require_tls": False}
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    environment = {
        "PAPERS_SMTP_HOST": "localhost",
        "PAPERS_SMTP_PORT": str(port),
        "PAPERS_SMTP_FROM": "papers@example.org",
        "PAPERS_SMTP_SECURITY": security,
        "PAPERS_SMTP_TIMEOUT": "5",
        "PAPERS_SMTP_RETRY_WAIT": "0",
    }
    if security != "none":
        environment |= {
            "PAPERS_SMTP_USER": USER,
            "PAPERS_SMTP_PASSWORD": PASSWORD,
            "PAPERS_SMTP_CA_FILE": str(folder / "ca.pem"),
        }
    try:
        yield environment
    finally:
        controller.stop()
