"""Any GENERATOR to a sampler: a checkpoint file, a shipped name, images, `package.module:callable`, or a sampler."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from ganprobe.checkpoints import open_checkpoint
from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Sampler
from ganprobe.core.registry import unknown
from ganprobe.core.shipped import shipped_file, shipped_names
from ganprobe.core.spaces import Truncation
from ganprobe.data import is_image_data, open_data
from ganprobe.generators.base import Generator
from ganprobe.samplers.callables import open_callable
from ganprobe.samplers.generator import BatchNoise, GeneratorSampler
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.modules import module_fingerprint

_CALLABLE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_LOOKS_LIKE_A_PATH = re.compile(r"[/\\]|\.\w{2,12}$")


def open_sampler(
    ref: str | Path | Sampler | Generator,
    *,
    device: torch.device | str = "cpu",
    noise: BatchNoise = "random",
    truncation: Truncation = 1.0,
    skip_unreadable: bool = False,
) -> Sampler:
    """The sampler of any GENERATOR on `device`.

    noise and truncation: as GeneratorSampler takes them; they mean nothing for images and plain functions.
    Errors: InputError for an unknown name or a missing file, CheckpointError for a file that is no checkpoint,
    DataError for images that cannot be read.
    """
    if isinstance(ref, Generator):
        return _of_generator(ref, "generator", module_fingerprint(ref, "generator"), device, noise, truncation)
    if not isinstance(ref, str | Path):
        return ref
    text, path = str(ref), Path(ref)
    if path.exists():
        if is_image_data(path):
            return ImageSampler(open_data(text, skip_unreadable=skip_unreadable))
        return _of_generator(open_checkpoint(path), path.stem, sha256_of(path), device, noise, truncation)
    if text in shipped_names("generators"):
        file = shipped_file("generators", text)
        return _of_generator(open_checkpoint(file), text, sha256_of(file), device, noise, truncation)
    if _CALLABLE.fullmatch(text):
        return _of_callable(text, device, noise, truncation)
    if _LOOKS_LIKE_A_PATH.search(text):
        raise InputError(
            f"no file or folder {text}; a generator is a checkpoint, a folder or archive of images, "
            "a shipped name or package.module:callable"
        )
    raise unknown("generator", text, shipped_names("generators"))


def _of_callable(ref: str, device: torch.device | str, noise: BatchNoise, truncation: Truncation) -> Sampler:
    opened = open_callable(ref, device=device)
    if isinstance(opened, Generator):
        return _of_generator(opened, ref, module_fingerprint(opened, ref), device, noise, truncation)
    return opened


def _of_generator(
    generator: Generator,
    name: str,
    fingerprint: str,
    device: torch.device | str,
    noise: BatchNoise,
    truncation: Truncation,
) -> GeneratorSampler:
    return GeneratorSampler(
        generator.to(device), name=name, fingerprint=fingerprint, noise=noise, truncation=truncation
    )
