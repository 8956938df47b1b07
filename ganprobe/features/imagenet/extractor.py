"""The features of a network that knows ImageNet: EfficientNet-Lite0 (docs/features.md).

    extractor = load_imagenet()
    extractor.observe(images)["imagenet.features"]  # (N, 1280)

What is measured with them is called fd, kd and cs, never FID, KID or IS.
"""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Final, final

import torch
from torch import Tensor

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Columns
from ganprobe.features.imagenet.forms import WEIGHTS, installed_file
from ganprobe.features.imagenet.network import EfficientNetLite0, layout, renamed
from ganprobe.features.images.parts import looked_at
from ganprobe.features.images.resize import bicubic_pil
from ganprobe.features.perceptual import check_shapes, stage_distance
from ganprobe.features.published.weights import NetworkWeights, check_layout, read_state_dict

FEATURES: Final = "imagenet.features"
PROBABILITIES: Final = "imagenet.probabilities"
SIDE: Final = 224
VERSION = "uint8, Pillow's bicubic to 224, in float, clipped to 0..255, (x - 127) / 128, 1"
"""Names the preparation in fingerprints; raise the number when it changes."""

_MEAN, _DEVIATION, _WHITE = 127.0, 128.0, 255.0
_CPU_BATCH = 16
ImagenetWeights = NetworkWeights[EfficientNetLite0]


@final
class ImagenetExtractor:
    """Images (N, 3, H, W) in [-1, 1] to "imagenet.features" (N, 1280), the activations before the last layer averaged
    over positions, and "imagenet.probabilities" (N, 1000), the softmax over ImageNet's classes; both float32. Images
    are quantised to uint8, as files are, before anything else."""

    provides = frozenset({FEATURES, PROBABILITIES})

    def __init__(self, weights: ImagenetWeights, device: torch.device | str = "cpu") -> None:
        self.weights, self.device = weights, torch.device(device)
        self.network = _placed(weights.network, self.device, torch.float32)
        self.fingerprint = hashlib.sha256(f"{weights.sha256}\x1f{VERSION}".encode()).hexdigest()

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images of any size, on any device. DataError for another kind of tensor."""
        with steady_convolutions():
            return looked_at(self._observe, images, self.device, part=_CPU_BATCH)

    def _observe(self, pixels: Tensor) -> dict[str, Tensor]:
        pooled = self.network.pooled(_prepared(bicubic_pil(pixels, SIDE, within=(0.0, _WHITE))))
        return {FEATURES: pooled, PROBABILITIES: self.network.classifier(pooled).softmax(1)}


@final
class ImagenetDistance:
    """The perceptual distance of two images in EfficientNet-Lite0: `stage_distance` of the outputs of the last block at
    each of its five sizes. Images are brought to 224 pixels by Pillow's bicubic filter; they are neither quantised nor
    clipped, for path lengths divide by epsilon^2 = 1e-8.

    dtype: of the computation and the result.
    """

    def __init__(
        self, weights: ImagenetWeights, device: torch.device | str = "cpu", *, dtype: torch.dtype = torch.float32
    ) -> None:
        self.weights, self.device, self.dtype = weights, torch.device(device), dtype
        self.network = _placed(weights.network, self.device, dtype)
        words = (weights.sha256, "imagenet-distance", str(dtype), "1")
        self.fingerprint = hashlib.sha256("\x1f".join(words).encode()).hexdigest()

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Float images (N, 3, H, W) in about [-1, 1], twice, to (N,) distances in [0, 20]. DataError where the shapes
        differ."""
        check_shapes(a, b)
        return stage_distance(self._stages(a), self._stages(b))

    def _stages(self, images: Tensor) -> list[Tensor]:
        pixels = (images.to(self.device, self.dtype) + 1) * (_WHITE / 2)
        return self.network.stages(_prepared(bicubic_pil(pixels, SIDE)))


def read_imagenet(path: str | Path) -> ImagenetWeights:
    """The network of a state dict in the layout of the package's file. Nothing in the file is executed: what would have
    to be is a CheckpointError, as is a file that is missing, damaged, or of another layout."""
    tensors = read_state_dict(path, "EfficientNet-Lite0")
    check_layout(tensors, layout(), what="EfficientNet-Lite0", record=WEIGHTS)
    with torch.device("meta"):
        network = EfficientNetLite0()
    network.load_state_dict(renamed(tensors), assign=True)
    return NetworkWeights(network.folded(), sha256_of(Path(path)), WEIGHTS)


def load_imagenet(device: torch.device | str = "cpu") -> ImagenetExtractor:
    """The extractor of the installed weights. CheckpointError where they are not installed or are others."""
    return ImagenetExtractor(read_imagenet(installed_file()), device)


def load_imagenet_distance(
    device: torch.device | str = "cpu", *, dtype: torch.dtype = torch.float32
) -> ImagenetDistance:
    """The perceptual distance of the installed weights. Errors as those of `load_imagenet`."""
    return ImagenetDistance(read_imagenet(installed_file()), device, dtype=dtype)


def _prepared(pixels: Tensor) -> Tensor:
    return pixels.sub(_MEAN).div_(_DEVIATION).contiguous(memory_format=torch.channels_last)


def _placed(network: EfficientNetLite0, device: torch.device, dtype: torch.dtype) -> EfficientNetLite0:
    copied = copy.deepcopy(network).to(device, dtype).to(memory_format=torch.channels_last)
    return copied.eval().requires_grad_(False)
