"""What others read the published file with: an older DuckDB, HTTP with ranges, an MCP server, the notebook."""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Papers
from tests.pipeline.report_pieces import TITLE, copy_of, made_hostile
from tests.slow.test_wheel import UV, uv

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not UV.exists(), reason="`make setup` installs uv")]

#: The last release of DuckDB 1.5 for which the package index has the extension.
OLD_DUCKDB = ("--with", "duckdb==1.5.5", "--with", "duckdb-extension-httpfs==1.5.5")


@pytest.fixture(scope="module")
def released(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(json.loads(demo("release", tmp_path_factory.mktemp("out"), "--json").out)["release"])


def run_elsewhere(script: str, *arguments: str | Path, packages: tuple[str, ...]) -> Any:
    """Run a script in an environment with these packages only; the JSON value that it prints."""
    python = ("--python", sys.executable)
    return json.loads(
        uv("run", "--quiet", "--isolated", "--no-project", *python, *packages, "-", *arguments, text=script)
    )


class RangeHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and byte ranges of them, and counts what it sends."""

    sent = 0

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        size = path.stat().st_size
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(wanted[1]), min(int(wanted[2] or size), size - 1)) if wanted else (0, size - 1)
        self.send_response(206 if wanted else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        with path.open("rb") as file:
            file.seek(first)
            self.wfile.write(file.read(last - first + 1))
        RangeHandler.sent += last - first + 1

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, served with ranges."""
    handler = functools.partial(RangeHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


OPENED_BY_OLD = """
import glob, json, os, sys
import duckdb, duckdb_extension_httpfs
place, is_remote = sys.argv[1], "://" in sys.argv[1]
connection = duckdb.connect()
if is_remote:
    folder = os.path.dirname(duckdb_extension_httpfs.__file__)
    (extension,) = glob.glob(folder + "/extensions/*/httpfs.duckdb_extension")
    connection.execute(f"load '{extension}'")
connection.execute(f"attach '{place}/papers.duckdb' as papers (read_only)")
connection.execute("use papers")
ask = lambda query: connection.execute(query).fetchall()
tables = [name for (name,) in ask("select table_name from duckdb_tables() where schema_name = 'marts' order by 1")]
print(json.dumps({
    "version": duckdb.__version__,
    "found": ask("select paper_id, score from marts.search('breakfasts') limit 5"),
    "known": ask("select count(*) from marts.trends_as_of(timestamp '2026-09-15')"),
    "rows": {} if is_remote else {t: ask(f"select count(*) from marts.{t}") for t in tables},
    "parquet": {t: ask(f"select count(*) from read_parquet('{place}/data/{t}.parquet')") for t in tables},
    "upvotes": ask(f"select sum(upvotes) from read_parquet('{place}/data/dim_papers.parquet')"),
    "comments": ask("select count(*) from duckdb_columns() where not internal and comment is null"),
}))
"""


def test_duckdb_1_5_reads_a_release_from_disk_and_over_http(released: Path, demo: Papers) -> None:
    local = run_elsewhere(OPENED_BY_OLD, released, packages=OLD_DUCKDB)
    with demo.published() as connection:
        counted = {table: [[len(rows)]] for table, rows in demo.tables().items()}
        assert local["version"] == "1.5.5" and local["parquet"] == local["rows"]
        assert {table: rows for table, rows in local["rows"].items() if table in counted} == counted
        assert local["comments"] == [[0]]
        upvotes = connection.execute("select sum(upvotes)::bigint from marts.dim_papers").fetchall()[0][0]
        assert local["upvotes"] == [[upvotes]]
        found = connection.execute("select paper_id, score from marts.search('breakfasts') limit 5").fetchall()
        assert local["found"] == [list(row) for row in found] and local["known"][0][0] > 0
    RangeHandler.sent = 0
    with served(released) as address:
        remote = run_elsewhere(OPENED_BY_OLD, address, packages=OLD_DUCKDB)
    assert remote == {**local, "rows": {}}
    size = sum(path.stat().st_size for path in released.rglob("*") if path.is_file())
    assert 0 < RangeHandler.sent < size / 2, "only the parts that queries need are transferred"


def test_the_mcp_server_of_the_docs_answers_a_search_and_reads_no_other_file(demo: Papers) -> None:
    (text,) = re.findall(r"```json\n(\{\s+\"mcpServers\".*?)```", (ROOT / "docs" / "query.md").read_text(), re.DOTALL)
    (server,) = json.loads(text)["mcpServers"].values()
    assert server["command"] == "uvx"
    arguments = [a.replace("/path/to/papers.duckdb", str(demo.home / "papers.duckdb")) for a in server["args"]]
    requests = [
        {"method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": CLIENT}},
        {"method": "notifications/initialized"},
        *({"method": "tools/call", "params": {"name": "execute_query", "arguments": {"sql": sql}}} for sql in ASKED),
    ]
    with subprocess.Popen(
        [str(UV), "tool", "run", "--quiet", "--python", sys.executable, *arguments],
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True},
    ) as process:
        assert process.stdin and process.stdout
        answers = []
        for number, request in enumerate(requests):
            is_request = not request["method"].startswith("notifications/")  # type: ignore[attr-defined]
            process.stdin.write(
                json.dumps({"jsonrpc": "2.0", **request, **({"id": number} if is_request else {})}) + "\n"
            )
            process.stdin.flush()
            while is_request:
                answer = json.loads(process.stdout.readline())
                if answer.get("id") == number:
                    answers.append(answer["result"])
                    break
        process.terminate()
    search, trends, comment, *refused = answers[1:]
    rows = json.loads(search["content"][0]["text"])["rows"]
    with demo.published() as connection:
        assert rows == [list(row) for row in connection.execute(ASKED[0]).fetchall()] and rows
    assert json.loads(trends["content"][0]["text"])["rowCount"] == 3
    assert "arXiv id" in comment["content"][0]["text"]
    assert [answer["isError"] for answer in refused] == [True, True]


def test_the_notebook_answers_its_five_questions_and_escapes_what_strangers_wrote(demo: Papers, tmp_path: Path) -> None:
    site = made_hostile(copy_of(demo, tmp_path / "home"))
    site.change(f"update dim_papers set display_title = '{TITLE}'")
    page = tmp_path / "explore.html"
    environment = (
        "run",
        "--quiet",
        "--isolated",
        "--locked",
        "--no-dev",
        "--extra",
        "notebook",
        "--python",
        sys.executable,
    )
    notebook, options = ROOT / "docs" / "notebooks" / "explore.py", ("--", "--file", site.home / "papers.duckdb")
    uv(*environment, "marimo", "export", "html", notebook, "-o", page, *options)  # fails when a cell fails
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"https://vega.github.io/schema/vega-lite", text)) == 5
    assert len(re.findall(r"<h2|u003Ch2", text)) == 5
    for found in ("<script>alert", "<img src=x", "<svg onload", "</script><script>alert"):
        assert found not in text
    assert "alert(1)" in text, "the title is there as text"


CLIENT = {"name": "test", "version": "1"}
ASKED = [
    "select paper_id, score from marts.search('breakfasts') limit 3",
    "from marts.trends_as_of(timestamp '2026-09-15 20:00') limit 3",
    "select comment from duckdb_columns() where table_name = 'dim_papers' and column_name = 'paper_id'",
    "select * from read_csv('/etc/hostname')",
    "copy (select 1) to '/tmp/papers-mcp-test.csv'",
]
