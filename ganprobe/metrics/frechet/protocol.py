"""What the protocols of Frechet distances fix."""

from typing import Final

LEAST: Final = 2
LEAST_BY_CLASS: Final = 4
"""Two classes of two."""

COLLAPSED: Final = 0.1
"""A class whose generated images' spread is below this share of the reference's has collapsed."""
