"""The safe reader: what it reads it reads rightly, and nothing that it is given runs."""

from __future__ import annotations

import argparse
import collections
import io
import os
import pathlib
import pickle
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_pickles import archive, exhausting, legacy, running, storage_id, tensor, text
from safetensors.torch import save_file

from ganprobe.checkpoints.containers import open_contents
from ganprobe.checkpoints.reader.inert_objects import StandIn
from ganprobe.checkpoints.reader.machine import Budget
from ganprobe.checkpoints.reader.torch_files import PickleReader
from ganprobe.core.errors import CheckpointError


def every_kind() -> dict[str, torch.Tensor]:
    """Tensors of all shapes, types and layouts in memory that a state dict may have."""
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    return {
        "plain": base,
        "shared": base[1],
        "transposed": base.permute(2, 0, 1),
        "stepped": base[:, ::2, 1::2],
        "expanded": torch.tensor([1.0, 2.0]).expand(3, 2),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 4),
        "half": torch.tensor([0.5, -2.0]).half(),
        "bfloat16": torch.tensor([0.5, -2.0]).bfloat16(),
        "double": torch.tensor([1e-300]).double(),
        "whole": torch.tensor([-(2**40), 7]),
        "bytes": torch.tensor([0, 255], dtype=torch.uint8),
        "truth": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.ones(3)),
    }


def written(tmp_path: Path, how: str, content: dict[str, object]) -> Path:
    path = tmp_path / f"{how}.bin"
    if how == "zip":
        torch.save(content, path)
    elif how == "legacy":
        torch.save(content, path, _use_new_zipfile_serialization=False)
    elif how == "safetensors":
        save_file({name: value.detach().clone().contiguous() for name, value in content.items()}, path)
    else:
        path.write_bytes(pickle.dumps(content, protocol=int(how)))
    return path


@pytest.mark.parametrize("how", ["zip", "legacy", "safetensors", "3", "4", "5"])
def test_every_container_gives_the_tensors(tmp_path: Path, how: str) -> None:
    expected = every_kind()
    found = open_contents(written(tmp_path, how, dict(expected))).tensors
    assert list(found) == list(expected) or (how == "safetensors" and set(found) == set(expected))
    for name, value in expected.items():
        assert found[name].dtype == value.dtype, name
        assert torch.equal(found[name], value), name
        assert found.shapes[name] == tuple(value.shape)


@pytest.mark.parametrize("how", ["zip", "legacy", "4"])
def test_what_lies_beside_the_tensors(tmp_path: Path, how: str) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm2d(4))
    content = {
        "g_ema": module.state_dict(),
        "latent_avg": torch.ones(5),
        "args": argparse.Namespace(size=256, path=pathlib.PurePosixPath("a/b")),
        "kept": {"step": 3, "loss": [0.5, 1e300, -7, 2**40, True, None], "name": "é\n", 4: (1, (2, 3))},
        "group": {"a", "b"},
        "order": collections.OrderedDict([("x", 1)]),
        "table": collections.defaultdict(list, {"k": [1]}),
        "shape": torch.Size([2, 3]),
        "number": np.float64(2.5),
    }
    contents = open_contents(written(tmp_path, how, content))
    assert contents.place == "g_ema"
    assert {name: tuple(value.shape) for name, value in module.state_dict().items()} == contents.shapes
    assert torch.equal(contents.loose["latent_avg"], torch.ones(5))
    for name in ("kept", "group", "order", "table"):
        assert contents.beside[name] == content[name]
    assert (contents.beside["shape"], contents.beside["number"]) == ((2, 3), 2.5)
    arguments = contents.beside["args"]
    assert isinstance(arguments, StandIn)
    assert arguments.name == "argparse.Namespace"
    assert isinstance(arguments.state, dict)
    assert arguments.state["size"] == 256


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_are_tensors(tmp_path: Path, protocol: int) -> None:
    rng = np.random.default_rng(0)
    expected = {
        "plain": rng.standard_normal((3, 4)).astype(np.float32),
        "columns": np.asfortranarray(rng.standard_normal((30, 5))),
        "big-endian": np.arange(50, dtype=">i4"),
        "scalar": np.array(2.0, np.float16),
        "truth": np.array([True, False]),
        "empty": np.zeros((0, 3), np.float32),
    }
    found = open_contents(written(tmp_path, str(protocol), dict(expected))).tensors
    for name, value in expected.items():
        assert np.array_equal(found[name].numpy(), value), name
        assert found[name].shape == value.shape


@pytest.mark.parametrize("kind", [*running("true"), "persistent id"])
@pytest.mark.parametrize("packing", ["raw", "zip", "legacy", "nested"])
def test_nothing_runs(tmp_path: Path, kind: str, packing: str) -> None:
    canary = tmp_path / "canary"
    hostile = {**running(f"touch {canary}"), "persistent id": b"\x80\x04" + text(f"touch {canary}") + b"Q."}[kind]
    nested = b"\x80\x04ctorch.storage\n_load_from_bytes\n"
    inner = legacy(hostile)
    packed = {
        "raw": hostile,
        "zip": archive(hostile),
        "legacy": inner,
        "nested": nested + b"B" + len(inner).to_bytes(4, "little") + inner + b"\x85R.",
    }[packing]
    path = tmp_path / "hostile.pt"
    path.write_bytes(packed)
    with pytest.raises(CheckpointError) as caught:
        open_contents(path)
    said = str(caught.value)
    assert not canary.exists()
    assert "\n" not in said
    assert str(path) in said
    if packed[:1] in (b"\x80", b"P"):
        assert "at byte" in said


def test_the_hostile_pickles_are_hostile(tmp_path: Path) -> None:
    """Python's own unpickler runs them (in a process of its own), so that refusing them is worth something."""
    for number, name in enumerate(running("")):
        canary, path = tmp_path / f"canary{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(running(f"touch {canary}")[name])
    code = "import pickle, sys, pathlib, contextlib, time\nfor p in sorted(pathlib.Path(sys.argv[1]).glob('*.pkl')):\n"
    code += "    with contextlib.suppress(BaseException): pickle.loads(p.read_bytes())\ntime.sleep(0.3)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)
    assert len(list(tmp_path.glob("canary*"))) == len(running(""))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x80\x04cos\nsystem\n.", r"the global 'os.system' is not on the list .* at byte 2"),
        (b"\x80\x04N0cposix\nsystem\n.", r"'posix.system' .* at byte 4"),
        (b"\x80\x04K\x01K\x02\x93.", "named by something other than text"),
        (b"\x80\x04ctorch._utils\n_rebuild_tensor_v2.__globals__\n.", "not on the list"),
        (b"\x80\x04K\x01)R.", "a int is called"),
        (b"\x80\x04ctorch\nTensor\n)R.", "a Name is called"),
        (b"\x80\x04ctorch\nFloatStorage\n)\x81.", "a Name is called"),
        (b"\x80\x04cargparse\nNamespace\nNR.", "arguments are not a tuple"),
        (b"\x80\x04cargparse\nNamespace\n}b.", "a Foreign is given a state"),
        (b"\x80\x04K\x01}b.", "a int is given a state"),
        (b"\x80\x04K\x01K\x02a.", "a int is appended to"),
        (b"\x80\x04]K\x01K\x02s.", "items are set on a list"),
        (b"\x80\x04}]Ns.", "a key of type list"),
        (b"\x80\x04\x82\x01.", "instruction b'\\\\x82' is not allowed"),
        (b"\x80\x04\x97.", "not allowed"),
        (b"\x80\x09N.", "protocol 9"),
        (b"\x80\x04h\x07.", "nothing was memoised as 7"),
        (b"\x80\x04.", "nothing on the stack"),
        (b"\x80\x04(.", "nothing on the stack"),
        (b"\x80\x04t.", "no mark"),
        (b"\x80\x04X\xff\x00\x00\x00abc.", "255 bytes are declared and 4 are there"),
        (b"\x80\x04K", "bytes are declared"),
        (b"\x80\x04N", "bytes are declared"),
        (b"\x80\x04F1.5.3\n.", "wrong operands"),
        (b"\x80\x04X\x01\x00\x00\x00\xff.", "wrong operands"),
        (b"\x80\x04cnumpy\ndtype\nX\x01\x00\x00\x00O\x85R.", "holds a numpy.dtype"),
        (b"\x80\x04cnumpy\ndtype\n]\x85R.", "of type a list"),
        (b"\x80\x04ctorch\nSize\nK\x05\x85R.", "other than a list"),
        (b"\x80\x04ccollections\nOrderedDict\n]K\x01a\x85R.", "other than pairs"),
        (b"\x80\x04ccopyreg\n_reconstructor\ncbuiltins\nobject\n2N\x87R.", "unknown class"),
        (b"\x80\x04K\x01Q.", "persistent id has no meaning"),
        (b"\x80\x04K\x05.", "holds a int"),
        (b"", "is empty"),
        (b"not a checkpoint", "no checkpoint: it starts with"),
        (b"\x1f\x8b\x08\x00", "gzip"),
    ],
)
def test_what_is_refused_is_said_in_one_line(tmp_path: Path, payload: bytes, reason: str) -> None:
    path = tmp_path / "file.pkl"
    path.write_bytes(payload)
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_contents(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("kind", exhausting())
def test_nothing_takes_the_machine_down(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bomb.pkl"
    path.write_bytes(exhausting()[kind])
    size = path.stat().st_size
    started = time.process_time()
    with pytest.raises(CheckpointError) as caught:
        open_contents(path)
    assert time.process_time() - started < 2
    del caught
    tracemalloc.start()
    with pytest.raises(CheckpointError):
        open_contents(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * size + 64 * 2**20


def read_archive(data: bytes) -> object:
    return PickleReader(memoryview(data), subject="file", budget=Budget.of_file(len(data))).archive()


@pytest.mark.parametrize(
    ("count", "offset", "shape", "stride", "reason"),
    [
        (4, 0, (5,), (1,), "beyond its storage"),
        (4, 1, (4,), (1,), "beyond its storage"),
        (4, 0, (2, 2), (3, 1), "beyond its storage"),
        (4, 0, (2, 2), (2,), "2 dimensions has 1 strides"),
        (4, -1, (2,), (1,), "no small whole number"),
        (4, 0, (-2,), (1,), "no small whole number"),
        (4, 0, (2,), (-1,), "no small whole number"),
        (4, 2**60, (0,), (1,), "no small whole number"),
        (4, 5, (0,), (1,), "beyond its storage"),
        (5, 0, (1,), (1,), "lacks the 20 bytes"),
        (-1, 0, (1,), (1,), "size is not as PyTorch"),
        (2**55, 0, (1,), (1,), "size is not as PyTorch"),
    ],
)
def test_tensors_lie_within_their_storages(
    count: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], reason: str
) -> None:
    whole = archive(tensor(4, 0, (4,), (1,)), {"0": b"\0" * 16})
    assert isinstance(read_archive(whole), dict)
    with pytest.raises(CheckpointError, match=reason):
        read_archive(archive(tensor(count, offset, shape, stride), {"0": b"\0" * 16}))


def test_expansion_cannot_multiply_memory(tmp_path: Path) -> None:
    path = tmp_path / "expanded.pt"
    path.write_bytes(archive(tensor(4, 0, (2**30,), (0,)), {"0": b"\0" * 16}))
    with pytest.raises(CheckpointError, match="tensors of 4294967296 bytes"):
        open_contents(path)


def with_entry(main: bytes, name: str) -> bytes:
    """An archive with an entry more, "big"."""
    file = io.BytesIO(archive(main, {"0": b"\0" * 16}))
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr(name, b"big")
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_pytorch_does_not_write() -> None:
    main = tensor(4, 0, (4,), (1,))
    whole = archive(main, {"0": b"\0" * 16})
    cases = {
        "compressed": archive(main, {"0": b"\0" * 16}, method=zipfile.ZIP_DEFLATED),
        "twice": with_entry(main, "archive/data/0"),
        "cut short|no directory": whole[:-30],
        "beyond its end|not where|damaged": whole[:40] + whole[60:],
        "no data.pkl": whole.replace(b"data.pkl", b"data.pkm"),
        "TorchScript": with_entry(main, "archive/code/x.py"),
        "little-endian": with_entry(main, "archive/byteorder"),
    }
    for reason, data in cases.items():
        with pytest.raises(CheckpointError, match=reason):
            read_archive(data)


def test_legacy_storages_are_checked() -> None:
    main = tensor(4, 0, (4,), (1,))
    keys = pickle.dumps(["0"], protocol=2)
    sized = (4).to_bytes(8, "little") + b"\0" * 16

    def read(data: bytes) -> object:
        return PickleReader(memoryview(data), subject="file", budget=Budget.of_file(len(data))).legacy()

    assert isinstance(read(legacy(main, keys, sized)), dict)
    for keys_, data, reason in (
        (pickle.dumps([], protocol=2), sized, "list of storages"),
        (pickle.dumps(["0", "0"], protocol=2), sized * 2, "storage '0' has 16"),
        (keys, (5).to_bytes(8, "little") + b"\0" * 20, "has 20 bytes, 16 were declared"),
        (keys, sized[:-1], "are there"),
        (keys, b"", "are there"),
    ):
        with pytest.raises(CheckpointError, match=reason):
            read(legacy(main, keys_, data))
    views = b"\x80\x02" + storage_id(4)[:-2] + b"K\x01tQ."
    with pytest.raises(CheckpointError, match="view of another"):
        read(legacy(views, keys, sized))


def test_big_files_are_not_read_to_be_inspected(tmp_path: Path) -> None:
    path = tmp_path / "big.pt"
    torch.save({f"{i}": torch.zeros(2**22) for i in range(4)}, path)
    tracemalloc.start()
    contents = open_contents(path)
    assert contents.shapes["3"] == (2**22,)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    assert os.path.getsize(path) > 2**26
