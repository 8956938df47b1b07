"""The head that a training with codes leaves (Q of InfoGAN), and what it reads from generated images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.streams import derive_seed
from ganprobe.generators.base import Discriminator
from ganprobe.generators.codes import CodeLayout
from ganprobe.generators.layers.norms import Standardise, accumulate_statistics
from ganprobe.probes.linear.discriminators import readable_discriminator
from ganprobe.probes.task_files import read_task_file
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.training.tasks.info import FEATURES, CodeHead

STANDING_BATCHES: Final = 16
STANDING_BATCH: Final = 64

RIGHT: Final = "right"
"""(N, how many categorical codes): whether the likeliest value is the code's."""
SURPRISE: Final = "surprise"
"""(N, how many categorical codes): -log Q(c | x), in nats."""
CODES: Final = "codes"
"""(N, how many continuous codes), in (-1, 1)."""
MEANS: Final = "means"
"""(N, how many continuous codes): what Q takes them for."""

Reading = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class CodeReader:
    """A discriminator, the head on its last features, and where the codes lie in the generator's z."""

    discriminator: Discriminator
    head: CodeHead
    layout: CodeLayout


def codes_of(sampler: LatentSampler, run: Path) -> CodeLayout:
    """Where the codes lie in z. InputError for a generator without any."""
    generator = sampler.generator if isinstance(sampler, GeneratorSampler) else None
    if generator is None or generator.codes is None:
        raise InputError(f"the generator of {run} has no codes; train one that has some (infogan)")
    return generator.codes


def code_reader_of(run: Path, layout: CodeLayout) -> CodeReader:
    """Of the folder of a training. InputError where it was trained without info, CheckpointError where its files do not
    fit together."""

    def built(said: dict[str, Any], tensors: dict[str, Tensor]) -> CodeReader:
        discriminator = readable_discriminator(run / "D.safetensors")
        head = CodeHead(discriminator.layers[FEATURES][0], said["hidden"], layout, seed=0)
        head.load_state_dict(tensors)
        if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            raise CheckpointError(f"{run / 'tasks' / 'info.safetensors'} holds values that are not finite; train again")
        return CodeReader(discriminator, head.eval().requires_grad_(False), layout)

    return read_task_file(run, "info", "head that reads codes", built)


def settle(reader: CodeReader, sampler: LatentSampler, *, seed: int) -> None:
    """Batch norms of the discriminator normalise generated images by their own statistics in training, and keep a mean
    of these and of real images': they are given standing statistics of generated ones, so that the head is asked what
    it has learnt to answer."""
    network = reader.discriminator
    if not any(isinstance(layer, Standardise) for layer in network.modules()):
        return
    index = [range(k * STANDING_BATCH, (k + 1) * STANDING_BATCH) for k in range(STANDING_BATCHES)]
    drawn = derive_seed(seed, "codes.standing")
    device = next(network.parameters()).device

    def look(part: range) -> None:
        network.features(sampler.batch(part, seed=drawn).images.to(device))

    accumulate_statistics(network, (partial(look, part) for part in index))


@torch.inference_mode()
def read_codes(reader: CodeReader, images: Tensor, z: Tensor) -> Reading:
    """What the head reads from images (N, 3, H, W) that were made of z (N, z_dim), beside what they were made of."""
    wanted = reader.layout.read(z.cpu())
    blocks, means = reader.head(reader.discriminator.features(images).float())
    pairs = list(zip(blocks, wanted.categorical.unbind(1), strict=True))
    right = [block.cpu().argmax(1) == value for block, value in pairs]
    surprise = [F.cross_entropy(block.cpu().double(), value, reduction="none") for block, value in pairs]
    nothing = torch.zeros(len(images), 0)
    found = {
        RIGHT: torch.stack(right, 1) if right else nothing,
        SURPRISE: torch.stack(surprise, 1) if surprise else nothing,
        CODES: wanted.continuous,
        MEANS: means.cpu(),
    }
    return {name: value.double().numpy() for name, value in found.items()}
