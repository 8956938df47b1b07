"""The words of the readers: what a file holds, what a layout makes of it, and what the caller knows better.

A layout is read in two steps. `Contents` are the generator's tensors and what the file holds beside them, whatever
the container. A `Reading` is the native network that they describe: its configuration, where each field was read, which
fields no tensor tells, and the conversion of the tensors, which is put off until it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganprobe.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors

Shapes = Mapping[str, tuple[int, ...]]
Role = Literal["generator", "discriminator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a caller knows of a checkpoint and no tensor tells; None leaves it to the layout's default.

    bn_epsilon, sn_epsilon: added to the variance in batch normalisation; the floor of the norms in spectral
    normalisation. conv_clamp: the range to which StyleGAN2's activations are clamped. compat: True to reproduce a known
    fault of the original that is otherwise put right. InputError where a value is not positive.
    """

    bn_epsilon: float | None = None
    sn_epsilon: float | None = None
    conv_clamp: float | None = None
    compat: bool = False

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            if not value > 0:
                raise InputError(f"{name} must be positive, got {value}")

    def given(self) -> dict[str, float]:
        """The values that were given, by name."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value is not False}

    def said(self) -> dict[str, str]:
        """What a reading says of them in `assumed`."""
        return {name: f"{value:g} as given" for name, value in self.given().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a foreign file holds.

    container: what it is packed in, in words. tensors: the generator's, by name. place: the key under which they lay
    ("g_ema"; keys in keys, and prefixes, are joined by dots), "" where they are the whole file. beside: everything else
    by key, as the records of `ganprobe.checkpoints.reader.inert_objects`. loose: the tensors that lie there. others:
    the other networks in the file, key to layout.
    """

    path: Path
    container: str
    tensors: LazyTensors
    place: str
    beside: Mapping[str, object]
    loose: LazyTensors
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def shapes(self) -> Shapes:
        """Name to shape of the generator's tensors."""
        return self.tensors.shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The native network in a foreign file.

    architecture: a name of `ganprobe.generators.ARCHITECTURES`. role: which network of it. config: of that network.
    convert: gives its state dict. inferred: configuration field to where it was read. assumed: field to the reason for
    its value, for what the file does not tell. stages: how many resolutions the file holds, where they may be more than
    trained.
    """

    architecture: str
    config: Any
    convert: Callable[[], dict[str, Tensor]]
    inferred: Mapping[str, str]
    assumed: Mapping[str, str]
    stages: int | None = None
    role: Role = "generator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Whose checkpoints they are; for the foreign ones, how names and shapes of the tensors tell the layout, how the
    contents are read, and which overrides it takes. The native layout is told by its file.

    place: the key that the tensors must lie under, where it tells the layout from another one of the same names. role:
    of its networks. marks: names of tensors by which they are known, for saying what a file lacks.
    """

    summary: str
    matches: Callable[[Shapes], bool] = lambda shapes: False
    read: Callable[[Contents, Overrides], Reading] | None = None
    takes: frozenset[str] = frozenset()
    place: str | None = None
    role: Role = "generator"
    marks: Callable[[], tuple[str, ...]] = tuple

    def claims(self, contents: Contents) -> bool:
        """Whether the contents of a file are of this layout."""
        return self.place in (None, contents.place) and self.matches(contents.shapes)
