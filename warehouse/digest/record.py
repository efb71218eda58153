"""What was sent to whom: a journal that outlives every crash, so that no issue reaches anybody twice.

A line goes in before a message is handed over (`sending`) and one after (`sent` or `failed`), each written to disk
before the next step. A `sending` without an end means that the run was killed, or the connection lost, in between: the
mail may have arrived, so it isn't sent again unless a person says so.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.errors import HomeError
from warehouse.landing import utc_now
from warehouse.publish import sync, writing


@dataclass(frozen=True)
class Delivery:
    """An issue of a subscription for one recipient."""

    subscription: str
    issue: str
    recipient: str


class SentRecord:
    """The journal of a home, `digest/sent.jsonl`: one JSON object a line, appended only."""

    def __init__(self, path: Path):
        self._path = path
        self._states: dict[Delivery, str] = {}
        self._read()

    def state(self, delivery: Delivery) -> str | None:
        """``sent``, ``failed``, ``sending`` (nobody knows whether it arrived), or None: never tried."""
        return self._states.get(_folded(delivery))

    def write(self, delivery: Delivery, state: str, message_id: str, detail: str = "") -> None:
        """Add a line and wait until it is on disk. Raises HomeError when it can't be written."""
        line = {"at": utc_now().isoformat(timespec="seconds"), **asdict(_folded(delivery)), "state": state}
        line |= {"message_id": message_id} | ({"detail": detail} if detail else {})
        with writing(str(self._path)):
            is_new = not self._path.exists()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "ab+") as file:
                if file.tell() and not self._ends_a_line():
                    file.write(b"\n")  # what a kill left half written stays a line of its own
                file.write(json.dumps(line).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
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
            lines = self._path.read_bytes().split(b"\n")
        except OSError as error:
            raise HomeError(f"{self._path} can't be read ({error.strerror}): nothing is sent without it.") from error
        for raw in lines:
            try:
                line = json.loads(raw)
                delivery = Delivery(line["subscription"], line["issue"], line["recipient"])
                self._states[delivery] = line["state"]
            except (ValueError, KeyError, TypeError):
                continue  # half a line: its writer was killed before it went on to send


def _folded(delivery: Delivery) -> Delivery:
    """One recipient is one, however the address is capitalized."""
    return Delivery(delivery.subscription, delivery.issue, delivery.recipient.lower())
