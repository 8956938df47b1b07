"""The tutorial: kept without outputs, and it runs from its first cell to its last."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.ipynb"
SMALL = {"SAMPLES": 100, "SCORED": 300, "STEPS": 4, "TRAINED": 64}
EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(TUTORIAL.read_text())["cells"]
    return found


def code() -> list[dict[str, Any]]:
    return [cell for cell in cells() if cell["cell_type"] == "code"]


def smaller() -> dict[str, Any]:
    """The notebook with the sizes of SMALL."""
    notebook: dict[str, Any] = json.loads(TUTORIAL.read_text())
    (sizes,) = (each for each in notebook["cells"] if "parameters" in each["metadata"].get("tags", ()))
    names = re.findall(r"^(\w+) = [\d_]+", "".join(sizes["source"]), flags=re.MULTILINE)
    assert set(names) == set(SMALL)
    sizes["source"] = [f"{name} = {value}\n" for name, value in SMALL.items()]
    return notebook


def test_it_is_kept_without_outputs() -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code())
    assert len({cell["id"] for cell in cells()}) == len(cells())


def test_its_links_lead_somewhere() -> None:
    text = "".join("".join(cell["source"]) for cell in cells() if cell["cell_type"] == "markdown")
    targets = re.findall(r"\]\(([^)#\s]+)\)", text)
    assert len(targets) > 5
    for target in targets:
        assert (TUTORIAL.parent / target).exists(), target


@pytest.mark.slow
def test_it_runs(tmp_path: Path) -> None:
    for package in ("nbclient", "ipykernel"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    copy = tmp_path / "tutorial.ipynb"
    copy.write_text(json.dumps(smaller()))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(copy)], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "directions" / "directions.safetensors").is_file()
    outputs = [cell["outputs"] for cell in json.loads(copy.read_text())["cells"] if cell["cell_type"] == "code"]
    shown = [output["data"] for each in outputs for output in each if "data" in output]
    assert sum("image/png" in data for data in shown) >= 4
    assert sum("text/html" in data for data in shown) >= 5
