"""The lasso of DCI from moments beside scikit-learn's LassoCV: `python -m benchmarks.lasso_time ours` and
`python -m benchmarks.lasso_time LassoCV --attributes 2`, each in a process of its own, for peak memory is a process's.

Both choose among the same penalties by the same folds and one standard error. Times are the processor's.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from sklearn.linear_model import Lasso, LassoCV
from threadpoolctl import threadpool_limits

from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.disentanglement.lasso import (
    PENALTIES,
    SMALLEST_PENALTY,
    cross_validated_lasso,
    group_moments,
)

GROUPS, ATTRIBUTES = 10, 40
SHARES = np.geomspace(1.0, SMALLEST_PENALTY, PENALTIES)


def problem(samples: int, latents: int) -> tuple[FloatArray, FloatArray]:
    """Standardised latents (N, D), nearly independent, and attributes (N, 40) of 5% of them, half of them noise."""
    rng = stream(0, "lasso benchmark")
    mix = rng.standard_normal((latents, latents)) / np.sqrt(latents) + np.eye(latents)
    used = rng.standard_normal((latents, ATTRIBUTES)) * (rng.random((latents, ATTRIBUTES)) < 0.05)
    x, y = np.empty((samples, latents)), np.empty((samples, ATTRIBUTES))
    for part in np.array_split(np.arange(samples), max(1, samples // 1000)):
        x[part] = rng.standard_normal((len(part), latents)) @ mix
        y[part] = x[part] @ used
    for column in y.T:
        column += rng.standard_normal(samples) * column.std()
    for column in (*x.T, *y.T):
        column -= column.mean()
        column /= column.std()
    return x, y


def ours(x: FloatArray, y: FloatArray) -> None:
    """Prints the penalties chosen, as shares of the largest, and how far the weights are from `Lasso`'s."""
    start = time.process_time()
    moments = group_moments(x, y, groups=GROUPS)
    summed = time.process_time()
    fit = cross_validated_lasso(moments, features=x.shape[1])
    print(f"moments {summed - start:.1f} s, lasso {time.process_time() - summed:.1f} s, {y.shape[1]} attributes")
    _memory()
    print("penalties", fit.penalties[:4].round(6), "held-out R^2", fit.r_squared[:4].round(6))
    penalty = fit.penalties[0] * np.abs(x.T @ y[:, 0]).max() / len(x)
    exact = Lasso(alpha=penalty, precompute=True, tol=1e-14, max_iter=100_000).fit(x, y[:, 0])
    print(
        f"weights of attribute 0 against Lasso's at this penalty: {np.abs(exact.coef_ - fit.weights[:, 0]).max():.1e}"
    )


def theirs(x: FloatArray, y: FloatArray) -> None:
    """As `ours`, by LassoCV, an attribute after the other."""
    parts = np.array_split(np.arange(len(x)), GROUPS)
    folds = [(np.concatenate([*parts[:k], *parts[k + 1 :]]), parts[k]) for k in range(GROUPS)]
    start = time.process_time()
    found = [_chosen(x, column, folds) for column in y.T]
    print(f"LassoCV {time.process_time() - start:.1f} s, {y.shape[1]} attributes")
    _memory()
    print("penalties", np.round([share for share, _ in found], 6), "held-out R^2", np.round([r2 for _, r2 in found], 6))


def _chosen(x: FloatArray, y: FloatArray, folds: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    penalties = np.abs(x.T @ y).max() / len(x) * SHARES
    model = LassoCV(alphas=penalties, precompute=True, cv=folds, copy_X=False, tol=1e-6).fit(x, y)
    mean, spread = model.mse_path_.mean(1), model.mse_path_.std(1, ddof=1) / np.sqrt(GROUPS)
    best = int(mean.argmin())
    place = int((mean <= mean[best] + spread[best]).argmax())
    return float(SHARES[place]), float(1 - mean[place])


def _memory() -> None:
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    """Run one side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", choices=("ours", "LassoCV"))
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--latents", type=int, default=512)
    parser.add_argument("--attributes", type=int, default=ATTRIBUTES, help="the first ones of 40")
    asked = parser.parse_args()
    with threadpool_limits(1):
        x, y = problem(asked.samples, asked.latents)
        print(f"latents and attributes take {(x.nbytes + y.nbytes) / 2**20:.0f} MiB")
        _memory()
        (ours if asked.side == "ours" else theirs)(x, y[:, : asked.attributes])


if __name__ == "__main__":
    main()
