"""The names of the columns that every room speaks of. What a single network puts out is named where it is made."""

from typing import Final

INDEX: Final = "index"
LABEL: Final = "label"
PIXELS: Final = "pixels"
SCORES: Final = "scores"
