"""What else decides a sampler's own images beside their latents."""

from __future__ import annotations

from torch import Tensor

from ganprobe.core.protocols import Sampler
from ganprobe.core.spaces import Truncation
from ganprobe.samplers.generator import GeneratorSampler


def conditions_of(sampler: Sampler, index: range, seed: int) -> tuple[str | list[Tensor], Truncation]:
    """The noise and truncation that belong to the sampler's own images; a foreign one has none to choose."""
    if isinstance(sampler, GeneratorSampler):
        return sampler.noise_of(index, seed=seed), sampler.synthesis_truncation()
    return "const", 1.0
