"""The table of growth goes its whole way at a size where only the way matters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import growth

ROOT = Path(growth.__file__).parent.parent
_CELL = """
import numpy as np
from benchmarks import growth
growth.SUBJECTS = {"held": growth.Subject("", lambda n: lambda: np.ones(n).sum())}
seconds, memory = growth.cell("held", 16 * 2**20)
print(seconds, memory)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", growth.SUBJECTS)
def test_every_subject_gives_something(name: str) -> None:
    assert growth.SUBJECTS[name].prepare(1200)() is not None


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are begun anew on Linux alone")
def test_a_cell_is_what_the_work_takes_beside_its_input() -> None:
    """16 Mi numbers of float64 are 128 MiB."""
    done = subprocess.run([sys.executable, "-c", _CELL], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, memory = map(float, done.stdout.split())
    assert memory == pytest.approx(128, abs=8)
    assert 0 < seconds < 10


def test_moments_are_those_of_all_rows() -> None:
    """Of one set of rows on either side: parts or not, no distance."""
    assert growth.SUBJECTS["moments"].prepare(growth._BLOCK + 1)() == pytest.approx(0, abs=1e-9)


def test_cells_that_would_take_too_long_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growth, "_in_a_process", lambda name, n: f"{n}")
    growth.main(["precision_recall"])
    assert capsys.readouterr().out.splitlines()[-1] == "| `precision_recall`, quadratic | 1000 | 10000 | - | - |"
