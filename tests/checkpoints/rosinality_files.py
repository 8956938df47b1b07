"""A small StyleGAN2 of 16 pixels under rosinality's names, and wrappers to put it in."""

from __future__ import annotations

import torch
from torch import Tensor

Tensors = dict[str, Tensor]
KERNEL = torch.tensor([1.0, 3, 3, 1])[:, None] * torch.tensor([1.0, 3, 3, 1]) / 16


def rosinality2(
    seed: int = 0, *, z: int = 16, w: int = 16, colours: int = 3, const: tuple[int, int] = (4, 4), width: int = 8
) -> Tensors:
    """Random tensors. z and w: how wide they are; colours: of the images; const: the size of the learnt constant."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    def modulated(place: str) -> Tensors:
        weight, bias = drawn(width, w), torch.ones(width)
        return {f"{place}.conv.modulation.weight": weight, f"{place}.conv.modulation.bias": bias}

    def convolution(place: str, *, enlarging: bool) -> Tensors:
        tensors = {f"{place}.conv.weight": drawn(1, width, width, 3, 3), f"{place}.noise.weight": drawn(1) * 0.1}
        blur = {f"{place}.conv.blur.kernel": KERNEL} if enlarging else {}
        return tensors | modulated(place) | {f"{place}.activate.bias": drawn(width) * 0.1} | blur

    def output(place: str) -> Tensors:
        weight, bias = drawn(1, colours, width, 1, 1), drawn(1, colours, 1, 1) * 0.1
        return {f"{place}.conv.weight": weight, f"{place}.bias": bias} | modulated(place)

    tensors = {"input.input": drawn(1, width, *const)}
    for layer in (1, 2):
        tensors |= {
            f"style.{layer}.weight": drawn(w, z if layer == 1 else w) * 100,
            f"style.{layer}.bias": torch.zeros(w),
        }
    tensors |= convolution("conv1", enlarging=False) | output("to_rgb1")
    for step in range(2):
        tensors |= convolution(f"convs.{2 * step}", enlarging=True) | convolution(
            f"convs.{2 * step + 1}", enlarging=False
        )
        tensors |= output(f"to_rgbs.{step}")
    sides = [2 ** ((layer + 5) // 2) // 4 for layer in range(5)]
    return tensors | {
        f"noises.noise_{layer}": drawn(1, 1, side * const[0], side * const[1]) for layer, side in enumerate(sides)
    }


def prefixed(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors as a wrapper names them."""
    return {prefix + name: value for name, value in tensors.items()}
