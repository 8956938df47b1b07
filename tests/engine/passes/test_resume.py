"""A run that was killed and taken up gives the numbers of one that was not, and draws nothing twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_networks

import ganprobe
from ganprobe.cli.main import run as command
from ganprobe.core.errors import DataError, InputError, OutputError
from ganprobe.engine.passes import journal as journals
from ganprobe.engine.passes.journal import UNFINISHED, Journal
from ganprobe.engine.pictures import STEPS, STRIPS
from ganprobe.engine.run import Run
from ganprobe.metrics.states.archive import read_packed

SAMPLES = 320
METRICS = ["fd", "kd", "cs", "ppl_z_full", "ppl_w_end"]


@pytest.fixture(autouse=True)
def _always_saving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SAVE_EVERY", -1.0)
    monkeypatch.setattr(journals, "WORTH_SAVING", -1.0)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_networks.write_images(tmp_path_factory.mktemp("data") / "reference.npy")


def watched(fail_at: int | None = None) -> small_networks.Watched:
    return small_networks.Watched(small_networks.stylegan_sampler(), fail_at=fail_at, failure=RuntimeError)


def measured(sampler: Any, reference: Path, out: Path | None, **words: Any) -> Run:
    return ganprobe.evaluate(
        sampler, reference=reference, out=out, **{"metrics": METRICS, "samples": SAMPLES, "batch_size": 32, **words}
    )


def assert_same(run: Run, whole: Run) -> None:
    for one, other in zip(run.record.results, whole.record.results, strict=True):
        # The moments behind fd are summed about another shift after they were saved: the same to rounding.
        tolerance = 1e-12 if one.metric == "fd" else 0.0
        assert one.metric == other.metric
        assert one.value == pytest.approx(other.value, rel=tolerance, abs=0)
        assert one.ci95 == (other.ci95 and pytest.approx(other.ci95, rel=tolerance * 1e3, abs=0))
        assert one.n == other.n == SAMPLES


@pytest.mark.parametrize("fail_at", [0, 200])
def test_a_failure_among_the_images(fail_at: int, reference: Path, tmp_path: Path) -> None:
    whole = measured(watched(), reference, None)
    with pytest.raises(RuntimeError, match=f"failed at sample {fail_at}"):
        measured(watched(fail_at), reference, tmp_path)
    assert (tmp_path / UNFINISHED / "images.safetensors").is_file() == (fail_at > 0)
    again = watched()
    assert_same(measured(again, reference, tmp_path, resume=True), whole)
    first_block = fail_at // 64 * 64
    assert again.asked[:-1] == [range(start, start + 64) for start in range(first_block, SAMPLES, 64)]
    assert not (tmp_path / UNFINISHED).exists()


def test_a_failure_among_the_pairs(reference: Path, tmp_path: Path) -> None:
    whole = measured(watched(), reference, None)
    failing = watched()
    inner_synthesize, calls = failing.synthesize, [0]

    def synthesize(latents: Any, **words: Any) -> Any:
        calls[0] += 1
        if calls[0] == 4:  # the second block of the first path: the first took one call, that of the other path two
            raise RuntimeError("failed among the pairs")
        return inner_synthesize(latents, **words)

    failing.synthesize = synthesize  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="failed among the pairs"):
        measured(failing, reference, tmp_path)
    again = watched()
    assert_same(measured(again, reference, tmp_path, resume=True), whole)
    left = [range(start, start + 64) for start in range(64, SAMPLES, 64)]
    assert again.asked == [*left, range(48)], "the first block was done; the last is of the report's grid"
    assert again.synthesized == 2 * len(left) * 2 * 64 + STRIPS * STEPS
    assert not (tmp_path / UNFINISHED).exists()


def test_a_reference_is_not_measured_twice(reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError):
        measured(watched(0), reference, tmp_path)
    monkeypatch.setattr(
        "ganprobe.samplers.images.ImageSampler.batch", lambda *_, **__: pytest.fail("the reference was read again")
    )
    measured(watched(), reference, tmp_path, resume=True)


def test_work_starts_again_without_resume(reference: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        measured(watched(200), reference, tmp_path)
    again = watched()
    measured(again, reference, tmp_path)
    assert again.asked[0] == range(64)


@pytest.mark.parametrize(
    "words", [{"seed": 1}, {"samples": 300}, {"metrics": ["fd", "kd", "cs"]}, {"noise": "zero"}, {"weights": 1}]
)
def test_another_plan_is_refused(words: dict[str, Any], reference: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        measured(watched(200), reference, tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / UNFINISHED).iterdir()}
    sampler = small_networks.stylegan_sampler(words.pop("weights", 0), noise=words.pop("noise", "random"))
    with pytest.raises(
        InputError, match="holds an unfinished run with other settings; repeat its command, or leave out"
    ):
        measured(sampler, reference, tmp_path, resume=True, **words)
    assert {path.name: path.read_bytes() for path in (tmp_path / UNFINISHED).iterdir()} == before


def test_resuming_with_another_batch_size_is_the_same_work(reference: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        measured(watched(200), reference, tmp_path)
    assert_same(
        measured(watched(), reference, tmp_path, resume=True, batch_size=7), measured(watched(), reference, None)
    )


def test_nothing_to_resume_is_a_start(reference: Path, tmp_path: Path) -> None:
    assert_same(measured(watched(), reference, tmp_path, resume=True), measured(watched(), reference, None))


def test_damaged_states_are_refused(reference: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        measured(watched(200), reference, tmp_path)
    states = tmp_path / UNFINISHED / "images.safetensors"
    whole, plan = states.read_bytes(), (tmp_path / UNFINISHED / "plan.json").read_text()
    for broken in (b"", b"PK\x03\x04", whole[: len(whole) // 2], np.random.default_rng(0).bytes(300)):
        states.write_bytes(broken)
        with pytest.raises(InputError, match=r"images\.safetensors is damaged .*leave out --resume to start again"):
            Journal(tmp_path, json.loads(plan), resume=True).load("images")


def test_a_full_disk_keeps_what_was_saved(reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The states of a long run are whole files: freeing space and --resume go on from them."""
    whole = measured(watched(), reference, None)
    real, saved = os.replace, [0]

    def replace(source: Any, target: Any) -> None:
        saved[0] += UNFINISHED in str(target)
        if saved[0] > 16:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OutputError, match=r"cannot write .*: No space left on device"):
        measured(watched(), reference, tmp_path)
    monkeypatch.setattr(os, "replace", real)
    assert all(not path.name.startswith(".") for path in (tmp_path / UNFINISHED).iterdir()), "no half-written file"
    again = watched()
    assert_same(measured(again, reference, tmp_path, resume=True), whole)
    assert again.asked[0] != range(64)


def test_a_fault_of_the_input_leaves_nothing(reference: Path, tmp_path: Path) -> None:
    frozen = small_networks.Frozen(small_networks.stylegan_sampler(), SAMPLES, spoilt=(200,))
    saved: list[bool] = []
    batch = frozen.batch
    frozen.batch = lambda index, *, seed: (  # type: ignore[method-assign]
        saved.append((tmp_path / "run" / UNFINISHED / "images.safetensors").is_file()) or batch(index, seed=seed)
    )
    with pytest.raises(DataError, match=r"indices 200\)"):
        measured(frozen, reference, tmp_path / "run", metrics=["fd"])
    assert any(saved), "there was something to leave"
    assert not list(tmp_path.iterdir())


def test_short_runs_save_nothing(reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SAVE_EVERY", 30.0)
    monkeypatch.setattr(journals, "WORTH_SAVING", 5.0)
    with pytest.raises(RuntimeError):
        measured(watched(200), reference, tmp_path)
    assert not list(tmp_path.iterdir())


SLOW = """
import sys, time
import torch
sys.path.insert(0, {tests!r})
import small_networks
from ganprobe.engine.passes import journal

def images(n, seed):
    time.sleep(0.15)
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1

if __name__ == "__main__":
    import importlib
    def replace(name, value):
        module, _, attribute = name.rpartition(".")
        setattr(importlib.import_module(module), attribute, value)
    small_networks.replace_features(replace)
    journal.SAVE_EVERY = -1.0
    from ganprobe.cli.main import main
    main(sys.argv[1:])
"""


def test_a_killed_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL in the middle, then --resume on the command line."""
    (tmp_path / "slow_images.py").write_text(SLOW.format(tests=str(Path(small_networks.__file__).parent)))
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "slow_images:images", "--metrics", "cs", "--samples", "640", "--out", "run"]
    process = subprocess.Popen([sys.executable, "slow_images.py", *words], stderr=subprocess.PIPE, text=True)
    states = tmp_path / "run" / UNFINISHED / "images.safetensors"
    deadline = time.monotonic() + 60
    while not states.is_file() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, process.stderr and process.stderr.read()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / "results.json").exists()
    assert 0 < int(read_packed(states)[1]["done"]) < 640
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert command([*words, "--resume"]) == 0
    assert command([*words[:-1], "whole"]) == 0
    resumed, whole = ((tmp_path / name / "results.json").read_text() for name in ("run", "whole"))
    pick = lambda text: text.split('"results"')[1].split('"seconds"')[0]  # noqa: E731
    assert pick(resumed) == pick(whole)
    assert not (tmp_path / "run" / UNFINISHED).exists()
