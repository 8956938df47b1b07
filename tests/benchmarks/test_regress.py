"""The comparison of two revisions: what a run costs, and the line that it makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import regress
from benchmarks.regress import Cost

SPIN = """
import time
held = bytearray(80 * 2**20)
stop = time.process_time() + 0.3
while time.process_time() < stop: pass
"""


def test_the_cost_is_the_processors_with_children_and_the_peak(tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPIN!r}], check=True)"
    for words in (SPIN, child):
        cost = regress._cost(tmp_path, ("-c", words), demo=1)
        assert cost is not None
        assert 0.3 <= cost.total < 3
        assert 80 < cost.peak < 130


def test_a_command_that_fails_has_no_cost(tmp_path: Path) -> None:
    assert regress._cost(tmp_path, ("-c", "raise SystemExit(2)"), demo=1) is None


def test_starts_are_taken_off_and_ratios_above_1_are_better() -> None:
    before, now = Cost(9.0, 3.0, 1000.0), Cost(5.0, 0.5, 900.0)
    start = Cost(1.0, 1.0, 500.0), Cost(1.0, 0.5, 500.0)
    line = regress._row("stylegan", *regress._less((before, now), start))
    assert line == "| stylegan | 10.00 s | 4.00 s | 2.50 | 20.0% | 0.0% | 1000 MiB | 900 MiB | 0.90 |"


def test_the_median_is_taken_of_each_number() -> None:
    costs = [Cost(1.0, 5.0, 2.0), Cost(2.0, 4.0, 9.0), Cost(3.0, 3.0, 1.0)]
    assert regress._median(costs) == Cost(2.0, 4.0, 2.0)


def test_unknown_subjects_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        regress.main(["--base", "HEAD", "nothing"])
    assert "choose from start, stylegan" in capsys.readouterr().err
