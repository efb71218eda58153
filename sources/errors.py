"""The error tree of the source. Its class decides whether to try again; nothing else does.

``SourceError``
  ├─ ``TransientError``  the same request may work later: 408, 429, 5xx, broken or timed-out connections
  └─ ``PermanentError``  it won't: every other 4xx, a foreign redirect, an answer over the size cap
       └─ ``FormatError``  the answer arrived and is not what this source sends
"""

from __future__ import annotations


class SourceError(Exception):
    """Something the source did. ``url`` is what was asked for (never with credentials).

    ``status`` is the HTTP status if there was an answer, ``answer`` the beginning of its text, in one line.
    """

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        cause: BaseException | None = None,
        status: int | None = None,
        answer: str | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.url = url
        self.status = status
        self.answer = answer
        self.__cause__ = cause

    def __str__(self) -> str:
        return f"{self.message} [{self.url}]" if self.url else self.message


class TransientError(SourceError):
    """Worth another try. ``retry_after`` is the server's wish in seconds, if it gave one."""

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        cause: BaseException | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ):
        super().__init__(message, url=url, cause=cause, status=status)
        self.retry_after = retry_after


class PermanentError(SourceError):
    """The same request will fail again."""


class FormatError(PermanentError):
    """The payload as a whole is not a listing. ``reason_code`` is a short stable word for the quarantine."""

    def __init__(
        self,
        message: str,
        *,
        reason_code: str,
        url: str | None = None,
        cause: BaseException | None = None,
    ):
        super().__init__(message, url=url, cause=cause)
        self.reason_code = reason_code
