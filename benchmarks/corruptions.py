"""Which features put growing corruptions in their order: `python -m benchmarks.corruptions`; with `--write` its tables
go into docs/features.md.

Clean images stand against other clean images, and against ever more corrupted ones: blurred, noisy, compressed by JPEG,
cropped, and with classes that are left out. A distance that knows what it sees rises at every step.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.stats import spearmanr

from ganprobe.core.protocols import FeatureExtractor
from ganprobe.core.streams import stream
from ganprobe.data import toyfaces
from ganprobe.data.datasets import open_data
from ganprobe.features import load_embedded
from ganprobe.features.imagenet.extractor import load_imagenet
from ganprobe.metrics import frechet_distance
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.kernel.distance import squared_mmd

PAGE = Path(__file__).resolve().parents[1] / "docs" / "features.md"
START, END = "<!-- corruptions: start -->", "<!-- corruptions: end -->"
Pictures = NDArray[np.uint8]
Corruption = Callable[[Image.Image, float, int], Image.Image]


@dataclass(frozen=True, slots=True)
class Data:
    """pictures (N, 3, H, W) uint8 and the mode (N,) that each belongs to; modes that are left out go from the end."""

    pictures: Pictures
    modes: NDArray[np.int64]


def _blurred(image: Image.Image, pixels: float, number: int) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(pixels * image.width / 32))


def _noisy(image: Image.Image, deviation: float, number: int) -> Image.Image:
    values = np.asarray(image, dtype=np.float64)
    noise = stream(0, "corruptions noise", number).standard_normal(values.shape) * deviation
    return Image.fromarray((values + noise).round().clip(0, 255).astype(np.uint8))


def _compressed(image: Image.Image, quality: float, number: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(quality))
    return Image.open(file).convert("RGB")


def _cropped(image: Image.Image, share: float, number: int) -> Image.Image:
    edge = (1 - share) * image.width / 2
    box = (edge, edge, image.width - edge, image.height - edge)
    return image.resize(image.size, Image.Resampling.BICUBIC, box=box)


CORRUPTIONS: Mapping[str, tuple[Corruption, tuple[float, ...], str]] = {
    "blur": (_blurred, (0.25, 0.5, 1.0, 2.0), "deviation {:g} pixels of 32"),
    "noise": (_noisy, (4, 10, 25, 60), "deviation {:g} of 255"),
    "JPEG": (_compressed, (90, 60, 30, 10), "quality {:g}"),
    "crop": (_cropped, (0.95, 0.85, 0.7, 0.5), "{:g} of the side"),
}
DROPPED = (0.1, 0.2, 0.4, 0.6)
MODES = 10
NAMES = ("embedded", "imagenet")


def cifar10(pool: int) -> Data:
    """Test images, 10 classes."""
    images = open_data("cifar10:test").spread(pool)
    index = range(pool)
    labels = images.labels_of(index)
    assert labels is not None
    return Data(images.read(index), labels)


def faces(resolution: int) -> Callable[[int], Data]:
    """Toyfaces; their modes are tenths of the age, which shows in the hair and in wrinkles."""

    def made(pool: int) -> Data:
        ages = np.asarray(toyfaces.factors(range(pool), seed=7)["age"])
        tenths = (np.argsort(np.argsort(ages)) * MODES) // pool
        return Data(toyfaces.images(range(pool), seed=7, resolution=resolution), tenths.astype(np.int64))

    return made


DATA: Mapping[str, Callable[[int], Data]] = {
    "CIFAR-10 (JPEG), 32": cifar10,
    "toyfaces, 64": faces(64),
    "toyfaces, 128": faces(128),
}


def conditions(data: Data, count: int) -> Iterator[tuple[str, int, Pictures]]:
    """Kind, strength from 0 to 4, and `count` images of the second half of the data; 0 is none."""
    half = len(data.pictures) // 2
    ours, modes = data.pictures[half:], data.modes[half:]
    yield "clean", 0, ours[:count]
    for kind, (corrupt, strengths, _) in CORRUPTIONS.items():
        for step, strength in enumerate(strengths, 1):
            yield kind, step, np.stack([_through(corrupt, ours[k], strength, k) for k in range(count)])
    for step, share in enumerate(DROPPED, 1):
        kept = ours[modes < round(MODES * (1 - share))]
        yield "modes dropped", step, kept[:count]


def _through(corrupt: Corruption, picture: Pictures, strength: float, number: int) -> Pictures:
    image = Image.fromarray(np.ascontiguousarray(picture.transpose(1, 2, 0)))
    return np.asarray(corrupt(image, strength, number)).transpose(2, 0, 1)


def embedded(extractor: FeatureExtractor, column: str, pictures: Pictures) -> FloatArray:
    """(N, d) float64 features."""
    parts = [
        extractor.observe(torch.from_numpy(np.ascontiguousarray(part)).float() / 127.5 - 1)[column]
        for part in np.array_split(pictures, max(1, len(pictures) // 64))
    ]
    return torch.cat(parts).double().numpy()


def measured(data: Data, count: int) -> list[dict[str, object]]:
    """One record for each features, kind and strength: kd and fd from the first half of the shuffled data."""
    order = stream(0, "corruptions order").permutation(len(data.pictures))
    data = Data(data.pictures[order], data.modes[order])
    reference = data.pictures[: len(data.pictures) // 2]
    extractors = {"embedded": load_embedded("cpu"), "imagenet": load_imagenet("cpu")}
    against = {name: embedded(each, f"{name}.features", reference) for name, each in extractors.items()}
    found: list[dict[str, object]] = []
    for kind, step, pictures in conditions(data, count):
        for name, each in extractors.items():
            rows = embedded(each, f"{name}.features", pictures)
            kd, fd = squared_mmd(rows, against[name]), _fd(rows, against[name])
            found.append({"features": name, "kind": kind, "step": step, "kd": kd, "fd": fd})
    return found


def _fd(a: FloatArray, b: FloatArray) -> float:
    return frechet_distance(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=DATA, action="append", help="left out, all")
    parser.add_argument("--pool", type=int, default=1600, help="images; the first half is the reference")
    parser.add_argument("--count", type=int, default=300, help="images of each condition")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the measurements, one file of JSON a data set"
    )
    parser.add_argument("--write", action="store_true", help="write the tables of what is in OUT into docs/features.md")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.data or ([] if asked.write else DATA):
        file = asked.out / f"{name.replace(', ', '-').replace(' ', '-')}.json"
        file.write_text(json.dumps({"data": name, "rows": measured(DATA[name](asked.pool), asked.count)}))
    tables = _tables([json.loads(file.read_text()) for file in sorted(asked.out.glob("*.json"))])
    if asked.write:
        before, _, rest = PAGE.read_text().partition(START)
        PAGE.write_text(f"{before}{START}\n{tables}\n{END}{rest.partition(END)[2]}")
    print(tables)


def _tables(sets: Sequence[Mapping[str, Any]]) -> str:
    return "\n\n".join(map(_table, sets))


def _table(measurements: Mapping[str, Any]) -> str:
    """kd without and at each strength of a corruption, how many of the steps go up, and how alike the features rank."""
    rows: Sequence[Mapping[str, Any]] = measurements["rows"]
    kinds = [kind for kind in dict.fromkeys(row["kind"] for row in rows) if kind != "clean"]
    lines = [
        f"| {measurements['data']} | kd, embedded | rises | kd, imagenet | rises | fd rises: embedded, imagenet |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in kinds:
        cells = [_values(_series(rows, name, kind, "kd")) for name in NAMES]
        fd = ", ".join(_rises(_series(rows, name, kind, "fd")) for name in NAMES)
        lines.append(f"| {_described(kind)} | {' | '.join(cells)} | {fd} |")
    ours, theirs = ([row["kd"] for row in rows if row["features"] == name] for name in NAMES)
    told = f"Spearman correlation of the two kd over these {len(ours)} sets of images: {_rank(ours, theirs):.3f}."
    return "\n".join([*lines, "", told])


def _series(rows: Sequence[Mapping[str, Any]], features: str, kind: str, metric: str) -> list[float]:
    """Of no corruption first, then of each strength."""
    mine = [row for row in rows if row["features"] == features and row["kind"] in ("clean", kind)]
    return [float(row[metric]) for row in sorted(mine, key=lambda row: int(row["step"]))]


def _values(series: Sequence[float]) -> str:
    return f"{', '.join(f'{value:.3g}' for value in series)} | {_rises(series)}"


def _rises(series: Sequence[float]) -> str:
    """How many of the steps go up."""
    return f"{sum(a < b for a, b in pairwise(series))} of {len(series) - 1}"


def _described(kind: str) -> str:
    if kind not in CORRUPTIONS:
        return f"{kind}: {', '.join(f'{round(MODES * share)}' for share in DROPPED)} of {MODES}"
    _, strengths, words = CORRUPTIONS[kind]
    return f"{kind}: {words.format(strengths[0])} to {strengths[-1]:g}"


def _rank(a: Sequence[float], b: Sequence[float]) -> float:
    return float(spearmanr(a, b).statistic)


if __name__ == "__main__":
    main()
