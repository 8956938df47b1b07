"""Columns to numbers: metrics with their states and intervals, and the pure functions under them.

>>> import numpy as np
>>> round(frechet_distance(np.zeros(3), np.eye(3), np.ones(3), 4 * np.eye(3)), 9)
6.0
>>> sorted(METRICS)[:3]
['coverage', 'coverage@embedded', 'cs']
"""

from ganprobe.metrics.classifier_score import ClassifierScore, inception_score, inception_score_splits
from ganprobe.metrics.correlation import attribute_correlation
from ganprobe.metrics.density_coverage import Prdc, prdc
from ganprobe.metrics.features_summary import FeatureSummary, SummaryKeeper
from ganprobe.metrics.frechet import frechet_bias, frechet_distance
from ganprobe.metrics.frechet_metric import FrechetDistance
from ganprobe.metrics.kept_rows import KeptRows
from ganprobe.metrics.kernel import kernel_distance, squared_mmd
from ganprobe.metrics.kernel_metric import KernelDistance
from ganprobe.metrics.moments import Moments
from ganprobe.metrics.path_length import PathLength, trimmed_mean
from ganprobe.metrics.precision_recall import PrecisionRecall, precision_recall
from ganprobe.metrics.registry import METRICS, MetricSpec, resolve
from ganprobe.metrics.separability import separability_score
from ganprobe.metrics.share_metric import ShareMetric

__all__ = [
    "METRICS",
    "ClassifierScore",
    "FeatureSummary",
    "FrechetDistance",
    "KeptRows",
    "KernelDistance",
    "MetricSpec",
    "Moments",
    "PathLength",
    "Prdc",
    "PrecisionRecall",
    "ShareMetric",
    "SummaryKeeper",
    "attribute_correlation",
    "frechet_bias",
    "frechet_distance",
    "inception_score",
    "inception_score_splits",
    "kernel_distance",
    "prdc",
    "precision_recall",
    "resolve",
    "separability_score",
    "squared_mmd",
    "trimmed_mean",
]
