"""Samplers of Python objects named `package.module:name`: an nn.Module factory, or a plain function of (n, seed).

>>> def grey(n, seed):
...     return torch.zeros(n, 3, 8, 8)
>>> FunctionSampler(grey, name="grey").batch(range(5), seed=0).images.shape
torch.Size([5, 3, 8, 8])
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any, cast, final

import torch
from torch import Tensor, nn

from ganprobe.core.borrowing import borrowed, networks_in, on_device, version_of
from ganprobe.core.calls.shared import OutputRange
from ganprobe.core.devices.memory import Portions
from ganprobe.core.discovery.foreign import calling
from ganprobe.core.discovery.objects import named_object, signature_of, source_of, takes
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import Sampler
from ganprobe.core.spaces import Batch, SamplerSpec
from ganprobe.core.streams import derive_seed
from ganprobe.generators.base import Generator
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.modules import PROBE, ModuleSampler, WeightsFingerprint
from ganprobe.samplers.outputs import check_finite, images_of, shape_of
from ganprobe.samplers.own_networks import Held, is_generator
from ganprobe.samplers.ranges import FAR_OUTSIDE, check_range, stated_range

REPEATABLE = 1e-2
"""Two calls with the same arguments may differ by so much."""
_PROBE_SEED = derive_seed(0, "callable", "probe")

ImageFunction = Callable[[int, int], Any]
Opened = Generator | ModuleSampler | Sampler


def open_callable(ref: str, *, device: torch.device | str = "cpu", output_range: OutputRange | None = None) -> Opened:
    """What `package.module:name` names, ready to use: a native Generator as it is (for the caller to sample), a
    sampler as it is, a network or another generator of z as a ModuleSampler, a plain function of (n, seed) as a
    FunctionSampler. output_range: of the floats that they give.

    InputError where there is no such module or name, or it is neither; ForeignCodeError where its code raises; see the
    samplers for what they ask for.
    """
    found = load_callable(ref)
    if isinstance(found, Generator):
        return on_device(found, device)  # type: ignore[return-value]
    return own_sampler(found, ref, device=device, output_range=output_range)


def own_sampler(
    thing: Any, name: str, *, device: torch.device | str | None = None, output_range: OutputRange | None = None
) -> Sampler:
    """The sampler of a network, of another generator of z, or of a function of (n, seed). device: where a network is
    to be, None where it is. InputError for anything else."""
    if not isinstance(thing, nn.Module) and isinstance(thing, Sampler):
        return thing
    if isinstance(thing, nn.Module) or is_generator(thing):
        module = thing if isinstance(thing, nn.Module) else Held(thing)
        placed = module if device is None else on_device(module, device)
        return ModuleSampler(placed, name=name, output_range=output_range)
    if not callable(thing):
        raise InputError(f"{name} is a {type(thing).__name__}; a network or a function of (n, seed) was expected")
    return FunctionSampler(thing, name=name, output_range=output_range)


def load_callable(ref: str) -> Any:
    """Import `package.module:name` (from the working folder too): an nn.Module, a sampler or another generator of z,
    from a factory without arguments where it is one, or a function of (n, seed)."""
    found = named_object(ref)
    if _is_ready(found):
        return found
    if not callable(found):
        raise InputError(
            f"{ref} is a {type(found).__name__}; an nn.Module factory or a function of (n, seed) was expected"
        )
    function: Callable[..., Any] = found
    if _takes_n_and_seed(function, ref):
        return function
    # Weights that it draws are the same in every run.
    with borrowed(function, seed=derive_seed(0, "factory")), calling(f"{ref}()", of=function):
        made = function()
    if not _is_ready(made):
        raise InputError(
            f"{ref}() gave a {type(made).__name__}; an nn.Module was expected of a factory without arguments, or an "
            "object with `z_dim`"
        )
    return made


def _is_ready(thing: Any) -> bool:
    """Whether it is a generator, and neither a factory nor a function of (n, seed)."""
    if isinstance(thing, type):
        return False
    return isinstance(thing, nn.Module) or is_generator(thing) or isinstance(thing, Sampler)


@final
class FunctionSampler:
    """Images of a plain function of (n, seed): n images N x 3 x H x W, floats in [-1, 1] or uint8, tensor or array, or
    what `images_of` takes besides.

    It is called for whole blocks, with the block's size and a seed of its own that follows from (seed, block), so that
    image i is image i; it must give the same images for the same arguments, and finds the global random numbers where
    the seed puts them. InputError where it does not, and where what it gives has another shape, type or range;
    DataError where values are not finite. output_range: of floats, before what its attribute says.
    """

    def __init__(self, function: ImageFunction, *, name: str, output_range: OutputRange | None = None) -> None:
        self.name = name
        self._function, self._called = function, _by_names(function)
        self.output_range = stated_range(function, output_range, name)
        probe = self._call(range(PROBE), _PROBE_SEED)
        if self.output_range is None and float(probe.abs().max()) > FAR_OUTSIDE:
            check_range(probe, name, None)
        self._check_repeatable(probe)
        self.spec = SamplerSpec(shape_of(probe))
        self._networks = nn.ModuleList(networks_in(function))
        self._fingerprint = WeightsFingerprint(self._networks, _function_fingerprint(function, name, self.output_range))
        self.notes: tuple[str, ...] = ()
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(
            self._block, self.spec.block, version=lambda: version_of(self._networks)
        )

    @property
    def fingerprint(self) -> str:
        """Of the function's source and name, the range where one is stated, and the weights of the networks that it
        runs as they are now."""
        return self._fingerprint.now()

    @property
    def called(self) -> dict[str, Any]:
        """How its images are taken, where that is not the usual way, for results."""
        return {} if self.output_range is None else {"output_range": list(self.output_range)}

    def check_outputs(self) -> None:
        """As `ModuleSampler.check_outputs`."""
        images = self.batch(range(self.spec.block), seed=0).images
        self.notes = check_range(images, self.name, self.output_range)

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

        def images(rows: slice) -> Tensor:
            with calling(self.name, of=self._function, n=rows.stop, seed=seed):
                given = self._called(rows.stop, seed)
            return images_of(given, rows.stop, self.name, self.output_range).detach()

        with borrowed(self._function, seed=seed), torch.no_grad():
            drawn = whole.rows(len(index), images)
        check_finite(drawn, index, self.name)
        return drawn


def _by_names(function: ImageFunction) -> ImageFunction:
    """With the seed by its name, where it has one: (seed, n) are as good as (n, seed)."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return function
    others = [each for each in parameters if each.name != "seed"]
    if len(others) == len(parameters) or not others or others[0].kind not in _BY_NAME:
        return function
    count, named = others[0].name, cast("Callable[..., Any]", function)
    return lambda n, seed: named(**{count: n, "seed": seed})


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _function_fingerprint(function: ImageFunction, name: str, output_range: OutputRange | None) -> str:
    words = name if output_range is None else f"{name} {output_range}"
    return hashlib.sha256(f"{words}\n".encode() + source_of(function)).hexdigest()


def _takes_n_and_seed(function: Callable[..., Any], ref: str) -> bool:
    """Whether it is a function of (n, seed) and no factory: it asks for two arguments, or has one named `seed`."""
    signature = signature_of(function, ref, wanted="a function of (n, seed)")
    if takes(signature, 0) and "seed" not in signature.parameters:
        return False
    if not takes(signature, 2) and "seed" not in signature.parameters:
        raise InputError(f"{ref} takes {signature}; (n, seed) was expected of a function, () of an nn.Module factory")
    return True


def _check_same_size(images: Tensor, spec: SamplerSpec, name: str) -> None:
    if shape_of(images) != spec.image_shape:
        raise InputError(f"{name} gave images of {shape_of(images)} after {spec.image_shape}; one size was expected")
