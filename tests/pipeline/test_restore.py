"""`papers backup` and `papers restore`: after a lost home the same tables."""

from __future__ import annotations

import shutil
from pathlib import Path

from gate_pieces import listing

from tests.conftest import Papers


def test_a_destroyed_home_is_restored_with_the_same_tables(papers: Papers, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for day, count in (("2025-03-10", 4), ("2025-03-11", 5)):
        (files / f"{day}@{day}T220000Z.json").write_bytes(listing(day, count))
    for name, text in {
        "overrides/organization_overrides.csv": "action,listed_organization,organization,kind,reason\n",
        "subscriptions.yml": "subscriptions: []\n",
    }.items():
        (papers.home / name).parent.mkdir(parents=True, exist_ok=True)
        (papers.home / name).write_text(text)
    papers("import", files)
    tables = papers.tables()

    place = tmp_path / "backup"
    assert papers("backup", place, "--check", "--json").facts["captures"] == 2
    assert papers("backup", place).out.startswith("0 new captures")
    shutil.rmtree(papers.home)
    restored = papers("restore", place)
    assert "Restored the backup of" in restored.err and "2 captures" in restored.err
    assert papers.tables() == tables
    assert (papers.home / "overrides" / "organization_overrides.csv").exists()
    assert papers("status", "--json").facts["home"] == str(papers.home)
    again = papers("restore", place, expect=2).err
    assert again.startswith("Error: ") and "is not empty" in again and len(again.splitlines()) == 1
