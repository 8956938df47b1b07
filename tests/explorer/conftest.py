"""Makes the helpers beside it importable, and gives explorers."""

from explorers import opened

__all__ = ["opened"]
