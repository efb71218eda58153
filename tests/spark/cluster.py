"""A Spark cluster of separate processes and the database of an Iceberg catalog, on this machine, while a block runs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

JDBC_DRIVER = "/usr/share/java/postgresql.jar"
#: A worker has a core and this much memory, in MB, for one executor.
WORKERS, MEMORY = 2, 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class PostgreSQL:
    """A cluster of databases that lives in a temporary folder."""

    port: int

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[PostgreSQL]:
        """PostgreSQL refuses to run as root; then it runs as the user `postgres`, which its package makes."""
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        # where that user may go, unlike below pytest's folders
        home = Path(subprocess.check_output(["mktemp", "-d", "/tmp/papers-pg-XXXXXX"], text=True).strip())
        who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        if who:
            shutil.chown(home, "postgres", "postgres")
        data, port = home / "data", free_port()

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [*who, str(programs / program), *arguments], check=True, cwd="/", stdout=log, stderr=subprocess.STDOUT
            )

        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
        with open(folder / "postgresql.log", "wb") as log:
            try:
                call("initdb", "-D", str(data), "-U", "papers", "--auth=trust", "--no-sync", "--encoding=UTF8")
                call("pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(home / "log"), "start")
                try:
                    call("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "papers", "iceberg")
                    yield cls(port)
                finally:
                    call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
            finally:
                shutil.rmtree(home, ignore_errors=True)


@dataclass
class Cluster:
    """A standalone master with workers; the executors are the workers' children."""

    folder: Path
    url: str
    master: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Cluster]:
        port = free_port()
        address = ("--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port()))
        cluster = cls(folder, f"spark://127.0.0.1:{port}", _start(folder, "master.Master", address))
        try:
            _wait_for(port)
            for _ in range(WORKERS):
                cluster.add_worker()
            yield cluster
        finally:
            for process in (*cluster.workers, cluster.master):
                process.terminate()
            for process in (*cluster.workers, cluster.master):
                process.wait(timeout=30)

    def add_worker(self) -> None:
        number = len(self.workers)
        size = ("--cores", "1", "--memory", f"{MEMORY}m", "--work-dir", str(self.folder / f"worker{number}"))
        address = ("--host", "127.0.0.1", "--webui-port", str(free_port()))
        self.workers.append(_start(self.folder, "worker.Worker", (*size, *address, self.url)))

    def executors(self, worker: subprocess.Popen[bytes]) -> list[int]:
        """The ids of a worker's executors."""
        children = Path(f"/proc/{worker.pid}/task").glob("*/children")
        return [int(pid) for path in children for pid in path.read_text().split()]

    def kill(self, worker: subprocess.Popen[bytes]) -> list[int]:
        """SIGKILL a worker and its executors; the ids of all that were killed."""
        pids = [worker.pid, *self.executors(worker)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        worker.wait(timeout=30)
        self.workers.remove(worker)
        return pids


def parameters_of(cluster: Cluster, database: PostgreSQL, folder: Path) -> dict[str, str]:
    """What a build on this cluster needs in its environment."""
    import snowpark_connect_deps_iceberg

    jars = Path(snowpark_connect_deps_iceberg.__file__).parent / "jars"
    (runtime,) = jars.glob("iceberg-spark-runtime-3.5_2.12-*.jar")
    return {
        "PAPERS_SPARK_MASTER": cluster.url,
        "PAPERS_SPARK_CLASSPATH": f"{runtime}:{JDBC_DRIVER}",
        "PAPERS_SPARK_PARTITIONS": "2",
        "PAPERS_ICEBERG_CATALOG": f"jdbc:postgresql://127.0.0.1:{database.port}/iceberg",
        "PAPERS_ICEBERG_USER": "papers",
        "PAPERS_ICEBERG_PASSWORD": "none is asked for",
        "PAPERS_ICEBERG_WAREHOUSE": str(folder / "iceberg"),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }


def _start(folder: Path, what: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    import pyspark

    home = Path(pyspark.__file__).parent
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *arguments]
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }
    with open(folder / "cluster.log", "ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the master of the Spark cluster does not answer")
