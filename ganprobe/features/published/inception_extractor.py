"""Images to Inception's columns, prepared as each published protocol prepares them.

    extractor = load_inception("pt_inception-2015-12-05-6726825d.pth", columns=["inception.pool3"])
    extractor.observe(images)["inception.pool3"]  # (N, 2048)

A column's name is "inception", then "@" and the protocol unless it is the default one, a dot, and the level:
"inception.pool3", "inception@clean.pool3". Only the columns that are asked for are computed.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal, final

import torch
from torch import Tensor

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Columns
from ganprobe.core.registry import unknown
from ganprobe.features.images.parts import looked_at
from ganprobe.features.images.resize import bicubic_pil, bilinear, bilinear_tf1
from ganprobe.features.published.downloads import INCEPTION, fetched
from ganprobe.features.published.inception import LEVELS, SIDE, InceptionV3, folded
from ganprobe.features.published.weights import NetworkWeights, read_state_dict

VERSION = "uint8, three ways to 299, 1"
"""Names the preparations in fingerprints; raise the number when one of them changes."""

Precision = Literal["float32", "tf32", "half", "bfloat16"]
_DTYPES = {"float32": torch.float32, "tf32": torch.float32, "half": torch.float16, "bfloat16": torch.bfloat16}
_CPU_BATCH = 16


def _tensorflow(pixels: Tensor) -> Tensor:
    return _centred(bilinear_tf1(pixels, SIDE))


def _pytorch_fid(pixels: Tensor) -> Tensor:
    return 2 * bilinear(pixels / 255, SIDE) - 1


def _clean(pixels: Tensor) -> Tensor:
    return _centred(bicubic_pil(pixels, SIDE, within=(0, 255)))


def _centred(fresh: Tensor) -> Tensor:
    return fresh.sub_(128).div_(128)


PREPARATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "": _tensorflow,
    "@pytorch-fid": _pytorch_fid,
    "@clean": _clean,
}
"""Float pixels (N, 3, H, W) in 0 to 255 to the network's input, by protocol: torch-fidelity's and StyleGAN3's,
pytorch-fid's, clean-fid's."""

COLUMNS = tuple(f"inception{protocol}.{level}" for protocol in PREPARATIONS for level in LEVELS)
InceptionWeights = NetworkWeights[InceptionV3]


@final
class InceptionExtractor:
    """Images (N, 3, H, W) in [-1, 1] to the columns asked for, each (N, d) float32; images are quantised to uint8, as
    files are, before anything else.

    precision: "float32", which published numbers have; "tf32" (CUDA alone) rounds the factors of products; "half" and
    "bfloat16" compute all but the last averages and the last layer so. Each but the first changes the fingerprint.
    compile: let torch.compile fuse what it can, which takes a minute at first (docs/performance.md has what all this
    gains and how far it moves FID). InputError for a precision that is unknown, or that the device has not.
    """

    def __init__(
        self,
        weights: InceptionWeights,
        *,
        columns: Iterable[str] = COLUMNS,
        device: torch.device | str = "cpu",
        precision: Precision = "float32",
        compile: bool = False,
    ) -> None:
        self.weights, self.device, self.precision = weights, torch.device(device), precision
        self.provides = frozenset(columns)
        self._levels = _levels_by_protocol(self.provides)
        self._dtype = _dtype_of(precision, self.device)
        self.network = _placed(weights.network, self.device, self._dtype)
        self._run: Callable[..., dict[str, Tensor]] = torch.compile(self.network) if compile else self.network
        version = VERSION if precision == "float32" else f"{VERSION}, {precision}"
        self.fingerprint = hashlib.sha256(f"{weights.sha256}\x1f{version}".encode()).hexdigest()

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images of any size, on any device. DataError for another kind of tensor."""
        with steady_convolutions(tf32=self.precision == "tf32"):
            seen = looked_at(self._observe, images, self.device, part=_CPU_BATCH)
        return {name: seen[name] for name in sorted(self.provides)}

    def _observe(self, pixels: Tensor) -> dict[str, Tensor]:
        columns = {}
        for protocol, levels in self._levels.items():
            inputs = PREPARATIONS[protocol](pixels).to(self._dtype, memory_format=torch.channels_last)
            for level, values in self._run(inputs, levels).items():
                columns[f"inception{protocol}.{level}"] = values
        return columns


def _dtype_of(precision: str, device: torch.device) -> torch.dtype:
    if precision not in _DTYPES:
        raise unknown("precision of Inception", precision, _DTYPES)
    if precision == "tf32" and device.type != "cuda":
        raise InputError(f"tf32 is CUDA's and the device is {device}; choose from float32, half and bfloat16")
    return _DTYPES[precision]


def _placed(network: InceptionV3, device: torch.device, dtype: torch.dtype) -> InceptionV3:
    """On the device; a copy where its type must change, for the weights may serve others. The last layer stays float32:
    it is small, and its outputs are exponents."""
    if dtype != torch.float32:
        network = copy.deepcopy(network).to(dtype)
        network.fc.float()
    return network.to(device).to(memory_format=torch.channels_last)


def _levels_by_protocol(columns: Iterable[str]) -> dict[str, list[str]]:
    levels: dict[str, list[str]] = {}
    for column in sorted(columns):
        if column not in COLUMNS:
            raise unknown("column of Inception", column, COLUMNS)
        protocol, _, level = column.removeprefix("inception").rpartition(".")
        levels.setdefault(protocol, []).append(level)
    return levels


def read_inception(path: str | Path) -> InceptionWeights:
    """The network of a state dict in the release's layout. Nothing in the file is executed: what would have to be is a
    CheckpointError, as is a file that is missing, damaged, or of another layout."""
    return NetworkWeights(folded(read_state_dict(path, "Inception")), sha256_of(Path(path)), INCEPTION)


def load_inception(
    path: str | Path | None = None,
    *,
    columns: Iterable[str] = COLUMNS,
    device: torch.device | str = "cpu",
    precision: Precision = "float32",
    compile: bool = False,
) -> InceptionExtractor:
    """The extractor of the weights in `path`; None: the official ones, fetched if they are not in the cache. precision
    and compile as in InceptionExtractor."""
    weights = read_inception(path or fetched(INCEPTION))
    return InceptionExtractor(weights, columns=columns, device=device, precision=precision, compile=compile)
