"""The reviewed list of organizations does not contradict itself."""

import csv
from collections import defaultdict

from tests.conftest import ROOT

SEED = ROOT / "dbt_project" / "seeds" / "organization_aliases.csv"
KINDS = {"company", "university", "institute", "community", "government", "nonprofit", "hospital"}


def _rows() -> list[dict[str, str]]:
    with SEED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_has_a_kind_and_a_reason_and_says_same_part_of_or_alone() -> None:
    for row in _rows():
        assert row["kind"] in KINDS, row
        assert row["reason"].split(":")[0] in {"same", "part of", "alone"}, row
        assert row["parent"] or not row["reason"].startswith("part of"), row


def test_an_organization_has_one_kind_and_one_parent_at_a_time() -> None:
    kinds, parents = defaultdict(set), defaultdict(set)
    for row in _rows():
        kinds[row["organization"]].add(row["kind"])
        parents[row["organization"], row["valid_from"]].add((row["parent"], row["valid_to"]))
    assert [name for name, found in kinds.items() if len(found) > 1] == []
    assert [name for name, found in parents.items() if len(found) > 1] == []


def test_an_alias_means_one_organization_and_every_parent_is_one_of_the_list() -> None:
    rows = _rows()
    meaning = defaultdict(set)
    for row in rows:
        meaning[row["alias"].lower()].add(row["organization"])
    assert [alias for alias, found in meaning.items() if len(found) > 1] == []
    listed = {row["organization"] for row in rows}
    assert {row["parent"] for row in rows if row["parent"]} <= listed
    assert not any(row["parent"] == row["organization"] for row in rows)
