"""Runs a suite of rules in Great Expectations, in a worker process.

Belongs here: rules in, results and their rendering out. Not here: verdicts, and the Data Docs. Great Expectations takes
8–15 s to import, so it is imported in functions only.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from orchestration.gates.rules import Rule, Suite
from orchestration.worker import Emit, WorkerProcess, worker_process

if TYPE_CHECKING:
    import pandas as pd

#: Rows in the sample of a result; its count is of all rows.
MAX_SAMPLE_ROWS = 5


@dataclass(frozen=True)
class RuleResult:
    """The result of one rule.

    ``rows`` are the keys of every row that fails it; ``error`` is the message of a rule that raised, whose other fields
    then mean nothing.
    """

    rule: str
    passed: bool
    unexpected: int
    observed: str
    rows: tuple[dict[str, Any], ...]
    error: str | None = None

    @property
    def sample(self) -> str:
        """The first failing rows, readable."""
        return "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in self.rows[:MAX_SAMPLE_ROWS])


@dataclass(frozen=True)
class SuiteResult:
    """The results of one suite's rules, and Great Expectations' rendering of them: HTML, one part for each frame."""

    rule_results: tuple[RuleResult, ...]
    details: tuple[str, ...]


def warm_up() -> None:
    """Import Great Expectations."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations  # noqa: F401


class GxRunner:
    """Runs suites in a worker process."""

    def __init__(self, worker: WorkerProcess):
        self._worker = worker

    @property
    def waited_seconds(self) -> float:
        """Seconds that the run waited for the import of Great Expectations."""
        return self._worker.waited_seconds

    def run_suite(self, suite: Suite, frames: dict[str, pd.DataFrame]) -> SuiteResult:
        """As the function ``run_suite``. Raises WorkerError when the process fails."""
        (suite_result,) = self._worker.run(suite, frames)
        return cast(SuiteResult, suite_result)


@contextmanager
def gx_process() -> Iterator[GxRunner]:
    """The runner for one run; its process imports while the run does other work."""
    with worker_process("Great Expectations", run_suite_in_worker, warm_up) as worker:
        yield GxRunner(worker)


def run_suite_in_worker(emit: Emit, suite: Suite, frames: dict[str, pd.DataFrame]) -> None:
    """``run_suite`` as a job of a worker process."""
    emit(run_suite(suite, frames))


def run_suite(suite: Suite, frames: dict[str, pd.DataFrame]) -> SuiteResult:
    """Validate each frame with the suite's rules for it."""
    warm_up()
    import great_expectations as gx
    import great_expectations.expectations as gxe

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    rule_results: list[RuleResult] = []
    details: list[str] = []
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
            result_format={
                "result_format": "COMPLETE",
                "return_unexpected_index_query": False,
                **({"unexpected_index_column_names": list(keys)} if keys else {}),
            },
        )
        by_name = {r.expectation_config.meta["rule"]: r for r in result.results}
        rule_results += [_rule_result(rule, by_name[rule.name], keys) for rule in rules]
        details.append(_render(result))
    return SuiteResult(tuple(rule_results), tuple(details))


def _rule_result(rule: Rule, result: Any, keys: tuple[str, ...]) -> RuleResult:
    info = result.exception_info or {}
    raised = [info] if "raised_exception" in info else list(info.values())
    error = next((str(i.get("exception_message")) for i in raised if i.get("raised_exception")), None)
    detail = result.result or {}
    rows = tuple(
        {key: _plain(value) for key, value in row.items() if value == value}
        for row in detail.get("unexpected_index_list") or ()
        if isinstance(row, dict)
    )
    unexpected = int(detail.get("unexpected_count") or 0)
    values = detail.get("partial_unexpected_list") or []
    return RuleResult(
        rule=rule.name,
        passed=bool(result.success),
        unexpected=unexpected,
        observed=", ".join(dict.fromkeys(str(_plain(value)) for value in values[:MAX_SAMPLE_ROWS])) or "as expected",
        rows=rows,
        error=error,
    )


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _render(result: Any) -> str:
    """Great Expectations' own sections of one validation, by column, without its summary, scripts and the network.

    Its summary knows no severity: it calls a suite failed whose rules only warn.
    """
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaSectionView

    _, *sections = ValidationResultsPageRenderer().render(result).sections
    text = "".join(
        DefaultJinjaSectionView().render({"section": section.to_json_dict(), "section_loop": {"index": number}})
        for number, section in enumerate(sections, start=1)
    )
    text = re.sub(r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<iframe\b.*?</iframe>", "", text, flags=re.DOTALL)
    return re.sub(r'\son\w+="[^"]*"', "", text)
