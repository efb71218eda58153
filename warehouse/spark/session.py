"""The session on a Spark cluster with Iceberg tables, with the parameters of the profile's target ``spark`` and the
function that the models call. Needs the ``spark`` extra, which is imported when a session is started.
"""

from __future__ import annotations

import atexit
import os
import re
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

from warehouse.errors import HomeError, LockError
from warehouse.keys import without_marks
from warehouse.settings import DBT_PROJECT, PROJECT_ROOT

CATALOG = "spark.sql.catalog.papers"
#: The advisory lock of PostgreSQL that a build holds: a number that no other program of that database uses.
_LOCK = 0x70617065_7273
_CODE = "papers_code.zip"


def parameters(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Spark's parameters from dbt's profile, with the variables of the environment filled in."""
    import jinja2
    import yaml

    known = os.environ if environ is None else environ
    profile = (DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8")
    outputs = yaml.safe_load(jinja2.Template(profile).render(env_var=known.get))["daily_papers"]["outputs"]
    return {name: str(value) for name, value in outputs["spark"]["server_side_parameters"].items()}


def without_accents(text: str | None) -> str | None:
    """A text without marks on its letters, composed, as the macro ``without_accents`` makes it on DuckDB.

    Null stays null.
    """
    if text is None or text.isascii():
        return text
    return unicodedata.normalize("NFC", without_marks(unicodedata.normalize("NFD", text)))


def start_session() -> Any:
    """The Spark session of this process, started if there is none, with what the models call.

    Raises HomeError when the extra, Java or the cluster can't be had.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise HomeError("Spark needs the extra: install daily-papers-warehouse[spark].") from error
    # Here and not at the top: the cluster's machines import this module for its function, and need no more.
    from warehouse.resolution.incremental.engine import engine_of
    from warehouse.spark.frames import Spark

    builder = SparkSession.builder
    wanted = parameters()
    if wanted["spark.master"].startswith("local"):  # the workers are on this machine
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for name, value in wanted.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise HomeError(f"Spark does not start ({reason}): is Java 17 there, and the master?") from error
    session.sparkContext.setLogLevel("ERROR")
    if not any(str(path).endswith(_CODE) for path in session.sparkContext.listFiles):
        session.sparkContext.addPyFile(_packed())
    session.udf.register("papers_without_accents", without_accents, "string")
    engine_of.register(SparkSession, Spark)
    return session


def _packed() -> str:
    """The code that workers run, as one file, which they fetch from this process while it runs."""
    folder = tempfile.mkdtemp(prefix="papers-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = Path(folder) / _CODE
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("sources", "warehouse"):
            for path in sorted((PROJECT_ROOT / package).rglob("*.py")):
                packed.write(path, path.relative_to(PROJECT_ROOT))
    return str(archive)


def hadoop_address(place: Path | str) -> str:
    """A folder or URL for Hadoop's clients, whose scheme for S3 is ``s3a``."""
    return re.sub("^s3://", "s3a://", str(place))


@contextmanager
def checkpoints(session: Any) -> Iterator[None]:
    """A folder for intermediate results in the warehouse of the tables, which all machines of the cluster can open.

    Deleted at the end. One at a time, as the setting applies to the whole application.
    """
    context = session.sparkContext
    context.setCheckpointDir(f"{hadoop_address(session.conf.get(f'{CATALOG}.warehouse'))}/checkpoints")
    place = context._jvm.org.apache.hadoop.fs.Path(context.getCheckpointDir())
    try:
        yield
    finally:
        place.getFileSystem(context._jsc.hadoopConfiguration()).delete(place, True)


@contextmanager
def writer_lock(session: Any, timeout: float) -> Iterator[None]:
    """Hold the lock of a catalog: one build writes to it, on any machine. It is an advisory lock of the catalog's
    database, which releases it when the build's process ends in any way.

    Raises LockError when another build holds it for longer than ``timeout`` seconds.
    """
    java = session.sparkContext._jvm.java
    properties = java.util.Properties()
    for name in ("user", "password"):
        properties.setProperty(name, session.conf.get(f"{CATALOG}.jdbc.{name}"))
    connection = java.sql.DriverManager.getConnection(session.conf.get(f"{CATALOG}.uri"), properties)
    try:
        until = time.monotonic() + timeout
        while not _is_true(connection, f"select pg_try_advisory_lock({_LOCK})"):
            if time.monotonic() >= until:
                raise LockError(
                    f"Another build writes to this Iceberg catalog, and did for {timeout:g} s: wait for it, or raise"
                    " PAPERS_LOCK_TIMEOUT. Nothing was changed."
                )
            time.sleep(0.5)
        yield
    finally:
        connection.close()


def _is_true(connection: Any, query: str) -> bool:
    statement = connection.createStatement()
    try:
        result = statement.executeQuery(query)
        result.next()
        return bool(result.getBoolean(1))
    finally:
        statement.close()
