"""What the protocols of precision, recall, density, coverage and authenticity fix."""

from typing import Final, Literal

Share = Literal["precision", "recall", "density", "coverage"]
GROUPS: Final = 8
"""Of rows, each of which has a manifold: few, so that a group is like the whole and its manifold too."""

LEAST_GROUPS: Final = 2
LEAST_IN_GROUP: Final = 4
"""Times k + 1 rows: fewer make no manifold."""

SPLITS: Final = 24
"""Of the reference into halves, for density's interval."""

DENSEST: Final = 10.0
"""Above this a density has no interval: a few of the reference's balls hold most of the generated images."""

FEWEST_HITS: Final = 20
"""Of generated images in the reference's balls, all together: of fewer a density has no interval."""

AUTHENTICITY_GROUPS: Final = 8
LEAST_AUTHENTICITY: Final = 2
