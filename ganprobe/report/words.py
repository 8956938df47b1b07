"""What the metrics are called in a report, and what each number means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganprobe.core.results import Result


@dataclass(frozen=True, slots=True)
class Words:
    """label: the short name in tables. title: the name in full. meaning: one sentence. against_reference: whether the
    number depends on the reference. limits: the range that it cannot leave, where it has both ends."""

    label: str
    title: str
    meaning: str
    group: str = "Images"
    against_reference: bool = True
    limits: tuple[float, float] | None = None


IMAGES, LATENTS, PROBES = "Images", "Latent space", "Probes"
_FRECHET = "Fréchet distance between two normal distributions, fitted to the features of generated and reference images"
_KERNEL = "Squared maximum mean discrepancy between the features of generated and reference images, cubic kernel"
_SCORE = (
    "Exponential of the mean divergence between the class probabilities of one generated image and those of all: "
    "high where images are recognisable and varied"
)
_UNIT = (0.0, 1.0)


def _path_length(space: str, ends: str) -> Words:
    where = "anywhere along a path" if ends == "full" else "at the start of a path"
    walk = "spherical" if space == "Z" else "linear"
    return Words(
        f"PPL {space.lower()} {ends}",
        f"Perceptual path length, {space}, {'full paths' if ends == 'full' else 'path ends'}",
        f"Mean perceptual distance that an image moves by a small step {where} between two latents of {space} "
        f"({walk} interpolation), divided by the square of the step.",
        LATENTS,
        against_reference=False,
    )


WORDS: Mapping[str, Words] = {
    "fid": Words("FID", "Fréchet Inception distance", f"{_FRECHET}."),
    "kid": Words("KID", "Kernel Inception distance", f"{_KERNEL}."),
    "is": Words("IS", "Inception score", f"{_SCORE}.", against_reference=False),
    "fd": Words("FD", "Fréchet distance", f"{_FRECHET}."),
    "kd": Words("KD", "Kernel distance", f"{_KERNEL}."),
    "cs": Words("CS", "Class score", f"{_SCORE}.", against_reference=False),
    "precision": Words(
        "Precision", "Precision", "Share of generated images that lie within the reference's manifold.", limits=_UNIT
    ),
    "recall": Words(
        "Recall", "Recall", "Share of reference images that lie within the generated manifold.", limits=_UNIT
    ),
    "density": Words(
        "Density", "Density", "Mean number of reference neighbourhoods that hold a generated image, divided by k."
    ),
    "coverage": Words(
        "Coverage", "Coverage", "Share of reference images whose neighbourhood holds a generated image.", limits=_UNIT
    ),
    "fid_infinity": Words("FID∞", "Fréchet Inception distance, n → ∞", f"{_FRECHET}, extrapolated to endless samples."),
    "fd_infinity": Words("FD∞", "Fréchet distance, n → ∞", f"{_FRECHET}, extrapolated to endless samples."),
    "intra_fid": Words("Intra-FID", "Intra-class Fréchet Inception distance", f"{_FRECHET}: the mean over classes."),
    "intra_fd": Words("Intra-FD", "Intra-class Fréchet distance", f"{_FRECHET}: the mean over classes."),
    "swd": Words(
        "SWD", "Sliced Wasserstein distance", "Wasserstein distance of local patches, mean over random projections."
    ),
    "ms_ssim": Words(
        "MS-SSIM",
        "Multi-scale structural similarity",
        "Mean similarity of pairs of generated images of one class: high where they are all alike.",
        against_reference=False,
    ),
    "lpips_diversity": Words(
        "LPIPS diversity",
        "LPIPS diversity",
        "Mean perceptual distance between pairs of generated images.",
        against_reference=False,
    ),
    "ppl_z_full": _path_length("Z", "full"),
    "ppl_z_end": _path_length("Z", "end"),
    "ppl_w_full": _path_length("W", "full"),
    "ppl_w_end": _path_length("W", "end"),
    "ls_z": Words(
        "LS z",
        "Linear separability, Z",
        "How well planes in Z tell attributes apart.",
        LATENTS,
        against_reference=False,
    ),
    "ls_w": Words(
        "LS w",
        "Linear separability, W",
        "How well planes in W tell attributes apart.",
        LATENTS,
        against_reference=False,
    ),
    "boundary_accuracy": Words(
        "Boundary acc.",
        "Boundary accuracy",
        "Held-out accuracy of the plane in latent space that parts an attribute.",
        LATENTS,
        against_reference=False,
        limits=_UNIT,
    ),
    "attribute_correlation": Words(
        "Attribute corr.",
        "Attribute correlation",
        "Correlation between attribute scores of generated images.",
        LATENTS,
        against_reference=False,
    ),
    "cas": Words(
        "CAS",
        "Classification accuracy score",
        "Accuracy on real images of a classifier that was trained on generated ones.",
        PROBES,
        limits=_UNIT,
    ),
    "forgetting": Words(
        "Forgetting",
        "Forgetting of the discriminator",
        "How much the discriminator loses of what it had learnt as training goes on.",
        PROBES,
        against_reference=False,
    ),
    "lt_probe": Words(
        "LT probe",
        "Latent transformation probe",
        "How well latent transformations can be told from the images.",
        PROBES,
        against_reference=False,
    ),
}
_NOT_INCEPTION = {"fid": "fd", "kid": "kd", "is": "cs", "fid_infinity": "fd_infinity", "intra_fid": "intra_fd"}
_PUBLISHED = ("inception", "lpips", "vgg")


def words_of(metric: str, features: str = "") -> Words:
    """The words of a metric; an unknown one goes by its own name. What the field calls FID, KID and IS is named so
    only where `features` are Inception's."""
    base = metric.partition("@")[0]
    if not features.startswith("inception"):
        base = _NOT_INCEPTION.get(base, base)
    return WORDS.get(base) or Words(base, base, "")


def label_of(metric: str, features: str = "") -> str:
    """The short name with its protocol, such as 'FID (clean)'."""
    variant = metric.partition("@")[2]
    return words_of(metric, features).label + (f" ({variant})" if variant else "")


def title_of(metric: str, features: str = "") -> str:
    """The name in full with its protocol."""
    variant = metric.partition("@")[2]
    return words_of(metric, features).title + (f" ({variant})" if variant else "")


def features_note(results: Sequence[Result]) -> str:
    """One line for numbers whose features are not those of the published metrics; empty where there are none."""
    labels: dict[str, list[str]] = {}
    for result in results:
        if result.features and not result.features.startswith(_PUBLISHED):
            labels.setdefault(result.features, []).append(label_of(result.metric, result.features))
    if not labels:
        return ""
    which = "; ".join(f"{', '.join(dict.fromkeys(names))} from {features}" for features, names in labels.items())
    if [len(results)] == [len(names) for names in labels.values()]:
        which = f"all from {next(iter(labels))}"
    return f"Features: {which}. Compare them only with numbers from the same features, not with published ones."
