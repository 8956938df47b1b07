"""The embedded features: a small CIFAR-10 classifier that ships with the project (docs/features.md).

>>> extractor = load_embedded()
>>> columns = extractor.observe(torch.zeros(2, 3, 64, 64))
>>> {name: tuple(column.shape) for name, column in sorted(columns.items())}
{'embedded.features': (2, 128), 'embedded.probabilities': (2, 10)}

What is measured with them is called fd, kd and cs, never FID, KID or IS.
"""

from __future__ import annotations

from pathlib import Path
from typing import final

import torch
from torch import Tensor

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.devices.memory import joined
from ganprobe.core.protocols import Columns
from ganprobe.core.shipped import shipped_file
from ganprobe.features.embedded.resnet import ResNet, placed
from ganprobe.features.embedded.weights import fingerprint_of, load_resnet
from ganprobe.features.images.quantise import VERSION, quantised_input
from ganprobe.features.images.resize import resized
from ganprobe.features.perceptual import check_shapes, stage_distance

KIND = "embedded-features"
POOLED = "embedded.features"
PROBABILITIES = "embedded.probabilities"
_CPU_PAIRS = 16
"""At a time, whose maps stay in the processor's caches."""


@final
class EmbeddedExtractor:
    """Images (N, 3, H, W) to "embedded.features" (N, 128), the pooled activations before the last layer, and
    "embedded.probabilities" (N, 10), the softmax over the classes of CIFAR-10; both float32.

    Images are quantised to uint8, as for FID, and resized to 32 x 32 (bilinear, antialiased).
    """

    def __init__(self, network: ResNet, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.network = placed(network, self.device)
        self.fingerprint = fingerprint_of(network.state_dict(), KIND, VERSION)

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({POOLED, PROBABILITIES})

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images (N, 3, H, W) in [-1, 1], of any size, on any device. DataError for another kind of tensor."""
        with steady_convolutions():
            pooled = self.network.pooled(quantised_input(images.to(self.device), self.network.config.resolution))
        return {POOLED: pooled, PROBABILITIES: self.network.classifier(pooled).softmax(1)}


@final
class EmbeddedDistance:
    """The perceptual distance of two images in the embedded network: `stage_distance` of the stem's outputs and of its
    three stages'. Images are resized to 32 x 32 but not quantised: path lengths divide distances of neighbouring images
    by epsilon^2 = 1e-8, and rounding pixels to uint8 would drown them.

    dtype: of the computation and the result. float64 keeps every digit of the distance of two nearly equal images.
    """

    def __init__(
        self, network: ResNet, device: torch.device | str = "cpu", *, dtype: torch.dtype = torch.float32
    ) -> None:
        self.device, self.dtype = torch.device(device), dtype
        self.network = placed(network, self.device, dtype)
        self.fingerprint = fingerprint_of(network.state_dict(), "embedded-distance", str(dtype), "1")

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Float images (N, 3, H, W) in about [-1, 1], twice, to (N,) distances in [0, 2 * number of outputs compared].
        DataError where the shapes differ or the tensors hold no RGB images."""
        check_shapes(a, b)
        whole = self.device.type != "cpu" or torch.is_grad_enabled()
        sides = [(a, b)] if whole else zip(torch.split(a, _CPU_PAIRS), torch.split(b, _CPU_PAIRS), strict=True)
        return joined(stage_distance(self._stages(some), self._stages(others)) for some, others in sides)

    def _stages(self, images: Tensor) -> list[Tensor]:
        return self.network.stages(resized(images.to(self.device, self.dtype), self.network.config.resolution))


def read_embedded(path: str | Path) -> ResNet:
    """The classifier of a file that the training of the embedded features wrote. CheckpointError where it is none."""
    return load_resnet(path, kind=KIND)[0]


def load_embedded(device: torch.device | str = "cpu") -> EmbeddedExtractor:
    """The extractor of the shipped embedded features."""
    return EmbeddedExtractor(read_embedded(shipped_file("networks", KIND)), device)


def load_embedded_distance(
    device: torch.device | str = "cpu", *, dtype: torch.dtype = torch.float32
) -> EmbeddedDistance:
    """The perceptual distance of the shipped embedded features."""
    return EmbeddedDistance(read_embedded(shipped_file("networks", KIND)), device, dtype=dtype)
