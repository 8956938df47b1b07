"""evaluate, compare and demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ganprobe.cli import options
from ganprobe.core.settings import COMPARE_SAMPLES, DEFAULTS, Settings
from ganprobe.core.spaces import BatchNoise


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(evaluate)
    app.command()(compare)
    app.command()(demo)


def evaluate(
    generator: Annotated[str, typer.Argument(help="A checkpoint, a shipped name, images, or package.module:callable.")],
    out: options.Out,
    reference: Annotated[
        str | None, typer.Option(help="A data set's name, images, or saved statistics; needed by metrics that compare.")
    ] = None,
    metrics: options.Metrics = None,
    samples: options.Samples = DEFAULTS.samples,
    seed: options.Seed = DEFAULTS.seed,
    features: options.Features = DEFAULTS.features,
    inception_weights: options.InceptionWeights = None,
    vgg_weights: options.VggWeights = None,
    scorer: options.Scorer = None,
    batch_size: options.BatchSize = DEFAULTS.batch_size,
    device: options.Device = DEFAULTS.device,
    truncation: options.Psi = "1",
    noise: options.Noise = DEFAULTS.noise,
    skip_unreadable: options.SkipUnreadable = DEFAULTS.skip_unreadable,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a killed run with the same settings stopped.")
    ] = False,
) -> None:
    """Measure one generator and write its report."""
    from ganprobe.engine.evaluate import run_evaluation
    from ganprobe.engine.ranks.joining import this_process

    ranks = this_process()
    settings = Settings(
        samples=samples,
        seed=seed,
        features=features,
        inception_weights=inception_weights,
        vgg_weights=vgg_weights,
        scorer=scorer,
        batch_size=batch_size,
        device=ranks.device(device),
        truncation=options.parse_truncation(truncation),
        noise=cast(BatchNoise, noise),
        skip_unreadable=skip_unreadable,
    )
    run = run_evaluation(
        generator,
        settings,
        reference=reference,
        metrics=options.split_names(metrics),
        out=out,
        resume=resume,
        ranks=ranks,
    )
    run.save(out)
    _say_skipped(run)
    _print_run(run)
    _say_where(out)


def compare(
    items: Annotated[
        list[str], typer.Argument(metavar="RUN_OR_GENERATOR...", help="Run folders, or generators to evaluate first.")
    ],
    out: options.Out,
    reference: Annotated[
        str | None, typer.Option(help="For generators; left out, what a shipped one was trained on.")
    ] = None,
    metrics: options.Metrics = None,
    samples: options.Samples = None,
    seed: options.Seed = DEFAULTS.seed,
    features: options.Features = DEFAULTS.features,
    inception_weights: options.InceptionWeights = None,
    vgg_weights: options.VggWeights = None,
    scorer: options.Scorer = None,
    batch_size: options.BatchSize = DEFAULTS.batch_size,
    device: options.Device = DEFAULTS.device,
    truncation: options.Psi = "1",
    noise: options.Noise = DEFAULTS.noise,
) -> None:
    """One table of several generators, best in bold where the difference is beyond chance."""
    from ganprobe.core.files import check_writable
    from ganprobe.engine.compare import compare as compare_items

    check_writable(out)
    settings = Settings(
        samples=samples,
        most=COMPARE_SAMPLES,
        seed=seed,
        features=features,
        inception_weights=inception_weights,
        vgg_weights=vgg_weights,
        scorer=scorer,
        batch_size=batch_size,
        device=device,
        truncation=options.parse_truncation(truncation),
        noise=cast(BatchNoise, noise),
    )
    comparison = compare_items(items, settings, reference=reference, metrics=options.split_names(metrics))
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
