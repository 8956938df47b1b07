"""The sampler of a native generator: latents by index, images in fixed blocks.

Latents, labels and per-layer noise of index i follow from (seed, i) alone. The network runs on whole aligned blocks of
`spec.block` indices, because the last bits of a convolution may depend on the batch's shape: so image i comes out the
same bit for bit whatever range asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, final

import torch
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.spaces import Batch, Latents, SamplerSpec, Space, Truncation
from ganprobe.core.streams import integers, normal, truncated_normal
from ganprobe.generators.base import Generator, draw_noise
from ganprobe.samplers.blocks import BlockCache

BatchNoise = Literal["random", "const", "zero"]


@final
class GeneratorSampler:
    """Samples of `generator`, which is put into evaluation mode.

    noise: what `batch` feeds the per-pixel inputs: "random" (by index, as StyleGAN's own evaluation does), "const" or
    "zero". truncation: psi, or (psi, cutoff layers), towards w_avg where the generator has a W; where it has not
    (BigGAN), the threshold beyond which a normal is drawn again, and 1.0 means none.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        name: str,
        fingerprint: str,
        noise: BatchNoise = "random",
        truncation: Truncation = 1.0,
    ) -> None:
        self.generator = generator.eval().requires_grad_(False)
        self.name, self.noise, self.truncation = name, noise, truncation
        self.weights_fingerprint = fingerprint
        self._in_w = "w" in generator.spec.spaces
        if not self._in_w and isinstance(truncation, tuple):
            raise InputError(f"{name} truncates z: truncation must be one threshold, got {truncation}")
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(self._block, self.spec.block)

    @property
    def spec(self) -> SamplerSpec:
        return self.generator.spec

    @property
    def fingerprint(self) -> str:
        """Of weights and configuration, followed by settings that change the images where they are not the defaults."""
        extra = [f"noise={self.noise}"] * (self.noise != "random") + [f"psi={self.truncation}"] * (
            self.truncation != 1.0
        )
        return "+".join([self.weights_fingerprint, *extra])

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def draw(self, index: range, *, seed: int) -> Latents:
        """Latents of `index`: z (N, z_dim) float32 normal, labels (N,) uniform over the classes or None."""
        return Latents(index, self._z(index, seed, "z"), self._labels(index, seed), seed)

    def draw_ends(self, index: range, *, seed: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """The two ends (N, z_dim) of path `index`, and the label that both ends share."""
        return self._z(index, seed, "path.z0"), self._z(index, seed, "path.z1"), self._labels(index, seed)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim) to w (N, w_dim); CapabilityError where the generator has no W."""
        return self.generator.map(z, labels)

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """Raw network output (N, 3, H, W) float32, unclipped; see Generator.synthesize for the arguments."""
        if space not in self.spec.spaces:
            had = ", ".join(self.spec.spaces)
            raise CapabilityError(f"{self.name} has no space {space!r}; it has: {had}")
        expected = tuple(self.spec.spaces[space])
        if tuple(latents.shape[1:]) != expected:
            raise InputError(f"latents of {space!r} must be N x {expected}, got {tuple(latents.shape)}")
        with torch.inference_mode():
            images = self.generator.synthesize(
                latents.to(self.device), space=space, labels=labels, noise=noise, truncation=truncation
            )
        return images.float()

    def noise_of(self, index: range, *, seed: int) -> str | list[Tensor]:
        """The noise argument for samples `index`, as `self.noise` says."""
        if self.noise != "random":
            return self.noise
        return draw_noise(self.generator.noise_shapes, index, seed=seed, device=self.device)

    def synthesis_truncation(self) -> Truncation:
        """The truncation that belongs to synthesis: psi in W; none where z itself was truncated."""
        return self.truncation if self._in_w else 1.0

    def batch(self, index: range, *, seed: int) -> Batch:
        """Images (N, 3, H, W), labels and latents of `index` under `seed`."""
        (images,) = self._blocks.rows(index, seed=seed)
        latents = self.draw(index, seed=seed)
        return Batch(index, images, latents.labels, latents)

    def _block(self, index: range, seed: int) -> tuple[Tensor, ...]:
        latents = self.draw(index, seed=seed)
        return (
            self.synthesize(
                latents.z,
                space="z",
                labels=latents.labels,
                noise=self.noise_of(index, seed=seed),
                truncation=self.synthesis_truncation(),
            ),
        )

    def _z(self, index: range, seed: int, purpose: str) -> Tensor:
        shape = tuple(self.spec.spaces["z"])
        if self._in_w or self.truncation == 1.0:
            values = normal(seed, purpose, index, shape)
        else:
            assert not isinstance(self.truncation, tuple)
            values = truncated_normal(seed, purpose, index, shape, threshold=self.truncation)
        return torch.from_numpy(values).to(self.device)

    def _labels(self, index: range, seed: int) -> Tensor | None:
        if not self.spec.num_classes:
            return None
        return torch.from_numpy(integers(seed, "label", index, below=self.spec.num_classes)).to(self.device)
