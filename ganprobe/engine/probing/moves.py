"""The auxiliary network of a training with latent-transformation detection, over sigma (LT-GAN's Figure 5).

run = probe_moves("runs/lt", MovesCall(samples=50_000))
run["lt_probe@auxiliary"].value
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.calls.probing import MovesCall
from ganprobe.core.errors import GanprobeError, InputError, OutputError
from ganprobe.core.files import check_writable, sha256_of
from ganprobe.core.progress import Track
from ganprobe.core.results import Estimate, Record, Result, Subject
from ganprobe.core.tables import detail_table
from ganprobe.directions.latents import latent_sampler
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.pictures import picture_run
from ganprobe.engine.provenance import time_now, versions
from ganprobe.engine.run import Run
from ganprobe.probes.moves.auxiliary import Auxiliary, auxiliary_of, told_aright
from ganprobe.probes.moves.detection import CHANCE, share_right
from ganprobe.probes.moves.protocol import SIGMAS
from ganprobe.samplers.moves import PER_PAIR, Moves, check_sigmas

METRIC: Final = "lt_probe@auxiliary"
WALK: Final = "moves"
GROUP: Final = 4


def probe_moves(run: str | Path, call: MovesCall) -> Run:
    """Probe the run in a folder: a result `lt_probe@auxiliary`, at the sigma that it was trained at.

    Errors: InputError for a run without lt and sigmas that are none, CheckpointError where its files do not fit.
    """
    started, clock = time_now(), time.monotonic()
    root, out = Path(run), None if call.out is None else Path(call.out)
    if call.resume and out is None:
        raise InputError("a probe is taken up from the folder that it was saved to; name it (out)")
    given = call.sigmas or SIGMAS
    check_sigmas(given)
    auxiliary = auxiliary_of(root)
    if out is not None:
        check_writable(out)
    device = open_device(call.device)
    sampler = latent_sampler(open_sampler(root / "G.safetensors", device=device))
    sigmas = tuple(sorted({*given, auxiliary.settings.sigma}))
    protocol = _protocol(auxiliary, sigmas, call)
    plan = {**protocol, "files": [sha256_of(root / name) for name in ("D.safetensors", "tasks/lt.safetensors")]}
    journal = Journal(out, {**plan, "generator": sampler.fingerprint, "seed": call.seed}, resume=call.resume)
    try:
        right = _told(auxiliary, Moves(sampler, sigmas), call, journal, device)
    except OutputError:
        raise
    except GanprobeError:
        journal.discard()
        raise
    value = _estimate(right, sigmas, auxiliary.settings.sigma)
    seconds = round(time.monotonic() - clock, 3)
    result = Result(METRIC, value, "higher", "discriminator", protocol, seconds)
    provenance = {
        **versions(device),
        "seed": call.seed,
        "samples": call.samples,
        "started": started,
        "seconds": seconds,
    }
    record = Record(Subject(root.name, sampler.fingerprint), None, (result,), provenance)
    return Run(record, picture_run(sampler, seed=call.seed, samples=call.samples))


def _told(auxiliary: Auxiliary, moves: Moves, call: MovesCall, journal: Journal, device: Any) -> NDArray[np.bool_]:
    """(S, P), in blocks, from where an earlier run was."""
    whole, block = call.samples // GROUP * GROUP, moves.sampler.spec.block
    block -= block % PER_PAIR
    done, states = journal.load(WALK)
    parts = [states["right"]["right"] > 0] if done else []
    with Track(moves.name, whole, done=done, unit="samples") as track:
        for start in range(done, whole, block):
            index = range(start, min(start + block, whole))
            parts.append(told_aright(auxiliary, moves, index, seed=call.seed, device=device))
            track.advance(len(index))
            if journal.due(finished=False):
                journal.save(WALK, index.stop, {"right": {"right": np.concatenate(parts, 1).astype(np.uint8)}})
    return np.concatenate(parts, 1)


def _estimate(right: NDArray[np.bool_], sigmas: Sequence[float], trained_at: float) -> Estimate:
    table = detail_table(
        "sigma",
        "Accuracy by sigma",
        {f"{sigma:g}": (share_right(row),) for sigma, row in zip(sigmas, right, strict=True)},
        columns=("accuracy",),
        note=f"sigma: deviation of the move in Z; the network was trained at {trained_at:g}; chance is {CHANCE:g}",
        over="sigma",
    )
    return dataclasses.replace(share_right(right[list(sigmas).index(trained_at)]), tables=(table,))


def _protocol(auxiliary: Auxiliary, sigmas: Sequence[float], call: MovesCall) -> dict[str, Any]:
    settings = auxiliary.settings
    return {
        "follows": "Patel et al. 2021, Figure 5",
        "layer": settings.layer,
        "trained_at": settings.sigma,
        "sigmas": list(sigmas),
        "network": settings.auxiliary,
        "samples": call.samples,
        "interval": "Wilson's, of the network as it is",
    }
