"""Tests that need Spark, PostgreSQL or a server of S3: `make test-spark` runs them in an environment of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

if os.environ.get("PAPERS_TEST_SPARK") != "required":
    collect_ignore_glob = ["*"]
else:
    from cluster import Cluster, PostgreSQL, parameters_of

    @pytest.fixture(scope="session")
    def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
        """Master, two workers and the catalog's database, each a process of its own, for the whole session."""
        folder = tmp_path_factory.mktemp("cluster")
        with PostgreSQL.running(folder) as database, Cluster.running(folder) as running:
            os.environ.update(parameters_of(running, database, folder))
            yield running

    @pytest.fixture(scope="session")
    def session(cluster: Cluster) -> Iterator[object]:
        """This process as the driver."""
        from warehouse.spark import start_session

        started = start_session()
        yield started
        started.stop()

    @pytest.fixture(scope="session")
    def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("spark")
