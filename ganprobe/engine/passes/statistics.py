"""Saved statistics: a measured data set as one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganprobe.core.errors import InputError
from ganprobe.core.files import write_bytes
from ganprobe.core.protocols import Metric
from ganprobe.core.results import Subject
from ganprobe.metrics.states.archive import DAMAGED, Arrays, packed, read_packed, words_of

KEY = "ganprobe"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """A measured data set: who it is, by which features, the packed state of each state key, and the files that could
    not be read and were passed over. others: fingerprints of further networks that looked, by their kind. classes: the
    names of the labels, where there are any. notes: what is to be said of them.
    origin: what is to be said with every number: of how images were read, of who measured them."""

    subject: Subject
    features: str
    features_fingerprint: str
    states: Mapping[str, Arrays]
    skipped: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of every network that looked, by its name without that of its weights."""
        return {_kind(self.features): self.features_fingerprint, **self.others}

    def state_for(self, metric: Metric[Any]) -> Any:
        """The reference state of `metric`, or None where it needs none of those kept here."""
        arrays = self.states.get(metric.state_key)
        return None if arrays is None else metric.unpack(arrays)


def save_reference(reference: Reference, path: Path) -> None:
    """Write `reference` as one safetensors file, whole or not at all."""
    write_bytes(path, reference_bytes(reference))


def reference_bytes(reference: Reference) -> bytes:
    """The bytes of that file."""
    header = {
        "format": FORMAT,
        "kind": "statistics",
        "subject": reference.subject.to_json(),
        "features": reference.features,
        "features_fingerprint": reference.features_fingerprint,
        "other_fingerprints": dict(reference.others),
        "skipped": list(reference.skipped),
        "classes": list(reference.classes),
        "notes": list(reference.notes),
        "origin": list(reference.origin),
    }
    return packed(reference.states, {KEY: json.dumps(header, sort_keys=True)})


def is_statistics(path: Path) -> bool:
    """Whether the file holds saved statistics, by its content."""
    return path.is_file() and _header(path) is not None


def load_reference(path: Path) -> Reference:
    """Read what `save_reference` wrote. InputError for any other file."""
    header = _header(path)
    if header is None:
        raise no_statistics(path)
    try:
        states, _ = read_packed(path)
        subject, skipped = Subject(**header["subject"]), tuple(header.get("skipped", ()))
        others, classes = header.get("other_fingerprints", {}), tuple(header.get("classes", ()))
        looked = header["features"], header["features_fingerprint"]
        notes, origin = tuple(header.get("notes", ())), tuple(header.get("origin", ()))
        return Reference(subject, *looked, states, skipped, others, classes, notes, origin)
    except (*DAMAGED, KeyError, TypeError) as problem:
        raise no_statistics(path) from problem


def _kind(features: str) -> str:
    """ "inception" of "inception-2015-12-05": what a metric's specification calls the network."""
    return features.partition("-")[0]


def no_statistics(path: Path) -> InputError:
    return InputError(
        f"{path} holds no statistics that can be read; make some with `ganprobe reference DATA --out {path.name}`"
    )


def _header(path: Path) -> dict[str, Any] | None:
    """What saved statistics say of themselves; None for any other file."""
    try:
        header = json.loads(words_of(path).get(KEY, "{}"))
    except (*DAMAGED, json.JSONDecodeError):
        return None
    ours = isinstance(header, dict) and header.get("kind") == "statistics" and header.get("format") == FORMAT
    return header if ours else None
