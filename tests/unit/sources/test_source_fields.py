"""Counts of fields: a record counts the same whether it decoded strictly or was parsed field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sources.daily_papers.fields import FieldTally, entry_shape
from sources.daily_papers.payload_types import PayloadEntry, decode_entries
from sources.daily_papers.records import FieldSeen

MakeEntry = Callable[..., dict[str, Any]]


def _typed(*records: dict[str, Any]) -> list[PayloadEntry]:
    return decode_entries(json.dumps(records).encode())


def test_strict_and_walked_records_add_up(make_entry: MakeEntry) -> None:
    records = [make_entry(paper__authors=[{"name": "Ada Inventa"}]), make_entry("2504.00002")]
    tallies = FieldTally(), FieldTally(), FieldTally()
    for record, entry in zip(records, _typed(*records), strict=True):
        tallies[0].add_shape(entry_shape(entry))
        tallies[1].add_untyped(record)
    tallies[2].add_shape(entry_shape(_typed(records[0])[0]))
    tallies[2].add_untyped(records[1])
    strict, walked, mixed = (tally.seen() for tally in tallies)
    assert strict == walked == mixed
    authors = sum(len(record["paper"]["authors"]) for record in records)
    assert FieldSeen("paper.authors[].name", "str", authors, authors, True) in strict
    assert FieldSeen("paper.authors", "list", 2, 2, True) in strict


def test_entries_with_the_same_fields_share_their_shape(make_entry: MakeEntry) -> None:
    first, second, other = _typed(make_entry(), make_entry("2504.00002"), {**make_entry(), "upvoted": False})
    assert entry_shape(first) == entry_shape(second) != entry_shape(other)


def test_a_field_is_counted_at_the_object_that_could_have_held_it(make_entry: MakeEntry) -> None:
    tally = FieldTally()
    tally.add_untyped({**make_entry(), "paper.x": 1})  # a name with a dot is a field of the entry, not of the paper
    tally.add_untyped({"paper": None})
    seen = {field.path: field for field in tally.seen()}
    assert seen["paper.x"] == FieldSeen("paper.x", "int", 1, 2, False)
    assert (seen["paper"].types, seen["paper"].present) == ("dict|null", 2)
