"""What a generator is measured against: the same states as the generator's, from images or from a saved file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ganprobe.core.errors import DataError, InputError
from ganprobe.core.files import write_bytes
from ganprobe.core.protocols import Metric
from ganprobe.core.results import Subject
from ganprobe.core.shipped import shipped_file, shipped_names
from ganprobe.data import open_data
from ganprobe.engine.features import FeatureSet, open_device, open_features
from ganprobe.engine.sources import ImageColumns
from ganprobe.engine.walk import walk
from ganprobe.metrics.registry import METRICS
from ganprobe.samplers.images import ImageSampler

KEY = "ganprobe"
ENDLESS_LIMIT = 50_000
"""How many images of an endless (procedural) data set make a reference."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A measured data set: who it is, by which features, and the packed state of each state key."""

    subject: Subject
    features: str
    features_fingerprint: str
    states: Mapping[str, Arrays]

    def state_for(self, metric: Metric[Any]) -> Any:
        """The reference state of `metric`, or None where it needs none of those kept here."""
        arrays = self.states.get(metric.state_key)
        return None if arrays is None else metric.unpack(arrays)


def measure(
    data: str,
    metrics: Sequence[Metric[Any]],
    features: FeatureSet,
    *,
    batch_size: int,
    limit: int | None = None,
    skip_unreadable: bool = False,
) -> Reference:
    """The reference of a data set: one pass over its images (`limit` of them, evenly spread, where given)."""
    source = open_data(data, limit=limit or None, skip_unreadable=skip_unreadable)
    sampler = ImageSampler(source)
    n = sampler.spec.length or limit or ENDLESS_LIMIT
    if n < 2:
        raise DataError(f"{data} has {n} image; a reference needs at least two, and thousands to be of use")
    columns = ImageColumns(sampler, features.extractor, seed=0, device=features.device)
    states = walk(columns, metrics, samples=n, batch_size=batch_size)
    packed = {metric.state_key: metric.pack(states[metric.state_key]) for metric in metrics}
    return Reference(
        Subject(sampler.name, sampler.fingerprint, n), features.name, features.extractor.fingerprint, packed
    )


def make_reference(
    data: str,
    out: Path,
    *,
    features: str,
    samples: int | None,
    batch_size: int,
    device: str | None,
    skip_unreadable: bool,
) -> Subject:
    """Measure `data` for every metric that these features serve, save it to `out`, and say what was measured."""
    if samples is not None and samples < 2:
        raise InputError(f"a reference needs at least two images, {samples} were asked for")
    feature_set = open_features(features, device=open_device(device))
    metrics = [spec.build() for spec in METRICS.values() if spec.needs_reference and spec.features == features]
    reference = measure(
        data, metrics, feature_set, batch_size=batch_size, limit=samples, skip_unreadable=skip_unreadable
    )
    save_reference(reference, out)
    return reference.subject


def save_reference(reference: Reference, path: Path) -> None:
    """Write `reference` as one safetensors file, whole or not at all."""
    header = {
        "format": 1,
        "kind": "statistics",
        "subject": reference.subject.to_json(),
        "features": reference.features,
        "features_fingerprint": reference.features_fingerprint,
    }
    arrays = {
        f"{key}/{name}": np.ascontiguousarray(array)
        for key, state in reference.states.items()
        for name, array in state.items()
    }
    write_bytes(path, save(arrays, metadata={KEY: json.dumps(header, sort_keys=True)}))


def is_statistics(path: Path) -> bool:
    """Whether the file holds saved statistics, by its content."""
    return path.is_file() and _header(path) is not None


def load_reference(path: Path) -> Reference:
    """Read what `save_reference` wrote. InputError for any other file."""
    header = _header(path)
    if header is None:
        raise InputError(f"{path} holds no statistics; make some with `ganprobe reference DATA --out {path.name}`")
    states: dict[str, Arrays] = {}
    with safe_open(path, framework="numpy") as file:
        for name in file.keys():  # noqa: SIM118 - safe_open is no mapping
            key, _, array = name.rpartition("/")
            states.setdefault(key, {})[array] = file.get_tensor(name)
    return Reference(Subject(**header["subject"]), header["features"], header["features_fingerprint"], states)


def open_reference(
    ref: str,
    metrics: Sequence[Metric[Any]],
    features: FeatureSet,
    *,
    batch_size: int,
    skip_unreadable: bool = False,
) -> Reference:
    """Any REF: saved statistics, a shipped data set's name, or images. InputError where statistics were made with
    other features, or lack what a metric needs."""
    path = Path(ref)
    if is_statistics(path):
        reference = load_reference(path)
    elif not path.exists() and ref in shipped_names("statistics"):
        reference = load_reference(shipped_file("statistics", ref))
    else:
        return measure(ref, metrics, features, batch_size=batch_size, skip_unreadable=skip_unreadable)
    if reference.features_fingerprint != features.extractor.fingerprint:
        raise InputError(
            f"{ref} was measured with other features ({reference.features}, {reference.features_fingerprint[:12]}) "
            f"than {features.name} ({features.extractor.fingerprint[:12]}); measure it again with `ganprobe reference`"
        )
    missing = {metric.state_key for metric in metrics} - reference.states.keys()
    if missing:
        raise InputError(f"{ref} lacks {', '.join(sorted(missing))}; measure it again with `ganprobe reference`")
    return reference


def _header(path: Path) -> dict[str, Any] | None:
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(KEY, "{}"))
    except (SafetensorError, json.JSONDecodeError, OSError):
        return None
    return header if isinstance(header, dict) and header.get("kind") == "statistics" else None
