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
_BOUNDARY = (
    "Accuracy of the plane in latent space that parts an attribute, on all samples between the extremes that it was "
    "fitted to; mean over attributes."
)
_UNIT = (0.0, 1.0)


def _path_length(space: str, ends: str, *, straight: bool = False) -> Words:
    where = "anywhere along a path" if ends == "full" else "at the start of a path"
    walk = "spherical" if space == "Z" and not straight else "linear"
    return Words(
        f"PPL {space.lower()} {ends}",
        f"Perceptual path length, {space}, {'full paths' if ends == 'full' else 'path ends'}",
        f"Mean perceptual distance that an image moves by a small step {where} between two latents of {space} "
        f"({walk} interpolation), divided by the square of the step.",
        LATENTS,
        against_reference=False,
    )


def _separability(space: str) -> Words:
    return Words(
        f"LS {space.lower()}",
        f"Linear separability, {space}",
        f"How well planes in {space} tell attributes apart: 2 to the sum over attributes of the bits of uncertainty "
        "that are left; 1 is perfect.",
        LATENTS,
        against_reference=False,
    )


_OF_AXES = {
    "dci": ("DCI disentanglement", "How far each number of {space} serves a single attribute, weighted by importance."),
    "mig": ("Mutual information gap", "How much more the best number of {space} tells of an attribute than the next."),
    "sap": ("SAP score", "How much better the best number of {space} predicts an attribute than the next."),
}


def _axes(name: str, space: str) -> Words:
    title, meaning = _OF_AXES[name]
    label = f"{name.upper()} {space.lower()}"
    meaning = meaning.format(space=space)
    return Words(label, f"{title}, {space}", meaning, LATENTS, against_reference=False, limits=_UNIT)


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
    "authenticity": Words(
        "Authenticity",
        "Authenticity",
        "Share of generated images that are farther from their nearest reference image than that one is from its own "
        "nearest: near 0 where the reference's images are copied.",
        limits=_UNIT,
    ),
    "fid_infinity": Words("FID∞", "Fréchet Inception distance, n → ∞", f"{_FRECHET}, extrapolated to endless samples."),
    "fd_infinity": Words("FD∞", "Fréchet distance, n → ∞", f"{_FRECHET}, extrapolated to endless samples."),
    "fd_dinov2": Words("FD-DINOv2", "Fréchet distance of DINOv2's features", f"{_FRECHET}: DINOv2's class tokens."),
    "cmmd": Words(
        "CMMD",
        "CLIP maximum mean discrepancy",
        "Squared maximum mean discrepancy between CLIP's embeddings of generated and reference images, Gaussian "
        "kernel, times 1000.",
    ),
    "intra_fid": Words("Intra-FID", "Intra-class Fréchet Inception distance", f"{_FRECHET}: the mean over classes."),
    "intra_fd": Words("Intra-FD", "Intra-class Fréchet distance", f"{_FRECHET}: the mean over classes."),
    "swd": Words(
        "SWD", "Sliced Wasserstein distance", "Wasserstein distance of local patches, mean over random projections."
    ),
    "ms_ssim": Words(
        "MS-SSIM",
        "Multi-scale structural similarity",
        "Mean similarity of pairs of generated images of one class: high where they are all alike, low where they are "
        "noise; the training images' own number is the one to come near.",
        against_reference=False,
        limits=_UNIT,
    ),
    "lpips_diversity": Words(
        "LPIPS diversity",
        "LPIPS diversity",
        "Mean perceptual distance (LPIPS) between pairs of generated images, of one class where there are classes.",
        against_reference=False,
    ),
    "lpips_diversity@embedded": Words(
        "Diversity",
        "Perceptual diversity",
        "Mean distance between pairs of generated images, of one class where there are classes, as the embedded "
        "network sees them; not LPIPS.",
        against_reference=False,
    ),
    "lpips_diversity@imagenet": Words(
        "Diversity",
        "Perceptual diversity",
        "Mean distance between pairs of generated images, of one class where there are classes, as the ImageNet "
        "network sees them; not LPIPS.",
        against_reference=False,
    ),
    "ppl_z_full": _path_length("Z", "full"),
    "ppl_z_end": _path_length("Z", "end"),
    "ppl_z_end@torch-fidelity": _path_length("Z", "end", straight=True),
    "ppl_w_full": _path_length("W", "full"),
    "ppl_w_end": _path_length("W", "end"),
    **{f"ls_{space}": _separability(space.upper()) for space in "zws"},
    **{f"{name}_{space}": _axes(name, space.upper()) for name in ("dci", "mig", "sap") for space in "zws"},
    "boundary_accuracy": Words(
        "Boundary acc. (midrange)",
        "Boundary accuracy, scores cut at the middle of their range",
        f"{_BOUNDARY} Classes are those above and below the middle of the scores' range, which two samples set.",
        LATENTS,
        against_reference=False,
        limits=_UNIT,
    ),
    "boundary_accuracy@median": Words(
        "Boundary acc.",
        "Boundary accuracy",
        f"{_BOUNDARY} Classes are those above and below the median of the scores.",
        LATENTS,
        against_reference=False,
        limits=_UNIT,
    ),
    "attribute_correlation": Words(
        "Attribute corr.",
        "Attribute correlation",
        "Mean absolute correlation between the scores of two attributes over generated images.",
        LATENTS,
        against_reference=False,
        limits=_UNIT,
    ),
    "rescoring": Words(
        "Re-scoring",
        "Re-scoring along directions",
        "Mean, over attributes, of the share of change that falls on the attribute itself, when samples are moved "
        "along the method's best direction for it and scored again.",
        LATENTS,
        against_reference=False,
        limits=_UNIT,
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
    "linear_probe": Words(
        "Linear probe",
        "Linear probe of the discriminator",
        "Accuracy of a logistic regression on the discriminator's features, on test images.",
        PROBES,
        limits=_UNIT,
    ),
    "code_accuracy": Words(
        "Code accuracy",
        "Accuracy of categorical codes",
        "Share of categorical codes that the head of the training reads aright from generated images.",
        PROBES,
        against_reference=False,
        limits=_UNIT,
    ),
    "code_correlation": Words(
        "Code correlation",
        "Correlation of continuous codes",
        "Correlation of continuous codes with what the head of the training takes them for in generated images.",
        PROBES,
        against_reference=False,
    ),
    "code_information": Words(
        "Code information",
        "Information of images about codes",
        "A lower bound, in nats, of the mutual information of codes and generated images.",
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
_SCORED = (
    "Scores: of the scorer that the protocol names by its fingerprint; compare them only with others of the same one."
)
_PUBLISHED = ("inception", "lpips", "vgg", "dinov2", "clip", "pixels")


def words_of(metric: str, features: str = "") -> Words:
    """The words of a metric, of its protocol where that has words of its own; an unknown one goes by its own name. What
    the field calls FID, KID and IS is named so only where `features` are Inception's."""
    base = metric.partition("@")[0]
    if not features.startswith("inception"):
        base = _NOT_INCEPTION.get(base, base)
    of_protocol = WORDS.get(metric) if "@" in metric else None
    return of_protocol or WORDS.get(base) or Words(base, base, "")


def label_of(metric: str, features: str = "") -> str:
    """The short name with its protocol, such as 'FID (clean)'."""
    variant = metric.partition("@")[2]
    return words_of(metric, features).label + (f" ({variant})" if variant else "")


def title_of(metric: str, features: str = "") -> str:
    """The name in full with its protocol."""
    variant = metric.partition("@")[2]
    return words_of(metric, features).title + (f" ({variant})" if variant else "")


def notes_of(results: Sequence[Result]) -> list[str]:
    """Each note of the results once, after the numbers that it is of."""
    whose: dict[str, list[str]] = {}
    for result in results:
        for note in result.notes:
            whose.setdefault(note, []).append(label_of(result.metric, result.features))
    return [f"{', '.join(labels)}: {note}" for note, labels in whose.items()]


def features_note(results: Sequence[Result]) -> str:
    """A line for numbers whose features are not those of the published metrics, and one for those that read a scorer;
    empty where there are none."""
    labels: dict[str, list[str]] = {}
    for result in results:
        if result.features and not result.features.startswith(_PUBLISHED):
            labels.setdefault(result.features, []).append(label_of(result.metric, result.features))
    scored = _SCORED if labels.pop("scores", None) else ""
    if not labels:
        return scored
    return " ".join(filter(None, [_other_features(results, labels), scored]))


def _other_features(results: Sequence[Result], labels: Mapping[str, Sequence[str]]) -> str:
    which = "; ".join(f"{', '.join(dict.fromkeys(names))} from {features}" for features, names in labels.items())
    if [len(results)] == [len(names) for names in labels.values()]:
        which = f"all from {next(iter(labels))}"
    return f"Features: {which}. Compare them only with numbers from the same features, not with published ones."
