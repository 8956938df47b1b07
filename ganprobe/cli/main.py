"""The console script: exit status 0 done; 2 the call or its input was wrong, said in one line; 1 anything else."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Protocol, cast

import typer

from ganprobe.cli import (
    checkpoints,
    data,
    directions,
    edits,
    exploring,
    measuring,
    probing,
    projecting,
    reproducing,
    rescoring,
    sweeping,
    training,
)
from ganprobe.cli.shared import Ending, run_shared
from ganprobe.core.devices.heap import keep_freed_memory
from ganprobe.core.errors import GanprobeError, one_line, out_of_memory
from ganprobe.core.version import __version__
from ganprobe.engine.ranks.shares import ranks_of

TRACEBACK = "--traceback"

app = typer.Typer(
    name="ganprobe",
    help="How good is this generator, how well is its latent space ordered, and which way to move to change one thing.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def ganprobe(
    version: Annotated[bool, typer.Option("--version", help="Say the version and end.", is_eager=True)] = False,
    _traceback: Annotated[
        bool,
        typer.Option(TRACEBACK, help="With any command: where an error comes from, before the line that says it."),
    ] = False,
) -> None:
    """How good is this generator, how well is its latent space ordered, and which way to move to change one thing."""
    if version:
        typer.echo(f"ganprobe {__version__}")
        raise typer.Exit


for room in (
    measuring,
    probing,
    sweeping,
    data,
    checkpoints,
    directions,
    edits,
    exploring,
    projecting,
    rescoring,
    training,
    reproducing,
):
    room.register(app)

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of the signal."""

# Newer Typers carry a Click of their own, older ones import it: the base of usage errors is found through either.
_UsageError: type[Exception] = typer.BadParameter.__mro__[2]


class _Context(Protocol):
    """Where in the command line it went wrong."""

    command_path: str


class _Spoken(Protocol):
    """What a usage error has, whichever Click it is of."""

    ctx: _Context | None

    def format_message(self) -> str: ...


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line `words` (default: the process's own) and exit with its status."""
    keep_freed_memory()
    sys.exit(run(sys.argv[1:] if words is None else list(words)))


def run(words: Sequence[str]) -> int:
    """Run the command line `words` and give its exit status."""
    try:
        ranks = ranks_of(os.environ)
    except GanprobeError as problem:
        _say(str(problem))
        return 2
    if ranks.world > 1:
        return run_shared(words[0] if words else "", lambda: _outcome(words), _say, ranks)
    status, said = _outcome(words)
    if said:
        _say(said)
    return status


def _outcome(words: Sequence[str]) -> Ending:
    """The exit status, and what to say on standard error."""
    command = typer.main.get_command(app)
    wanted = [word for word in words if word != TRACEBACK]
    try:
        status = command.main(wanted or ["--help"], prog_name="ganprobe", standalone_mode=False)
    except GanprobeError as problem:
        if len(wanted) < len(words):
            traceback.print_exception(problem)
        return 2, str(problem)
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except _UsageError as problem:
        said = cast(_Spoken, problem)
        message = said.format_message().replace("Value error, ", "")
        path = "ganprobe" if said.ctx is None else said.ctx.command_path
        return 2, f"{message.rstrip('.')}; see `{path} --help`"
    except (RuntimeError, MemoryError) as problem:
        if not out_of_memory(problem):
            raise
        return 2, f"memory ran out ({one_line(problem)}); ask for less at a time, or for another --device"
    if status == INTERRUPTED:
        return INTERRUPTED, "interrupted; the same command with --resume goes on, where it has it; training needs none"
    return (status if isinstance(status, int) else 0), ""


def _say(text: str) -> None:
    print("ganprobe: " + " ".join(text.split()), file=sys.stderr, flush=True)
