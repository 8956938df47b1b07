"""Inception v3 of 2015-12-05, the network that FID, KID and IS are defined on, with its batch norms folded.

>>> with torch.device("meta"):
...     network = InceptionV3()
>>> {name: tuple(column.shape) for name, column in network(torch.empty(2, 3, 299, 299, device="meta"), LEVELS).items()}
{'64': (2, 64), '192': (2, 192), '768': (2, 768), 'pool3': (2, 2048), 'logits_unbiased': (2, 1008), 'logits': (2, 1008)}

Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision". The blocks are torchvision's; where
the TensorFlow graph of the release differs, so does this: average pools leave out the padding, the last block takes a
maximum instead of an average, and there are 1008 outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, linear, max_pool2d, relu

from ganprobe.features.published.downloads import INCEPTION
from ganprobe.features.published.weights import check_layout

SIDE = 299
LEVELS = ("64", "192", "768", "pool3", "logits_unbiased", "logits")
"""Means over positions after the first and second max pool, before the auxiliary classifier, and after the last block;
then the last layer's outputs without and with its bias."""

_EPSILON = 1e-3
_NORM = ("weight", "bias", "running_mean", "running_var")
_COUNTER = "num_batches_tracked"
Size = int | tuple[int, int]


@final
class ConvRelu(nn.Module):
    """A convolution with the batch norm after it folded in, and a ReLU. torchvision's blocks take it as their unit."""

    def __init__(
        self, in_channels: int, out_channels: int, *, kernel_size: Size, stride: int = 1, padding: Size = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.conv(x), inplace=True)

    def pooled(self, x: Tensor) -> Tensor:
        """Of the 3 x 3 average that leaves out the padding. It and a 1 x 1 convolution commute, and the average is
        cheaper over the convolution's few outputs."""
        return relu(avg_pool2d(self.conv(x), 3, 1, 1, count_include_pad=False), inplace=True)


@final
class InceptionV3(nn.Module):
    """Images (N, 3, 299, 299) in about [-1, 1] to {level: (N, d) float}; see LEVELS.

    Modules are named as in the release's state dict, so that `folded` need only fold.
    """

    def __init__(self) -> None:
        # Here, since torchvision takes a second to import and most runs need no Inception.
        from torchvision.models.inception import InceptionA, InceptionB, InceptionC, InceptionD, InceptionE

        super().__init__()
        self.Conv2d_1a_3x3 = ConvRelu(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = ConvRelu(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = ConvRelu(32, 64, kernel_size=3, padding=1)
        self.Conv2d_3b_1x1 = ConvRelu(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = ConvRelu(80, 192, kernel_size=3)
        self.Mixed_5b = InceptionA(192, pool_features=32, conv_block=ConvRelu)
        self.Mixed_5c = InceptionA(256, pool_features=64, conv_block=ConvRelu)
        self.Mixed_5d = InceptionA(288, pool_features=64, conv_block=ConvRelu)
        self.Mixed_6a = InceptionB(288, conv_block=ConvRelu)
        self.Mixed_6b = InceptionC(768, channels_7x7=128, conv_block=ConvRelu)
        self.Mixed_6c = InceptionC(768, channels_7x7=160, conv_block=ConvRelu)
        self.Mixed_6d = InceptionC(768, channels_7x7=160, conv_block=ConvRelu)
        self.Mixed_6e = InceptionC(768, channels_7x7=192, conv_block=ConvRelu)
        self.Mixed_7a = InceptionD(768, conv_block=ConvRelu)
        self.Mixed_7b = InceptionE(1280, conv_block=ConvRelu)
        self.Mixed_7c = InceptionE(2048, conv_block=ConvRelu)
        self.fc = nn.Linear(2048, 1008)

    def forward(self, images: Tensor, levels: Iterable[str]) -> dict[str, Tensor]:
        """The levels that are asked for; what lies deeper than the deepest of them is not computed."""
        wanted, found = set(levels), dict[str, Tensor]()
        x = images
        for name, stage in (("64", self._first), ("192", self._second), ("768", self._third), ("pool3", self._fourth)):
            if not wanted - found.keys():
                break
            x = stage(x)
            found[name] = x.mean((2, 3), dtype=torch.float32)
        if wanted & {"logits", "logits_unbiased"}:
            found["logits_unbiased"] = linear(found["pool3"], self.fc.weight)
            found["logits"] = found["logits_unbiased"] + self.fc.bias
        return {name: found[name] for name in LEVELS if name in wanted}

    def _first(self, x: Tensor) -> Tensor:
        return max_pool2d(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))), 3, 2)

    def _second(self, x: Tensor) -> Tensor:
        return max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)

    def _third(self, x: Tensor) -> Tensor:
        for small in (self.Mixed_5b, self.Mixed_5c, self.Mixed_5d):
            x = _mixed_a(small, x)
        x = self.Mixed_6a(x)
        for middle in (self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e):
            x = _mixed_c(middle, x)
        return x

    def _fourth(self, x: Tensor) -> Tensor:
        x = self.Mixed_7a(x)
        x = _mixed_e(self.Mixed_7b, x, self.Mixed_7b.branch_pool.pooled(x))
        return _mixed_e(self.Mixed_7c, x, self.Mixed_7c.branch_pool(max_pool2d(x, 3, 1, 1)))


def _mixed_a(block: Any, x: Tensor) -> Tensor:
    fives = block.branch5x5_2(block.branch5x5_1(x))
    threes = block.branch3x3dbl_3(block.branch3x3dbl_2(block.branch3x3dbl_1(x)))
    return torch.cat([block.branch1x1(x), fives, threes, block.branch_pool.pooled(x)], 1)


def _mixed_c(block: Any, x: Tensor) -> Tensor:
    once = block.branch7x7_3(block.branch7x7_2(block.branch7x7_1(x)))
    twice = block.branch7x7dbl_3(block.branch7x7dbl_2(block.branch7x7dbl_1(x)))
    twice = block.branch7x7dbl_5(block.branch7x7dbl_4(twice))
    return torch.cat([block.branch1x1(x), once, twice, block.branch_pool.pooled(x)], 1)


def _mixed_e(block: Any, x: Tensor, pool: Tensor) -> Tensor:
    once = block.branch3x3_1(x)
    twice = block.branch3x3dbl_2(block.branch3x3dbl_1(x))
    threes = [block.branch3x3_2a(once), block.branch3x3_2b(once)]
    doubles = [block.branch3x3dbl_3a(twice), block.branch3x3dbl_3b(twice)]
    return torch.cat([block.branch1x1(x), *threes, *doubles, pool], 1)


def layout() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor in the release's state dict, which has batch norms beside bare convolutions.
    Counters of batches ("num_batches_tracked") may stand in a file as well."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in _own_shapes().items():
        stem = name.removesuffix("conv.bias")
        if stem == name:
            shapes[name] = shape
        else:
            shapes |= {f"{stem}bn.{part}": shape for part in _NORM}
    return shapes


def folded(tensors: Mapping[str, Tensor]) -> InceptionV3:
    """The network of a state dict in `layout`, for evaluation: float32, norms folded into the convolutions in float64.
    CheckpointError where a tensor is missing, has another shape, or does not belong there."""
    named = {name: value for name, value in tensors.items() if not name.endswith(_COUNTER)}
    check_layout(named, layout(), what="Inception v3 of 2015-12-05", record=INCEPTION)
    state: dict[str, Tensor] = {}
    for name in _own_shapes():
        stem = name.removesuffix("conv.weight")
        if name.startswith("fc."):
            state[name] = tensors[name].float()
        elif stem != name:
            gain, bias, mean, variance = (tensors[f"{stem}bn.{part}"].double() for part in _NORM)
            scale = gain / (variance + _EPSILON).sqrt()
            state[name] = (tensors[name].double() * scale[:, None, None, None]).float()
            state[f"{stem}conv.bias"] = (bias - mean * scale).float()
    with torch.device("meta"):
        network = InceptionV3()
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


def _own_shapes() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in InceptionV3().state_dict().items()}
