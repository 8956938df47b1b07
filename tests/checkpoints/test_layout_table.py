"""The table of layouts: a row a module, and a section of the page for each."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from ganprobe.checkpoints import LAYOUTS, layouts
from ganprobe.checkpoints.layout import Overrides

FOLDER = Path(layouts.__path__[0])
PAGE = (Path(__file__).parents[2] / "docs" / "checkpoints.md").read_text()
MODULES = {file.stem: f"{layouts.__name__}.{file.parent.name}.{file.stem}" for file in FOLDER.glob("*/*.py")}
FOREIGN = [name for name in LAYOUTS if name != "native"]


def test_every_reader_has_a_row_under_its_own_name() -> None:
    readers = {stem for stem, module in MODULES.items() if "read" in vars(importlib.import_module(module))}
    assert readers == {name.replace("-", "_") for name in FOREIGN}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_row_leads_to_its_module_and_section(name: str) -> None:
    module, layout = importlib.import_module(MODULES[name.replace("-", "_")]), LAYOUTS[name]
    assert layout.matches({}) is False
    assert layout.read is not None
    assert callable(module.read)
    assert layout.takes <= set(Overrides.__slots__)
    assert f"| `{name}` |" in PAGE
    assert re.search(rf"^\*\*.*\b{name}\b.*\*\*", PAGE, flags=re.MULTILINE)
