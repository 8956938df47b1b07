"""ganprobe: how good is this generator, how well is its latent space ordered, and which way to move.

    sampler = ganprobe.load("toyfaces-stylegan")
    run = ganprobe.evaluate(sampler, reference="toyfaces", metrics=["fd", "ppl_w_end"], samples=5_000, seed=0)
    run["fd"].value, run["fd"].ci95, run.to_frame()
    ganprobe.compare([run, "reports/other"]).save("reports/comparison")

Importing it imports no torch: that waits for the first call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganprobe.core.calls.directing import ExploreCall, ProjectCall
from ganprobe.core.calls.options import called_with, option
from ganprobe.core.calls.settings import CompareCall, EvaluateCall, SweepCall
from ganprobe.core.calls.shared import Picking, Ranging, Reading, Rendering, Truncating
from ganprobe.core.spaces import Truncation
from ganprobe.core.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from ganprobe.core.protocols import Sampler
    from ganprobe.engine.compare import Comparable
    from ganprobe.engine.project import Projection
    from ganprobe.engine.run import Run
    from ganprobe.explorer.serving import Explorer
    from ganprobe.report import Comparison, Sweep

__all__ = ["__version__", "compare", "evaluate", "explore", "load", "project", "sweep"]


@dataclass(frozen=True, kw_only=True)
class _LoadCall(Picking, Ranging, Reading, Truncating, Rendering):
    device: str = option("cpu", help="Where what is opened here will run.")


@called_with(_LoadCall)
def load(generator: str | Path | nn.Module, call: _LoadCall) -> Sampler:
    """The sampler of a generator: `.spec`, `.fingerprint`, `.batch(range, seed=...)`; where it has latents `.draw`,
    `.map` and `.synthesize` too, and `.generator` (nn.Module) where it is a checkpoint's.

    generator: a checkpoint file (its layout is detected), a shipped name, a folder, archive or array of images,
    "package.module:callable", or a network, which stays on its device and is left as it was.
    Noise and truncation are those of the sampler's own images.
    Errors: InputError, CheckpointError, DataError, CapabilityError: all of them GanprobeError.
    """
    from ganprobe.engine.opening.features import open_device
    from ganprobe.engine.opening.samplers import open_sampler

    return open_sampler(
        generator,
        device=open_device(call.device),
        noise=call.noise,
        truncation=call.truncation,
        reading=call,
        key=call.key,
        output_range=call.output_range,
    )


@called_with(EvaluateCall)
def evaluate(generator: str | Path | Sampler | nn.Module, call: EvaluateCall) -> Run:
    """Measure a generator.

    generator: as in `load`, or a sampler. A sampler keeps its device, noise and truncation. A network is measured in
    evaluation mode on its own device and left as it was, so that it can be in the middle of its training.
    Errors: GanprobeError, before any image is drawn wherever the fault can be told by then. The results are saved by
    `Run.save`.
    """
    from ganprobe.engine.evaluate import run_evaluation
    from ganprobe.engine.passes.journal import discard_journal

    run = run_evaluation(generator, call)
    if call.out is not None:
        discard_journal(Path(call.out))
    return run


@called_with(CompareCall)
def compare(items: Sequence[Comparable], call: CompareCall) -> Comparison:
    """One table of several generators: `.table`, `.to_frame()`, `.save(DIR)`. The best is marked only where the 95%
    interval of the difference to every other excludes zero.

    items: Runs, folders of finished runs, or generators (as in `evaluate`), which are evaluated first.
    Errors: InputError for fewer than two items, and whatever an evaluation raises.
    """
    from ganprobe.engine.compare import compare as compare_items

    return compare_items(items, call)


@called_with(SweepCall)
def sweep(generator: str | Path | Sampler | nn.Module, truncations: Sequence[Truncation], call: SweepCall) -> Sweep:
    """One generator at several strengths of truncation: `.points`, `.to_frame()`, `.save(DIR)` with the curves of
    fidelity against variety.

    generator: as in `load`, if its latents can be truncated; a sampler keeps its device and noise.
    truncations: two or more of psi or (psi, layers); for BigGAN thresholds on z; 1 is none.
    Errors: CapabilityError for what cannot be truncated, InputError for a truncation that is no number or was given
    twice, and whatever an evaluation raises; all before the first image is drawn.
    """
    from ganprobe.engine.sweep import run_sweep

    return run_sweep(generator, truncations, call)


@called_with(ProjectCall)
def project(generator: str | Path | Sampler | nn.Module, images: Any, call: ProjectCall) -> Projection:
    """The latents of pictures, by optimisation: `.latents`, `.distances`, `.percentiles`, `.images`, `.to_frame()`,
    `.save(FILE or DIR)`.

    generator: as in `load`, or a sampler. images: paths of image files, folders or archives, pictures of Pillow's,
    uint8 arrays (N, 3, H, W) or (N, H, W, 3), float tensors (N, 3, H, W) in [-1, 1]; one or a list.
    Errors: GanprobeError, before the optimisation starts wherever the fault can be told by then.
    """
    from ganprobe.engine.project import projected

    return projected(generator, images, call)


@called_with(ExploreCall)
def explore(generator: str | Path | Sampler | nn.Module, call: ExploreCall) -> Explorer:
    """A page on which a generator is looked through: `.url`, `.stop()`; in a notebook it shows itself. It is given from
    a thread of this process, on 127.0.0.1 alone, to whoever has the address.

    generator: as in `load`, if it has latents. directions: files, or `Directions` that were found here.
    Errors: CapabilityError without the extra `explore` and for images alone; InputError for a port that cannot be had,
    directions and latents of other generators; all before the page is given.
    """
    from ganprobe.explorer.serving import open_explorer

    return open_explorer(generator, call)
