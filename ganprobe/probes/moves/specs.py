"""`lt_probe` by name, and the features that it looks through.

>>> [spec.name for spec in SPECS]
['lt_probe', 'lt_probe@inception']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganprobe.metrics.columns import CUSTOM, EMBEDDED, IMAGENET, POOL3, Seen
from ganprobe.metrics.spec import MetricSpec
from ganprobe.probes.moves.protocol import (
    ADVISED_SAMPLES,
    BATCH,
    COLUMN,
    FOLDS,
    HIDDEN,
    LEAST_SAMPLES,
    SIGMAS,
    STEPS,
    TRAINED_AT,
)

if TYPE_CHECKING:
    from ganprobe.probes.moves.metric import LtProbe


def _probe(name: str, seen: Seen) -> MetricSpec:
    def build() -> LtProbe:
        from ganprobe.probes.moves.metric import LtProbe

        return LtProbe(features=seen.column, name=name)

    return MetricSpec(
        name=name,
        summary="share of pairs of images of which it can be told whether both were moved alike in Z; chance is 0.5; "
        f"{seen.features} features",
        better="higher",
        features=seen.features,
        protocol={
            "column": f"{COLUMN}{seen.column}",
            **seen.prepared,
            "follows": "Patel et al. 2021, Figure 5, on a frozen extractor",
            "trained_at": TRAINED_AT,
            "sigmas": list(SIGMAS),
            "network": f"two layers, {HIDDEN} hidden",
            "training": f"{STEPS} steps of {BATCH} pairs, {FOLDS} halves, each tested on the other",
            "interval": "none; in the table Wilson's, of the trained networks",
        },
        needs_reference=False,
        minimum_samples=LEAST_SAMPLES,
        build=build,
        advised_samples=ADVISED_SAMPLES,
        advice="fewer pairs to learn from give a lower accuracy; compare at equal numbers",
        latents=("z",),
        usual=False,
    )


SPECS = (_probe("lt_probe", EMBEDDED), _probe("lt_probe@inception", POOL3))
ON_OTHER_FEATURES = (_probe("lt_probe", IMAGENET), _probe("lt_probe", CUSTOM))
