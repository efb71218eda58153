"""Which fields a listing had, how often and of which types: the data of schema drift.

A strictly decoded record has a profile: all its field counts packed into one integer, so that profiles add up.
A record that was parsed field by field is walked.
Types have Python's short names (str, int, float, bool, list, dict, null); ``odd`` is a value that can't be read.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Mapping
from itertools import repeat
from operator import attrgetter, is_
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import UNSET

from sources.daily_papers.lenient import json_type, wire_fields
from sources.daily_papers.payload_types import Wire, WireEntry
from sources.daily_papers.records import FieldSeen

#: Distinct unknown paths reported per listing; a record can invent any number of names.
MAX_UNKNOWN_PATHS = 200
MAX_PATH_LENGTH = 200
#: Bits of one count in a profile; a listing has fewer objects than that can tell.
SLOT_BITS = 32


class _Count:
    __slots__ = ("is_known", "present", "types")

    def __init__(self, is_known: bool) -> None:
        self.present = 0
        self.types: set[str] = set()
        self.is_known = is_known


class _Slot(NamedTuple):
    """Where in a profile a field is counted, and where the objects that could have held it are."""

    path: str
    json_type: str
    present: int
    parents: int


class _Shape:
    """Counts the fields of one wire class, in one place where it occurs."""

    def __init__(self, struct: type[Wire], prefix: str, slots: list[_Slot], prefixes: dict[str, int]) -> None:
        parents = prefixes[prefix] = len(slots) + len(prefixes)
        self._always = 1 << (SLOT_BITS * parents)
        self._sometimes: list[int] = []
        self._children: list[tuple[int, bool, _Shape]] = []
        self._by_absent: dict[tuple[bool, ...], int] = {}
        attributes: list[str] = []
        for field in wire_fields(struct).values():
            place = len(slots) + len(prefixes)
            slots.append(_Slot(prefix + field.name, field.json_type, place, parents))
            if field.is_required and field.child is None:
                self._always += 1 << (SLOT_BITS * place)
                continue
            if field.child is not None:
                below = f"{prefix}{field.name}{'[]' if field.is_list else ''}."
                child = _Shape(field.child, below, slots, prefixes)
                self._children.append((len(attributes), field.is_list, child))
            attributes.append(field.attribute)
            self._sometimes.append(1 << (SLOT_BITS * place))
        self._values = attrgetter(*attributes)

    def profile(self, item: Wire) -> int:
        """The counts of one object and those in it."""
        values = self._values(item)
        absent = tuple(map(is_, values, _UNSETS))
        count = self._by_absent.get(absent)
        if count is None:
            count = self._always + sum(one for one, gone in zip(self._sometimes, absent, strict=True) if not gone)
            self._by_absent[absent] = count
        for index, is_list, child in self._children:
            if absent[index]:
                continue
            if is_list:
                count += sum(map(child.profile, values[index]))
            else:
                count += child.profile(values[index])
        return count


_UNSETS = repeat(UNSET)
_SLOTS: list[_Slot] = []
_PREFIXES: dict[str, int] = {}
_ENTRY = _Shape(WireEntry, "", _SLOTS, _PREFIXES)
_SORTED = sorted(_SLOTS)
_USUAL_TYPE = {slot.path: slot.json_type for slot in _SLOTS}
_INDEX = re.compile(r"\[\d+\]")
_UNPACK = struct.Struct(f"<{len(_SLOTS) + len(_PREFIXES)}I").unpack


def profile(entry: WireEntry) -> int:
    """How often each field occurs in an entry, all counts in one number, so that a listing's are one sum."""
    return _ENTRY.profile(entry)


class FieldTally:
    """Collects the fields of one listing."""

    def __init__(self) -> None:
        self._typed = 0
        self._counts: dict[str, _Count] = {}
        self._parents: dict[str, int] = {}
        self._unknown = 0

    def add_profile(self, profile: int) -> None:
        """Count a record that decoded strictly."""
        self._typed += profile

    def add_untyped(self, record: Any, odd: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Count one record that was read leniently, used or not. ``odd``: values that could not be read, by path.

        Where such a value has the usual type, nothing but the type ``odd`` shows that it has changed.
        """
        if isinstance(record, dict):
            self._add_object(record, WireEntry, "")
        for path, value in odd.items():
            field = _INDEX.sub("[]", path).removesuffix("[]")
            is_item = path.endswith("]")
            if field != "paper.id" and (is_item or _USUAL_TYPE.get(field) == json_type(value)):
                self._counts.setdefault(field, _Count(True)).types.add("odd")

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
        typed = _UNPACK(self._typed.to_bytes(SLOT_BITS // 8 * (len(_SLOTS) + len(_PREFIXES)), "little"))
        if not self._counts:
            return tuple(
                [
                    FieldSeen(slot.path, slot.json_type, typed[slot.present], typed[slot.parents], True)
                    for slot in _SORTED
                    if typed[slot.present]
                ]
            )
        counts = dict(self._counts)
        parents = Counter(self._parents)
        for slot in _SLOTS:
            if typed[slot.present]:
                count = counts.setdefault(slot.path, _Count(True))
                count.present += typed[slot.present]
                count.types.add(slot.json_type)
        parents.update({prefix: typed[place] for prefix, place in _PREFIXES.items() if typed[place]})
        return tuple(
            FieldSeen(
                path=path,
                types="|".join(sorted(count.types)),
                present=count.present,
                parents=parents[_parent_prefix(path, parents)],
                is_known=count.is_known,
            )
            for path, count in sorted(counts.items())
        )


def _parent_prefix(path: str, prefixes: dict[str, int]) -> str:
    """The longest object prefix a path begins with: a field name may itself hold a dot."""
    return max((prefix for prefix in prefixes if path.startswith(prefix)), key=len)
