"""What must be equal: the device's numbers and the CPU's, at any batch size, and no waiting for the host."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

import ganprobe
from benchmarks.gpu.setup import Finding, Setup
from benchmarks.inputs import weights
from ganprobe.data import open_data
from ganprobe.engine.run import Run

EMBEDDED = "fd,fd_infinity,kd,kd@subsets,cs,precision@embedded,recall@embedded,density@embedded,coverage@embedded"
PATHS = "ppl_z_full,ppl_z_end,ppl_w_full,ppl_w_end,ms_ssim"
SCORED = "ls_z,ls_w,boundary_accuracy,attribute_correlation,dci_w,mig_w,sap_w"
INCEPTION = "fid,fid@clean,fid@stylegan3,kid,is"
VGG = "precision,recall,lpips_diversity"
TOLERANCE = 2e-3
"""Relative, or of the interval's width: images of another device differ by 1e-6, and become uint8 before a network
looks at them, so that one pixel value in some thousands is another one."""


def metrics_agree(setup: Setup) -> Iterator[Finding]:
    """Each metric on the device beside the same on the CPU: relative difference, and as a share of the interval."""
    n = setup.size(1000, 64)
    yield from _compared(setup, "toyfaces-stylegan", n, EMBEDDED, features="embedded", reference="toyfaces")
    yield from _compared(setup, "toyfaces-stylegan", setup.size(400, 24), PATHS)
    yield from _compared(setup, "cifar10-biggan", n, "fd,kd,cs", features="embedded", reference="cifar10")
    if setup.tiny:
        return
    yield from _compared(setup, "toyfaces-stylegan", 2000, SCORED)
    with weights(None, "inception") as inception, weights(None, "vgg16") as vgg:
        files = {"inception_weights": inception, "vgg_weights": vgg}
        yield from _compared(setup, "cifar10-biggan", 128, f"{INCEPTION},{VGG}", reference="toyfaces:32", **files)


def _compared(setup: Setup, generator: str, n: int, names: str, **options: object) -> Iterator[Finding]:
    wanted = names.split(",")
    if "reference" in options and str(options["reference"]).startswith("toyfaces:"):
        options["reference"] = _images(n)
    runs = [
        ganprobe.evaluate(generator, metrics=wanted, samples=n, seed=0, device=device, **options)  # type: ignore[arg-type]
        for device in ("cpu", str(setup.device))
    ]
    for metric in wanted:
        yield _difference(metric, *runs)


def _images(n: int) -> str:
    """A folder of renders that an evaluation can read as its reference."""
    found = open_data("toyfaces:32", limit=n).read(range(n))
    path = Path(tempfile.mkdtemp()) / "renders.npy"
    np.save(path, found.transpose(0, 2, 3, 1))
    return str(path)


def _difference(metric: str, host: Run, device: Run, where: str = "on the CPU") -> Finding:
    a, b = host[metric], device[metric]
    apart = abs(a.value - b.value)
    relative = apart / max(abs(a.value), 1e-12)
    width = a.ci95[1] - a.ci95[0] if a.ci95 else float("nan")
    share = apart / width if width else float("inf")
    fine = relative <= TOLERANCE or share <= TOLERANCE or apart == 0
    return Finding(
        f"{metric}: {a.value:.6g} {where}, {b.value:.6g}",
        f"{relative:.1e}",
        f"{share:.1e} of the interval" + ("" if fine else ": MORE THAN STATED"),
    )


def batch_sizes_agree(setup: Setup) -> Iterator[Finding]:
    """The same run at three batch sizes, bit for bit."""
    names = ["fd", "kd", "cs", "ppl_w_end"]
    n = setup.size(300, 40)
    runs = [
        ganprobe.evaluate(
            "toyfaces-stylegan",
            reference="toyfaces",
            metrics=names,
            samples=n,
            seed=3,
            batch_size=size,
            device=str(setup.device),
        )
        for size in (7, 64, 200)
    ]
    for name in names:
        values = [run[name].value for run in runs]
        spread = max(values) - min(values)
        yield Finding(f"{name} at batch sizes 7, 64, 200", "equal" if spread == 0 else f"{spread:.1e} apart")


def memory_runs_out(setup: Setup) -> Iterator[Finding]:
    """The same run with all of the card, and with half of what it took there: no more than last digits may change."""
    if setup.device.type != "cuda":
        yield Finding("runs in half of the memory", "not told", "only CUDA can be told to have less")
        return
    names = ["fd", "kd", "cs", "ppl_w_end"]
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    start = torch.cuda.memory_reserved()
    whole = _evaluated(names, setup)
    taken = torch.cuda.max_memory_reserved() - start
    torch.cuda.empty_cache()
    room = torch.cuda.memory_reserved() + taken / 2
    total = torch.cuda.get_device_properties(setup.device).total_memory
    said = io.StringIO()
    torch.cuda.set_per_process_memory_fraction(room / total)
    try:
        with contextlib.redirect_stderr(said):
            halved = _evaluated(names, setup)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    parted = [line for line in said.getvalue().splitlines() if "memory ran out" in line]
    yield Finding(f"{taken / 2**20:.0f} MiB, halved", f"{len(parted)} parted", "; ".join(parted))
    for name in names:
        yield _difference(name, whole, halved, "with all of it")


def _evaluated(names: list[str], setup: Setup) -> Run:
    return ganprobe.evaluate(
        "toyfaces-stylegan",
        reference="toyfaces",
        metrics=names,
        samples=setup.size(640, 64),
        seed=0,
        device=str(setup.device),
    )


def synchronisations(setup: Setup) -> Sequence[Finding]:
    """How often the host waits for the device in a pass, and where: by the difference of two lengths of it."""
    if setup.device.type != "cuda":
        return [Finding("waits of the host", "not told", "only CUDA tells")]
    short, long = (_waits(setup, blocks) for blocks in (4, 12))
    grown = Counter({place: count - short[place] for place, count in long.items() if count > short[place]})
    rows = [Finding(f"per block, at {place}", f"{count / 8:.1f}") for place, count in grown.most_common(12)]
    return rows or [Finding("waits of the host per block", "0", "in the image pass of fd, kd and cs")]


def _waits(setup: Setup, blocks: int) -> Counter[str]:
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ganprobe.evaluate(
                "toyfaces-stylegan",
                reference="toyfaces",
                metrics=["fd", "kd", "cs"],
                samples=64 * blocks,
                seed=0,
                device=str(setup.device),
            )
    finally:
        torch.cuda.set_sync_debug_mode("default")
    ours = [each for each in caught if "synchroniz" in str(each.message)]
    return Counter(f"{Path(each.filename).name}:{each.lineno}" for each in ours)
