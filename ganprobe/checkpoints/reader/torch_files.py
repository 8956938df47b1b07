"""The two containers of PyTorch: the zip archive of today, and the pickles in a row of before version 1.6.

Both hold a pickle in which a tensor's storage is a persistent id, ("storage", type, key, location, elements), and the
storages' bytes apart from it. Raw pickles of tensors hide a whole container of the second kind in a byte string.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from ganprobe.checkpoints.reader.allowed_names import Name, Rule, lookup
from ganprobe.checkpoints.reader.inert_objects import Blob, StorageRecord
from ganprobe.checkpoints.reader.machine import Budget, Machine
from ganprobe.checkpoints.reader.pickles import load
from ganprobe.checkpoints.reader.zip_entries import Place, entries
from ganprobe.core.errors import CheckpointError

LEGACY_START: Final = re.compile(
    rb"\x80[\x02-\x05](\x95.{8})?\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\.", re.DOTALL
)
"""A pickle of the number 0x1950a86a20f9469cfc6c."""
_LEGACY_VERSION = 1001
_MAX_NESTING = 2


class PickleReader:
    """Reads the pickles of one file, within one budget. subject: what errors are of; base: the byte of the file that
    `data` starts at; nesting: how many containers this one lies in."""

    def __init__(self, data: memoryview, *, subject: str, budget: Budget, base: int = 0, nesting: int = 0) -> None:
        self.data, self.subject, self.budget, self.base, self.nesting = data, subject, budget, base, nesting

    def raw(self) -> object:
        """The object of a pickle that is the whole file."""
        return load(self._machine(0))

    def archive(self) -> object:
        """The object of a zip archive."""
        try:
            places = entries(self.data)
            prefix = self._prefix(places)
            order = places.get(f"{prefix}byteorder")
            if order is not None and bytes(self.data[order.start : order.start + order.size]) != b"little":
                raise CheckpointError("the archive is not of little-endian byte order")
        except CheckpointError as problem:
            raise CheckpointError(f"{self.subject}: {problem}") from problem
        at = places[f"{prefix}data.pkl"]
        inner = self.data[at.start : at.start + at.size]
        machine = self._machine(0, inner, self.base + at.start)
        machine.persistent = lambda identity: _archived(identity, places, f"{prefix}data/")
        return load(machine)

    def legacy(self) -> object:
        """The object of a container of before version 1.6."""
        magic = self._machine(0)
        load(magic)
        version = self._machine(magic.position)
        system = (
            self._machine(version.position) if load(version) == _LEGACY_VERSION else version.refuse("unknown version")
        )
        said = load(system)
        if type(said) is not dict or said.get("little_endian") is not True:
            system.refuse("the file is not of little-endian byte order")
        storages: dict[str, StorageRecord] = {}
        main = self._machine(system.position)
        main.persistent = lambda identity: _registered(identity, storages)
        root = load(main)
        keys = self._machine(main.position)
        self._find_storages(keys, load(keys), storages)
        return root

    def _machine(self, position: int, data: memoryview | None = None, base: int | None = None) -> Machine:
        return Machine(
            self.data if data is None else data,
            subject=self.subject,
            resolve=self._resolve,
            budget=self.budget,
            base=self.base if base is None else base,
            position=position,
        )

    def _resolve(self, module: str, name: str) -> object:
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            return Rule("torch.storage._load_from_bytes", self._nested)
        return lookup(module, name)

    def _nested(self, arguments: tuple[object, ...]) -> object:
        data = arguments[0]
        if self.nesting >= _MAX_NESTING:
            raise CheckpointError("containers lie in containers in containers")
        if not isinstance(data, Blob):
            raise CheckpointError("a storage's bytes are not stored as bytes, as pickles from protocol 3 on have them")
        if not LEGACY_START.match(data.view[:32]):
            raise CheckpointError("a storage is loaded from bytes that are no PyTorch container")
        inner = PickleReader(
            data.view, subject=self.subject, budget=self.budget, base=data.start, nesting=self.nesting + 1
        )
        return inner.legacy()

    def _prefix(self, places: dict[str, Place]) -> str:
        found = [name for name in places if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(found) != 1 or found[0].count("/") > 1:
            raise CheckpointError("the archive holds no data.pkl at its top, as PyTorch's do")
        prefix = found[0].removesuffix("data.pkl")
        if any(name.startswith(f"{prefix}code/") for name in places):
            raise CheckpointError("the archive holds a TorchScript program; save its state dict instead")
        return prefix

    def _find_storages(self, keys: Machine, names: object, storages: dict[str, StorageRecord]) -> None:
        """Give the storages their places: they follow the list of their names, each after its number of elements."""
        if type(names) is not list or not all(type(name) is str for name in names) or set(names) != set(storages):
            keys.refuse("the list of storages is not that of the tensors'")
        position = keys.position
        for name in names:
            storage = storages[name]
            keys.position = position
            (count,) = struct.unpack("<q", keys.take(8))
            size = count * (1 if storage.dtype is None else storage.dtype.itemsize)
            if size != storage.nbytes or storage.start >= 0:
                keys.refuse(f"storage {name[:40]!r} has {size} bytes, {storage.nbytes} were declared")
            storage.start = self.base + keys.position
            keys.take(size)
            position = keys.position


def _declared(identity: object) -> tuple[str, StorageRecord]:
    """Key and record of a persistent id."""
    if type(identity) is not tuple or len(identity) not in (5, 6) or identity[0] != "storage":
        raise CheckpointError("a persistent id is none of a storage")
    kind, key, count = identity[1], identity[2], identity[4]
    if not isinstance(kind, Name) or (kind.dtype is None and kind.name != "UntypedStorage"):
        raise CheckpointError("a storage is of an unknown type")
    if type(key) is not str or type(count) is not int or not 0 <= count < 2**48:
        raise CheckpointError("a storage's key or size is not as PyTorch writes it")
    if len(identity) == 6 and identity[5] is not None:
        raise CheckpointError("a storage is a view of another one")
    return key, StorageRecord(kind.dtype, count * (1 if kind.dtype is None else kind.dtype.itemsize))


def _archived(identity: object, places: dict[str, Place], prefix: str) -> StorageRecord:
    key, storage = _declared(identity)
    place = places.get(prefix + key)
    if place is None or place.size < storage.nbytes:
        raise CheckpointError(f"the archive lacks the {storage.nbytes} bytes of storage {key[:40]!r}")
    storage.start = place.start
    return storage


def _registered(identity: object, storages: dict[str, StorageRecord]) -> StorageRecord:
    key, storage = _declared(identity)
    known = storages.setdefault(key, storage)
    if (known.dtype, known.nbytes) != (storage.dtype, storage.nbytes):
        raise CheckpointError(f"storage {key[:40]!r} is declared twice, in two ways")
    return known
