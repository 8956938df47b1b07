"""Supervised training: one loop for the embedded features, the scorers of attributes, and the probes of training."""

from ganprobe.training.supervised.fit import LoopSettings, fit
from ganprobe.training.supervised.images import predictions, shift_and_flip, shuffled
from ganprobe.training.supervised.run import Run
from ganprobe.training.supervised.start import environment, initialised, signature_of

__all__ = [
    "LoopSettings",
    "Run",
    "environment",
    "fit",
    "initialised",
    "predictions",
    "shift_and_flip",
    "shuffled",
    "signature_of",
]
