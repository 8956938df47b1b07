"""Columns to numbers: metrics with their states and intervals, and the pure functions under them.

>>> import numpy as np
>>> from ganprobe.metrics import METRICS, frechet_distance
>>> round(frechet_distance(np.zeros(3), np.eye(3), np.ones(3), 4 * np.eye(3)), 9)
6.0
>>> sorted(METRICS)[:3]
['authenticity', 'authenticity@embedded', 'coverage']
"""

from typing import TYPE_CHECKING

from ganprobe.core.lazy import on_demand

if TYPE_CHECKING:
    from ganprobe.metrics.disentanglement.correlation import attribute_correlation
    from ganprobe.metrics.disentanglement.dci import dci
    from ganprobe.metrics.disentanglement.mig import mutual_information_gap
    from ganprobe.metrics.disentanglement.sap import separated_predictability
    from ganprobe.metrics.disentanglement.separability import separability_score
    from ganprobe.metrics.frechet.distance import frechet_bias, frechet_distance
    from ganprobe.metrics.frechet.intra import IntraFrechet
    from ganprobe.metrics.frechet.metric import FrechetDistance
    from ganprobe.metrics.kernel.distance import kernel_distance, squared_mmd
    from ganprobe.metrics.kernel.metric import KernelDistance
    from ganprobe.metrics.manifold.authenticity import authenticity
    from ganprobe.metrics.manifold.authenticity_metric import Authenticity
    from ganprobe.metrics.manifold.density_coverage import Prdc, prdc
    from ganprobe.metrics.manifold.metric import ShareMetric
    from ganprobe.metrics.manifold.precision_recall import PrecisionRecall, precision_recall
    from ganprobe.metrics.paths.length import PathLength, trimmed_mean
    from ganprobe.metrics.pictures.ms_ssim import ms_ssim
    from ganprobe.metrics.pictures.pairs import PairMean
    from ganprobe.metrics.pictures.swd import sliced_wasserstein
    from ganprobe.metrics.pictures.swd_metric import SlicedWasserstein
    from ganprobe.metrics.registry import METRICS, MetricSpec, resolve
    from ganprobe.metrics.scores.classifier import ClassifierScore, inception_score, inception_score_splits
    from ganprobe.metrics.states.features_summary import FeatureSummary, SummaryKeeper
    from ganprobe.metrics.states.moments import Moments
    from ganprobe.metrics.states.rows import KeptRows

__all__ = [
    "METRICS",
    "Authenticity",
    "ClassifierScore",
    "FeatureSummary",
    "FrechetDistance",
    "IntraFrechet",
    "KeptRows",
    "KernelDistance",
    "MetricSpec",
    "Moments",
    "PairMean",
    "PathLength",
    "Prdc",
    "PrecisionRecall",
    "ShareMetric",
    "SlicedWasserstein",
    "SummaryKeeper",
    "attribute_correlation",
    "authenticity",
    "dci",
    "frechet_bias",
    "frechet_distance",
    "inception_score",
    "inception_score_splits",
    "kernel_distance",
    "ms_ssim",
    "mutual_information_gap",
    "prdc",
    "precision_recall",
    "resolve",
    "separability_score",
    "separated_predictability",
    "sliced_wasserstein",
    "squared_mmd",
    "trimmed_mean",
]

__getattr__, __dir__ = on_demand(__name__)
