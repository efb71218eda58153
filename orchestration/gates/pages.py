"""The Data Docs: one page for each gate and run, and the index of the last runs.

A page says first whether the gate passed and what broke which rule; then come all rules, and Great Expectations' own
results. It runs no script and loads nothing. Belongs here: the pages and where they lie. Not here: what a gate decides.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape, unescape
from pathlib import Path

from orchestration.gates.failures import Failure
from orchestration.gates.gx_runner import SuiteResult
from orchestration.gates.rules import Suite
from warehouse.display import plural
from warehouse.files import make_folder
from warehouse.publication.publish import writing
from warehouse.settings import Settings

#: Runs in the index; it is written twice a run, so its size must not grow with history.
INDEXED_RUNS = 100
#: Names of the gates by that of their suites.
GATES = {"batch": "Batch gate", "marts": "Mart gate"}
#: What an error does.
_EFFECTS = {"batch": "rejects the load", "marts": "blocks the publication"}
_TITLE = re.compile("<title>(.*?)</title>")

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border:1px solid #d0d7de;padding:.35rem .6rem;
text-align:left;vertical-align:top;overflow-wrap:break-word}td:last-child{overflow-wrap:anywhere}h1{font-size:1.4rem}h2,summary{font-size:1.15rem}
h5{font-size:1rem;margin:1rem 0 0}code{background:#eef1f4;padding:.05rem .3rem}.text-success,.held{color:#1a7f37}
.text-danger,.error{color:#cf222e}.warning{color:#9a6700}.popover-body,.d-none,.modal{display:none}
.fa-check-circle::before{content:"held"}.fa-times::before{content:"broken"}.fa-exclamation-triangle::before{
content:"could not be run"}.fas{font-style:normal}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}td,th{border-color:#30363d}a{color:#58a6ff}
code{background:#21262d}.text-success,.held{color:#3fb950}.text-danger,.error{color:#f85149}.warning{color:#d29922}}
"""


def write_page(
    settings: Settings,
    run_id: str,
    suite: Suite,
    suite_result: SuiteResult,
    *,
    verdict: str,
    failures: Sequence[Failure],
    checked_at: datetime,
) -> str:
    """Write the page of a gate and list it in the index. Returns its path below the Data Docs folder.

    ``verdict`` completes the page's title in a few words. Raises HomeError when the folder can't be written.
    """
    title = f"{GATES[suite.name]}, {checked_at:%Y-%m-%d %H:%M} UTC: {verdict}"
    with writing(str(settings.data_docs)):
        folder = settings.data_docs / run_id
        make_folder(settings.data_docs)
        folder.mkdir(parents=True, exist_ok=True)
        page = folder / f"{suite.name}.html"
        page.write_text(_page(title, run_id, suite, suite_result, failures), encoding="utf-8")
        _write_index(settings.data_docs)
    return f"{run_id}/{suite.name}.html"


def _page(title: str, run_id: str, suite: Suite, suite_result: SuiteResult, failures: Sequence[Failure]) -> str:
    broken = {failure.rule: failure.severity for failure in failures}
    violations = [
        (failure.severity, failure.where, failure.reason, f"{failure.remedy}.", failure.rule, failure.sample)
        for failure in failures
    ]
    rules = []
    for rule_result in suite_result.rule_results:
        rule = suite.rule(rule_result.rule)
        result = "could not be run" if rule_result.error else broken.get(rule.name, "held")
        effect = "warns" if rule.severity == "warning" else _EFFECTS[suite.name]
        rules.append((result, rule.name, rule.reason, effect))
    return _document(
        title,
        f'<p><a href="../index.html">All runs</a> · run {escape(run_id)}</p>'
        + (
            _table(("severity", "where", "why it matters", "what to do", "rule", "first rows"), violations)
            if violations
            else ""
        )
        + _table(("result", "rule", "what breaks it", "what it does then"), rules)
        + "<details><summary>The results of Great Expectations, by column</summary>"
        + "".join(suite_result.details)
        + "</details>",
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the look of its cell (``_STYLE``)."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f'<tr><td class="{escape(first)}">{escape(first)}</td>'
        + "".join(f"<td>{escape(text)}</td>" for text in others)
        + "</tr>"
        for first, *others in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _write_index(folder: Path) -> None:
    runs = sorted((f for f in os.scandir(folder) if f.is_dir()), key=lambda f: -f.stat().st_mtime)
    pages = [page for run in runs[:INDEXED_RUNS] for page in sorted(Path(run.path).glob("*.html"), reverse=True)]
    links = "".join(
        f'<li><a href="{escape(str(page.relative_to(folder)))}">{escape(_title_of(page))}</a></li>' for page in pages
    )
    text = (
        f"<ul>{links}</ul><p>{len(runs)} {plural(len(runs), 'run has', 'runs have')} pages here; the table "
        "<code>ops_gate_results</code> has the results of all, also of earlier ones.</p>"
    )
    (folder / "index.html").write_text(
        _document(f"Data Docs: the gates of the last {INDEXED_RUNS} runs", text), encoding="utf-8"
    )


def _title_of(page: Path) -> str:
    """The title of a page, which says what the gate decided; else the name of its file."""
    with page.open(encoding="utf-8", errors="replace") as file:
        found = _TITLE.search(file.read(1000))
    return unescape(found.group(1)) if found else page.stem


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
