"""What broke a rule of a gate, as sentences for people and as facts for programs.

Belongs here: the words for a broken rule and for the loads that broke it. Not here: what a gate decides on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.gates.gx_runner import MAX_SAMPLE_ROWS


@dataclass(frozen=True)
class Failure:
    """A rule that did not hold: on how many of the checked rows, the first of them, why it matters, what to do.

    ``rows_are`` says what a row is: entries, listings or rows. ``listings`` are the names of the affected loads, in the
    order of ``load_ids``: the listing date, or where the load came from if it has no date.
    """

    rule: str
    severity: str
    unexpected: int
    sample: str
    reason: str
    remedy: str
    checked: int = 0
    rows_are: str = "rows"
    load_ids: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()
    #: What the rule found in the listings, where it says so in words: the names of fields, why a listing may be cut.
    findings: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Where, why it matters and what to do, without ids."""
        found = f" ({'; '.join(self.findings[:MAX_SAMPLE_ROWS])})" if self.findings else ""
        return f"{self.where}: {self.reason.removesuffix('.')}{found}. What to do: {self.remedy}."

    @property
    def where(self) -> str:
        """The listings that broke the rule, or the first rows of a table that did."""
        rows = f"{self.unexpected} {self.rows_are if self.unexpected != 1 else _SINGULAR[self.rows_are]}"
        if not self.listings:
            return f"{rows} ({self.sample.replace('=', ' ').replace('_', ' ')})" if self.sample else rows
        listings = name_listings(self.listings)
        return listings if self.rows_are == "listings" else f"{rows} of {listings[0].lower()}{listings[1:]}"

    @property
    def details(self) -> str:
        """The names that a person who looks into it needs."""
        loads = f"; loads {', '.join(self.load_ids[:MAX_SAMPLE_ROWS])}" if self.load_ids else ""
        more = f" and {len(self.load_ids) - MAX_SAMPLE_ROWS} more" if len(self.load_ids) > MAX_SAMPLE_ROWS else ""
        return f"rule {self.rule}, {self.unexpected} of {self.checked} {self.rows_are}{loads}{more}; {self.sample}"

    @property
    def facts(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "rows": self.unexpected,
            "judged": self.checked,
            "rows_are": self.rows_are,
            "listings": list(self.listings),
            "load_ids": list(self.load_ids),
            "sample": self.sample,
            "reason": self.reason,
            "what_to_do": self.remedy,
        }


_SINGULAR = {"entries": "entry", "listings": "listing", "rows": "row"}
#: How the names of loads start that are of no listing date (the column ``called`` of ``sql/batch/loads.sql``).
_NAMED_BY_KIND = ("the trending list", "the paper ")


def name_listing(name: str) -> str:
    """A load in a few words: ``the listing of 2026-09-15``, ``the trending list``, ``the paper 2609.00001``."""
    return name if name.startswith(_NAMED_BY_KIND) else f"the listing of {name}"


def name_listings(names: Sequence[str]) -> str:
    """Loads in a few words: ``The listing of 2026-09-15``, ``3 listings (2026-09-01 to 2026-09-03)``.

    Of other kinds than listings: ``5 loads (2026-09-01, 3 papers, the trending list)``.
    """
    if len(names) == 1:
        name = name_listing(names[0])
        return name[0].upper() + name[1:]
    different = sorted(set(names))
    others = [name for name in different if name.startswith(_NAMED_BY_KIND)]
    dated = [name for name in different if name not in others]
    papers = [name for name in others if name != _NAMED_BY_KIND[0]]
    named = dated if len(dated) <= 3 else [f"{dated[0]} to {dated[-1]}"]
    named += papers if len(papers) <= 1 else [f"{len(papers)} papers"]
    named += others[len(papers) :]
    return f"{len(names)} {'loads' if others else 'listings'} ({', '.join(named)})"
