"""What a foreign checkpoint file is packed in, and the generator's tensors in it. Nothing in a file is executed."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path

from ganprobe.checkpoints.layout import Contents
from ganprobe.checkpoints.reader.inert_objects import (
    Readable,
    StandIn,
    fields_of,
    readables,
)
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.checkpoints.reader.machine import Budget
from ganprobe.checkpoints.reader.pickled_modules import ARGUMENTS, is_module, module_arguments, module_records
from ganprobe.checkpoints.reader.safetensors_files import raw_header, records
from ganprobe.checkpoints.reader.tensorflow_networks import averaged, variables
from ganprobe.checkpoints.reader.torch_files import LEGACY_START, PickleReader
from ganprobe.core.errors import CheckpointError

AVERAGED = ("g_ema", "G_ema", "g_running", "generator_smooth", "generator", "state_dict")
"""Keys under which a dict holds the averaged generator, a generator or, the last key, its only network."""
NESTED = "models"
"""The key under which genforce's training keeps its dict of networks."""
_OTHER_PACKINGS = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z file",
}


def open_contents(path: Path) -> Contents:
    """The contents of a file of tensors. CheckpointError for a file that is missing, damaged, no checkpoint, or holds
    something that checkpoints have no need of."""
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except ValueError as problem:  # an empty file cannot be mapped
        raise CheckpointError(f"{path} is empty; copy or write it again") from problem
    except OSError as problem:
        raise CheckpointError(f"{path} cannot be read ({problem.strerror}); a checkpoint file is needed") from problem
    container, root = _unpacked(path, data)
    return contents_of(path, container, root)


def _unpacked(path: Path, data: memoryview) -> tuple[str, object]:
    reader = PickleReader(data, subject=str(path), budget=Budget.of_file(len(data)))
    start = bytes(data[:64])
    if start.startswith(b"PK\x03\x04"):
        return "PyTorch zip archive", reader.archive()
    if LEGACY_START.match(start):
        return "PyTorch file of before 1.6", reader.legacy()
    if start[:1] == b"\x80":
        return "pickle", reader.raw()
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < len(data):
        return "safetensors", records(path, raw_header(path))
    for packing, name in _OTHER_PACKINGS.items():
        if start.startswith(packing):
            raise CheckpointError(f"{path} is {name}; unpack it first")
    if bytes(data[257:262]) == b"ustar":
        raise CheckpointError(f"{path} is a tar archive, as PyTorch wrote before 0.1.10 or others; save it anew")
    raise CheckpointError(f"{path} is no checkpoint: it starts with {start[:8]!r}, as no known container does")


def contents_of(path: Path, container: str, root: object) -> Contents:
    """The contents of a file whose outermost object is `root`: a state dict, a dict that holds one under a known key,
    or a network that was pickled whole. CheckpointError for anything else."""
    nested = fields_of(root).get(NESTED)
    root = nested if isinstance(nested, Mapping) else root
    entries = fields_of(root)
    if is_module(root):
        return _of_module(path, container, "", root, {})
    if (network := averaged(root)) is not None:
        return _of_tensorflow(path, container, network)
    for key in AVERAGED:
        inner = entries.get(key)
        beside = {str(name): value for name, value in entries.items() if name != key}
        if is_module(inner):
            return _of_module(path, container, key, inner, beside)
        if isinstance(inner, Mapping):
            return _of_state(path, container, key, inner, beside)
    if not isinstance(root, Mapping):
        kind = root.name if isinstance(root, StandIn) else type(root).__name__
        raise CheckpointError(f"{path} ({container}) holds a {kind}; a state dict, or a dict of them, was expected")
    return _of_state(path, container, "", root, {})


def _of_module(path: Path, container: str, place: str, module: object, beside: Mapping[str, object]) -> Contents:
    try:
        records = module_records(module)
    except CheckpointError as problem:
        raise CheckpointError(f"{path}: {problem}") from problem
    return _contents(path, container, place, records, {**beside, ARGUMENTS: module_arguments(module)})


def _of_tensorflow(path: Path, container: str, network: object) -> Contents:
    try:
        records, beside = variables(network)
    except CheckpointError as problem:
        raise CheckpointError(f"{path}: {problem}") from problem
    return _contents(path, container, "Gs", records, beside)


def _of_state(
    path: Path, container: str, place: str, state: Mapping[object, object], beside: Mapping[str, object]
) -> Contents:
    records = readables(state)
    if records and all(name.startswith("module.") for name in records):  # as DataParallel names what it wraps
        records = {name.removeprefix("module."): value for name, value in records.items()}
    others = {str(name): value for name, value in state.items() if not isinstance(value, Readable)}
    return _contents(path, container, place, records, beside if place else others)


def _contents(
    path: Path, container: str, place: str, records: Mapping[str, Readable], beside: Mapping[str, object]
) -> Contents:
    return Contents(
        path=path,
        container=container,
        tensors=LazyTensors(path, records),
        place=place,
        beside=beside,
        loose=LazyTensors(path, readables(beside)),
    )
