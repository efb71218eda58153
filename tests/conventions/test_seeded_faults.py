"""The seeded faults are faults of this code, so that ``make faults`` measures what it says."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.conventions.seeded_faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_can_be_applied(fault: Fault) -> None:
    assert (ROOT / fault.path).read_text(encoding="utf-8").count(fault.old) == 1
    assert fault.new != fault.old


def test_every_kind_of_check_has_a_seeded_fault() -> None:
    assert len({fault.name for fault in FAULTS}) == len({fault.path + fault.old for fault in FAULTS}) == 12
