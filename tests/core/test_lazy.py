"""Names that packages hand on when they are asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = """
from typing import TYPE_CHECKING

from ganprobe.core.lazy import on_demand

if TYPE_CHECKING:
    from fractions import Fraction
    from lazy_example.heavy import thing as other

__all__ = ["Fraction", "other"]
__getattr__, __dir__ = on_demand(__name__)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "lazy_example"
    folder.mkdir()
    (folder / "__init__.py").write_text(SOURCE)
    (folder / "heavy.py").write_text("thing = object()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "lazy_example"]:
        del sys.modules[name]


def test_a_name_is_imported_when_it_is_asked_for(package: Path) -> None:
    found = importlib.import_module("lazy_example")
    assert "lazy_example.heavy" not in sys.modules
    thing = found.other
    assert thing is sys.modules["lazy_example.heavy"].thing
    assert vars(found)["other"] is thing
    assert found.Fraction(1, 2) == 0.5
    assert {"Fraction", "other", "__name__"} <= set(dir(found))


def test_modules_of_the_package_can_be_imported_by_name(package: Path) -> None:
    namespace: dict[str, object] = {}
    exec("from lazy_example import *; from lazy_example import heavy", namespace)
    assert namespace["heavy"] is sys.modules["lazy_example.heavy"]
    assert {"Fraction", "other"} <= namespace.keys()


def test_a_name_that_is_not_there(package: Path) -> None:
    with pytest.raises(AttributeError, match="module 'lazy_example' has no attribute 'thing'"):
        importlib.import_module("lazy_example").thing  # noqa: B018


@pytest.mark.parametrize(
    "name", ["ganprobe.metrics", "ganprobe.checkpoints", "ganprobe.directions", "ganprobe.features"]
)
def test_what_is_promised_is_there(name: str) -> None:
    package = importlib.import_module(name)
    assert all(getattr(package, each) is not None for each in package.__all__)
