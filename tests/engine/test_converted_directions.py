"""Directions belong to weights: those of a file are those of its conversions, whatever the layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import stylegan

import ganprobe
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Sampler
from ganprobe.directions import Direction, Directions
from ganprobe.directions.latents import weights_fingerprint
from ganprobe.samplers.generator import GeneratorSampler


def found_in(sampler: Sampler, *, fingerprint: str | None = None) -> Directions:
    item = Direction(name="first", space="z", vector=np.eye(1, 12)[0])
    known = fingerprint or weights_fingerprint(sampler)
    return Directions(items=(item,), method="sefa", generator="g", fingerprint=known, seed=0)


def test_a_conversion_keeps_the_directions_of_its_source(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.safetensors" for name in ("source", "again", "half", "other")}
    save_network(files["source"], stylegan(0), role="generator")
    save_network(files["other"], stylegan(1), role="generator")
    convert_checkpoint(files["source"], files["again"])
    convert_checkpoint(files["again"], files["half"], dtype="float16")
    source, again, half, other = (ganprobe.load(file) for file in files.values())
    assert weights_fingerprint(source) == weights_fingerprint(again)
    assert weights_fingerprint(half) != weights_fingerprint(source)
    for sampler in (source, again, half):
        found_in(source).check_generator(sampler)
    found_in(again).check_generator(source)
    # Directions of before weights were fingerprinted carry the file's sha256.
    for sampler in (source, again):
        found_in(source, fingerprint=sha256_of(files["source"])).check_generator(sampler)
    for sampler in (other, source):
        with pytest.raises(InputError, match="find its own"):
            found_in(half if sampler is source else source).check_generator(sampler)


def test_the_network_that_was_handed_over_is_the_file_s(tmp_path: Path) -> None:
    save_network(tmp_path / "G.safetensors", stylegan(0), role="generator")
    network = stylegan(0)
    sampler = ganprobe.load(network)
    assert isinstance(sampler, GeneratorSampler)
    assert sampler.fingerprint == ganprobe.load(tmp_path / "G.safetensors").fingerprint
    before = found_in(sampler)
    with torch.no_grad():
        network.w_avg.add_(1)
    with pytest.raises(InputError, match="find its own"):
        before.check_generator(sampler)


def test_a_file_s_aliases_end_when_its_network_learns_on(tmp_path: Path) -> None:
    file = tmp_path / "G.safetensors"
    save_network(file, stylegan(0), role="generator")
    sampler = ganprobe.load(file)
    assert isinstance(sampler, GeneratorSampler)
    with torch.no_grad():
        next(sampler.generator.parameters()).add_(1)
    with pytest.raises(InputError, match="find its own"):
        found_in(sampler, fingerprint=sha256_of(file)).check_generator(sampler)


def test_a_boundary_that_does_not_tell_its_space_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_network(tmp_path / "G.safetensors", stylegan(0), role="generator")
    np.save(tmp_path / "boundary.npy", np.eye(1, 12))
    torch.save(torch.eye(1, 12), tmp_path / "smile.pt")
    np.save(tmp_path / "rows.npy", np.tile(np.eye(1, 12), (6, 1)))
    words = ["edit", str(tmp_path / "G.safetensors"), "--steps", "2", "--rows", "1", "--device", "cpu"]
    for name in ("boundary.npy", "smile.pt"):
        asked = [*words, "--direction", str(tmp_path / name), "--out", str(tmp_path / "out.png")]
        assert run(asked) == 2
        said = capsys.readouterr().err
        assert "--space z or --space w" in said
        assert said.count("\n") == 1
        assert run([*asked, "--space", "w"]) == 0
    rows = [*words, "--direction", str(tmp_path / "rows.npy"), "--out", str(tmp_path / "rows.png")]
    assert run(rows) == 0
    assert (tmp_path / "rows.png").read_bytes() == (tmp_path / "out.png").read_bytes()
