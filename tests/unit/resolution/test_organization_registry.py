"""Organizations are matched with records of ROR by name, never by acronym, and what is unsure is left to a person."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from warehouse.resolution.organizations.registry import (
    NO_RECORD,
    Decision,
    Organization,
    Record,
    Registry,
    RegistryError,
    fold,
    main,
    match,
    read_decisions,
    read_records,
)

SEEDS = ROOT / "dbt_project" / "seeds"


def record(ror_id: str, name: str, country: str, kind: str = "education", **more: Any) -> Record:
    return Record(ror_id, name, tuple(more.pop("names", ())), country, frozenset({kind}), **more)


def organization(name: str, kind: str = "university", parent: str | None = None, *spellings: str) -> Organization:
    return Organization(name, kind, parent, (name, *spellings))


def matched(
    organizations: list[Organization], records: list[Record], **decisions: Decision
) -> dict[str, tuple[str, str]]:
    found, _ = match(organizations, Registry(records), decisions)
    return {name: (one.ror_id, rule) for name, (one, rule) in found.items()}


def test_names_are_equal_without_case_accents_and_small_words_but_in_order() -> None:
    assert fold("The University of Córdoba") == fold("universidad cordoba".replace("universidad", "University"))
    assert fold("Xi\u2019an Jiaotong University") == fold("Xi'an Jiaotong University")
    assert fold("York University") != fold("University of York")
    assert fold("HKUST (Guangzhou)") != fold("HKUST")


def test_the_name_comes_before_other_names_and_aliases() -> None:
    records = [record("1", "Alpha University", "US"), record("2", "Beta University", "FR", names=["Alpha University"])]
    assert matched([organization("The Alpha University")], records) == {"The Alpha University": ("1", "name")}
    assert matched([organization("AU", "university", None, "Beta University")], records) == {"AU": ("2", "alias")}


def test_short_aliases_and_acronyms_match_nothing() -> None:
    records = [record("1", "Great Zimbabwe University", "ZW", names=["GZU"]), record("2", "SAIL", "NO")]
    assert matched([organization("Guizhou University", "university", None, "gzu", "sail")], records) == {}


def test_the_head_office_is_the_parent_of_the_others() -> None:
    records = [
        record("1", "Search (Canada)", "CA", "company", parents=frozenset({"2"})),
        record("2", "Search (United States)", "US", "company", children=frozenset({"1"})),
        record("3", "Search (France)", "FR", "company"),
    ]
    assert matched([organization("Search", "company")], records) == {"Search": ("2", "name")}
    assert matched([organization("Search", "company")], [records[0], records[2]]) == {}


def test_a_namesake_of_another_kind_or_country_is_left_to_a_person() -> None:
    namesakes = [record("1", "North University", "US"), record("2", "North University", "PH")]
    found, left = match([organization("North University")], Registry(namesakes), {})
    assert found == {} and len(left) == 1 and "North University" in left[0]
    assert matched([organization("North University", "company")], namesakes[:1]) == {}
    assert matched([organization("North University", "community")], namesakes[:1]) == {}


def test_a_company_with_another_country_than_its_name_says_matches_nothing() -> None:
    others = [record(str(number), f"Firm {number} (Canada)", "CA", "company") for number in range(2)]
    assert matched([organization("Robot", "company")], [record("9", "Robot (Canada)", "IR", "company"), *others]) == {}


def test_a_part_matches_a_record_of_its_parents_country_and_never_its_parents_record() -> None:
    whole = organization("Whole University")
    records = [
        record("1", "Whole University", "US", names=["Whole Research"]),
        record("2", "Coastline", "US"),
        record("3", "Seabright", "DK"),
        record("4", "Overseas", "DK", parents=frozenset({"1"})),
    ]
    parts = [organization(name, "university", "Whole University") for name in ("Coastline", "Seabright", "Overseas")]
    research = organization("Whole Research", "university", "Whole University")
    assert matched([*parts, research, whole], records) == {
        "Whole University": ("1", "name"),
        "Coastline": ("2", "name"),
        "Overseas": ("4", "name"),
    }
    assert matched(parts, records) == {}


def test_decisions_come_first_and_must_name_a_record_with_a_country() -> None:
    records = [record("1", "Alpha University", "US"), Record("2", "Mentioned University")]
    alpha = organization("Alpha University")
    none = {"Alpha University": Decision(NO_RECORD, "")}
    assert match([alpha], Registry(records), none) == ({}, [])
    other = {"Alpha University": Decision("2", "CL")}
    found, _ = match([alpha], Registry(records), other)
    assert (found["Alpha University"][0].country_code, found["Alpha University"][1]) == ("CL", "reviewed")
    for ror_id in ("2", "missing"):
        with pytest.raises(RegistryError, match=ror_id):
            match([alpha], Registry(records), {"Alpha University": Decision(ror_id, "")})


def _row(ror_id: str, status: str = "active", **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"names": [], "types": ["Education"], "country": "US", "relationships": []}
    return {"id": ror_id, "name": ror_id, "status": status, **empty, **more}


def test_mentioned_records_are_read_without_country_and_inactive_ones_are_not(tmp_path: Path) -> None:
    relations = [{"type": kind, "id": one, "label": one} for kind, one in (("Parent", "m"), ("child", "i"))]
    rows = [_row("a", relationships=relations), _row("i", "inactive")]
    file = tmp_path / "ror.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    records = {one.ror_id: one for one in read_records(file)}
    assert set(records) == {"a", "m"}
    assert records["a"].parents == {"m"} and records["m"].country_code == "" and not records["m"].types


@pytest.mark.parametrize("text", ["", "{}", "not JSON"])
def test_a_file_without_records_is_refused_and_the_seed_stays(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (SEEDS / "organization_registry.csv").read_bytes()
    file = tmp_path / "ror.jsonl"
    file.write_text(text, encoding="utf-8")
    assert main([str(file), "v2.9", "2026-11-28"]) == 2
    assert "Nothing is written" in capsys.readouterr().err
    assert main([str(file)]) == 2
    assert (SEEDS / "organization_registry.csv").read_bytes() == before


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_seeds_have_ids_and_countries_in_their_form_and_a_release() -> None:
    for row in _seed("organization_registry.csv"):
        assert re.fullmatch(r"https://ror\.org/0[a-z0-9]{8}", row["ror_id"]), row
        assert re.fullmatch("[A-Z]{2}", row["country_code"]), row
        assert row["release"] and row["received_on"], row
    for row in _seed("organization_countries.csv"):
        assert row["country_code"] or row["ror_id"], row
        assert re.fullmatch("[A-Z]{2}|", row["country_code"]), row
        assert row["reason"], row
        assert row["source"] or row["ror_id"], row


def test_the_registry_seed_follows_the_decisions() -> None:
    written = {row["organization"]: row for row in _seed("organization_registry.csv")}
    for name, decision in read_decisions(SEEDS / "organization_countries.csv").items():
        if decision.ror_id == NO_RECORD:
            assert name not in written
        else:
            assert (written[name]["ror_id"], written[name]["rule"]) == (decision.ror_id, "reviewed")


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("Northeastern University", "US"),
        ("The Hong Kong University of Science and Technology", "HK"),
        ("The Hong Kong University of Science and Technology (Guangzhou)", "CN"),
        ("The Chinese University of Hong Kong, Shenzhen", "CN"),
        ("Google", "US"),
        ("Google DeepMind", "GB"),
        ("Bosch", "DE"),
        ("York University", "CA"),
    ],
)
def test_known_namesakes_are_apart(name: str, country: str) -> None:
    found = {row["organization"]: row["country_code"] for row in _seed("organization_registry.csv")}
    assert found[name] == country
