"""DINOv2's class token, which FD-DINOv2 is defined on.

    extractor = load_dinov2("dinov2_vitl14_pretrain.pth")
    extractor.observe(images)["dinov2.cls"]  # (N, 1024)

Oquab et al. 2023, "DINOv2: learning robust visual features without supervision"; Stein et al. 2023, "Exposing flaws of
generative model evaluation metrics and their unfair treatment of diffusion models", who measure with it. The network is
timm's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.errors import CheckpointError
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Columns
from ganprobe.features.images.parts import looked_at
from ganprobe.features.images.resize import bicubic_pil_uint8
from ganprobe.features.published.downloads import DINOV2, fetched
from ganprobe.features.published.weights import NetworkWeights, check_layout, read_state_dict

COLUMN: Final = "dinov2.cls"
VERSION = "uint8, Pillow's bicubic of bytes to 224, ImageNet's means, class token after the norm, 1"
"""Names the preparation in fingerprints; raise the number when it changes."""

SIDE, PATCH, HEAD = 224, 14, 64
_OFFSET = 0.1
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CPU_BATCH = 4
Dinov2Weights = NetworkWeights[nn.Module]


@final
class Dinov2Extractor:
    """Images (N, 3, H, W) in [-1, 1] to "dinov2.cls" (N, 1024) float32; images are quantised to uint8 first."""

    provides = frozenset({COLUMN})

    def __init__(self, weights: Dinov2Weights, *, device: torch.device | str = "cpu") -> None:
        self.weights, self.device = weights, torch.device(device)
        self.network = weights.network.to(self.device)
        self._mean, self._deviation = (
            torch.tensor(values, device=self.device).mul(255).view(3, 1, 1) for values in (_MEAN, _DEVIATION)
        )
        self.fingerprint = hashlib.sha256(f"{weights.sha256}\x1f{VERSION}".encode()).hexdigest()

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images of any size, on any device. DataError for another kind of tensor."""
        with steady_convolutions():
            return looked_at(self._observe, images, self.device, part=_CPU_BATCH)

    def _observe(self, pixels: Tensor) -> dict[str, Tensor]:
        inputs = bicubic_pil_uint8(pixels, SIDE).sub(self._mean).div_(self._deviation)
        return {COLUMN: self.network(inputs)}


def read_dinov2(path: str | Path) -> Dinov2Weights:
    """The network of a state dict in DINOv2's layout (patches of 14, heads of 64, no registers), whatever its width and
    depth. Nothing in the file is executed. CheckpointError where timm is not installed, and for a file that is
    missing, damaged, or of another layout."""
    tensors = read_state_dict(path, "DINOv2")
    return NetworkWeights(_network(tensors), sha256_of(Path(path)), DINOV2)


def load_dinov2(path: str | Path | None = None, *, device: torch.device | str = "cpu") -> Dinov2Extractor:
    """The extractor of the weights in `path`; None: the official ones, fetched if they are not in the cache."""
    return Dinov2Extractor(read_dinov2(path or fetched(DINOV2)), device=device)


def _network(tensors: Mapping[str, Tensor]) -> nn.Module:
    timm = _timm()
    given = {name: value.float() for name, value in tensors.items() if name != "mask_token"}
    width = given["cls_token"].shape[-1] if "cls_token" in given else HEAD
    depth = len({name.split(".")[1] for name in given if name.startswith("blocks.")})
    with torch.device("meta"):
        network: nn.Module = timm.models.vision_transformer.VisionTransformer(
            img_size=SIDE,
            patch_size=PATCH,
            embed_dim=width,
            depth=depth,
            num_heads=max(1, width // HEAD),
            num_classes=0,
            global_pool="token",
            init_values=1.0,
        )
    if "pos_embed" in given and given["pos_embed"].ndim == 3:
        given["pos_embed"] = positions(given["pos_embed"], SIDE // PATCH)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    check_layout(given, expected, what="DINOv2 without registers", record=DINOV2)
    network.load_state_dict({name: value.contiguous() for name, value in given.items()}, assign=True)
    return network.eval().requires_grad_(False)


def positions(embedding: Tensor, side: int) -> Tensor:
    """The embedding (1, 1 + M^2, D) of the class token and M x M patches, brought to `side` x `side` patches as DINOv2
    does it: bicubic, not antialiased, by a scale of (side + 0.1) / M."""
    own, patches = embedding[:, :1], embedding[:, 1:]
    grid = int(patches.shape[1] ** 0.5)
    if grid * grid != patches.shape[1] or grid == side:
        return embedding
    square = patches.reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
    scale = (side + _OFFSET) / grid
    resized = interpolate(square, scale_factor=(scale, scale), mode="bicubic")
    return torch.cat([own, resized.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


def _timm() -> Any:
    try:
        import timm
        import timm.models.vision_transformer
    except ImportError as problem:
        raise CheckpointError(
            "fd_dinov2 needs the package timm, which is not installed; pip install 'ganprobe[dinov2]'"
        ) from problem
    return timm
