"""LPIPS of VGG16: how far apart two images look.

    distance = load_lpips("vgg16-397923af.pth")
    distance(images_a, images_b)  # (N,)

Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric", equation 1, version 0.1,
"lin". The trunk is torchvision's VGG16, the weights of its channels are those that ship inside the package `lpips`, and
both are read as tensors, nothing in either file being executed.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import cast, final

import torch
from torch import Tensor, nn

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.errors import CheckpointError, DataError
from ganprobe.core.files import sha256_of
from ganprobe.features.published.downloads import VGG16, fetched
from ganprobe.features.published.vgg16 import Vgg16Weights, read_vgg16
from ganprobe.features.published.weights import read_state_dict

VERSION = "lpips 0.1 lin, relu1_2 relu2_2 relu3_3 relu4_3 relu5_3, 1"
"""Names the computation in fingerprints; raise the number when it changes."""

LINEAR_SHA256 = "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"
SMALLEST = 16
"""Of an image's sides: the trunk halves it four times."""

_ENDS = (4, 9, 16, 23, 30)
_CHANNELS = (64, 128, 256, 512, 512)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_TINY = 1e-10
_CPU_PAIRS = 4
_PIXELS = 2**21
"""Of both sides at a time: the first layers hold 64 numbers for each of them."""


@final
class LpipsDistance:
    """d(a, b) = sum over five layers of the mean over positions of sum_c w_c (u_c(a) - u_c(b))^2, u being a layer's
    activations after the ReLU, divided by their norm over channels.

    Images are taken as they are, at their own size and not quantised; `lpips_protocols` has what a protocol does to
    them first. dtype: of the computation and the result; float64 keeps every digit of the distance of two nearly equal
    images. name: what numbers from it are marked with; sha256 and official: of the trunk's weights.
    """

    def __init__(
        self, weights: Vgg16Weights, device: torch.device | str = "cpu", *, dtype: torch.dtype = torch.float32
    ) -> None:
        self.device, self.dtype = torch.device(device), dtype
        self.sha256, self.official = weights.sha256, weights.official
        self.name = f"lpips-{weights.name}"
        # A copy: the network may serve others, and holds eight times as much for its classes.
        layers = copy.deepcopy(cast(nn.Sequential, weights.network.features)).to(self.device, dtype)
        self._stages = [layers[first:end] for first, end in zip((0, *_ENDS), _ENDS, strict=False)]
        self._linear = [each.to(self.device, dtype) for each in linear_weights()]
        self._shift, self._scale = (
            torch.tensor(values, device=self.device, dtype=dtype).view(3, 1, 1) for values in (_SHIFT, _SCALE)
        )
        words = (weights.sha256, LINEAR_SHA256, VERSION, str(dtype))
        self.fingerprint = hashlib.sha256("\x1f".join(words).encode()).hexdigest()

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Float images (N, 3, H, W) in about [-1, 1], twice, to (N,) distances from 0 on, with gradients where the
        images have them. DataError where the shapes differ, the tensors hold no RGB images, or a side is below 16."""
        _check(a, b)
        wanted = torch.is_grad_enabled() and (a.requires_grad or b.requires_grad)
        with torch.inference_mode(not wanted):
            return self._in_parts(a, b)

    def _in_parts(self, a: Tensor, b: Tensor) -> Tensor:
        size = max(_PIXELS // (2 * a.shape[2] * a.shape[3]), 1)
        # Small batches stay in the processor's caches.
        size = min(size, _CPU_PAIRS) if self.device.type == "cpu" else size
        parts = zip(torch.split(a, size), torch.split(b, size), strict=True)
        with steady_convolutions():
            return torch.cat([self._distances(torch.cat(both)) for both in parts])

    def _distances(self, images: Tensor) -> Tensor:
        x = (images.to(self.device, self.dtype) - self._shift) / self._scale
        x = x.contiguous(memory_format=torch.channels_last)
        total = x.new_zeros(len(images) // 2)
        for stage, weights in zip(self._stages, self._linear, strict=True):
            x = stage(x)
            u, v = (x / (x.square().sum(1, keepdim=True).sqrt() + _TINY)).chunk(2)
            total = total + ((u - v).square() * weights).sum(1).mean((1, 2))
        return total


def read_lpips(
    path: str | Path, device: torch.device | str = "cpu", *, dtype: torch.dtype = torch.float32
) -> LpipsDistance:
    """The distance whose trunk is a state dict in torchvision's layout of VGG16; CheckpointError as in `read_vgg16`."""
    return LpipsDistance(read_vgg16(path), device, dtype=dtype)


def load_lpips(
    path: str | Path | None = None, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> LpipsDistance:
    """The distance of the VGG16 in `path`; None: the official one, fetched if it is not in the cache."""
    return read_lpips(path or fetched(VGG16), device, dtype=dtype)


@cache
def linear_weights() -> Sequence[Tensor]:
    """The learnt weights of the channels of the five layers, each (C, 1, 1) float32, from the file inside the package
    `lpips`. CheckpointError where it is not there or is another one."""
    path = _linear_file()
    if not path.is_file() or sha256_of(path) != LINEAR_SHA256:
        raise CheckpointError(f"{path} is not the file of lpips 0.1.4 (sha256 {LINEAR_SHA256}); install lpips again")
    tensors = read_state_dict(path, "LPIPS")
    return tuple(tensors[f"lin{layer}.model.1.weight"].view(-1, 1, 1).float() for layer in range(len(_CHANNELS)))


def _linear_file() -> Path:
    # The package is found but not imported: it would import SciPy's filters and matplotlib for nothing.
    found = importlib.util.find_spec("lpips")
    if found is None or not found.submodule_search_locations:
        raise CheckpointError("LPIPS needs the package lpips, which is not installed; pip install lpips")
    return Path(found.submodule_search_locations[0]) / "weights" / "v0.1" / "vgg.pth"


def _check(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise DataError(f"expected two tensors of one shape, got {tuple(a.shape)} and {tuple(b.shape)}")
    if a.ndim != 4 or a.shape[1] != 3 or not (a.is_floating_point() and b.is_floating_point()):
        raise DataError(f"expected float images (N, 3, H, W), got {a.dtype} {tuple(a.shape)}")
    if min(a.shape[2:]) < SMALLEST:
        raise DataError(f"LPIPS needs images of at least {SMALLEST} pixels a side, got {a.shape[2]} x {a.shape[3]}")
