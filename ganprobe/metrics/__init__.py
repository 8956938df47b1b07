"""Columns to numbers: metrics with their states and intervals, and the pure functions under them.

>>> import numpy as np
>>> round(frechet_distance(np.zeros(3), np.eye(3), np.ones(3), 4 * np.eye(3)), 9)
6.0
>>> sorted(METRICS)[:3]
['authenticity', 'authenticity@embedded', 'coverage']
"""

from ganprobe.metrics.authenticity import authenticity
from ganprobe.metrics.authenticity_metric import Authenticity
from ganprobe.metrics.classifier_score import ClassifierScore, inception_score, inception_score_splits
from ganprobe.metrics.correlation import attribute_correlation
from ganprobe.metrics.dci import dci
from ganprobe.metrics.density_coverage import Prdc, prdc
from ganprobe.metrics.features_summary import FeatureSummary, SummaryKeeper
from ganprobe.metrics.frechet import frechet_bias, frechet_distance
from ganprobe.metrics.frechet_metric import FrechetDistance
from ganprobe.metrics.intra_frechet import IntraFrechet
from ganprobe.metrics.kept_rows import KeptRows
from ganprobe.metrics.kernel import kernel_distance, squared_mmd
from ganprobe.metrics.kernel_metric import KernelDistance
from ganprobe.metrics.mig import mutual_information_gap
from ganprobe.metrics.moments import Moments
from ganprobe.metrics.ms_ssim import ms_ssim
from ganprobe.metrics.pair_mean import PairMean
from ganprobe.metrics.path_length import PathLength, trimmed_mean
from ganprobe.metrics.precision_recall import PrecisionRecall, precision_recall
from ganprobe.metrics.registry import METRICS, MetricSpec, resolve
from ganprobe.metrics.sap import separated_predictability
from ganprobe.metrics.separability import separability_score
from ganprobe.metrics.share_metric import ShareMetric
from ganprobe.metrics.swd import sliced_wasserstein
from ganprobe.metrics.swd_metric import SlicedWasserstein

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
