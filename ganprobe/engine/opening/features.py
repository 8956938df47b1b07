"""The features of a run, loaded once: what looks at images, and what looks at pairs of them, on one device."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from ganprobe.core.columns import PIXELS, SCORES
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor
from ganprobe.core.registry import unknown
from ganprobe.engine.columns.distances import DISTANCES, NamedDistance
from ganprobe.engine.columns.networks import Network, Weights, published_network
from ganprobe.engine.opening.custom_features import CUSTOM, check_custom, is_custom, network_of, open_custom
from ganprobe.engine.opening.metrics import resolve
from ganprobe.features import CUSTOM_COLUMN, INCEPTION_COLUMNS, VGG16_COLUMN, load_embedded, load_inception, load_vgg16
from ganprobe.features.combined import narrowed
from ganprobe.features.pixels import PixelExtractor
from ganprobe.features.scores import ScoreTable

EMBEDDED, INCEPTION, VGG16 = "embedded", "inception", "vgg16"
KNOWN = (EMBEDDED, INCEPTION, VGG16)
ALL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    EMBEDDED: ("embedded.features", "embedded.probabilities"),
    INCEPTION: INCEPTION_COLUMNS,
    VGG16: (VGG16_COLUMN,),
    CUSTOM: (CUSTOM_COLUMN,),
}
Opened = tuple[FeatureExtractor, Network]


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """parts: the extractors of images by the name that a metric's `features` says, the main one first, each with its
    network; distances: between two images, by their keys; attributes: the names of the columns of "scores"."""

    parts: Mapping[str, Opened]
    distances: Mapping[str, NamedDistance]
    device: torch.device
    attributes: tuple[str, ...] = ()

    @property
    def extractor(self) -> FeatureExtractor:
        """All of them together."""
        return self.extractor_of(frozenset[str]().union(*(extractor.provides for extractor, _ in self.parts.values())))

    def extractor_of(self, columns: Collection[str]) -> FeatureExtractor:
        """Those that give some of `columns`."""
        return narrowed([extractor for extractor, _ in self.parts.values()], columns)

    @property
    def networks(self) -> Mapping[str, Network]:
        """By the name that a metric's `features` says, the main one first."""
        return {kind: network for kind, (_, network) in self.parts.items()}

    def networks_of(self, columns: Collection[str]) -> Mapping[str, Network]:
        """Those behind `columns`, the main one first."""
        return {kind: network for kind, (part, network) in self.parts.items() if not part.provides.isdisjoint(columns)}

    @property
    def name(self) -> str:
        """Of the main network."""
        return next(iter(self.networks.values())).name


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where weights and scores come from, None for the official ones and for no scorer."""

    inception: Weights = None
    vgg: Weights = None
    scorer: FeatureExtractor | None = field(default=None, repr=False)


def features_for(
    name: str | None, metrics: Sequence[str] | None, inception_weights: Weights, vgg_weights: Weights = None
) -> str:
    """The features that a call means: those that it names, else Inception's where it names weights for them or a metric
    that is defined on them, else VGG16's likewise, else the embedded ones. InputError for unknown features or metrics,
    and for weights that the features named do not use."""
    custom = name is not None and is_custom(name)
    if name is not None and custom:
        check_custom(name)
    elif name is not None and name not in KNOWN:
        raise unknown("features", name, KNOWN)
    if name not in (None, INCEPTION) and inception_weights is not None:
        raise InputError(f"Inception weights are of no use to {name} features; leave out one of the two options")
    networks = () if name is None else (network_of(name),)
    asked = {spec.features for spec in resolve(metrics, networks)} if metrics else set()
    if (custom or name == EMBEDDED) and vgg_weights is not None and "lpips" not in asked:
        raise InputError(f"VGG16 weights are of no use to {name} features; leave out one of the two options")
    if name is not None:
        return name
    if INCEPTION in asked or inception_weights is not None:
        return INCEPTION
    return VGG16 if VGG16 in asked or (vgg_weights is not None and "lpips" not in asked) else EMBEDDED


def default_networks(features: str, vgg_weights: Weights) -> tuple[str, ...]:
    """The networks whose metrics a call means that names none: VGG16 beside Inception only where its weights are named,
    for they are a large download."""
    return (INCEPTION, VGG16) if features == INCEPTION and vgg_weights is not None else (network_of(features),)


def open_features(
    name: str,
    *,
    device: torch.device,
    columns: Collection[str] | None = None,
    distances: Collection[str] = (),
    files: Files | None = None,
) -> FeatureSet:
    """What a run through the features called `name` (a result of `features_for`) reads.

    columns: those that will be read, None for all of this name; networks that give none of them are not opened, and
    Inception computes no others. distances: keys of DISTANCES. CheckpointError where weights cannot be had or read.
    """
    files = files or Files()
    wanted = frozenset(ALL_COLUMNS[network_of(name)] if columns is None else columns)
    of_inception = wanted.intersection(INCEPTION_COLUMNS)
    parts: dict[str, Opened] = {CUSTOM: open_custom(name, device)} if CUSTOM_COLUMN in wanted else {}
    if of_inception:
        inception = load_inception(files.inception, columns=of_inception, device=device)
        parts[INCEPTION] = inception, published_network(inception.weights, inception.fingerprint)
    if VGG16_COLUMN in wanted:
        vgg = load_vgg16(files.vgg, device=device)
        parts[VGG16] = vgg, published_network(vgg.weights, vgg.fingerprint)
    if not wanted.isdisjoint(ALL_COLUMNS[EMBEDDED]) or not wanted:
        embedded = load_embedded(device)
        parts[EMBEDDED] = embedded, Network(EMBEDDED, embedded.fingerprint)
    if PIXELS in wanted:
        pixels = PixelExtractor(device)
        parts[PIXELS] = pixels, Network(PIXELS, pixels.fingerprint)
    attributes: tuple[str, ...] = ()
    if SCORES in wanted and files.scorer is not None:
        table = ScoreTable(files.scorer)
        parts[SCORES], attributes = (
            (table, Network(SCORES, table.fingerprint, {"scorer": table.fingerprint})),
            table.attributes,
        )
    opened = {key: DISTANCES[key](device, files.vgg) for key in distances}
    return FeatureSet(parts, opened, device, attributes)


def open_device(name: str | None) -> torch.device:
    """The device called `name`; without a name CUDA where there is one, else the CPU. InputError for one not here."""
    if name is None or name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(f"device {name!r} cannot be used ({reason}); try cpu, cuda or cuda:0") from problem
    return device
