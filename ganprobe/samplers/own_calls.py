"""How a generator of the caller's own is called: its arguments told by their names, labels as numbers or one-hot.

>>> def net(noise, *, label, truncation_psi):
...     return noise
>>> Arguments.of(net, "net", classes=3).bound(torch.zeros(2, 4), torch.tensor([0, 1]))[1]["truncation_psi"]
1.0
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError

LABELS: Final = ("c", "y", "label", "labels", "class_label", "class_labels", "class_idx", "cls", "cond", "classes")
TRUNCATIONS: Final = ("truncation_psi", "psi", "truncation")
NO_TRUNCATION: Final = 1.0
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Arguments:
    """z, labels and what else must be given, each by its place (None) or its name. one_hot: whether labels are given as
    rows (N, classes) of 0 and 1 in the type of z, and not as numbers (N,)."""

    classes: int = 0
    z: str | None = None
    label: str | None = None
    takes_label: bool = False
    fixed: Mapping[str, Any] | None = None
    one_hot: bool = False

    @staticmethod
    def of(function: Callable[..., Any], name: str, *, classes: int) -> Arguments:
        """As the function's signature has it; by their places, where it tells nothing. InputError for arguments that
        are needed and not known, and for one that takes no labels where there are classes."""
        plain = Arguments(classes, takes_label=classes > 0)
        signature = _signature(function)
        if signature is None:
            return plain
        known = [
            each for each in signature.parameters.values() if each.kind in (*_BY_PLACE, inspect.Parameter.KEYWORD_ONLY)
        ]
        if not known:
            return plain
        first = next((each for each in known if each.name not in (*LABELS, *TRUNCATIONS)), known[0])
        others = [each for each in known if each is not first]
        label = _label(others, classes)
        if classes and label is None and not _open(signature):
            raise InputError(f"{name} takes {signature} and has {classes} classes; (z, labels) was expected")
        fixed = {each.name: NO_TRUNCATION for each in others if _needed(each) and each.name in TRUNCATIONS}
        for each in others:
            if _needed(each) and each is not label and each.name not in fixed:
                raise InputError(
                    f"{name} takes {signature}; (z) or (z, labels) was expected: give {each.name} a default, or wrap it"
                )
        told = label is not None and (classes > 0 or _needed(label))
        places = [each.name for each in known if each.kind in _BY_PLACE]
        z_placed = places[:1] == [first.name]
        label_placed = label is None or (z_placed and places[1:2] == [label.name])
        return Arguments(
            classes,
            None if z_placed else first.name,
            None if label_placed or label is None else label.name,
            takes_label=told or (classes > 0 and label is None),
            fixed=fixed,
        )

    def bound(self, z: Tensor, labels: Tensor | None) -> tuple[list[Any], dict[str, Any]]:
        """What to call with, for z (N, ...) and labels (N,) or None."""
        places: list[Any] = []
        names: dict[str, Any] = dict(self.fixed or {})
        for name, value in ((self.z, z), (self.label, self._labels(labels, z)))[: 1 + self.takes_label]:
            if name is None:
                places.append(value)
            else:
                names[name] = value
        return places, names

    def with_one_hot(self) -> Arguments:
        return replace(self, one_hot=True)

    def _labels(self, labels: Tensor | None, z: Tensor) -> Tensor | None:
        if labels is None or not self.one_hot:
            return labels
        return torch.nn.functional.one_hot(labels, self.classes).to(z.dtype)


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """Of the forward pass, where it is a network."""
    try:
        return inspect.signature(function.forward if isinstance(function, nn.Module) else function)
    except (ValueError, TypeError):
        return None


def _label(others: list[inspect.Parameter], classes: int) -> inspect.Parameter | None:
    """The argument for labels: by its name, else the second that is given by its place."""
    named = [each for each in others if each.name in LABELS]
    placed = [each for each in others if each.kind in _BY_PLACE and each.name not in TRUNCATIONS]
    return next(iter(named or (placed if classes else [])), None)


def _needed(each: inspect.Parameter) -> bool:
    return each.default is inspect.Parameter.empty


def _open(signature: inspect.Signature) -> bool:
    """Whether it takes any number of arguments by their places."""
    return any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in signature.parameters.values())
