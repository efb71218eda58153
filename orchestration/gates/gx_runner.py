"""Runs a suite in Great Expectations. Importing this module is cheap; calling ``judge`` is not (see ``worker``)."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, cast

from orchestration.gates.rules import Rule, Suite
from orchestration.worker import Emit, WorkerProcess, worker_process

if TYPE_CHECKING:
    import pandas as pd

#: Rows named in a finding, at most; the counts are whole.
SAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """What one rule found. ``rows`` are the keys of every row that fails it, ``broken`` says that the rule itself
    could not be run, which is no statement about the data."""

    rule: str
    passed: bool
    unexpected: int
    observed: str
    rows: tuple[dict[str, Any], ...]
    broken: str | None = None

    @property
    def sample(self) -> str:
        """The first failing rows, readable."""
        return "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in self.rows[:SAMPLES])


@dataclass(frozen=True)
class Judgement:
    """The findings of one suite, and its Data Docs page as HTML."""

    findings: tuple[Finding, ...]
    page: str


def warm_up() -> None:
    """Import Great Expectations. 8–15 s on a small machine, which is why a worker process does it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations  # noqa: F401


class Judge:
    """Judges suites in a worker process."""

    def __init__(self, worker: WorkerProcess):
        self._worker = worker

    @property
    def waited_seconds(self) -> float:
        """Seconds that the run waited for the import of Great Expectations."""
        return self._worker.waited_seconds

    def judge(self, suite: Suite, frames: dict[str, pd.DataFrame], title: str) -> Judgement:
        """As ``judge`` below. Raises WorkerError when the judge itself fails."""
        (judgement,) = self._worker.run(suite, frames, title)
        return cast(Judgement, judgement)


@contextmanager
def judging() -> Iterator[Judge]:
    """A judge for one run, importing while the run does other work."""
    with worker_process("judge", judge_for, warm_up) as worker:
        yield Judge(worker)


def judge_for(emit: Emit, suite: Suite, frames: dict[str, pd.DataFrame], title: str) -> None:
    """``judge`` as the work of a worker."""
    emit(judge(suite, frames, title))


def judge(suite: Suite, frames: dict[str, pd.DataFrame], title: str) -> Judgement:
    """Judge each frame by the suite's rules for it. ``title`` heads the page."""
    warm_up()
    import great_expectations as gx
    import great_expectations.expectations as gxe

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    findings: list[Finding] = []
    bodies: list[str] = []
    for frame_name, frame in frames.items():
        rules = [rule for rule in suite.rules if rule.frame == frame_name]
        keys = suite.keys.get(frame_name, ())
        batch = (
            context.data_sources.add_pandas(frame_name)
            .add_dataframe_asset(frame_name)
            .add_batch_definition_whole_dataframe("whole")
        )
        expectations = [
            getattr(gxe, rule.expectation)(
                **rule.arguments,
                severity="critical" if rule.severity == "error" else "warning",
                notes=f"{rule.reason} When it fails: {rule.remedy}.",
                meta={"rule": rule.name},
            )
            for rule in rules
        ]
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(
                name=f"{suite.name}_{frame_name}",
                data=batch,
                suite=context.suites.add(
                    gx.ExpectationSuite(name=f"{suite.name}_{frame_name}", expectations=expectations)
                ),
            )
        )
        result = definition.run(
            batch_parameters={"dataframe": frame},
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": list(keys)}
            if keys
            else {"result_format": "COMPLETE"},
        )
        by_name = {r.expectation_config.meta["rule"]: r for r in result.results}
        findings += [_finding(rule, by_name[rule.name], keys) for rule in rules]
        bodies.append(_render(result))
    return Judgement(tuple(findings), _page(title, bodies))


def _finding(rule: Rule, result: Any, keys: tuple[str, ...]) -> Finding:
    info = result.exception_info or {}
    raised = [info] if "raised_exception" in info else list(info.values())
    broken = next((str(i.get("exception_message")) for i in raised if i.get("raised_exception")), None)
    detail = result.result or {}
    rows = tuple(
        {key: _plain(value) for key, value in row.items() if value == value}
        for row in detail.get("unexpected_index_list") or ()
        if isinstance(row, dict)
    )
    unexpected = int(detail.get("unexpected_count") or 0)
    values = detail.get("partial_unexpected_list") or []
    return Finding(
        rule=rule.name,
        passed=bool(result.success),
        unexpected=unexpected,
        observed=", ".join(str(_plain(value)) for value in values[:SAMPLES]) or "as expected",
        rows=rows,
        broken=broken,
    )


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _render(result: Any) -> str:
    """Great Expectations' own page of one validation, its body only, without scripts and without the network."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    body = re.search(r"<body[^>]*>(.*)</body>", page, re.DOTALL)
    text = body.group(1) if body else page
    text = re.sub(r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<iframe\b.*?</iframe>", "", text, flags=re.DOTALL)
    text = re.sub(r"<footer\b.*?</footer>|<nav\b.*?</nav>", "", text, flags=re.DOTALL)
    return re.sub(r'\son\w+="[^"]*"', "", text)


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border:1px solid #d0d7de;padding:.35rem .6rem;
text-align:left;vertical-align:top;overflow-wrap:anywhere}h1{font-size:1.4rem}h2{font-size:1.15rem}
code{background:#eef1f4;padding:.05rem .3rem}.text-success{color:#1a7f37}.text-danger{color:#cf222e}
.text-warning{color:#9a6700}.popover-body,.d-none,.modal{display:none}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}td,th{border-color:#30363d}
code{background:#21262d}}
"""


def _page(title: str, bodies: list[str]) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body><h1>{escape(title)}</h1><p><a href="../index.html">All runs</a></p>'
        + "".join(bodies)
        + "</body></html>"
    )
