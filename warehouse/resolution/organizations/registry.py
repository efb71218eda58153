"""Matches the reviewed organizations with the Research Organization Registry (ROR, CC0) and writes the matched rows.

``python -m warehouse.resolution.organizations.registry FILE RELEASE DATE`` reads FILE, the records of ROR (JSON lines,
gzipped or not), the seeds ``organization_aliases.csv`` and ``organization_countries.csv``, and writes the seed
``organization_registry.csv``, which a person reviews. RELEASE is ROR's release, DATE the day when it was received. It
prints what the rules leave open. Runs of the pipeline read the seed only. Which organizations are one, and which are
part of another, is decided elsewhere (docs/resolution.md).
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from warehouse.settings import DBT_PROJECT

SEEDS = DBT_PROJECT / "seeds"
#: Instead of a ROR id in ``organization_countries.csv``: no record is this organization, whatever the rules find.
NO_RECORD = "none"

#: Words that names have or lack at will.
_SMALL_WORDS = frozenset(["the", "of", "at", "for", "and", "de"])
_WORD = re.compile(r"\w+")
#: The country after a company's name: ``Google (Canada)``.
_BRACKET = re.compile(r"\s*\(([^()]*)\)$")
#: The types of a record that an organization of a kind can have. Kinds that are missing here have no record.
_TYPES = {
    "university": {"education"},
    "company": {"company"},
    "institute": {"facility", "nonprofit", "government", "education", "other", "archive"},
    "government": {"government", "facility", "other"},
    "nonprofit": {"nonprofit", "facility", "other", "education", "archive"},
    "hospital": {"healthcare"},
}
#: An alias with fewer letters is an acronym or a short slug. Those match too much: of eleven organizations with an
#: acronym that is also the web domain of a record, four were other institutions (2026-11-28).
_MIN_ALIAS_LETTERS = 8


class RegistryError(Exception):
    """An input that cannot be used, in a sentence."""


@dataclass(frozen=True, slots=True)
class Record:
    """One active record of ROR. ``types`` in lower case; ``parents`` and ``children`` are ROR ids.

    A record that FILE only mentions, as the relation of another, has no type and country: a person can decide on it,
    no rule finds it.
    """

    ror_id: str
    name: str
    names: tuple[str, ...] = ()
    country_code: str = ""
    types: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()

    @property
    def base_name(self) -> str:
        """The name, of a company without its country: ``Google`` of ``Google (Canada)``."""
        return _BRACKET.sub("", self.name) if self.bracket else self.name

    @property
    def bracket(self) -> str:
        """The country in brackets after a company's name; "" without one."""
        found = _BRACKET.search(self.name) if "company" in self.types else None
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Organization:
    """One organization of the reviewed list, with every spelling (slugs and names) and its parent's name."""

    name: str
    kind: str
    parent: str | None
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision: a ROR id or ``NO_RECORD``, and the country where ROR has none or another; else ""."""

    ror_id: str
    country_code: str


@dataclass(frozen=True, slots=True)
class Match:
    """One row of the seed: an organization, its record, and the rule that matched them."""

    organization: str
    ror_id: str
    ror_name: str
    country_code: str
    rule: str
    release: str
    received_on: str


def fold(name: str) -> str:
    """The words of a name that distinguish it, in order: no case, accents, punctuation or small words."""
    decomposed = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
    words = _WORD.findall(re.sub(r"['’`]", "", bare).replace("_", " "))
    return " ".join(word for word in words if word not in _SMALL_WORDS)


def read_records(file: Path) -> list[Record]:
    """The active records of ROR, and those that they mention, by id. RegistryError: the file has no such records."""
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        active = {row["id"]: _record(row) for row in rows if row["status"] == "active"}
        mentioned = {one["id"]: Record(one["id"], one["label"]) for row in rows for one in row["relationships"]}
        inactive = {row["id"] for row in rows} - active.keys()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{file} has no records of ROR as JSON lines ({error}).") from error
    if not active:
        raise RegistryError(f"{file} has no active record of ROR.")
    found = {**mentioned, **active}
    return [found[ror_id] for ror_id in sorted(found.keys() - inactive)]


def _record(row: Mapping[str, Any]) -> Record:
    related: dict[str, set[str]] = defaultdict(set)
    for relation in row["relationships"]:
        related[relation["type"].lower()].add(relation["id"])
    return Record(
        row["id"],
        row["name"],
        tuple(row["names"]),
        row["country"],
        frozenset(kind.lower() for kind in row["types"]),
        frozenset(related["parent"]),
        frozenset(related["child"]),
    )


def read_organizations(seed: Path) -> list[Organization]:
    """The organizations of ``organization_aliases.csv``, by name; the parent is that of today."""
    kinds: dict[str, str] = {}
    parents: dict[str, str] = {}
    spellings: dict[str, dict[str, None]] = defaultdict(dict)
    for row in _rows(seed):
        kinds[row["organization"]] = row["kind"]
        spellings[row["organization"]][row["alias"]] = None
        if row["parent"] and not row["valid_to"]:
            parents[row["organization"]] = row["parent"]
    return [Organization(name, kinds[name], parents.get(name), tuple(spellings[name])) for name in sorted(kinds)]


def read_decisions(seed: Path) -> dict[str, Decision]:
    """The decisions about ROR ids of ``organization_countries.csv``, by organization."""
    return {row["organization"]: Decision(row["ror_id"], row["country_code"]) for row in _rows(seed) if row["ror_id"]}


def _rows(seed: Path) -> list[dict[str, str]]:
    with seed.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Registry:
    """The records of ROR by folded name and by other folded name."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.by_id = {record.ror_id: record for record in records}
        self._names: dict[str, list[Record]] = defaultdict(list)
        self._other_names: dict[str, list[Record]] = defaultdict(list)
        countries = _bracket_countries(self.by_id.values())
        for record in self.by_id.values():
            # A few companies have another country than their name says. Which one is right, a person decides.
            if countries.get(record.bracket, record.country_code) != record.country_code:
                continue
            for key in {fold(record.name), fold(record.base_name)}:
                self._names[key].append(record)
            for key in {fold(name) for name in record.names}:
                self._other_names[key].append(record)

    def find(self, organization: Organization) -> tuple[Sequence[Record], str]:
        """The records of the first rule that has any for the organization, and that rule."""
        own = [fold(organization.name)]
        aliases = [fold(name) for name in organization.spellings]
        aliases = [name for name in aliases if len(name.replace(" ", "")) >= _MIN_ALIAS_LETTERS]
        rules = (
            ("name", self._names, own),
            ("other name", self._other_names, own),
            ("alias", self._names, aliases),
            ("alias, other name", self._other_names, aliases),
        )
        allowed = _TYPES.get(organization.kind, set())
        for rule, index, keys in rules:
            found = {one.ror_id: one for key in keys for one in index.get(key, ()) if one.types & allowed}
            if found:
                return head_offices(list(found.values())), rule
        return [], ""


def _bracket_countries(records: Iterable[Record]) -> dict[str, str]:
    """The country code that most companies with the same text in brackets have."""
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        if record.bracket:
            codes[record.bracket][record.country_code] += 1
    return {bracket: counts.most_common(1)[0][0] for bracket, counts in codes.items()}


def head_offices(records: Sequence[Record]) -> Sequence[Record]:
    """Of several records, those that are parents of the others: Google (United States) of Google's eight."""
    ids = {record.ror_id for record in records}
    heads = [record for record in records if not record.parents & ids]
    above = [record for record in heads if record.children & ids]
    return above or heads


def match(
    organizations: Sequence[Organization], registry: Registry, decisions: Mapping[str, Decision]
) -> tuple[dict[str, tuple[Record, str]], list[str]]:
    """Organization → record and rule; and a sentence for each organization that is left to a person.

    A part of another organization matches by rule only a record that is related to its parent's or in its country:
    names of labs are short and many. RegistryError: a decision names a record that is missing or has no country.
    """
    found: dict[str, tuple[Record, str]] = {}
    left: list[str] = []
    for organization in organizations:
        decision = decisions.get(organization.name)
        if decision is not None:
            if decision.ror_id != NO_RECORD:
                found[organization.name] = _decided(organization, decision, registry), "reviewed"
            continue
        records, rule = registry.find(organization)
        if len(records) == 1:
            found[organization.name] = records[0], rule
        elif records:
            left.append(f"{organization.name}: {', '.join(f'{one.name} ({one.ror_id})' for one in records)}")
    for organization in organizations:
        if organization.parent is None or organization.name not in found:
            continue
        record, rule = found[organization.name]
        parent = found.get(organization.parent, (None, ""))[0]
        if rule != "reviewed" and not _is_part(record, parent):
            del found[organization.name]
            if record != parent:
                left.append(
                    f"{organization.name} of {organization.parent}: {record.name} ({record.ror_id}) is elsewhere"
                )
    return found, left


def _decided(organization: Organization, decision: Decision, registry: Registry) -> Record:
    record = registry.by_id.get(decision.ror_id)
    if record is None or not (decision.country_code or record.country_code):
        lack = "is not active" if record is None else "has no country in the file: state it"
        raise RegistryError(f"{decision.ror_id}, decided for {organization.name}, {lack}.")
    return replace(record, country_code=decision.country_code or record.country_code)


def _is_part(record: Record, parent: Record | None) -> bool:
    """Whether a record can be of a part of the organization with the record ``parent``; it is never the same one."""
    if parent is None or record.ror_id == parent.ror_id:
        return False
    return record.country_code == parent.country_code or parent.ror_id in record.parents | record.children


def write(matches: Iterable[Match], seed: Path) -> None:
    """Write the seed, sorted by organization."""
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Match)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in sorted(matches, key=lambda row: row.organization))


def main(arguments: list[str]) -> int:
    """Match and write the seed; returns the exit code."""
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    file, release, received_on = arguments
    try:
        date.fromisoformat(received_on)
        registry = Registry(read_records(Path(file)))
        organizations = read_organizations(SEEDS / "organization_aliases.csv")
        decisions = read_decisions(SEEDS / "organization_countries.csv")
        found, left = match(organizations, registry, decisions)
    except (OSError, ValueError, RegistryError) as error:
        print(f"Nothing is written: {error}", file=sys.stderr)
        return 2
    write(
        (
            Match(name, record.ror_id, record.name, record.country_code, rule, release, received_on)
            for name, (record, rule) in found.items()
        ),
        SEEDS / "organization_registry.csv",
    )
    print("\n".join(left))
    print(f"{len(found)} of {len(organizations)} organizations have a record; {len(left)} are left to a person.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
