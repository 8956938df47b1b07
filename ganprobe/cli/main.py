"""The console script: exit status 0 done; 2 the call or its input was wrong, said in one line; 1 anything else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol, cast

import typer

from ganprobe.cli import checkpoints, data, directions, measuring, training
from ganprobe.core.errors import GanprobeError

app = typer.Typer(
    name="ganprobe",
    help="How good is this generator, how well is its latent space ordered, and which way to move to change one thing.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (measuring, data, checkpoints, directions, training):
    room.register(app)

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of the signal."""

# Newer Typers carry a Click of their own, older ones import it: the base of usage errors is found through either.
_UsageError: type[Exception] = typer.BadParameter.__mro__[2]


class _Spoken(Protocol):
    """What a usage error has, whichever Click it is of."""

    def format_message(self) -> str: ...


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line `words` (default: the process's own) and exit with its status."""
    sys.exit(run(sys.argv[1:] if words is None else list(words)))


def run(words: Sequence[str]) -> int:
    """Run the command line `words` and give its exit status."""
    command = typer.main.get_command(app)
    try:
        status = command.main(list(words) or ["--help"], prog_name="ganprobe", standalone_mode=False)
    except GanprobeError as problem:
        return _complain(str(problem))
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except _UsageError as problem:
        message = cast(_Spoken, problem).format_message()
        return _complain(f"{message.rstrip('.')}; see `ganprobe --help`")
    if status == INTERRUPTED:
        return _complain("interrupted; the same command with --resume goes on, where it has that option", INTERRUPTED)
    return status if isinstance(status, int) else 0


def _complain(text: str, status: int = 2) -> int:
    print("ganprobe: " + " ".join(text.split()), file=sys.stderr)
    return status
