"""Runs on a device whose memory does not hold what they are told to take in at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import small_networks
import torch

import ganprobe
from ganprobe.cli.main import run as command
from ganprobe.core.errors import DeviceMemoryError
from ganprobe.engine.passes import journal as journals
from ganprobe.engine.run import Run
from ganprobe.features.embedded.extractor import EmbeddedDistance, EmbeddedExtractor
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.metrics.states.features_summary import SummaryKeeper
from ganprobe.samplers.generator import GeneratorSampler

METRICS = ["fd", "kd", "cs", "ppl_w_end"]
RAN_OUT = "CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_networks.write_images(tmp_path_factory.mktemp("data") / "reference.npy")


@contextmanager
def room_for(most: int, kind: type, method: str, rows: Callable[[Any], int] = len) -> Iterator[list[int]]:
    """Within, the method runs out of memory where its last argument but keywords has more rows; yields how many it had
    each time."""
    given: list[int] = []
    inner = getattr(kind, method)

    def limited(self: Any, *words: Any, **more: Any) -> Any:
        given.append(rows(words[-1]))
        if given[-1] > most:
            raise torch.OutOfMemoryError(RAN_OUT)
        return inner(self, *words, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, method, limited)
        yield given


def measured(reference: Path, **words: Any) -> Run:
    sampler = small_networks.stylegan_sampler()
    return ganprobe.evaluate(sampler, reference=str(reference), **{"metrics": METRICS, "samples": 200, **words})


def test_networks_are_given_less_and_the_numbers_are_the_same(
    reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = measured(reference)
    with (
        room_for(20, StyleGANGenerator, "synthesize") as drawn,
        room_for(9, EmbeddedExtractor, "observe") as seen,
        room_for(5, EmbeddedDistance, "__call__") as compared,
    ):
        halved = measured(reference)
    for name in METRICS:
        # What convolutions round otherwise is far below the interval.
        assert halved[name].value == pytest.approx(whole[name].value, rel=2e-4)
        assert halved[name].ci95 == pytest.approx(whole[name].ci95, rel=2e-4)
        assert halved[name].n == whole[name].n
    assert drawn[:3] == [64, 32, 16]
    assert [max(each[-8:]) for each in (drawn, seen, compared)] == [16, 8, 4]
    assert "memory ran out: images of small-stylegan are looked at 8 at a time" in capsys.readouterr().err


def test_fewer_samples_at_a_time_change_no_bit(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The state has no room for a batch of 150, and no block is parted for it."""
    whole = measured(reference, batch_size=64)
    with room_for(64, SummaryKeeper, "update", lambda columns: len(columns["index"])) as given:
        halved = measured(reference, batch_size=150)
    for name in METRICS:
        assert (halved[name].value, halved[name].ci95) == (whole[name].value, whole[name].ci95)
    assert given[:2] == [150, 128]
    said = [line for line in capsys.readouterr().err.splitlines() if "memory ran out" in line]
    assert said
    assert all("are taken in 64 at a time" in line for line in said)


def test_where_one_image_is_too_much_what_was_saved_stays(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "SAVE_EVERY", -1.0)
    monkeypatch.setattr(journals, "WORTH_SAVING", -1.0)
    with (
        room_for(0, EmbeddedDistance, "__call__"),
        pytest.raises(DeviceMemoryError, match="are compared one at a time"),
    ):
        measured(reference, out=tmp_path)
    assert list((tmp_path / journals.UNFINISHED).glob("images*"))
    resumed, whole = measured(reference, out=tmp_path, resume=True), measured(reference)
    assert [resumed[name].value for name in METRICS[1:]] == [whole[name].value for name in METRICS[1:]]


@pytest.mark.parametrize("problem", [torch.OutOfMemoryError(RAN_OUT), MemoryError()])
def test_a_command_that_cannot_take_less_ends_in_one_line(
    problem: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise problem

    monkeypatch.setattr("typer.core.TyperGroup.main", failing)
    assert command(["list", "metrics"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ganprobe: memory ran out")
    assert said.count("\n") == 1


def test_other_runtime_errors_of_a_command_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr("typer.core.TyperGroup.main", failing)
    with pytest.raises(RuntimeError, match="shapes"):
        command(["list", "metrics"])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_card_that_is_full_but_for_a_little(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of what the run takes where it can have all."""
    words = {"samples": 512, "metrics": ["fd", "kd", "cs"], "device": "cuda"}

    def run() -> Run:
        generator = StyleGANGenerator(StyleGANConfig(resolution=128, z_dim=64, w_dim=64, channel_max=128), seed=0)
        sampler = GeneratorSampler(generator.cuda().requires_grad_(False), name="large", fingerprint="0" * 64)
        return ganprobe.evaluate(sampler, reference=str(reference), **words)  # type: ignore[arg-type]

    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before, whole = torch.cuda.memory_reserved(), run()
    taken = torch.cuda.max_memory_reserved() - before
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + taken / 2) / total)
    try:
        halved = run()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "memory ran out" in capsys.readouterr().err
    for name in ("fd", "kd", "cs"):
        assert halved[name].value == pytest.approx(whole[name].value, rel=1e-3)
