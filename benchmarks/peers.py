"""Our numbers beside those of other packages, on the same images and the same weights: `python -m benchmarks.peers`.

    python -m benchmarks.peers --inception-weights inception.pth --vgg-weights vgg16.pth --samples 500

Samples of a shipped generator and the test images of CIFAR-10 are written as PNG files. Every package then reads those
files by its own public interface, and `ganprobe evaluate` measures the generator itself. Prints a Markdown table;
`--out FILE` writes it. The packages are the extra `bench`; what is not installed is left out, and the table says so.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import ganprobe
from ganprobe.data import open_data
from ganprobe.features import to_uint8

Array = NDArray[Any]
GENERATOR = "cifar10-biggan"
MISSING = "not installed"
ZERO = 1e-9
"""Ours below it is 0 but for rounding, of which nothing can be a share."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Two folders of PNG files, what gave the first (the generator, or None: the folder itself), and the weights."""

    what: str
    generated: Path
    real: Path
    inception: Path
    vgg: Path
    generator: str | None = None

    def ours(self, metrics: list[str]) -> dict[str, float]:
        """Our numbers, of the generator itself where there is one."""
        count = len(list(self.generated.iterdir()))
        run = ganprobe.evaluate(
            self.generator or self.generated,
            reference=self.real,
            metrics=metrics,
            samples=count,
            inception_weights=self.inception,
            vgg_weights=self.vgg,
        )
        return {name: run[name].value for name in metrics}


@dataclass(frozen=True, slots=True)
class Peer:
    """A package, the metrics that it confirms, and how it is called: inputs to numbers in the order of the metrics."""

    package: str
    metrics: tuple[str, ...]
    call: Callable[[Inputs], list[float]]
    remark: str = ""

    def rows(self, inputs: Inputs, ours: dict[str, float]) -> Iterator[str]:
        """A row of the table for each metric."""
        try:
            version = importlib.metadata.version(self.package)
            numbers: list[float | None] = [*self.call(inputs)]
        except (ImportError, importlib.metadata.PackageNotFoundError):
            version, numbers = MISSING, [None] * len(self.metrics)
        for metric, theirs in zip(self.metrics, numbers, strict=True):
            head = f"| {inputs.what} | `{metric}` | {self.package} {version} |"
            if theirs is None:
                yield f"{head} {ours[metric]:.7g} | | | {self.remark} |"
                continue
            apart = f"{abs(ours[metric] - theirs) / abs(theirs):.0e}" if abs(ours[metric]) > ZERO else ""
            yield f"{head} {ours[metric]:.7g} | {theirs:.7g} | {apart} | {self.remark} |"


def torch_fidelity_numbers(inputs: Inputs) -> list[float]:
    """fid, kid, is."""
    import torch_fidelity

    fewest = min(len(list(folder.iterdir())) for folder in (inputs.generated, inputs.real))
    found = torch_fidelity.calculate_metrics(
        **_torch_fidelity_call(inputs, inputs.inception),
        fid=True,
        kid=True,
        isc=True,
        kid_subset_size=min(1000, fewest),
    )
    return [
        found["frechet_inception_distance"],
        found["kernel_inception_distance_mean"],
        found["inception_score_mean"],
    ]


def torch_fidelity_shares(inputs: Inputs) -> list[float]:
    """precision, recall."""
    import torch_fidelity

    found = torch_fidelity.calculate_metrics(**_torch_fidelity_call(inputs, inputs.vgg), prc=True)
    return [found["precision"], found["recall"]]


def _torch_fidelity_call(inputs: Inputs, weights: Path) -> dict[str, Any]:
    return {
        "input1": str(inputs.generated),
        "input2": str(inputs.real),
        "feature_extractor_weights_path": str(weights),
        "cuda": torch.cuda.is_available(),
        "verbose": False,
        "cache": False,
        "save_cpu_ram": True,
    }


def prdc_numbers(inputs: Inputs) -> list[float]:
    """density, coverage: of torch-fidelity's features where they are to be had, so that nothing in it is ours."""
    from prdc import compute_prdc

    real, generated = (_peer_features(folder, inputs.inception) for folder in (inputs.real, inputs.generated))
    found = compute_prdc(real_features=real, fake_features=generated, nearest_k=5)
    return [found["density"], found["coverage"]]


def _peer_features(folder: Path, weights: Path) -> Array:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3("peer", ["2048"], feature_extractor_weights_path=str(weights))
    with torch.no_grad():
        return torch.cat([network(part)[0] for part in pixels_of(folder).split(50)]).numpy()


def pytorch_fid_numbers(inputs: Inputs) -> list[float]:
    """fid@pytorch-fid."""
    from pytorch_fid import fid_score, inception

    with _local_weights(inception, inputs.inception):
        folders = [str(inputs.generated), str(inputs.real)]
        return [float(fid_score.calculate_fid_given_paths(folders, 50, "cpu", 2048, num_workers=0))]


def clean_fid_numbers(inputs: Inputs) -> list[float]:
    """fid@clean: clean-fid's own resize and distance; its network in PyTorch, for its usual one is a TorchScript file
    of the same weights that is fetched from elsewhere."""
    from cleanfid import fid, inception_pytorch

    with _local_weights(inception_pytorch, inputs.inception):
        network = inception_pytorch.InceptionV3([3], resize_input=False, normalize_input=False).eval()

    def features(pixels: torch.Tensor) -> torch.Tensor:
        return network((pixels - 128) / 128)[0].flatten(1)

    moments: list[Array] = []
    for folder in (inputs.generated, inputs.real):
        rows = fid.get_folder_features(
            str(folder), features, num_workers=0, batch_size=50, device=torch.device("cpu"), mode="clean", verbose=False
        )
        moments += [rows.mean(0), np.cov(rows, rowvar=False)]
    return [float(fid.frechet_distance(*moments))]


def torchmetrics_numbers(antialias: bool) -> Callable[[Inputs], list[float]]:
    """fid, with or without its antialiased resize, which is its default."""

    def call(inputs: Inputs) -> list[float]:
        from torchmetrics.image.fid import FrechetInceptionDistance

        metric = FrechetInceptionDistance(
            2048, feature_extractor_weights_path=str(inputs.inception), antialias=antialias
        )
        for folder, real in ((inputs.generated, False), (inputs.real, True)):
            for part in pixels_of(folder).split(50):
                metric.update(part, real=real)
        return [float(metric.compute())]

    return call


@contextmanager
def _local_weights(module: Any, path: Path) -> Iterator[None]:
    """The package's network reads `path` where it would download."""
    usual, state = module.load_state_dict_from_url, torch.load(path, weights_only=True)
    module.load_state_dict_from_url = lambda *_, **__: state
    try:
        yield
    finally:
        module.load_state_dict_from_url = usual


SCORES = Peer("torch-fidelity", ("fid", "kid", "is"), torch_fidelity_numbers)
SHARES = Peer("torch-fidelity", ("precision", "recall"), torch_fidelity_shares)
PEERS = (
    SCORES,
    SHARES,
    Peer("prdc", ("density", "coverage"), prdc_numbers, "on torch-fidelity's features"),
    Peer("pytorch-fid", ("fid@pytorch-fid",), pytorch_fid_numbers),
    Peer("clean-fid", ("fid@clean",), clean_fid_numbers),
    Peer("torchmetrics", ("fid",), torchmetrics_numbers(False), "antialias=False"),
    Peer("torchmetrics", ("fid",), torchmetrics_numbers(True), "its default antialiases: another protocol"),
)


def pixels_of(folder: Path) -> torch.Tensor:
    """The images of a folder, uint8 (N, 3, H, W), in the order of their names."""
    source = open_data(str(folder))
    return torch.from_numpy(source.read(range(len(source))).copy())


def save(folder: Path, pixels: Array) -> Path:
    """Write uint8 (N, 3, H, W), or (N, 1, H, W) in grey, as PNG files."""
    folder.mkdir(parents=True)
    for number, image in enumerate(pixels.transpose(0, 2, 3, 1)):
        Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).save(folder / f"{number:06}.png")
    return folder


def generated_inputs(home: Path, samples: int, weights: tuple[Path, Path]) -> Inputs:
    """Samples of the generator, and as many test images of CIFAR-10."""
    sampler = ganprobe.load(GENERATOR)
    parts = [range(low, min(low + 100, samples)) for low in range(0, samples, 100)]
    fake = np.concatenate([to_uint8(sampler.batch(part, seed=0).images).numpy() for part in parts])
    real = open_data("cifar10:test", limit=samples).read(range(samples))
    what = f"{GENERATOR}, {samples} a side"
    return Inputs(what, save(home / "fake", fake), save(home / "real", real), *weights, generator=GENERATOR)


def odd_inputs(home: Path, weights: tuple[Path, Path]) -> Iterator[Inputs]:
    """Odd sizes, grey images, few images, and a set against itself, whose distance is known."""
    pixels = open_data("cifar10:test", limit=240).read(range(240))
    grey = pixels.mean(1, keepdims=True).round().astype(np.uint8)
    kinds = {
        "27 x 31 pixels, 60 a side": pixels[:120, :, 5:, :31],
        "grey, 60 a side": grey[:120],
        "24 a side": pixels[:48],
    }
    for number, (what, chosen) in enumerate(kinds.items()):
        half, folder = len(chosen) // 2, home / str(number)
        darker = (chosen[:half] * 0.8).astype(np.uint8)
        yield Inputs(what, save(folder / "fake", darker), save(folder / "real", chosen[half:]), *weights)
    same = save(home / "same", pixels[:60])
    yield Inputs("60 and themselves: fid is 0", same, same, *weights)


def table(samples: int, weights: tuple[Path, Path], home: Path) -> Iterator[str]:
    """The lines of the table."""
    yield "| images | metric | peer | ganprobe | peer's | apart, relative | remark |"
    yield "| --- | --- | --- | ---: | ---: | ---: | --- |"
    main = generated_inputs(home / "main", samples, weights)
    everything = list(dict.fromkeys(metric for peer in PEERS for metric in peer.metrics))
    ours = main.ours(everything)
    for peer in PEERS:
        yield from peer.rows(main, ours)
    for inputs in odd_inputs(home / "odd", weights):
        chosen = (SCORES, *PEERS[3:6])
        ours = inputs.ours(list(dict.fromkeys(metric for peer in chosen for metric in peer.metrics)))
        for peer in chosen:
            yield from peer.rows(inputs, ours)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inception-weights", type=Path, required=True)
    parser.add_argument("--vgg-weights", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = []
    with tempfile.TemporaryDirectory() as home:
        for line in table(options.samples, (options.inception_weights, options.vgg_weights), Path(home)):
            print(line, flush=True)
            lines.append(line)
    if options.out is not None:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
