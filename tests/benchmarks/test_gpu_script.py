"""The script for GPUs goes its whole way on a CPU, at sizes where only the way matters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.gpu.__main__ import SECTIONS, main


@pytest.mark.slow
def test_every_section_runs(tmp_path: Path) -> None:
    status = main(
        [
            "--tiny",
            "--device",
            "cpu",
            "--out",
            str(tmp_path),
            "--only",
            "ceiling,blocks,memory,syncs,solver,frechet,neighbours,paths,perceptual",
        ]
    )
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert status == 0, found["failures"]
    assert all(found["findings"].values())
    first, *others = [row["found"] for row in found["findings"]["blocks"]]
    # fd's moments are summed in the order of the batches.
    assert first == "equal" or float(first.removesuffix(" apart")) < 1e-12
    assert others == ["equal"] * 3
    assert "| frechet |" in (tmp_path / "gpu.md").read_text()


def test_a_section_that_fails_ends_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(setup: object) -> list[object]:
        raise ValueError("the card is warm")

    monkeypatch.setitem(SECTIONS, "metrics", broken)  # type: ignore[arg-type]
    assert main(["--tiny", "--device", "cpu", "--out", str(tmp_path), "--only", "metrics,ceiling"]) == 1
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert "the card is warm" in found["failures"]["metrics"]
    assert len(found["findings"]["ceiling"]) == 3


def test_no_section_begins_after_the_limit(tmp_path: Path) -> None:
    assert main(["--tiny", "--device", "cpu", "--out", str(tmp_path), "--only", "ceiling", "--limit", "-1"]) == 1
