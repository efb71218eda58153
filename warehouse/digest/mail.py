"""Sends mail to an SMTP server: TLS verified, timeouts, bounded retries.

One recipient a message. A message that the server refuses has not arrived. If the connection breaks between the text
and the server's answer, delivery is uncertain: MaybeDelivered.
"""

from __future__ import annotations

import contextlib
import logging
import re
import smtplib
import ssl
import time
from collections.abc import Callable

from warehouse.display import one_line
from warehouse.errors import InputError, UnreachableError
from warehouse.settings import Smtp

logger = logging.getLogger(__name__)

#: A longer wait is logged as INFO.
_NOTABLE_WAIT_SECONDS = 5.0


class NotDelivered(Exception):
    """The server refused this recipient or this message, permanently or at every attempt."""


class MaybeDelivered(Exception):
    """The connection broke after the text was sent: the mail may have arrived."""


class _Temporary(Exception):
    """Another attempt may succeed."""


class _Lost(_Temporary):
    """There was no connection, or it broke before the text was sent."""


#: After so many recipients in a row without a connection the server counts as unreachable.
_MAX_LOST_IN_A_ROW = 2


class Mailer:
    """A connection to the mail server, opened on demand and reused for every message."""

    def __init__(self, smtp: Smtp, *, sleep: Callable[[float], None] = time.sleep):
        self._smtp = smtp
        self._sleep = sleep
        self._connection: smtplib.SMTP | None = None
        self._lost_in_a_row = 0

    def __enter__(self) -> Mailer:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def deliver(self, recipient: str, message: bytes, before_text: Callable[[], None]) -> None:
        """Send a message to one recipient; ``before_text`` is called before its text is sent, which can't be undone.

        Raises NotDelivered or MaybeDelivered about this recipient, UnreachableError about the server as a whole.
        """
        try:
            for attempt in range(1, self._smtp.attempts + 1):
                try:
                    self._try(recipient, message, before_text)
                    self._lost_in_a_row = 0
                    return
                except _Temporary as error:
                    self._close()
                    last = error
                if attempt < self._smtp.attempts:
                    wait = self._smtp.retry_wait * 2 ** (attempt - 1)
                    level = logging.INFO if wait > _NOTABLE_WAIT_SECONDS else logging.DEBUG
                    logger.log(level, "Waiting %g s for the mail server: %s", wait, last)
                    self._sleep(wait)
            if isinstance(last, _Lost):
                self._lost_in_a_row += 1
                if self._lost_in_a_row >= _MAX_LOST_IN_A_ROW:
                    raise UnreachableError(str(last))
            raise NotDelivered(str(last))
        except (NotDelivered, MaybeDelivered, UnreachableError):
            self._close()
            raise

    def _try(self, recipient: str, message: bytes, before_text: Callable[[], None]) -> None:
        if self._connection is None:
            self._connection = _connect(self._smtp)
        connection = self._connection
        try:
            _expect(connection.mail(self._smtp.sender), 250)
            _expect(connection.rcpt(recipient), 250, 251)
            _expect(connection.docmd("DATA"), 354)
        except (smtplib.SMTPException, OSError) as error:
            raise _Lost(f"the connection broke before the text was sent ({type(error).__name__})") from error
        before_text()
        try:
            # A line with a single dot ends a message, so a leading dot is doubled (RFC 5321, 4.5.2).
            connection.send(re.sub(rb"(?m)^\.", b"..", message) + b"\r\n.\r\n")
            reply = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise MaybeDelivered(f"the connection broke before the server's answer ({type(error).__name__})") from error
        _expect(reply, 250)

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
            self._connection.close()
            self._connection = None


def _connect(smtp: Smtp) -> smtplib.SMTP:
    """A verified connection, logged in where a password is set.

    Raises _Lost where another attempt may succeed, UnreachableError where not, InputError about the settings.
    """
    where = f"The mail server {smtp.host}:{smtp.port}"
    context = _tls(smtp)
    connection: smtplib.SMTP | None = None
    problem = ""
    try:
        if smtp.security == "ssl":
            connection = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout, context=context)
        else:
            connection = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout)
        connection.ehlo_or_helo_if_needed()
        if smtp.security == "starttls":
            connection.starttls(context=context)
            connection.ehlo()
        if smtp.user and smtp.password:
            connection.login(smtp.user, smtp.password)
        return connection
    except ssl.SSLCertVerificationError as error:
        problem = f"{where} shows a certificate that isn't trusted ({error.verify_message}): check PAPERS_SMTP_HOST, "
        problem += "or name the authority's certificate with PAPERS_SMTP_CA_FILE."
    except smtplib.SMTPAuthenticationError as error:
        # Only the code: a server's answer to a login does not belong in a log.
        problem = (
            f"{where} refused the login (code {error.smtp_code}): check PAPERS_SMTP_USER and PAPERS_SMTP_PASSWORD."
        )
    except smtplib.SMTPNotSupportedError:
        problem = f"{where} offers no STARTTLS or no login: check PAPERS_SMTP_SECURITY and the port."
    except (smtplib.SMTPException, OSError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        problem = f"{where} can't be used ({one_line(str(reason))}): check PAPERS_SMTP_HOST, the port and the network."
        raise _Lost(problem) from None
    finally:
        if problem and connection is not None:
            connection.close()
    raise UnreachableError(problem)


def _tls(smtp: Smtp) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=smtp.ca_file)
    except (OSError, ssl.SSLError):
        raise InputError(f"PAPERS_SMTP_CA_FILE {smtp.ca_file} holds no certificate that can be read.") from None


def _expect(reply: tuple[int, bytes], *codes: int) -> None:
    """Raises _Temporary for a reply of the 400s, NotDelivered for another refusal."""
    code, text = reply
    if code in codes:
        return
    answer = f"the server answered {code} {one_line(text.decode('utf-8', 'replace'), 200)}"
    raise _Temporary(answer) if 400 <= code < 500 else NotDelivered(answer)
