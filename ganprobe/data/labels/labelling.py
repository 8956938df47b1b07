"""Labels, the names of the classes, and what is to be said of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

FOLDERS: Final = "folders"
NONE: Final = "none"
MOST_CLASSES: Final = 2**20


@final
@dataclass(frozen=True, slots=True)
class LabelFacts:
    """source: what labels were read from, "" for nothing. notes: what to say of them, a line each. why: why there are
    none."""

    source: str = ""
    notes: tuple[str, ...] = ()
    why: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Labelling:
    """labels: (N,), one an image, or None. names: of labels 0 to C - 1."""

    labels: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    facts: LabelFacts = field(default_factory=LabelFacts)

    def select(self, numbers: NDArray[np.int64]) -> Labelling:
        """Of these images alone; the classes stay."""
        return Labelling(None if self.labels is None else self.labels[numbers], self.names, self.facts)
