"""How fast: against the card's own ceilings, the CPU, and peers on the same card."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import ganprobe
from benchmarks.duel import peer
from benchmarks.gpu.setup import Finding, Setup
from benchmarks.inputs import images, moments, relu_rows, weights
from ganprobe.core.streams import stream
from ganprobe.data import open_data
from ganprobe.directions.svm.machine import fit_hinge, fit_squared_hinge
from ganprobe.features import InceptionExtractor, read_inception
from ganprobe.features.published.lpips_distance import load_lpips
from ganprobe.features.published.vgg16 import load_vgg16
from ganprobe.metrics import frechet_distance
from ganprobe.metrics.neighbours.radii import knn_radii
from ganprobe.training.data.source import ArraySource
from ganprobe.training.reading import read_recipe
from ganprobe.training.recipe.records import RunOptions
from ganprobe.training.run import train_recipe

COLUMN = "inception.pool3"
INCEPTION_FLOPS = 2 * 5.67e9
"""Of one image of 299 x 299: multiplications and additions of the convolutions (Szegedy et al. 2016, section 8)."""


def ceiling(setup: Setup) -> Iterator[Finding]:
    """What the card does of matrix products and of copies."""
    side = setup.size(8192, 128)
    for kind in (torch.float32, torch.bfloat16):
        a = torch.randn(side, side, device=setup.device, dtype=kind)
        b = torch.randn(side, side, device=setup.device, dtype=kind)
        took = setup.seconds(lambda a=a, b=b: a @ b, runs=5, warm=2)
        yield Finding(f"{side} x {side} products, {str(kind)[6:]}", f"{2 * side**3 / took / 1e12:.1f} TFLOP/s")
    big = torch.randn(setup.size(2**28, 2**12), device=setup.device)
    took = setup.seconds(big.clone, runs=5, warm=2)
    yield Finding("copies", f"{2 * big.numel() * 4 / took / 1e12:.2f} TB/s")


def inception(setup: Setup) -> Iterator[Finding]:
    """Images a second of 32 x 32 pixels, preparation included, and what each option does to FID."""
    sides, batch = images(setup.size(4096, 8)), setup.size(256, 4)
    kinds = [("float32", False), ("tf32", False), ("bfloat16", False), ("half", False), ("bfloat16", True)]
    kinds = kinds[:1] if setup.device.type == "cpu" else kinds
    with weights(None, "inception") as path:
        base = None
        for precision, compiled in kinds:
            looked = InceptionExtractor(
                read_inception(path),
                columns=[COLUMN],
                device=setup.device,
                precision=precision,
                compile=compiled,  # type: ignore[arg-type]
            )
            rate, fid = _looked(setup, lambda part, to=looked: to.observe(part / 127.5 - 1)[COLUMN], sides, batch)
            base = fid if base is None else base
            tera = rate * INCEPTION_FLOPS / 1e12
            yield Finding(
                f"ours, {precision}{', compiled' if compiled else ''}",
                f"{rate:,.0f} images/s",
                f"{tera:.1f} TFLOP/s; FID {fid:.6g}, {abs(fid - base) / base:.1e} from float32",
            )
        module = peer("torch_fidelity.feature_extractor_inceptionv3")
        if module is None:
            yield Finding("torch-fidelity", "-", "not installed")
            return
        network = module.FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)
        )
        network = network.to(setup.device).eval()
        rate, fid = _looked(setup, lambda part: network(part)[0], sides, batch)
        yield Finding("torch-fidelity", f"{rate:,.0f} images/s", f"FID {fid:.6g}")


@torch.no_grad()
def _looked(
    setup: Setup, look: Callable[[Tensor], Tensor], sides: tuple[Tensor, ...], batch: int
) -> tuple[float, float]:
    placed = [side.to(setup.device) for side in sides]
    look(placed[0][:batch])
    took = setup.seconds(lambda: [look(part) for part in placed[0].split(batch)], runs=2, warm=1)
    rows = [torch.cat([look(part).float().cpu() for part in side.split(batch)]).numpy() for side in placed]
    return len(placed[0]) / took, frechet_distance(*moments(rows[1]), *moments(rows[0]))


def paths(setup: Setup) -> Iterator[Finding]:
    """Pairs and images a second of the shipped generators: what a run of four times the samples takes longer."""
    for name, metric in (("toyfaces-stylegan", "ppl_w_end"), ("toyfaces-stylegan", "cs"), ("cifar10-biggan", "cs")):
        few = setup.size(2048, 20)
        short, long = (_evaluated(setup, name, metric, n) for n in (few, 4 * few))
        rate = 3 * few / max(long - short, 1e-9)
        yield Finding(f"{metric} of {name}, {4 * few:,}", f"{rate:,.0f} a second", f"{long:.2f} s in all")


def _evaluated(setup: Setup, name: str, metric: str, n: int) -> float:
    def run() -> object:
        return ganprobe.evaluate(name, metrics=[metric], samples=n, device=str(setup.device))

    return setup.seconds(run, runs=1, warm=0)


def perceptual(setup: Setup) -> Iterator[Finding]:
    """LPIPS and VGG16's features."""
    side, n = setup.size(256, 64), setup.size(64, 2)
    a, b = (torch.rand(n, 3, side, side, device=setup.device) * 2 - 1 for _ in range(2))
    with weights(None, "vgg16") as path:
        distance = load_lpips(path, device=setup.device)
        took = setup.seconds(lambda: distance(a, b))
        yield Finding(f"LPIPS, {side} x {side}", f"{n / took:,.0f} pairs/s")
        looked = load_vgg16(path, device=setup.device)
        took = setup.seconds(lambda: looked.observe(a))
        yield Finding(f"VGG16 features, {side} x {side}", f"{n / took:,.0f} images/s")


def neighbours(setup: Setup) -> Iterator[Finding]:
    """Radii to the third neighbour, every pair of rows."""
    for n in (setup.size(10_000, 200), setup.size(50_000, 300)):
        rows = torch.from_numpy(relu_rows(0, n, setup.size(2048, 32))).to(setup.device)
        took = setup.seconds(lambda rows=rows: knn_radii(rows, 3), runs=1, warm=1)
        tera = 2 * n * n * rows.shape[1] / took / 1e12
        yield Finding(f"{n:,} x {n:,} x {rows.shape[1]}", f"{took:.2f} s", f"{tera:.1f} TFLOP/s of whole products")


def frechet(setup: Setup) -> Iterator[Finding]:
    """The distance from moments, on the CPU and on the device."""
    d = setup.size(2048, 32)
    sides = [moments(relu_rows(side, setup.size(5000, 200), d)) for side in (0, 1)]
    for device in ("cpu", str(setup.device)):
        placed = [torch.from_numpy(each).to(device) for side in sides for each in side]
        took = setup.seconds(lambda placed=placed: frechet_distance(*placed), runs=2)
        yield Finding(f"{d} features, {device}", f"{took:.3f} s", f"{float(frechet_distance(*placed)):.9g}")


def solver(setup: Setup) -> Iterator[Finding]:
    """Forty boundaries at once, as InterFaceGAN and as separability fit them; with the hinge, three of them."""
    d, attributes = setup.size(512, 16), setup.size(40, 3)
    for n in (setup.size(14_000, 200), setup.size(100_000, 300)):
        x, labels = (each.to(setup.device) for each in _planted(n, d, attributes))
        took = setup.seconds(lambda x=x, labels=labels: fit_squared_hinge(x, labels), runs=1)
        yield Finding(f"squared hinge, {attributes} attributes at {n:,} x {d}", f"{took:.2f} s")
    x, labels = (each.to(setup.device) for each in _planted(setup.size(14_000, 200), d, 3))
    took = setup.seconds(lambda: list(fit_hinge(x, labels)), runs=1, warm=0)
    yield Finding(f"hinge, 3 attributes at {len(x):,} x {d}", f"{took:.2f} s")


def _planted(n: int, d: int, attributes: int) -> tuple[Tensor, Tensor]:
    """Latents (n, d) and noisy linear classes (attributes, n) of -1 and 1."""
    rng = stream(0, "gpu solver")
    x, planted, noise = (
        torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        for shape in ((n, d), (d, attributes), (n, attributes))
    )
    return x, torch.where((x @ planted / d**0.5 + 0.7 * noise).T > 0, 1, -1)


def training(setup: Setup) -> Iterator[Finding]:
    """Steps a second of trainings at 32 pixels, as the last line of their books has them, with and without graphs."""
    cases: list[tuple[str, list[str]]] = [("sndcgan", []), ("sndcgan", ["lt"]), ("stylegan", []), ("biggan", [])]
    cases += [("sndcgan", [task]) for task in ("cr", "rotation")]
    for name, tasks in cases[:: setup.size(1, 3)]:
        for graphs, precision in [(False, "fp32"), (True, "fp32"), (True, "bf16")][: setup.size(3, 1)]:
            rate = _steps_a_second(setup, name, tasks, graphs=graphs, precision=precision)
            held = "in a graph" if graphs else "launch by launch"
            yield Finding(f"{' + '.join([name, *tasks])} at 32 pixels, {precision}, {held}", f"{rate:.1f} steps/s")


def _steps_a_second(setup: Setup, name: str, tasks: list[str], *, graphs: bool, precision: str) -> float:
    source = ArraySource(open_data("toyfaces:32", limit=512).read(range(512)), np.arange(512) % 10)
    narrow = {"stylegan": "channel_max", "biggan": "channels", "sndcgan": "channels"}[name]
    width = setup.size(128 if name == "stylegan" else 64, 8)
    changes = {"data.conditional": None if name == "biggan" else False, f"network.{narrow}": width}
    changes |= {"lt.start": 0} if "lt" in tasks else {}
    recipe = read_recipe(name, add=tasks, changes={**changes, "precision": precision, "steps": setup.size(400, 2)})
    options = RunOptions(
        device=str(setup.device), graphs=graphs, log_every=setup.size(200, 1), grid_every=0, tensorboard=False
    )
    with tempfile.TemporaryDirectory() as folder:
        train_recipe(recipe, source, Path(folder), options=options)
        last = (Path(folder) / "log.jsonl").read_text().splitlines()[-1]
    return float(json.loads(last)["images_per_second"]) / recipe.images_per_step
