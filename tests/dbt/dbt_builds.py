"""dbt builds of the tests, one after the other, in forked children of the process that parsed the project."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.transform import dbt_runner as dbt_process
from tests.conftest import warm_process

Build = Callable[..., None]


@contextmanager
def building(*always: str, command: tuple[str, ...] = tuple(dbt_process.BUILD)) -> Iterator[Build]:
    """``build(raw, next, *options)`` runs dbt's ``command`` on these databases, with the options ``always`` too. A
    build that fails fails the test."""
    with TemporaryDirectory(prefix="papers-builds-") as target:

        def build(raw: Path, built: Path, *options: str) -> None:
            words = [str(raw), str(built), target, *command, *always, *options]
            ended = warm_process().start("tests.warm_process:dbt", *words).wait()
            assert ended.code == 0, ended.err[-6000:]

        yield build
