"""The networks that a file may hold: every mapping of tensors in it, at any depth, and every part of one that shares a
prefix.

A checkpoint is a tree: keys lead to dicts, and the names in a state dict lead on ("ema_model.module.style.1.weight").
Both are places here, joined by dots. Wrappers that networks are put in to be run (DataParallel, torch.compile) leave a
prefix that says nothing, which is left out of the place.

>>> is_averaged("params_ema"), is_averaged("models.generator_smooth"), is_averaged("generator")
(True, True, False)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from math import prod
from pathlib import Path
from typing import Final

from ganprobe.checkpoints.layout import Contents
from ganprobe.checkpoints.reader.inert_objects import Readable, fields_of, readables
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.checkpoints.reader.pickled_modules import (
    ARGUMENTS,
    NUMBERS,
    is_module,
    module_arguments,
    module_numbers,
    module_records,
)
from ganprobe.checkpoints.reader.tensorflow_networks import snapshot, variables
from ganprobe.core.errors import CheckpointError

SILENT: Final = frozenset(
    {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
)
"""Prefixes of wrappers that change nothing."""
FEWEST: Final = 4
"""No network has fewer tensors."""
_DEPTH, _NODES, _FEW = 8, 5_000, 64
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_AVERAGED: Final = re.compile(
    r"ema\w*|\w*ema|avgs?|average[sd]?|averaging|mean|smooth(ed)?|running|shadow|swa|polyak|moving|gs|copy|target|teacher"
)
_NOT: Final = frozenset({"non", "no", "nonema", "noema", "raw", "without"})
_GENERATORS: Final = frozenset({"g", "gen", "generator", "netg", "decoder", "synthesis"})
_OTHERS: Final = frozenset(
    {"d", "dis", "disc", "discriminator", "netd", "critic", "e", "enc", "encoder", "nete", "optimizer", "optim", "opt"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What may be a network. path: of keys and prefixes. kind: "state", "module" (pickled whole), "variables" (of
    TensorFlow). records: its tensors by name. beside: what lies beside it and above."""

    path: tuple[str, ...]
    records: Mapping[str, Readable]
    beside: Mapping[str, object]
    kind: str = "state"

    @property
    def place(self) -> str:
        """The path without what says nothing, joined by dots; "" for the file as a whole."""
        return ".".join(name for name in self.path if name not in SILENT)

    def contents(self, path: Path, container: str) -> Contents:
        """As layouts read it."""
        return Contents(
            path=path,
            container=container,
            tensors=LazyTensors(path, self.records),
            place=self.place,
            beside=self.beside,
            loose=LazyTensors(path, readables(self.beside)),
        )


def candidates(root: object) -> list[Candidate]:
    """All that there are, the whole before its parts, in the file's order. CheckpointError for a network that is
    damaged."""
    return list(islice(_walk(root, (), {}), _NODES))


def words_of(place: str) -> frozenset[str]:
    """The words in the names of a place, in small letters."""
    return frozenset(word.lower() for word in _WORDS.findall(place))


def is_averaged(place: str) -> bool:
    """Whether a place is called as averages of generators are."""
    words = words_of(place)
    return any(_AVERAGED.fullmatch(word) for word in words) and not words & _NOT


def is_of_another(place: str) -> bool:
    """Whether a place, or one above it, is called as discriminators, encoders and optimisers are; a generator's name
    below those tells otherwise."""
    words = [words_of(name) for name in place.split(".")]
    own = next((number for number in reversed(range(len(words))) if words[number] & (_GENERATORS | _OTHERS)), None)
    return own is not None and bool(words[own] & _OTHERS)


def rank(place: str) -> tuple[bool, bool, bool]:
    """Places in the order in which they are looked at for the generator: averages first, then what is called one."""
    return is_of_another(place), not is_averaged(place), not words_of(place) & _GENERATORS


def _walk(value: object, path: tuple[str, ...], beside: Mapping[str, object]) -> Iterator[Candidate]:
    if len(path) > _DEPTH:
        return
    if is_module(value):
        records = module_records(value)
        told = {ARGUMENTS: module_arguments(value), NUMBERS: module_numbers(value)}
        yield from _parts(records, path, {**beside, **told}, "module")
        return
    if (networks := snapshot(value)) is not None:
        for name, network in networks.items():
            arrays, arguments = variables(network)
            yield Candidate(path=(*path, name), records=arrays, beside=arguments, kind="variables")
        return
    entries = {str(name): inner for name, inner in _entries(value).items()}
    records = readables(entries)
    if len(records) >= FEWEST or (records and len(path) <= 1):
        others = {name: inner for name, inner in entries.items() if name not in records}
        yield from _parts(records, path, {**beside, **others}, "state")
    for name, inner in entries.items():
        if not isinstance(inner, Readable | str | bytes | int | float):
            few = len(entries) <= _FEW  # as an optimiser's states are not, which have nothing beside them to read
            rest = {other: found for other, found in entries.items() if other != name} if few else {}
            yield from _walk(inner, (*path, name), {**beside, **rest})


def _entries(value: object) -> Mapping[object, object]:
    """Of a list, of few things or of tensors, by number."""
    if isinstance(value, list | tuple) and (len(value) <= 8 or isinstance(value[0], Readable)):
        return dict(enumerate(value))
    return fields_of(value)


def _parts(
    records: Mapping[str, Readable], path: tuple[str, ...], beside: Mapping[str, object], kind: str
) -> Iterator[Candidate]:
    """A state dict and, as far as they may be networks, its parts that share a prefix."""
    deep = any("." in name for name in records)  # as the names of networks are; counters' are not
    counters = {name: value for name, value in records.items() if deep and "." not in name and prod(value.shape) == 1}
    whole = {name: value for name, value in records.items() if name not in counters}
    yield Candidate(path=path, records=whole, beside={**beside, **counters}, kind=kind)
    groups: dict[str, dict[str, Readable]] = {}
    for name, value in whole.items():
        first, dot, rest = name.partition(".")
        if dot:
            groups.setdefault(first, {})[rest] = value
    loose = {name: value for name, value in records.items() if "." not in name}
    for first, part in groups.items():
        if len(part) >= FEWEST and len(path) < _DEPTH:
            yield from _parts(part, (*path, first), {**beside, **loose}, kind)


def check_tensors(path: Path, container: str, root: object, found: list[Candidate]) -> None:
    """CheckpointError where a file holds nothing that has tensors."""
    if not found and not isinstance(root, Mapping):
        kind = "single tensor" if isinstance(root, Readable) else getattr(root, "name", type(root).__name__)
        raise CheckpointError(f"{path} ({container}) holds a {kind}; a state dict, or a dict of them, was expected")
