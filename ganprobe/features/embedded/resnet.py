"""The small residual network behind the embedded features and the toyfaces scores.

>>> network = ResNet(ResNetConfig(widths=(8, 16, 32), blocks=(1, 1, 1)))
>>> [tuple(stage.shape[1:]) for stage in network.stages(torch.zeros(1, 3, 32, 32))]
[(8, 32, 32), (8, 32, 32), (16, 16, 16), (32, 8, 8)]

He et al. 2016, "Deep residual learning for image recognition", section 3, in the small-image form of section 4.2: a
3 x 3 stem and three stages of two-convolution blocks, each stage but the first halving the resolution. The shortcut of
a halving block is a 2 x 2 average and a 1 x 1 convolution, so that it looks at every pixel.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import relu
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganprobe.core.errors import InputError


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """widths: channels of each stage. blocks: residual blocks of each stage. resolution: of the images it is trained
    on. stem_stride: 2 halves the resolution at once. grid: the last stage is averaged over grid x grid cells, so that
    widths[-1] * grid^2 pooled features know roughly where. folded: batch norm is folded into the convolutions (for
    inference alone). InputError for numbers that make no network."""

    widths: tuple[int, ...] = (32, 64, 128)
    blocks: tuple[int, ...] = (1, 2, 3)
    num_classes: int = 10
    resolution: int = 32
    stem_stride: int = 1
    grid: int = 1
    folded: bool = False

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks) or not self.widths or min(*self.widths, *self.blocks) < 1:
            raise InputError(f"widths and blocks must be positive, one per stage, not {self.widths} and {self.blocks}")
        if self.resolution % (self.stem_stride * 2 ** (len(self.widths) - 1) * self.grid):
            raise InputError(
                f"resolution {self.resolution} must be a multiple of the total stride times the grid {self.grid}"
            )


@final
class ConvNorm(nn.Module):
    """A convolution and its batch norm, or the convolution alone with a bias once the norm is folded."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, folded: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=folded)
        self.norm = nn.Identity() if folded else nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return y


@final
class Block(nn.Module):
    """relu(shortcut(x) + conv(relu(conv(x)))), each convolution with its batch norm."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, folded: bool) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride=stride, folded=folded)
        self.second = ConvNorm(outputs, outputs, 3, folded=folded)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            average = nn.AvgPool2d(stride) if stride != 1 else nn.Identity()
            self.shortcut = nn.Sequential(average, ConvNorm(inputs, outputs, 1, folded=folded))

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.shortcut(x) + self.second(relu(self.first(x))))


@final
class ResNet(nn.Module):
    """Images (N, 3, resolution, resolution) in [-1, 1] to outputs (N, num_classes)."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.widths[0]
        self.stem = ConvNorm(3, width, 3, stride=config.stem_stride, folded=config.folded)
        self.body = nn.ModuleList()
        for number, (outputs, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
            self.body.append(_stage(width, outputs, count, stride=1 if number == 0 else 2, folded=config.folded))
            width = outputs
        self.classifier = nn.Linear(width * config.grid**2, config.num_classes)

    def stages(self, images: Tensor) -> list[Tensor]:
        """The output of the stem and of each stage, (N, C, H, W) after the rectifier, from fine to coarse."""
        outputs = [relu(self.stem(images))]
        for stage in self.body:
            outputs.append(stage(outputs[-1]))
        return outputs

    def pooled(self, images: Tensor) -> Tensor:
        """The last stage averaged over grid x grid cells: (N, widths[-1] * grid^2)."""
        last = self.stages(images)[-1]
        if self.config.grid == 1:
            return last.mean((2, 3))
        return nn.functional.adaptive_avg_pool2d(last, self.config.grid).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.pooled(images))
        return logits


def _stage(inputs: int, outputs: int, count: int, *, stride: int, folded: bool) -> nn.Sequential:
    rest = [Block(outputs, outputs, stride=1, folded=folded) for _ in range(count - 1)]
    return nn.Sequential(Block(inputs, outputs, stride=stride, folded=folded), *rest)


def folded(network: ResNet) -> ResNet:
    """The same function, with each batch norm's running statistics folded into its convolution. Puts `network` in
    evaluation mode."""
    network.eval()
    with torch.device("meta"):
        result = ResNet(replace(network.config, folded=True))
    result.to_empty(device=network.classifier.weight.device)
    for source, target in zip(_pairs(network), _pairs(result), strict=True):
        if isinstance(source.norm, nn.BatchNorm2d):
            fused = fuse_conv_bn_eval(source.conv, source.norm)
            target.conv.load_state_dict(fused.state_dict())
        else:
            target.conv.load_state_dict(source.conv.state_dict())
    result.classifier.load_state_dict(network.classifier.state_dict())
    return result.eval()


def _pairs(network: ResNet) -> list[ConvNorm]:
    return [module for module in network.modules() if isinstance(module, ConvNorm)]


def placed(network: ResNet, device: torch.device | str, dtype: torch.dtype = torch.float32) -> ResNet:
    """A copy of `network` for inference on `device`, its kernels in channels-last memory."""
    copied = copy.deepcopy(network).to(device, dtype).to(memory_format=torch.channels_last)
    return copied.eval().requires_grad_(False)
