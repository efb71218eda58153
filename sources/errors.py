"""The errors of a source. Only the class of an error decides whether the request is retried.

``SourceError``
  ├─ ``TransientError``  the same request may work later: 408, 429, 5xx, broken or timed-out connections
  └─ ``PermanentError``  it will fail again: every other 4xx, a redirect to another host, a response over the size limit
       └─ ``FormatError``  the response is complete but is no listing of this source
``BudgetError``           no request was sent: the run may send no more. No source failed, so it is no ``SourceError``
"""

from __future__ import annotations


class SourceError(Exception):
    """A request or payload failed. ``url`` is the address requested, without credentials.

    ``status`` is the HTTP status of the response, if any, ``answer`` the start of its text, in one line, and ``body``
    the same bytes as received.
    """

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        cause: BaseException | None = None,
        status: int | None = None,
        answer: str | None = None,
        body: bytes = b"",
    ):
        super().__init__(message)
        self.message = message
        self.url = url
        self.status = status
        self.answer = answer
        self.body = body
        self.__cause__ = cause

    def __str__(self) -> str:
        return f"{self.message} [{self.url}]" if self.url else self.message


class TransientError(SourceError):
    """The same request may work later. ``retry_after`` is the wait in seconds that the server requests, if any."""

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
    """The payload as a whole is not a listing. ``reason_code`` is a short stable code for the quarantine."""

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


class BudgetError(Exception):
    """The requests that a run may send are spent (``sources.http.RequestBudget``). The request was not sent."""
