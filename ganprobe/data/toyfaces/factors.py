"""What a toy face is drawn from: eight named factors with a declared correlation, and independent nuisances.

>>> drawn = factors(range(0, 4), seed=0)
>>> drawn["smile"].shape, len(drawn)
((4,), 4)

The factors are a Gaussian copula. Row i of a table of standard normals, correlated by the Cholesky factor of
`CORRELATION`, is mapped column by column: g becomes Phi(g) on [0, 1] or 2 Phi(g) - 1 on [-1, 1], and eyeglasses
become 1 where Phi(g) > 1 - EYEGLASSES_RATE. `CORRELATION` is that of the underlying normals; `factor_correlation`
gives the Pearson correlation of the factors themselves, which is what a metric of attribute scores should find.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from ganprobe.core.errors import InputError
from ganprobe.core.streams import normal, uniform

FACTORS: tuple[str, ...] = (
    "yaw",
    "smile",
    "eyeglasses",
    "age",
    "hair_length",
    "skin_tone",
    "background",
    "light",
)
"""yaw, smile and light lie in [-1, 1], the others in [0, 1]; eyeglasses are drawn as 0 or 1."""

NUISANCES: tuple[str, ...] = ("hair_hue", "shirt_hue", "background_hue", "eye_hue", "face_width", "parting")
"""What varies and is no attribute: uniform and independent; the hues in [0, 1], the last two in [-1, 1]."""

SIGNED = frozenset({"yaw", "smile", "light", "face_width", "parting"})
"""The names whose range is [-1, 1]; that of all others is [0, 1]."""

EYEGLASSES_RATE = 0.4
"""The share of faces with eyeglasses."""

_PAIRS = {
    ("eyeglasses", "age"): 0.35,
    ("age", "hair_length"): -0.25,
    ("smile", "age"): -0.15,
    ("yaw", "light"): 0.20,
    ("smile", "background"): 0.20,
    ("eyeglasses", "hair_length"): 0.10,
}


def _declared() -> NDArray[np.float64]:
    matrix = np.eye(len(FACTORS))
    for (a, b), value in _PAIRS.items():
        i, j = FACTORS.index(a), FACTORS.index(b)
        matrix[i, j] = matrix[j, i] = value
    matrix.flags.writeable = False
    return matrix


CORRELATION: NDArray[np.float64] = _declared()
"""(8, 8): correlation of the normals under the factors, in the order of `FACTORS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Factors of N faces: `values` (N, 8) in the order of `FACTORS`, `nuisances` (N, 6) in that of `NUISANCES`."""

    values: NDArray[np.float32]
    nuisances: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.values)
        if self.values.shape != (n, len(FACTORS)) or self.nuisances.shape != (n, len(NUISANCES)):
            raise InputError(
                f"expected values (N, {len(FACTORS)}) and nuisances (N, {len(NUISANCES)}), "
                f"got {self.values.shape} and {self.nuisances.shape}; make them with toyfaces.from_values"
            )
        _check_ranges(FACTORS, self.values)
        _check_ranges(NUISANCES, self.nuisances)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """The column (N,) of one factor or nuisance, by name."""
        if name in FACTORS:
            return self.values[:, FACTORS.index(name)]
        if name in NUISANCES:
            return self.nuisances[:, NUISANCES.index(name)]
        raise InputError(f"expected one of {', '.join(FACTORS + NUISANCES)}, got {name!r}; pick a name of this list")

    def rows(self, which: slice) -> Factors:
        """The factors of some of the faces."""
        return Factors(self.values[which], self.nuisances[which])


def _check_ranges(names: tuple[str, ...], table: NDArray[np.float32]) -> None:
    for name, column in zip(names, table.T, strict=True):
        low = -1.0 if name in SIGNED else 0.0
        if not ((column >= low) & (column <= 1.0)).all():
            raise InputError(f"expected {name} in [{low:g}, 1], got a value outside it; clip or rescale the values")


def from_values(
    n: int,
    *,
    yaw: ArrayLike = 0.0,
    smile: ArrayLike = 0.0,
    eyeglasses: ArrayLike = 0.0,
    age: ArrayLike = 0.5,
    hair_length: ArrayLike = 0.5,
    skin_tone: ArrayLike = 0.5,
    background: ArrayLike = 0.5,
    light: ArrayLike = 0.0,
    hair_hue: ArrayLike = 0.5,
    shirt_hue: ArrayLike = 0.5,
    background_hue: ArrayLike = 0.5,
    eye_hue: ArrayLike = 0.5,
    face_width: ArrayLike = 0.0,
    parting: ArrayLike = 0.0,
) -> Factors:
    """Factors of n faces from given values, each a number or n of them; what is not given is at its median.

    Eyeglasses between 0 and 1 are drawn as translucent. Raises InputError for a value outside its range.
    """
    attributes = (yaw, smile, eyeglasses, age, hair_length, skin_tone, background, light)
    nuisances = (hair_hue, shirt_hue, background_hue, eye_hue, face_width, parting)
    return Factors(_columns(n, attributes), _columns(n, nuisances))


def _columns(n: int, values: tuple[ArrayLike, ...]) -> NDArray[np.float32]:
    arrays = [np.asarray(value, np.float32) for value in values]
    for array in arrays:
        if array.shape not in ((), (n,)):
            raise InputError(
                f"expected a number or {n} numbers for a factor, got shape {array.shape}; pass one per face"
            )
    return np.stack([np.broadcast_to(array, (n,)) for array in arrays], axis=1)


def factors(index: range, *, seed: int) -> Factors:
    """Factors of the faces `index` (step 1) under `seed`: row i depends on (seed, i) alone."""
    independent = normal(seed, "toyfaces.factors", index, (len(FACTORS),)).astype(np.float64)
    probability = ndtr(_correlated(independent))
    values = np.where([name in SIGNED for name in FACTORS], 2 * probability - 1, probability)
    glasses = FACTORS.index("eyeglasses")
    values[:, glasses] = probability[:, glasses] > 1 - EYEGLASSES_RATE
    nuisances = uniform(seed, "toyfaces.nuisances", index, (len(NUISANCES),))
    nuisances = np.where([name in SIGNED for name in NUISANCES], 2 * nuisances - 1, nuisances)
    return Factors(values.astype(np.float32), nuisances.astype(np.float32))


def _correlated(independent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of normals with correlation `CORRELATION`; summed by column, since BLAS may round by batch size."""
    cholesky = np.linalg.cholesky(CORRELATION)
    total = np.zeros_like(independent)
    for column, weights in zip(independent.T, cholesky.T, strict=True):
        total += column[:, None] * weights
    return total


def factor_correlation() -> NDArray[np.float64]:
    """(8, 8): the Pearson correlation of the factors, which `CORRELATION` of the normals under them implies.

    Two uniform factors: (6 / pi) arcsin(r / 2) (Kruskal 1958, "Ordinal measures of association"). A uniform factor
    and eyeglasses, 1 where g > t: (integral over g > t of phi(g) Phi(r g / sqrt(2 - r^2)) - p / 2) over the standard
    deviations, by Gauss-Legendre quadrature.
    """
    pearson = 6 / np.pi * np.arcsin(CORRELATION / 2)
    glasses = FACTORS.index("eyeglasses")
    pearson[glasses] = [_with_threshold(r, EYEGLASSES_RATE) for r in CORRELATION[glasses]]
    pearson[:, glasses] = pearson[glasses]
    np.fill_diagonal(pearson, 1.0)
    return np.asarray(pearson + 0.0, np.float64)


def _with_threshold(r: float, rate: float) -> float:
    """Pearson correlation of [g > t] and Phi(h), g and h normal with correlation r, P(g > t) = rate."""
    t, far = -float(ndtri(rate)), 9.0
    nodes, weights = np.polynomial.legendre.leggauss(64)
    g = t + (nodes + 1) * (far - t) / 2
    density = np.exp(-g * g / 2) / np.sqrt(2 * np.pi)
    joint = float((weights * density * ndtr(r * g / np.sqrt(2 - r * r))).sum()) * (far - t) / 2
    return (joint - rate / 2) / float(np.sqrt(rate * (1 - rate) / 12))
