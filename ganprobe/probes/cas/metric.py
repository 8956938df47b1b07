"""`cas`: how much of what real images teach a classifier the generated ones teach it too.

>>> sorted(Cas().needs)
['label', 'pixels']

Ravuri and Vinyals 2019, "Classification accuracy score for conditional generative models". A classifier is trained on
generated images alone and tested on real ones; the same classifier, trained on as many real images, is tested on the
same ones, and the difference is what the generator loses.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.classes.words import called, called_all
from ganprobe.core.errors import InputError, MetricError
from ganprobe.core.results import Estimate
from ganprobe.core.streams import derive_seed
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.metrics.arrays import to_array
from ganprobe.metrics.base import ByClass, Measuring, Surroundings, given, too_few
from ganprobe.probes.accuracy import Hits, accuracy, gap
from ganprobe.probes.cas.classifiers import classifier_for, trained_logits
from ganprobe.probes.cas.images import ImagesKeeper, LabelledImages
from ganprobe.probes.cas.protocol import COLLAPSED, FULL, LEAST_SAMPLES, Budget

NAME: Final = "cas"
TOP: Final = 5
Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Answers:
    """Whether classifiers (R) have test images (T) right: first, by the first guess; among, by one of the first five;
    None where there are no more than five classes."""

    first: Hits
    among: Hits | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cas(Measuring[LabelledImages], ByClass):
    """The accuracy on real test images of classifiers trained on generated images, in [0, 1]; higher is better."""

    trains: ClassVar[bool] = True
    budget: Budget = FULL
    name: str = NAME
    classes: tuple[str, ...] = ()

    @property
    def keeper(self) -> ImagesKeeper:
        return ImagesKeeper()

    def protocol(self, samples: Surroundings[LabelledImages]) -> Mapping[str, Any]:
        """The classifier and the test images."""
        test, fingerprint = samples.test_named
        resolution = samples.sampler.spec.image_shape[1]
        called, _ = classifier_for(samples.classifier, classes=samples.sampler.spec.num_classes, resolution=resolution)
        return {"classifier": called, "test": test, "test_fingerprint": fingerprint}

    def measure(self, state: LabelledImages, samples: Surroundings[LabelledImages]) -> Mapping[str, Estimate]:
        """{name: Estimate} with the tables "training" and "classes" and a note that names the classes that have
        collapsed. MetricError without a reference or test images, on fewer than 128 images of a kind, and where sizes
        or classes do not match."""
        made, real = state.arrays(), given(samples.reference, self.name).arrays()
        test = given(samples.test, self.name).arrays()
        classes = _checked(made, real, test, self)
        real = tuple(each[: len(made[0])] for each in _mixed(real, samples.seed))  # type: ignore[assignment]
        kept = tempfile.TemporaryDirectory() if samples.folder is None else nullcontext(samples.folder)
        with kept as folder:
            answers = {
                kind: self._answers(images, test, classes, samples, Path(folder), kind)
                for kind, images in (("generated", made), ("real", real))
            }
        value = accuracy(answers["generated"].first)
        tables = (_training(answers, len(made[0]), len(real[0])), *_by_class(answers, test[1], self.classes))
        notes = (*_few_real(made, real), *_collapsed(answers, test[1], self.classes))
        return {self.name: replace(value, tables=tables, notes=notes)}

    def _answers(
        self,
        images: Arrays,
        test: Arrays,
        classes: int,
        samples: Surroundings[LabelledImages],
        folder: Path,
        kind: str,
    ) -> Answers:
        side = images[0].shape[2]
        _, build = classifier_for(samples.classifier, classes=classes, resolution=side)
        logits = [
            trained_logits(
                build,
                *images,
                test[0],
                budget=self.budget,
                seed=derive_seed(samples.seed, "cas", repeat),
                folder=folder / f"{kind}-{repeat}",
                device=str(samples.device),
                title=f"classifier {repeat + 1} of {self.budget.repeats} on {kind} images",
            )
            for repeat in range(self.budget.repeats)
        ]
        return _answers_of(logits, test[1])


def _answers_of(logits: list[Tensor], labels: NDArray[np.int64]) -> Answers:
    classes = logits[0].shape[1]
    ranked = [to_array(each.topk(min(TOP, classes), dim=1).indices) for each in logits]
    first = np.stack([each[:, 0] == labels for each in ranked])
    among = np.stack([(each == labels[:, None]).any(1) for each in ranked]) if classes > TOP else None
    return Answers(first, among)


def _mixed(images: Arrays, seed: int) -> Arrays:
    """In an order of its own, so that the first ones are of all classes."""
    order = np.random.Generator(np.random.Philox(key=derive_seed(seed, "cas.real"))).permutation(len(images[0]))
    return images[0][order], images[1][order]


def _checked(made: Arrays, real: Arrays, test: Arrays, metric: Cas) -> int:
    """The number of classes."""
    name = metric.name
    for side, (images, _) in (("generated", made), ("reference", real)):
        if len(images) < LEAST_SAMPLES:
            raise too_few(len(images), LEAST_SAMPLES, name, side)
    shapes = {side: each[0].shape[1:] for side, each in (("generated", made), ("reference", real), ("test", test))}
    if len(set(shapes.values())) > 1:
        said = ", ".join(f"{side} {' x '.join(map(str, shape[1:]))}" for side, shape in shapes.items())
        raise InputError(
            f"{name} needs images of one size, got {said}; bring the real ones to that of the generator (--resize N)"
        )
    known = np.unique(real[1])
    for side, (_, labels) in (("generated", made), ("test", test)):
        if len(strange := np.setdiff1d(labels, known)):
            raise MetricError(
                f"{name}: {side} images have {called_all(strange, metric.classes)}, which the reference has not; give "
                "the data that the generator was trained on"
            )
    return int(known.max()) + 1


def _training(answers: Mapping[str, Answers], made: int, real: int) -> DetailTable:
    """Both kinds of training images, and the gap between them."""
    pair = answers["real"], answers["generated"]
    rows: dict[str, list[Entry]] = {
        "generated images": [accuracy(pair[1].first), _among(pair[1]), made],
        "real images": [accuracy(pair[0].first), _among(pair[0]), real],
        "gap": [gap(pair[0].first, pair[1].first), None, None],
    }
    if pair[0].among is not None and pair[1].among is not None:
        rows["gap"][1] = gap(pair[0].among, pair[1].among)
    note = "intervals: of the test images and of the seeds that the classifiers were trained from"
    return detail_table("training", "Trained on", rows, columns=("top-1", "top-5", "images"), note=note)


def _among(answers: Answers) -> Estimate | None:
    return None if answers.among is None else accuracy(answers.among)


def _by_class(
    answers: Mapping[str, Answers], labels: NDArray[np.int64], names: Sequence[str]
) -> tuple[DetailTable, ...]:
    """The classes of the test images by what they lose, the most first."""
    real, made = answers["real"].first, answers["generated"].first
    found = {
        called(int(label), names): (
            gap(real[:, labels == label], made[:, labels == label]),
            accuracy(made[:, labels == label]),
            accuracy(real[:, labels == label]),
            int((labels == label).sum()),
        )
        for label in np.unique(labels)
    }
    ordered = dict(sorted(found.items(), key=lambda item: -item[1][0].value))
    columns = ("loss", "generated", "real", "test images")
    return (detail_table("classes", "By class", ordered, columns=columns, note="by what they lose, the most first"),)


def _collapsed(answers: Mapping[str, Answers], labels: NDArray[np.int64], names: Sequence[str]) -> tuple[str, ...]:
    real, made = answers["real"].first, answers["generated"].first
    gone = [
        called(int(label), names)
        for label in np.unique(labels)
        if (ends := accuracy(made[:, labels == label]).ci95) is not None
        and ends[1] < COLLAPSED * float(real[:, labels == label].mean())
    ]
    said = f"{len(gone)} classes collapse (surely below {COLLAPSED:g} of the accuracy with real images)"
    return (f"{said}: {', '.join(gone)}",) if gone else ()


def _few_real(made: Arrays, real: Arrays) -> tuple[str, ...]:
    if len(real[0]) >= len(made[0]):
        return ()
    return (f"{len(real[0])} real images beside {len(made[0])} generated ones: the gap is smaller than with as many",)
