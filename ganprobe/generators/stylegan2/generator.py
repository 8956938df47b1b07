"""The StyleGAN2 generator (Karras et al. 2020, arXiv 1912.04958) of skip architecture.

>>> config = StyleGAN2Config(resolution=16, z_dim=8, w_dim=8, channel_base=128, channel_max=16)
>>> generator = StyleGAN2Generator(config, seed=0)
>>> generator.synthesize(torch.zeros(2, 8), space="z", truncation=0.7).shape
torch.Size([2, 3, 16, 16])

There is one layer at 4 x 4, and there are two at each larger resolution, the first of which doubles the size. At each
resolution an output layer adds to the enlarged image of the one before. Layer i takes row i of w+, and an output layer
the row after that of the last layer before it, which it shares with the next layer. In the "s" space (Wu et al. 2021,
"StyleSpace analysis") every layer and every output layer has its own modulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.generators.base import NoiseShapes
from ganprobe.generators.layers.equalised import EqualLinear, check_pyramid, initialise, normal_tensor, pyramid
from ganprobe.generators.layers.mapping import mapped, mapping_layers
from ganprobe.generators.style_based import StyleBasedGenerator
from ganprobe.generators.stylegan2.layers import TAPS, StyledConv, ToRGB, check_taps, upsample, upsampling_kernel


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleGAN2Config:
    """The shape of a StyleGAN2 generator.

    resolution: a power of two, at least 8. num_classes: 0 without labels; otherwise a learnt embedding of w_dim numbers
    is normalised and concatenated to z. joint_normalisation: z and the embedding are normalised together after they are
    concatenated, as before StyleGAN2-ADA, and not each by itself. channel_base, channel_max: a layer at resolution r
    has min(channel_base / r, channel_max) channels. conv_clamp: activations and output layers are clamped to this
    range, None for not at all. resample_filter: the four taps of the filter that enlarges. InputError for fields out
    of range.
    """

    resolution: int
    z_dim: int = 512
    w_dim: int = 512
    num_classes: int = 0
    joint_normalisation: bool = False
    mapping_layers: int = 8
    mapping_lr_multiplier: float = 0.01
    channel_base: int = 32768
    channel_max: int = 512
    conv_clamp: float | None = None
    resample_filter: tuple[float, ...] = TAPS

    def __post_init__(self) -> None:
        object.__setattr__(self, "resample_filter", tuple(self.resample_filter))
        check_pyramid(
            self.resolution,
            z_dim=self.z_dim,
            w_dim=self.w_dim,
            mapping_layers=self.mapping_layers,
            channel_base=self.channel_base,
            channel_max=self.channel_max,
        )
        check_taps(self.resample_filter)
        if self.num_classes < 0:
            raise InputError(f"num_classes must be 0 (no labels) or more, got {self.num_classes}")
        if not self.mapping_lr_multiplier > 0:
            raise InputError(f"mapping_lr_multiplier must be positive, got {self.mapping_lr_multiplier}")
        if self.conv_clamp is not None and not self.conv_clamp > 0:
            raise InputError(f"conv_clamp must be positive or None, got {self.conv_clamp}")

    @property
    def num_layers(self) -> int:
        """Layers with a noise input: one at 4 x 4, two at every other resolution."""
        return 2 * len(pyramid(self.resolution)) - 1

    @property
    def num_ws(self) -> int:
        """Rows of w+: one a layer, and one for the last output layer."""
        return self.num_layers + 1

    def channels(self, resolution: int) -> int:
        """Feature maps at `resolution`."""
        return max(1, min(self.channel_base // resolution, self.channel_max))


def layer_resolution(index: int) -> int:
    """The output resolution of layer `index`: 4, 8, 8, 16, 16, ..."""
    return 4 << (index + 1) // 2


def _layer(config: StyleGAN2Config, index: int) -> StyledConv:
    resolution = layer_resolution(index)
    up = index % 2 == 1
    return StyledConv(
        config.channels(resolution // 2 if up else resolution),
        config.channels(resolution),
        resolution=resolution,
        w_dim=config.w_dim,
        up=up,
        taps=config.resample_filter,
        clamp=config.conv_clamp,
    )


@final
class StyleGAN2Generator(StyleBasedGenerator):
    """z (N, z_dim) to images (N, 3, R, R). `seed` decides the initial weights and noise, on any device alike."""

    architecture: ClassVar[str] = "stylegan2"
    kernel: Tensor

    def __init__(self, config: StyleGAN2Config, *, seed: int = 0) -> None:
        super().__init__()
        self.config: StyleGAN2Config = config
        entering = config.z_dim + (config.w_dim if config.num_classes else 0)
        self.mapping = mapping_layers(
            entering, config.w_dim, config.mapping_layers, lr_multiplier=config.mapping_lr_multiplier
        )
        self.label_embedding = EqualLinear(config.num_classes, config.w_dim, gain=1.0) if config.num_classes else None
        self.const = nn.Parameter(torch.zeros(config.channels(4), 4, 4))
        self.layers = nn.ModuleList(_layer(config, index) for index in range(config.num_layers))
        self.to_rgb = nn.ModuleDict(
            {
                str(r): ToRGB(config.channels(r), w_dim=config.w_dim, clamp=config.conv_clamp)
                for r in pyramid(config.resolution)
            }
        )
        self.register_buffer("w_avg", torch.zeros(config.w_dim))
        self.register_buffer("kernel", upsampling_kernel(config.resample_filter), persistent=False)
        if not self.const.is_meta:
            self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        initialise(self, seed)
        drawn: dict[str, Tensor] = {"const": self.const}
        for index, layer in enumerate(self._styled()):
            drawn |= {f"layers.{index}.weight": layer.weight, f"layers.{index}.noise_const": layer.noise_const}
        drawn |= {f"to_rgb.{name}.weight": layer.get_parameter("weight") for name, layer in self.to_rgb.items()}
        for name, tensor in drawn.items():
            tensor.copy_(normal_tensor(seed, name, tensor.shape))

    def _styled(self) -> list[StyledConv]:
        return [layer for layer in self.layers if isinstance(layer, StyledConv)]

    def _plan(self) -> list[tuple[nn.Module, int]]:
        """Every layer and output layer in network order, with its row of w+."""
        plan: list[tuple[nn.Module, int]] = []
        for index, layer in enumerate(self.layers):
            plan.append((layer, index))
            if index % 2 == 0:
                plan.append((self.to_rgb[str(layer_resolution(index))], index + 1))
        return plan

    @property
    def noise_shapes(self) -> NoiseShapes:
        sizes = (layer_resolution(index) for index in range(self.config.num_layers))
        return tuple((size, size) for size in sizes)

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    @property
    def style_sizes(self) -> tuple[int, ...]:
        """Numbers of each layer and output layer in the "s" space, in network order: one an input channel."""
        return tuple(len(module.get_parameter("affine.bias")) for module, _ in self._plan())

    @property
    def affines(self) -> list[nn.Module]:
        """Of the layers and of the last output layer; the others share their rows with layers."""
        return [module.get_submodule("affine") for module in (*self.layers, self.to_rgb[str(self.config.resolution)])]

    def style_part(self, layer: int, number: int) -> str:
        return "scale"

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim), labels (N,) integers where the network has classes, to w (N, w_dim). InputError for labels that
        are missing."""
        return mapped(
            z,
            labels,
            layers=self.mapping,
            embedding=self.label_embedding,
            joint_normalisation=self.config.joint_normalisation,
        )

    def synthesis(self, ws: Tensor, noise: Sequence[Tensor]) -> Tensor:
        """ws (N, num_ws, w_dim) and noise (N or 1, 1, H, W) for every layer to images: the path of training."""
        return self._render(self._layer_styles(ws), noise)

    def _noise_constants(self) -> list[Tensor]:
        return [layer.noise_const for layer in self._styled()]

    def _layer_styles(self, ws: Tensor) -> list[Tensor]:
        return [module.get_submodule("affine")(ws[:, row]) for module, row in self._plan()]

    def _render(self, styles: Sequence[Tensor], noise: Sequence[Tensor]) -> Tensor:
        x = self.const.expand(len(styles[0]), -1, -1, -1)
        image: Tensor | None = None
        maps = iter(noise)
        for (module, _), style in zip(self._plan(), styles, strict=True):
            if isinstance(module, StyledConv):
                x = module(x, style, next(maps))
            else:
                shown = module(x, style)
                image = shown if image is None else upsample(image, self.kernel) + shown
        assert image is not None, "there is an output layer at 4 x 4"
        return image.to(self.const.dtype)
