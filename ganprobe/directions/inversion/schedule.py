"""How fast a projection moves, and how much its latents are shaken, from its first step to its last.

>>> [round(rate(step, 100), 3) for step in (0, 5, 50, 75, 99)]
[0.0, 0.1, 0.1, 0.1, 0.0]
>>> shaking(0, 100), shaking(75, 100)
(0.05, 0.0)

Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN" (arXiv 1912.04958), appendix D.
"""

from __future__ import annotations

import math
from typing import Final

RATE: Final = 0.1
RAMP_UP: Final = 0.05
RAMP_DOWN: Final = 0.25
"""Shares of the steps in which the rate rises along a line and falls along a cosine."""
SHAKING: Final = 0.05
SHAKEN: Final = 0.75
"""The share of the steps after which latents are shaken no more."""


def rate(step: int, steps: int) -> float:
    """Adam's rate at step 0 to steps - 1, for numbers of deviation 1."""
    passed = step / steps
    falling = min(1.0, (1 - passed) / RAMP_DOWN)
    return RATE * (0.5 - 0.5 * math.cos(math.pi * falling)) * min(1.0, passed / RAMP_UP)


def shaking(step: int, steps: int) -> float:
    """The deviation of the noise that is added to every number of a latent, in deviations of the latents."""
    return SHAKING * max(0.0, 1 - step / steps / SHAKEN) ** 2
