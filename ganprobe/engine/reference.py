"""What a generator is measured against: the same states as the generator's, from images or from a saved file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, final

from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.classes.order import order_note
from ganprobe.core.errors import DataError, InputError, OutputError
from ganprobe.core.files import check_writable
from ganprobe.core.progress import tell
from ganprobe.core.protocols import Accumulator
from ganprobe.core.results import Subject
from ganprobe.core.shipped import shipped_file, shipped_names
from ganprobe.data import DATASETS, Images, open_data
from ganprobe.engine.columns.sources import ImageColumns
from ganprobe.engine.opening.features import FeatureSet, files_of, open_device, open_features
from ganprobe.engine.opening.metrics import catalogue_of, resolve
from ganprobe.engine.opening.names import (
    check_large,
    check_reading,
    check_reference,
    default_networks,
    features_for,
    network_of,
)
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.passes.kept_references import remembered
from ganprobe.engine.passes.matched import Relabelling, check_like, relabelled_like, say_classes
from ganprobe.engine.passes.one_pass import run_pass
from ganprobe.engine.passes.plan import LABEL, columns_of
from ganprobe.engine.passes.statistics import Reference, is_statistics, load_reference, no_statistics, save_reference
from ganprobe.engine.published.statistics import published_statistics
from ganprobe.engine.published.writing import WRITTEN, check_format, write_moments
from ganprobe.engine.ranks.shares import ALONE, Ranks
from ganprobe.metrics.spec import MetricSpec
from ganprobe.samplers.images import ImageSampler

ENDLESS_LIMIT = 50_000
"""How many images of an endless (procedural) data set make a reference."""


def measure(
    data: str,
    metrics: Sequence[Accumulator[Any]],
    features: FeatureSet,
    *,
    batch_size: int,
    limit: int | None = None,
    reading: Mapping[str, Any] | None = None,
    like: Sequence[str] = (),
    journal: Journal | None = None,
    ranks: Ranks = ALONE,
) -> Reference:
    """The reference of a data set: one pass over its images (`limit` of them, evenly spread, where given; read as
    `open_data` is told by `reading`), shared among `ranks`: rank 0 alone has the states of all. like: the names of the
    labels that its own are matched with. DataError for images that cannot be read or are fewer than two."""
    source = open_data(data, limit=limit or None, **(reading or {}))
    sampler = ImageSampler(source)
    for note in source.notes:
        tell(f"{data}: {note}")
    n = limit or ENDLESS_LIMIT if sampler.spec.length is None else sampler.spec.length
    if n < 2:
        raise DataError(f"{data} has {n} image; a reference needs at least two, and thousands to be of use")
    by_class = _check_labels(metrics, source, data)
    if by_class:
        say_classes(data, source)
    relabelling = relabelled_like(like, source) if like else Relabelling()
    needs = columns_of(metrics)
    columns = ImageColumns(
        sampler, features.extractor_of(needs), seed=0, device=features.device, relabel=relabelling.of
    )
    name = f"reference-{sampler.fingerprint[:16]}-{n}{relabelling.digest}"
    states = run_pass(columns, metrics, samples=n, batch_size=batch_size, journal=journal, name=name, ranks=ranks)
    packed = {metric.state_key: metric.pack(states[metric.state_key]) for metric in metrics}
    subject = Subject(sampler.name, sampler.fingerprint, n)
    main, *others = features.networks_of(needs).items()
    further = {kind: network.fingerprint for kind, network in others}
    looked = main[1].name, main[1].fingerprint
    said = source.facts.notes, tuple(f"reference: {note}" for note in source.notes)
    return Reference(subject, *looked, packed, source.skipped, further, source.class_names, *said)


def _check_labels(metrics: Sequence[Accumulator[Any]], source: Images, data: str) -> bool:
    """Whether a metric goes by classes. InputError where one does and there are none."""
    by_class = any(LABEL in metric.needs for metric in metrics)
    if by_class and not source.class_names:
        raise InputError(
            f"{data} has {source.classes_said}, which a metric by class compares; give class folders, or a file of "
            "labels (--labels FILE)"
        )
    return by_class


def make_reference(
    data: str,
    out: Path,
    call: ReferenceCall,
    *,
    ranks: Ranks = ALONE,
) -> Reference:
    """Measure `data`, save it to `out`, and give what was measured. metrics: what for; None for all metrics under
    their default protocols that these features serve, those by class apart. ranks: who shares the images; any but rank
    0 ends with Dismissed."""
    if call.samples is not None and call.samples < 2:
        raise InputError(f"a reference needs at least two images, {call.samples} were asked for")
    if call.format in WRITTEN:
        call = dataclasses.replace(call, metrics=_of_format(call.format, call.metrics, out))
    name = features_for(call.features, call.metrics, call.inception_weights, call.vgg_weights)
    check_large(call, call.metrics)
    check_reading(call)
    check_reference(data)
    if ranks.lead:
        _check_file(out)
    built = [spec.build() for spec in _specs(call.metrics, name, call.vgg_weights)]
    files = files_of(call)
    feature_set = open_features(name, device=open_device(call.device), columns=columns_of(built), files=files)
    reference = measure(
        data,
        built,
        feature_set,
        batch_size=call.batch_size,
        limit=call.samples,
        reading={**call.reading, "resolution": call.resolution},
        ranks=ranks,
    )
    ranks.leave_to_lead()
    if call.class_order is None and (note := order_note(reference.classes)):
        tell(f"{data}: {note}")
    if call.format in WRITTEN:
        write_moments(reference, out)
    else:
        save_reference(reference, out)
    return reference


def _of_format(name: str, metrics: Sequence[str] | None, out: Path) -> list[str]:
    """The one metric that another project's format is of. InputError where others are asked for."""
    metric = check_format(name, out)
    if metrics is not None and list(metrics) != [metric]:
        raise InputError(
            f"the format {name} holds what {metric} compares with, and nothing else; leave the metrics out"
        )
    return [metric]


def _specs(metrics: Sequence[str] | None, features: str, vgg_weights: str | Path | None) -> list[MetricSpec]:
    """What a reference is measured for. InputError for a metric that needs none."""
    if metrics is None:
        networks = default_networks(features, vgg_weights)
        known = catalogue_of(networks).values()
        usual = [spec for spec in known if "@" not in spec.name and LABEL not in spec.build().needs]
        return [spec for spec in usual if spec.needs_reference and spec.features in networks]
    chosen = resolve(metrics, (network_of(features),))
    for spec in chosen:
        if not spec.needs_reference:
            raise InputError(f"{spec.name} compares with no reference; leave it out")
    return chosen


@final
class References:
    """Opens references, each once: several generators are measured against the same state."""

    def __init__(self) -> None:
        self._opened: dict[tuple[object, ...], Reference] = {}

    def open(
        self,
        ref: str,
        metrics: Sequence[Accumulator[Any]],
        features: FeatureSet,
        *,
        batch_size: int,
        reading: Mapping[str, Any] | None = None,
        like: Sequence[str] = (),
        cache: bool = False,
        journal: Journal | None = None,
        ranks: Ranks = ALONE,
        protocol: str | None = None,
    ) -> Reference:
        """Any REF: a shipped data set's name, saved statistics (of other projects too, by their `protocol`), or images,
        read as `open_data` is told by `reading`, with the labels of the classes `like` where these are given.
        InputError where statistics were made with other features, lack what a metric needs, or have other labels; for
        images, errors as `measure`. cache: whether what was measured of images is kept for later runs, and taken from
        earlier ones; several ranks measure always."""
        keys = frozenset(metric.state_key for metric in metrics)
        how = tuple(sorted((name, str(value)) for name, value in (reading or {}).items()))
        about = (ref, keys, features.extractor.fingerprint, how, tuple(like), protocol)
        if about not in self._opened and (found := published_statistics(ref, protocol)) is not None:
            self._opened[about] = found.reference(metrics, features)
        if about not in self._opened:
            saved = _saved(ref, features, keys)
            if saved is not None:
                check_like(like, saved.classes, ref)
                self._opened[about] = _fitting(saved, ref, keys, features)
            else:
                measured = partial(
                    measure,
                    ref,
                    metrics,
                    features,
                    batch_size=batch_size,
                    reading=reading,
                    like=like,
                    journal=journal,
                    ranks=ranks,
                )
                if cache and ranks.world == 1:
                    self._opened[about] = remembered(
                        ref, metrics, features, reading=reading or {}, like=like, measure=measured
                    )
                else:
                    self._opened[about] = measured()
        return self._opened[about]


def _saved(ref: str, features: FeatureSet, keys: frozenset[str]) -> Reference | None:
    """The statistics that `ref` names; None where it names images, or a data set whose shipped statistics are of other
    features or for other metrics, so that its images have to be measured."""
    if ref in shipped_names("statistics"):
        shipped = load_reference(shipped_file("statistics", ref))
        serves = shipped.features == features.name and keys <= shipped.states.keys()
        return shipped if serves or ref not in DATASETS else None
    path = Path(ref)
    if is_statistics(path):
        return load_reference(path)
    if path.is_file() and path.suffix == ".safetensors":
        raise no_statistics(path)
    return None


def _fitting(reference: Reference, ref: str, keys: frozenset[str], features: FeatureSet) -> Reference:
    known = {kind: reference.fingerprints[kind] for kind in features.networks.keys() & reference.fingerprints.keys()}
    for kind, network in features.networks.items():
        if not known or known.get(kind, network.fingerprint) != network.fingerprint:
            theirs = known.get(kind, reference.features_fingerprint)
            raise InputError(
                f"{ref} was measured with other features ({reference.features}, {theirs[:12]}) "
                f"than {network.name} ({network.fingerprint[:12]}); measure it again with `ganprobe reference`"
            )
    if missing := keys - reference.states.keys():
        raise InputError(
            f"{ref} lacks {', '.join(sorted(missing))}; measure it again for these metrics "
            "(`ganprobe reference --metrics`)"
        )
    return reference


def _check_file(out: Path) -> None:
    """OutputError unless a file `out` can be written."""
    if out.is_dir():
        raise OutputError(f"cannot write {out}: it is a folder; give the name of a file")
    check_writable(out.parent)
