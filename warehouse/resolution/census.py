"""How common given names and surnames are in a census: names that the listings hold seldom may be common elsewhere.

Here: the table that ships, how likely a namesake is by it, and the command that writes it. Not here: the counts of the
listings (``statistics``). The table counts given names and surnames apart; it holds no name of a person, and nothing is
concluded about one.

``python -m warehouse.resolution.census FOLDER`` writes ``census_names.json`` from the files ``dist.male.first``,
``dist.female.first`` and ``dist.all.last`` of the U.S. Census Bureau, which the PyPI package ``names`` 0.3.0 contains.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from warehouse.resolution.names import Relation, fold, unumlaut

TABLE = Path(__file__).with_name("census_names.json")
#: What the table says about itself.
FACTS = {
    "source": "U.S. Census Bureau, Frequently Occurring Surnames and First Names from the 1990 Census",
    "date": "1990-04-01",
    "licence": "Public domain (a work of the U.S. government, 17 U.S.C. 105)",
    "unit": "persons with the name in a million; given names: the mean of the male and the female table",
}
MILLION = 1_000_000
#: Rarer names are not shipped: they are many, and a name with one of them has no expected namesake.
MIN_PER_MILLION = 20


@dataclass(frozen=True, slots=True)
class CensusNames:
    """The shares of persons with each given name and surname, and with a given name that starts with some letters."""

    given: dict[str, float]
    surnames: dict[str, float]
    prefixes: Counter[str]

    def chance(self, relation: Relation) -> float:
        """The probability that the name of a person of the census fits too, given name and surname being independent.

        The last shared word is the surname. 0 where the census has not all words.
        """
        *given, (_, surname) = relation.shared
        chance = self.surnames.get(unumlaut(surname), 0.0) if given else 0.0
        for how, word in given:
            if how == "initial" or len(word) == 1:
                chance *= self.prefixes[word[0]]
            elif how == "short":
                chance *= self.prefixes[unumlaut(word)]
            else:
                chance *= self.given.get(unumlaut(word), 0.0)
        return chance


@cache
def census_names() -> CensusNames:
    """The table that ships."""
    facts = json.loads(TABLE.read_text(encoding="utf-8"))
    given, surnames = (
        {name: count / MILLION for name, count in facts[part].items()} for part in ("given_names", "surnames")
    )
    prefixes: Counter[str] = Counter()
    for name, share in given.items():
        for length in range(1, len(name) + 1):
            prefixes[name[:length]] += share
    return CensusNames(given, surnames, prefixes)


def read_shares(file: Path) -> dict[str, float]:
    """The share of persons with each name, of a file of the Census Bureau: name, per cent, and two more columns."""
    shares: dict[str, float] = {}
    for line in file.read_text(encoding="ascii").splitlines():
        name, per_cent, *_ = line.split()
        key = unumlaut(fold(name))
        shares[key] = shares.get(key, 0.0) + float(per_cent) / 100
    return shares


def write_table(folder: Path, table: Path = TABLE) -> int:
    """Write the table from the three files of the Census Bureau; returns how many names it has."""
    male, female = (read_shares(folder / f"dist.{sex}.first") for sex in ("male", "female"))
    given = {name: (male.get(name, 0.0) + female.get(name, 0.0)) / 2 for name in {*male, *female}}
    parts = {"given_names": given, "surnames": read_shares(folder / "dist.all.last")}
    counts = {
        part: {name: count for name in sorted(shares) if (count := round(shares[name] * MILLION)) >= MIN_PER_MILLION}
        for part, shares in parts.items()
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in {**FACTS, **counts}.items()]
    table.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return sum(map(len, counts.values()))


def main(arguments: list[str]) -> int:
    """Write the table; returns the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        count = write_table(Path(arguments[0]))
    except (OSError, ValueError) as error:
        print(f"Nothing is written: {error}", file=sys.stderr)
        return 2
    print(f"{count:,} names in {TABLE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
