"""Moving latents along a direction and looking at what comes out.

The order of things: a latent is mapped to w and truncated first, and then moved, so that a step means the same at any
psi. In z it is the z that is moved, and what the generator does next (mapping, truncation in w) follows; a generator
that truncates z itself (BigGAN) draws its z within the threshold and is then moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.spaces import Latents, Space, Truncation
from ganprobe.directions.direction import Direction, check_layers
from ganprobe.directions.latents import DrawnSpace, check_space, latent_sampler, spread_along
from ganprobe.generators.layers import truncate
from ganprobe.samplers.generator import GeneratorSampler

W_AVERAGE = "w_avg"


def edit(
    sampler: Sampler,
    latents: Latents | Tensor,
    direction: Direction,
    strengths: Sequence[float],
    layers: Sequence[int] | None = None,
    *,
    labels: Tensor | None = None,
    noise: Literal["const", "zero"] = "const",
) -> Tensor:
    """Raw images (N, len(strengths), 3, H, W), float32, of latents moved along `direction`.

    latents: as `sampler.draw` gives them, or a tensor in the direction's own space, (N, D), with `labels` (N,) beside
    it where the generator has classes; for w and w+ also (N, layers, D), one latent a layer. strengths: in standard
    deviations of the latents along the direction (`direction.scale`). layers: those to move, in place of the
    direction's own, in w and w+ only. The sampler's truncation is applied before the move in w and w+, after it in z.
    Errors: CapabilityError for a space that the generator lacks, InputError for shapes, layers and strengths that do
    not fit.
    """
    owner = latent_sampler(sampler)
    given, labels = (latents.z, latents.labels) if isinstance(latents, Latents) else (latents, labels)
    _check(owner, direction, strengths)
    chosen = direction.layers if layers is None else tuple(layers)
    if direction.space == "z":
        if chosen is not None:
            raise InputError(f"direction {direction.name!r} moves z, which has no layers; leave the layers out")
        start, step, space = given, _vector(direction, given), "z"
        truncation = _truncation(owner)
    else:
        w = owner.map(given, labels) if isinstance(latents, Latents) else given
        start, space = _truncated(owner, w)
        step = _per_layer(direction, start, chosen, space)
        truncation = 1.0
    return _rendered(owner, start, step, strengths, space, labels, noise, truncation)  # type: ignore[arg-type]


def measured(sampler: LatentSampler, item: Direction, *, samples: int, seed: int) -> Direction:
    """`item` with the scale that it has in this generator: the standard deviation of `samples` latents along it, which
    in w+ are w's repeated over the layers. CapabilityError for a space that the generator lacks, InputError for a
    vector of another size."""
    space: DrawnSpace = "z" if item.space == "z" else "w"
    check_space(sampler, space)
    _check(sampler, item, (0.0,))
    along = item.vector.sum(axis=0) if item.space == "w+" else item.vector
    scales = spread_along(sampler, along[None].astype(np.float64), samples=samples, seed=seed, space=space)
    return replace(item, scale=float(scales[0]))


def _check(sampler: LatentSampler, direction: Direction, strengths: Sequence[float]) -> None:
    spaces = sampler.spec.spaces
    if direction.space not in spaces:
        had = ", ".join(spaces)
        raise CapabilityError(f"{sampler.name} has no space {direction.space!r} for {direction.name!r}; it has: {had}")
    if direction.vector.shape != tuple(spaces[direction.space]):
        raise InputError(
            f"direction {direction.name!r} has shape {direction.vector.shape}, latents of {direction.space!r} in "
            f"{sampler.name} have {tuple(spaces[direction.space])}; it belongs to another generator"
        )
    if not len(strengths) or not np.isfinite(np.asarray(strengths, dtype=np.float64)).all():
        raise InputError(f"strengths must be finite numbers, at least one, got {list(strengths)}")


def _vector(direction: Direction, like: Tensor) -> Tensor:
    return torch.from_numpy(direction.vector * np.float32(direction.scale)).to(like.device, like.dtype)


def _truncated(sampler: LatentSampler, w: Tensor) -> tuple[Tensor, Space]:
    """Truncated latents, (N, layers, D) of w+ where the generator has it, else (N, D) of w."""
    shape = sampler.spec.spaces.get("w+")
    truncation = _truncation(sampler)
    if shape is None:
        if truncation != 1.0:
            raise CapabilityError(f"{sampler.name} has no w+, so its w cannot be truncated before a move")
        return w, "w"
    ws = w[:, None].expand(-1, shape[0], -1) if w.ndim == 2 else w
    if tuple(ws.shape[1:]) != tuple(shape):
        raise InputError(f"latents must be N x {shape[1]} or N x {shape[0]} x {shape[1]}, got {tuple(w.shape)}")
    return (ws if truncation == 1.0 else truncate(ws, _average(sampler, ws), truncation)), "w+"


def _truncation(sampler: LatentSampler) -> Truncation:
    return sampler.synthesis_truncation() if isinstance(sampler, GeneratorSampler) else 1.0


def _average(sampler: LatentSampler, ws: Tensor) -> Tensor:
    buffers = dict(sampler.generator.named_buffers()) if isinstance(sampler, GeneratorSampler) else {}
    if W_AVERAGE not in buffers:
        raise CapabilityError(f"{sampler.name} keeps no average of w to truncate towards; use truncation 1")
    return buffers[W_AVERAGE].to(ws.device)


def _per_layer(direction: Direction, start: Tensor, layers: tuple[int, ...] | None, space: Space) -> Tensor:
    """The step of strength 1, in the shape of one latent: zero in the layers that stay."""
    step = _vector(direction, start)
    if space == "w":
        if layers is not None:
            raise CapabilityError(f"this generator has no w+, so {direction.name!r} cannot move single layers")
        return step
    moved = torch.zeros(start.shape[1], dtype=torch.bool, device=start.device)
    if layers is not None:
        check_layers(layers, "edit")
        if layers[-1] >= len(moved):
            raise InputError(f"layers must lie in 0 to {len(moved) - 1}, got {list(layers)}")
    moved[slice(None) if layers is None else list(layers)] = True
    return torch.where(moved[:, None], step, torch.zeros_like(step))


def _rendered(
    sampler: LatentSampler,
    start: Tensor,
    step: Tensor,
    strengths: Sequence[float],
    space: Space,
    labels: Tensor | None,
    noise: Literal["const", "zero"],
    truncation: Truncation,
) -> Tensor:
    parts = []
    for low in range(0, len(start), sampler.spec.block):
        here = slice(low, low + sampler.spec.block)
        some = None if labels is None else labels[here]
        moved = [
            sampler.synthesize(
                start[here] + strength * step, space=space, labels=some, noise=noise, truncation=truncation
            )
            for strength in strengths
        ]
        parts.append(torch.stack(moved, dim=1))
    if not parts:
        raise InputError("at least one latent was expected, got none")
    return torch.cat(parts)
