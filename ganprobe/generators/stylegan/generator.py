"""The StyleGAN generator (Karras, Laine and Aila 2019, arXiv 1812.04948).

>>> config = StyleGANConfig(resolution=16, z_dim=8, w_dim=8, channel_base=64, channel_max=16)
>>> generator = StyleGANGenerator(config, seed=0)
>>> generator.synthesize(torch.zeros(2, 8), space="z", truncation=0.7).shape
torch.Size([2, 3, 16, 16])

One layer is: convolution, noise, bias, leaky ReLU, AdaIN; there are two at each resolution, the first of which doubles
the size (but at 4 x 4, where it takes the learnt constant). Parameters are scaled as in the official networks
(gain sqrt(2) before a leaky ReLU, 1 elsewhere; AdaIN multiplies by 1 + style).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.generators.base import NoiseShapes
from ganprobe.generators.layers.adaptive_norm import adaptive_instance_norm
from ganprobe.generators.layers.equalised import (
    Blur,
    EqualConv2d,
    EqualLinear,
    check_pyramid,
    initialise,
    leaky,
    normal_tensor,
    pixel_norm,
    pyramid,
    split_lod,
    upsample,
)
from ganprobe.generators.layers.prepared import interleaved, is_interleaved
from ganprobe.generators.style_based import StyleBasedGenerator


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleGANConfig:
    """The shape of a StyleGAN generator.

    resolution: a power of two, at least 8. num_classes: 0 without labels; otherwise a learnt embedding of z_dim
    numbers is concatenated to z. normalize_latents: pixel norm of the mapping network's input.
    channel_base, channel_max: a layer at resolution r has min(2 * channel_base / r, channel_max) channels.
    norm_epsilon: added to the variance in AdaIN. bias_before_blur: in the layers that double the size, whether the bias
    is added before the blur (the zero-padded blur then darkens it at the border) or, as in the paper's networks, after
    it. progressive: whether the lower resolutions have output layers too, so that `lod` may exceed 0.
    """

    resolution: int
    z_dim: int = 512
    w_dim: int = 512
    num_classes: int = 0
    mapping_layers: int = 8
    mapping_lr_multiplier: float = 0.01
    normalize_latents: bool = True
    channel_base: int = 8192
    channel_max: int = 512
    norm_epsilon: float = 1e-8
    bias_before_blur: bool = False
    progressive: bool = False

    def __post_init__(self) -> None:
        check_pyramid(
            self.resolution,
            z_dim=self.z_dim,
            w_dim=self.w_dim,
            mapping_layers=self.mapping_layers,
            channel_base=self.channel_base,
            channel_max=self.channel_max,
        )
        if self.num_classes < 0:
            raise InputError(f"num_classes must be 0 (no labels) or more, got {self.num_classes}")
        if self.mapping_lr_multiplier <= 0 or self.norm_epsilon <= 0:
            raise InputError(
                "mapping_lr_multiplier and norm_epsilon must be positive, "
                f"got {self.mapping_lr_multiplier} and {self.norm_epsilon}"
            )

    @property
    def num_layers(self) -> int:
        """Layers with a style and a noise input: two a resolution."""
        return 2 * len(pyramid(self.resolution))

    def channels(self, resolution: int) -> int:
        """Feature maps at `resolution`."""
        return max(1, min(2 * self.channel_base // resolution, self.channel_max))


@final
class StyledLayer(nn.Module):
    """One layer of the synthesis network. `resolution` is that of its output, `index` its place in network order."""

    noise_const: Tensor

    def __init__(self, config: StyleGANConfig, index: int) -> None:
        super().__init__()
        resolution = 4 << index // 2
        channels = config.channels(resolution)
        up = index % 2 == 0 and index > 0
        entering = config.channels(resolution // 2) if up else channels
        self.conv = EqualConv2d(entering, channels, 3, resample="up" if up else "none") if index else None
        self.blur = Blur() if up else None
        self.bias = nn.Parameter(torch.zeros(channels))
        self.noise_strength = nn.Parameter(torch.zeros(channels))
        self.affine = EqualLinear(config.w_dim, 2 * channels, gain=1.0)
        self.register_buffer("noise_const", torch.zeros(resolution, resolution))
        self.bias_before_blur = config.bias_before_blur
        self.norm_epsilon = config.norm_epsilon

    def forward(self, x: Tensor, noise: Tensor, style: Tensor) -> Tensor:
        """x (N, C', H', W'), noise (N or 1, 1, H, W), style (N, 2C) to (N, C, H, W)."""
        x = self._convolve(x)
        noise, strength = noise.to(x.dtype), self.noise_strength.to(x.dtype)[:, None, None]
        if is_interleaved(x):
            x.addcmul_(noise, strength)
        else:
            # On a GPU the normalisation is fastest on maps laid out one by one, whatever the convolution prefers.
            x = torch.addcmul(x if x.device.type == "cpu" else x.contiguous(), noise, strength)
        return adaptive_instance_norm(leaky(x), style, self.norm_epsilon)

    def _convolve(self, x: Tensor) -> Tensor:
        if self.conv is None:
            return x + self.bias[:, None, None]
        if self.blur is not None and not self.bias_before_blur:
            x = self.conv(x)
            x = self.blur(x, self.bias)
            return x
        x = self.conv(x, self.bias)
        return x if self.blur is None else self.blur(x)


@final
class ToRGB(nn.Module):
    """A 1 x 1 convolution to three channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = EqualConv2d(channels, 3, 1, gain=1.0)
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        image: Tensor = self.conv(x, self.bias)
        return image


def mix_styles(w_a: Tensor, w_b: Tensor, crossover: Tensor, num_layers: int) -> Tensor:
    """Style mixing (section 3.1): (N, num_layers, w_dim) with w_a in the layers before `crossover`, w_b from there on.

    w_a, w_b: (N, w_dim). crossover: (N,) integers; 0 is all w_b, num_layers or more is all w_a.
    """
    first = torch.arange(num_layers, device=w_a.device)[None, :, None] < crossover.to(w_a.device)[:, None, None]
    return torch.where(first, w_a[:, None], w_b[:, None])


@final
class StyleGANGenerator(StyleBasedGenerator):
    """Mapping and synthesis network. `seed` decides the initial weights and the stored noise, on any device alike.

    w_avg (w_dim,), a buffer: the running mean of w, for truncation; zero until `track_w_avg` or a checkpoint sets it.
    """

    architecture: ClassVar[str] = "stylegan"
    config: StyleGANConfig

    def __init__(self, config: StyleGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        entering = config.z_dim * (2 if config.num_classes else 1)
        widths = [entering] + [config.w_dim] * config.mapping_layers
        self.mapping = nn.ModuleList(
            EqualLinear(a, b, lr_multiplier=config.mapping_lr_multiplier) for a, b in pairwise(widths)
        )
        table = (config.num_classes, config.z_dim)
        self.label_embedding = nn.Parameter(torch.zeros(table)) if config.num_classes else None
        self.const = nn.Parameter(torch.ones(1, config.channels(4), 4, 4))
        self.layers = nn.ModuleList(StyledLayer(config, index) for index in range(config.num_layers))
        shown = pyramid(config.resolution) if config.progressive else (config.resolution,)
        self.to_rgb = nn.ModuleDict({str(r): ToRGB(config.channels(r)) for r in shown})
        self.register_buffer("w_avg", torch.zeros(config.w_dim))
        if not self.const.is_meta:
            self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        initialise(self, seed)
        drawn = {f"layers.{index}.noise_const": layer.noise_const for index, layer in enumerate(self._styled())}
        if self.label_embedding is not None:
            drawn["label_embedding"] = self.label_embedding
        for name, tensor in drawn.items():
            tensor.copy_(normal_tensor(seed, name, tensor.shape))

    def _styled(self) -> list[StyledLayer]:
        return [layer for layer in self.layers if isinstance(layer, StyledLayer)]

    @property
    def noise_shapes(self) -> NoiseShapes:
        return tuple((r, r) for r in pyramid(self.config.resolution) for _ in range(2))

    @property
    def num_ws(self) -> int:
        return self.config.num_layers

    @property
    def style_sizes(self) -> tuple[int, ...]:
        """Numbers of each layer in the "s" space, in network order: C scales (less 1), then C shifts."""
        return tuple(2 * self.config.channels(r) for r, _ in self.noise_shapes)

    @property
    def affines(self) -> list[nn.Module]:
        return [layer.affine for layer in self._styled()]

    def style_part(self, layer: int, number: int) -> str:
        return "scale" if number < self.style_sizes[layer] // 2 else "shift"

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim), labels (N,) integers where the network has classes, to w (N, w_dim)."""
        x = z
        if self.label_embedding is not None:
            if labels is None:
                raise InputError(f"this generator has {self.config.num_classes} classes: labels of shape (N,) expected")
            x = torch.cat([z, self.label_embedding[labels].to(z.dtype)], 1)
        if self.config.normalize_latents:
            x = pixel_norm(x)
        for layer in self.mapping:
            x = leaky(layer(x))
        return x

    def synthesis(self, ws: Tensor, noise: Sequence[Tensor], *, lod: float = 0.0) -> Tensor:
        """The training path: images (N, 3, R, R) of size R = resolution / 2**floor(lod).

        ws: (N, num_layers, w_dim). noise: (N or 1, 1, H, W) for every layer, or at least for those that run at `lod`.
        lod: 0 for full resolution; between integers the image fades over from the next coarser network.
        """
        return self._render(self._layer_styles(ws), noise, lod)

    @torch.no_grad()
    def track_w_avg(self, w: Tensor, decay: float = 0.995) -> None:
        """Move w_avg towards the mean of w (N, w_dim) by 1 - decay."""
        self.w_avg.lerp_(w.detach().to(self.w_avg.dtype).mean(0), 1 - decay)

    def _noise_constants(self) -> list[Tensor]:
        return [layer.noise_const for layer in self._styled()]

    def _layer_styles(self, ws: Tensor) -> list[Tensor]:
        return [layer.affine(ws[:, index]) for index, layer in enumerate(self._styled())]

    def _render(self, styles: Sequence[Tensor], noise: Sequence[Tensor], lod: float = 0.0) -> Tensor:
        halvings, fade = split_lod(lod, self.config.resolution, self.config.progressive)
        resolution = self.config.resolution >> halvings
        x = interleaved(self.const.expand(len(styles[0]), -1, -1, -1))
        before = x
        layers = self._styled()[: 2 * len(pyramid(resolution))]
        for index, (layer, style) in enumerate(zip(layers, styles, strict=False)):
            before = x if index % 2 == 0 else before
            x = layer(x, noise[index], style)
        image: Tensor = self.to_rgb[str(resolution)](x)
        if fade:
            image = torch.lerp(image, upsample(self.to_rgb[str(resolution // 2)](before)), fade)
        return image.to(self.const.dtype)
