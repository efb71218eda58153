"""What the dbt process of this folder leaves behind, for its tests to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class DbtSession:
    """What the dbt process left behind. ``results`` maps each step to unique id → result."""

    manifest: dict[str, Any]
    results: dict[str, dict[str, dict[str, Any]]]
    database: Path
    compiled: Path

    def nodes(self, resource_type: str) -> list[dict[str, Any]]:
        return [n for n in self.manifest["nodes"].values() if n["resource_type"] == resource_type]

    def models(self, *schemas: str) -> dict[str, dict[str, Any]]:
        return {n["name"]: n for n in self.nodes("model") if not schemas or n["schema"] in schemas}

    def compiled_test(self, name: str) -> str:
        """The SQL of a data test, naming tables as ``"next"."marts"."<table>"``."""
        (file,) = self.compiled.rglob(f"{name}.sql")
        return file.read_text(encoding="utf-8")
