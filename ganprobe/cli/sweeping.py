"""sweep: one generator at several strengths of truncation."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from ganprobe.cli import options
from ganprobe.core.settings import DEFAULTS, Settings
from ganprobe.core.spaces import BatchNoise


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(sweep)


def sweep(
    generator: Annotated[str, typer.Argument(help="A generator's checkpoint or a shipped name.")],
    out: options.Out,
    truncation: Annotated[
        str,
        typer.Option(
            help="psi, or psi:layers for the first layers, joined by commas; for BigGAN thresholds on z. 1 is none."
        ),
    ] = "1,0.9,0.8,0.7,0.6,0.5,0.4",
    reference: Annotated[
        str | None, typer.Option(help="A data set's name, images, or saved statistics; needed by metrics that compare.")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="Names joined by commas; left out, a Frechet distance, a score, precision and recall."),
    ] = None,
    samples: options.Samples = DEFAULTS.samples,
    seed: options.Seed = DEFAULTS.seed,
    features: options.Features = DEFAULTS.features,
    inception_weights: options.InceptionWeights = None,
    vgg_weights: options.VggWeights = None,
    batch_size: options.BatchSize = DEFAULTS.batch_size,
    device: options.Device = DEFAULTS.device,
    noise: options.Noise = DEFAULTS.noise,
    skip_unreadable: options.SkipUnreadable = DEFAULTS.skip_unreadable,
) -> None:
    """Measure a generator over a list of truncations: fidelity against variety."""
    truncations = [options.parse_truncation(text) for text in options.split_names(truncation) or []]
    from rich.console import Console

    from ganprobe.engine.sweep import run_sweep
    from ganprobe.report import sweep_table

    settings = Settings(
        samples=samples,
        seed=seed,
        features=features,
        inception_weights=inception_weights,
        vgg_weights=vgg_weights,
        batch_size=batch_size,
        device=device,
        noise=cast(BatchNoise, noise),
        skip_unreadable=skip_unreadable,
    )
    found = run_sweep(
        generator, settings, truncations, reference=reference, metrics=options.split_names(metrics), out=out
    )
    found.save(out)
    Console().print(sweep_table(found.record))
    typer.echo(f"{out / 'report.html'}")
