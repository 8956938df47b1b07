"""Disentanglement, completeness and informativeness of latents against the factors of the images.

>>> rng = np.random.default_rng(0)
>>> latents = rng.standard_normal((1000, 4))
>>> found = dci(latents, latents[:, [2, 0]])
>>> round(found.disentanglement, 6), round(found.completeness, 6), round(found.informativeness, 2)
(1.0, 1.0, 1.0)

Eastwood and Williams 2018, "A framework for the quantitative evaluation of disentangled representations", section 2.
Importances are the absolute weights of a lasso between standardised numbers, or those of gradient boosted trees; how
they become scores is the definition of disentanglement_lib (Locatello et al. 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from scipy.stats import t as student
from sklearn.ensemble import GradientBoostingRegressor

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Z95
from ganprobe.metrics.arrays import FloatArray, Values, named
from ganprobe.metrics.disentanglement.lasso import CrossMoments, cross_validated_lasso, group_moments
from ganprobe.metrics.disentanglement.protocol import DCI_GROUPS
from ganprobe.metrics.given import array64, centred, check_varying

Importances = Literal["lasso", "trees"]
_LITTLE: Final = 1e-11
"""disentanglement_lib adds it to every importance before it takes entropies."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dci:
    """importances (D, A). disentanglement, completeness: in [0, 1], higher is better, weighted by importance.
    informativeness: mean held-out R^2 of predicting the factors, at most 1. per_latent (D,), per_factor (A,): the
    terms of the first two. r_squared (A,): held out. left_out (G, 3): the three numbers with each group of samples left
    out in turn, at the penalties of all; rechosen (R, 3): with all samples, at the penalties that groups drawn anew
    would choose; None where there are no groups."""

    importances: FloatArray
    disentanglement: float
    completeness: float
    informativeness: float
    per_latent: FloatArray
    per_factor: FloatArray
    r_squared: FloatArray
    left_out: FloatArray | None = None
    rechosen: FloatArray | None = None

    @property
    def variances(self) -> FloatArray:
        """(3,): of the three numbers over new samples. Weights at given penalties by the jackknife; the choice of the
        penalties, in which a jackknife would jump from one grid point to the next, by the bootstrap of the groups. Ten
        groups tell a variance to a quarter, so it is as much larger as Student's interval is than the normal one."""
        assert self.left_out is not None, "the lasso has groups"
        assert self.rechosen is not None, "and penalties"
        groups = len(self.left_out)
        fitted, chosen = (groups - 1) * self.left_out.var(0), groups / (groups - 1) * self.rechosen.var(0)
        wider = float(student.ppf(0.975, groups - 1)) / Z95
        return np.asarray(wider**2 * (fitted + chosen), dtype=np.float64)


def dci(
    latents: Values, factors: Values, *, importances: Importances = "lasso", groups: int = DCI_GROUPS, seed: int = 0
) -> Dci:
    """Of latents (N, D), D >= 2, and factors (N, A), A >= 2, over N samples in no particular order.

    The lasso's penalty is chosen by cross-validation over `groups`; trees (scikit-learn's GradientBoostingRegressor
    from `seed`) are fitted on the first nine tenths and held out from the last. A factor that the latents do not
    predict (held-out R^2 not above 0) has no importances. MetricError on shapes that do not fit, values that are not
    finite, constant factors.
    """
    x, y = array64(latents, "latents", 2), array64(factors, "factors", 2)
    check_varying(x, "latents")
    check_factors(y)
    if importances == "trees":
        return _by_trees(centred(x), centred(y), seed)
    if importances != "lasso":
        raise MetricError(f'importances must be "lasso" or "trees", got {importances!r}')
    if len(x) != len(y):
        raise MetricError(f"as many rows of latents as of factors were expected, got shapes {x.shape} and {y.shape}")
    return dci_of_moments(group_moments(centred(x), centred(y), groups=groups), latents=x.shape[1])


def dci_of_moments(moments: Sequence[CrossMoments], *, latents: int, loading: FloatArray | None = None) -> Dci:
    """With lasso importances, of the moments of groups of rows [latents, factors]. loading (D, latents): of D linear
    functions of the latents instead. MetricError as in `dci`."""
    _check_sizes(latents if loading is None else len(loading), len(moments[0].total) - latents)
    fit = cross_validated_lasso(moments, features=latents, loading=loading)
    told = fit.r_squared > 0
    whole = _scored(np.abs(fit.weights) * told, fit.r_squared)
    left_out = [
        _scored(np.abs(weights) * told, r_squared)
        for weights, r_squared in zip(fit.left_out, fit.left_out_r_squared, strict=True)
    ]
    targets = np.arange(len(fit.r_squared))
    rechosen = [
        _scored(np.abs(fit.path[targets, :, places].T) * above, r_squared)
        for places, above, r_squared in zip(fit.rechosen, fit.rechosen_told, fit.rechosen_r_squared, strict=True)
    ]
    return replace(whole, left_out=_numbers(left_out), rechosen=_numbers(rechosen))


def disentanglement_scores(importances: Values) -> FloatArray:
    """(D,): 1 - H_A(P_d.) of each latent, P its importances (D, A) >= 0 as shares, H_A the entropy to base A."""
    return _one_less_entropy(_checked(importances))


def completeness_scores(importances: Values) -> FloatArray:
    """(A,): 1 - H_D(P_.a) of each factor, P its importances (D, A) >= 0 as shares, H_D the entropy to base D."""
    return _one_less_entropy(_checked(importances).T)


def weighted_score(scores: FloatArray, importances: FloatArray) -> float:
    """The mean of scores (K,) weighted by importances (K,); all alike where every importance is zero."""
    total = float(importances.sum())
    weights = importances / total if total > 0 else np.full(len(scores), 1 / len(scores))
    return float(scores @ weights)


def check_factors(factors: FloatArray) -> None:
    """MetricError on factors (N, A) that never change."""
    constant = np.flatnonzero(factors.min(0) == factors.max(0))
    if len(constant):
        raise MetricError(f"factors {named(constant)} never change, so nothing predicts them; leave them out")


def _scored(importances: FloatArray, r_squared: FloatArray) -> Dci:
    per_latent, per_factor = disentanglement_scores(importances), completeness_scores(importances)
    return Dci(
        importances=importances,
        disentanglement=weighted_score(per_latent, importances.sum(1)),
        completeness=weighted_score(per_factor, importances.sum(0)),
        informativeness=float(r_squared.mean()),
        per_latent=per_latent,
        per_factor=per_factor,
        r_squared=r_squared,
    )


def _numbers(found: Sequence[Dci]) -> FloatArray:
    """(R, 3)."""
    return np.array([[each.disentanglement, each.completeness, each.informativeness] for each in found])


def _one_less_entropy(rows: FloatArray) -> FloatArray:
    shares = rows + _LITTLE
    shares = shares / shares.sum(1, keepdims=True)
    entropy = -(shares * np.log(shares)).sum(1) / np.log(rows.shape[1])
    # Without importances all shares are alike, and only rounding is left.
    return np.where(rows.any(1), np.clip(1 - entropy, 0, 1), 0.0)


def _checked(importances: Values) -> FloatArray:
    values: FloatArray = array64(importances, "importances", 2)
    _check_sizes(*values.shape)
    if values.min() < 0:
        raise MetricError("importances must not be negative; take their absolute values")
    return values


def _check_sizes(latents: int, factors: int) -> None:
    if latents < 2 or factors < 2:
        raise MetricError(f"at least two latents and two factors were expected, got {latents} and {factors}")


def _by_trees(x: FloatArray, y: FloatArray, seed: int) -> Dci:
    cut = len(x) * 9 // 10
    if len(x) != len(y) or not 2 <= cut < len(x) - 1:
        raise MetricError(f"as many rows of latents as of factors, 20 or more, were expected; got {len(x)}, {len(y)}")
    _check_sizes(x.shape[1], y.shape[1])
    check_factors(y[cut:])
    models = [GradientBoostingRegressor(random_state=seed).fit(x[:cut], column) for column in y[:cut].T]
    misses = np.stack([model.predict(x[cut:]) for model in models], axis=1) - y[cut:]
    r_squared = 1 - (misses**2).mean(0) / y[cut:].var(0)
    found = np.stack([model.feature_importances_ for model in models], axis=1)
    return _scored(found * (r_squared > 0), r_squared)
