"""Twelve faults put into the product, one at a time: does the quick suite notice?

``make faults`` copies the checkout, applies one fault after the other and runs the tests that ``make test`` runs until
one fails. It prints the test that failed, and ends with 1 if more than one fault passes unnoticed.
``tests/conventions/test_seeded_faults.py`` checks that each fault can still be applied.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

#: Faults that may pass unnoticed.
MAX_UNNOTICED = 1


@dataclass(frozen=True)
class Fault:
    """A piece of product code (``old``, once in the file at ``path``) and what takes its place.

    ``tests`` are likely to notice and run first; the rest of the quick suite runs if they do not.
    """

    name: str
    path: str
    old: str
    new: str
    tests: str

    def apply(self, root: Path) -> None:
        """Change the file below ``root``. Raises ValueError when the code is not there exactly once."""
        file = root / self.path
        text = file.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} occurs {text.count(self.old)} times in {self.path}, not once")
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


FAULTS = (
    Fault(
        "the verdict filter is dropped",
        "dbt_project/models/staging/listings/stg_raw__entries.sql",
        "where load_id in (select load_id from {{ source('raw', 'loads') }} where verdict = 'accepted')",
        "",
        "tests/dbt/test_dbt_unit.py",
    ),
    Fault(
        "a gain is extrapolated to before the first observation",
        "dbt_project/models/marts/listings/fct_paper_upvotes_daily.sql",
        "when observation_count > 1 then upvotes - first_upvotes",
        "else upvotes",
        "tests/dbt/test_dbt_unit.py",
    ),
    Fault(
        "publication comes before the mart gate",
        "orchestration/pipeline.py",
        "    _stop_if_blocked(check_marts(settings, gx, worker, run_id, outcome))\n"
        "    publish(settings, worker, outcome)\n",
        "    publish(settings, worker, outcome)\n"
        "    _stop_if_blocked(check_marts(settings, gx, worker, run_id, outcome))\n",
        "tests/pipeline/test_crashes.py",
    ),
    Fault(
        "the first page is numbered 1",
        "sources/daily_papers/client.py",
        "self._query(listing_date, size, page)",
        "self._query(listing_date, size, page + 1)",
        "tests/unit/sources/test_source_client.py",
    ),
    Fault(
        "an error shows the token",
        "sources/http.py",
        "    return TransientError(_describe(causes), url=public_url(url))",
        "    headers = getattr(getattr(error, 'request', None), 'headers', None)\n"
        '    return TransientError(f"{_describe(causes)} ({headers})", url=public_url(url))',
        "tests/unit/sources/test_source_http.py",
    ),
    Fault(
        "New York is four hours behind UTC all year",
        "sources/daily_papers/submission.py",
        "timedelta(hours=4 if starts <= wall < ends else 5)",
        "timedelta(hours=4)",
        "tests/unit/sources",
    ),
    Fault(
        "quarantined records are not written",
        "warehouse/raw/reader.py",
        "self._refusals.add(load_id, listing.refusals)",
        "pass",
        "tests/unit",
    ),
    Fault(
        "cannot-link constraints are ignored",
        "warehouse/resolution/cluster_groups.py",
        "return not self._cannot_link.get(many, none).isdisjoint(few) or not all(",
        "return not all(",
        "tests/unit/resolution/test_cluster_groups.py",
    ),
    Fault(
        "an as-of macro leaves out the moment itself",
        "dbt_project/macros/table_macros.sql",
        "select * from {{ observations }} where observed_at <= {{ moment }}",
        "select * from {{ observations }} where observed_at < {{ moment }}",
        "tests/pipeline/test_as_of.py",
    ),
    Fault(
        "the report does not escape titles",
        "warehouse/report/site.py",
        "autoescape=True,",
        "autoescape=False,",
        "tests/pipeline/test_report.py",
    ),
    Fault(
        "the writer's lock is not taken",
        "warehouse/lock.py",
        "        _acquire(descriptor, timeout, on_wait)\n",
        "",
        "tests/pipeline/test_run.py",
    ),
    Fault(
        "migrations are skipped",
        "warehouse/raw/schema.py",
        "for statements in MIGRATIONS[version or 0 :] if version is not None else ():",
        "for statements in ():",
        "tests/unit/test_raw_versions.py",
    ),
)


def copy_checkout(target: Path) -> None:
    """The files that git tracks or would, as they are in the working tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def first_failure(checkout: Path, tests: str) -> str | None:
    """Run those of ``tests`` that ``make test`` runs, until one fails. Returns the failed test, or None.

    Raises RuntimeError when the tests could not run.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "--dist", "loadfile", "-m", "not slow", tests],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", done.stdout, re.MULTILINE)
    if not found:
        raise RuntimeError(f"the tests {tests} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return found.group(1)


def main(names: list[str]) -> int:
    chosen = [fault for fault in FAULTS if not names or any(name in fault.name for name in names)]
    unnoticed = 0
    for fault in chosen:
        with tempfile.TemporaryDirectory(prefix="papers-fault-") as folder:
            checkout = Path(folder) / "checkout"
            copy_checkout(checkout)
            fault.apply(checkout)
            failed = first_failure(checkout, fault.tests) or first_failure(checkout, "tests")
        unnoticed += failed is None
        print(f"{fault.name}: {failed or 'NOT NOTICED'}", flush=True)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} faults noticed.")
    return int(unnoticed > MAX_UNNOTICED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
