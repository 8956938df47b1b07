"""EfficientNet-Lite0, folded for inference.

Tan and Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks", table 1, in the Lite form
of its authors' TPU models: no squeeze-and-excitation, ReLU6 for swish, padding as TensorFlow's "SAME".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu6
from torch.nn.utils.fusion import fuse_conv_bn_eval

CLASSES: Final = 1000
WIDTH: Final = 1280
_STEM = 32
_EPS = 1e-3
_STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))
"""Blocks, side of the depthwise kernels, stride of the first block, channels."""

_WIDENED = 6
_COMPARED = (0, 2, 4, 10, 15)
"""The last block at each size of its outputs: 112, 56, 28, 14 and 7 pixels for images of 224."""

_THEIRS: Final = {
    "stem.conv": "_conv_stem",
    "stem.norm": "_bn0",
    "expand.conv": "_expand_conv",
    "expand.norm": "_bn0",
    "depthwise.conv": "_depthwise_conv",
    "depthwise.norm": "_bn1",
    "project.conv": "_project_conv",
    "project.norm": "_bn2",
    "head.conv": "_conv_head",
    "head.norm": "_bn1",
    "classifier": "_fc",
}
"""Our names of parts to the file's, in which those of a block come after "_blocks.<number>."."""


@final
class Convolution(nn.Module):
    """A convolution without bias and its batch norm. Where it strides, inputs are padded more below and to the right,
    as TensorFlow pads those of even size."""

    def __init__(self, inputs: int, outputs: int, side: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        padding = side // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(inputs, outputs, side, stride, padding, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=_EPS)
        self._before, self._after = (side - stride) // 2, (side - stride + 1) // 2
        self._padded = stride > 1

    def forward(self, x: Tensor) -> Tensor:
        if self._padded:
            x = pad(x, (self._before, self._after, self._before, self._after))
        result: Tensor = self.norm(self.conv(x))
        return result

    def fold(self) -> None:
        """Take the batch norm's running statistics into the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


@final
class Block(nn.Module):
    """Widened, filtered by channel, narrowed; added to its input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, side: int, *, stride: int, widened: int) -> None:
        super().__init__()
        inside = inputs * widened
        self.expand: nn.Module = Convolution(inputs, inside, 1) if widened > 1 else nn.Identity()
        self.depthwise = Convolution(inside, inside, side, stride=stride, groups=inside)
        self.project = Convolution(inside, outputs, 1)
        self._widens, self._adds = widened > 1, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        inside = relu6(self.expand(x)) if self._widens else x
        result: Tensor = self.project(relu6(self.depthwise(inside)))
        return result + x if self._adds else result


@final
class EfficientNetLite0(nn.Module):
    """Images (N, 3, H, W), sides multiples of 32, to logits (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, _STEM, 3, stride=2)
        self.blocks, width = nn.ModuleList(), _STEM
        for count, side, stride, outputs in _STAGES:
            for number in range(count):
                widened = 1 if not self.blocks else _WIDENED
                self.blocks.append(Block(width, outputs, side, stride=stride if number == 0 else 1, widened=widened))
                width = outputs
        self.head = Convolution(width, WIDTH, 1)
        self.classifier = nn.Linear(WIDTH, CLASSES)

    def stages(self, images: Tensor) -> list[Tensor]:
        """The outputs (N, C, H, W) of the last block at each size, five of them, from fine to coarse."""
        x, outputs = relu6(self.stem(images)), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _COMPARED:
                outputs.append(x)
        return outputs

    def pooled(self, images: Tensor) -> Tensor:
        """The activations before the last layer, averaged over positions: (N, 1280)."""
        return relu6(self.head(self.stages(images)[-1])).mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.pooled(images))
        return logits

    def folded(self) -> EfficientNetLite0:
        """Itself, batch norms taken into convolutions, in evaluation mode."""
        self.eval()
        for module in self.modules():
            if isinstance(module, Convolution):
                module.fold()
        return self.requires_grad_(False)


def layout() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor in the file."""
    with torch.device("meta"):
        tensors = EfficientNetLite0().state_dict()
    ours = {name: tuple(value.shape) for name, value in tensors.items()}
    return {_theirs(name): shape for name, shape in ours.items()}


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the file by the names of our network."""
    with torch.device("meta"):
        names = EfficientNetLite0().state_dict()
    return {name: tensors[_theirs(name)].contiguous() for name in names}


def _theirs(name: str) -> str:
    """The file's name of our `name`: "_blocks.3._bn1.weight" of "blocks.3.depthwise.norm.weight"."""
    part, _, value = name.rpartition(".")
    if part.startswith("blocks."):
        _, number, part = part.split(".", 2)
        return f"_blocks.{number}.{_THEIRS[part]}.{value}"
    return f"{_THEIRS[part]}.{value}"
