"""What the protocols of metrics of pictures fix."""

from typing import Final

WEIGHTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of MS-SSIM's scales: Wang, Simoncelli and Bovik 2003, section 3.2."""

WINDOW: Final = 11
SIGMA: Final = 1.5
LEAST_PAIRS: Final = 2

COARSEST: Final = 16
PATCH: Final = 7
PATCHES: Final = 128
"""Of each level of the pyramid, in an image."""

DIRECTIONS: Final = 512
SCALE: Final = 1e3
"""Tables and the published code give the sliced Wasserstein distance times 1000."""

SEED: Final = 0
LEAST_IMAGES: Final = 2
