"""What ships is what the manifest says: the files, their sizes, what they make and what they score."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import torch

import ganprobe
from ganprobe.core.shipped import manifest, shipped_file, shipped_folder, shipped_names
from ganprobe.generators.base import Generator

MEGABYTE = 10**6
GENERATORS = shipped_names("generators")
FILES = [(kind, name) for kind in ("generators", "networks", "statistics") for name in shipped_names(kind)]


def test_what_was_promised_ships() -> None:
    assert {"toyfaces-stylegan", "toyfaces-stylegan-early", "cifar10-biggan"} <= set(GENERATORS)
    assert {"toyfaces", "cifar10"} <= set(shipped_names("statistics"))
    assert {"embedded-features", "toyfaces-scorer"} <= set(shipped_names("networks"))


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_files_are_those_of_the_manifest_and_small(kind: str, name: str) -> None:
    size = shipped_file(kind, name).stat().st_size  # which checks the sha256
    assert size < {"generators": 15, "networks": 4, "statistics": 4}[kind] * MEGABYTE
    record = manifest()[kind][name]
    assert record["command"].startswith("ganprobe ")
    assert record["data"]


def test_nothing_else_lies_beside_them() -> None:
    named = {str(manifest()[kind][name]["file"]) for kind, name in FILES}
    found = {path.name for path in shipped_folder().iterdir()}
    assert found == named | {"manifest.toml"}


def test_the_tracked_tree_is_small() -> None:
    root = Path(__file__).parents[2]
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert sum((root / name).stat().st_size for name in listed.stdout.splitlines()) < 60 * MEGABYTE


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_make_varied_images(name: str) -> None:
    sampler = ganprobe.load(name)
    assert isinstance(sampler.generator, Generator)
    images = sampler.batch(range(16), seed=0).images
    assert torch.isfinite(images).all()
    assert images.std(dim=0).mean() > 0.1  # between samples: no constant generator
    assert images.std(dim=(2, 3)).mean() > 0.1  # within one: no flat images


@pytest.mark.parametrize("name", GENERATORS)
def test_a_short_run_scores_as_recorded(name: str) -> None:
    record = manifest()["generators"][name]
    check = record["check"]
    run = ganprobe.evaluate(
        name,
        reference=record["reference"],
        metrics=sorted(check["scores"]),
        samples=check["samples"],
        seed=check["seed"],
    )
    for metric, value in check["scores"].items():
        assert run[metric].value == pytest.approx(value, rel=2e-3), metric


def test_more_training_scores_better() -> None:
    scores = {name: manifest()["generators"][name]["expected"]["fd"] for name in GENERATORS}
    assert scores["toyfaces-stylegan"] < scores["toyfaces-stylegan-early"]
