"""Generators of the caller's own: networks, and other objects that hold some, with what they say of themselves."""

from __future__ import annotations

from typing import Any, Final, final

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ganprobe.core.borrowing import networks_in
from ganprobe.core.discovery.foreign import calling
from ganprobe.core.errors import InputError, one_line

Z_DIM: Final = ("z_dim", "dim_z", "latent_dim")
CLASSES: Final = ("num_classes", "n_classes", "class_count")
CLASSES_ONE_HOT: Final = "c_dim"
"""As StyleGAN2-ADA and StyleGAN3 say it, whose labels are one-hot."""
_WRAPPED: Final = ("module", "_orig_mod")
"""Where DataParallel, DistributedDataParallel and torch.compile keep a network."""


@final
class Held(nn.Module):
    """An object that is no network, as one: the networks that it runs are its parts, and calling it calls it."""

    def __init__(self, thing: Any) -> None:
        super().__init__()
        self.parts = nn.ModuleList(networks_in(thing))
        self.thing = thing

    def forward(self, *given: Any, **named: Any) -> Any:
        return self.thing(*given, **named)


def is_generator(thing: Any) -> bool:
    """Whether an object that is no class says how wide its z is."""
    return not isinstance(thing, type) and any(getattr(thing, name, None) is not None for name in Z_DIM)


def behind(module: nn.Module) -> Any:
    """The caller's own object behind a network: without `Held`, and without wrappers that keep its attributes away."""
    thing: Any = module.thing if isinstance(module, Held) else module
    while not is_generator(thing):
        inner = next(
            (getattr(thing, name) for name in _WRAPPED if isinstance(getattr(thing, name, None), nn.Module)), None
        )
        if inner is None:
            return module.thing if isinstance(module, Held) else module
        thing = inner
    return thing


def width_of_z(thing: Any, name: str) -> int:
    """InputError where it does not say so, or not by a whole number of at least 1."""
    attribute = next((each for each in Z_DIM if _attribute(thing, each, name) is not None), Z_DIM[0])
    return _whole_number(thing, attribute, name, least=1, default=None)


def classes_of(thing: Any, name: str) -> tuple[int, bool | None]:
    """How many classes, 0 for none, and whether it is known that labels are to be one-hot (None: not)."""
    for attribute in CLASSES:
        if _attribute(thing, attribute, name) is not None:
            told = _attribute(thing, "one_hot", name)
            return _whole_number(thing, attribute, name, least=0, default=0), None if told is None else bool(told)
    if _attribute(thing, CLASSES_ONE_HOT, name) is not None:
        return _whole_number(thing, CLASSES_ONE_HOT, name, least=0, default=0), True
    return 0, None


def class_names_of(thing: Any, classes: int, name: str) -> tuple[str, ...]:
    """What it calls its classes; () where it does not say. InputError for another number of names."""
    names = _attribute(thing, "class_names", name) or ()
    if not isinstance(names, list | tuple) or (names and len(names) != classes):
        raise InputError(f"{name}: `class_names` must be a list of {classes} names, got {one_line(repr(names))}")
    return tuple(map(str, names))


def type_of(module: nn.Module) -> torch.dtype:
    """That of its weights, where all have one; else float32."""
    kinds = {weight.dtype for weight in module.parameters() if weight.is_floating_point()}
    return kinds.pop() if len(kinds) == 1 else torch.float32


def check_initialised(module: nn.Module, name: str) -> None:
    """InputError for weights whose shapes and values the first pass would only draw."""
    for each, weight in module.named_parameters():
        if is_lazy(weight):
            raise InputError(f"{name}: the weight {each} has no values yet (a lazy layer); run the network once before")


def _attribute(thing: Any, attribute: str, name: str) -> Any:
    with calling(f"{name}: its attribute {attribute}"):
        return getattr(thing, attribute, None)


def _whole_number(thing: Any, attribute: str, name: str, *, least: int, default: int | None) -> int:
    value = _attribute(thing, attribute, name)
    value = default if value is None else value
    if isinstance(value, Tensor) or not isinstance(value, int) or isinstance(value, bool) or value < least:
        what = "is missing" if value is None else f"is {value!r}"
        raise InputError(
            f"{name}: the module's attribute `{attribute}` {what}; an integer of at least {least} was expected"
        )
    return value
