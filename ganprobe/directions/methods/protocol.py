"""What InterFaceGAN's protocol fixes."""

from typing import Final

PAPER_EXTREMES: Final = 10_000
"""Samples of the highest scores, and as many of the lowest."""

TRAIN_SHARE: Final = 0.7
FEWEST_EXTREMES: Final = 10
