"""What the protocol of CMMD fixes."""

from typing import Final

CMMD_SIGMA: Final = 10.0
CMMD_SCALE: Final = 1000.0
