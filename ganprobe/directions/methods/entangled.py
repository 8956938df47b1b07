"""Which boundaries lean on one another, and the conditions that would mend it.

>>> normals = np.eye(512)[:3]
>>> normals[1, :2] = 0.6, 0.8
>>> entangled(["age", "glasses", "smile"], normals)["age"].condition
'age:glasses'
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LEAST_COSINE: Final = 0.2
CHANCE_DEVIATIONS: Final = 3.0
"""Random unit vectors of D numbers have cosines of standard deviation 1 / sqrt(D)."""


@dataclass(frozen=True, slots=True)
class Entangled:
    """An attribute whose normal leans on those of others. others: name to cosine, the strongest first."""

    attribute: str
    others: Mapping[str, float]

    @property
    def condition(self) -> str:
        """What makes its direction leave the others alone, as `--condition` and `project_boundary` take it."""
        return f"{self.attribute}:{','.join(self.others)}"

    def to_json(self) -> dict[str, Any]:
        return {"attribute": self.attribute, "others": dict(self.others), "condition": self.condition}


def entangled(names: Sequence[str], normals: NDArray[np.floating]) -> dict[str, Entangled]:
    """The attributes whose unit normals (A, D) have a cosine with another's beyond 0.2 and beyond three standard
    deviations of chance in D dimensions, by name."""
    vectors = np.asarray(normals, dtype=np.float64)
    cosines = vectors @ vectors.T
    least = max(LEAST_COSINE, CHANCE_DEVIATIONS / math.sqrt(vectors.shape[1])) if vectors.shape[1] > 1 else 1.0
    found = {}
    for row, name in enumerate(names):
        strongest = sorted((i for i in range(len(names)) if i != row), key=lambda i: -abs(cosines[row, i]))
        others = {names[i]: float(cosines[row, i]) for i in strongest if abs(cosines[row, i]) > least}
        if others:
            found[name] = Entangled(name, others)
    return found
