"""Options that several commands share, in groups: what is said of each, once, and how its word is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ganprobe.core.calls.options import Options, option
from ganprobe.core.calls.resizing import checked_resize
from ganprobe.core.errors import InputError
from ganprobe.core.spaces import BatchNoise, Truncation


def split_names(text: str) -> list[str]:
    """ "fd, kd" to ["fd", "kd"]."""
    return [name.strip() for name in text.split(",") if name.strip()]


def parse_truncation(text: str) -> Truncation:
    """ "0.7" to 0.7 and "0.7:4" to (0.7, 4). InputError for anything else."""
    psi, colon, cutoff = text.partition(":")
    try:
        return (float(psi), int(cutoff)) if colon else float(psi)
    except ValueError:
        raise InputError(f"truncation must be psi or psi:layers, such as 0.7 or 0.7:4; got {text!r}") from None


OutputRange = tuple[int, int]


OUTPUT_RANGES: Final[tuple[OutputRange, ...]] = ((-1, 1), (0, 1), (0, 255))


def parse_range(text: str) -> OutputRange:
    """ "0,1" to (0, 1). InputError for a range that is not known."""
    known = {f"{low},{high}": (low, high) for low, high in OUTPUT_RANGES}
    found = known.get(text.replace(" ", "").strip("[]()"))
    if found is None:
        raise InputError(f"an output range is one of {' '.join(known)}, got {text!r}")
    return found


@dataclass(frozen=True, kw_only=True)
class Ranging(Options):
    """What the numbers of a generator's images mean."""

    output_range: OutputRange | None = option(
        None,
        word=str,
        read=parse_range,
        help="Of the floats that code of your own gives: -1,1 or 0,1 or 0,255; left out, its attribute output_range, "
        "else -1,1.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.output_range is not None and tuple(self.output_range) not in OUTPUT_RANGES:
            raise InputError(f"output range must be one of {OUTPUT_RANGES}, got {self.output_range!r}")


@dataclass(frozen=True, kw_only=True)
class Looking(Options):
    """With which networks."""

    features: str | None = option(
        None,
        help="inception, vgg16, dinov2, clip, embedded, imagenet, a TorchScript file or package.module:callable; left "
        "out, what the metrics are defined on, else the embedded ones.",
    )
    inception_weights: str | Path | None = option(
        None,
        word=Path,
        help="A file in the layout of the official Inception weights, whose numbers are marked; left out, those, "
        "fetched once.",
    )
    vgg_weights: str | Path | None = option(
        None,
        word=Path,
        help="A file in the layout of torchvision's VGG16, for precision, recall and LPIPS; left out, the official"
        " one.",
    )
    dinov2_weights: str | Path | None = option(
        None,
        word=Path,
        help="A file in the layout of DINOv2's, for fd_dinov2; left out, the official ViT-L/14, fetched once.",
    )
    clip_weights: str | Path | None = option(
        None,
        word=Path,
        help="A file in the layout of OpenAI's CLIP, for cmmd; left out, the official ViT-L/14 at 336 pixels, fetched "
        "once.",
    )


@dataclass(frozen=True, kw_only=True)
class Picking(Options):
    """Which network of a checkpoint."""

    key: str | None = option(
        None,
        help="The key of the network to read, where a checkpoint holds several (`ganprobe inspect` names them); left "
        "out, the averaged generator.",
    )


@dataclass(frozen=True, kw_only=True)
class Scoring(Options):
    """Of attributes."""

    scorer: str | Path | None = option(
        None,
        help="Of attributes: toyfaces, a file, a folder of classifiers, package.module:callable or clip:...; see "
        "`ganprobe list scorers`. Left out, the one of toyfaces.",
    )


@dataclass(frozen=True, kw_only=True)
class Crediting(Options):
    """Whose statistics a reference is."""

    reference_protocol: str | None = option(
        None,
        help="Whose statistics the reference is, where its file does not tell: pytorch-fid, ttur, adm, clean-fid, "
        "stylegan3 or torch-fidelity, with :N for the number of images; images: to measure those beside them.",
    )


Extremes = int | float
"""A number of samples, or a share of all below 1."""


def parse_extremes(text: str) -> Extremes:
    """ "50" to 50 and "0.02" to 0.02. InputError for anything else."""
    try:
        return int(text) if text.strip().isdigit() else float(text)
    except ValueError:
        raise InputError(
            f"extremes are a number of samples or a share of them, such as 50 or 0.02; got {text!r}"
        ) from None


@dataclass(frozen=True, kw_only=True)
class Cutting(Options):
    """Of the boundaries of attributes."""

    extremes: Extremes | None = option(
        None,
        word=str,
        read=parse_extremes,
        help="Samples at each end of an attribute's scores that its boundary is fitted to and validated on: a number, "
        "or a share such as 0.02; left out, 10,000 and at most a tenth of all.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.extremes
        whole = isinstance(given, int) and not isinstance(given, bool) and given >= 1
        if not (given is None or whole or (isinstance(given, float) and 0 < given <= 0.5)):
            raise InputError(f"extremes must be a number of at least 1, or a share of at most 0.5, got {given!r}")


@dataclass(frozen=True, kw_only=True)
class Seeding(Options):
    """Which samples."""

    seed: int = option(0, help="Sample i is a function of the seed and i alone.")


@dataclass(frozen=True, kw_only=True)
class Counting(Options):
    """How many samples."""

    samples: int | None = option(
        None,
        least=1,
        help="Images to draw, and pairs on each path; left out, 50,000 (to compare: 5,000), of a smaller set of "
        "images all.",
    )


@dataclass(frozen=True, kw_only=True)
class Truncating(Options):
    """How varied the samples are."""

    truncation: Truncation = option(
        1.0,
        word=str,
        read=parse_truncation,
        written="1",
        help="psi, or psi with a number of layers, the first ones, that alone are truncated; for BigGAN the "
        "threshold on z. 1 is none.",
    )


@dataclass(frozen=True, kw_only=True)
class Rendering(Options):
    """How a generator's images are made."""

    noise: BatchNoise = option(
        "random", choices=("random", "const", "zero"), help="Per-pixel noise: random (by index), const or zero."
    )


@dataclass(frozen=True, kw_only=True)
class Reading(Options):
    """How files of images are read."""

    skip_unreadable: bool = option(False, help="Leave out images that cannot be decoded, and say so.")
    resize: str | int | None = option(
        None,
        word=str,
        read=checked_resize,
        help="N or N:method: crop images to their centred square and bring it to N x N pixels by lanczos (the "
        "default), bicubic, bilinear, hamming, box or nearest; of real and of generated images alike. Left out, all "
        "must have one size.",
    )
    labels: str | Path | None = option(
        None,
        word=str,
        help="Of images: none, folders (the first folder is the class), or a file that says them: dataset.json, a JSON "
        "mapping, a .csv or .tsv of files and classes (of real images alone). Left out, those that the data have.",
    )
    class_order: str | Path | Sequence[str] | None = option(
        None,
        word=str,
        help="What label k means: names (the k-th in the order of their characters), numbers (of the numbers in the "
        "names), or a file of names. Left out, names; a generator that names its classes is matched by name.",
    )

    @property
    def reading(self) -> dict[str, Any]:
        """As `ganprobe.data.open_data` takes them."""
        return {
            "skip_unreadable": self.skip_unreadable,
            "resize": self.resize,
            "labels": self.labels,
            "class_order": self.class_order,
        }


@dataclass(frozen=True, kw_only=True)
class Placing(Options):
    """Where to run."""

    device: str | None = option(
        None,
        help="Where features are computed and a generator that is opened here runs: cpu, cuda, cuda:1, mps; left "
        "out, CUDA where there is one.",
    )


@dataclass(frozen=True, kw_only=True)
class Batching(Options):
    """How much at a time."""

    batch_size: int = option(64, least=1, help="Samples taken in at a time; results do not depend on it.")


@dataclass(frozen=True, kw_only=True)
class Remembering(Options):
    """What is taken from earlier runs."""

    cache: bool = option(True, help="Keep what was measured of a folder of images, and use it while nothing changes.")


@dataclass(frozen=True, kw_only=True)
class Classifying(Options):
    """What classifiers are trained and tested on."""

    test_data: str | Path | None = option(
        None,
        help="Real images that a classifier is tested on (cas); left out, those of the reference's data set, or test/ "
        "or val/ beside a folder train/.",
    )
    classifier: str | None = option(
        None,
        help="The network that cas trains: package.module:callable of (classes, resolution); left out, a ResNet-56 up "
        "to 32 pixels and a ResNet-50 above.",
    )


@dataclass(frozen=True, kw_only=True)
class Asked(Options):
    """What is asked of a generator."""

    reference: str | Path | None = option(
        None, help="A data set's name, images, or saved statistics; needed by metrics that compare."
    )
    metrics: Sequence[str] | None = option(
        None,
        word=str,
        read=split_names,
        help="Names, as in `ganprobe list metrics`, on the command line joined by commas; left out, all that the "
        "generator and the reference allow.",
    )


@dataclass(frozen=True, kw_only=True)
class Kept(Options):
    """What is kept of an unfinished run."""

    out: str | Path | None = option(
        None,
        word=Path,
        help="Folder for the results; a run of more than half a minute saves its states there while it lasts.",
    )
    resume: bool = option(False, help="Go on where a killed run with the same settings stopped.")
