"""One trained row, looked at in one way: by our own engine, into a folder that the next call finds again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganprobe.core.calls.probing import ForgettingCall, MovesCall
from ganprobe.core.calls.settings import EvaluateCall, ReferenceCall
from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of, write_text
from ganprobe.core.registry import Registry
from ganprobe.core.results import Record
from ganprobe.engine.evaluate import run_evaluation
from ganprobe.engine.opening.metrics import resolve
from ganprobe.engine.probing.linear import probe_forgetting
from ganprobe.engine.probing.moves import probe_moves
from ganprobe.engine.reference import make_reference
from ganprobe.report import read_run
from ganprobe.reproduce.plans.budget import Budget
from ganprobe.reproduce.plans.data import DataSet, Holdings
from ganprobe.reproduce.plans.standing_in import Means, means_of
from ganprobe.reproduce.plans.target import Measure
from ganprobe.reproduce.rows.layout import Folder

BATCH = 250
INCEPTION, LPIPS = "inception", "lpips"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A trained row. trained: the folder of its training run; weights: its generator; resolution: of its images."""

    name: str
    trained: Path
    weights: Path
    resolution: int
    data: DataSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is wanted of it, and where. samples: how many the measure takes, the budget considered."""

    measure: Measure
    samples: int
    folder: Folder
    holdings: Holdings
    means: Means
    device: str | None
    classifier: str | None = None
    seed: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is measured, by the names of ours."""
        return tuple(self.means.metric(name) for name in self.measure.metrics)

    @property
    def place(self) -> str:
        """The measure's name in folders, with the first metric's where others stand in for the target's."""
        return self.measure.name + ("" if self.metrics == self.measure.metrics else f"-{self.metrics[0]}")


MARK = "of.json"
"""What was measured: weights, samples, metrics."""

Kind = Callable[[Subject, Look, Path], None]
KINDS: Registry[Kind] = Registry("kind of measure")


def look_of(
    measure: Measure, data: DataSet, budget: Budget, folder: Folder, holdings: Holdings, device: str | None
) -> Look:
    """How a measure is taken under a budget."""
    wanted = measure.samples or holdings.test_images(data)
    samples = budget.cap(measure.name, wanted)
    return Look(
        measure=measure,
        samples=samples,
        folder=folder,
        holdings=holdings,
        means=means_of(holdings, budget),
        device=device,
        classifier=budget.classifier,
    )


def measured(name: str, look: Look) -> Record | None:
    """What has been measured of the run `name`, of whatever weights it had then; None where nothing is there."""
    folder = look.folder.measured(name, look.place)
    return read_run(folder)[0] if (folder / "results.json").is_file() else None


def is_current(subject: Subject, look: Look) -> bool:
    """Whether what has been measured is of the weights as they are now, and of as many samples."""
    found = look.folder.measured(subject.name, look.place) / MARK
    if not found.is_file():
        return False
    said = json.loads(found.read_text(encoding="utf-8"))
    return bool(said == _mark(subject, look))


def _mark(subject: Subject, look: Look) -> dict[str, object]:
    return {"weights": sha256_of(subject.weights), "samples": look.samples, "metrics": list(look.metrics)}


def take(subject: Subject, look: Look) -> Path:
    """Measure, unless it has been done already; the folder of the results. Errors as the engine's."""
    out = look.folder.measured(subject.name, look.place)
    if not is_current(subject, look):
        (out / MARK).unlink(missing_ok=True)
        KINDS[look.measure.kind](subject, look, out)
        write_text(out / MARK, json.dumps(_mark(subject, look)) + "\n")
    return out


def evaluate(subject: Subject, look: Look, out: Path) -> None:
    """By `ganprobe evaluate`, against the test images where the measure compares."""
    resume = (out / ".unfinished").is_dir()
    try:
        _evaluated(subject, look, out, resume=resume)
    except InputError:
        # The weights have changed since the pass that was not finished: it is of no use any more.
        if not resume:
            raise
        _evaluated(subject, look, out, resume=False)


def _evaluated(subject: Subject, look: Look, out: Path, *, resume: bool) -> None:
    holdings = look.holdings
    call = EvaluateCall(
        samples=look.samples,
        seed=look.seed,
        batch_size=BATCH,
        device=look.device,
        inception_weights=holdings.inception_weights if _reads(look, INCEPTION) else None,
        vgg_weights=holdings.vgg_weights if _reads(look, LPIPS) else None,
        scorer=holdings.scorer(subject.data) if look.measure.scored else None,
        reference=_reference(subject, look),
        test_data=_test(subject, look),
        classifier=look.classifier if look.measure.against == "classes" else None,
        metrics=list(look.metrics),
        out=out,
        resume=resume,
    )
    run_evaluation(subject.weights, call).save(out)


def _reads(look: Look, network: str) -> bool:
    return any(spec.features == network for spec in resolve(look.metrics))


def _reference(subject: Subject, look: Look) -> str | None:
    """DATA to measure against: statistics of the test images, made by the first row that needs them; for a classifier
    that is trained the training images."""
    if look.measure.against == "nothing":
        return None
    if look.measure.against == "classes":
        return look.holdings.train(subject.data, subject.resolution)
    data = look.holdings.test(subject.data, subject.resolution)
    path = look.folder.data / f"{subject.data.key}-{subject.resolution}-{look.place}.safetensors"
    if not path.is_file():
        _make_reference(data, path, look, look.holdings.test_images(subject.data))
    return str(path)


def _test(subject: Subject, look: Look) -> str | None:
    """What a classifier is tested on."""
    wanted = look.measure.against == "classes"
    return look.holdings.test(subject.data, subject.resolution) if wanted else None


def _make_reference(data: str, path: Path, look: Look, images: int) -> None:
    call = ReferenceCall(
        metrics=[spec.name for spec in resolve(look.metrics) if spec.needs_reference],
        samples=images,
        batch_size=BATCH,
        device=look.device,
        inception_weights=look.holdings.inception_weights if _reads(look, INCEPTION) else None,
    )
    make_reference(data, path, call)


def forget(subject: Subject, look: Look, out: Path) -> None:
    """By `ganprobe probe forgetting`, of the discriminators that the run has kept on the way."""
    data = look.holdings.train(subject.data, subject.resolution)
    call = ForgettingCall(
        samples=look.samples, test_data=_test(subject, look), seed=look.seed, device=look.device, out=out
    )
    probe_forgetting(subject.trained, data, call).save(out)


def detect(subject: Subject, look: Look, out: Path) -> None:
    """By `ganprobe probe lt`, of the auxiliary network that the run has trained."""
    call = MovesCall(samples=look.samples, seed=look.seed, device=look.device, out=out)
    probe_moves(subject.trained, call).save(out)


KINDS.add("auxiliary", detect)
KINDS.add("evaluate", evaluate)
KINDS.add("forgetting", forget)
