"""Seeded damage to decoded payloads: what arrives when a field is removed, retyped, repeated, renamed or nested."""

from __future__ import annotations

import copy
import random
from typing import Any

#: What may stand where something else belongs.
ODD_VALUES: list[Any] = [
    *(None, True, -1, 2.5, 10**25, "", "x", "\u0000", "../x", "'; drop table"),
    *([], {}, [[]], ["y"], {"a": {"b": 1}}),
]


def damage(records: list[Any], chance: random.Random, times: int) -> None:
    """Damage a list of records in place, up to ``times`` times; an empty list has nothing left to damage."""
    for _ in range(times):
        if not records:
            return
        _damage_once(records, chance)


def _damage_once(records: list[Any], chance: random.Random) -> None:
    container = chance.choice([found for found in _containers(records) if found])
    key = chance.choice(list(container) if isinstance(container, dict) else range(len(container)))
    match chance.randrange(5):
        case 0:
            del container[key]
        case 1:
            container[key] = copy.deepcopy(chance.choice(ODD_VALUES))
        case 2 if isinstance(container, list):
            container.insert(0, container[key])
        case 3:
            deep: Any = 1
            for _ in range(chance.choice([3, 40, 300])):
                deep = [deep] if chance.random() < 0.5 else {"deeper": deep}
            container[key] = deep
        case _ if isinstance(container, dict):
            container[chance.choice(["new", "paper", "_id", "id", "title", "upvotes", "organization"])] = container[key]


def _containers(value: Any, limit: int = 8) -> list[Any]:
    if not isinstance(value, (dict, list)):
        return []
    children = value.values() if isinstance(value, dict) else value
    inner = [found for child in children for found in _containers(child, limit - 1)] if limit else []
    return [value, *inner]
