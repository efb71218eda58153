"""The ``papers`` app: shared options, the settings of a command, and errors as one sentence and an exit code.

Does not belong here: commands (a module per group) and the process around them (``cli.py``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from orchestration.commands import console
from orchestration.commands.signals import stop_signal
from warehouse.errors import Stopped, WarehouseError
from warehouse.files import restrict_new_files
from warehouse.settings import DEFAULT_HOME, Settings

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the warehouse.", show_default=f"PAPERS_HOME or {DEFAULT_HOME}"),
]
Json = Annotated[bool, typer.Option("--json", help="Print the facts as one JSON value.")]
Verbose = console.Verbose
Expand = Annotated[bool, typer.Option("--expand", help="Write a line per value instead of a table.")]

#: The option ``--home`` before the name of a command.
_home: Path | None = None


class Commands(TyperGroup):
    """Turns every error that a user can cause into one sentence on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        restrict_new_files()
        try:
            return super().invoke(ctx)
        except WarehouseError as error:
            if stop_signal():  # the stop caused the error
                raise Stopped from None
            console.print_message(f"Error: {error}")
            raise typer.Exit(error.exit_code) from None
        except Exception as error:
            from warehouse.disk import disk_full

            full = disk_full(error)
            if full is None:
                raise
            console.print_message(f"Error: {full}")
            raise typer.Exit(full.exit_code) from None


app = typer.Typer(
    name="papers",
    cls=Commands,
    help="The history that Hugging Face Daily Papers does not keep.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _common(home: Home = None, verbose: Verbose = False) -> None:
    global _home
    _home = home


def settings_of(home: Path | None) -> Settings:
    """The settings of the environment with the home of the command line. Messages never quote their secrets."""
    settings = Settings.from_environment().at(home or _home)
    console.hide(settings.token, settings.alert_webhook, settings.smtp.password if settings.smtp else None)
    return settings
