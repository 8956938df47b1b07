"""How an accuracy on samples that a boundary was not fitted to may err: by the samples, by the fit, by the cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.directions.methods.boundary import Boundary
from ganprobe.directions.svm.machine import fit_squared_hinge
from ganprobe.metrics.arrays import FloatArray, to_array

GROUPS: Final = 10
REFIT_SAMPLES: Final = 16_384
"""The samples, the first ones, that boundaries with a group left out are tried on."""

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """own (N,): what each sample adds to the accuracy, to first order. refits (G,): what leaving each group of samples
    out of the fit, and out of a median, changes; chance (G,): the variance that the sides of single samples alone would
    give these changes. cuts (B,): the accuracy at cuts that new extremes would set, empty where it hangs on none."""

    own: FloatArray
    refits: FloatArray
    chance: FloatArray
    cuts: FloatArray

    @property
    def variance(self) -> float:
        """Of the samples, of the fit, and of the place that the extremes give a cut. That of the fit is a jackknife's
        over groups, less what is chance alone in it, which a jackknife would count G times."""
        kept = (len(self.refits) - 1) / len(self.refits)
        fitted = ((self.refits - self.refits.mean()) ** 2).sum() - kept * self.chance.sum()
        cut = float(self.cuts.var()) if len(self.cuts) else 0.0
        return float((self.own**2).sum() + max(kept * fitted, 0.0)) + cut


def mean_of(several: Sequence[Uncertainty]) -> Uncertainty:
    """Of the mean of several accuracies of the same samples, whose planes turn the sides of samples independently."""
    return Uncertainty(
        np.mean([each.own for each in several], axis=0),
        np.mean([each.refits for each in several], axis=0),
        np.mean([each.chance for each in several], axis=0) / len(several),
        np.mean([each.cuts for each in several], axis=0),
    )


def uncertainty(
    right: BoolArray, rows: NDArray[np.int64], samples: int, refitted: BoolArray, cuts: FloatArray | None = None
) -> Uncertainty:
    """right (n,): whether the samples `rows` of 0 to `samples` - 1 are told right; refitted (S, G): whether those of
    the first S samples are, by the boundaries and cuts with a group left out."""
    own = np.zeros(samples)
    own[rows] = (right - right.mean()) / max(len(rows), 1)
    tried = rows[rows < len(refitted)]
    change = refitted[tried].astype(np.float64) - right[: len(tried), None]
    count = max(len(tried), 1)
    mean = change.sum(0) / count
    chance = ((change**2).sum(0) / count - mean**2) / count
    return Uncertainty(own, mean, chance, np.empty(0) if cuts is None else cuts)


def group_of(index: NDArray[np.int64], samples: int) -> NDArray[np.int64]:
    """Which of GROUPS runs of consecutive samples each index lies in."""
    return index * GROUPS // samples


def boundaries_left_out(
    rows: NDArray[np.float32], high: BoolArray, groups: NDArray[np.int64], whole: Boundary
) -> FloatArray:
    """(GROUPS, D + 1): unit normals and intercepts of the boundaries fitted to rows (n, D) without each group."""
    signs = np.where(high, 1, -1).astype(np.int8)
    labels = np.stack([np.where(groups == group, 0, signs) for group in range(GROUPS)])
    told = [number for number, row in enumerate(labels) if (row > 0).any() and (row < 0).any()]
    start = np.append(whole.normal, whole.intercept) * whole.length
    planes = np.repeat(start[None], GROUPS, axis=0)
    begun = torch.from_numpy(planes[told])
    planes[told] = to_array(fit_squared_hinge(torch.from_numpy(rows), torch.from_numpy(labels[told]), start=begun))
    lengths = np.linalg.norm(planes[:, :-1], axis=1, keepdims=True)
    return np.asarray(planes / np.where(lengths > 0, lengths, 1.0), dtype=np.float64)
