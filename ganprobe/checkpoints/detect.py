"""Which layout a checkpoint is of, and the network in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any

from torch import nn

from ganprobe.checkpoints import native
from ganprobe.checkpoints.containers import open_contents
from ganprobe.checkpoints.fitting import build_on_meta, check_finite, check_shapes, check_size, filled
from ganprobe.checkpoints.layout import Contents, Layout, Overrides, Reading, Role
from ganprobe.checkpoints.layouts.stylegan3 import nvlabs_stylegan3
from ganprobe.checkpoints.layouts.table import LAYOUTS
from ganprobe.checkpoints.plugins import GROUP, plug_ins
from ganprobe.core.errors import CheckpointError, InputError, one_line
from ganprobe.generators import ARCHITECTURES
from ganprobe.generators.base import Generator

# What indexing and reshaping tensors that are not as they should be can raise.
_MISSHAPEN = (KeyError, IndexError, RuntimeError, TypeError, ValueError, ZeroDivisionError, OverflowError, InputError)


def open_checkpoint(path: str | Path, *, overrides: Overrides | None = None) -> Generator:
    """The generator in a checkpoint file of any known layout, float32, on the CPU, in evaluation mode. Nothing in the
    file is executed. CheckpointError for a file that is missing, damaged, of no known layout, or a discriminator's;
    InputError for an override that the layout has no use for."""
    network = _open_network(Path(path), "generator", overrides)
    assert isinstance(network, Generator), "a generator's role is to be one"
    return network


def open_discriminator(path: str | Path, *, overrides: Overrides | None = None) -> nn.Module:
    """The discriminator in a checkpoint file, as `open_checkpoint` opens generators; images and labels go in, logits
    (N,) come out. CheckpointError, too, for a file that holds a generator."""
    return _open_network(Path(path), "discriminator", overrides)


def _open_network(path: Path, role: Role, overrides: Overrides | None) -> nn.Module:
    if is_native(path):
        _check_overrides(path, "native", LAYOUTS["native"], overrides)
        _check_role(path, native.read_header(path).role, role)
        return native.load_network(path)
    contents, reading = read_foreign(path, overrides=overrides)
    _check_role(path, reading.role, role)
    return rebuild(contents, reading)


def _check_role(path: Path, found: Role, wanted: Role) -> None:
    if found != wanted:
        raise CheckpointError(f"{path} holds a {found}; give the {wanted}'s file")


def is_native(path: Path) -> bool:
    """Whether a file is ganprobe's own. CheckpointError where there is no file."""
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    return native.is_native(path)


def read_foreign(path: Path, *, overrides: Overrides | None = None) -> tuple[Contents, Reading]:
    """The contents of a foreign checkpoint, and what its layout makes of them; no tensor is converted yet."""
    contents = open_contents(path)
    name, layout = find_layout(contents)
    _check_overrides(path, name, layout, overrides)
    assert layout.read is not None, "only foreign layouts claim contents"
    try:
        reading = layout.read(contents, overrides or Overrides())
    except _MISSHAPEN as problem:
        raise _no_network(contents, problem) from problem
    except CheckpointError as problem:
        said = str(problem)
        raise CheckpointError(said if said.startswith(str(path)) else f"{path}: {said}") from problem
    check_size(path, reading.config, sum(prod(shape) for shape in contents.shapes.values()))
    return contents, reading


def layout_of(contents: Contents) -> str:
    """The name of the layout of a foreign file. CheckpointError, with what was found, where there is none."""
    return find_layout(contents)[0]


def find_layout(contents: Contents) -> tuple[str, Layout]:
    """Name and layout of a foreign file: a built-in one, or, where none claims it, one of another package.
    CheckpointError, with what was found, where there is none."""
    for name, layout in LAYOUTS.items():
        if layout.claims(contents):
            return name, layout
    problems = []
    for plug_in in plug_ins(LAYOUTS):
        try:
            if plug_in.item is not None and plug_in.item.claims(contents):
                return plug_in.name, plug_in.item
            problems.append(plug_in.problem)
        except _MISSHAPEN as problem:
            problems.append(f"the layout {plug_in.name!r} of package {plug_in.package} failed ({one_line(problem)})")
    raise _of_no_layout(contents, [problem for problem in problems if problem])


def _of_no_layout(contents: Contents, problems: Sequence[str]) -> CheckpointError:
    if nvlabs_stylegan3.matches(contents.shapes):
        return CheckpointError(f"{contents.path} ({contents.container}) {nvlabs_stylegan3.REFUSAL}")
    first = ", ".join(one_line(name) for name in [*contents.shapes, *contents.beside][:4]) or "nothing"
    return CheckpointError(
        f"{contents.path} ({contents.container}) is of no known layout: it holds {first}, ...; "
        f"known layouts: {', '.join(LAYOUTS)}; a package can add a reader by the entry-point group {GROUP.name} "
        f"(docs/contributing/layout.md){''.join(f'; {problem}' for problem in problems)}"
    )


def rebuild(contents: Contents, reading: Reading) -> nn.Module:
    """The network of a reading, its tensors converted, checked and copied."""
    try:
        tensors = reading.convert()
    except _MISSHAPEN as problem:
        raise _no_network(contents, problem) from problem
    check_shapes(contents.path, skeleton(reading), {name: tuple(value.shape) for name, value in tensors.items()})
    check_finite(contents.path, tensors)
    return filled(_builder(reading), reading.config, tensors)


def skeleton(reading: Reading) -> nn.Module:
    """The network of a reading without its tensors' memory."""
    return build_on_meta(_builder(reading), reading.config)


def _builder(reading: Reading) -> Callable[[Any], nn.Module]:
    known = ARCHITECTURES[reading.architecture].network(reading.role)
    assert known is not None, "layouts read networks that there are"
    return known.build


def _no_network(contents: Contents, problem: Exception) -> CheckpointError:
    said = one_line(problem, 120)
    missing = f"it lacks the tensor {said}" if isinstance(problem, KeyError) else said
    return CheckpointError(f"{contents.path} does not hold a whole network of its layout: {missing}")


def _check_overrides(path: Path, name: str, layout: Layout, overrides: Overrides | None) -> None:
    given = set((overrides or Overrides()).given())
    if strange := sorted(given - layout.takes):
        had = ", ".join(sorted(layout.takes)) or "none"
        raise InputError(
            f"{path} is of layout {name}, which has no use for {', '.join(strange)}; options it takes: {had}"
        )
