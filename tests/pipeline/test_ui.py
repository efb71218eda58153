"""`papers ui`: the graph with both gates, and a run launched there, as a browser would through GraphQL."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sources.faults import Fault
from sources.replay import ReplayServer
from tests.conftest import ROOT, SAMPLE, Papers

LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
OBSERVED = """query ($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) { ... on AssetNode { assetPartitionStatuses {
    ... on TimePartitionStatuses { ranges { startKey endKey status } } } } }
}"""
CHECK = """{ assetNodeOrError(assetKey: {path: ["raw", "loads"]}) { ... on AssetNode { assetChecksOrError {
  ... on AssetChecks { checks { executionForLatestMaterialization { evaluation {
    success severity description
    metadataEntries { label ... on TableMetadataEntry { table { records } } } } } } } } } } }"""
GRAPH = """{
  assetNodes {
    assetKey { path }
    dependencyKeys { path }
    assetChecksOrError { ... on AssetChecks { checks { name blocking } } }
  }
}"""

pytestmark = pytest.mark.slow


class Ui:
    """A running `papers ui`, and the site that it asks."""

    def __init__(self, url: str, papers: Papers, site: ReplayServer, output: Path):
        self.url = url
        self.output = output
        self.papers = papers
        self.site = site

    def ask(self, query: str, **variables: Any) -> Any:
        answer = requests.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture(scope="module")
def ui(new_home: Callable[[str], Papers]) -> Iterator[Ui]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    papers = new_home("ui")
    command = [str(Path(sys.executable).with_name("papers")), "ui", "--port", str(port), "--home", str(papers.home)]
    output = papers.home.parent / "output.txt"
    with ReplayServer(SAMPLE) as site, open(output, "wb") as written:
        environment = {**os.environ, "PAPERS_ENDPOINT": site.url}
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=written, stderr=written)
        try:
            running = Ui(f"http://127.0.0.1:{port}", papers, site, output)
            _wait(lambda: _answers(running), 120, "the web server does not answer")
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0


def _answers(ui: Ui) -> bool:
    try:
        return bool(ui.ask("{ assetNodes { assetKey { path } } }")["assetNodes"])
    except requests.RequestException:
        return False


def _wait(done: Callable[[], bool], seconds: float, problem: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, problem
        time.sleep(1)


def test_it_prints_where_it_is_and_no_warning(ui: Ui) -> None:
    (line,) = ui.output.read_text().splitlines()
    assert line.startswith(f"Dagster for {ui.papers.home}: {ui.url}")


def test_a_taken_port_is_one_sentence(ui: Ui) -> None:
    port = ui.url.rpartition(":")[2]
    done = ui.papers("ui", "--port", port, expect=2)
    assert done.err.startswith(f"Error: Port {port} can't be used (Address already in use): `papers ui --port`")
    assert len(done.err.splitlines()) == 1


def test_the_graph_leads_through_both_gates(ui: Ui) -> None:
    nodes = {tuple(node["assetKey"]["path"]): node for node in ui.ask(GRAPH)["assetNodes"]}
    gates = {
        (key, check["name"])
        for key, node in nodes.items()
        for check in node["assetChecksOrError"]["checks"]
        if check["blocking"]
    }
    assert {(("raw", "loads"), "batch_gate"), (("publication", "candidate"), "mart_gate")} <= gates
    assert {"path": ["landing", "listings"]} in nodes["raw", "loads"]["dependencyKeys"]
    assert nodes["publication", "papers"]["dependencyKeys"] == [{"path": ["publication", "candidate"]}]
    sealed = {tuple(key["path"]) for key in nodes["publication", "candidate"]["dependencyKeys"]}
    assert sealed == {key for key in nodes if key[0] == "marts"}


def _launch(ui: Ui, **listings: Any) -> str:
    """Launch the daily job as the launchpad does, and return how it ended."""
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "orchestration.definitions",
        "pipelineName": "daily_papers",
    }
    launched = ui.ask(
        LAUNCH,
        params={
            "selector": selector,
            "mode": "default",
            "runConfigData": {"ops": {"landing__listings": {"config": listings}}},
            "executionMetadata": {"tags": []},
        },
    )["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    states: list[str] = []

    def ended() -> bool:
        states.append(ui.ask(STATUS, id=launched["run"]["runId"])["runOrError"]["status"])
        return states[-1] in ("SUCCESS", "FAILURE", "CANCELED")

    _wait(ended, 240, "the run does not end")
    return states[-1]


def test_a_run_launched_there_with_a_date_instead_of_partitions_publishes(ui: Ui) -> None:
    assert _launch(ui, date="2026-09-10", lookback=2, source="page") == "SUCCESS"
    assert ui.papers.value("select count(distinct listing_date) from marts.fct_listings") == 2
    assert ui.papers.value("select list(distinct format) from marts.ops_loads") == ["page_html"]
    observed = ui.ask(OBSERVED, key={"path": ["landing", "listings"]})["assetNodeOrError"]
    assert observed["assetPartitionStatuses"]["ranges"][0]["startKey"] == "2026-09-09"
    assert observed["assetPartitionStatuses"]["ranges"][0]["endKey"] == "2026-09-10"


def test_a_gate_that_blocks_says_there_what_is_wrong_and_what_to_do(ui: Ui) -> None:
    ui.site.faults = [Fault("other_date")]
    assert _launch(ui, date="2026-09-14", lookback=1, source="page") == "FAILURE"
    ui.site.faults = []
    (check,) = ui.ask(CHECK)["assetNodeOrError"]["assetChecksOrError"]["checks"]
    evaluation = check["executionForLatestMaterialization"]["evaluation"]
    assert not evaluation["success"] and evaluation["severity"] == "ERROR"
    first_line = evaluation["description"].splitlines()[0]
    assert "rejected 1 of 1" in first_line and "What to do:" in first_line
    (failed,) = [entry["table"] for entry in evaluation["metadataEntries"] if entry["label"] == "violations"]
    record = json.loads(failed["records"][0])
    assert record["rows"] == 1 and "served_on=2026-09-15" in record["sample"] and record["what to do"] in first_line


def test_a_browser_shows_the_graph_launches_a_run_and_shows_why_a_gate_failed(ui: Ui, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{ui.url}/asset-groups")
    for group in ("landing", "raw", "staging", "intermediate", "marts", "publication"):
        page.get_by_text(group, exact=True).first.wait_for()
    page.goto(f"{ui.url}/assets/raw/loads?view=checks&checkDetail=batch_gate")
    page.get_by_text("The batch gate rejected 1 of 1").first.wait_for()
    page.get_by_text("violations").first.wait_for()
    with page.expect_popup() as opened:
        page.get_by_text("/data_docs/").first.click()
    opened.value.get_by_role("heading", name="Batch gate").wait_for()
    opened.value.get_by_role("link", name="All runs").click()
    opened.value.get_by_role("heading", name="Data Docs").wait_for()
    page.goto(f"{ui.url}/locations/orchestration.definitions/jobs/daily_papers/playground")
    page.locator(".CodeMirror").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text('ops: {landing__listings: {config: {date: "2026-09-11", lookback: 1}}}')
    page.get_by_role("button", name="Launch Run").click()
    page.get_by_role("button", name="Confirm").click()  # no partition: the configuration names the date
    page.wait_for_url("**/runs/**")
    page.get_by_text("Success", exact=True).first.wait_for(timeout=240_000)
    assert ui.papers.value("select max(listing_date)::varchar from marts.fct_listings") == "2026-09-11"
    page.goto(f"{ui.url}/assets/publication/report?view=events")
    page.get_by_text(str(ui.papers.home / "report" / "index.html")).first.wait_for()
    assert not problems


def test_pages_of_other_sites_are_refused_on_both_ports(ui: Ui) -> None:
    for url in (f"{ui.url}/server_info", f"{ui.url}/data_docs/"):
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert requests.get(url, headers=headers, timeout=60).status_code == 403
    mutation = {"query": "mutation { setNuxSeen }"}
    assert requests.get(f"{ui.url}/graphql", params=mutation, timeout=60).status_code == 403
    simple = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    assert requests.post(f"{ui.url}/graphql", params=mutation, headers=simple, timeout=60).status_code == 403


def test_it_listens_on_this_machine_only(ui: Ui) -> None:
    port = int(ui.url.rsplit(":", 1)[1])
    addresses = {
        row.split()[1].split(":")[0]
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if row.split()[3] == "0A" and int(row.split()[1].split(":")[1], 16) == port
    }
    assert addresses == {"0100007F"}
