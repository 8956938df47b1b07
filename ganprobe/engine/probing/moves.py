"""The auxiliary network of a training with latent-transformation detection, over sigma (LT-GAN's Figure 5).

run = probe_moves("runs/lt", MovesCall(samples=50_000))
run["lt_probe@auxiliary"].value
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.calls.probing import MovesCall
from ganprobe.core.files import sha256_of
from ganprobe.core.results import Estimate, Result
from ganprobe.core.tables import detail_table
from ganprobe.engine.probing.generated import Answers, Probing
from ganprobe.engine.run import Run
from ganprobe.probes.moves.auxiliary import Auxiliary, auxiliary_of, told_aright
from ganprobe.probes.moves.detection import CHANCE, share_right
from ganprobe.probes.moves.protocol import SIGMAS
from ganprobe.samplers.moves import Moves, check_sigmas

METRIC: Final = "lt_probe@auxiliary"
GROUP: Final = 4
"""Samples of a pair that shares its move and of one that does not."""


def probe_moves(run: str | Path, call: MovesCall) -> Run:
    """Probe the run in a folder: a result `lt_probe@auxiliary`, at the sigma that it was trained at.

    Errors: InputError for a run without lt and sigmas that are none, CheckpointError where its files do not fit.
    """
    root, given = Path(run), call.sigmas or SIGMAS
    check_sigmas(given)
    auxiliary = auxiliary_of(root)
    probing = Probing.begun(root, call)
    sigmas = tuple(sorted({*given, auxiliary.settings.sigma}))
    moves, protocol = Moves(probing.sampler, sigmas), _protocol(auxiliary, sigmas, call)
    plan = {**protocol, "files": [sha256_of(root / name) for name in ("D.safetensors", "tasks/lt.safetensors")]}

    def ask(index: range) -> Answers:
        return {"right": told_aright(auxiliary, moves, index, seed=call.seed, device=probing.device).T.astype(np.uint8)}

    right = probing.answers(ask, plan, title=moves.name, group=GROUP)["right"].T > 0
    value = _estimate(right, sigmas, auxiliary.settings.sigma)
    return probing.record([Result(METRIC, value, "higher", "discriminator", protocol, probing.seconds)])


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
