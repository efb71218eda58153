"""``papers docs`` and ``papers ui``: local web servers that run until Ctrl-C."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from orchestration.commands import console
from orchestration.commands.app import Home, Verbose, settings_of
from warehouse.errors import Stopped, WarehouseError

app = typer.Typer()
_PANEL = "Serve it"


@app.command(rich_help_panel=_PANEL)
def docs(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port on this machine.")] = 3002,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page, or only write it.")] = True,
    home: Home = None,
    verbose: Verbose = False,
) -> None:
    """Write dbt's documentation of every table and column, and serve it on this machine only."""
    from orchestration.transform.docs import server, write_docs

    page = write_docs(settings_of(home))
    if not serve:
        console.print_line(str(page))
        return
    with server(page.parent, port) as http:
        console.print_message(f"The documentation is on http://127.0.0.1:{port} (Ctrl-C stops it), and in {page}")
        with contextlib.suppress(KeyboardInterrupt, Stopped):
            http.serve_forever()


@app.command(rich_help_panel=_PANEL)
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port on this machine.")] = 3000,
    home: Home = None,
    verbose: Verbose = False,
) -> None:
    """Start Dagster's web server, which shows the Data Docs too, and its daemon, on this machine only."""
    from orchestration.history import set_damaged_aside
    from orchestration.loopback import DATA_DOCS
    from orchestration.runs.runner import prepare_environment
    from orchestration.runs.services import check_port, dagster_services, wait_for_end
    from orchestration.transform.manifest import ensure_manifest

    settings = settings_of(home)
    check_port(port)
    prepare_environment(settings)
    if not settings.dagster_config:
        set_damaged_aside(settings)
    ensure_manifest(settings)
    with contextlib.suppress(KeyboardInterrupt, Stopped):
        log_level = "info" if console.is_verbose() else "warning"
        with dagster_services(port, log_level=log_level) as services:
            address = f"http://127.0.0.1:{port}"
            console.print_message(
                f"Dagster for {settings.home}: {address}, Data Docs: {address}{DATA_DOCS}/ (Ctrl-C stops them)"
            )
            ended = wait_for_end(services)
        raise WarehouseError(f"Dagster's {ended} stopped by itself: the lines above say why. Start `papers ui` again.")
