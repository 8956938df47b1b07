"""Which layout a checkpoint is of, and the network in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ganprobe.checkpoints import native
from ganprobe.checkpoints.choice import MISSHAPEN, Chosen, choose
from ganprobe.checkpoints.containers import open_file
from ganprobe.checkpoints.fitting import build_on_meta, check_finite, check_shapes, check_size, filled
from ganprobe.checkpoints.layout import Contents, Layout, Overrides, Reading, Role
from ganprobe.checkpoints.layouts.pictures import GREY, channels_of, check_latents, check_pictures, in_colour
from ganprobe.checkpoints.layouts.table import LAYOUTS
from ganprobe.core.errors import CheckpointError, InputError, one_line
from ganprobe.generators import ARCHITECTURES
from ganprobe.generators.base import Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a network comes from. layout: of its file. key: what was read of it, "" for all. others: the other networks
    in it, by key. assumed: configuration field to the reason for its value, for what the file does not tell. aliases:
    fingerprints of what a native file was converted from."""

    layout: str
    key: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    def said(self) -> dict[str, Any]:
        """What there is to say, ready for JSON."""
        values = {"layout": self.layout, "key": self.key, "others": list(self.others), "assumed": dict(self.assumed)}
        return {name: value for name, value in values.items() if value}


def open_checkpoint(path: str | Path, *, overrides: Overrides | None = None, key: str | None = None) -> Generator:
    """The generator in a checkpoint file of any known layout, float32, on the CPU, in evaluation mode; key: see
    `ganprobe.checkpoints.choice.choose`. Nothing in the file is executed. CheckpointError for a file that is missing,
    damaged, of no known layout, or a discriminator's; InputError for an override that the layout has no use for, and a
    key that is not there."""
    return open_generator(path, overrides=overrides, key=key)[0]


def open_generator(
    path: str | Path, *, overrides: Overrides | None = None, key: str | None = None
) -> tuple[Generator, Origin]:
    """As `open_checkpoint`, and where the generator comes from."""
    network, origin = _open_network(Path(path), "generator", overrides, key)
    assert isinstance(network, Generator), "a generator's role is to be one"
    return network, origin


def open_discriminator(path: str | Path, *, overrides: Overrides | None = None, key: str | None = None) -> nn.Module:
    """The discriminator in a checkpoint file, as `open_checkpoint` opens generators; images and labels go in, logits
    (N,) come out. CheckpointError, too, for a file that holds a generator."""
    return _open_network(Path(path), "discriminator", overrides, key)[0]


def _open_network(path: Path, role: Role, overrides: Overrides | None, key: str | None) -> tuple[nn.Module, Origin]:
    if is_native(path):
        _check_overrides(path, "native", LAYOUTS["native"], overrides)
        check_no_key(path, key)
        header = native.read_header(path)
        _check_role(path, header.role, role)
        return native.load_network(path), _origin_of(header)
    chosen, reading = read_foreign(path, overrides=overrides, key=key, role=role)
    _check_role(path, reading.role, role)
    contents = chosen.contents
    origin = Origin(layout=chosen.name, key=contents.place, others=contents.others, assumed=reading.assumed)
    return rebuild(contents, reading), origin


def _origin_of(header: native.Header) -> Origin:
    """Of a native network: what was assumed of the file that it was converted from."""
    assumed = header.source.get("assumed", {})
    words = {str(name): str(value) for name, value in assumed.items()} if isinstance(assumed, dict) else {}
    sources = (header.source.get(name) for name in ("weights", "sha256", "native_sha256"))
    return Origin(layout="native", assumed=words, aliases=tuple(each for each in sources if isinstance(each, str)))


def check_no_key(path: Path, key: str | None) -> None:
    """InputError for a key: a native file holds one network."""
    if key is not None:
        raise InputError(f"{path} is a native checkpoint, which holds one network: give no key, got {key!r}")


def _check_role(path: Path, found: Role, wanted: Role) -> None:
    if found != wanted:
        raise CheckpointError(f"{path} holds a {found}; give the {wanted}'s file")


def is_native(path: Path) -> bool:
    """Whether a file is ganprobe's own. CheckpointError where there is no file."""
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    return native.is_native(path)


def read_foreign(
    path: Path, *, overrides: Overrides | None = None, key: str | None = None, role: Role = "generator"
) -> tuple[Chosen, Reading]:
    """The network of a foreign checkpoint that is read, and what its layout makes of it; no tensor is converted yet."""
    chosen = choose(open_file(path), key=key, role=role)
    contents, layout = chosen.contents, chosen.layout
    _check_overrides(path, chosen.name, layout, overrides)
    assert layout.read is not None, "only foreign layouts claim contents"
    try:
        reading = layout.read(contents, overrides or Overrides())
        if reading.role == "generator":
            check_pictures(contents, reading.config)
            _check_latents(reading.config)
    except MISSHAPEN as problem:
        raise _no_network(contents, problem) from problem
    except CheckpointError as problem:
        said = str(problem)
        raise CheckpointError(said if said.startswith(str(path)) else f"{path}{_under(contents)}: {said}") from problem
    check_size(path, reading.config, sum(prod(shape) for shape in contents.shapes.values()))
    if reading.role == "generator" and channels_of(contents.shapes) == 1:
        reading = _of_grey(reading)
    return chosen, reading


def _of_grey(reading: Reading) -> Reading:
    def convert() -> dict[str, Tensor]:
        return in_colour(reading.convert(), skeleton(reading))

    return replace(reading, convert=convert, assumed={**reading.assumed, "channels": GREY})


def _check_latents(config: Any) -> None:
    w_dim = getattr(config, "w_dim", None)
    if w_dim is not None:
        check_latents(config.z_dim, w_dim, config.num_classes)


def _under(contents: Contents) -> str:
    return f" (under {one_line(contents.place)!r})" if contents.place else ""


def rebuild(contents: Contents, reading: Reading) -> nn.Module:
    """The network of a reading, its tensors converted, checked and copied."""
    try:
        tensors = reading.convert()
    except MISSHAPEN as problem:
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
    return CheckpointError(f"{contents.path}{_under(contents)} does not hold a whole network of its layout: {missing}")


def _check_overrides(path: Path, name: str, layout: Layout, overrides: Overrides | None) -> None:
    given = set((overrides or Overrides()).given())
    if strange := sorted(given - layout.takes):
        had = ", ".join(sorted(layout.takes)) or "none"
        raise InputError(
            f"{path} is of layout {name}, which has no use for {', '.join(strange)}; options it takes: {had}"
        )
