"""Linear probes of the discriminators of a training, or of one.

run = probe_forgetting("runs/mine", "cifar10", ForgettingCall(samples=10_000))
run["forgetting"].value, run["linear_probe"].value
run.save("reports/forgetting")
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from ganprobe.core.calls.probing import ForgettingCall
from ganprobe.core.classes.words import listed
from ganprobe.core.errors import GanprobeError, InputError, OutputError
from ganprobe.core.files import check_writable, sha256_of
from ganprobe.core.results import Estimate, Record, Result, Subject
from ganprobe.core.streams import derive_seed
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.data import Images, open_data
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.names import check_reading
from ganprobe.engine.opening.test_images import test_of
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.passes.matched import relabelled_like, say_classes
from ganprobe.engine.provenance import time_now, versions
from ganprobe.engine.run import Run
from ganprobe.generators.base import Discriminator
from ganprobe.probes.accuracy import Hits, accuracy, gap
from ganprobe.probes.linear.discriminators import Snapshot, readable_discriminator, snapshots_of
from ganprobe.probes.linear.forgetting import forgetting
from ganprobe.probes.linear.probing import ProbeData, ProbeSettings, probe_hits
from ganprobe.probes.linear.supervised import freshly, supervised
from ganprobe.report import RunPictures

FORGETTING: Final = "forgetting"
LINEAR: Final = "linear_probe"
RANDOM: Final = "randomly initialised"
SUPERVISED: Final = "supervised"


@dataclasses.dataclass(frozen=True, slots=True)
class _Bench:
    """What every probe of a call shares."""

    data: ProbeData
    settings: ProbeSettings
    device: torch.device
    journal: Journal

    def hits(self, name: str, discriminator: Discriminator, title: str) -> Hits:
        """(1, T) of a discriminator, taken up where it is finished under `name`."""
        done, states = self.journal.load(name)
        if done:
            return np.asarray(states["hits"]["hits"] > 0)
        found = probe_hits(discriminator, self.data, self.settings, device=self.device, title=title)[None]
        self.journal.save(name, 1, {"hits": {"hits": found.astype(np.uint8)}})
        return found


def probe_forgetting(target: str | Path, data: str, call: ForgettingCall) -> Run:
    """Probe every snapshot in the folder of a training, or the discriminator in a file, with the labelled images
    `data`: results `forgetting` (of a folder, at its last snapshot) and `linear_probe`.

    Errors: InputError for data without labels or test images, a folder without snapshots, a layer that is not there;
    CheckpointError for a file that holds no discriminator. All are found before an image is looked at.
    """
    started, clock = time_now(), time.monotonic()
    path, out = Path(target), None if call.out is None else Path(call.out)
    if call.resume and out is None:
        raise InputError("a probe is taken up from the folder that it was saved to; name it (out)")
    if not path.exists():
        raise InputError(
            f"no run or discriminator {path}; give the folder of a training or the file of a discriminator"
        )
    check_reading(call)
    settings = ProbeSettings(layer=call.layer, grid=call.grid, penalty=call.penalty)
    test = test_of(data, call.test_data)
    snapshots = snapshots_of(path) if path.is_dir() else (Snapshot(0, path),)
    first = readable_discriminator(snapshots[0].path, layer=call.layer)
    if out is not None:
        check_writable(out)
    device = open_device(call.device)
    sides = (_images(data, first, call, call.samples), _images(test, first, call, call.test_samples))
    bench_data = _bench_data(*sides)
    fingerprints = [sha256_of(each.path) for each in snapshots]
    plan = {**_protocol(sides, settings), "discriminators": fingerprints, "seed": call.seed, "beside": call.supervised}
    journal = Journal(out, plan, resume=call.resume)
    try:
        results = _results(path, snapshots, _Bench(bench_data, settings, device, journal), sides, call)
    except OutputError:
        raise
    except GanprobeError:
        journal.discard()
        raise
    subject = Subject(path.stem, hashlib.sha256("".join(fingerprints).encode()).hexdigest())
    provenance = {
        **versions(device),
        "seed": call.seed,
        "training_images": len(bench_data.images),
        "started": started,
        "seconds": round(time.monotonic() - clock, 3),
    }
    record = Record(
        subject, Subject(sides[1].name, sides[1].fingerprint, len(bench_data.test_images)), results, provenance
    )
    return Run(record, RunPictures())


def _results(
    path: Path, snapshots: tuple[Snapshot, ...], bench: _Bench, sides: tuple[Images, Images], call: ForgettingCall
) -> tuple[Result, ...]:
    clock = time.monotonic()
    hits = []
    for number, each in enumerate(snapshots, 1):
        network = readable_discriminator(each.path, layer=call.layer)
        hits.append(bench.hits(f"snapshot-{each.images}", network, f"probe {number} of {len(snapshots)}"))
    beside = _beside(readable_discriminator(snapshots[-1].path, layer=call.layer), bench, call)
    linear = dataclasses.replace(accuracy(hits[-1]), tables=(_comparison(hits[-1], beside),))
    lost = forgetting(np.concatenate(hits))
    curve = _curve(snapshots, [accuracy(each) for each in hits], lost)
    found = {FORGETTING: dataclasses.replace(lost[-1], tables=(curve,))} if path.is_dir() else {}
    protocol, seconds = _protocol(sides, bench.settings), time.monotonic() - clock
    made = [Result(name, value, "lower", "discriminator", protocol, seconds) for name, value in found.items()]
    return (*made, Result(LINEAR, linear, "higher", "discriminator", protocol, seconds))


def _beside(last: Discriminator, bench: _Bench, call: ForgettingCall) -> Mapping[str, Hits]:
    """What a discriminator of the same architecture has right that has learnt nothing, and one that was taught."""
    new = freshly(last, seed=derive_seed(call.seed, "probe.random"))
    found = {RANDOM: bench.hits("random", new, RANDOM)}
    if call.supervised:
        place = bench.journal.workplace("supervised")
        kept = tempfile.TemporaryDirectory() if place is None else nullcontext(place)
        with kept as folder:
            words: dict[str, Any] = {"epochs": call.supervised, "seed": call.seed, "device": str(bench.device)}
            taught = supervised(last, bench.data, folder=Path(folder), **words)
        found[SUPERVISED] = bench.hits("supervised-probe", taught, SUPERVISED)
    return found


def _comparison(own: Hits, beside: Mapping[str, Hits]) -> DetailTable:
    rows: dict[str, list[Entry]] = {"this discriminator": [accuracy(own), None]}
    rows |= {name: [accuracy(hits), gap(own, hits)] for name, hits in beside.items()}
    note = "the same architecture on the same images; the difference is this discriminator's accuracy less the other's"
    return detail_table("beside", "Linear probes", rows, columns=("accuracy", "difference"), note=note)


def _curve(snapshots: tuple[Snapshot, ...], accuracies: list[Estimate], lost: list[Estimate]) -> DetailTable:
    rows = {str(each.images): pair for each, *pair in zip(snapshots, accuracies, lost, strict=True)}
    note = "forgetting: the best accuracy so far less the one now, on the same test images"
    return detail_table(
        "snapshots",
        "Over training",
        rows,
        columns=("accuracy", "forgetting"),
        note=note,
        over="real images shown in training",
    )


def _images(name: str, discriminator: Discriminator, call: ForgettingCall, limit: int | None) -> Images:
    source = open_data(name, resolution=discriminator.config.resolution, limit=limit, **call.reading)
    if source.labels is None:
        raise InputError(
            f"{name} has {source.classes_said}, and a probe asks what a discriminator knows of its classes; give class "
            "folders, or a file of labels (--labels FILE)"
        )
    say_classes(name, source)
    return source


def _bench_data(train: Images, test: Images) -> ProbeData:
    if sorted(train.class_names) != sorted(test.class_names):
        raise InputError(
            f"{train.name} and {test.name} have different classes ({listed(train.class_names)}; "
            f"{listed(test.class_names)}); give the two parts of one data set, with all classes"
        )
    assert train.labels is not None
    assert test.labels is not None
    labels = relabelled_like(train.class_names, test).of(torch.from_numpy(test.labels)).numpy()
    return ProbeData(train.read(range(len(train))), train.labels, test.read(range(len(test))), labels)


def _protocol(sides: tuple[Images, Images], settings: ProbeSettings) -> dict[str, Any]:
    train, test = sides
    return {
        "follows": "Chen et al. 2019",
        "data": train.name,
        "data_fingerprint": train.fingerprint,
        "training_images": len(train),
        "classes": list(train.class_names),
        "test": test.name,
        "test_fingerprint": test.fingerprint,
        **dataclasses.asdict(settings),
        "probe": "multinomial logistic regression on standardised features, at its optimum",
        "interval": "of the test images; best snapshot included",
    }
