"""The features of a run, loaded once: what looks at images, and what looks at pairs of them, on one device."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import torch

from ganprobe.core.calls.shared import Looking
from ganprobe.core.columns import PIXELS, SCORES
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor
from ganprobe.engine.columns.distances import DISTANCES, NamedDistance
from ganprobe.engine.columns.networks import Network, Weights, published_network
from ganprobe.engine.opening.custom_features import open_custom
from ganprobe.engine.opening.names import CLIP_IMAGES, CUSTOM, DINOV2, EMBEDDED, IMAGENET, INCEPTION, VGG16, network_of
from ganprobe.features import load_clip_image, load_dinov2, load_embedded, load_imagenet, load_inception, load_vgg16
from ganprobe.features.combined import narrowed
from ganprobe.features.custom.extractor import FEATURES as CUSTOM_COLUMN
from ganprobe.features.embeddings.clip_image import COLUMN as CLIP_COLUMN
from ganprobe.features.embeddings.dinov2 import COLUMN as DINOV2_COLUMN
from ganprobe.features.pixels import PixelExtractor
from ganprobe.features.published.inception_extractor import COLUMNS as INCEPTION_COLUMNS
from ganprobe.features.published.vgg16 import COLUMN as VGG16_COLUMN
from ganprobe.features.scores import ScoreTable

ALL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    EMBEDDED: ("embedded.features", "embedded.probabilities"),
    IMAGENET: ("imagenet.features", "imagenet.probabilities"),
    INCEPTION: INCEPTION_COLUMNS,
    VGG16: (VGG16_COLUMN,),
    DINOV2: (DINOV2_COLUMN,),
    CLIP_IMAGES: (CLIP_COLUMN,),
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
    dinov2: Weights = None
    clip: Weights = None
    scorer: FeatureExtractor | None = field(default=None, repr=False)


def files_of(call: Looking, *, scorer: FeatureExtractor | None = None) -> Files:
    """Those that a call names."""
    return Files(
        inception=call.inception_weights,
        vgg=call.vgg_weights,
        dinov2=call.dinov2_weights,
        clip=call.clip_weights,
        scorer=scorer,
    )


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
    if DINOV2_COLUMN in wanted:
        dinov2 = load_dinov2(files.dinov2, device=device)
        parts[DINOV2] = dinov2, published_network(dinov2.weights, dinov2.fingerprint)
    if CLIP_COLUMN in wanted:
        clip = load_clip_image(files.clip, device=device)
        parts[CLIP_IMAGES] = clip, published_network(clip.weights, clip.fingerprint)
    if not wanted.isdisjoint(ALL_COLUMNS[IMAGENET]):
        imagenet = load_imagenet(device)
        network = published_network(imagenet.weights, imagenet.fingerprint)
        parts[IMAGENET] = imagenet, replace(network, protocol={"network": "EfficientNet-Lite0", **network.protocol})
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
