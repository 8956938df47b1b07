"""Names, lists, help and wrong calls are answered without what computes: modules are counted, not seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "torchvision", "sklearn", "pandas", "matplotlib")
MOST = 900
"""Modules; torch alone would bring more than a thousand."""
TOLD = f"""
import sys
from ganprobe.cli.main import run
status = run(sys.argv[1:])
print(status, len(sys.modules), *(name for name in {HEAVY!r} if name in sys.modules))
"""
KINDS = ("metrics", "generators", "datasets", "features", "directions", "layouts", "scorers", "recipes", "tasks")
COMMANDS = (
    "evaluate",
    "compare",
    "sweep",
    "reference",
    "directions",
    "edit",
    "explore",
    "rescore",
    "train",
    "train-scorer",
)
WRONG = (
    "evaluate nosuch --out new",
    "evaluate no/such.pt --out new",
    "evaluate toyfaces-stylegan --metrics fdd --out new",
    "evaluate toyfaces-stylegan --reference nosuch --out new",
    "evaluate toyfaces-stylegan --scorer nosuch --out new",
    "evaluate toyfaces-stylegan --features nosuch --out new",
    "evaluate toyfaces-stylegan --samples 0 --out new",
    "evaluate toyfaces-stylegan --noise loud --out new",
    "evaluate toyfaces-stylegan --labels nosuch --out new",
    "evaluate toyfaces-stylegan --class-order nosuch --out new",
    "evaluate toyfaces-stylegan --resize 8:cubic --out new",
    "reference toyfaces --labels nosuch --out new",
    "train stylegan --data toyfaces --labels nosuch --out new",
    "compare nosuch other --out new",
    "sweep nosuch --out new",
    "directions nosuch --method sefa --out new",
    "directions toyfaces-stylegan --method sefaa --out new",
    "edit nosuch --direction x.safetensors --out new.png",
    "explore nosuch --no-browser",
    "rescore nosuch x.safetensors --out new",
    "reference nosuch --out new",
    "inspect nosuch",
    "convert nosuch new.safetensors",
    "train nosuch --data toyfaces --out new",
    "evaluate",
    "nosuch",
)
RIGHT = (
    *(f"list {kind}" for kind in KINDS),
    *(f"{command} --help" for command in (*COMMANDS, "inspect", "convert", "demo", "list", "reproduce", "probe")),
    "--help",
    "--version",
    "cache list",
)
CALLS = [(0, words) for words in RIGHT] + [(2, words) for words in WRONG]


@pytest.mark.parametrize(("status", "words"), CALLS, ids=[words for _, words in CALLS])
def test_the_answer_needs_no_torch(status: int, words: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOLD, *words.split()], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    said, count, *heavy = done.stdout.splitlines()[-1].split()
    assert (int(said), heavy) == (status, [])
    assert int(count) < MOST
    assert not list(tmp_path.iterdir())
    assert len(done.stderr.strip().splitlines()) == (1 if status else 0)
