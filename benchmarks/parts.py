"""`python -m benchmarks.parts`: what becomes of numbers where memory runs out and blocks are computed in parts.

Networks are made to say that memory ran out on more than so many images; numbers stand beside those of whole blocks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import ganprobe
from ganprobe.engine.run import Run
from ganprobe.features.embedded.extractor import EmbeddedDistance, EmbeddedExtractor
from ganprobe.generators.biggan.generator import BigGANGenerator
from ganprobe.generators.stylegan.generator import StyleGANGenerator

RUNS = {
    "toyfaces-stylegan": ("toyfaces", ["fd", "kd", "cs", "precision@embedded", "ppl_w_end", "ppl_z_full"]),
    "cifar10-biggan": ("cifar10", ["fd", "kd", "cs"]),
}
NETWORKS = (
    (StyleGANGenerator, "synthesize"),
    (BigGANGenerator, "synthesize"),
    (EmbeddedExtractor, "observe"),
    (EmbeddedDistance, "__call__"),
)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=__doc__)
    parser.add_argument("--most", default="32,8,1", help="images at a time, of blocks of 64")
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args(words)
    sizes = [int(size) for size in asked.most.split(",")]
    print("| generator | metric | whole blocks |", " | ".join(f"{size} at a time" for size in sizes), "|")
    print("| --- | --- | ---: |", " | ".join("---:" for _ in sizes), "|")
    for generator, (reference, metrics) in RUNS.items():
        words_ = {"reference": reference, "metrics": metrics, "samples": asked.samples, "device": asked.device}
        whole, *parted = [_evaluated(generator, size, words_) for size in (10**9, *sizes)]
        for name in metrics:
            found = " | ".join(_apart(whole, each, name) for each in parted)
            print(f"| {generator} | {name} | {whole[name].value:.6g} | {found} |", flush=True)


def _apart(whole: Run, parted: Run, name: str) -> str:
    """The difference, as a share of the interval."""
    low, high = whole[name].ci95 or (float("nan"), float("nan"))
    apart = abs(parted[name].value - whole[name].value)
    return f"{apart / (high - low):.1e}" if apart else "equal"


def _evaluated(generator: str, most: int, words: dict[str, Any]) -> Run:
    with _room_for(most):
        return ganprobe.evaluate(generator, seed=0, **words)


@contextmanager
def _room_for(most: int) -> Iterator[None]:
    patches = [patch.object(kind, method, _limited(getattr(kind, method), most)) for kind, method in NETWORKS]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def _limited(inner: Any, most: int) -> Any:
    def call(self: Any, first: Any, *words: Any, **more: Any) -> Any:
        if len(first) > most:
            raise MemoryError(f"there is room for {most} images")
        return inner(self, first, *words, **more)

    return call


if __name__ == "__main__":
    main()
