"""What the protocols of path lengths fix."""

from typing import Final

LOW: Final = 1.0
HIGH: Final = 99.0
"""Percentiles between which distances are averaged."""

LEAST: Final = 2
