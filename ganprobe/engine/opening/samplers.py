"""Any GENERATOR to a sampler: a checkpoint file, a shipped name, images, `package.module:callable`, or a sampler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganprobe.checkpoints import open_generator
from ganprobe.core.calls.settings import DEFAULTS
from ganprobe.core.calls.shared import OutputRange, Reading
from ganprobe.core.discovery.objects import names_an_object
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.files import sha256_of
from ganprobe.core.progress import tell
from ganprobe.core.protocols import Sampler
from ganprobe.core.shipped import manifest, shipped_file, shipped_names
from ganprobe.core.spaces import BatchNoise, Truncation
from ganprobe.data import is_image_data, open_data
from ganprobe.engine.opening.folders import check_image_folder, generator_in
from ganprobe.engine.opening.names import check_generator
from ganprobe.generators.base import Generator
from ganprobe.samplers.callables import FunctionSampler, open_callable, own_sampler
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.modules import ModuleSampler, module_fingerprint
from ganprobe.samplers.own_networks import is_generator


def open_sampler(
    ref: str | Path | Sampler | nn.Module,
    *,
    device: torch.device | str = "cpu",
    noise: BatchNoise = DEFAULTS.noise,
    truncation: Truncation = DEFAULTS.truncation,
    reading: Reading = DEFAULTS,
    key: str | None = None,
    output_range: OutputRange | None = None,
) -> Sampler:
    """The sampler of any GENERATOR on `device`. A shipped name goes before a file or folder of that name ("./name").
    The folder of a training stands for its generator.

    noise and truncation: as GeneratorSampler takes them. reading: how images are read. key: of the network to read, in
    a checkpoint of several. A sampler that is one already stays as it is, on its device, and so does a network: it is
    measured in evaluation mode and left as it was. output_range: of the floats that code of the caller's own gives
    (docs/own-code.md), whose first images are looked at.
    Errors: InputError for an unknown name or a missing file, CheckpointError for a file that is no checkpoint,
    DataError for images that cannot be read, CapabilityError for noise or truncation asked of images, foreign modules
    and functions, which have none, or of a sampler that was made with others.
    """
    if isinstance(ref, Generator):
        _check_no_key("a network", key)
        _check_own(ref, output_range)
        return _of_network(ref, "generator", noise, truncation)
    opened = _of_object(ref, output_range) if not isinstance(ref, str | Path) else None
    if isinstance(ref, str | Path) and not _is_own(ref):
        _check_own(ref, output_range)
    if isinstance(ref, str) and ref in shipped_names("generators"):
        file = shipped_file("generators", ref)
        shipped = _of_file(file, ref, key, device, noise, truncation)
        shipped.generator.class_names = shipped.generator.class_names or _shipped_classes(ref)
        return shipped
    if isinstance(ref, str | Path) and Path(ref).exists():
        path = Path(ref)
        if path.is_dir() and (trained := generator_in(path)) is not None:
            return _of_file(trained, path.resolve().name, key, device, noise, truncation)
        if path.is_dir():
            check_image_folder(path)
        if not is_image_data(path):
            return _of_file(path, path.stem, key, device, noise, truncation)
        opened = ImageSampler(open_data(path, **reading.reading))
    if opened is None:
        opened = _of_name(str(ref), device, noise, truncation, output_range)
    _check_no_key(opened.name, key)
    _check_conditions(opened, noise, truncation)
    if isinstance(opened, ModuleSampler | FunctionSampler):
        opened.check_outputs()
        for note in opened.notes if isinstance(ref, str) else ():
            tell(f"ganprobe: {opened.name}: {note}")
    return opened


def _shipped_classes(name: str) -> tuple[str, ...]:
    """The names of a shipped generator's classes, as the manifest has them."""
    return tuple(map(str, manifest()["generators"][name].get("classes", ())))


def _is_own(ref: str | Path) -> bool:
    """Whether it names code of the caller's."""
    return ref not in shipped_names("generators") and not Path(ref).exists() and names_an_object(str(ref))


def _check_own(ref: object, output_range: OutputRange | None) -> None:
    if output_range is not None:
        name = ref if isinstance(ref, str | Path) else type(ref).__name__
        raise InputError(
            f"an output range is for code of your own (package.module:callable), whose range nobody else knows; leave "
            f"it out for {name}"
        )


def _check_no_key(name: str, key: str | None) -> None:
    if key is not None:
        raise InputError(f"{name} is no checkpoint file, and has no key {key!r} to read; leave the key out")


def _of_object(given: Any, output_range: OutputRange | None) -> Sampler:
    if isinstance(given, Sampler) and not isinstance(given, nn.Module):
        _check_own(given, output_range)
        return given
    if isinstance(given, nn.Module) or (not isinstance(given, type) and (is_generator(given) or callable(given))):
        name = getattr(given, "__name__", type(given).__name__)
        return own_sampler(given, name, output_range=output_range)
    raise InputError(f"a generator was expected: a path, a name, a sampler or an nn.Module; got {type(given).__name__}")


def _of_name(
    text: str,
    device: torch.device | str,
    noise: BatchNoise,
    truncation: Truncation,
    output_range: OutputRange | None,
) -> Sampler:
    check_generator(text)
    opened = open_callable(text, device=device, output_range=output_range)
    if isinstance(opened, Generator):
        _check_own(text, output_range)
        return _of_network(opened, text, noise, truncation)
    return opened


def _check_conditions(sampler: Sampler, noise: BatchNoise, truncation: Truncation) -> None:
    """CapabilityError where noise or truncation other than the defaults are asked of a sampler that has others."""
    asked = (noise, truncation)
    if asked == (DEFAULTS.noise, DEFAULTS.truncation):
        return
    if not isinstance(sampler, GeneratorSampler):
        raise CapabilityError(f"{sampler.name} takes neither noise nor truncation; leave them out")
    if asked != (sampler.noise, sampler.truncation):
        raise CapabilityError(
            f"{sampler.name} was opened with noise {sampler.noise} and truncation {sampler.truncation}, not with "
            f"{noise} and {truncation}; open it with these instead (ganprobe.load)"
        )


def _of_network(generator: Generator, name: str, noise: BatchNoise, truncation: Truncation) -> GeneratorSampler:
    """Of a network that is the caller's."""
    digest = module_fingerprint(generator, name)
    return GeneratorSampler(generator, name=name, fingerprint=digest, noise=noise, truncation=truncation)


def _of_file(
    file: Path, name: str, key: str | None, device: torch.device | str, noise: BatchNoise, truncation: Truncation
) -> GeneratorSampler:
    """Of a network that is opened here. Directions may carry the file's sha256, or what a conversion was made of."""
    generator, origin = open_generator(file, key=key)
    ours = generator.to(device).requires_grad_(False)
    return GeneratorSampler(
        ours,
        name=name,
        fingerprint=module_fingerprint(ours, name),
        noise=noise,
        truncation=truncation,
        origin=origin.said(),
        aliases=(*origin.aliases, *([sha256_of(file)] if key is None else [])),
    )
