"""How much of a column stays, where not all of it is needed."""

from typing import Final

ROWS: Final = 7_000
"""Of features, for intervals and for kernels."""

IMAGES: Final = 16_384
