"""Own latents of a call, opened and fitted to its generator; and classes by name."""

from __future__ import annotations

from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.registry import unknown
from ganprobe.core.spaces import SamplerSpec, Space
from ganprobe.directions.latent_files.foreign import read_latents
from ganprobe.directions.latent_files.latent_set import LatentSet


def own_latents(
    given: str | Path | LatentSet,
    sampler: LatentSampler,
    *,
    space: Space | None = None,
    label: int | None = None,
    rows: int | None = None,
    index: int = 0,
    any_generator: bool = False,
) -> LatentSet:
    """The latents of a file, or those given, on the device of `sampler`; the first `rows` of them from number `index`
    on, of class `label` where it is given. Errors: as `read_latents` and `LatentSet.for_sampler`; InputError where
    there are fewer."""
    found = given if isinstance(given, LatentSet) else read_latents(given, space=space, spaces=sampler.spec.spaces)
    found = found.first(rows, start=index)
    found = found if label is None else found.with_label(label)
    return found.for_sampler(sampler, any_generator=any_generator)


def class_number(spec: SamplerSpec, given: int | str) -> int:
    """The label of a class, by its name or its number; a name comes first. InputError where there is none."""
    if not spec.num_classes:
        raise InputError("this generator has no classes, so none can be named; leave the class out")
    text = str(given)
    if isinstance(given, str) and text in spec.class_names:
        return spec.class_names.index(text)
    if text.isdecimal() and int(text) < spec.num_classes:
        return int(text)
    if text.lstrip("-").isdecimal() or not spec.class_names:
        raise InputError(f"classes are numbered from 0 to {spec.num_classes - 1}, got {text}")
    raise unknown("class", text, spec.class_names)
