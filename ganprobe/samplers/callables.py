"""Samplers of Python objects named `package.module:name`: an nn.Module factory, or a plain function of (n, seed).

>>> def grey(n, seed):
...     return torch.zeros(n, 3, 8, 8)
>>> FunctionSampler(grey, name="grey").batch(range(5), seed=0).images.shape
torch.Size([5, 3, 8, 8])
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from ganprobe.core.borrowing import borrowed, on_device
from ganprobe.core.devices.memory import Portions
from ganprobe.core.discovery.objects import named_object, signature_of, source_of, takes
from ganprobe.core.errors import InputError
from ganprobe.core.spaces import Batch, SamplerSpec
from ganprobe.core.streams import derive_seed
from ganprobe.generators.base import Generator
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.modules import PROBE, ModuleSampler, as_images, check_finite, shape_of

FAR_OUTSIDE = 10.0
"""Floats of a function beyond this are no images in [-1, 1] but in another range."""

REPEATABLE = 1e-2
"""Two calls with the same arguments may differ by so much."""
_PROBE_SEED = derive_seed(0, "callable", "probe")

ImageFunction = Callable[[int, int], Any]


def open_callable(ref: str, *, device: torch.device | str = "cpu") -> Generator | ModuleSampler | FunctionSampler:
    """What `package.module:name` names, ready to use: a native Generator as it is (for the caller to sample), any
    other nn.Module as a ModuleSampler, a plain function of (n, seed) as a FunctionSampler.

    InputError where there is no such module or name, or it is neither; see the samplers for what they ask for.
    """
    found = load_callable(ref)
    if not isinstance(found, nn.Module):
        return FunctionSampler(found, name=ref)
    module = on_device(found, device)
    return module if isinstance(module, Generator) else ModuleSampler(module, name=ref)


def load_callable(ref: str) -> nn.Module | ImageFunction:
    """Import `package.module:name` (from the working folder too): an nn.Module, from a factory without arguments
    where it is one, or a function of (n, seed)."""
    found = named_object(ref)
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise InputError(
            f"{ref} is a {type(found).__name__}; an nn.Module factory or a function of (n, seed) was expected"
        )
    function: Callable[..., Any] = found
    if _takes_n_and_seed(function, ref):
        return function
    made = function()
    if not isinstance(made, nn.Module):
        raise InputError(
            f"{ref}() gave a {type(made).__name__}; an nn.Module was expected of a factory without arguments"
        )
    return made


@final
class FunctionSampler:
    """Images of a plain function of (n, seed): n images N x 3 x H x W, floats in [-1, 1] or uint8, tensor or array.

    It is called for whole blocks, with the block's size and a seed of its own that follows from (seed, block), so that
    image i is image i; it must give the same images for the same arguments. InputError where it does not, and where
    what it gives has another shape, type or range; DataError where values are not finite.
    """

    def __init__(self, function: ImageFunction, *, name: str) -> None:
        self.name = name
        self._function = function
        probe = self._call(range(PROBE), _PROBE_SEED)
        if float(probe.abs().max()) > FAR_OUTSIDE:
            raise InputError(f"{name} gave floats up to {float(probe.abs().max()):g}; [-1, 1] or uint8 was expected")
        self._check_repeatable(probe)
        self.spec = SamplerSpec(shape_of(probe))
        self.fingerprint = _function_fingerprint(function, name)
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(self._block, self.spec.block)

    def batch(self, index: range, *, seed: int) -> Batch:
        """Images `index` (N, 3, H, W) float32 under `seed`."""
        (images,) = self._blocks.rows(index, seed=seed)
        return Batch(index, images)

    def _block(self, index: range, seed: int) -> tuple[Tensor, ...]:
        images = self._call(index, derive_seed(seed, "callable", index.start // self.spec.block))
        _check_same_size(images, self.spec, self.name)
        return (images,)

    def _check_repeatable(self, probe: Tensor) -> None:
        again = self._call(range(PROBE), _PROBE_SEED)
        # An accelerator may give other last bits; images of another draw are far apart.
        if again.shape != probe.shape or not torch.allclose(again, probe, atol=REPEATABLE):
            raise InputError(
                f"{self.name} gave two different sets of images for one seed; draw them from `seed` alone, so that "
                "sample i is sample i"
            )

    def _call(self, index: range, seed: int) -> Tensor:
        # One seed is for one block: for a part of it the function would give other images.
        whole = Portions(f"images of {self.name} are drawn", together=len(index))
        with borrowed(self._function), torch.no_grad():
            images = whole.rows(
                len(index), lambda rows: as_images(self._function(rows.stop, seed), rows.stop, self.name)
            )
        check_finite(images, index, self.name)
        return images


def _function_fingerprint(function: ImageFunction, name: str) -> str:
    return hashlib.sha256(f"{name}\n".encode() + source_of(function)).hexdigest()


def _takes_n_and_seed(function: Callable[..., Any], ref: str) -> bool:
    """Whether it is a function of (n, seed) and no factory: it asks for two arguments, or has one named `seed`."""
    signature = signature_of(function, ref, wanted="a function of (n, seed)")
    if takes(signature, 0) and "seed" not in signature.parameters:
        return False
    if not takes(signature, 2):
        raise InputError(f"{ref} takes {signature}; (n, seed) was expected of a function, () of an nn.Module factory")
    return True


def _check_same_size(images: Tensor, spec: SamplerSpec, name: str) -> None:
    if shape_of(images) != spec.image_shape:
        raise InputError(f"{name} gave images of {shape_of(images)} after {spec.image_shape}; one size was expected")
