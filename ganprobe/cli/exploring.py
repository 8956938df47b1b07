"""explore."""

from __future__ import annotations

import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.directing import ExploreCall


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(explore)


@options.taking(ExploreCall, but=("directions",))
def explore(
    generator: Annotated[str, typer.Argument(help="A checkpoint, a shipped name, or package.module:callable.")],
    call: ExploreCall,
    directions: Annotated[
        list[Path] | None,
        typer.Option(help="A file of directions, as `edit --direction` takes it; repeatable."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only say the address; open no browser.")] = False,
) -> None:
    """Look through a generator: a page of sliders on this machine, until Ctrl-C."""
    from ganprobe.engine.opening.names import check_words
    from ganprobe.explorer.serving import check_installed, check_serving, open_explorer

    check_words(generator, call)
    check_installed()
    check_serving(call)
    explorer = open_explorer(generator, replace(call, directions=tuple(directions or ())))
    typer.echo(explorer.url)
    typer.echo("Ctrl-C ends it.", err=True)
    if not no_browser:
        webbrowser.open(explorer.url)
    try:
        explorer.wait()
    except KeyboardInterrupt:
        pass
    finally:
        explorer.stop()
