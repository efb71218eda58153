"""Where the `papers` script starts: before the imports, and after the last word.

What the command does is in ``orchestration/commands/cli.py``.
"""

import os
import signal
import sys


def main() -> None:
    """Run the command. Ends the process by itself when something went wrong."""
    _open_closed_streams()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the imports run there is nothing to say and nothing to clean
    from orchestration.commands.cli import main as run

    try:
        run()
    except SystemExit as end:
        if not end.code:
            raise
        # An error keeps its frames alive, and DuckDB's binding (nanobind 2) reports every object in them as leaked.
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
