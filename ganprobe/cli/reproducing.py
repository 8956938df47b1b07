"""reproduce."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.errors import InputError


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(reproduce)


def reproduce(
    target: Annotated[str, typer.Argument(help="The paper: lt-gan or ss-gan.")],
    out: options.Out,
    budget: Annotated[
        str, typer.Option(help="smoke (minutes, means nothing), cpu (hours), gpu (minutes on a large one) or paper.")
    ] = "smoke",
    tables: Annotated[str | None, typer.Option(help="Tables and figures by name, such as 1,2; left out, all.")] = None,
    rows: Annotated[
        str | None, typer.Option(help="Patterns of recipes, such as 'cifar10-sndcgan*'; left out, all.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FOLDER", help="Where a data set lies, with train/ and test/; may be repeated."),
    ] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SCORER", help="The scorer of a data set's attributes; may be repeated."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Training runs of each row; left out, the budget's.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Rows at a time, each in a process; left out, the budget's.")] = None,
    max_minutes: Annotated[
        float | None, typer.Option(help="Of all the work; rows that are compared train equally many steps.")
    ] = None,
    inception_weights: options.InceptionWeights = None,
    vgg_weights: options.VggWeights = None,
    device: options.Device = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Train and measure nothing: write the report of what is there.")
    ] = False,
) -> None:
    """Train a paper's rows, measure them, and print its tables beside its own numbers; given again, it goes on."""
    from ganprobe.reproduce.data import Holdings
    from ganprobe.reproduce.run import Call
    from ganprobe.reproduce.run import reproduce as start

    holdings = Holdings(
        folders={name: Path(value) for name, value in _pairs(data, "--data celebahq=FOLDER").items()},
        scorers=_pairs(scorer, "--scorer celebahq=SCORER"),
        inception_weights=inception_weights,
        vgg_weights=vgg_weights,
    )
    call = Call(
        target=target,
        budget=budget,
        out=out,
        tables=_names(tables),
        rows=_names(rows),
        holdings=holdings,
        device=device,
        seeds=seeds,
        jobs=jobs,
        max_minutes=max_minutes,
        report_only=report_only,
        command=shlex.join(["ganprobe", *sys.argv[1:]]),
    )
    found = start(call, say=lambda line: typer.echo(line, err=True))
    for row, said in found.failures.items():
        typer.echo(f"{row} failed: {said}", err=True)
    typer.echo(str(out / "report" / "report.html"))


def _names(text: str | None) -> tuple[str, ...] | None:
    names = options.split_names(text)
    return None if names is None else tuple(names)


def _pairs(words: list[str] | None, form: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise InputError(f"expected a name and a value, as in {form}; got {word!r}")
        pairs[name] = value
    return pairs
