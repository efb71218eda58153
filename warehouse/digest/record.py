"""The journal of deliveries: it survives every crash, so that no issue is sent twice to a recipient.

A line is written before a message is sent (`sending`) and one after it (`sent` or `failed`), each flushed to disk
before the next step. A `sending` without an end means that the run was killed or the connection lost: the mail may have
arrived, so it is not sent again without ``--resend-uncertain``. Each line carries a checksum; a damaged line may hold a
delivery, so nothing is sent until a person has corrected it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.clock import utc_now
from warehouse.errors import HomeError
from warehouse.files import flush, sync
from warehouse.landing.journal import encode_line, read_lines
from warehouse.publication.publish import writing

_STATES = ("sending", "sent", "failed")


@dataclass(frozen=True)
class Delivery:
    """An issue of a subscription for one recipient."""

    subscription: str
    issue: str
    recipient: str


class SentRecord:
    """The journal of a home, `digest/sent.jsonl`: one JSON object a line, appended only.

    Raises HomeError when it can't be read, or a line of it that no kill explains.
    """

    def __init__(self, path: Path):
        self._path = path
        self._states: dict[Delivery, str] = {}
        #: Offset of the last line, if a kill left it half written.
        self._partial_line_at: int | None = None
        self._read()

    def state(self, delivery: Delivery) -> str | None:
        """``sent``, ``failed``, ``sending`` (it may have arrived), or None: never tried."""
        return self._states.get(_folded(delivery))

    def write(self, delivery: Delivery, state: str, message_id: str, detail: str = "") -> None:
        """Add a line and wait until it is on disk. Raises HomeError when it can't be written."""
        line = {"at": utc_now().isoformat(timespec="seconds"), **asdict(_folded(delivery)), "state": state}
        line |= {"message_id": message_id} | ({"detail": detail} if detail else {})
        with writing(str(self._path)):
            is_new = not self._path.exists()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "ab+") as file:
                if self._partial_line_at is not None:
                    # Its writer was killed before it sent anything.
                    file.truncate(self._partial_line_at)
                    self._partial_line_at = None
                elif file.tell() and not self._ends_a_line():
                    file.write(b"\n")
                file.write(encode_line(json.dumps(line).encode()))
                flush(file)
            if is_new:
                sync(self._path.parent)
        self._states[_folded(delivery)] = state

    def _ends_a_line(self) -> bool:
        with open(self._path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _read(self) -> None:
        if not self._path.exists():
            return
        try:
            journal = self._path.read_bytes()
        except OSError as error:
            raise HomeError(f"{self._path} can't be read ({error.strerror}): nothing is sent without it.") from error
        for line in read_lines(journal):
            try:
                if line.problem:
                    raise ValueError(line.problem)
                fields = json.loads(line.record)
                delivery = Delivery(fields["subscription"], fields["issue"], fields["recipient"])
                if fields["state"] not in _STATES:
                    raise ValueError(f"its state is {fields['state']!r}")
                self._states[_folded(delivery)] = fields["state"]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if line.is_partial and journal.endswith(line.raw):
                    self._partial_line_at = len(journal) - len(line.raw)
                else:
                    raise HomeError(
                        f"Line {line.number} of {self._path} is damaged ({_why(error)}), and may record an "
                        "issue that was sent. Nothing was sent, so that nobody gets one twice: restore the file from "
                        "a backup, or correct or delete that line, then run `papers digest` again."
                    ) from None


def _why(error: Exception) -> str:
    return "it is not what was written" if isinstance(error, KeyError | TypeError | AttributeError) else str(error)


def _folded(delivery: Delivery) -> Delivery:
    """Addresses that differ in capitals only are one recipient."""
    return Delivery(delivery.subscription, delivery.issue, delivery.recipient.lower())
