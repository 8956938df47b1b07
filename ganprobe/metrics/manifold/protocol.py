"""What the protocols of precision, recall, density, coverage and authenticity fix."""

from typing import Final, Literal

Share = Literal["precision", "recall", "density", "coverage"]
GROUPS: Final = 8
"""Of rows, each of which has a manifold: few, so that a group is like the whole and its manifold too."""

SPLITS: Final = 24
"""Of the reference into halves, for density's interval."""

AUTHENTICITY_GROUPS: Final = 8
LEAST_AUTHENTICITY: Final = 2
