"""How a batch of latents is drawn and becomes images in training: plainly, or with mixed styles and noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, final

import torch
from torch import Tensor

from ganprobe.generators.base import Generator
from ganprobe.generators.progan.generator import ProGANGenerator
from ganprobe.generators.stylegan.generator import StyleGANGenerator, mix_styles
from ganprobe.training.draws.draws import Draws
from ganprobe.training.step.latents import Latents, joined

T = TypeVar("T")


class Generation(Protocol):
    """Latents of an update, and images (N, 3, H, W) of several groups of them in one pass, one group after another.

    track: whether this pass may move statistics that follow training, such as the mean of W.
    """

    def draw(self, draws: Draws, n: int, lod: float) -> Latents: ...
    def images(self, groups: Sequence[Latents], lod: float, *, track: Draws | None = None) -> Tensor: ...

    @property
    def layers(self) -> int: ...


def generation_of(generator: Generator, *, style_mixing: float, compiled: bool = False) -> Generation:
    """The way of a generator. compiled: through torch.compile."""
    if isinstance(generator, StyleGANGenerator):
        return StyleGeneration(generator, style_mixing, compiled=compiled)
    return PlainGeneration(generator, compiled=compiled)


@final
class PlainGeneration:
    """z and labels to images."""

    layers = 1

    def __init__(self, generator: Generator, *, compiled: bool) -> None:
        self._forward, spec = compiled_where(generator, compiled), generator.spec
        self._grows = isinstance(generator, ProGANGenerator)
        self._z_dim, self._classes = spec.spaces["z"][0], spec.num_classes

    def draw(self, draws: Draws, n: int, lod: float) -> Latents:
        labels = draws.integers("labels", n, below=self._classes) if self._classes else None
        return Latents(z=draws.normal("z", n, (self._z_dim,)), labels=labels)

    def images(self, groups: Sequence[Latents], lod: float, *, track: Draws | None = None) -> Tensor:
        level = {"lod": lod} if self._grows else {}
        images: Tensor = self._forward(*joined(list(groups)), **level)
        return images


@final
class StyleGeneration:
    """StyleGAN's: style mixing, noise, level of detail, and the tracked mean of W (Karras et al. 2019, section 3.1 and
    appendix C)."""

    def __init__(self, generator: StyleGANGenerator, mixing: float, *, compiled: bool) -> None:
        self._generator, self._mixing, self.layers = generator, mixing, generator.config.num_layers
        self._map = compiled_where(generator.map, compiled)
        self._synthesis = compiled_where(generator.synthesis, compiled)

    def draw(self, draws: Draws, n: int, lod: float) -> Latents:
        config, used = self._generator.config, self._layers_in_use(lod)
        return Latents(
            z=draws.normal("z", n, (config.z_dim,)),
            labels=draws.integers("labels", n, below=config.num_classes) if config.num_classes else None,
            mixed=draws.normal("z.mixed", n, (config.z_dim,)) if self._mixing else None,
            crossover=crossovers(draws, n, share=self._mixing, used=used, layers=self.layers) if self._mixing else None,
            noise=tuple(draws.noise(n, self._generator.noise_shapes[:used])),
        )

    def images(self, groups: Sequence[Latents], lod: float, *, track: Draws | None = None) -> Tensor:
        styles = [self._styles(each) for each in groups]
        if track is not None:
            w = styles[0][:, 0].detach().float().mean(0, keepdim=True)
            self._generator.track_w_avg(track.processes.mean(w))
        noise = [torch.cat(layer) for layer in zip(*(each.noise for each in groups), strict=True)]
        return self._synthesis(torch.cat(styles), noise, lod=lod)

    def _styles(self, latents: Latents) -> Tensor:
        """(N, layers, w_dim)."""
        shift = latents.shift
        if shift is None:
            return self._mixed(latents, None)
        first = self._mixed(latents, shift.first)
        if shift.second is None or shift.crossover is None:
            return first
        return _before(first, self._mixed(latents, shift.second), shift.crossover)

    def _mixed(self, latents: Latents, added: Tensor | None) -> Tensor:
        z, other, labels = latents.z, latents.mixed, latents.labels
        if other is None or latents.crossover is None:
            w = self._map(z if added is None else z + added, labels)
            return w[:, None].expand(-1, self.layers, -1)
        # Both in one pass, which scales the weights of the mapping once.
        starts = torch.stack([z, other]) if added is None else torch.stack([z, other]) + added
        w, w_other = self._map(starts.flatten(0, 1), None if labels is None else labels.repeat(2)).chunk(2)
        return mix_styles(w, w_other, latents.crossover, self.layers)

    def _layers_in_use(self, lod: float) -> int:
        return self.layers - 2 * math.floor(lod)


def compiled_where(function: Callable[..., T], compiled: bool) -> Callable[..., T]:
    """The function, through torch.compile where that is asked for: for shapes that stay as they are."""
    return torch.compile(function, dynamic=False) if compiled else function


def crossovers(
    draws: Draws, n: int, *, share: float, used: int, layers: int, purpose: str = "", whole: bool = False
) -> Tensor:
    """The layers (n,) from which second latents take over: uniform over those in use, in the `share` of images that
    mix, and `layers`, which is never, in the others."""
    crossover = draws.integers(f"{purpose}crossover", n, low=1, below=used, whole=whole)
    mixes = draws.uniform(f"{purpose}mixing", n, whole=whole) < share
    return crossover.masked_fill(~mixes, layers)


def _before(first: Tensor, second: Tensor, crossover: Tensor) -> Tensor:
    """Styles (N, layers, w_dim) of `first` before `crossover` (N,), of `second` from there on."""
    early = torch.arange(first.shape[1], device=first.device)[None, :, None] < crossover[:, None, None]
    return torch.where(early, first, second)
