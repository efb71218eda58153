"""Titles and reasons of all kinds in headers of mail: none adds a header, a recipient or a body."""

from __future__ import annotations

from typing import Any

from test_mail import (  # noqa: F401
    NOW,
    issue,
    parsed,
    test_a_mail_that_can_not_be_made_costs_only_itself,
    test_the_reason_of_a_remote_server_writes_no_header_of_an_alert,
)

from tests.slow.attack.seeds import chance
from warehouse.digest.message import as_bytes
from warehouse.digest.rendering import as_mail

TITLES = 2000
PIECES = (
    *(
        "=?utf-8?q?",
        "=?us-ascii?b?",
        "=?utf-7?Q?",
        "=?x?q?",
        "?=",
        "=0D=0A",
        "=0A",
        "=00",
        "=FF",
        "DQo=",
        "?",
        "=",
        "_",
    ),
    *(
        "\r\n",
        "\n",
        "\r",
        "\x00",
        "\x85",
        "\u2028",
        "\x1b[31m",
        "\ud800",
        "\u202e",
        "é",
        "数学",
        "👩‍🔬",
        "Bcc: eve@example.org",
    ),
    *(" ", "  ", "\t", ",", ";", ":", "<", ">", '"', "(", ")", "@", "A title", "x" * 80),
)


def test_no_title_writes_a_header(tried: Any) -> None:
    random = chance("mails")
    names = parsed(as_bytes(as_mail(issue(), "papers@example.org", "ada@example.org", NOW))).keys()
    for _ in range(TITLES):
        title = "".join(random.choices(PIECES, k=random.randint(1, 12)))
        body = as_bytes(as_mail(issue(title), "papers@example.org", "ada@example.org", NOW))
        assert parsed(body).keys() == names and body.partition(b"\r\n\r\n")[0].isascii(), ascii(title)
    tried(TITLES)
