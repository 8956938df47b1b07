"""The sampler of a foreign network: z, and labels where it has classes, to images, and by way of w where it has one.

>>> class Dots(nn.Module):
...     z_dim = 12
...     def forward(self, z):
...         return z.reshape(-1, 3, 2, 2)
>>> ModuleSampler(Dots(), name="dots").batch(range(5), seed=0).images.shape
torch.Size([5, 3, 2, 2])
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from ganprobe.core.borrowing import borrowed, version_of
from ganprobe.core.calls.shared import OutputRange
from ganprobe.core.devices.memory import Portions
from ganprobe.core.devices.transfer import sent
from ganprobe.core.discovery.foreign import calling
from ganprobe.core.discovery.objects import source_of
from ganprobe.core.errors import CapabilityError, ForeignCodeError, InputError
from ganprobe.core.protocols import Movement
from ganprobe.core.spaces import Batch, Latents, SamplerSpec, Space, Truncation
from ganprobe.core.streams import derive_seed, integers, normal
from ganprobe.generators.base import Generator
from ganprobe.generators.fingerprint import add_tensors, weights_fingerprint
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.outputs import check_finite, images_of, shape_of
from ganprobe.samplers.own_calls import Arguments
from ganprobe.samplers.own_networks import (
    Held,
    behind,
    check_initialised,
    class_names_of,
    classes_of,
    type_of,
    width_of_z,
)
from ganprobe.samplers.own_styles import SAME, OwnStyles, has_styles, styles_in
from ganprobe.samplers.ranges import check_range, stated_range

PROBE = 2
"""How many images are made at the start, to learn their size."""
_CONSTANT = derive_seed(0, "module", "constant")
_OTHER = derive_seed(1, "module", "constant")


@final
class ModuleSampler:
    """Images of a foreign network that maps z (N, z_dim) to them, or (z, labels) where it has classes.

    The network says how by its attributes (docs/own-code.md): `z_dim` (needed), `num_classes` (0 where absent),
    `class_names` (by which labels are matched with a reference's), `one_hot`, `output_range`; and by `mapping` and
    `synthesis`, where it has a W. z is standard normal, labels uniform. It is in evaluation mode while it draws, and is
    left as it was; random numbers that it draws itself follow from the seed and the block. output_range: of its floats,
    before what the attribute says.
    """

    def __init__(self, module: nn.Module, *, name: str, output_range: OutputRange | None = None) -> None:
        self.name, self.module, self._own = name, module, behind(module)
        check_initialised(module, name)
        self._z_dim = width_of_z(self._own, name)
        self._classes, one_hot = classes_of(self._own, name)
        self.output_range = stated_range(self._own, output_range, name)
        self._portions = Portions(f"images of {name} are drawn")
        self._type, self._whole = type_of(module), _is_whole(module)
        self.styles: OwnStyles | None = None
        self.no_w = ""
        probe = self._probed(one_hot)
        self.restless = not torch.allclose(self._probe_images(_OTHER), probe, atol=SAME)
        self._find_styles(probe)
        more: Mapping[str, tuple[int, ...]] = {} if self.styles is None else dict(self.styles.spaces)
        names = class_names_of(self._own, self._classes, name)
        self.spec = SamplerSpec(shape_of(probe), self._classes, {"z": (self._z_dim,), **more}, class_names=names)
        self._fingerprint = WeightsFingerprint(module, name)
        self._range_notes: tuple[str, ...] = ()
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(
            self._block, self.spec.block, version=lambda: version_of(module)
        )

    @property
    def fingerprint(self) -> str:
        """`module_fingerprint` of the weights as they are now, with the range where one is stated."""
        now = self._fingerprint.now()
        words = f"{now} {self.output_range}"
        return now if self.output_range is None else hashlib.sha256(words.encode()).hexdigest()

    @property
    def device(self) -> torch.device:
        return next((tensor.device for tensor in self.module.state_dict().values()), torch.device("cpu"))

    @property
    def notes(self) -> tuple[str, ...]:
        """What its numbers should not be read without."""
        own = "the generator draws random numbers of its own beside z; here they follow from the seed and the block"
        return (*self._range_notes, *((own,) if self.restless else ()))

    @property
    def called(self) -> dict[str, Any]:
        """How it is called, where that is not the usual way, for results."""
        said = {} if self.output_range is None else {"output_range": list(self.output_range)}
        return {**said, **({"labels": "one-hot"} if self._arguments.one_hot else {})}

    def check_outputs(self) -> None:
        """Look at the first block of images: InputError where their range is another than the one they are taken for;
        what is to be said of it is then among `notes`."""
        images = self.batch(range(self.spec.block), seed=0).images
        self._range_notes = check_range(images, self.name, self.output_range)

    def draw(self, index: range, *, seed: int) -> Latents:
        """Latents of `index`: z (N, z_dim) float32 normal, labels (N,) uniform over the classes or None."""
        z = sent(torch.from_numpy(normal(seed, "z", index, (self._z_dim,))), self.device)
        if not self._classes:
            return Latents(index, z, None, seed)
        labels = torch.from_numpy(integers(seed, "label", index, below=self._classes))
        return Latents(index, z, sent(labels, self.device), seed)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim) to w (N, w_dim). CapabilityError where the network has no W that is known."""
        if self.styles is None:
            raise self._lacks("w")
        given = sent(z, self.device).to(self._type)
        with borrowed(self.module, seed=_CONSTANT), torch.no_grad():
            return self.styles.map(given, self._labels(labels))

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: Any = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """Raw images (N, 3, H, W) float32 of latents of z, w or w+. CapabilityError for a space that it lacks, for
        noise other than "const" or truncation other than 1: a foreign module has no known inputs for them."""
        if space not in self.spec.spaces:
            raise self._lacks(space)
        if noise != "const" or truncation != 1.0:
            raise CapabilityError(f"{self.name} takes neither noise nor truncation; leave them at 'const' and 1")
        wanted = self.spec.spaces[space]
        if tuple(latents.shape[1:]) != tuple(wanted):
            sizes = " x ".join(map(str, wanted))
            raise InputError(f"latents of {space!r} must be N x {sizes}, got {tuple(latents.shape)}")
        return self._images(sent(latents, self.device), self._labels(labels), _CONSTANT, space)

    def rendered(self, latents: Tensor, *, space: Space, labels: Tensor | None) -> Tensor:
        """As `synthesize`, with gradients."""
        with borrowed(self.module, seed=_CONSTANT):
            return self._made(latents, labels, space)

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
        drawn = self.draw(index, seed=seed)
        own = derive_seed(seed, "module", index.start // self.spec.block)
        images = self._images(drawn.z, drawn.labels, own, "z")
        check_finite(images, index, self.name)
        return (images,)

    def _images(self, latents: Tensor, labels: Tensor | None, seed: int, space: Space) -> Tensor:
        if self._classes and labels is None:
            raise InputError(f"{self.name} has {self._classes} classes; labels were expected")

        def images(rows: slice) -> Tensor:
            return self._made(latents[rows], None if labels is None else labels[rows], space).detach()

        with borrowed(self.module, seed=seed), torch.no_grad():
            return self._portions.rows(len(latents), images)

    def _made(self, latents: Tensor, labels: Tensor | None, space: Space) -> Tensor:
        latents = latents.to(self._type)
        if space == "z" and self._whole:
            places, names = self._arguments.bound(latents, labels)
            told = {"z": latents, **({} if labels is None else {"labels": labels})}
            with calling(self.name, of=self._own, **told):
                given = self.module(*places, **names)
        else:
            assert self.styles is not None, "callers ask for spaces that are there"
            w = self.styles.map(latents, labels).to(self._type) if space == "z" else latents
            given = self.styles.made(w)
        return images_of(given, len(latents), self.name, self.output_range)

    def _probed(self, one_hot: bool | None) -> Tensor:
        """Images of a few latents, once it is settled how the network is called."""
        if not self._whole and not has_styles(self._own):
            raise InputError(f"{self.name} cannot be called, and has no mapping and synthesis; see docs/own-code.md")
        function = self._own if self._whole else self._own.mapping
        plain = Arguments.of(function, self.name, classes=self._classes)
        ways = [plain.with_one_hot()] if one_hot else [plain]
        if self._classes and one_hot is None:
            ways.append(plain.with_one_hot())
        refusals: list[ForeignCodeError] = []
        for self._arguments in ways:
            try:
                if not self._whole:
                    self.styles = self._styles()
                return self._probe_images(_CONSTANT)
            except ForeignCodeError as problem:
                refusals.append(problem)
        raise refusals[0]

    def _probe_images(self, seed: int) -> Tensor:
        drawn = self._few()
        images = self._images(drawn.z, drawn.labels, seed, "z")
        check_finite(images, drawn.index, self.name)
        return images

    def _few(self) -> Latents:
        # As many labels as classes could pass for a row of one-hot ones.
        return self.draw(range(PROBE + (self._classes == PROBE)), seed=0)

    def _styles(self) -> OwnStyles:
        drawn = self._few()
        with borrowed(self.module, seed=_CONSTANT), torch.no_grad():
            return styles_in(self._own, self._arguments, drawn.z.to(self._type), drawn.labels, self.name)

    def _find_styles(self, probe: Tensor) -> None:
        """W, where mapping and synthesis give the same images as the network does; else why not."""
        if self.styles is not None or not has_styles(self._own):
            return
        drawn = self._few()
        try:
            self.styles = self._styles()
            w = self.map(drawn.z, drawn.labels)
            images = self._images(w, drawn.labels, _CONSTANT, "w")
            if images.shape != probe.shape or not (self.restless or torch.allclose(images, probe, atol=SAME)):
                raise InputError("synthesis(mapping(z)) gives other images than the network itself")
        except InputError as problem:
            self.styles, self.no_w = None, str(problem)

    def _labels(self, labels: Tensor | None) -> Tensor | None:
        return None if labels is None or not self._classes else sent(labels, self.device)

    def _lacks(self, space: str) -> CapabilityError:
        why = f": {self.no_w}" if self.no_w else ""
        return CapabilityError(f"{self.name} has no space {space!r}; it has: {', '.join(self._spaces())}{why}")

    def _spaces(self) -> tuple[str, ...]:
        return ("z", *(() if self.styles is None else self.styles.spaces))


def _is_whole(module: nn.Module) -> bool:
    """Whether the network itself can be called, and not its mapping and synthesis alone."""
    if isinstance(module, Held):
        return callable(module.thing)
    return type(module).forward is not nn.Module.forward or isinstance(module, torch.jit.ScriptModule)


def module_fingerprint(module: nn.Module, name: str) -> str:
    """sha256 (hex) of a native generator (`weights_fingerprint`); of another network the class, its source file, and
    every parameter and buffer; `name` tells apart what has none."""
    if isinstance(module, Generator) and is_dataclass(module.config):
        return weights_fingerprint(module, module.architecture, module.config)
    kind = type(module.thing if isinstance(module, Held) else module)
    digest = hashlib.sha256(f"{name} {kind.__qualname__}\n".encode())
    digest.update(source_of(kind))
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
