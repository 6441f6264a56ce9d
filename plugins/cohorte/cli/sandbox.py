"""`cohorte sandbox`: the platforms' stand-ins, alone."""

import sys
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The stand-ins of the platforms.")


@app.command("serve", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(context: typer.Context) -> None:
    """Run the stand-ins alone; `cohorte sandbox serve --help` lists the options."""
    import os

    # Another process: the platform does not import what stands in for its platforms.
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", "serve", *context.args])  # noqa: S606


@app.command("advance")
def advance(days: Annotated[float, typer.Argument(help="Days to move the sandbox's clock on")] = 1) -> None:
    """Let time pass on the platforms."""
    import httpx

    from cohorte.orchestration.local import find_sandbox
    from cohorte.settings import get_settings

    running = find_sandbox(get_settings())
    if running is None:
        raise RuntimeError("no sandbox is running. Start it with `make up` or `cohorte sandbox serve`.")
    print(httpx.post(running.clock_url, json={"advance_days": days}, timeout=60).raise_for_status().json()["now"])
