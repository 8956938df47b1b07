"""The auxiliary network that a training with latent-transformation detection leaves, and how often it is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprobe.generators.base import Discriminator, check_layers
from ganprobe.probes.linear.discriminators import readable_discriminator
from ganprobe.probes.moves.detection import pair_labels
from ganprobe.probes.task_files import read_task_file
from ganprobe.samplers.moves import PER_PAIR, Moves
from ganprobe.training.tasks.lt import Settings, auxiliary_network, pooled_shape, transformation_features

_DECIDING = ("layer", "sigma", "grid", "auxiliary", "hidden", "difference")


@dataclass(frozen=True, slots=True, eq=False)
class Auxiliary:
    """What a run left: its discriminator, the network on differences of a layer of it, and how both were trained."""

    discriminator: Discriminator
    network: nn.Module
    settings: Settings


def auxiliary_of(run: Path) -> Auxiliary:
    """Of the folder of a training. InputError where it was trained without lt, CheckpointError where its files do not
    fit together."""

    def built(said: dict[str, Any], tensors: dict[str, Tensor]) -> Auxiliary:
        discriminator = readable_discriminator(run / "D.safetensors")
        settings = Settings(**{name: said[name] for name in _DECIDING})
        check_layers(discriminator, [settings.layer])
        shape = pooled_shape(discriminator.layers[settings.layer], settings.grid)
        network = auxiliary_network(shape, settings, seed=0)
        network.load_state_dict(tensors)
        return Auxiliary(discriminator, network.eval().requires_grad_(False), settings)

    return read_task_file(run, "lt", "auxiliary network", built, otherwise=", or evaluate lt_probe")


@torch.inference_mode()
def told_aright(
    auxiliary: Auxiliary, moves: Moves, index: range, *, seed: int, device: torch.device
) -> NDArray[np.bool_]:
    """(S, P): whether it tells the P pairs of rows `index` aright at each of the S sigmas."""
    settings, network = auxiliary.settings, auxiliary.network.to(device)
    plain, *moved = (_features(auxiliary, each.to(device)) for each in moves.images(index, seed=seed))
    wanted, rows = pair_labels(index) > 0.5, []
    for each in moved:
        f = transformation_features(plain, each, grid=settings.grid, difference=settings.difference)
        logits: Tensor = network(f[::PER_PAIR], f[1::PER_PAIR]).squeeze(1).cpu()
        rows.append(((logits > 0) == wanted).numpy())
    return np.stack(rows)


def _features(auxiliary: Auxiliary, images: Tensor) -> Tensor:
    discriminator, layer = auxiliary.discriminator.to(images.device), auxiliary.settings.layer
    classes = getattr(discriminator.config, "num_classes", 0)
    labels = torch.zeros(len(images), dtype=torch.int64, device=images.device) if classes else None
    return discriminator.judge(images, labels, features=(layer,)).features[layer]
