"""Inception's features beside torch-fidelity's on the same weights and pixels, and what its options do to FID."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.duel import MISSING, Options, Row, peer, timed
from benchmarks.inputs import images, moments, weights
from ganprobe.features import InceptionExtractor, read_inception
from ganprobe.features.published.inception_extractor import Precision
from ganprobe.metrics import frechet_distance

IMAGES = 192
BATCH = 32
COLUMN = "inception.pool3"
_OPTIONS: tuple[tuple[Precision, bool], ...] = (
    ("tf32", False),
    ("half", False),
    ("bfloat16", False),
    ("float32", True),
    ("bfloat16", True),
)
_CUDA_ALONE = ("tf32", "half")


def rows(options: Options) -> Iterator[Row]:
    sides = images(IMAGES if options.device == "cpu" else 4096)
    with weights(options.inception_weights, "inception") as path:
        took, features = _ours(path, sides, options)
        fid = _distance(features)
        yield _peers(path, sides, options, took, fid)
        for precision, compile in _OPTIONS:
            if options.device != "cpu" or (precision not in _CUDA_ALONE and not compile):
                yield _option(path, sides, options, precision, compile, took, fid)


def compiled(options: Options) -> Iterator[Row]:
    """torch.compile on the CPU; asked for by name, for compiling takes minutes."""
    sides = images(IMAGES)
    with weights(options.inception_weights, "inception") as path:
        took, features = _ours(path, sides, options)
        for precision in ("float32", "bfloat16"):
            yield _option(path, sides, options, precision, True, took, _distance(features))


def _ours(
    path: Path, sides: tuple[Tensor, ...], options: Options, precision: Precision = "float32", compile: bool = False
) -> tuple[float, list[Any]]:
    extractor = InceptionExtractor(
        read_inception(path), columns=[COLUMN], device=options.device, precision=precision, compile=compile
    )
    floats = [side / 127.5 - 1 for side in sides]
    extractor.observe(floats[0][:BATCH])
    return timed(lambda: [_all(lambda part: extractor.observe(part)[COLUMN], side) for side in floats], options)


def _peers(path: Path, sides: tuple[Tensor, ...], options: Options, took: float, fid: float) -> Row:
    count = 2 * len(sides[0])
    what, name = f"Inception features on {options.device}, images a second", "torch-fidelity"
    module = peer("torch_fidelity.feature_extractor_inceptionv3")
    if module is None:
        return Row(what=what, peer=name, ours=f"{count / took:.1f}", theirs=MISSING, wanted="1.5 on CPU")
    network = module.FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)
    ).to(options.device)
    with torch.no_grad():
        network(sides[0][:BATCH].to(options.device))
        theirs, features = timed(
            lambda: [_all(lambda part: network(part.to(options.device))[0], side) for side in sides], options
        )
    peers = _distance(features)
    return Row(
        what=what,
        peer=name,
        ours=f"{count / took:.1f}",
        theirs=f"{count / theirs:.1f}",
        ratio=theirs / took,
        wanted="1.5 on CPU",
        agreement=f"FID {fid:.6g} and {peers:.6g}: {abs(fid - peers) / peers:.0e} apart",
    )


def _option(
    path: Path,
    sides: tuple[Tensor, ...],
    options: Options,
    precision: Precision,
    compile: bool,
    plain: float,
    fid: float,
) -> Row:
    took, features = _ours(path, sides, options, precision, compile)
    count, changed = 2 * len(sides[0]), _distance(features)
    return Row(
        what=f"the same in {precision}" + (", compiled" if compile else ""),
        peer="ours in float32",
        ours=f"{count / took:.1f}",
        theirs=f"{count / plain:.1f}",
        ratio=plain / took,
        agreement=f"FID {changed:.6g}: {abs(changed - fid) / fid:.0e} away, relative",
    )


def _all(observe: Any, side: Tensor) -> Any:
    return torch.cat([observe(part) for part in torch.split(side, BATCH)]).cpu().numpy()


def _distance(features: list[Any]) -> float:
    return frechet_distance(*moments(features[1]), *moments(features[0]))
