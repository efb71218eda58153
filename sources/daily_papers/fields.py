"""Which fields a listing had, how often and of which types: the raw material of schema drift.

Typed records are counted by column, which is cheap; a record that was read leniently is walked.
Types have Python's short names (str, int, float, bool, list, dict, null).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from sources.daily_papers.lenient import json_type, wire_fields
from sources.daily_papers.records import FieldSeen
from sources.daily_papers.wire import Wire, WireEntry

#: Distinct unknown paths reported per listing; a record can invent any number of names.
MAX_UNKNOWN_PATHS = 200
MAX_PATH_LENGTH = 200


class _Count:
    __slots__ = ("is_known", "present", "types")

    def __init__(self, is_known: bool) -> None:
        self.present = 0
        self.types: set[str] = set()
        self.is_known = is_known


class FieldTally:
    """Collects the fields of one listing."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._parents: dict[str, int] = {}
        self._unknown = 0

    def add_typed(self, entries: Sequence[WireEntry]) -> None:
        """Count records that decoded strictly."""
        self._add_structs(entries, WireEntry, "")

    def _add_structs(self, items: Sequence[Wire], struct: type[Wire], prefix: str) -> None:
        if not items:
            return
        self._parents[prefix] = self._parents.get(prefix, 0) + len(items)
        for field in wire_fields(struct).values():
            if field.is_required and field.child is None:
                self._note(prefix + field.name, len(items), field.json_type, True)
                continue
            values = list(map(attrgetter(field.attribute), items))
            absent = values.count(UNSET)
            if absent == len(values):
                continue
            self._note(prefix + field.name, len(values) - absent, field.json_type, True)
            if field.child is not None:
                present = [value for value in values if value is not UNSET] if absent else values
                if field.is_list:
                    self._add_structs(list(chain.from_iterable(present)), field.child, f"{prefix}{field.name}[].")
                else:
                    self._add_structs(present, field.child, f"{prefix}{field.name}.")

    def add_untyped(self, record: Any) -> None:
        """Count one record that was read leniently, used or not."""
        if isinstance(record, dict):
            self._add_object(record, WireEntry, "")

    def _add_object(self, record: dict[str, Any], struct: type[Wire], prefix: str) -> None:
        self._parents[prefix] = self._parents.get(prefix, 0) + 1
        known = wire_fields(struct)
        for name, value in record.items():
            field = known.get(name)
            self._note(prefix + name, 1, json_type(value), field is not None)
            if field is None or field.child is None:
                continue
            if field.is_list and isinstance(value, list):
                for item in value:
                    if isinstance(item, dict):
                        self._add_object(item, field.child, f"{prefix}{name}[].")
            elif not field.is_list and isinstance(value, dict):
                self._add_object(value, field.child, f"{prefix}{name}.")

    def _note(self, path: str, present: int, type_name: str, is_known: bool) -> None:
        path = path[:MAX_PATH_LENGTH]
        count = self._counts.get(path)
        if count is None:
            if not is_known:
                self._unknown += 1
                if self._unknown > MAX_UNKNOWN_PATHS:
                    return
            count = self._counts[path] = _Count(is_known)
        count.present += present
        count.types.add(type_name)

    def seen(self) -> tuple[FieldSeen, ...]:
        """The fields met, by path."""
        return tuple(
            FieldSeen(
                path=path,
                types="|".join(sorted(count.types)),
                present=count.present,
                parents=self._parents[_parent_prefix(path, self._parents)],
                is_known=count.is_known,
            )
            for path, count in sorted(self._counts.items())
        )


def _parent_prefix(path: str, prefixes: dict[str, int]) -> str:
    """The longest object prefix a path begins with: a field name may itself hold a dot."""
    return max((prefix for prefix in prefixes if path.startswith(prefix)), key=len)
