"""What the protocols of metrics of latents and scores fix."""

from typing import Final, Literal

from ganprobe.directions.methods.protocol import FEWEST_EXTREMES

ReadSpace = Literal["z", "w", "s"]
LEAST_SEPARABILITY: Final = 40
HALVES: Final = 20
"""Random halves of the samples, from which the interval of what is fitted comes."""

FEWEST_A_COLUMN: Final = 10
"""Samples that a plane is fitted to, for each of its numbers: with fewer it has no interval."""

LEAST_BOUNDARIES: Final = 10 * FEWEST_EXTREMES
LEAST_CORRELATION: Final = 4
"""Fisher's interval needs more than three samples."""

LEAST_AXES: Final = 60
PAPER_SAMPLES: Final = 200_000
"""Of linear separability."""

MIG_SAMPLES: Final = 50_000
SAP_SAMPLES: Final = 15_000
"""disentanglement_lib's usual 10,000 to fit and 5,000 to test."""

THRESHOLD: Final = "midrange"
