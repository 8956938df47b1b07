"""ganprobe: how good is this generator, how well is its latent space ordered, and which way to move.

    sampler = ganprobe.load("toyfaces-stylegan")
    run = ganprobe.evaluate(sampler, reference="toyfaces", metrics=["fd", "ppl_w_end"], samples=5_000, seed=0)
    run["fd"].value, run["fd"].ci95, run.to_frame()
    ganprobe.compare([run, "reports/other"]).save("reports/comparison")

Importing it imports no torch: that waits for the first call.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganprobe.core.settings import COMPARE_SAMPLES, DEFAULTS, Settings
from ganprobe.core.spaces import BatchNoise, Truncation
from ganprobe.core.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from ganprobe.core.protocols import Sampler
    from ganprobe.engine.compare import Comparable
    from ganprobe.engine.run import Run
    from ganprobe.report import Comparison, Sweep


__all__ = ["__version__", "compare", "evaluate", "load", "sweep"]


def load(
    generator: str | Path | nn.Module,
    *,
    device: str = "cpu",
    noise: BatchNoise = DEFAULTS.noise,
    truncation: Truncation = DEFAULTS.truncation,
    skip_unreadable: bool = DEFAULTS.skip_unreadable,
) -> Sampler:
    """The sampler of a generator: `.spec`, `.fingerprint`, `.batch(range, seed=...)`; where it has latents `.draw`,
    `.map` and `.synthesize` too, and `.generator` (nn.Module) where it is a checkpoint's.

    generator: a checkpoint file (its layout is detected), a shipped name, a folder, archive or array of images,
    "package.module:callable", or a network, which stays on its device and is left as it was. device: where what is
    opened here will run. noise: of the sampler's own images, "random"
    (sample i has its own), "const" or "zero". truncation: psi or (psi, layers), of the sampler's own images too; for
    BigGAN the threshold on z. skip_unreadable: pass over images that cannot be decoded.
    Errors: InputError, CheckpointError, DataError, CapabilityError: all of them GanprobeError.
    """
    from ganprobe.engine.opening.features import open_device
    from ganprobe.engine.opening.samplers import open_sampler

    return open_sampler(
        generator, device=open_device(device), noise=noise, truncation=truncation, skip_unreadable=skip_unreadable
    )


def evaluate(
    generator: str | Path | Sampler | nn.Module,
    *,
    reference: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    samples: int | None = DEFAULTS.samples,
    seed: int = DEFAULTS.seed,
    features: str | None = DEFAULTS.features,
    inception_weights: str | Path | None = DEFAULTS.inception_weights,
    vgg_weights: str | Path | None = DEFAULTS.vgg_weights,
    scorer: str | Path | None = DEFAULTS.scorer,
    batch_size: int = DEFAULTS.batch_size,
    device: str | None = DEFAULTS.device,
    truncation: Truncation = DEFAULTS.truncation,
    noise: BatchNoise = DEFAULTS.noise,
    skip_unreadable: bool = DEFAULTS.skip_unreadable,
    out: str | Path | None = None,
    resume: bool = False,
) -> Run:
    """Measure a generator.

    generator: as in `load`, or a sampler. A sampler keeps its device, noise and truncation. A network is measured in
    evaluation mode on its own device and left as it was, so that it can be in the middle of its training.
    reference: a data set's name, images, or saved statistics; metrics that compare need one.
    metrics: names as in `ganprobe list metrics`; None means all that the generator and the reference allow.
    features: "embedded", "inception" or "vgg16"; None means what the metrics are defined on, else the embedded ones.
    inception_weights: a file in the layout of the official weights instead of those; its numbers are marked.
    vgg_weights: the same for VGG16, which precision and recall are defined on, and LPIPS.
    scorer: of attributes, for metrics of their latent directions; None means the toyfaces scorer.
    samples: images, and pairs on each path, to draw; None means 50,000, or all of a smaller set of images.
    seed: sample i is a function of (seed, i) alone.
    batch_size: samples taken in at a time; it changes no image and no feature.
    device: where features are computed and a generator that is opened here runs; None means CUDA where there is one.
    truncation: psi or (psi, layers); for BigGAN a threshold on z. noise: "random", "const" or "zero".
    skip_unreadable: pass over images that cannot be decoded, and say so in the results.
    out: a folder where a run of more than half a minute saves its states while it lasts (the results: Run.save).
    resume: take up what a killed run with the same settings left in `out`.
    Errors: GanprobeError, before any image is drawn wherever the fault can be told by then.
    """
    from ganprobe.engine.evaluate import run_evaluation
    from ganprobe.engine.passes.journal import discard_journal

    settings = Settings(
        samples=samples,
        seed=seed,
        features=features,
        inception_weights=inception_weights,
        vgg_weights=vgg_weights,
        scorer=scorer,
        batch_size=batch_size,
        device=device,
        truncation=truncation,
        noise=noise,
        skip_unreadable=skip_unreadable,
    )
    folder = None if out is None else Path(out)
    against = None if reference is None else str(reference)
    run = run_evaluation(generator, settings, reference=against, metrics=metrics, out=folder, resume=resume)
    if folder is not None:
        discard_journal(folder)
    return run


def compare(
    items: Sequence[Comparable],
    *,
    reference: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    samples: int | None = DEFAULTS.samples,
    seed: int = DEFAULTS.seed,
    features: str | None = DEFAULTS.features,
    inception_weights: str | Path | None = DEFAULTS.inception_weights,
    vgg_weights: str | Path | None = DEFAULTS.vgg_weights,
    scorer: str | Path | None = DEFAULTS.scorer,
    batch_size: int = DEFAULTS.batch_size,
    device: str | None = DEFAULTS.device,
    truncation: Truncation = DEFAULTS.truncation,
    noise: BatchNoise = DEFAULTS.noise,
) -> Comparison:
    """One table of several generators: `.table`, `.to_frame()`, `.save(DIR)`. The best is marked only where the 95%
    interval of the difference to every other excludes zero.

    items: Runs, folders of finished runs, or generators (as in `evaluate`), which are evaluated first with the other
    arguments. samples None: 5,000 of each, or all of a smaller set of images. reference None: what a shipped
    generator was trained on.
    Errors: InputError for fewer than two items, and whatever an evaluation raises.
    """
    from ganprobe.engine.compare import compare as compare_items

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
        truncation=truncation,
        noise=noise,
    )
    against = None if reference is None else str(reference)
    return compare_items(items, settings, reference=against, metrics=metrics)


def sweep(
    generator: str | Path | Sampler | nn.Module,
    truncations: Sequence[Truncation],
    *,
    reference: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    samples: int | None = DEFAULTS.samples,
    seed: int = DEFAULTS.seed,
    features: str | None = DEFAULTS.features,
    inception_weights: str | Path | None = DEFAULTS.inception_weights,
    vgg_weights: str | Path | None = DEFAULTS.vgg_weights,
    batch_size: int = DEFAULTS.batch_size,
    device: str | None = DEFAULTS.device,
    noise: BatchNoise = DEFAULTS.noise,
    skip_unreadable: bool = DEFAULTS.skip_unreadable,
    out: str | Path | None = None,
) -> Sweep:
    """One generator at several strengths of truncation: `.points`, `.to_frame()`, `.save(DIR)` with the curves of
    fidelity against variety.

    generator: as in `load`, if its latents can be truncated; a sampler keeps its device and noise.
    truncations: two or more of psi or (psi, layers); for BigGAN thresholds on z; 1 is none.
    metrics: None means a Frechet distance, a score, precision and recall: "fd", "cs", "precision@embedded" and
    "recall@embedded"; with Inception's features "fid" and "is", with `vgg_weights` "precision" and "recall" too.
    out: a folder below which each run is saved as soon as it is finished, to runs/PSI/.
    The other arguments: as in `evaluate`.
    Errors: CapabilityError for what cannot be truncated, InputError for a truncation that is no number or was given
    twice, and whatever an evaluation raises; all before the first image is drawn.
    """
    from ganprobe.engine.sweep import run_sweep

    settings = Settings(
        samples=samples,
        seed=seed,
        features=features,
        inception_weights=inception_weights,
        vgg_weights=vgg_weights,
        batch_size=batch_size,
        device=device,
        noise=noise,
        skip_unreadable=skip_unreadable,
    )
    folder = None if out is None else Path(out)
    against = None if reference is None else str(reference)
    return run_sweep(generator, settings, truncations, reference=against, metrics=metrics, out=folder)
