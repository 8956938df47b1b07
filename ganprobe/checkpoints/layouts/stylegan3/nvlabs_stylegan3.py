"""StyleGAN3's networks, known by their tensors so that they can be refused by name."""

from __future__ import annotations

from ganprobe.checkpoints.layout import Shapes

REFUSAL = (
    "holds a StyleGAN3 generator, which is not supported yet; StyleGAN, StyleGAN2 and StyleGAN2-ADA generators are, "
    "in the layouts that `ganprobe list layouts` shows"
)


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names are of a StyleGAN3 generator: its input is made of Fourier features."""
    return all(f"synthesis.input.{name}" in shapes for name in ("freqs", "phases", "transform"))
