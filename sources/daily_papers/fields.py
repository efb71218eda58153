"""Which fields a listing had, how often and of which types: the data of schema drift.

Belongs here: the counts of fields. Does not belong here: what a field means (``entries.py``).
A record that decodes strictly has only known fields of known types, so each of its objects is described by the fields
that it lacks; a listing counts these shapes. A record that was parsed field by field is walked.
Types have Python's short names (str, int, float, bool, list, dict, null); ``odd`` is a value that can't be read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import attrgetter, is_, not_
from types import MappingProxyType
from typing import Any, TypeAlias

from msgspec import UNSET

from sources.daily_papers.field_parser import json_type, payload_fields
from sources.daily_papers.payload_types import PayloadEntry, PayloadObject
from sources.daily_papers.records import FieldSeen

#: Distinct unknown paths reported per listing; a record can invent any number of names.
MAX_UNKNOWN_PATHS = 200
MAX_PATH_LENGTH = 200


@dataclass(frozen=True, eq=False, slots=True)
class ObjectShape:
    """Which known fields an object has. There is one instance of each shape, so shapes compare by identity.

    ``prefix`` is the place of the object in an entry (``paper.authors[].``), ``fields`` has path and type.
    """

    prefix: str
    fields: tuple[tuple[str, str], ...]


#: The shape of each object of one entry.
EntryShape: TypeAlias = tuple[ObjectShape, ...]


class _Place:
    """One payload class at one place of an entry, and the shapes that its objects had."""

    def __init__(self, struct: type[PayloadObject], prefix: str) -> None:
        self.prefix = prefix
        fields = tuple(payload_fields(struct).values())
        self.fields = tuple((prefix + known.name, known.json_type) for known in fields)
        self._children = [
            (index, known.is_list, _Place(known.child, f"{prefix}{known.name}{'[]' if known.is_list else ''}."))
            for index, known in enumerate(fields)
            if known.child is not None
        ]
        self._values = attrgetter(*(known.attribute for known in fields))
        self._shapes: dict[tuple[bool, ...], ObjectShape] = {}

    def add_shapes(self, item: PayloadObject, shapes: list[ObjectShape]) -> None:
        """Append the shape of an object and of the objects in it."""
        values = self._values(item)
        is_absent = tuple(map(is_, values, _UNSETS))
        shape = self._shapes.get(is_absent)
        if shape is None:
            fields = tuple(compress(self.fields, map(not_, is_absent)))
            shape = self._shapes.setdefault(is_absent, ObjectShape(self.prefix, fields))
        shapes.append(shape)
        for index, is_list, child in self._children:
            if is_absent[index]:
                continue
            if is_list:
                for inner in values[index]:
                    child.add_shapes(inner, shapes)
            else:
                child.add_shapes(values[index], shapes)

    def places(self) -> list[_Place]:
        """This place and those below it."""
        return [self, *(place for _, _, child in self._children for place in child.places())]


_UNSETS = repeat(UNSET)
_ENTRY = _Place(PayloadEntry, "")
#: Place and type of each known field, by path.
_KNOWN = {path: (place.prefix, type_name) for place in _ENTRY.places() for path, type_name in place.fields}
_INDEX = re.compile(r"\[\d+\]")


@dataclass
class _Count:
    """The count of one field path. ``prefix`` is the place of the objects that could have held it."""

    prefix: str
    is_known: bool
    present: int = 0
    types: set[str] = field(default_factory=set)


def entry_shape(entry: PayloadEntry) -> EntryShape:
    """The shapes of the objects of an entry that decoded strictly."""
    shapes: list[ObjectShape] = []
    _ENTRY.add_shapes(entry, shapes)
    return tuple(shapes)


class FieldTally:
    """Counts the fields of one listing."""

    def __init__(self) -> None:
        self._shapes: list[ObjectShape] = []
        self._objects: Counter[str] = Counter()
        self._counts: dict[str, _Count] = {}
        self._unknown = 0

    def add_shape(self, shape: EntryShape) -> None:
        """Count a record that decoded strictly."""
        self._shapes += shape

    def add_untyped(self, record: Any, odd: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Count one record that was parsed field by field. ``odd``: values that could not be read, by path.

        Where such a value has the usual type, nothing but the type ``odd`` shows that it has changed.
        """
        if isinstance(record, dict):
            self._add_object(record, PayloadEntry, "")
        for path, value in odd.items():
            known_path = _INDEX.sub("[]", path).removesuffix("[]")
            if known_path == "paper.id" or known_path not in _KNOWN:
                continue
            prefix, usual_type = _KNOWN[known_path]
            if path.endswith("]") or usual_type == json_type(value):
                self._counts.setdefault(known_path, _Count(prefix, True)).types.add("odd")

    def _add_object(self, record: dict[str, Any], struct: type[PayloadObject], prefix: str) -> None:
        self._objects[prefix] += 1
        fields = payload_fields(struct)
        for name, value in record.items():
            known = fields.get(name)
            self._add_field(prefix, name, json_type(value), known is not None)
            if known is None or known.child is None:
                continue
            if known.is_list and isinstance(value, list):
                for item in value:
                    if isinstance(item, dict):
                        self._add_object(item, known.child, f"{prefix}{name}[].")
            elif not known.is_list and isinstance(value, dict):
                self._add_object(value, known.child, f"{prefix}{name}.")

    def _add_field(self, prefix: str, name: str, type_name: str, is_known: bool) -> None:
        path = (prefix + name)[:MAX_PATH_LENGTH]
        count = self._counts.get(path)
        if count is None:
            if not is_known:
                self._unknown += 1
                if self._unknown > MAX_UNKNOWN_PATHS:
                    return
            count = self._counts[path] = _Count(prefix, is_known)
        count.present += 1
        count.types.add(type_name)

    def seen(self) -> tuple[FieldSeen, ...]:
        """The fields of the listing, by path. Ends the count: call it once."""
        for shape, objects in Counter(self._shapes).items():
            self._objects[shape.prefix] += objects
            for path, type_name in shape.fields:
                count = self._counts.setdefault(path, _Count(shape.prefix, True))
                count.present += objects
                count.types.add(type_name)
        return tuple(
            FieldSeen(path, "|".join(sorted(count.types)), count.present, self._objects[count.prefix], count.is_known)
            for path, count in sorted(self._counts.items())
        )
