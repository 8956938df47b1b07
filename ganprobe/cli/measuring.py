"""evaluate, compare and demo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ganprobe.cli import options
from ganprobe.core.calls.settings import CompareCall, EvaluateCall


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(evaluate)
    app.command()(compare)
    app.command()(demo)


@options.taking(EvaluateCall, but=["out"])
def evaluate(
    generator: Annotated[str, typer.Argument(help="A checkpoint, a shipped name, images, or package.module:callable.")],
    out: options.Out,
    call: EvaluateCall,
) -> None:
    """Measure one generator and write its report."""
    from ganprobe.engine.opening.names import check_words

    check_words(generator, call)
    from ganprobe.engine.evaluate import run_evaluation
    from ganprobe.engine.ranks.joining import this_process
    from ganprobe.report.folders.together import RESULTS, check_owner

    check_owner(out, RESULTS)

    ranks = this_process()
    run = run_evaluation(generator, replace(call, out=out, device=ranks.device(call.device)), ranks=ranks)
    run.save(out)
    _say_skipped(run)
    _print_run(run)
    _say_where(out)


@options.taking(CompareCall)
def compare(
    items: Annotated[
        list[str], typer.Argument(metavar="RUN_OR_GENERATOR...", help="Run folders, or generators to evaluate first.")
    ],
    out: options.Out,
    call: CompareCall,
) -> None:
    """One table of several generators, best in bold where the difference is beyond chance."""
    from ganprobe.core.files import check_writable
    from ganprobe.engine.opening.names import check_words

    check_writable(out)
    for item in items:
        check_words(item, call)
    from ganprobe.engine.compare import compare as compare_items

    comparison = compare_items(items, call)
    comparison.save(out)
    _print_comparison(comparison)
    _say_where(out)


def demo(
    out: options.Out = Path("reports/demo"),
    samples: Annotated[
        int | None, typer.Option(help="Images per generator; left out, what five minutes on two cores allow.")
    ] = None,
) -> None:
    """Evaluate and compare the shipped generators: a first report within minutes, without a download."""
    from ganprobe.engine.demo import DEMO_SAMPLES, run_demo

    comparison = run_demo(out, samples=DEMO_SAMPLES if samples is None else samples)
    _print_comparison(comparison)
    _say_where(out)


def _print_run(run: Any) -> None:
    from rich.console import Console

    from ganprobe.report import detail_tables, run_table

    console = Console()
    console.print(run_table(run.record))
    for table in detail_tables(run.record):
        console.print()
        console.print(table)


def _say_skipped(run: Any) -> None:
    sides = {"generator": run.record.generator, "reference": run.record.reference}
    for side, subject in sides.items():
        if found := run.record.provenance.get(f"skipped_{side}"):
            options.say_skipped(subject.name, found["files"], found["first"])


def _print_comparison(comparison: Any) -> None:
    from rich.console import Console

    from ganprobe.report import comparison_table

    Console().print(comparison_table(comparison.record))


def _say_where(out: Path) -> None:
    typer.echo(f"{out / 'report.html'}")
