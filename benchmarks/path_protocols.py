"""How far apart path lengths by protocol are, and what float32 does to LPIPS: for docs/precision.md.

    python -m benchmarks.path_protocols [GENERATOR] [VGG16 WEIGHTS]

Without weights a seeded random VGG16 stands in for the trunk.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

import ganprobe
from benchmarks.inputs import weights
from ganprobe.core.streams import stream
from ganprobe.features import LpipsDistance, load_lpips
from ganprobe.features.published.lpips_protocols import (
    PreparedDistance,
    box_to_256,
    cropped_to_256,
    fidelity_64,
    quantised,
)
from ganprobe.metrics import trimmed_mean
from ganprobe.samplers.paths import PathPairs, PathSpec

PAIRS, BLOCK = 512, 64
EPSILON = 1e-4


def lengths(sampler: Any, distance: Any, spec: PathSpec) -> float:
    pairs = PathPairs(sampler, spec)
    blocks = (pairs.pairs(range(first, first + BLOCK), seed=0) for first in range(0, PAIRS, BLOCK))
    return trimmed_mean(torch.cat([distance(a, b).double() for a, b in blocks]) / spec.epsilon**2)


def protocols(sampler: Any, lpips: LpipsDistance) -> None:
    w, z = (PathSpec(space=space, sampling="end") for space in ("w", "z"))
    straight = PathSpec(space="z", sampling="end", straight=True)
    rows = [
        ("w, `@stylegan` (and `@stylegan3`)", box_to_256, w),
        ("w, `@stylegan-crop`", cropped_to_256, w),
        ("z, `@stylegan`", box_to_256, z),
        ("z, `@stylegan-crop`", cropped_to_256, z),
        ("z, a straight line instead of slerp", box_to_256, straight),
        ("z, a straight line, uint8 images: `@torch-fidelity`", fidelity_64, straight),
    ]
    print("| path ends in | length |\n| --- | ---: |")
    for name, prepare, spec in rows:
        print(f"| {name} | {lengths(sampler, PreparedDistance(prepare, lpips), spec):.4g} |", flush=True)


def smooth(side: int, draw: int) -> Tensor:
    coarse = torch.from_numpy(stream(0, "smooth images", draw).standard_normal((16, 3, 8, 8)))
    return interpolate(coarse, (side, side), mode="bicubic").clamp(-1, 1)


def precision(path: Path) -> None:
    single, double = (load_lpips(path, dtype=dtype) for dtype in (torch.float32, torch.float64))
    print(
        "\n| side | ε | float64 | float32 | largest difference | uint8 |\n| ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    for side in (32, 64):
        a, step = smooth(side, 0), smooth(side, 1)
        for epsilon in (1e-2, 1e-3, 1e-4, 1e-5):
            b = a + epsilon * step
            exact = double(a, b) / epsilon**2
            rounded = single(a.float(), b.float()).double() / epsilon**2
            levels = single(quantised(a), quantised(b)).double() / epsilon**2
            worst = (rounded - exact).abs().max()
            print(
                f"| {side} | {epsilon:.0e} | {exact.mean():.5f} | {rounded.mean():.5f} | {worst:.1e} "
                f"| {levels.mean():.4g} |",
                flush=True,
            )


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "toyfaces-stylegan"
    with weights(Path(sys.argv[2]) if len(sys.argv) > 2 else None, "vgg16") as path:
        protocols(ganprobe.load(name), load_lpips(path))
        precision(path)


if __name__ == "__main__":
    main()
