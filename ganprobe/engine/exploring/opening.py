"""What an exploration is of, opened: a generator, files of directions, latents of one's own, a scorer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from ganprobe.core.calls.directing import ExploreCall
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.directions import Directions
from ganprobe.directions.edits.moves import check_fits
from ganprobe.directions.latents import latent_sampler
from ganprobe.engine.exploring.commands import Origin
from ganprobe.engine.exploring.scene import Point, Scene
from ganprobe.engine.exploring.studio import Shelf, Studio
from ganprobe.engine.opening.directions import fitted_directions, own_directions
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.latents import own_latents
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.opening.scorers import scorer_for
from ganprobe.features.scores import ScoreTable
from ganprobe.samplers.generator import GeneratorSampler


def open_studio(generator: str | Path | Sampler | nn.Module, call: ExploreCall) -> tuple[Studio, Origin]:
    """The studio of a call, and what its things are called. Its truncation is of no matter here: every scene has its
    own, and the first one begins with it. Everything that can be told without the generator is looked
    at before it is opened. Errors: as the parts have them."""
    known = [each if isinstance(each, Directions) else own_directions(each) for each in call.directions]
    device = open_device(call.device)
    sampler = latent_sampler(open_sampler(generator, device=device, key=call.key, output_range=call.output_range))
    shelves = [_shelf(file, found, sampler, call) for file, found in zip(call.directions, known, strict=True)]
    own = None
    if call.latents is not None:
        own = own_latents(call.latents, sampler, space=call.latent_space, any_generator=call.any_generator)
    studio = Studio(sampler, shelves, own=own, table=_table(sampler, call, device))
    return studio, _origin(generator, call)


def _shelf(file: str | Path | Directions, known: Directions | None, sampler: LatentSampler, call: ExploreCall) -> Shelf:
    path = "" if isinstance(file, Directions) else file
    fitted = fitted_directions(path, sampler, known=known, any_generator=call.any_generator)
    for item in fitted.known:
        check_fits(sampler, item, (0.0,))
    items = fitted.with_scales(fitted.known.items, sampler, seed=call.seed)
    ready = fitted.known if fitted.scaled else replace(fitted.known, items=tuple(items))
    return Shelf(ready, str(path) or None, None if fitted.scaled else call.seed)


def _table(sampler: LatentSampler, call: ExploreCall, device: torch.device) -> ScoreTable | None:
    """None where no scorer was named and nobody knows one for what the generator draws."""
    try:
        return ScoreTable(scorer_for(sampler, call.scorer, device))
    except InputError:
        if call.scorer is not None:
            raise
        return None


def _origin(generator: object, call: ExploreCall) -> Origin:
    return Origin(
        generator=str(generator) if isinstance(generator, str | Path) else None,
        key=call.key,
        output_range=call.output_range,
        device=call.device,
        latents=str(call.latents) if isinstance(call.latents, str | Path) else None,
        latent_space=call.latent_space,
        any_generator=call.any_generator,
    )


def first_scene(studio: Studio, call: ExploreCall) -> Scene:
    """The one to begin with: sample 0, or the first of one's own latents, with the truncation of the call or that of a
    sampler. InputError and CapabilityError for a truncation that does not fit the generator."""
    given, sampler = call.truncation, studio.sampler
    if given == 1.0 and isinstance(sampler, GeneratorSampler):
        given = sampler.truncation
    studio.at(given)
    psi, cutoff = given if isinstance(given, tuple) else (given, None)
    own = studio.own is not None
    return Scene(
        point=Point(seed=call.seed, own=own), truncation=float(psi), cutoff=cutoff, noise="own" if own else "const"
    )
