"""The accuracy on names and months that chose no parameter, measured on the real sets where they are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from warehouse.resolution.evaluation.benchmarks import read_set
from warehouse.resolution.evaluation.validation import validate_months, validate_names

DOCUMENT = (ROOT / "docs" / "resolution.md").read_text(encoding="utf-8")
#: A documented figure may differ by this from the one measured.
MAX_DIFFERENCE = 0.005
#: Accuracy on new mentions may fall by this from one year of listings to the next.
MAX_FALL = 0.01


def documented(first_cell: str) -> list[float]:
    """The four-digit figures in the row of docs/resolution.md that starts with a cell."""
    row = re.search(rf"^\| {re.escape(first_cell)} \|.*$", DOCUMENT, re.MULTILINE)
    assert row, first_cell
    return [float(figure) for figure in re.findall(r"\d?\.\d{4}", row[0])]


@pytest.mark.timeout(1200)
def test_accuracy_holds_on_names_that_chose_no_parameter(shared_data: Path) -> None:
    found = dict(validate_names(read_set(shared_data / "normalization" / "aminer110")))
    assert found["10 folds over names"].mean >= 0.81
    assert found["10 folds over names"].names == found["parameters in use"].names == 53
    for label, one in found.items():
        assert documented(label) == pytest.approx([one.mean, one.low, one.high], abs=MAX_DIFFERENCE), label


@pytest.mark.timeout(1200)
def test_accuracy_holds_month_by_month(shared_data: Path) -> None:
    months = [month for month in validate_months(shared_data / "listings") if "2024-06" <= month.month <= "2025-12"]
    assert len(months) == 19
    for month in months:
        figures = [month.f1, month.f1_of_folded_names, month.f1_of_persons]
        assert documented(month.month) == pytest.approx(figures, abs=MAX_DIFFERENCE), month.month

    def mean(year: str, figure: str) -> float:
        of_year = [month for month in months if month.month.startswith(year)]
        return float(np.average([getattr(m, figure) for m in of_year], weights=[m.mentions for m in of_year]))

    assert mean("2025", "f1_of_persons") >= mean("2024", "f1_of_persons") - MAX_FALL
    gain = {year: mean(year, "f1") - mean(year, "f1_of_folded_names") for year in ("2024", "2025")}
    assert gain["2025"] >= gain["2024"]
