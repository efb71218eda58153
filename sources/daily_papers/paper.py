"""The details of one paper: the JSON object of ``/api/papers/{id}``.

The object is the ``paper`` of an entry of a listing, and since 2026-05 it counts the models, datasets and Spaces that
refer to the paper. Belongs here: the fields that only details have. Does not belong here: the fields of a paper
(``entries.py``). The linked models, datasets and Spaces themselves are not read; the landing archive has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from sources.daily_papers.entries import check_page, check_size, parse_pages
from sources.daily_papers.entry_cache import EntryCache
from sources.daily_papers.field_parser import json_type
from sources.daily_papers.formats import as_utf8, guarded
from sources.daily_papers.ids import canonical_id
from sources.daily_papers.payload_types import MAX_COUNT
from sources.daily_papers.records import FieldSeen, Listing, PaperTotals, Refusal
from sources.errors import FormatError

#: Field of the payload by the column of ``PaperTotals``.
_TOTALS = {"models": "numTotalModels", "datasets": "numTotalDatasets", "spaces": "numTotalSpaces"}
_LINKED = ("linkedModels", "linkedDatasets", "linkedSpaces")
#: Fields that an entry has beside its paper, and that some details have inside it.
_OF_THE_ENTRY = ("numComments",)
#: The place of a paper's fields in an entry.
_PREFIX = "paper."


def parse_paper(
    payloads: Sequence[bytes],
    *,
    listing_date: date | None = None,
    observed_at: datetime | None = None,
    cache: EntryCache | None = None,
) -> Listing:
    """One paper, as a listing of the kind ``paper`` with one entry and its totals. Field paths are the payload's.

    A total that is missing or is no count is refused, and the entry is used; a paper without id or upvotes is refused.
    Raises ``FormatError``: not_a_paper (no JSON object), not_json, not_utf8, too_large, too_deep.
    """
    with guarded():
        if len(payloads) != 1:
            raise FormatError(
                f"The details of a paper are one payload, not {len(payloads)}.", reason_code="not_a_paper"
            )
        check_size(payloads)
        fields = _split(check_page(as_utf8(payloads[0])))
        totals = {name: fields.pop(name) for name in (*_TOTALS.values(), *_LINKED) if name in fields}
        entry = {name: fields.pop(name) for name in _OF_THE_ENTRY if name in fields}
        record = msgspec.json.encode([{"paper": fields, **entry}])
        listing = parse_pages(
            [record], format="api_json", served_date=None, listing_date=None, cache=cache, kind="paper"
        )
        return _with_totals(listing, totals)


def is_paper(body: bytes) -> bool:
    """Whether a payload (UTF-8) is the details of one paper, by its content: an object with an arXiv id and upvotes."""
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    try:
        fields = _split(check_page(body))
        paper_id = msgspec.json.decode(fields["id"])
    except (FormatError, KeyError, ValueError, RecursionError):
        return False
    return isinstance(paper_id, str) and canonical_id(paper_id) is not None and "upvotes" in fields


def _split(body: bytes) -> dict[str, Raw]:
    try:
        return msgspec.json.decode(body, type=dict[str, Raw])
    except msgspec.ValidationError:
        raise FormatError(
            "The payload is no JSON object; expected the details of one paper.", reason_code="not_a_paper"
        ) from None
    except msgspec.DecodeError as error:
        raise FormatError(f"The payload is not JSON: {error}.", reason_code="not_json") from None
    except RecursionError:
        raise FormatError("The payload is JSON nested too deeply to be read.", reason_code="too_deep") from None


def _with_totals(listing: Listing, found: dict[str, Raw]) -> Listing:
    """The listing with the totals of its paper, and with the field paths of the payload."""
    values: dict[str, Any] = {name: msgspec.json.decode(found[name]) for name in _TOTALS.values() if name in found}
    refusals = [_as_in_payload(refusal) for refusal in listing.refusals]
    used = [entry.paper_id for entry in listing.entries] + [entry.paper_id for entry in listing.observations]
    counts: dict[str, int | None] = {}
    for column, name in _TOTALS.items():
        value = values.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
            counts[column] = value
        elif used:
            refusals.append(_refused_total(name, name in values, value))
    fields = [
        *(_as_seen(field) for field in listing.fields if field.path != "paper"),
        *(FieldSeen(name, json_type(value), 1, 1, True) for name, value in values.items()),
        *(FieldSeen(name, "list", 1, 1, True) for name in _LINKED if name in found),
    ]
    return replace(
        listing,
        refusals=tuple(refusals),
        fields=tuple(sorted(fields, key=lambda field: field.path)),
        totals=PaperTotals(used[0], True, **counts) if used and used[0] else None,
    )


def _refused_total(name: str, is_given: bool, value: Any) -> Refusal:
    return Refusal(
        position=1,
        reason_code="bad_value" if is_given else "missing_field",
        field_path=name,
        detail=(
            f"{name} can't be used: it is {json_type(value)} {str(value)[:40]!r}, expected a count."
            if is_given
            else f"The paper has no {name}; its other facts are used."
        ),
        record=msgspec.json.encode({name: value}) if is_given else b"{}",
    )


def _as_in_payload(refusal: Refusal) -> Refusal:
    path = refusal.field_path
    if path is None or not path.startswith(_PREFIX):
        return refusal
    own = path.removeprefix(_PREFIX)
    return replace(refusal, field_path=own, detail=refusal.detail.replace(path, own))


def _as_seen(field: FieldSeen) -> FieldSeen:
    return replace(field, path=field.path.removeprefix(_PREFIX))
