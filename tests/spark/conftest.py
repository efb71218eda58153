"""Tests that need Spark, PostgreSQL or a server of S3: `make test-spark` runs them in an environment of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Papers, given_listings

if os.environ.get("PAPERS_TEST_SPARK") != "required":
    collect_ignore_glob = ["*"]
else:
    from cluster import Cluster, PostgreSQL, parameters_of
    from engines import Both

    from tests.dbt.dbt_builds import building

    # Whoever stops the tests stops what they started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("stopped", returncode=143))

    @pytest.fixture(scope="session")
    def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
        """Master, two workers and the catalog's database, each a process of its own, for the whole session."""
        folder = tmp_path_factory.mktemp("cluster")
        with PostgreSQL.running(folder) as database, Cluster.running(folder) as running:
            os.environ.update(parameters_of(running, database, folder))
            yield running

    @pytest.fixture(scope="session")
    def session(cluster: Cluster) -> Iterator[Any]:
        """This process as the driver."""
        from warehouse.spark.session import start_session

        started = start_session()
        yield started
        started.stop()

    @pytest.fixture(scope="session")
    def build_with_duckdb() -> Iterator[Any]:
        with building() as build:
            yield build

    @pytest.fixture(scope="session")
    def sample(demo: Papers, session: Any, tmp_path_factory: pytest.TempPathFactory) -> Both:
        return Both(session, tmp_path_factory.mktemp("sample"), demo.home / "raw.duckdb")

    @pytest.fixture(scope="session")
    def real(
        shared_data: Path, new_home: Callable[[str], Papers], session: Any, tmp_path_factory: pytest.TempPathFactory
    ) -> Both:
        papers = new_home("real")
        papers("import", *given_listings(shared_data), "--manifest", shared_data / "listings" / "manifest.tsv")
        return Both(session, tmp_path_factory.mktemp("real"), papers.home / "raw.duckdb")
