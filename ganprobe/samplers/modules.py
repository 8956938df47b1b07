"""The sampler of a foreign nn.Module, and what is asked of images that code of others gives.

>>> class Dots(nn.Module):
...     z_dim = 12
...     def forward(self, z):
...         return z.reshape(-1, 3, 2, 2)
>>> ModuleSampler(Dots(), name="dots").batch(range(5), seed=0).images.shape
torch.Size([5, 3, 2, 2])
"""

from __future__ import annotations

import hashlib
from dataclasses import is_dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprobe.core.borrowing import borrowed, version_of
from ganprobe.core.devices.memory import Portions
from ganprobe.core.devices.transfer import sent
from ganprobe.core.discovery.objects import source_of
from ganprobe.core.errors import CapabilityError, DataError, InputError, one_line
from ganprobe.core.protocols import Movement
from ganprobe.core.spaces import Batch, Latents, SamplerSpec, Space, Truncation
from ganprobe.core.streams import integers, normal
from ganprobe.generators.base import Generator
from ganprobe.generators.fingerprint import add_tensors, weights_fingerprint
from ganprobe.samplers.blocks import BlockCache

PROBE = 2
"""How many images are made at the start, to learn their size."""


@final
class ModuleSampler:
    """Images of a foreign nn.Module that maps z (N, z_dim) to them, or (z, labels (N,) int64) where it has classes.

    The module says how by its attributes: `z_dim` (needed), `num_classes` (0 where absent) and `class_names` (of its
    labels, by which they are matched with a reference's). z is standard normal, labels uniform. Its only latent space
    is "z". It is in evaluation mode while it draws, and is left as it was.
    """

    def __init__(self, module: nn.Module, *, name: str) -> None:
        self.name = name
        self.module = module
        self._classes = _whole_number(module, "num_classes", name, least=0, default=0)
        self._z_dim = _whole_number(module, "z_dim", name, least=1, default=None)
        self._fingerprint = WeightsFingerprint(module, name)
        self._portions = Portions(f"images of {name} are drawn")
        probe = self._images(self.draw(range(PROBE), seed=0))
        names = class_names_of(module, self._classes, name)
        self.spec = SamplerSpec(shape_of(probe), self._classes, {"z": (self._z_dim,)}, class_names=names)
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(
            self._block, self.spec.block, version=lambda: version_of(module)
        )

    @property
    def fingerprint(self) -> str:
        """`module_fingerprint` of the weights as they are now."""
        return self._fingerprint.now()

    @property
    def device(self) -> torch.device:
        return next((tensor.device for tensor in self.module.state_dict().values()), torch.device("cpu"))

    def draw(self, index: range, *, seed: int) -> Latents:
        """Latents of `index`: z (N, z_dim) float32 normal, labels (N,) uniform over the classes or None."""
        z = sent(torch.from_numpy(normal(seed, "z", index, (self._z_dim,))), self.device)
        if not self._classes:
            return Latents(index, z, None, seed)
        labels = torch.from_numpy(integers(seed, "label", index, below=self._classes))
        return Latents(index, z, sent(labels, self.device), seed)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """CapabilityError: a foreign module has no W that is known."""
        raise CapabilityError(f"{self.name} has no space 'w'; it has: z")

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: Any = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """Raw images (N, 3, H, W) float32 of z (N, z_dim). CapabilityError for another space, for noise other than
        "const" or truncation other than 1: a foreign module has no known inputs for them."""
        if space != "z":
            raise CapabilityError(f"{self.name} has no space {space!r}; it has: z")
        if noise != "const" or truncation != 1.0:
            raise CapabilityError(f"{self.name} takes neither noise nor truncation; leave them at 'const' and 1")
        if tuple(latents.shape[1:]) != (self._z_dim,):
            raise InputError(f"latents of 'z' must be N x {self._z_dim}, got {tuple(latents.shape)}")
        with borrowed(self.module), torch.no_grad():
            return self._in_portions(sent(latents, self.device), labels)

    def edit(self, latents: Latents, direction: Movement, strength: float) -> Tensor:
        """Raw images (N, 3, H, W), float32, of `latents` (as `draw` gives them) after a move of `strength` standard
        deviations along `direction` (ganprobe.directions.Direction), with the constant noise. Errors: as `compose`."""
        return direction.images(self, latents, strength)

    def batch(self, index: range, *, seed: int) -> Batch:
        """Images (N, 3, H, W), labels and latents of `index` under `seed`. DataError where values are not finite."""
        (images,) = self._blocks.rows(index, seed=seed)
        latents = self.draw(index, seed=seed)
        return Batch(index, images, latents.labels, latents)

    def _block(self, index: range, seed: int) -> tuple[Tensor, ...]:
        return (self._images(self.draw(index, seed=seed)),)

    def _images(self, latents: Latents) -> Tensor:
        with borrowed(self.module), torch.no_grad():
            images = self._in_portions(latents.z, latents.labels)
        check_finite(images, latents.index, self.name)
        return images

    def _in_portions(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if self._classes and labels is None:
            raise InputError(f"{self.name} has {self._classes} classes; labels were expected")
        given = (z,) if labels is None or not self._classes else (z, sent(labels, self.device))

        def images(rows: slice) -> Tensor:
            return as_images(self.module(*(each[rows] for each in given)), rows.stop - rows.start, self.name)

        return self._portions.rows(len(z), images)


def as_images(given: Any, n: int, name: str) -> Tensor:
    """What a callable gave for n images as float32 (n, 3, H, W): floats as they are, uint8 as x / 127.5 - 1.
    InputError for anything else."""
    images = _tensor_of(given) if isinstance(given, np.ndarray) else given
    if not isinstance(images, Tensor):
        raise InputError(f"{name} gave a {type(given).__name__}; a tensor or array {n} x 3 x H x W was expected")
    if images.ndim != 4 or tuple(images.shape[:2]) != (n, 3):
        raise InputError(f"{name} gave images of shape {tuple(images.shape)}; {n} x 3 x H x W was expected")
    if images.dtype == torch.uint8:
        return images.float().div_(127.5).sub_(1)
    if not images.is_floating_point():
        raise InputError(f"{name} gave {images.dtype} images; floats in [-1, 1] or uint8 were expected")
    return images.detach().float()


def _tensor_of(array: NDArray[Any]) -> Tensor:
    """A copy: the array may be read-only, of foreign byte order or of a type that torch has not."""
    if array.dtype.kind == "f":
        return torch.from_numpy(array.astype(np.float32, order="C"))
    return torch.from_numpy(array.astype(np.uint8 if array.dtype == np.uint8 else np.int64, order="C"))


def check_finite(images: Tensor, index: range, name: str) -> None:
    """DataError naming the first indices whose images (N, ...) are not finite."""
    finite = torch.isfinite(images.flatten(1)).all(dim=1)
    if not bool(finite.all()):
        bad = [i for i, fine in zip(index, finite.tolist(), strict=True) if not fine]
        some = ", ".join(map(str, bad[:8])) + (", ..." if len(bad) > 8 else "")
        raise DataError(f"{name} gave images that are not finite (indices {some}); finite images were expected")


def module_fingerprint(module: nn.Module, name: str) -> str:
    """sha256 (hex) of a native generator (`weights_fingerprint`); of another network the class, its source file, and
    every parameter and buffer; `name` tells apart what has none."""
    if isinstance(module, Generator) and is_dataclass(module.config):
        return weights_fingerprint(module, module.architecture, module.config)
    digest = hashlib.sha256(f"{name} {type(module).__qualname__}\n".encode())
    digest.update(source_of(type(module)))
    add_tensors(digest, module)
    return digest.hexdigest()


@final
class WeightsFingerprint:
    """The fingerprint of a network that may go on learning: told again when its tensors were written to. given: that of
    its weights as they are at first, where it is known (a file's)."""

    def __init__(self, module: nn.Module, name: str, given: str | None = None) -> None:
        self._module, self._name = module, name
        self._version, self._digest = version_of(module), given or module_fingerprint(module, name)

    def now(self) -> str:
        """The fingerprint (hex) at this moment."""
        if (version := version_of(self._module)) != self._version:
            self._version, self._digest = version, module_fingerprint(self._module, self._name)
        return self._digest


def class_names_of(module: nn.Module, classes: int, name: str) -> tuple[str, ...]:
    """What a module calls its classes; () where it does not say. InputError for another number of names."""
    names = getattr(module, "class_names", ())
    if not isinstance(names, list | tuple) or (names and len(names) != classes):
        raise InputError(f"{name}: `class_names` must be a list of {classes} names, got {one_line(repr(names))}")
    return tuple(map(str, names))


def shape_of(images: Tensor) -> tuple[int, int, int]:
    """(3, H, W) of images (N, 3, H, W)."""
    return 3, int(images.shape[2]), int(images.shape[3])


def _whole_number(module: nn.Module, attribute: str, name: str, *, least: int, default: int | None) -> int:
    value = getattr(module, attribute, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        what = "is missing" if value is None else f"is {value!r}"
        raise InputError(
            f"{name}: the module's attribute `{attribute}` {what}; an integer of at least {least} was expected"
        )
    return value
