"""What each method found, as directions with names, scales and scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.calls.shared import Extremes
from ganprobe.core.errors import CapabilityError, InputError, UntoldError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.registry import unknown
from ganprobe.directions.direction import Direction
from ganprobe.directions.latents import DrawnSpace, spread_along
from ganprobe.directions.methods.boundary import project_boundary
from ganprobe.directions.methods.entangled import entangled
from ganprobe.directions.methods.ganspace import ganspace_components
from ganprobe.directions.methods.interfacegan import Separation, separate, told_apart
from ganprobe.directions.methods.sefa import sefa_factors
from ganprobe.metrics.disentanglement.correlation import attribute_correlation
from ganprobe.samplers.generator import GeneratorSampler

Condition = tuple[str, tuple[str, ...]]
"""An attribute, and the attributes that moving along it shall leave alone."""


def sefa_directions(
    sampler: LatentSampler, *, count: int, layers: Sequence[int] | None, samples: int, seed: int
) -> list[Direction]:
    """sefa_0, sefa_1, ...: in w with the layers that they came from (all of them: None); the scale in w measured over
    `samples` latents. scores: eigenvalue, share. Errors as `sefa_factors`, CapabilityError without a native network."""
    if not isinstance(sampler, GeneratorSampler):
        raise CapabilityError(f"sefa reads weights, and the networks inside {sampler.name} are not known")
    factors = sefa_factors(sampler.generator, count=count, layers=layers)
    scales = spread_along(sampler, factors.vectors, samples=samples, seed=seed, space=factors.space)
    moved = factors.layers if factors.space == "w" and layers is not None else None
    return [
        Direction(
            name=f"sefa_{i}",
            space=factors.space,
            vector=vector,
            scale=float(scales[i]),
            layers=moved,
            scores={"eigenvalue": float(factors.eigenvalues[i]), "share": float(factors.share[i])},
        )
        for i, vector in enumerate(factors.vectors)
    ]


def ganspace_directions(
    sampler: LatentSampler, *, count: int, samples: int, seed: int, space: DrawnSpace | None
) -> list[Direction]:
    """ganspace_0, ganspace_1, ... scores: deviation, explained, and their running sum explained_so_far. Errors as
    `ganspace_components`."""
    found = ganspace_components(sampler, count=count, samples=samples, seed=seed, space=space)
    so_far = np.cumsum(found.explained)
    return [
        Direction(
            name=f"ganspace_{i}",
            space=found.space,
            vector=vector,
            scale=float(found.deviations[i]) if found.analysed == "w" else 1.0,
            scores={
                "deviation": float(found.deviations[i]),
                "explained": float(found.explained[i]),
                "explained_so_far": float(so_far[i]),
            },
        )
        for i, vector in enumerate(found.vectors)
    ]


def interfacegan_directions(
    sampler: LatentSampler,
    scores: Mapping[str, NDArray[np.floating]],
    *,
    spaces: Sequence[DrawnSpace],
    seed: int,
    extremes: Extremes | None = None,
    conditions: Sequence[Condition] = (),
) -> tuple[list[Direction], dict[str, Any]]:
    """A direction for each attribute and space, then those that were conditioned, and the tables for JSON: separations,
    cosines between the boundaries of a space, the entangled ones with the conditions that would mend them, correlations
    of the scores. Attributes whose scores do not tell the ends apart have no direction; "untold" says why.

    A conditioned direction is called as InterFaceGAN's files are, age_c_gender_eyeglasses. Errors as `separate`,
    `check_conditions` and `project_boundary`.
    """
    check_conditions(scores, conditions)
    scores, untold = told_apart(scores, extremes=extremes, seed=seed)
    _check_told(untold, conditions)
    separations = [
        each for space in spaces for each in separate(sampler, scores, space=space, seed=seed, extremes=extremes)
    ]
    items = [_of_separation(each) for each in separations]
    samples = len(next(iter(scores.values())))
    for space in spaces if conditions else ():
        normals = {each.attribute: each.boundary.normal for each in separations if each.space == space}
        items += _conditioned(sampler, normals, conditions, space=space, samples=samples, seed=seed)
    table = np.stack([np.asarray(values, np.float64) for values in scores.values()], axis=1)
    return items, {
        "separations": [each.to_json() for each in separations],
        "cosines": {space: _cosines(item for item in items if item.space == space) for space in spaces},
        "entangled": {space: _entangled(each for each in separations if each.space == space) for space in spaces},
        **({"untold": untold} if untold else {}),
        "score_correlation": {"names": list(scores), "matrix": attribute_correlation(table).tolist()},
    }


def check_conditions(attributes: Iterable[str], conditions: Sequence[Condition]) -> None:
    """InputError for an unknown attribute, for a condition on nothing, on itself, or asked for twice."""
    known = list(attributes)
    for primal, others in conditions:
        for name in (primal, *others):
            if name not in known:
                raise unknown("attribute", name, known)
        if not others or primal in others:
            raise InputError(f"a condition on {primal!r} needs other attributes, got {', '.join(others) or 'none'}")
    names = [conditioned_name(*condition) for condition in conditions]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"the condition {twice[0]} was asked for twice; ask once")


def _check_told(untold: Mapping[str, str], conditions: Sequence[Condition]) -> None:
    for name in (name for primal, others in conditions for name in (primal, *others)):
        if name in untold:
            raise UntoldError(f"a condition names {name!r}, and {untold[name]}")


def conditioned_name(primal: str, others: Sequence[str]) -> str:
    """age_c_gender_eyeglasses: age, with gender and eyeglasses left alone."""
    return f"{primal}_c_{'_'.join(others)}"


def _of_separation(each: Separation) -> Direction:
    scores = {"train": each.train.value, "validation": each.validation.value}
    scores |= {f"remaining_{name}": accuracy.value for name, accuracy in each.remaining.items()}
    return Direction(
        name=each.attribute,
        space=each.space,
        vector=each.boundary.normal,
        scale=1.0 if each.space == "z" else each.spread,
        intercept=each.boundary.intercept,
        scores=scores,
    )


def _conditioned(
    sampler: LatentSampler,
    normals: Mapping[str, NDArray[np.float64]],
    conditions: Sequence[Condition],
    *,
    space: DrawnSpace,
    samples: int,
    seed: int,
) -> list[Direction]:
    vectors = [project_boundary(normals[primal], *(normals[name] for name in others)) for primal, others in conditions]
    scales = spread_along(sampler, np.stack(vectors), samples=samples, seed=seed, space=space)
    return [
        Direction(
            name=conditioned_name(primal, others),
            space=space,
            vector=vector,
            scale=float(scale),
            scores={"cosine_with_primal": float(vector @ normals[primal])},
        )
        for (primal, others), vector, scale in zip(conditions, vectors, scales, strict=True)
    ]


def _cosines(items: Iterable[Direction]) -> dict[str, Any]:
    chosen = list(items)
    vectors = np.stack([item.vector for item in chosen]).astype(np.float64)
    return {"names": [item.name for item in chosen], "matrix": np.clip(vectors @ vectors.T, -1, 1).tolist()}


def _entangled(separations: Iterable[Separation]) -> list[dict[str, Any]]:
    chosen = list(separations)
    found = entangled([each.attribute for each in chosen], np.stack([each.boundary.normal for each in chosen]))
    return [each.to_json() for each in found.values()]
