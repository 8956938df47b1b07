"""The StyleGAN3 generator (Karras et al. 2021, "Alias-free generative adversarial networks", arXiv 2106.12423), in its
configurations T (kernels of 3 x 3, separable filters) and R (kernels of 1 x 1, radially symmetric filters).

>>> config = StyleGAN3Config(resolution=16, z_dim=8, w_dim=8, channel_base=64, channel_max=8, num_layers=4)
>>> generator = StyleGAN3Generator(config, seed=0)
>>> generator.synthesize(torch.zeros(2, 8), space="z", truncation=0.7).shape
torch.Size([2, 3, 16, 16])
>>> StyleGAN3Config(resolution=16, conv_kernel=1, radial_filters=True).num_ws
16

Row 0 of w+ turns and shifts the Fourier features that synthesis starts from, row i + 1 is layer i's, and the last row
the output layer's. There is no noise. In the "s" space the input has four numbers (cosine and sine of its rotation, two
shifts), every layer and the output layer one for each channel that it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream
from ganprobe.generators.checks import at_least, positive
from ganprobe.generators.layers.equalised import EqualLinear, check_pyramid, initialise, normal_tensor
from ganprobe.generators.layers.mapping import mapped, mapping_layers
from ganprobe.generators.style_based import StyleBasedGenerator
from ganprobe.generators.stylegan3.bands import Bands
from ganprobe.generators.stylegan3.layers import STYLE, FilteredLayer, FourierInput, OutputLayer, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleGAN3Config:
    """The shape of a StyleGAN3 generator; JSON-able.

    resolution: a power of two, at least 16. num_classes: 0 without labels; otherwise a learnt embedding of w_dim
    numbers is normalised and concatenated to z. channel_base, channel_max: a layer of cutoff f has
    min(channel_base / 2f, channel_max) channels. num_layers: between the input and the output layer. num_critical,
    first_cutoff, first_stopband, last_stopband_rel, margin: as in `Bands`. conv_kernel: 3 in configuration T, 1 in R.
    radial_filters: whether the filters that lower the rate are the same in every direction (R). filter_size,
    lrelu_upsampling: as in `FilteredLayer`. conv_clamp: activations and images are clamped to this range, None for not
    at all. output_scale: what the output layer's values are multiplied by to become images. InputError for fields out
    of range.
    """

    resolution: int
    z_dim: int = 512
    w_dim: int = 512
    num_classes: int = 0
    mapping_layers: int = 2
    mapping_lr_multiplier: float = 0.01
    channel_base: int = 32768
    channel_max: int = 512
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin: int = 10
    conv_kernel: int = 3
    radial_filters: bool = False
    filter_size: int = 6
    lrelu_upsampling: int = 2
    conv_clamp: float | None = 256
    output_scale: float = 0.25

    def __post_init__(self) -> None:
        check_pyramid(self.resolution, z_dim=self.z_dim, w_dim=self.w_dim, mapping_layers=self.mapping_layers)
        at_least(16, resolution=self.resolution)
        at_least(0, num_classes=self.num_classes, num_critical=self.num_critical, margin=self.margin)
        at_least(1, channel_base=self.channel_base, channel_max=self.channel_max)
        at_least(1, lrelu_upsampling=self.lrelu_upsampling)
        at_least(2, num_layers=self.num_layers, filter_size=self.filter_size)
        at_least(self.num_critical + 1, num_layers=self.num_layers)
        positive(mapping_lr_multiplier=self.mapping_lr_multiplier, output_scale=self.output_scale)
        if self.conv_clamp is not None:
            positive(conv_clamp=self.conv_clamp)
        if self.conv_kernel % 2 == 0 or not 1 <= self.conv_kernel <= 31:
            raise InputError(f"conv_kernel must be odd and at most 31, got {self.conv_kernel}")
        if self.filter_size % 2 or self.filter_size > 64:
            raise InputError(f"filter_size must be even and at most 64, got {self.filter_size}")
        self._check_bands()

    def _check_bands(self) -> None:
        if not 0 < self.first_cutoff < self.resolution / 2:
            raise InputError(f"first_cutoff must lie between 0 and {self.resolution / 2:g}, got {self.first_cutoff}")
        if not self.first_cutoff < self.first_stopband or not self.last_stopband_rel > 1:
            raise InputError(
                "stopbands must begin beyond the cutoffs: expected first_stopband above first_cutoff and "
                f"last_stopband_rel above 1, got {self.first_stopband} and {self.last_stopband_rel}"
            )
        if self.bands.sampling_rates[-2] != self.resolution:
            raise InputError("the last layer must work at the image's sampling rate: more critical layers are needed")

    @property
    def bands(self) -> Bands:
        """Of every layer."""
        return Bands(
            resolution=self.resolution,
            num_layers=self.num_layers,
            num_critical=self.num_critical,
            first_cutoff=self.first_cutoff,
            first_stopband=self.first_stopband,
            last_stopband_rel=self.last_stopband_rel,
            margin=self.margin,
        )

    @property
    def num_ws(self) -> int:
        """Rows of w+: the input's, one a layer, the output layer's."""
        return self.num_layers + 2

    @property
    def channels(self) -> tuple[int, ...]:
        """Feature maps that each layer puts out; the input has as many as layer 0."""
        cutoffs = self.bands.cutoffs[:-1]
        return tuple(max(1, round(min(self.channel_base / 2 / cutoff, self.channel_max))) for cutoff in cutoffs)


def _layers(config: StyleGAN3Config) -> nn.ModuleList:
    bands = config.bands
    channels = (config.channels[0], *config.channels)
    signals = [
        Signal(size=size, rate=rate, cutoff=cutoff, half_width=half)
        for size, rate, cutoff, half in zip(
            bands.sizes, bands.sampling_rates, bands.cutoffs, bands.half_widths, strict=True
        )
    ]
    return nn.ModuleList(
        FilteredLayer(
            channels[index],
            channels[index + 1],
            w_dim=config.w_dim,
            entering=signals[max(index - 1, 0)],
            leaving=signals[index],
            kernel=config.conv_kernel,
            filter_size=config.filter_size,
            lrelu_upsampling=config.lrelu_upsampling,
            radial=config.radial_filters and not bands.is_critical(index),
            clamp=config.conv_clamp,
        )
        for index in range(config.num_layers)
    )


@final
class StyleGAN3Generator(StyleBasedGenerator):
    """z (N, z_dim) to images (N, 3, R, R). `seed` decides the initial weights, on any device alike."""

    architecture: ClassVar[str] = "stylegan3"

    def __init__(self, config: StyleGAN3Config, *, seed: int = 0) -> None:
        super().__init__()
        self.config: StyleGAN3Config = config
        entering = config.z_dim + (config.w_dim if config.num_classes else 0)
        self.mapping = mapping_layers(
            entering, config.w_dim, config.mapping_layers, lr_multiplier=config.mapping_lr_multiplier
        )
        self.label_embedding = EqualLinear(config.num_classes, config.w_dim, gain=1.0) if config.num_classes else None
        bands = config.bands
        self.input = FourierInput(
            config.channels[0],
            w_dim=config.w_dim,
            size=bands.sizes[0],
            rate=bands.sampling_rates[0],
            bandwidth=bands.cutoffs[0],
        )
        self.layers = _layers(config)
        self.to_rgb = OutputLayer(config.channels[-1], w_dim=config.w_dim, clamp=config.conv_clamp)
        self.register_buffer("w_avg", torch.zeros(config.w_dim))
        if not self.w_avg.is_meta:
            self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        initialise(self, seed)
        self.input.affine.weight.zero_()
        self.input.affine.bias.copy_(torch.tensor([1.0] + [0.0] * (STYLE - 1)))
        convolutions = {name: value for name, value in self.named_parameters() if value.ndim == 4}
        plane = {"input.weight": self.input.weight, "input.freqs": self.input.freqs}
        for name, tensor in {**convolutions, **plane}.items():
            tensor.copy_(normal_tensor(seed, name, tensor.shape))
        # Uniform over the disc of the bandwidth: exp(-r^2 / 4) of a normal pair's r is the root of a uniform number.
        radii = self.input.freqs.norm(dim=1, keepdim=True)
        self.input.freqs.mul_(self.input.bandwidth / (radii * torch.exp(radii.square() / 4)))
        phases = stream(seed, "initialise", "input.phases").uniform(-0.5, 0.5, len(self.input.phases))
        self.input.phases.copy_(torch.from_numpy(phases))

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    @property
    def style_sizes(self) -> tuple[int, ...]:
        """Numbers of the input (4), of each layer and of the output layer (one an input channel) in the "s" space."""
        return tuple(len(affine.get_parameter("bias")) for affine in self.affines)

    @property
    def affines(self) -> list[nn.Module]:
        return [owner.get_submodule("affine") for owner in (self.input, *self.layers, self.to_rgb)]

    def style_part(self, layer: int, number: int) -> str:
        if layer:
            return "scale"
        return "rotation" if number < STYLE // 2 else "shift"

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim), labels (N,) integers where the network has classes, to w (N, w_dim). InputError for labels that
        are missing."""
        return mapped(z, labels, layers=self.mapping, embedding=self.label_embedding)

    def _noise_constants(self) -> list[Tensor]:
        return []

    def _layer_styles(self, ws: Tensor) -> list[Tensor]:
        return [affine(ws[:, row]) for row, affine in enumerate(self.affines)]

    def _render(self, styles: Sequence[Tensor], noise: Sequence[Tensor]) -> Tensor:
        x = self.input(styles[0])
        for layer, style in zip((*self.layers, self.to_rgb), styles[1:], strict=True):
            x = layer(x, style)
        image: Tensor = x * self.config.output_scale
        return image
