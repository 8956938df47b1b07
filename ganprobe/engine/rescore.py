"""Directions of any methods side by side: what each does to every attribute of one generator.

run = rescored("toyfaces-stylegan", ["boundaries/directions.safetensors", "sefa/directions.safetensors"])
run.save("reports/rescoring")
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch

from ganprobe.core.calls.shared import OutputRange
from ganprobe.core.columns import SCORES
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor, LatentSampler
from ganprobe.core.results import Z95, Estimate, Record, Result, Subject
from ganprobe.core.spaces import Space
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.directions import Directions, load_directions
from ganprobe.directions.latent_files.latent_set import LatentSet
from ganprobe.directions.latents import latent_sampler, weights_fingerprint
from ganprobe.directions.rescoring import LEAST, Rescored, Scores, rescore
from ganprobe.engine.methods.targets import rescored_cards, target_tables
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.latents import class_number, own_latents
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.opening.scorers import scorer_for
from ganprobe.engine.pictures import picture_run
from ganprobe.engine.provenance import opened_as, sampler_notes, time_now, versions
from ganprobe.engine.run import Run
from ganprobe.features import load_embedded
from ganprobe.features.scores import ScoreTable

METRIC: Final = "rescoring"
EMBEDDING: Final = "embedded.features"
SAMPLES: Final = 250


def rescored(
    generator: Any,
    files: Sequence[str | Path],
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    step: float = 1.0,
    scorer: FeatureExtractor | str | Path | None = None,
    any_generator: bool = False,
    device: str | None = None,
    key: str | None = None,
    latents: str | Path | LatentSet | None = None,
    latent_space: Space | None = None,
    label: int | str | None = None,
    output_range: OutputRange | None = None,
) -> Run:
    """Re-score a generator along the directions of `files`: a result `rescoring@<method>` for each file.

    Its value is the mean, over the attributes, of the share of change that falls on the attribute, along the method's
    best direction for it. latents: own ones, or a file of them, of latent_space, in place of those drawn; `samples` is
    at most as many. label: the class of all own latents, by number or name. Errors: as `load_directions`, `rescore` and
    `scorer_for`; InputError for no files, and for directions of another generator unless `any_generator`.
    """
    started, clock = time_now(), time.monotonic()
    if not files:
        raise InputError("re-scoring needs at least one file of directions, got none")
    if samples < LEAST:
        raise InputError(f"re-scoring needs at least {LEAST} samples, got {samples}")
    known = [load_directions(file) for file in files]
    here = open_device(device)
    sampler = latent_sampler(open_sampler(generator, device=here, key=key, output_range=output_range))
    for found in known:
        found.check_generator(sampler, any_generator=any_generator)
    if label is not None and latents is None:
        raise InputError("a class is for latents of one's own (--latents), which may come without; leave it out")
    of = None if label is None else class_number(sampler.spec, label)
    own = (
        None
        if latents is None
        else own_latents(latents, sampler, space=latent_space, label=of, any_generator=any_generator)
    )
    samples = samples if own is None else min(samples, len(own))
    table = ScoreTable(scorer_for(sampler, scorer, here))
    protocol = {"step": step, "samples": samples, **_start(own), "scorer": table.fingerprint}
    rescorings = [
        _result(
            name,
            _rescored(sampler, found, table, here, samples, seed, step, own),
            {**protocol, "method": found.method},
            sampler_notes(sampler),
        )
        for name, found in zip(_names(known), known, strict=True)
    ]
    provenance = {
        **versions(here),
        "seed": seed,
        "samples": samples,
        "files": [str(file) for file in files],
        "weights": weights_fingerprint(sampler),
        **opened_as(sampler),
        "started": started,
        "seconds": round(time.monotonic() - clock, 3),
    }
    record = Record(Subject(sampler.name, sampler.fingerprint), None, _side_by_side(rescorings), provenance)
    shown = rescored_cards(
        {result.metric: found for result, found in rescorings}, sampler, seed=seed, latents=own, step=step
    )
    return Run(record, picture_run(sampler, seed=seed, samples=samples), shown)


def _rescored(
    sampler: LatentSampler,
    found: Directions,
    table: ScoreTable,
    device: torch.device,
    samples: int,
    seed: int,
    step: float,
    own: LatentSet | None,
) -> Rescored:
    embedded = load_embedded(device)
    scores: Scores = lambda images: table.observe(images)[SCORES]  # noqa: E731
    embed: Scores = lambda images: embedded.observe(images)[EMBEDDING]  # noqa: E731
    return rescore(
        sampler,
        tuple(found),
        scores,
        embed,
        attributes=table.attributes,
        samples=samples,
        seed=seed,
        step=step,
        latents=own,
    )


def _start(own: LatentSet | None) -> dict[str, Any]:
    """What the protocol says of where the moves start."""
    if own is None:
        return {"noise": "const"}
    noise = own.noise if isinstance(own.noise, str) else "their own"
    return {"noise": noise, "latents": f"own, of {own.space}"}


def _names(known: Sequence[Directions]) -> list[str]:
    """rescoring@<method> of each, told apart by a number where a method comes twice."""
    names: list[str] = []
    for found in known:
        name = f"{METRIC}@{found.method}"
        taken = sum(other.partition("#")[0] == name for other in names)
        names.append(f"{name}#{taken + 1}" if taken else name)
    return names


def _result(name: str, found: Rescored, protocol: Mapping[str, Any], notes: tuple[str, ...]) -> tuple[Result, Rescored]:
    best = [found.share(found.best(column), column) for column in range(len(found.attributes))]
    # The attributes share samples: their intervals add up at worst, which is what is said.
    variance = (sum((each.variance or 0.0) ** 0.5 for each in best) / len(best)) ** 2
    value, half = sum(each.value for each in best) / len(best), Z95 * variance**0.5
    tables = (_effects(found), _directions(found), _attributes(found))
    ends = (max(value - half, 0.0), min(value + half, 1.0))
    estimate = Estimate(value, ends, found.samples, variance, tables=tables)
    return Result(name, estimate, "higher", SCORES, protocol, 0.0, notes), found


def _effects(found: Rescored) -> DetailTable:
    rows = {
        label: [found.change(number, column) for column in range(len(found.attributes))]
        for number, label in enumerate(_labels(found))
    }
    return detail_table(
        "effects",
        "Change of every attribute along every direction",
        rows,
        columns=found.attributes,
        kind="matrix",
        note="in standard deviations of the scores, per standard deviation of the latents along the direction",
    )


def _directions(found: Rescored) -> DetailTable:
    rows = {}
    for number, label in enumerate(_labels(found)):
        change = found.change(number, found.target(number))
        drift = found.mean_drift(number)
        rows[f"{label}: {found.attributes[found.target(number)]}"] = (
            change,
            found.share(number, found.target(number)),
            found.index(number),
            drift,
        )
    return detail_table(
        "directions",
        "What each direction does, and the attribute that it is for",
        rows,
        columns=("change of its attribute", "share on it", "disentanglement", "identity drift"),
        note="identity drift: 1 minus the cosine of the embedded features before and after a step",
    )


def _attributes(found: Rescored) -> DetailTable:
    labels = _labels(found)
    rows = {}
    for column, attribute in enumerate(found.attributes):
        number = found.best(column)
        rows[f"{attribute}: {labels[number]}"] = (
            found.change(number, column),
            found.share(number, column),
            found.mean_drift(number),
        )
    return detail_table(
        "attributes",
        "The best direction for each attribute",
        rows,
        columns=("change", "share on it", "identity drift"),
    )


def _labels(found: Rescored) -> list[str]:
    return [f"{item.name} ({item.space})" for item in found.directions]


def _side_by_side(results: Sequence[tuple[Result, Rescored]]) -> tuple[Result, ...]:
    """The results, the first with the tables of all methods by attribute."""
    rows = [result for result, _ in results]
    joint = (_methods(results),) if len(rows) > 1 else ()
    targets = target_tables({result.metric: found for result, found in results})
    estimate = replace(rows[0].estimate, tables=(*joint, *targets, *rows[0].estimate.tables))
    return (replace(rows[0], estimate=estimate), *rows[1:])


def _methods(results: Sequence[tuple[Result, Rescored]]) -> DetailTable:
    """By attribute and method: the change along the method's best direction, and the share of it that is on target."""
    attributes = results[0][1].attributes
    rows: dict[str, list[Estimate]] = {attribute: [] for attribute in attributes}
    columns = []
    for result, found in results:
        method = result.metric.partition("@")[2]
        columns += [f"{method}: change", f"{method}: share on it", f"{method}: drift"]
        for column, attribute in enumerate(attributes):
            number = found.best(column)
            rows[attribute] += [
                found.change(number, column),
                found.share(number, column),
                found.mean_drift(number),
            ]
    return detail_table("methods", "Every method's best direction for each attribute", rows, columns=columns)
