"""VGG16 of torchvision up to its second fully connected layer, which improved precision and recall are defined on.

    extractor = load_vgg16("vgg16-397923af.pth")
    extractor.observe(images)["vgg16.fc2"]  # (N, 4096)

Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image recognition", configuration D.
Images are prepared and read as torch-fidelity does it: TensorFlow 1's bilinear resize to 224 x 224, ImageNet's means
and deviations, and the 4096 activations after the ReLU.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Columns
from ganprobe.features.images.parts import looked_at
from ganprobe.features.images.resize import bilinear_tf1
from ganprobe.features.published.downloads import VGG16, fetched
from ganprobe.features.published.weights import NetworkWeights, check_layout, read_state_dict

COLUMN = "vgg16.fc2"
VERSION = "uint8, TensorFlow 1 bilinear to 224, ImageNet's means, after ReLU, 1"
"""Names the preparation in fingerprints; raise the number when it changes."""

SIDE = 224
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CPU_BATCH = 8
_LAST = "classifier.6."
Vgg16Weights = NetworkWeights[nn.Module]
"""Of a network from prepared images (N, 3, 224, 224) to (N, 4096), before the last ReLU."""


@final
class Vgg16Extractor:
    """Images (N, 3, H, W) in [-1, 1] to "vgg16.fc2" (N, 4096) float32, none negative; images are quantised to uint8, as
    files are, before anything else."""

    def __init__(self, weights: Vgg16Weights, *, device: torch.device | str = "cpu") -> None:
        self.weights, self.device = weights, torch.device(device)
        self.provides = frozenset({COLUMN})
        self.network = weights.network.to(self.device).to(memory_format=torch.channels_last)
        self._mean, self._deviation = (
            torch.tensor(values, device=self.device).mul(255).view(3, 1, 1) for values in (_MEAN, _DEVIATION)
        )
        self.fingerprint = hashlib.sha256(f"{weights.sha256}\x1f{VERSION}".encode()).hexdigest()

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images of any size, on any device. DataError for another kind of tensor."""
        return looked_at(self._observe, images, self.device, part=_CPU_BATCH)

    def _observe(self, pixels: Tensor) -> dict[str, Tensor]:
        inputs = bilinear_tf1(pixels, SIDE).sub_(self._mean).div_(self._deviation)
        return {COLUMN: relu(self.network(inputs.contiguous(memory_format=torch.channels_last)))}


def layout() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor in torchvision's state dict."""
    return {name: tuple(value.shape) for name, value in _without_weights().state_dict().items()}


def read_vgg16(path: str | Path) -> Vgg16Weights:
    """The network of a state dict in torchvision's layout. Nothing in the file is executed: what would have to be is a
    CheckpointError, as is a file that is missing, damaged, or of another layout."""
    return NetworkWeights(_network(read_state_dict(path, "VGG16")), sha256_of(Path(path)), VGG16)


def load_vgg16(path: str | Path | None = None, *, device: torch.device | str = "cpu") -> Vgg16Extractor:
    """The extractor of the weights in `path`; None: the official ones, fetched if they are not in the cache."""
    return Vgg16Extractor(read_vgg16(path or fetched(VGG16)), device=device)


def _without_weights() -> nn.Module:
    # Here, since torchvision takes a second to import and most runs need no VGG16.
    from torchvision.models import vgg16

    with torch.device("meta"):
        network: nn.Module = vgg16()
    return network


def _network(tensors: Mapping[str, Tensor]) -> nn.Module:
    check_layout(tensors, layout(), what="VGG16 of torchvision", record=VGG16)
    network: Any = _without_weights()
    # fc2 is the layer at 3; after it come its ReLU, a dropout, and the classes.
    network.classifier = network.classifier[:4]
    kept = {name: value.float().contiguous() for name, value in tensors.items() if not name.startswith(_LAST)}
    network.load_state_dict(kept, assign=True)
    module: nn.Module = network.eval().requires_grad_(False)
    return module
