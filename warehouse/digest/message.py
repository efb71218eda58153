"""Builds mails whose headers hold exactly the texts passed, and checks them in the bytes to be sent.

The standard library parses the text of a header: it decodes encoded words (RFC 2047) and writes a line break inside one
unescaped (CPython before 3.11.10, gh-121650). So texts are encoded here and never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, Policy

from warehouse.display import one_line

#: Characters of a text in a header, before it is encoded.
_MAX_TEXT_LENGTH = 200
#: Octets in a line without its end, RFC 5322, 2.1.1.
_MAX_LINE_OCTETS = 998
#: Header → what it must look like. Identifiers and addresses are ASCII and never folded: an encoded word in them is
#: read by no mail client (RFC 2047, 5). The other headers are texts.
_VERBATIM = frozenset(
    ("from", "to", "date", "message-id", "list-id", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted")
)


class MailError(ValueError):
    """A mail can't be built from its headers or text."""


class _Header(str):
    """The value of a header with its encoded lines, which the standard library then writes unchanged."""

    name: str
    lines: str

    def fold(self, *, policy: Policy) -> str:
        """The header with its name and the end of its line."""
        return f"{self.name}: {self.lines}{policy.linesep}"


def build_mail(headers: Mapping[str, str], text: str, html: str | None = None) -> EmailMessage:
    """A mail of these headers, a text, and an HTML alternative if there is one.

    Raises MailError for an address or an identifier with a line break, a control character or more than ASCII in it.
    """
    # 7bit: every server accepts it.
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    for name, value in headers.items():
        mail[name] = _header(name, value)
    try:
        mail.set_content(text)
        if html is not None:
            mail.add_alternative(html, subtype="html")
    except (UnicodeError, ValueError) as error:
        raise MailError(f"its text can't be encoded ({type(error).__name__})") from error
    return mail


def as_bytes(mail: EmailMessage) -> bytes:
    """The bytes of a mail of ``build_mail``. Raises MailError if its headers differ from those that were set."""
    body = mail.as_bytes()
    head, _, _ = body.partition(b"\r\n\r\n")
    lines = re.sub(rb"\r\n[ \t]", b" ", head).split(b"\r\n")
    names = [line.partition(b":")[0].decode("latin-1") for line in lines]
    if names != list(mail.keys()) or re.search(rb"[\r\n\0]|[^\x00-\x7f]", b"".join(lines)):
        raise MailError("its headers hold a line break or a character that no header can have")
    if any(len(line) > _MAX_LINE_OCTETS for line in head.split(b"\r\n")):
        raise MailError(f"a line of its headers is longer than {_MAX_LINE_OCTETS} characters")
    return body


def _header(name: str, value: str) -> _Header:
    if name.lower() in _VERBATIM:
        if not re.fullmatch(r"[\x20-\x7e]+", value):
            raise MailError(f"its {name} holds a line break, a control character or more than ASCII")
        lines = value
    else:
        value = one_line(value, _MAX_TEXT_LENGTH)
        # A text that looks like an encoded word is encoded, or mail clients would decode it.
        charset = "us-ascii" if value.isascii() and "=?" not in value else "utf-8"
        lines = Header(value, charset, header_name=name).encode(linesep="\r\n")
    header = _Header(value)
    header.name, header.lines = name, lines
    return header
