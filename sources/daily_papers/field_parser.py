"""Parse one record field by field after its strict decoding failed.

Belongs here: what is refused and what is odd. An unknown field and a field of an unexpected type or an impossible
value are oddities: the record is used, the field is unknown and its value is kept as received. Only a paper's id and
its upvotes refuse the record. The rules are those of ``payload_types.py``, read from its classes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from sources.daily_papers.ids import canonical_id, site_key
from sources.daily_papers.payload_types import (
    MAX_AUTHORS,
    MAX_YEAR,
    MIN_YEAR,
    PayloadEntry,
    PayloadObject,
    Text,
    is_odd,
)

#: Real records nest five deep. Deeper JSON could exhaust the stack.
MAX_DEPTH = 32

#: Fields of a paper that other sources of the same outer shape do not have.
_SITE_FIELDS = {"submittedOnDailyAt", "submittedOnDailyBy", "discussionId"}

T = TypeVar("T", bound=PayloadObject)


class UnusableRecord(Exception):
    """A record that can't become an entry: reason code, path of the field, and one sentence."""

    def __init__(self, reason_code: str, field_path: str | None, detail: str):
        super().__init__(detail)
        self.reason_code = reason_code
        self.field_path = field_path
        self.detail = detail


class PayloadField(NamedTuple):
    """One field of a payload class. ``child`` is the class of the object it holds, or of each item."""

    attribute: str
    name: str
    is_required: bool
    child: type[PayloadObject] | None
    is_list: bool
    json_type: str
    value_type: Any


@cache
def payload_fields(struct: type[PayloadObject]) -> dict[str, PayloadField]:
    """The fields of a payload class by their name in the payload, required ones first."""
    found = [_payload_field(field) for field in msgspec.structs.fields(struct)]
    return {field.name: field for field in sorted(found, key=lambda field: not field.is_required)}


def _payload_field(field: msgspec.structs.FieldInfo) -> PayloadField:
    value_type = field.type
    if get_origin(value_type) in (Union, UnionType):
        value_type = next(arg for arg in get_args(value_type) if arg is not msgspec.UnsetType)
    base = value_type
    while hasattr(base, "__metadata__"):
        base = base.__origin__
    is_list = get_origin(base) is list
    item = get_args(base)[0] if is_list else base
    child = item if isinstance(item, type) and issubclass(item, PayloadObject) else None
    if is_list:
        json_type = "list"
    elif child is not None:
        json_type = "dict"
    else:
        json_type = {"int": "int", "bool": "bool"}.get(base.__name__, "str")
    return PayloadField(field.name, field.encode_name, field.required, child, is_list, json_type, value_type)


def parse_by_field(record: Any, *, is_daily: bool = True) -> tuple[PayloadEntry, dict[str, Any]]:
    """One decoded record as a payload entry, and its oddities by path (``paper.authors[3].new``).

    ``is_daily``: a record that says it is of the trending list is unusable.
    Raises ``UnusableRecord`` when the record can't become an entry.
    """
    if not isinstance(record, dict):
        raise UnusableRecord("not_an_object", None, f"The record is a {json_type(record)}, not an object.")
    if is_daily and record.get("isTrending") is True:
        raise UnusableRecord("not_daily", "isTrending", "The record is of the trending list, which is of no date.")
    record = _with_title(record)
    record, received_id = _with_id(record)
    odd: dict[str, Any] = dict(received_id)
    try:
        entry = msgspec.convert(_without_unknown(record, PayloadEntry, "", odd), PayloadEntry)
        if not is_odd(entry):
            return entry, odd
    except msgspec.ValidationError:
        pass
    odd = dict(received_id)
    return _parse_object(record, PayloadEntry, "", odd), odd


def _without_unknown(record: dict[str, Any], struct: type[PayloadObject], path: str, odd: dict[str, Any]) -> Any:
    """The known part of a record; the rest goes to ``odd``. A new field of the site is the usual oddity."""
    known = payload_fields(struct)
    clean: dict[str, Any] = {}
    for name, value in record.items():
        field = known.get(name)
        if field is None:
            odd[f"{path}{name}"] = value
        elif field.child is None:
            clean[name] = value
        elif isinstance(value, dict):
            clean[name] = _without_unknown(value, field.child, f"{path}{name}.", odd)
        elif isinstance(value, list):
            clean[name] = [
                _without_unknown(item, field.child, f"{path}{name}[{index}].", odd) if isinstance(item, dict) else item
                for index, item in enumerate(value)
            ]
        else:
            clean[name] = value
    return clean


def _with_title(record: dict[str, Any]) -> dict[str, Any]:
    """The record with the top-level title as the title of a paper without one."""
    paper, title = record.get("paper"), record.get("title")
    if isinstance(paper, dict) and _is_blank(paper.get("title")) and not _is_blank(title):
        return {**record, "paper": {**paper, "title": title}}
    return record


def _with_id(record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record with its paper's canonical id, and the id as received if that differs."""
    paper = record.get("paper")
    paper_id = paper.get("id") if isinstance(paper, dict) else None
    known = canonical_id(paper_id) if isinstance(paper_id, str) else None
    if known is None and isinstance(paper_id, str) and record["paper"].keys() & _SITE_FIELDS:
        known = site_key(paper_id)
    if known is None or known == paper_id:
        return record, {}
    return {**record, "paper": {**record["paper"], "id": known}}, {"paper.id": paper_id}


def _is_blank(title: Any) -> bool:
    return not isinstance(title, str) or not title.strip()


def _parse_object(record: dict[str, Any], struct: type[T], path: str, odd: dict[str, Any]) -> T:
    known = payload_fields(struct)
    values: dict[str, Any] = {}
    for field in known.values():
        here = f"{path}{field.name}"
        if field.name not in record:
            if field.is_required:
                raise UnusableRecord("missing_field", here, f"The record has no {here}.")
            continue
        value, inner = record[field.name], dict[str, Any]()
        try:
            values[field.attribute] = _parse_value(value, field, here, inner)
            odd.update(inner)
        except UnusableRecord:
            if field.is_required:
                raise
            if value is not None:
                odd[here] = value
    odd.update((f"{path}{name}", value) for name, value in record.items() if name not in known)
    return struct(**values)


def _parse_value(value: Any, field: PayloadField, path: str, odd: dict[str, Any]) -> Any:
    if field.child is None:
        if field.value_type is datetime:
            return _parse_time(value, path, odd)
        try:
            value = msgspec.convert(value, field.value_type)
        except msgspec.ValidationError as error:
            raise UnusableRecord("bad_value", path, f"{path} can't be used: {error}.") from None
        if field.value_type == Text and value.isspace():
            raise UnusableRecord("bad_value", path, f"{path} can't be used: it is blank.")
        return value
    if not isinstance(value, list if field.is_list else dict):
        raise UnusableRecord("bad_value", path, f"{path} is of type {json_type(value)}, expected {field.json_type}.")
    if not field.is_list:
        return _parse_object(value, field.child, f"{path}.", odd)
    if len(value) > MAX_AUTHORS:
        raise UnusableRecord("bad_value", path, f"{path} has {len(value)} items, more than {MAX_AUTHORS}.")
    items = []
    for index, item in enumerate(value):
        here, inner = f"{path}[{index}]", dict[str, Any]()
        try:
            if not isinstance(item, dict):
                raise UnusableRecord("bad_value", here, f"{here} is of type {json_type(item)}, expected dict.")
            items.append(_parse_object(item, field.child, f"{here}.", inner))
            odd.update(inner)
        except UnusableRecord:
            odd[here] = item
    if value and not items:
        raise UnusableRecord("bad_value", path, f"{path} has no item that can be used.")
    return items


def _parse_time(value: Any, path: str, odd: dict[str, Any]) -> datetime:
    """A time of the source. A date alone is its midnight (UTC): the source itself sends midnight since 2026-04."""
    try:
        moment = msgspec.convert(value, datetime)
    except msgspec.ValidationError as error:
        try:
            moment = datetime.combine(msgspec.convert(value, date), time(), UTC)
        except msgspec.ValidationError:
            raise UnusableRecord("bad_value", path, f"{path} can't be used: {error}.") from None
        odd[path] = value
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise UnusableRecord("bad_value", path, f"{path} is in the year {moment.year}.")
    return moment


def json_type(value: Any) -> str:
    """The short name of a JSON type as used in the drift table: str, int, float, bool, list, dict, null."""
    return "null" if value is None else type(value).__name__


def depth_exceeds(value: Any, limit: int) -> bool:
    """Whether lists and objects nest deeper than ``limit``, found without recursion."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return any(isinstance(item, (dict, list)) for item in level)
