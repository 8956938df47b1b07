"""The synopses in the docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import ganprobe

MODULES = [
    module.name
    for module in pkgutil.walk_packages(ganprobe.__path__, "ganprobe.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_synopsis_is_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
