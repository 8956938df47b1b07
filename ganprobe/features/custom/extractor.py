"""The network of somebody else as an extractor: what it is given, what is asked of what it gives.

>>> def colours(images):
...     return images.mean((2, 3))
>>> extractor = ForeignExtractor(colours, name="colours", fingerprint="1", columns_of=feature_columns())
>>> {name: tuple(column.shape) for name, column in extractor.observe(torch.zeros(4, 3, 8, 8)).items()}
{'custom.features': (4, 3)}
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor

from ganprobe.core.borrowing import borrowed
from ganprobe.core.discovery.foreign import calling
from ganprobe.core.errors import DataError, InputError
from ganprobe.core.protocols import Columns
from ganprobe.core.streams import stream
from ganprobe.features.images.preparation import VERSION, Preparation, checked_names
from ganprobe.features.scores import PREFIX

CUSTOM = "custom."
FEATURES = "custom.features"
PROBE = 3
PROBE_SIDES = (64, 128, 224, 256, 299, 32)
"""Sides of the images that are tried on a network that does not say which it takes."""

REPEATABLE = 1e-2
"""The same image may give numbers that differ by this share of their size from one batch to another."""

Network = Callable[[Tensor], Any]
ColumnsOf = Callable[[Any], Columns]


@final
class ForeignExtractor:
    """`network`, given prepared images, as an extractor of named float32 columns.

    A network that is a module is in evaluation mode while it looks, and is left as it was. Made with a trial of a few
    images: InputError where the network cannot take them, gives something else than one row an image, or gives an image
    other numbers in another batch (as in training mode); DataError where numbers are not finite. fingerprint: of the
    network; that of the extractor covers the preparation and the columns too. columns_of: what the network gave to
    columns.
    """

    def __init__(
        self,
        network: Network,
        *,
        name: str,
        fingerprint: str,
        columns_of: ColumnsOf,
        preparation: Preparation | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.name, self.device = name, torch.device(device)
        self.preparation = Preparation() if preparation is None else preparation
        self._network, self._columns_of = network, columns_of
        self.provides = frozenset(self._tried())
        words = (fingerprint, VERSION, repr(self.preparation), *sorted(self.provides))
        self.fingerprint = hashlib.sha256("\x1f".join(words).encode()).hexdigest()

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images (N, 3, H, W) in [-1, 1], of any size that the network takes. InputError where it takes them
        not or gives no row an image, DataError for another kind of tensor."""
        inputs = self.preparation(images.to(self.device))
        with borrowed(self._network), calling(self.name, of=self._network, images=inputs):
            given = self._network(inputs)
        columns = self._columns_of(given)
        return {name: self._checked(name, column, len(images)) for name, column in columns.items()}

    def _checked(self, name: str, column: Any, n: int) -> Tensor:
        if not isinstance(column, Tensor) or not (column.is_floating_point() and len(column.shape) > 0):
            raise InputError(f"{self.name} gave {_kind(column)} for {name}; a tensor of floats was expected")
        wanted = 1 if name.startswith(PREFIX) else 2
        if column.ndim != wanted or len(column) != n or 0 in column.shape[1:]:
            shape = f"({n},)" if wanted == 1 else f"({n}, d)"
            raise InputError(f"{self.name} gave {name} of shape {tuple(column.shape)}; {shape} was expected")
        return column.float()

    def _tried(self) -> Columns:
        """The columns of a few images."""
        images = self._trial()
        whole, alone = self.observe(images), self.observe(images[:1])
        for name, column in whole.items():
            if not bool(torch.isfinite(column).all()):
                raise DataError(f"{self.name} gave {name} that is not finite for a trial of images; mend the network")
            slack = REPEATABLE * max(float(column.abs().amax()), 1e-6)
            if not torch.allclose(column[:1], alone[name], rtol=0, atol=slack):
                raise InputError(
                    f"{self.name} gave one image different {name} in two batches; put it into evaluation mode, so that "
                    "a row depends on its image alone"
                )
        return whole

    def _trial(self) -> Tensor:
        sides = PROBE_SIDES if self.preparation.size is None else (self.preparation.size,)
        refusals: list[InputError] = []
        for side in sides:
            noise = stream(0, "features.trial").uniform(-1, 1, (PROBE, 3, side, side))
            images = torch.from_numpy(noise).float()
            try:
                self.observe(images)
                return images
            except InputError as problem:
                refusals.append(problem)
        raise refusals[0]


def feature_columns(names: Sequence[str] = ()) -> ColumnsOf:
    """A tensor (N, d) is the column "custom.features"; of a mapping each entry is "custom.<key>", of a tuple each is
    "custom.<name>" by `names`. One must be called features."""

    def columns_of(given: Any) -> Columns:
        parts = _named(given, names) if not isinstance(given, Tensor) else {"features": given}
        if "features" not in parts:
            raise InputError(
                f"outputs called {', '.join(parts) or 'nothing'} were given; one called features is needed"
            )
        return {CUSTOM + name: part for name, part in parts.items()}

    return columns_of


def score_columns(names: Sequence[str] = ()) -> ColumnsOf:
    """A mapping from attribute to scores (N,) or (N, 1), or a tensor (N, K) or a tuple of K tensors in the order of
    `names`, to columns "score.<attribute>" (N,). Where there is one name, (N, 2) are the logits of no and yes, whose
    difference is the score."""

    def columns_of(given: Any) -> Columns:
        if isinstance(given, Tensor) and given.ndim == 2 and given.shape[1] > 1:
            two = len(names) == 1 and given.shape[1] == 2
            given = given[:, 1] - given[:, 0] if two else given.unbind(1)
        parts = _named((given,) if isinstance(given, Tensor) else given, names)
        return {PREFIX + name: _flat(part) for name, part in parts.items()}

    return columns_of


def last_line(problem: BaseException) -> str:
    """The last line of a message that is not empty: TorchScript puts the reason there."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1] if lines else type(problem).__name__


def _named(given: Any, names: Sequence[str]) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        checked_names(tuple(given))
        return given
    if not isinstance(given, tuple | list):
        raise InputError(f"a tensor, a tuple of tensors or a mapping of names to them was expected, got {_kind(given)}")
    if len(given) != len(names):
        had = f"{len(names)} names ({', '.join(names)})" if names else "no names"
        raise InputError(f"{len(given)} outputs and {had} were given; name each output (columns), or give a mapping")
    return dict(zip(names, given, strict=True))


def _flat(part: Any) -> Any:
    return part[:, 0] if isinstance(part, Tensor) and part.ndim == 2 and part.shape[1] == 1 else part


def _kind(thing: Any) -> str:
    return f"a {thing.dtype} tensor" if isinstance(thing, Tensor) else f"a {type(thing).__name__}"
