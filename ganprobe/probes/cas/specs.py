"""`cas` by name, with its budgets.

>>> [spec.name for spec in SPECS]
['cas', 'cas@short']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganprobe.core.columns import LABEL, PIXELS
from ganprobe.metrics.spec import MetricSpec
from ganprobe.probes.cas.protocol import BATCH, COLLAPSED, FULL, LEAST_SAMPLES, MOST_IMAGES, SHORT, Budget

if TYPE_CHECKING:
    from ganprobe.probes.cas.metric import Cas


def _score(name: str, budget: Budget) -> MetricSpec:
    def build() -> Cas:
        from ganprobe.probes.cas.metric import Cas

        return Cas(budget=budget, name=name)

    return MetricSpec(
        name=name,
        summary="accuracy on real test images of a classifier trained on generated ones"
        + (f", {budget.epochs} epochs" if budget is SHORT else ""),
        better="higher",
        features=PIXELS,
        protocol={
            "column": PIXELS,
            "labels": LABEL,
            "follows": "Ravuri and Vinyals 2019",
            "most_images": MOST_IMAGES,
            "epochs": budget.epochs,
            "batch": BATCH,
            "classifiers": budget.repeats,
            "schedule": f"SGD, momentum 0.9, rate to {budget.peak:g} and linearly to 0, none selected",
            "augmentation": "shifts of an eighth of the side, mirroring",
            "collapsed": f"surely below {COLLAPSED:g} of the accuracy with real images",
            "interval": "of the test images and of the seeds, Wilson's",
        },
        needs_reference=True,
        minimum_samples=LEAST_SAMPLES,
        build=build,
        usual=False,
        needs_test=True,
    )


SPECS = (_score("cas", FULL), _score("cas@short", SHORT))
