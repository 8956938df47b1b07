"""The sampler of a native generator: latents by index, images in fixed blocks.

Latents, labels and per-layer noise of index i follow from (seed, i) alone. The network runs on whole aligned blocks of
`spec.block` indices, because the last bits of a convolution may depend on the batch's shape: so image i comes out the
same bit for bit whatever range asks for it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, final

import torch
from torch import Tensor

from ganprobe.core.borrowing import borrowed, version_of
from ganprobe.core.calls.settings import DEFAULTS
from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.devices.memory import Portions
from ganprobe.core.devices.transfer import pinned_for, sent
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import Movement, Sampler
from ganprobe.core.spaces import Batch, BatchNoise, Latents, SamplerSpec, Space, Truncation
from ganprobe.core.streams import LEAST_THRESHOLD, integers, normal, truncated_normal
from ganprobe.generators.base import Generator, draw_noise
from ganprobe.generators.layers.prepared import weights_prepared_once
from ganprobe.samplers.ahead import Ahead
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.modules import WeightsFingerprint

CACHED_PIXELS: Final = 2**16
"""Pixels of output for which a network's maps stay in the caches of one core, roughly."""


@final
class GeneratorSampler:
    """Samples of `generator`, which is in evaluation mode while it draws them and is left as it was.

    noise: what `batch` feeds the per-pixel inputs: "random" (by index, as StyleGAN's own evaluation does), "const" or
    "zero"; it means nothing, and reads "random", where there are none. truncation: psi, or (psi, cutoff layers),
    towards w_avg where the generator has a W; where it has not (BigGAN), the threshold, at least 0.01, beyond which a
    normal is drawn again, and 1.0 means none. origin: where the network comes from, for results: its file's layout, the
    key that was read, what was assumed. aliases: fingerprints that directions of these weights may carry too.
    InputError for a truncation that is not finite or does not fit.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        name: str,
        fingerprint: str,
        noise: BatchNoise = DEFAULTS.noise,
        truncation: Truncation = DEFAULTS.truncation,
        origin: Mapping[str, Any] | None = None,
        aliases: Sequence[str] = (),
    ) -> None:
        self.generator = generator
        self.origin: Mapping[str, Any] = dict(origin or {})
        self._first, self._aliases = fingerprint, tuple(aliases)
        self.name = name
        self.noise: BatchNoise = noise if generator.noise_shapes else "random"
        self._fingerprint = WeightsFingerprint(generator, name, fingerprint)
        self._in_w = "w" in generator.spec.spaces
        self.truncation = _checked_truncation(truncation, name, in_w=self._in_w)
        self._noise_ahead = Ahead(self._host_noise)
        self._noise_last: tuple[tuple[range, int, torch.device], list[Tensor]] | None = None
        self._portions = Portions(f"images of {name} are drawn", most=_at_a_time(self.spec, self.device))
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(
            self._block, self.spec.block, version=lambda: version_of(generator)
        )

    @property
    def spec(self) -> SamplerSpec:
        spec, names = self.generator.spec, tuple(self.generator.class_names)
        return replace(spec, class_names=names) if len(names) == spec.num_classes else spec

    def at(self, truncation: Truncation) -> GeneratorSampler:
        """The same network at another truncation. InputError for one that does not fit it."""
        return GeneratorSampler(
            self.generator,
            name=self.name,
            fingerprint=self.weights_fingerprint,
            noise=self.noise,
            truncation=truncation,
            origin=self.origin,
            aliases=sorted(self.known_fingerprints),
        )

    @property
    def weights_fingerprint(self) -> str:
        """Of weights and configuration, as they are now."""
        return self._fingerprint.now()

    @property
    def known_fingerprints(self) -> frozenset[str]:
        """Those that directions found in these weights carry: `weights_fingerprint`, and others of the same weights."""
        now = self.weights_fingerprint
        return frozenset((now, *self._aliases) if now == self._first else (now,))

    @property
    def fingerprint(self) -> str:
        """Of weights and configuration (`weights_fingerprint`) where noise and truncation are the defaults; a digest of
        all three where they are not."""
        if (self.noise, self.truncation) == (DEFAULTS.noise, DEFAULTS.truncation):
            return self.weights_fingerprint
        words = f"{self.weights_fingerprint} noise={self.noise} truncation={self.truncation}"
        return hashlib.sha256(words.encode()).hexdigest()

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def draw(self, index: range, *, seed: int) -> Latents:
        """Latents of `index`: z (N, z_dim) float32 normal, labels (N,) uniform over the classes or None. InputError
        for an index that is not of step 1 from 0 on."""
        return Latents(index, self._z(index, seed, "z"), self._labels(index, seed), seed)

    def draw_ends(self, index: range, *, seed: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """The two ends (N, z_dim) of path `index`, and the label that both ends share."""
        return self._z(index, seed, "path.z0"), self._z(index, seed, "path.z1"), self._labels(index, seed)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim) to w (N, w_dim); CapabilityError where the generator has no W."""
        with borrowed(self.generator), torch.no_grad():
            return self.generator.map(z.to(self.device), None if labels is None else labels.to(self.device))

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """Raw network output (N, 3, H, W) float32, unclipped, without gradients; see Generator.synthesize for the
        arguments, which may be on any device."""
        if space not in self.spec.spaces:
            had = ", ".join(self.spec.spaces)
            raise CapabilityError(f"{self.name} has no space {space!r}; it has: {had}")
        expected = tuple(self.spec.spaces[space])
        if tuple(latents.shape[1:]) != expected:
            raise InputError(f"latents of {space!r} must be N x {expected}, got {tuple(latents.shape)}")
        latents, device = sent(latents, self.device), self.device
        labels = None if labels is None else sent(labels, device)
        noise = noise if isinstance(noise, str | int) else [sent(layer, device) for layer in noise]

        def images(rows: slice) -> Tensor:
            return self.generator.synthesize(
                latents[rows],
                space=space,
                labels=None if labels is None else labels[rows],
                noise=self._noise_for(noise, rows),
                truncation=truncation,
            ).float()

        with (
            borrowed(self.generator),
            torch.no_grad(),
            steady_convolutions(),
            weights_prepared_once(self.generator),
        ):
            return self._portions.rows(len(latents), images)

    def rendered(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None,
        noise: str | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """As `synthesize`, with gradients, for latents on the generator's device."""
        with borrowed(self.generator):
            images = self.generator.synthesize(latents, space=space, labels=labels, noise=noise, truncation=truncation)
        return images.float()

    def _noise_for(self, noise: str | int | Sequence[Tensor], rows: slice) -> str | int | Sequence[Tensor]:
        """The noise of some of the latents that `noise` is for."""
        if isinstance(noise, str) or (isinstance(noise, int) and rows.start == 0):
            return noise
        if isinstance(noise, int):
            index = range(rows.start, rows.stop)
            return draw_noise(self.generator.noise_shapes, index, seed=noise, device=self.device)
        return [layer if len(layer) == 1 else layer[rows] for layer in noise]

    def edit(self, latents: Latents, direction: Movement, strength: float) -> Tensor:
        """Raw images (N, 3, H, W), float32, of `latents` (as `draw` gives them) after a move of `strength` standard
        deviations along `direction` (ganprobe.directions.Direction), with the constant noise. Errors: as `compose`."""
        return direction.images(self, latents, strength)

    def noise_of(self, index: range, *, seed: int) -> str | list[Tensor]:
        """The noise argument for samples `index`, as `self.noise` says, not to be written to. That of the last call
        stays in memory, for several passes ask for it."""
        if self.noise != "random":
            return self.noise
        key = (index, seed, self.device)
        if self._noise_last is None or self._noise_last[0] != key:
            self._noise_last = None  # Before, so that no more than one is in memory.
            self._noise_last = key, self._drawn_noise(index, seed)
        return list(self._noise_last[1])

    @torch.inference_mode(False)  # what is kept must serve a later call that wants gradients
    def _drawn_noise(self, index: range, seed: int) -> list[Tensor]:
        if self.device.type != "cuda":
            return draw_noise(self.generator.noise_shapes, index, seed=seed, device=self.device)
        return [sent(layer, self.device) for layer in self._noise_ahead.take(index, seed)]

    def _host_noise(self, index: range, seed: int) -> list[Tensor]:
        return [pinned_for(self.device, each) for each in draw_noise(self.generator.noise_shapes, index, seed=seed)]

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
        return sent(torch.from_numpy(values), self.device)

    def _labels(self, index: range, seed: int) -> Tensor | None:
        if not self.spec.num_classes:
            return None
        return sent(torch.from_numpy(integers(seed, "label", index, below=self.spec.num_classes)), self.device)


def conditions_of(sampler: Sampler, index: range, seed: int) -> tuple[str | list[Tensor], Truncation]:
    """The noise and truncation that belong to the sampler's own images; a foreign one has none to choose."""
    if isinstance(sampler, GeneratorSampler):
        return sampler.noise_of(index, seed=seed), sampler.synthesis_truncation()
    return "const", 1.0


def _at_a_time(spec: SamplerSpec, device: torch.device) -> int | None:
    """How many images a CPU makes at a time, so that their maps stay in its caches; others take all at once."""
    _, height, width = spec.image_shape
    return max(1, CACHED_PIXELS * torch.get_num_threads() // (height * width)) if device.type == "cpu" else None


def _checked_truncation(truncation: Truncation, name: str, *, in_w: bool) -> Truncation:
    """`truncation`, 1.0 where it comes to none."""
    psi, cutoff = truncation if isinstance(truncation, tuple) else (truncation, 0)
    if not math.isfinite(psi) or cutoff < 0:
        raise InputError(f"truncation must be a finite psi and a cutoff of 0 or more layers, got {truncation}")
    if not in_w and isinstance(truncation, tuple):
        raise InputError(f"{name} truncates z: truncation must be one threshold, got {truncation}")
    if not in_w and psi < LEAST_THRESHOLD:
        raise InputError(f"{name} truncates z: its threshold must be at least {LEAST_THRESHOLD}, got {psi}")
    return 1.0 if psi == 1.0 else truncation
