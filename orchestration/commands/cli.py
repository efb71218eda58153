"""The ``papers`` process: the commands in the order of ``--help``, the environment they need, and exit codes.

Exit codes: 0 published or answered · 1 a gate blocked the run · 2 bad usage or input · 3 source unreachable ·
130 and 143 stopped by Ctrl-C and by SIGTERM.
Slow libraries are imported inside the commands that need them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from io import TextIOWrapper

from orchestration.commands import console, copies, health, outputs, reading, resolution, running, serving
from orchestration.commands.app import app
from orchestration.commands.signals import stop_on_signals, stop_signal
from warehouse.errors import InputError, Stopped, WarehouseError

logger = logging.getLogger(__name__)

app.add_typer(running.app)
app.add_typer(health.app)
app.add_typer(reading.app)
app.add_typer(resolution.explain, rich_help_panel=resolution.PANEL)
app.add_typer(resolution.app)
app.add_typer(outputs.app)
app.add_typer(copies.app)
app.add_typer(serving.app)


def main() -> None:
    """Run the command, and raise SystemExit with its exit code. An error becomes one sentence on stderr."""
    console.show_log(False)
    code = 0
    with stop_on_signals():
        try:
            _prepare_process()
            try:
                app()
            finally:
                sys.stdout.flush()
        except SystemExit as end:
            # A reader that closes its pipe early (`papers sql … | head`) causes no error.
            code = 0 if isinstance(end.__context__, BrokenPipeError) else end.code if isinstance(end.code, int) else 2
        except BrokenPipeError:
            _discard_output()
        except (Stopped, KeyboardInterrupt) as stop:
            code = 128 + (stop_signal() or signal.SIGINT)
            console.print_message(str(stop) or "Stopped.")
        except WarehouseError as error:
            code = error.exit_code
            console.print_message(f"Error: {error}")
        except OSError as error:
            code = 2
            logger.debug("The command failed", exc_info=error)
            _discard_output()
            # A command that ended with an error has said it: the rest of its output fails for the same cause.
            if not (isinstance(error.__context__, SystemExit) and error.__context__.code):
                what = error.filename or "The output"
                console.print_message(
                    f"Error: {what} can't be read or written ({error.strerror or error}): free space or check it."
                )
    raise SystemExit(code)


def _prepare_process() -> None:
    """Set encodings, and start Python again where its flags do not fit. Raises InputError in a deleted directory."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise InputError("The current directory is gone, moved or deleted: change into one that exists.") from None
    if isinstance(sys.stdout, TextIOWrapper):  # characters outside its encoding are written as \\uXXXX
        sys.stdout.reconfigure(errors="backslashreplace")
    wanted = {}
    if sys.flags.optimize > 1:
        wanted["PYTHONOPTIMIZE"] = "0"  # Great Expectations reads docstrings
    if sys.getfilesystemencoding().lower() != "utf-8":
        wanted["PYTHONUTF8"] = "1"  # file names and queries are UTF-8 in any locale
    if wanted and any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _discard_output() -> None:
    """Send the rest of stdout to the null device, so that the end of the process does not fail on it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
