"""The recipes for measuring in the middle of a training run as they stand on their page."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "measuring-in-training.md"


@pytest.mark.parametrize(
    ("recipe", "package"), [("", None), ("lightning", "pytorch_lightning"), ("accelerate", "accelerate")]
)
def test_the_recipe_runs(recipe: str, package: str | None, tmp_path: Path) -> None:
    if package is not None and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    blocks = dict(re.findall(r"^```python ?(\w*)\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE))
    code = blocks[""] + (blocks[recipe] if recipe else "")
    assert "assert" in blocks[recipe]
    script = tmp_path / "recipe.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
