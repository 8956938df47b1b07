"""Moving latents along a direction and looking at what comes out.

The order of things: a latent is mapped to w and truncated first, and then moved, so that a step means the same at any
psi. In s the styles are those of the truncated w, since truncation acts before the affine maps. In z it is the z that
is moved, and what the generator does next (mapping, truncation in w) follows; a generator that truncates z itself
(BigGAN) draws its z within the threshold and is then moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.spaces import Latents, Space, Truncation
from ganprobe.directions.edits.displacement import Displacement
from ganprobe.directions.latents import check_latents, check_reached, latent_sampler
from ganprobe.directions.layers import check_layers
from ganprobe.directions.styles import in_layers, style_generator, styles_of
from ganprobe.generators.layers.equalised import truncate
from ganprobe.samplers.generator import GeneratorSampler

W_AVERAGE = "w_avg"
Strength = float | Tensor
EditNoise = Literal["const", "zero"] | Sequence[Tensor]
"""The stored buffers, none, or for every noise input a map for each latent, (N, 1, H, W), or one for all."""
Mover = Callable[[Tensor, Strength], Tensor]


def edit(
    sampler: Sampler,
    latents: Latents | Tensor,
    direction: Displacement,
    strengths: Sequence[float],
    layers: Sequence[int] | None = None,
    *,
    labels: Tensor | None = None,
    noise: EditNoise = "const",
) -> Tensor:
    """Raw images (N, len(strengths), 3, H, W), float32, of latents moved along `direction`.

    latents: as `sampler.draw` gives them, or a tensor in the direction's own space, (N, D), with `labels` (N,) beside
    it where the generator has classes; for w and w+ also (N, layers, D), one latent a layer; for s (N, S), which are
    not truncated any more. strengths: in standard deviations of the latents along the direction (`direction.scale`).
    layers: those to move, in place of the direction's own, in w, w+ and s only. The sampler's truncation is applied
    before the move in w, w+ and s, after it in z.
    Errors: CapabilityError for a space that the generator lacks, InputError for shapes, layers and strengths that do
    not fit.
    """
    owner = latent_sampler(sampler)
    given, labels = (latents.z, latents.labels) if isinstance(latents, Latents) else (latents, labels)
    check_fits(owner, direction, strengths)
    chosen = direction.layers if layers is None else tuple(layers)
    if isinstance(latents, Latents):
        check_latents(owner, latents)
        check_reached(latents, direction.space, direction.name)
    of = latents.space if isinstance(latents, Latents) else direction.space
    start, space = _started(owner, given, labels, direction.space, of)
    move = mover(owner, direction, start, chosen, space)
    return _rendered(owner, start, move, strengths, space, labels, noise)


def noise_rows(noise: EditNoise, rows: slice) -> Literal["const", "zero"] | list[Tensor]:
    """The noise of some of the latents."""
    if noise == "const" or noise == "zero":
        return noise
    return [layer if len(layer) == 1 else layer[rows] for layer in noise if isinstance(layer, Tensor)]


def check_fits(sampler: LatentSampler, direction: Displacement, strengths: Sequence[float]) -> None:
    """CapabilityError for a space that the generator lacks, InputError for another shape and strengths not finite."""
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


def _vector(direction: Displacement, like: Tensor) -> Tensor:
    return torch.from_numpy(direction.vector * np.float32(direction.scale)).to(like.device, like.dtype)


def _started(
    sampler: LatentSampler, given: Tensor, labels: Tensor | None, space: Space, of: Space
) -> tuple[Tensor, Space]:
    """The latents from which to move in `space`, truncated, and their space. of: that of those given."""
    if space == "z" or of == "s":
        expected = tuple(sampler.spec.spaces[space])
        if tuple(given.shape[1:]) != expected:
            raise InputError(f"latents must be N x {' x '.join(map(str, expected))}, got {tuple(given.shape)}")
        return given, space
    start, moved = truncated(sampler, sampler.map(given, labels) if of == "z" else given)
    return (styles_of(sampler, start), "s") if space == "s" else (start, moved)


def truncated(sampler: LatentSampler, w: Tensor) -> tuple[Tensor, Space]:
    """Truncated latents, (N, layers, D) of w+ where the generator has it, else (N, D) of w."""
    shape = sampler.spec.spaces.get("w+")
    truncation = truncation_of(sampler)
    if shape is None:
        if truncation != 1.0:
            raise CapabilityError(f"{sampler.name} has no w+, so its w cannot be truncated before a move")
        return w, "w"
    ws = w[:, None].expand(-1, shape[0], -1) if w.ndim == 2 else w
    if tuple(ws.shape[1:]) != tuple(shape):
        raise InputError(f"latents must be N x {shape[1]} or N x {shape[0]} x {shape[1]}, got {tuple(w.shape)}")
    return (ws if truncation == 1.0 else truncate(ws, _average(sampler, ws), truncation)), "w+"


def truncation_of(sampler: LatentSampler) -> Truncation:
    """What belongs to synthesis."""
    return sampler.synthesis_truncation() if isinstance(sampler, GeneratorSampler) else 1.0


def _average(sampler: LatentSampler, ws: Tensor) -> Tensor:
    buffers = dict(sampler.generator.named_buffers()) if isinstance(sampler, GeneratorSampler) else {}
    if W_AVERAGE not in buffers:
        raise CapabilityError(f"{sampler.name} keeps no average of w to truncate towards; use truncation 1")
    return buffers[W_AVERAGE].to(ws.device)


def mover(
    sampler: LatentSampler, direction: Displacement, start: Tensor, layers: tuple[int, ...] | None, space: Space
) -> Mover:
    """What takes latents (N, ...) of `space` a strength along `direction`, one for all or, along a line, a tensor that
    broadcasts to them; layers that stay keep their numbers."""
    chosen = None if layers is None else _chosen(sampler, direction, start, layers, space)
    step, walk = _vector(direction, start), direction.walk
    if layers is not None and chosen is not None and not bool((chosen * step).any()):
        raise InputError(f"direction {direction.name!r} moves nothing in layers {list(layers)}; leave the layers out")

    def move(points: Tensor, strength: Strength) -> Tensor:
        moved = points + strength * step if walk is None else walk.moved(points, float(strength))
        return moved if chosen is None else torch.where(chosen, moved, points)

    return move


def _chosen(
    sampler: LatentSampler, direction: Displacement, start: Tensor, layers: tuple[int, ...], space: Space
) -> Tensor:
    """What moves, as booleans that broadcast to the latents."""
    if space == "z":
        raise InputError(f"direction {direction.name!r} moves z, which has no layers; leave the layers out")
    if space == "w":
        raise CapabilityError(f"this generator has no w+, so {direction.name!r} cannot move single layers")
    check_layers(layers, "edit")
    if space == "s":
        return in_layers(layers, style_generator(sampler).style_sizes).to(start.device)
    moved = torch.zeros(start.shape[1], dtype=torch.bool, device=start.device)
    if layers[-1] >= len(moved):
        raise InputError(f"layers must lie in 0 to {len(moved) - 1}, got {list(layers)}")
    moved[list(layers)] = True
    return moved[:, None]


def _rendered(
    sampler: LatentSampler,
    start: Tensor,
    move: Mover,
    strengths: Sequence[float],
    space: Space,
    labels: Tensor | None,
    noise: EditNoise,
) -> Tensor:
    truncation = truncation_of(sampler) if space == "z" else 1.0
    parts = []
    for low in range(0, len(start), sampler.spec.block):
        here = slice(low, low + sampler.spec.block)
        some = None if labels is None else labels[here]
        moved = [
            sampler.synthesize(
                move(start[here], strength),
                space=space,
                labels=some,
                noise=noise_rows(noise, here),
                truncation=truncation,
            )
            for strength in strengths
        ]
        parts.append(torch.stack(moved, dim=1))
    if not parts:
        raise InputError("at least one latent was expected, got none")
    return torch.cat(parts)
