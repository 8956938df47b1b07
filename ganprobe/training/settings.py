"""Everything that decides a training run: one frozen record, with the defaults of each architecture.

>>> from dataclasses import replace
>>> settings = replace(default_settings("biggan"), images=100_000, seed=1)
>>> settings.betas
(0.0, 0.999)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown

Precision = Literal["fp32", "bf16", "fp16"]

_NUMBER = (int, float)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": _NUMBER,
    "float | None": (*_NUMBER, type(None)),
    "str": (str,),
    "tuple[int, ...]": (tuple, list),
    "tuple[float, float]": (tuple, list),
}

# These may differ when a run goes on: they decide how far, how fast and how talkative it is, not where it goes.
FREE = frozenset(
    {"images", "max_hours", "snapshots", "threads", "log_every", "grid_every", "checkpoint_every", "tensorboard"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """Progressive growing (Karras et al. 2018): `stabilise` images at `start` x `start`, then for every doubling
    `fade` images of fading in and `stabilise` images at the new resolution."""

    start: int = 8
    stabilise: int = 100_000
    fade: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """The settings of a run; the defaults are StyleGAN's (Karras et al. 2019), `default_settings` has the others'.

    network: fields of the generator's configuration that are not its default. discriminator_network: likewise.
    images: real images shown to the discriminator before the run ends; a step is one generator update, and shows
    batch * discriminator_steps images. r1_gamma: weight of the R1 penalty, 0 for none; it is evaluated every r1_every
    discriminator updates, times r1_every. ema_halflife: images after which a weight's share in the average has halved;
    it is at most ema_rampup * images so far. rate_decay: images over which both learning rates fall linearly to zero;
    0 for constant rates. log_every, grid_every, checkpoint_every: steps. max_hours: hours of training, all resumptions
    together, after which the run stops with a checkpoint. snapshots: numbers of images at which the averaged generator
    is exported. threads: CPU threads, 0 for torch's choice.
    """

    network: Mapping[str, Any] = field(default_factory=dict)
    discriminator_network: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    images: int = 1_000_000
    batch: int = 32
    generator_rate: float = 0.001
    discriminator_rate: float = 0.001
    betas: tuple[float, float] = (0.0, 0.99)
    epsilon: float = 1e-8
    rate_decay: int = 0
    discriminator_steps: int = 1
    r1_gamma: float = 10.0
    r1_every: int = 16
    style_mixing: float = 0.9
    growing: Growing | None = None
    ema_halflife: float = 10_000.0
    ema_rampup: float = 0.05
    flips: bool = False
    precision: Precision = "fp32"
    channels_last: bool = True
    device: str = "cpu"
    threads: int = 0
    log_every: int = 50
    grid_every: int = 500
    checkpoint_every: int = 500
    max_hours: float | None = None
    snapshots: tuple[int, ...] = ()
    tensorboard: bool = True

    def __post_init__(self) -> None:
        for name in ("images", "batch", "discriminator_steps", "r1_every", "log_every", "grid_every"):
            _require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        _require(self.checkpoint_every >= 1, "checkpoint_every", "at least 1", self.checkpoint_every)
        for name in ("generator_rate", "discriminator_rate", "ema_halflife", "ema_rampup"):
            _require(getattr(self, name) > 0, name, "above 0", getattr(self, name))
        for name in ("r1_gamma", "rate_decay", "threads"):
            _require(getattr(self, name) >= 0, name, "at least 0", getattr(self, name))
        _require(0 <= self.style_mixing <= 1, "style_mixing", "from 0 to 1", self.style_mixing)
        _require(self.precision in ("fp32", "bf16", "fp16"), "precision", "fp32, bf16 or fp16", self.precision)
        _require(
            self.precision != "fp16" or self.device.startswith("cuda"), "precision", "bf16 or fp32 off CUDA", "fp16"
        )

    @property
    def images_per_step(self) -> int:
        return self.batch * self.discriminator_steps

    @property
    def steps(self) -> int:
        """How many steps show at least `images` images."""
        return -(-self.images // self.images_per_step)

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        return {**data, "betas": list(self.betas), "snapshots": list(self.snapshots)}

    def identity(self) -> dict[str, Any]:
        """The settings on which the weights depend: they must be the same when a run goes on."""
        return {name: value for name, value in self.to_json().items() if name not in FREE}


def check_kinds(record: type, given: Mapping[str, Any]) -> None:
    """InputError for a value of `given` that is of another kind than the field of that name in the dataclass `record`:
    a call's words are JSON, and 1.5 or "many" channels would only show deep inside the network."""
    for each in fields(record):
        wanted = _KINDS.get(str(each.type))
        if wanted is None or each.name not in given:
            continue
        value = given[each.name]
        if not isinstance(value, wanted) or isinstance(value, bool) != (wanted == (bool,)):
            raise InputError(f"{each.name} must be of the kind {each.type}, got {value!r}")


def _require(met: bool, name: str, expected: str, value: object) -> None:
    if not met:
        raise InputError(f"training setting {name} must be {expected}, got {value!r}")


_STYLEGAN = TrainSettings()
_BIGGAN = replace(
    _STYLEGAN,
    images=5_000_000,
    batch=64,
    generator_rate=2e-4,
    discriminator_rate=2e-4,
    betas=(0.0, 0.999),
    discriminator_steps=4,
    r1_gamma=0.0,
    style_mixing=0.0,
    ema_halflife=180_000.0,
    flips=True,
)
_DEFAULTS = {"stylegan": _STYLEGAN, "biggan": _BIGGAN}


def default_settings(architecture: str) -> TrainSettings:
    """The defaults of an architecture. InputError for an unknown one."""
    if architecture not in _DEFAULTS:
        raise unknown("architecture to train", architecture, _DEFAULTS)
    return _DEFAULTS[architecture]
