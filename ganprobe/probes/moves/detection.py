"""A network that says whether two images differ from their originals by the same move, and how often it is right.

Patel et al. 2021, "LT-GAN: Self-supervised GAN with latent transformation detection", section 3: two fully connected
layers on both differences of features, side by side.

>>> pair_labels(range(0, 4)).tolist()
[1.0, 0.0]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganprobe.core.results import Estimate
from ganprobe.core.streams import derive_seed, stream
from ganprobe.directions.methods.interfacegan import wilson_interval
from ganprobe.probes.moves.protocol import BATCH, FOLDS, HIDDEN, STEPS
from ganprobe.samplers.moves import PER_PAIR, same_move
from ganprobe.training.supervised import LoopSettings, Run, fit, initialised, signature_of

CHANCE: Final = 0.5
_LOOP: Final = LoopSettings(steps=STEPS, batch_size=BATCH, peak=0.1, bfloat16=False)
_AT_ONCE: Final = 4096


@final
class Detector(nn.Module):
    """Two rows of differences (N, 2, F) to logits (N,): above 0 where they share their move. scale: (F,), what the
    differences are divided by."""

    scale: Tensor

    def __init__(self, width: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(width))
        self.body = nn.Sequential(nn.Linear(PER_PAIR * width, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, pairs: Tensor) -> Tensor:
        logits: Tensor = self.body((pairs / self.scale).flatten(1))
        return logits.squeeze(1)


def pair_labels(index: range) -> Tensor:
    """(N / 2,) float32: 1 for each pair of rows `index` that shares its move."""
    return same_move(index)[::PER_PAIR].float()


def trained_detector(
    pairs: Tensor, labels: Tensor, *, seed: int, folder: Path, device: str, title: str, steps: int = STEPS
) -> Detector:
    """Trained on pairs (N, 2, F) float32 with labels (N,), from where `folder` was left. The order of a pair's rows is
    drawn anew each time, for it means nothing."""
    with torch.device("meta"):
        network = Detector(pairs.shape[2])
    network = initialised(network, seed)
    network.scale = pairs.square().mean((0, 1)).sqrt().clamp(min=1e-12)
    settings = LoopSettings(**{**asdict(_LOOP), "steps": steps, "batch_size": min(BATCH, len(pairs))})
    words = {**asdict(settings), "seed": seed}
    run = Run(folder, signature=signature_of(words, pairs.numpy(), labels.numpy()))
    fit(
        network,
        _Batches(pairs, labels, settings.batch_size, derive_seed(seed, "moves.batches")),
        binary_cross_entropy_with_logits,
        settings=settings,
        run=run,
        title=title,
        device=device,
    )
    return network


class _Batches:
    """Batch `step`: pairs drawn with replacement, each in either order."""

    def __init__(self, pairs: Tensor, labels: Tensor, size: int, seed: int) -> None:
        self.pairs, self.labels, self.size, self.seed = pairs, labels, size, seed

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        rng = stream(self.seed, step)
        chosen = torch.from_numpy(rng.integers(0, len(self.pairs), self.size))
        turned = torch.from_numpy(rng.random(self.size) < 0.5)
        pairs = self.pairs[chosen]
        return torch.where(turned[:, None, None], pairs.flip(1), pairs), self.labels[chosen]


@torch.inference_mode()
def detected(network: Callable[[Tensor], Tensor], pairs: Tensor, labels: Tensor, *, device: str) -> NDArray[np.bool_]:
    """(N,) whether the logits of pairs (N, 2, F) are on the side of their labels (N,)."""
    parts = [network(part.to(device)).cpu() for part in torch.split(pairs, _AT_ONCE)]
    return np.asarray(((torch.cat(parts) > 0) == (labels > 0.5)).numpy())


def cross_detected(
    rows: Tensor, *, trained_at: int, seed: int, folder: Path, device: str, **options: Any
) -> NDArray[np.bool_]:
    """(S, P): whether each of P pairs is told aright at each of S sigmas, of rows (2 P, S, F). Two networks are trained
    at sigma number `trained_at`, each on half of the pairs, and tell of the other half."""
    pairs = rows.reshape(-1, PER_PAIR, *rows.shape[1:])
    labels = pair_labels(range(len(rows)))
    folds = torch.arange(len(pairs)) // 2 % FOLDS
    right = np.zeros((rows.shape[1], len(pairs)), dtype=bool)
    for fold in range(FOLDS):
        known, new = (folds != fold), (folds == fold)
        network = trained_detector(
            pairs[known][:, :, trained_at].contiguous(),
            labels[known],
            seed=derive_seed(seed, "moves.detector", fold),
            folder=folder / f"moves-{fold}",
            device=device,
            title=f"detector {fold + 1} of {FOLDS}",
            **options,
        )
        for number in range(rows.shape[1]):
            right[number, new.numpy()] = detected(network, pairs[new][:, :, number], labels[new], device=device)
    return right


def share_right(right: NDArray[np.bool_]) -> Estimate:
    """The share of independent pairs (P,) that are told aright, with Wilson's interval."""
    n, count = len(right), int(right.sum())
    share = count / n
    return Estimate(share, wilson_interval(count, n), n, share * (1 - share) / n)
