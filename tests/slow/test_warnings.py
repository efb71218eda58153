"""No command prints a warning of Python in normal use, and none of this project's modules uses what is deprecated."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.replay import ReplayServer
from tests.conftest import ROOT, SAMPLE, Papers
from tests.conventions.test_imports import modules_of

#: Deprecations that this project's modules cause are errors: Python names a module in full, so each is listed.
FILTERS = ",".join(
    f"error::{category}:{'.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')}"
    for package in ("orchestration", "sources", "warehouse")
    for path in modules_of(package)
    for category in ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
)
#: Python writes `file.py:12: UserWarning: …`.
WARNING = re.compile(r"^\S+:\d+: \w*Warning: |Traceback", re.M)
#: Serve until they are stopped; tests/pipeline/test_ui.py reads what `ui` prints.
SERVERS = {"ui"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_no_command_prints_a_warning(demo: Papers, tmp_path: Path, new_home: Callable[[str], Papers]) -> None:
    """All commands but the servers, on a copy of the demo's home and on one with imported files."""
    from typer.main import get_command

    from orchestration.commands import cli

    demo_home = demo.copy(tmp_path / "demo")
    imported = new_home("warnings")
    saved = tmp_path / "2026-09-01@2026-09-01T080000Z.json"
    saved.write_bytes(gzip.decompress((SAMPLE / f"{saved.name}.gz").read_bytes()))
    paper = demo_home.value("select min(paper_id) from marts.dim_papers")
    author = demo_home.value("select min(author_id) from marts.dim_authors")
    with ReplayServer(SAMPLE) as site:
        environment = {"PAPERS_ENDPOINT": site.url, "PYTHONWARNINGS": FILTERS}
        calls: list[tuple[Papers, tuple[str | Path, ...]]] = [
            (demo_home, ("run", "--date", "2026-09-20", "--lookback", "2", "--profile")),
            (demo_home, ("plan",)),
            (demo_home, ("backfill", "--from", "2026-09-01", "--to", "2026-09-02")),
            (imported, ("import", saved)),
            (demo_home, ("rebuild",)),
            (demo_home, ("status",)),
            (demo_home, ("doctor",)),
            (demo_home, ("doctor", "--archive")),
            (demo_home, ("sql", "select count(*) from dim_papers")),
            (demo_home, ("query", "rising_now")),
            (demo_home, ("query", "rising_now", "--format", "parquet", "--output", tmp_path / "rows.parquet")),
            (demo_home, ("search", "speech")),
            (demo_home, ("similar", paper)),
            (demo_home, ("cite", paper)),
            (demo_home, ("explain", "author", author)),
            (demo_home, ("review",)),
            (demo_home, ("evaluate", SAMPLE.parent / "labelled_mentions.jsonl")),
            (demo_home, ("report",)),
            (demo_home, ("digest", "--min-upvotes", "10")),
            (demo_home, ("feeds",)),
            (demo_home, ("release", tmp_path / "release")),
            (demo_home, ("backup", tmp_path / "backup", "--check")),
            (imported, ("handover", "--to", tmp_path / "handover", "--check")),
            (demo_home, ("docs", "--no-serve")),
            (Papers(tmp_path / "restored"), ("restore", tmp_path / "backup")),
        ]
        known = set(get_command(cli.app).commands)  # type: ignore[attr-defined]
        called = {str(words[0]) for _, words in calls}
        # `accept` needs a rejected load, `demo` made the home.
        assert known - called == SERVERS | {"accept", "demo"}
        for papers, words in calls:
            if words[0] in known:
                done = papers.in_subprocess(*words, **environment)
                assert not WARNING.search(done.err), (words, done.err)
