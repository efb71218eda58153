"""A rule of a gate, and a suite of rules. The rules themselves: ``batch_rules`` and ``mart_rules``.

Imports nothing slow: ``gx_runner`` makes a Great Expectations object of a rule by its class name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Severity = Literal["error", "warning"]
_SQL = files(__package__) / "sql"


@dataclass(frozen=True)
class Rule:
    """One expectation on one frame.

    ``expectation`` is the class name in ``great_expectations.expectations``, ``arguments`` its arguments.
    An ``error`` rejects the loads (or blocks the publication) that fail it, a ``warning`` passes and is shown.
    """

    name: str
    frame: str
    expectation: str
    arguments: dict[str, Any]
    severity: Severity
    reason: str
    remedy: str


@dataclass(frozen=True)
class Suite:
    """Rules of one gate. ``keys``: by frame, the columns that identify a row in a result."""

    name: str
    rules: tuple[Rule, ...]
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def rule(self, name: str) -> Rule:
        """The rule of that name."""
        return next(rule for rule in self.rules if rule.name == name)


@cache
def read_query(name: str) -> str:
    """The text of ``sql/<name>.sql``, without its header comment."""
    lines = _SQL.joinpath(f"{name}.sql").read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.strip() and not line.startswith("--"))
    return "".join(lines[first:])


def read_queries(folder: str) -> dict[str, str]:
    """The queries of a folder below ``sql``, by file name without its ending."""
    names = sorted(file.name.removesuffix(".sql") for file in (_SQL / folder).iterdir() if file.name.endswith(".sql"))
    return {name: read_query(f"{folder}/{name}") for name in names}
