"""Entry point of the `papers` script: the steps before the imports of ``cli.py`` and after its end."""

import os
import signal
import sys


def main() -> None:
    """Run the command. After an error end the process without a cleanup."""
    _open_closed_streams()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no message and no cleanup during the imports
    from orchestration.commands.cli import main as run

    try:
        run()
    except SystemExit as end:
        if not end.code:
            raise
        # An exception keeps its frames alive, and DuckDB's binding (nanobind 2) reports each object in them as leaked.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 2)


def _open_closed_streams() -> None:
    """Open what the shell closed (``>&-``) as the null device, before another file gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            found = os.open(os.devnull, os.O_RDWR)
            if found != number:
                os.dup2(found, number)
                os.close(found)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115  # for the life of the process
