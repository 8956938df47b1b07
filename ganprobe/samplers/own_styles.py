"""The W of a generator of the caller's own: its `mapping` of z to w, and its `synthesis` of w.

The protocol is StyleGAN's: `mapping(z)`, or (z, labels), gives w (N, D), or the same for each layer, (N, layers, D);
`synthesis(w)` makes images of what mapping gave, and of (N, num_ws, D) where the object has `num_ws`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from ganprobe.core.discovery.foreign import calling
from ganprobe.core.errors import InputError
from ganprobe.core.spaces import Space
from ganprobe.samplers.own_calls import Arguments

SAME: Final = 1e-2
"""So far may the images of one z differ, made at once or by way of w."""


@dataclass(frozen=True, slots=True)
class OwnStyles:
    """How z becomes w (N, width), and w or w+ images. layers: of what synthesis takes; None for (N, width)."""

    name: str
    mapping: Callable[..., Any]
    synthesis: Callable[..., Any]
    arguments: Arguments
    width: int
    layers: int | None

    @property
    def spaces(self) -> Mapping[Space, tuple[int, ...]]:
        more: dict[Space, tuple[int, ...]] = {} if self.layers is None else {"w+": (self.layers, self.width)}
        return {"w": (self.width,), **more}

    def map(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """w (N, width) float32."""
        rows = _mapped(self.mapping, self.arguments, z, labels, self.name)
        return (rows[:, 0] if rows.ndim == 3 else rows).float()

    def made(self, latents: Tensor) -> Any:
        """What synthesis gives for w (N, width) or w+ (N, layers, width)."""
        if latents.ndim == 2 and self.layers is not None:
            latents = latents[:, None].expand(-1, self.layers, -1)
        with calling(f"{self.name}: its synthesis", of=self.synthesis, w=latents):
            return self.synthesis(latents)


def has_styles(thing: Any) -> bool:
    """Whether it has both."""
    return all(callable(getattr(thing, each, None)) for each in ("mapping", "synthesis"))


def styles_in(thing: Any, arguments: Arguments, z: Tensor, labels: Tensor | None, name: str) -> OwnStyles:
    """The W of an object that `has_styles`, tried on z (N, z_dim) and labels. one-hot labels: as `arguments` have them.
    InputError where it is not to be had, with the reason."""
    mapping, synthesis = thing.mapping, thing.synthesis
    called = Arguments.of(mapping, f"{name}: its mapping", classes=arguments.classes)
    called = called.with_one_hot() if arguments.one_hot else called
    rows = _mapped(mapping, called, z, labels, name)
    if rows.ndim == 3 and not torch.allclose(rows, rows[:, :1].expand_as(rows), atol=SAME):
        raise InputError(f"the w of {name} differs from layer to layer")
    layers = int(rows.shape[1]) if rows.ndim == 3 else getattr(thing, "num_ws", None)
    if layers is not None and (not isinstance(layers, int) or isinstance(layers, bool) or layers < 1):
        raise InputError(f"{name}: its attribute num_ws is {layers!r}; an integer of at least 1 was expected")
    told = getattr(thing, "w_dim", None)
    if told is not None and told != rows.shape[-1]:
        raise InputError(f"{name}: its attribute w_dim is {told!r}, and its mapping gave w of {rows.shape[-1]}")
    return OwnStyles(name, mapping, synthesis, called, int(rows.shape[-1]), layers)


def _mapped(mapping: Callable[..., Any], arguments: Arguments, z: Tensor, labels: Tensor | None, name: str) -> Tensor:
    places, names = arguments.bound(z, labels)
    with calling(f"{name}: its mapping", of=mapping, z=z, **({} if labels is None else {"labels": labels})):
        given = mapping(*places, **names)
    given = given.get("w") if isinstance(given, Mapping) else given
    given = given[0] if isinstance(given, tuple | list) and given else given
    if (
        not isinstance(given, Tensor)
        or given.ndim not in (2, 3)
        or len(given) != len(z)
        or not given.is_floating_point()
    ):
        shape = f"a tensor of {tuple(given.shape)}" if isinstance(given, Tensor) else f"a {type(given).__name__}"
        raise InputError(f"the mapping of {name} gave {shape}; w ({len(z)}, D) or ({len(z)}, layers, D) was expected")
    return given
