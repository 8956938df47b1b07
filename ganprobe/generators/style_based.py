"""What StyleGAN, StyleGAN2 and StyleGAN3 have in common: z to w, w repeated over layers and truncated, styles, images.

Abstract: the networks say how w becomes styles and how styles become images; spaces and truncation are told here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.core.spaces import SamplerSpec, Space, Truncation
from ganprobe.generators.base import Generator, resolve_noise
from ganprobe.generators.layers.equalised import truncate


class StyleBasedGenerator(Generator):
    """Abstract: a generator with the spaces z, w, w+ and s. Its `config` has resolution, num_classes, z_dim and w_dim.

    w_avg (w_dim,), a buffer: the mean of w, about which truncation contracts.
    """

    w_avg: Tensor

    @property
    @abstractmethod
    def num_ws(self) -> int:
        """How many rows w+ has."""

    @property
    @abstractmethod
    def style_sizes(self) -> tuple[int, ...]:
        """Numbers of each layer in the "s" space, in network order."""

    @property
    @abstractmethod
    def affines(self) -> list[nn.Module]:
        """The affine layer that each row of w+ enters; of several that share a row, the one that is no output layer."""

    @abstractmethod
    def style_part(self, layer: int, number: int) -> str:
        """What a number of a layer's style does: "scale", "shift" or "rotation"."""

    @abstractmethod
    def _noise_constants(self) -> list[Tensor]:
        """The stored noise (H, W) of every noise input, in network order."""

    @abstractmethod
    def _layer_styles(self, ws: Tensor) -> list[Tensor]:
        """ws (N, num_ws, w_dim) to the style (N, size) of every layer."""

    @abstractmethod
    def _render(self, styles: Sequence[Tensor], noise: Sequence[Tensor]) -> Tensor:
        """The styles of all layers and their noise to images (N, 3, R, R)."""

    @property
    def spec(self) -> SamplerSpec:
        config = self.config
        spaces: dict[str, tuple[int, ...]] = {
            "z": (config.z_dim,),
            "w": (config.w_dim,),
            "w+": (self.num_ws, config.w_dim),
            "s": (sum(self.style_sizes),),
        }
        return SamplerSpec((3, config.resolution, config.resolution), config.num_classes, spaces)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim), and labels (N,) where there are classes, to images: stored noise, nothing truncated."""
        return self.synthesize(z, space="z", labels=labels)

    def styles(self, ws: Tensor) -> Tensor:
        """w (N, w_dim) or w+ (N, num_ws, w_dim) to the "s" space: every layer's affine output, `style_sizes` numbers
        each, joined in network order, (N, S). Nothing is truncated. InputError for other shapes."""
        spaces = self.spec.spaces
        if tuple(ws.shape[1:]) not in (spaces["w"], spaces["w+"]):
            raise InputError(f"styles are of w (N, *{spaces['w']}) or w+ (N, *{spaces['w+']}), got {tuple(ws.shape)}")
        return torch.cat(self._layer_styles(ws if ws.ndim == 3 else ws[:, None].expand(-1, self.num_ws, -1)), 1)

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """As in `Generator`. Truncation follows the mapping and the repetition over layers and precedes the affine
        maps, so that z, w and w+ latents are truncated alike, its cutoff counted in rows of w+; "s" latents lie beyond
        it and take psi 1 only."""
        spaces = self.spec.spaces
        if space not in spaces or tuple(latents.shape[1:]) != spaces[space]:
            known = ", ".join(f"{name} (N, {', '.join(map(str, shape))})" for name, shape in spaces.items())
            raise InputError(f"latents must be one of {known}; got space {space!r} and shape {tuple(latents.shape)}")
        styles = self._styles_of(latents, space, labels, truncation)
        return self._render(styles, resolve_noise(noise, self._noise_constants(), len(latents)))

    def _styles_of(
        self, latents: Tensor, space: Space, labels: Tensor | None, truncation: Truncation
    ) -> Sequence[Tensor]:
        if space == "s":
            if (truncation[0] if isinstance(truncation, tuple) else truncation) != 1:
                raise InputError(
                    f"truncation acts on w, not on s: expected 1, got {truncation}; truncate before styles()"
                )
            return torch.split(latents, list(self.style_sizes), 1)
        w = self.map(latents, labels) if space == "z" else latents
        ws = w if space == "w+" else w[:, None].expand(-1, self.num_ws, -1)
        return self._layer_styles(truncate(ws, self.w_avg, truncation))
