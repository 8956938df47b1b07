"""The table of growth goes its whole way at a size where only the way matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import growth


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are begun anew on Linux alone")
@pytest.mark.parametrize("name", growth.SUBJECTS)
def test_every_subject_has_a_cell(name: str) -> None:
    seconds, memory = growth.cell(name, 1200)
    assert seconds >= 0
    assert memory >= 0


def test_cells_that_would_take_too_long_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growth, "_in_a_process", lambda name, n: f"{n}")
    growth.main(["precision_recall"])
    assert capsys.readouterr().out.splitlines()[-1] == "| `precision_recall`, quadratic | 1000 | 10000 | - | - |"
