"""The session on a Spark cluster with Iceberg tables, and dbt on it: what the target `spark` of the profile needs
besides SQL. Needs the `spark` extra; nothing of it is imported before a session is asked for.

Run as a module, it is dbt: ``python -m warehouse.spark build`` builds the models on Spark.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from warehouse.errors import HomeError
from warehouse.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
#: The lock of PostgreSQL that a build holds: any number that nobody else of that database takes.
_LOCK = 0x70617065_7273
_CODE = "papers_code.zip"


def parameters(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Spark's parameters as the profile has them, with the variables of the environment filled in."""
    import jinja2
    import yaml

    known = os.environ if environ is None else environ
    text = jinja2.Template((DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8")).render(env_var=known.get)
    target = yaml.safe_load(text)["daily_papers"]["outputs"]["spark"]
    return {name: _as_text(value) for name, value in target["server_side_parameters"].items()}


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def without_accents(text: str | None) -> str | None:
    """A text without marks on its letters, composed, as DuckDB's strip_accents makes it."""
    if text is None or text.isascii():
        return text
    bare = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.category(c).startswith("M"))
    return unicodedata.normalize("NFC", "".join(bare))


def start_session(environ: Mapping[str, str] | None = None) -> Any:
    """The Spark session of this process, with what the models call, started if there is none.

    Raises HomeError when Java or the cluster can't be had.
    """
    from pyspark.sql import SparkSession

    builder = SparkSession.builder
    for name, value in parameters(environ).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise HomeError(f"Spark does not start ({str(error).splitlines()[0]}): is Java 17 there, and the master?") from error
    session.sparkContext.setLogLevel("ERROR")
    if not any(str(path).endswith(_CODE) for path in session.sparkContext.listFiles):
        session.sparkContext.addPyFile(_packed())
        session.udf.register("papers_without_accents", without_accents, "string")
    return session


def _packed() -> str:
    """The code that workers run, as one file. They ask this process for it as long as it lives."""
    folder = tempfile.mkdtemp(prefix="papers-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = Path(folder) / _CODE
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("sources", "warehouse"):
            for path in sorted((PROJECT_ROOT / package).rglob("*.py")):
                packed.write(path, path.relative_to(PROJECT_ROOT))
    return str(archive)


@contextmanager
def writer_lock(session: Any, timeout: float) -> Iterator[None]:
    """Only one build writes to a catalog, on whatever machine it runs. The database gives the lock back when the
    build's process ends, however it ends.

    Raises HomeError when another build holds it for longer than ``timeout`` seconds.
    """
    conf = session.conf.get
    catalog = "spark.sql.catalog.papers"
    java = session.sparkContext._jvm.java
    properties = java.util.Properties()
    for name in ("user", "password"):
        properties.setProperty(name, conf(f"{catalog}.jdbc.{name}"))
    connection = java.sql.DriverManager.getConnection(conf(f"{catalog}.uri"), properties)
    try:
        until = time.monotonic() + timeout
        while not _first(connection, f"select pg_try_advisory_lock({_LOCK})"):
            if time.monotonic() >= until:
                raise HomeError(
                    f"Another build has been writing to this catalog for {timeout:g} s: wait for it, or raise"
                    " PAPERS_LOCK_TIMEOUT. Nothing was changed."
                )
            time.sleep(0.5)
        yield
    finally:
        connection.close()


def _first(connection: Any, query: str) -> bool:
    statement = connection.createStatement()
    try:
        result = statement.executeQuery(query)
        result.next()
        return bool(result.getBoolean(1))
    finally:
        statement.close()


def teach_dbt() -> None:
    """Let dbt's session method run models in Python, and keep ANSI mode, which it would switch off."""
    from dbt.adapters.base import PythonJobHelper
    from dbt.adapters.spark import SparkAdapter
    from dbt.adapters.spark.connections import SparkCredentials

    class SessionJob(PythonJobHelper):
        """Runs a compiled model in this process, on the session."""

        def __init__(self, parsed_model: dict[str, Any], credentials: Any):
            self._name = parsed_model["alias"]

        def submit(self, compiled_code: str) -> None:
            session = start_session().newSession()  # its temporary views are seen by nobody else
            try:
                exec(compile(compiled_code, f"<{self._name}>", "exec"), {"spark": session, "__name__": self._name})
            finally:
                session.catalog.clearCache()

    SparkAdapter.default_python_submission_method = property(lambda self: "session")
    SparkAdapter.python_submission_helpers = property(lambda self: {"session": SessionJob})
    made = SparkCredentials.__post_init__

    def keep_ansi(self: Any) -> None:
        made(self)
        self.server_side_parameters["spark.sql.ansi.enabled"] = "true"

    if made.__name__ != keep_ansi.__name__:
        SparkCredentials.__post_init__ = keep_ansi


def main(arguments: list[str]) -> int:
    """dbt on Spark. Returns 0 when everything was built."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    teach_dbt()
    from dbt.cli.main import dbtRunner

    session = start_session()
    options = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target", "spark"]
    try:
        with writer_lock(session, float(os.environ.get("PAPERS_LOCK_TIMEOUT") or 0)):
            done = dbtRunner().invoke([*arguments, *options])
    finally:
        session.stop()
    if done.exception is not None:
        raise done.exception
    return 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
