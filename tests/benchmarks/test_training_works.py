"""A network learns within some minutes; the others by `python -m benchmarks.training`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import training
from benchmarks.training import CASES, Case, Found, main
from ganprobe.core.results import Estimate
from ganprobe.generators.table import trainable


def test_every_network_has_a_case_and_every_case_a_recipe() -> None:
    assert {case.settled().architecture for case in CASES.values()} == set(trainable())
    assert all(case.settled().evaluation.every == 0 for case in CASES.values())


def test_a_network_above_its_bound_is_told_by_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {name: Case(recipe="dcgan", data="toyfaces", bound=bound) for name, bound in (("a", 5.0), ("b", 3.0))}
    monkeypatch.setattr(training, "CASES", cases)
    monkeypatch.setattr(training, "_reference", lambda data, out: out / data)
    monkeypatch.setattr(training, "learns", lambda *_, **__: Found(17.0, Estimate(4.0, (3.9, 4.1), 9), 60.0))
    assert main(["a", "--out", str(tmp_path)]) == 0
    assert main(["--out", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "| a | 50,000 | 60 | 17 | 4 | 3.9 to 4.1 | 5 | ok |",
        "| b | 50,000 | 60 | 17 | 4 | 3.9 to 4.1 | 3 | above its bound |",
    ]


@pytest.mark.slow
def test_dcgan_learns_toy_faces(tmp_path: Path) -> None:
    assert main(["toyfaces-dcgan", "--out", str(tmp_path)]) == 0
