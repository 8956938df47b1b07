"""The command line is tested with small features."""

import pytest


@pytest.fixture(autouse=True)
def _small(small_features: None) -> None:
    """In every test of this folder."""
