"""An evaluation: what is about to be done, and one under way."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from ganprobe.core.calls.settings import Settings
from ganprobe.core.errors import UntoldError
from ganprobe.core.protocols import FeatureExtractor, Sampler
from ganprobe.engine.opening.features import FeatureSet
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.passes.matched import Classes
from ganprobe.engine.passes.plan import Plan
from ganprobe.engine.passes.statistics import Reference
from ganprobe.engine.ranks.shares import Ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is about to be done: all that can be refused before an image is drawn has been looked at. `settings` say
    which features. scorer: of attributes, where a metric reads them. test: likewise images of the reference's kind to
    test on."""

    sampler: Sampler
    plan: Plan
    reference: str | None
    settings: Settings
    device: torch.device
    scorer: FeatureExtractor | None = None
    test: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """An evaluation under way: all that it reads and writes is open. untold: the metrics that came to no number."""

    evaluation: Evaluation
    features: FeatureSet
    reference: Reference | None
    journal: Journal
    ranks: Ranks
    test: Reference | None = None
    classes: Classes = field(default_factory=Classes)
    untold: dict[str, UntoldError] = field(default_factory=dict)
