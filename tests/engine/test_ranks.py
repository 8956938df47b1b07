"""However many processes share a run, its samples, and so its numbers, are those of one."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError
from torch import Tensor

import ganprobe
from ganprobe.cli.main import run as command
from ganprobe.core.calls.settings import EvaluateCall, ReferenceCall
from ganprobe.core.errors import InputError
from ganprobe.core.progress import QUIET_FOR, Track
from ganprobe.engine.evaluate import run_evaluation
from ganprobe.engine.passes import journal as journals
from ganprobe.engine.passes.journal import UNFINISHED
from ganprobe.engine.passes.score_table import score_table
from ganprobe.engine.ranks import process_group
from ganprobe.engine.ranks.peers import Dismissed, PeerFailed, PeerLost
from ganprobe.engine.ranks.process_group import ProcessGroup
from ganprobe.engine.ranks.shares import ALONE, Ranks, ranks_of
from ganprobe.engine.reference import load_reference, make_reference
from ganprobe.engine.run import Run
from ganprobe.metrics.states.archive import packed, unpacked

SAMPLES = 330
"""Six blocks, the last of which is cut short."""


class Letters:
    """A channel for ranks that run one after another in one process, rank 0 last."""

    def __init__(self, rank: int, box: dict[tuple[int, int], bytes]) -> None:
        self.rank, self.box, self.number = rank, box, itertools.count()

    def gather(self, data: bytes) -> list[bytes] | None:
        number = next(self.number)
        self.box[number, self.rank] = data
        return None if self.rank else [self.box[key] for key in sorted(self.box) if key[0] == number]

    def meet(self) -> None: ...
    def check(self) -> None: ...
    def fail(self, status: int) -> bool:
        return True

    def leave(self, *, wait: bool) -> None: ...


def in_turn(world: int, work: Callable[[Ranks], Any]) -> Any:
    """What rank 0 of `world` gives."""
    box: dict[tuple[int, int], bytes] = {}
    for rank in range(1, world):
        with pytest.raises(Dismissed):
            work(Ranks(rank, world, 0, Letters(rank, box)))
    return work(Ranks(0, world, 0, Letters(0, box)))


@given(samples=st.integers(1, 5000), block=st.integers(1, 64), world=st.integers(1, 40))
def test_shards_have_every_sample_once_in_whole_blocks(samples: int, block: int, world: int) -> None:
    shards = [Ranks(rank, world).shard(samples, block) for rank in range(world)]
    assert [index for shard in shards for index in shard] == list(range(samples))
    assert all(shard.start % block == 0 or not shard for shard in shards)
    blocks = [-(-len(shard) // block) for shard in shards]
    assert max(blocks) - min(blocks) <= 1


def test_a_process_alone_has_it_all() -> None:
    assert ALONE.shard(100, 64) == range(100)
    assert ALONE.name == ""
    assert ALONE.device(None) is None


def measured(generator: Any, reference: Path | None, metrics: list[str], samples: int, ranks: Ranks) -> Run:
    against = None if reference is None else str(reference)
    return run_evaluation(
        generator,
        EvaluateCall(samples=samples, batch_size=48, reference=against, metrics=metrics),
        ranks=ranks,
    )


def assert_same(shared: Run, whole: Run) -> None:
    """Kept rows bit for bit; moments are summed in another order, about other shifts."""
    assert shared.record.reference == whole.record.reference
    for one, other in zip(shared.record.results, whole.record.results, strict=True):
        tolerance = 1e-12 if one.metric == "fd" else 0.0
        assert (one.metric, one.n) == (other.metric, other.n)
        assert one.value == pytest.approx(other.value, rel=tolerance, abs=tolerance)
        assert one.ci95 == pytest.approx(other.ci95, rel=tolerance * 1e4, abs=tolerance)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_networks.write_images(tmp_path_factory.mktemp("data") / "photos.npy", 180)


@pytest.mark.parametrize("world", [2, 9])
def test_a_generator(world: int, photos: Path) -> None:
    metrics = ["fd", "kd", "cs", "swd", "ppl_z_full", "ppl_w_end"]
    work = lambda ranks: measured(small_networks.stylegan_sampler(), photos, metrics, SAMPLES, ranks)  # noqa: E731
    shared = in_turn(world, work)
    assert_same(shared, work(ALONE))
    assert shared.record.provenance["processes"] == world


@pytest.mark.parametrize("world", [2, 3])
def test_classes(world: int) -> None:
    metrics = ["cs", "lpips_diversity@embedded"]
    work = lambda ranks: measured(small_networks.biggan_sampler(), None, metrics, SAMPLES, ranks)  # noqa: E731
    assert_same(in_turn(world, work), work(ALONE))


def test_images_spread_over_their_set(photos: Path) -> None:
    work = lambda ranks: measured(photos, photos, ["fd", "kd", "lpips_diversity@embedded"], 140, ranks)  # noqa: E731
    assert_same(in_turn(3, work), work(ALONE))


def test_every_rank_draws_its_own_share_alone() -> None:
    asked: dict[int, list[range]] = {}

    def work(ranks: Ranks) -> Run:
        sampler = small_networks.Watched(small_networks.stylegan_sampler())
        asked[ranks.rank] = sampler.asked
        return measured(sampler, None, ["cs"], SAMPLES, ranks)

    in_turn(3, work)
    blocks = [range(start, start + 64) for start in range(0, SAMPLES, 64)]
    assert asked[1] + asked[2] == blocks[2:]
    assert asked[0][:2] == blocks[:2]


def test_a_reference(photos: Path, tmp_path: Path) -> None:
    def work(ranks: Ranks) -> None:
        make_reference(
            str(photos),
            tmp_path / f"{ranks.world}.safetensors",
            ReferenceCall(batch_size=32),
            ranks=ranks,
        )

    in_turn(2, work)
    work(ALONE)
    shared, whole = (load_reference(tmp_path / f"{world}.safetensors") for world in (2, 1))
    assert shared.subject == whole.subject
    assert shared.states.keys() == whole.states.keys()
    for key, state in whole.states.items():
        for name, array in state.items():
            if name in ("mean", "scatter"):
                np.testing.assert_allclose(shared.states[key][name], array, rtol=1e-10, atol=1e-12)
            else:
                np.testing.assert_array_equal(shared.states[key][name], array)


class Colours:
    """A scorer: the mean of two colours."""

    provides = frozenset({"score.red", "score.blue"})
    fingerprint = "c" * 64

    def observe(self, images: Tensor) -> Mapping[str, Tensor]:
        return {"score.red": images[:, 0].mean((1, 2)), "score.blue": images[:, 2].mean((1, 2))}


def test_a_score_table() -> None:
    def work(ranks: Ranks) -> dict[str, Any]:
        cpu = torch.device("cpu")
        return score_table(
            small_networks.stylegan_sampler(), Colours(), samples=SAMPLES, seed=3, device=cpu, ranks=ranks
        )

    shared, whole = in_turn(4, work), work(ALONE)
    assert shared.keys() == whole.keys() == {"red", "blue"}
    for name, column in whole.items():
        np.testing.assert_array_equal(shared[name], column)


def test_ranks_with_other_weights_are_refused() -> None:
    def work(ranks: Ranks) -> Run:
        return measured(small_networks.stylegan_sampler(seed=ranks.rank), None, ["cs"], SAMPLES, ranks)

    with pytest.raises(InputError, match=r"process 2 of 2 has other work than the first .* the same files"):
        in_turn(2, work)


def test_states_travel_as_arrays() -> None:
    states = {"rows:a.b": {"index": np.arange(3), "rows": np.ones((3, 2), np.float32)}, "other": {"n": np.array([1])}}
    back = unpacked(packed(states))
    assert back.keys() == states.keys()
    for key, state in states.items():
        assert all(np.array_equal(back[key][name], array) for name, array in state.items())
    assert unpacked(packed({})) == {}
    with pytest.raises(SafetensorError, match="object"):
        packed({"x": {"y": np.array([{"an": "object"}], dtype=object)}})


def test_each_rank_takes_up_its_own_work(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SAVE_EVERY", -1.0)
    monkeypatch.setattr(journals, "WORTH_SAVING", -1.0)
    asked: dict[int, list[range]] = {}

    def work(ranks: Ranks, *, fail_at: int | None = None, resume: bool = False) -> Run:
        sampler = small_networks.Watched(small_networks.stylegan_sampler(), fail_at=fail_at, failure=RuntimeError)
        asked[ranks.rank] = sampler.asked
        return run_evaluation(
            sampler,
            EvaluateCall(samples=SAMPLES, batch_size=32, metrics=["cs"], out=tmp_path, resume=resume),
            ranks=ranks,
        )

    box: dict[tuple[int, int], bytes] = {}
    first, second = (Ranks(rank, 2, 0, Letters(rank, box)) for rank in (0, 1))
    for ranks, fail_at in ((first, 150), (second, 270)):
        with pytest.raises(RuntimeError, match=f"failed at sample {fail_at}"):
            work(ranks, fail_at=fail_at)
    kept = {"plan.json", "images-1of2.safetensors", "images-2of2.safetensors"}
    assert {path.name for path in (tmp_path / UNFINISHED).iterdir()} == kept
    for other in (ALONE, Ranks(0, 3, 0, Letters(0, {}))):
        with pytest.raises(InputError, match="unfinished run with other settings; repeat its command, or leave out"):
            work(other, resume=True)
    shared = in_turn(2, lambda ranks: work(ranks, resume=True))
    assert asked[1] == [range(256, 320), range(320, 384)], "samples 192 to 255 were done"
    assert asked[0][0] == range(128, 192), "samples 0 to 127 were done"
    assert_same(shared, measured(small_networks.stylegan_sampler(), None, ["cs"], SAMPLES, ALONE))


@pytest.mark.parametrize(
    "said", [{"RANK": "2"}, {"RANK": "-1"}, {"RANK": "one"}, {"RANK": ""}, {"WORLD_SIZE": "0"}, {"LOCAL_RANK": "x"}]
)
def test_numbers_that_make_no_sense(said: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    environment = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "0", **said}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="numbers of the processes were expected"):
        ranks_of(environment)
    assert command(["list", "metrics"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_numbers_of_the_environment() -> None:
    assert ranks_of({}) == ranks_of({"WORLD_SIZE": "1", "RANK": "0"}) == ALONE
    assert ranks_of({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}) == Ranks(5, 8, 1)


def test_the_device_of_a_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    third = Ranks(3, 4, 1)
    assert third.device(None) is None or torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert {asked: third.device(asked) for asked in (None, "auto", "cuda", "cuda:0", "cpu")} == {
        None: "cuda:1",
        "auto": "cuda:1",
        "cuda": "cuda:1",
        "cuda:0": "cuda:0",
        "cpu": "cpu",
    }


@pytest.mark.parametrize("rank", ["0", "1"])
def test_other_commands_are_refused_once(rank: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    for name, value in {"RANK": rank, "WORLD_SIZE": "2", "LOCAL_RANK": rank}.items():
        monkeypatch.setenv(name, value)
    assert command(["list", "metrics"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ganprobe: only evaluate, directions, reference share their work") == (rank == "0")
    assert said.count("\n") == (rank == "0")


@pytest.mark.parametrize(("rank", "lines"), [("0", 1), ("1", 0)])
def test_progress_is_shown_by_the_first(
    rank: str, lines: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", rank)
    now = 100.0
    monkeypatch.setattr("ganprobe.core.progress.time.monotonic", lambda: now)
    with Track("images", total=9) as track:
        now += QUIET_FOR + 1
        track.advance(3)
    assert capsys.readouterr().err.count("\n") == lines


class Store:
    """A key-value store for threads."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.lock = threading.Lock()

    def set(self, key: str, value: str) -> None:
        self.values[key] = value

    def get(self, key: str) -> bytes:
        return str(self.values[key]).encode()

    def add(self, key: str, amount: int) -> int:
        with self.lock:
            self.values[key] = self.values.get(key, 0) + amount
            return int(self.values[key])

    def check(self, keys: list[str]) -> bool:
        return all(key in self.values for key in keys)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_group, "BEAT", 0.01)
    monkeypatch.setattr(process_group, "SILENCE", 0.3)
    monkeypatch.setattr(process_group, "LINGER", 0.3)


@pytest.mark.usefixtures("quick")
def test_the_first_failure_is_the_one_that_counts() -> None:
    store = Store()
    groups = [ProcessGroup(store, rank, 3) for rank in range(3)]
    assert [groups[rank].fail(status) for rank, status in ((2, 2), (0, 1))] == [True, False]
    with pytest.raises(PeerFailed) as caught:
        groups[1].meet()
    assert caught.value.status == 2
    with pytest.raises(PeerFailed):
        groups[1].check()
    for group in groups:
        group.leave(wait=False)


@pytest.mark.usefixtures("quick")
def test_a_silent_peer_is_not_waited_for() -> None:
    store = Store()
    here, silent = ProcessGroup(store, 0, 2), ProcessGroup(store, 1, 2)
    waiting = threading.Thread(target=lambda: (time.sleep(0.6), silent.meet()))
    waiting.start()
    here.meet()  # busy for longer than SILENCE, but alive
    waiting.join()
    silent.leave(wait=False)
    with pytest.raises(PeerLost, match="process 2 of 2 has given no sign of life"):
        here.meet()
    here.leave(wait=True)


@pytest.mark.usefixtures("quick")
def test_a_lost_store_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    group = ProcessGroup(store, 1, 2)

    def broken(*_: Any) -> Any:
        raise RuntimeError("Connection reset by peer\nat a place\nand another")

    for name in ("set", "get", "add", "check"):
        monkeypatch.setattr(store, name, broken)
    with pytest.raises(PeerLost, match=r"process 2 of 2 lost contact with the others \(Connection reset by peer\)$"):
        group.meet()
    assert group.fail(1), "nobody else can say it"
    group.leave(wait=True)


PROGRAM = """
import importlib, os, sys
import torch
sys.path.insert(0, {tests!r})
import small_networks
from ganprobe.core.errors import DataError

def images(n, seed):
    images.calls += 1
    if os.environ.get("RANK") == "1" and images.calls > 4:
        raise DataError("block four is broken")
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1

images.calls = 0

if __name__ == "__main__":
    def replace(name, value):
        module, _, attribute = name.rpartition(".")
        setattr(importlib.import_module(module), attribute, value)
    small_networks.replace_features(replace)
    torch.set_num_threads(1)
    from ganprobe.cli.main import main
    main(sys.argv[1:])
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM.format(tests=str(Path(small_networks.__file__).parent)))
    small_networks.write_shipped(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.slow
def test_two_processes_of_torchrun(program: Path, photos: Path) -> None:
    words = ["evaluate", "dots.safetensors", "--reference", str(photos), "--metrics", "fd,kd,cs,ppl_w_end"]
    words += ["--samples", "300", "--device", "cpu", "--out"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "program.py"]
    done = subprocess.run([*launcher, *words, "two"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("report.html") == 1
    whole = ganprobe.evaluate(
        program / "dots.safetensors",
        reference=photos,
        metrics=["fd", "kd", "cs", "ppl_w_end"],
        samples=300,
        device="cpu",
    )
    shared = json.loads((program / "two" / "results.json").read_text())
    assert shared["provenance"]["processes"] == 2
    for row, result in zip(shared["results"], whole.record.results, strict=True):
        tolerance = 1e-12 if result.metric == "fd" else 0.0
        assert (row["metric"], row["n"]) == (result.metric, result.n)
        assert row["value"] == pytest.approx(result.value, rel=tolerance, abs=tolerance)
        assert row["ci95"] == pytest.approx(result.ci95, rel=tolerance * 1e4, abs=tolerance)
    assert not (program / "two" / UNFINISHED).exists()


@pytest.mark.slow
def test_a_failing_process_ends_all_with_one_line(program: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["evaluate", "program:images", "--metrics", "cs", "--samples", "640", "--out", "run", "--device", "cpu"]
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    processes = [
        subprocess.Popen(
            [sys.executable, "program.py", *words],
            env={**os.environ, **address, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=90) for process in processes]
    assert [process.returncode for process in processes] == [2, 2]
    assert "".join(err for _, err in said) == "ganprobe: block four is broken\n"
    assert "".join(out for out, _ in said) == ""
    assert not (program / "run").exists()
