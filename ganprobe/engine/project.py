"""Pictures to latents: what a generator makes of them, how near it comes, and how near its own samples are.

found = projected("toyfaces-stylegan", ["me.png"], ProjectCall(steps=500))
found.save("latents.safetensors")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.calls.directing import ProjectCall
from ganprobe.core.errors import InputError
from ganprobe.core.files import check_writable, write_bytes
from ganprobe.core.notebook import shown
from ganprobe.core.progress import Track, tell
from ganprobe.core.spaces import Space
from ganprobe.core.tables import DetailTable
from ganprobe.core.version import __version__
from ganprobe.directions import LatentSet, save_latents
from ganprobe.directions.inversion.descent import Projecting, State, descended
from ganprobe.directions.inversion.generating import Network, network_behind
from ganprobe.directions.inversion.start import Distance, started
from ganprobe.directions.latents import weights_fingerprint
from ganprobe.engine.columns.distances import DISTANCES, NamedDistance
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.latents import class_number
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.opening.targets import Targets, check_targets, open_targets
from ganprobe.engine.passes.journal import Journal
from ganprobe.features import to_uint8
from ganprobe.report.figures.projection import projection_png

SUFFIX, NAME, PICTURE = ".safetensors", "latents", ".png"
AUTO: Final = "auto"
KEYS: Final[Mapping[str, str]] = {"embedded": "", "imagenet": "imagenet-floats", "lpips": "stylegan"}
"""Of the distances as they are on floats; LPIPS sees large images at 256 pixels, as in the paper."""
PAIRS: Final = 500
"""Pairs of samples among whose distances those of the results are placed."""
CURVE: Final = 50
"""Steps between two losses that are kept."""
PASS: Final = "project"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Projection:
    """latents: what was found, with names, labels, noise and origin. distances: (N,) of the results to the targets.
    percentiles: (N,) the share, in percent, of pairs of the generator's own samples that are nearer to one another.
    pairs: (P,) their distances, sorted. starts: (N,) the distances at which the optimisations started. targets, images:
    (N, 3, H, W) uint8, what was given and what the latents give. note: what was done to the pictures."""

    latents: LatentSet
    distances: NDArray[np.float64]
    percentiles: NDArray[np.float64]
    pairs: NDArray[np.float64]
    starts: NDArray[np.float64]
    targets: NDArray[np.uint8]
    images: NDArray[np.uint8]
    note: str = ""

    @property
    def table(self) -> DetailTable:
        """A row for each picture."""
        return _table(self.rows, self.distances, self.percentiles, self.starts)

    @property
    def rows(self) -> tuple[str, ...]:
        """The names, and the classes where there are any."""
        labels = self.latents.labels
        names = self.latents.names
        if labels is None:
            return names
        said = self.latents.origin.get("classes", [])
        told = [str(said[label] if said else label) for label in labels.tolist()]
        return tuple(f"{name} (class {own})" for name, own in zip(names, told, strict=True))

    def to_frame(self) -> pd.DataFrame:
        """One row a picture."""
        table = self.table
        return pd.DataFrame(table.values, index=list(table.rows), columns=list(table.columns))

    def _repr_html_(self) -> str:
        facts = [("in", self.latents.generator), ("space", self.latents.space), ("steps", self.latents.origin["steps"])]
        return shown(f"{len(self.latents)} projected", facts=facts, pictures=[(self.table.title, self.picture())])

    def picture(self) -> bytes:
        """A PNG of target, result and difference, a row for each picture."""
        said = [
            f"{name}\ndistance {distance:.4g}\nnearer than this: {percent:.3g}% of pairs"
            for name, distance, percent in zip(self.rows, self.distances, self.percentiles, strict=True)
        ]
        return projection_png(self.targets, self.images, said)

    def save(self, out: str | Path) -> Path:
        """Write the latents and, beside them, their picture. out: a file that ends in .safetensors, or a folder, for
        latents.safetensors in it. Gives the file. OutputError where it cannot be written."""
        path = file_of(out)
        write_bytes(path.with_suffix(PICTURE), self.picture())
        save_latents(path, self.latents)
        return path


def file_of(out: str | Path) -> Path:
    """The file of latents that `out` means. InputError for a file with another ending."""
    path = Path(out)
    if path.suffix == SUFFIX:
        return path
    if path.suffix and not path.is_dir():
        raise InputError(f"latents are kept in a file that ends in {SUFFIX}, got {path.name!r}")
    return path / f"{NAME}{SUFFIX}"


def projected(generator: Any, images: Any, call: ProjectCall) -> Projection:
    """The latents of pictures in a generator.

    generator: as `ganprobe.load` takes it, or a sampler. images: as `open_targets` takes them. Errors, before any work:
    InputError and DataError for pictures that are none, CapabilityError for a generator without latents, gradients, the
    space or noise maps; InputError for a class that is none, CheckpointError for weights of a distance.
    """
    check_targets(images)
    file = None if call.out is None else file_of(call.out)
    if file is not None:
        check_writable(file.parent)
    device = open_device(call.device)
    opened = open_sampler(generator, device=device, key=call.key, output_range=call.output_range)
    space: Space = call.space or ("w" if "w" in opened.spec.spaces else "z")
    sampler = network_behind(opened, space, maps=call.noise == "optimised")
    label = None if call.label in (None, AUTO) else class_number(sampler.spec, call.label)
    if call.label == AUTO and not sampler.spec.num_classes:
        raise InputError(f"{sampler.name} has no classes to choose from; leave the class out")
    targets = open_targets(images, sampler.spec.image_shape)
    named = DISTANCES[KEYS[call.measured_by]](sampler.device, call.vgg_weights)
    if targets.said:
        tell(f"ganprobe: {targets.said}")
    of = _projecting(sampler, targets, named.call, call, space, label)
    state = _descended(of, named, file, call.resume)
    return _finished(of, state, targets, named, call)


def _projecting(
    sampler: Network, targets: Targets, distance: Distance, call: ProjectCall, space: Space, label: int | None
) -> Projecting:
    goal = torch.from_numpy(targets.pixels).to(sampler.device).float() / 127.5 - 1
    return Projecting(
        sampler=sampler,
        distance=distance,
        space=space,
        targets=goal,
        keys=targets.keys,
        start=started(sampler, goal, distance, space=space, label=label, seed=call.seed),
        steps=call.steps,
        seed=call.seed,
        maps=call.noise == "optimised",
    )


def _descended(of: Projecting, named: NamedDistance, file: Path | None, resume: bool) -> State:
    """All steps, from where a killed run of the same stopped, if it is to be taken up."""
    plan = {
        "command": PASS,
        "generator": weights_fingerprint(of.sampler),
        "pictures": of.keys,
        "distance": _network(named),
        "space": of.space,
        "steps": of.steps,
        "seed": of.seed,
        "maps": of.maps,
        "labels": None if of.start.labels is None else of.start.labels.tolist(),
    }
    place = None if file is None else file.with_name(f"{file.stem}-{PASS}")
    journal = Journal(place, plan, resume=resume)
    done, kept = journal.load(PASS)
    state = _unpacked(kept[PASS], of, done) if done else of.begun()
    with Track("steps", of.steps, done=done, unit="steps") as track:

        def after(now: State) -> None:
            track.advance(1)
            if journal.due(finished=False):
                journal.save(PASS, now.step, {PASS: _packed(now)})

        state = descended(of, state, after=after)
    journal.discard()
    return state


def _packed(state: State) -> dict[str, NDArray[Any]]:
    parts = {"weights": state.weights, "first": state.first, "second": state.second}
    tensors = {f"{name}.{k:02}": each for name, several in parts.items() for k, each in enumerate(several)}
    return {name: each.cpu().numpy() for name, each in {**tensors, "losses": state.losses}.items()}


def _unpacked(arrays: Mapping[str, NDArray[Any]], of: Projecting, step: int) -> State:
    device = of.targets.device

    def several(name: str) -> tuple[Tensor, ...]:
        keys = sorted(key for key in arrays if key.startswith(f"{name}."))
        return tuple(torch.from_numpy(np.array(arrays[key])).to(device) for key in keys)

    return State(
        step=step,
        weights=several("weights"),
        first=several("first"),
        second=several("second"),
        losses=torch.from_numpy(np.array(arrays["losses"])).to(device),
    )


def _finished(of: Projecting, state: State, targets: Targets, named: NamedDistance, call: ProjectCall) -> Projection:
    sampler, start = of.sampler, of.start
    noise: Any = tuple(state.weights[1:]) if of.maps else "const"
    made = sampler.synthesize(
        state.weights[0], space=of.space, labels=start.labels, noise=list(noise) if of.maps else noise
    )
    first = sampler.synthesize(start.points, space=of.space, labels=start.labels)
    distances, starts = (_distances(of.distance, each, of.targets, sampler) for each in (made, first))
    pairs = np.sort(_pairs(of, call.seed))
    percentiles = 100 * np.searchsorted(pairs, distances) / len(pairs)
    latents = LatentSet(
        space=of.space,
        values=state.weights[0].cpu(),
        labels=None if start.labels is None else start.labels.cpu(),
        noise=tuple(each.cpu() for each in noise) if of.maps else "const",
        names=targets.names,
        generator=sampler.name,
        fingerprint=weights_fingerprint(sampler),
    )
    found = Projection(
        latents=latents,
        distances=distances,
        percentiles=percentiles,
        pairs=pairs,
        starts=starts,
        targets=targets.pixels,
        images=to_uint8(made).cpu().numpy(),
        note=targets.said,
    )
    return replace(found, latents=replace(latents, origin=_origin(found, of, state, named)))


def _origin(found: Projection, of: Projecting, state: State, named: NamedDistance) -> dict[str, Any]:
    """How the latents came about, for their file."""
    classes = list(of.sampler.spec.class_names)
    shown = sorted({*range(0, of.steps, CURVE), of.steps - 1})
    return {
        "command": PASS,
        "ganprobe": __version__,
        "torch": torch.__version__,
        "steps": of.steps,
        "seed": of.seed,
        "distance": _network(named),
        "pictures": {"sha256": list(of.keys), "note": found.note},
        **({"classes": classes} if classes else {}),
        "results": _table(found.rows, found.distances, found.percentiles, found.starts).to_json(),
        "pairs": {
            "count": len(found.pairs),
            "quantiles": {str(q): float(np.quantile(found.pairs, q)) for q in (0.01, 0.25, 0.5, 0.75)},
        },
        "losses": {"steps": shown, "values": state.losses[shown].cpu().double().numpy().round(6).tolist()},
    }


def _network(named: NamedDistance) -> dict[str, str]:
    return {"name": named.network.name, "fingerprint": named.network.fingerprint}


def _table(
    rows: tuple[str, ...],
    distances: NDArray[np.float64],
    percentiles: NDArray[np.float64],
    starts: NDArray[np.float64],
) -> DetailTable:
    return DetailTable(
        name="projection",
        title="How near the generator comes to each picture",
        rows=rows,
        columns=("distance", "percentile", "at the start"),
        values=tuple(zip(distances.tolist(), percentiles.tolist(), starts.tolist(), strict=True)),
        note=f"percentile: so many in a hundred pairs of the generator's own samples ({PAIRS}) are nearer",
    )


@torch.no_grad()
def _distances(distance: Distance, made: Tensor, targets: Tensor, sampler: Network) -> NDArray[np.float64]:
    block = sampler.spec.block
    parts = [distance(made[k : k + block], targets[k : k + block]) for k in range(0, len(made), block)]
    return torch.cat(parts).cpu().double().numpy()


def _pairs(of: Projecting, seed: int) -> NDArray[np.float64]:
    """Distances of samples 2i and 2i + 1."""
    block, rows = of.sampler.spec.block, []
    for low in range(0, 2 * PAIRS, block):
        images = of.sampler.batch(range(low, min(low + block, 2 * PAIRS)), seed=seed).images.to(of.targets.device)
        rows.append(_distances(of.distance, images[0::2], images[1::2], of.sampler))
    return np.concatenate(rows)
