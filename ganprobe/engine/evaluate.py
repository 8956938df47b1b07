"""From a generator to its numbers: settle the plan, pass over the samples once, read the states.

prepared = prepare("toyfaces-stylegan", Settings(samples=1_000), reference="toyfaces", metrics=["fd"])
run = carry_out(prepared, References())
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from ganprobe.core.calls.settings import EvaluateCall, Settings, said
from ganprobe.core.columns import SCORES
from ganprobe.core.errors import (
    DeviceMemoryError,
    ForeignCodeError,
    GanprobeError,
    InputError,
    OutputError,
)
from ganprobe.core.files import check_writable
from ganprobe.core.protocols import Sampler
from ganprobe.core.results import Record, Subject
from ganprobe.data.labels.labelling import FOLDERS, NONE
from ganprobe.engine.columns.networks import check_weights
from ganprobe.engine.opening.features import FeatureSet, files_of, open_device, open_features
from ganprobe.engine.opening.names import check_large, check_reading, check_reference, default_networks, features_for
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.opening.scorers import scorer_for
from ganprobe.engine.opening.test_images import test_of
from ganprobe.engine.passes.classes import check_classes
from ganprobe.engine.passes.evaluation import Evaluation, Measurement
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.passes.matched import are_by_class, classes_of, say_generated
from ganprobe.engine.passes.measuring import measured
from ganprobe.engine.passes.plan import (
    Plan,
    check_attributes,
    make_plan,
    planned_metrics,
    possible_metrics,
)
from ganprobe.engine.passes.results import provenance_of
from ganprobe.engine.passes.statistics import Reference
from ganprobe.engine.pictures import picture_run
from ganprobe.engine.provenance import (
    time_now,
)
from ganprobe.engine.published.statistics import Published, published_statistics
from ganprobe.engine.ranks.shares import ALONE, Ranks
from ganprobe.engine.reference import References
from ganprobe.engine.run import Run
from ganprobe.features.scores import ScoreTable
from ganprobe.samplers.images import ImageSampler

_NOT_IDENTITY = (
    "most",
    "batch_size",
    "cache",
    "device",
    "inception_weights",
    "vgg_weights",
    "dinov2_weights",
    "clip_weights",
    "scorer",
)
"""Settings that leave the work the same work; of the weights, the extractor's fingerprint tells."""


def run_evaluation(
    generator: str | Path | Sampler | nn.Module,
    call: EvaluateCall,
    *,
    ranks: Ranks = ALONE,
) -> Run:
    """Measure `generator`; see `ganprobe.evaluate`. What it leaves in `out` for `resume`, saving the run removes.
    ranks: who shares the samples; rank 0 has the run, any other ends with Dismissed."""
    out = None if call.out is None else Path(call.out)
    if call.resume and out is None:
        raise InputError("a run is taken up from the folder that it was saved to; name it (out)")
    if out is not None and ranks.lead:
        check_writable(out)
    evaluation = prepare(generator, call, reference=call.reference, metrics=call.metrics)
    return carry_out(evaluation, References(), out=out, resume=call.resume, ranks=ranks)


def prepare(
    generator: str | Path | Sampler | nn.Module,
    settings: Settings,
    *,
    reference: str | Path | None,
    metrics: Sequence[str] | None,
) -> Evaluation:
    """Look at everything that can be wrong before an image is drawn, names and sizes before files are opened."""
    reference = None if reference is None else str(reference)
    against = reference is not None
    settings, metrics, test = _checked_names(settings, reference, metrics)
    device = open_device(settings.device)
    sampler = open_sampler(
        generator,
        device=device,
        noise=settings.noise,
        truncation=settings.truncation,
        reading=_of_generated(settings),
        key=settings.key,
        output_range=settings.output_range,
    )
    settings = settings.settled(sampler.spec.length)
    if isinstance(sampler, ImageSampler):
        # The first images of a sorted folder would be of its first classes alone.
        sampler = ImageSampler(sampler.source.spread(settings.count))
    if metrics is None:
        assert settings.features is not None
        networks = default_networks(settings.features, settings.vgg_weights)
        metrics = possible_metrics(sampler, networks=networks, reference=against)
    plan = make_plan(planned_metrics(metrics, settings, reference=against), sampler, samples=settings.count)
    check_classes(plan.images, sampler, samples=settings.count, seed=settings.seed)
    _check_classifier(plan, settings.classifier, sampler)
    scorer = scorer_for(sampler, settings.scorer, device) if SCORES in plan.columns else None
    if scorer is not None:
        check_attributes(plan, ScoreTable(scorer).attributes)
    return Evaluation(
        sampler=sampler,
        plan=plan,
        reference=reference,
        settings=settings,
        device=device,
        scorer=scorer,
        test=test,
    )


def _checked_names(
    settings: Settings, reference: str | None, metrics: Sequence[str] | None
) -> tuple[Settings, Sequence[str] | None, str | None]:
    """Settings with their features, the metrics where they are named or follow from the reference, and the test images
    where one wants them; the generator is not looked at."""
    published = _published(reference, settings)
    if published is not None and metrics is None:
        metrics = published.feeds
    features = features_for(settings.features, metrics, settings.inception_weights, settings.vgg_weights)
    check_large(settings, metrics)
    check_weights(
        inception=settings.inception_weights,
        vgg=settings.vgg_weights,
        dinov2=settings.dinov2_weights,
        clip=settings.clip_weights,
    )
    check_reading(settings)
    settings = dataclasses.replace(settings, features=features)
    wanted = () if metrics is None else planned_metrics(metrics, settings, reference=reference is not None)
    if published is not None:
        published.check([each.spec for each in wanted])
    if reference is not None:
        check_reference(reference)
    test = test_of(reference, settings.test_data) if any(each.spec.needs_test for each in wanted) else None
    return settings, metrics, test


def _published(reference: str | None, settings: Settings) -> Published | None:
    """The statistics of another project that the reference is, if it is some."""
    if reference is None:
        if settings.reference_protocol is not None:
            raise InputError("a reference's protocol was given and no reference; name it with --reference")
        return None
    return published_statistics(reference, settings.reference_protocol)


def _check_classifier(plan: Plan, named: str | None, sampler: Sampler) -> None:
    if named is not None and any(each.spec.needs_test for each in plan.all):
        from ganprobe.probes.cas.classifiers import check_classifier

        check_classifier(named, classes=sampler.spec.num_classes, resolution=sampler.spec.image_shape[1])


def carry_out(
    evaluation: Evaluation,
    references: References,
    *,
    out: Path | None = None,
    resume: bool = False,
    ranks: Ranks = ALONE,
) -> Run:
    """Draw, observe, measure. References are opened through `references`, each once. What goes wrong with the input
    leaves nothing in `out`; what was saved before an interruption or where disk or memory ran out stays, for `resume`.
    Dismissed, once its samples are drawn, on every rank but 0."""
    started, clock = time_now(), time.monotonic()
    features = _open_features(evaluation)
    journal = Journal(out, _identity(evaluation, features), resume=resume, ranks=ranks)
    try:
        reference = _open_reference(evaluation, features, references, journal, ranks)
        theirs = () if reference is None else reference.classes
        classes = classes_of(evaluation.sampler, theirs, evaluation.settings.class_order)
        test = _open_test(evaluation, features, references, theirs, journal, ranks)
        if are_by_class(evaluation.plan.images):
            say_generated(evaluation.sampler)
        measurement = Measurement(evaluation, features, reference, journal, ranks, test, classes)
        results, distances = measured(measurement)
    except (OutputError, DeviceMemoryError, ForeignCodeError):
        raise
    except GanprobeError:
        journal.discard()
        raise
    record = Record(
        Subject(evaluation.sampler.name, evaluation.sampler.fingerprint),
        None if measurement.reference is None else measurement.reference.subject,
        results,
        provenance_of(measurement, started, time.monotonic() - clock),
    )
    settings = evaluation.settings
    pictures = picture_run(evaluation.sampler, seed=settings.seed, samples=settings.count, distances=distances)
    return Run(record, pictures)


def _open_features(evaluation: Evaluation) -> FeatureSet:
    settings, plan = evaluation.settings, evaluation.plan
    assert settings.features is not None, "prepare settles it"
    return open_features(
        settings.features,
        device=evaluation.device,
        columns=plan.columns,
        distances=plan.distances,
        files=files_of(settings, scorer=evaluation.scorer),
    )


def _open_reference(
    evaluation: Evaluation, features: FeatureSet, references: References, journal: Journal, ranks: Ranks
) -> Reference | None:
    metrics = [planned.metric for planned in evaluation.plan.needs_reference]
    if evaluation.reference is None or not metrics:
        return None
    settings = evaluation.settings
    return references.open(
        evaluation.reference,
        metrics,
        features,
        batch_size=settings.batch_size,
        reading=_of_real(settings),
        protocol=settings.reference_protocol,
        cache=settings.cache,
        journal=journal,
        ranks=ranks,
    )


def _open_test(
    evaluation: Evaluation,
    features: FeatureSet,
    references: References,
    like: Sequence[str],
    journal: Journal,
    ranks: Ranks,
) -> Reference | None:
    """like: the classes of the reference, whose labels those of the test images become."""
    metrics = [planned.metric for planned in evaluation.plan.all if planned.spec.needs_test]
    if evaluation.test is None or not metrics:
        return None
    settings = evaluation.settings
    return references.open(
        evaluation.test,
        metrics,
        features,
        batch_size=settings.batch_size,
        reading=_of_real(settings),
        like=like,
        cache=settings.cache,
        journal=journal,
        ranks=ranks,
    )


def _of_real(settings: Settings) -> dict[str, Any]:
    """How real images are read. Their own order of classes stays: the generator's are matched with it."""
    return {**settings.reading, "class_order": None}


def _of_generated(settings: Settings) -> Settings:
    """How generated images are read: a file of labels is of real ones."""
    labels = settings.labels if settings.labels in (NONE, FOLDERS) else None
    return dataclasses.replace(settings, labels=labels, class_order=None)


def _identity(evaluation: Evaluation, features: FeatureSet) -> dict[str, Any]:
    settings = said(evaluation.settings)
    return {
        "generator": evaluation.sampler.fingerprint,
        "extractor": features.extractor.fingerprint,
        "distances": sorted(each.network.fingerprint for each in features.distances.values()),
        "metrics": sorted(evaluation.plan.asked),
        **{key: value for key, value in settings.items() if key not in _NOT_IDENTITY},
    }
