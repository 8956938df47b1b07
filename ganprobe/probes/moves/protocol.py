"""What the protocol of `lt_probe` fixes."""

from typing import Final

SIGMAS: Final = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
TRAINED_AT: Final = 0.5
HIDDEN: Final = 512
STEPS: Final = 3000
BATCH: Final = 256
FOLDS: Final = 2
LEAST_SAMPLES: Final = 64
ADVISED_SAMPLES: Final = 20_000
COLUMN: Final = "moves."
"""What the names of the columns of moved samples begin with; the features' own follows."""
