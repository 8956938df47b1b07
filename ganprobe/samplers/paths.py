"""Pairs of images a small step apart on latent paths, for perceptual path length (Karras et al. 2019, section 4.1).

Pair i lies between two latents of index i: at t and t + epsilon along a slerp in Z or a lerp in W (and, for one
protocol, in Z), with t uniform in [0, 1) ("full") or 0 ("end"). Both images share the label, the truncation and the
per-layer noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor

from ganprobe.core.devices.transfer import sent
from ganprobe.core.errors import CapabilityError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.streams import uniform
from ganprobe.metrics.arrays import widened
from ganprobe.samplers.generator import conditions_of
from ganprobe.samplers.starts import PathStarts, path_ends

PathSpace = Literal["z", "w"]
Sampling = Literal["full", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSpec:
    """Which path: its space, where on it the pairs lie, the step epsilon (a fraction of the path), and whether it is
    straight in Z too, as torch-fidelity has it."""

    space: PathSpace
    sampling: Sampling
    epsilon: float = 1e-4
    straight: bool = False

    @property
    def name(self) -> str:
        return f"{self.space}_{self.sampling}" + ("_lerp" if self.straight else "")


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """a + (b - a) t, row by row: a and b (N, D), t (N, 1)."""
    return a + (b - a) * t


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Spherical interpolation between the directions of a and b, as unit vectors (N, D); t (N, 1) in [0, 1].

    As in StyleGAN, both ends are normalised first, and so is the result: with a mapping network that normalises its
    input the lengths do not matter. Where a and b point the same way the result is their common direction.
    """
    a, b = (v / v.norm(dim=-1, keepdim=True) for v in (a, b))
    cosine = (a * b).sum(dim=-1, keepdim=True)
    ortho = b - cosine * a
    angle = t * torch.atan2(ortho.norm(dim=-1, keepdim=True), cosine)
    ortho = torch.nn.functional.normalize(ortho, dim=-1)
    point = a * torch.cos(angle) + ortho * torch.sin(angle)
    return torch.nn.functional.normalize(point, dim=-1)


@final
class PathPairs:
    """The endless sequence of pairs of one path specification, of any sampler with that space.

    Where the generator does not normalise z (BigGAN), points of a Z path keep the length that slerp's ends have on
    average, by interpolating the two lengths linearly, so that they stay on the shell that the network was trained on.
    The points are computed in float64 (on the host where the device has none): a step of 1e-4 shows float32's last
    digits. starts: shared with other paths of the sampler; None for its own. CapabilityError where the sampler has no
    such space.
    """

    def __init__(self, sampler: LatentSampler, spec: PathSpec, *, starts: PathStarts | None = None) -> None:
        if spec.space not in sampler.spec.spaces:
            had = ", ".join(sampler.spec.spaces)
            raise CapabilityError(f"{sampler.name} has no space {spec.space!r} for a path length; it has: {had}")
        self.sampler, self.spec = sampler, spec
        self._starts = starts or PathStarts(sampler)

    @property
    def name(self) -> str:
        return f"pairs of {self.sampler.name} ({self.spec.name})"

    @property
    def scale(self) -> float:
        """What distances are multiplied by: 1 / epsilon^2."""
        return 1 / self.spec.epsilon**2

    def labels(self, index: range, *, seed: int) -> Tensor | None:
        """None: path lengths are of all classes together."""
        return None

    def latents(self, index: range, *, seed: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """The two points (N, D) float32 of pairs `index` in the path's space, and their labels."""
        a, b, labels = path_ends(self.sampler, index, seed)
        t = torch.zeros(len(index), 1, dtype=torch.float64)
        if self.spec.sampling == "full":
            t = torch.from_numpy(uniform(seed, "path.t", index, (1,)))
        if self.spec.space == "w":
            a, b = self.sampler.map(a, labels), self.sampler.map(b, labels)
        device, a, b = a.device, widened(a), widened(b)
        t = sent(t, a.device)
        walk: Callable[[Tensor, Tensor, Tensor], Tensor] = slerp_keeping_length
        if self.spec.space == "w" or self.spec.straight:
            walk = lerp
        first, second = walk(a, b, t), walk(a, b, t + self.spec.epsilon)
        return first.float().to(device), second.float().to(device), labels

    def pairs(self, index: range, *, seed: int) -> tuple[Tensor, Tensor]:
        """The two images (N, 3, H, W), raw float32, of pairs `index`. At the end of the path the first
        comes from the starts; else the network is run once on both together."""
        first, second, labels = self.latents(index, seed=seed)
        space = self.spec.space
        if getattr(self.sampler, "restless", False):
            # Its own random numbers are the same for both ends where each is made alone.
            a, b = (self.sampler.synthesize(end, space=space, labels=labels) for end in (first, second))
            return a, b
        noise, truncation = conditions_of(self.sampler, index, seed)
        if self.spec.sampling == "end":
            start = self._starts.images(index, space, seed=seed)
            end = self.sampler.synthesize(second, space=space, labels=labels, noise=noise, truncation=truncation)
            return start, end
        images = self.sampler.synthesize(
            torch.cat([first, second]),
            space=space,
            labels=None if labels is None else torch.cat([labels, labels]),
            noise=noise if isinstance(noise, str) else [torch.cat([layer, layer]) for layer in noise],
            truncation=truncation,
        )
        a, b = images.chunk(2)
        return a, b


def slerp_keeping_length(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Slerp of the directions, times the linearly interpolated lengths."""
    length = lerp(a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True), t)
    return slerp(a, b, t) * length
