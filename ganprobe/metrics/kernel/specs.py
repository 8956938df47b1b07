"""The kernel distances by name: KID as published and of all rows, and KD.

>>> [spec.name for spec in SPECS]
['kd', 'kd@subsets', 'kid', 'kid@full', 'cmmd']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ganprobe.core.protocols import Accumulator
from ganprobe.metrics.columns import CLIP, CUSTOM, EMBEDDED, IMAGENET, POOL3, Seen
from ganprobe.metrics.kernel.protocol import CMMD_SCALE, CMMD_SIGMA
from ganprobe.metrics.published_draws import TORCH_FIDELITY_SEED
from ganprobe.metrics.spec import MetricSpec
from ganprobe.metrics.states.capacity import ROWS

if TYPE_CHECKING:
    from ganprobe.metrics.kernel.gaussian import GaussianDistance
    from ganprobe.metrics.kernel.inception import KernelInceptionDistance
    from ganprobe.metrics.kernel.metric import KernelDistance

_LEAST, _SUBSETS, _SIZE, _SEED = 2, 100, 1000, 0
_MEAN = "mean over subsets of unbiased MMD^2"


def _distance(name: str, seen: Seen, summary: str, *, subsets: int = 0, capacity: int | None = ROWS) -> MetricSpec:
    """subsets: 0 for all rows. capacity: how many are kept, None for every one."""

    def build() -> KernelDistance:
        from ganprobe.metrics.kernel.metric import KernelDistance

        return KernelDistance(
            column=seen.column, name=name, subsets=subsets, subset_size=_SIZE, seed=_SEED, capacity=capacity
        )

    rows: Mapping[str, Any] = {} if capacity is None else {"rows": capacity}
    drawn = {"subsets": subsets, "subset_size": _SIZE, "subset_seed": _SEED} if subsets else {}
    estimator = _MEAN if subsets else f"unbiased MMD^2 of all {'kept rows' if rows else 'rows'}"
    return _spec(name, seen, summary, {"estimator": estimator, **rows, **drawn}, build)


def _published(name: str, seen: Seen, summary: str) -> MetricSpec:
    """Over the subsets that torch-fidelity draws."""

    def build() -> KernelInceptionDistance:
        from ganprobe.metrics.kernel.inception import KernelInceptionDistance

        return KernelInceptionDistance(column=seen.column, name=name, subsets=_SUBSETS, subset_size=_SIZE)

    drawn = {
        "subsets": _SUBSETS,
        "subset_size": _SIZE,
        "subset_draws": "torch-fidelity's: numpy RandomState, generated then reference, rows by ascending index",
        "subset_seed": TORCH_FIDELITY_SEED,
    }
    return _spec(name, seen, summary, {"estimator": _MEAN, **drawn}, build, advised=_SIZE)


def _spec(
    name: str,
    seen: Seen,
    summary: str,
    estimator: Mapping[str, Any],
    build: Callable[[], Accumulator[Any]],
    *,
    advised: int = 0,
) -> MetricSpec:
    return MetricSpec(
        name=name,
        summary=summary,
        better="lower",
        features=seen.features,
        protocol={
            "column": seen.column,
            **seen.prepared,
            "kernel": f"(x.y / {seen.width or 'd'} + 1)^3",
            **estimator,
            "interval": "Hajek projections, of the root",
        },
        needs_reference=True,
        minimum_samples=_LEAST,
        build=build,
        advised_samples=advised,
        advice=f"subsets have fewer than the protocol's {advised} rows" if advised else "",
    )


def _gaussian() -> GaussianDistance:
    from ganprobe.metrics.kernel.gaussian import GaussianDistance

    return GaussianDistance(column=CLIP.column)


def _on(seen: Seen) -> tuple[MetricSpec, ...]:
    """What any features have."""
    return (
        _distance("kd", seen, f"kernel distance of {seen.called} from the reference's; KID's kernel, all kept rows"),
        _distance(
            "kd@subsets",
            seen,
            f"kernel distance as KID takes it: the mean over {_SUBSETS} subsets of {_SIZE} rows",
            subsets=_SUBSETS,
        ),
    )


SPECS = (
    *_on(EMBEDDED),
    _published(
        "kid", POOL3, f"kernel Inception distance: {_SUBSETS} subsets of {_SIZE} rows, as torch-fidelity draws them"
    ),
    _distance("kid@full", POOL3, "kernel Inception distance of all rows, without the noise of subsets", capacity=None),
    MetricSpec(
        name="cmmd",
        summary="CLIP maximum mean discrepancy, x 1000: Gaussian kernel, all rows",
        better="lower",
        features=CLIP.features,
        protocol={
            "column": CLIP.column,
            **CLIP.prepared,
            "kernel": f"exp(-|x - y|^2 / (2 x {CMMD_SIGMA:g}^2))",
            "estimator": "biased MMD^2 of all rows",
            "scale": CMMD_SCALE,
            "follows": "Jayasumana et al. 2024",
            "interval": "Hajek projections, of the root",
        },
        needs_reference=True,
        minimum_samples=_LEAST,
        build=_gaussian,
    ),
)
ON_OTHER_FEATURES = (*_on(IMAGENET), *_on(CUSTOM))
