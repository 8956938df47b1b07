"""The words of a call looked at before anything is opened: names, files that must be there, and what goes together.

It needs no torch, so that a wrong word is answered at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ganprobe.core.calls.resizing import resize_of
from ganprobe.core.calls.shared import Asked, Looking, Reading, Scoring
from ganprobe.core.discovery.objects import names_an_object
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.registry import unknown
from ganprobe.core.shipped import shipped_names
from ganprobe.data.labels.labelling import FOLDERS, NONE
from ganprobe.engine.opening.folders import check_image_folder, check_no_checkpoints, generator_in
from ganprobe.engine.opening.metrics import CATALOGUE, resolve
from ganprobe.features.attributes.forms import CLIP, CLIP_FORM, TOYFACES
from ganprobe.features.custom.forms import SUFFIXES
from ganprobe.features.imagenet.forms import check_installed

EMBEDDED, IMAGENET, INCEPTION, VGG16 = "embedded", "imagenet", "inception", "vgg16"
DINOV2, CLIP_IMAGES = "dinov2", "clip"
KNOWN = (EMBEDDED, IMAGENET, INCEPTION, VGG16, DINOV2, CLIP_IMAGES)
CUSTOM: Final = "custom"
"""What the specifications of such metrics say of their features, and what the networks' names begin with."""


_CALLABLE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_LOOKS_LIKE_A_PATH = re.compile(r"[/\\]|\.\w{2,12}$")
Weights = str | Path | None


def check_words(generator: object, call: object) -> None:
    """All that can be told of a generator and a call's record by their words alone. Errors as the checks have them."""
    if isinstance(generator, str):
        check_generator(generator)
    if isinstance(call, Asked) and isinstance(call, Looking):
        features_for(call.features, call.metrics, call.inception_weights, call.vgg_weights)
        check_large(call, call.metrics)
        if call.reference is not None:
            check_reference(str(call.reference))
    if isinstance(call, Reading):
        check_reading(call)
    if isinstance(call, Scoring) and isinstance(call.scorer, str):
        check_scorer(call.scorer)


def check_reading(call: Reading) -> None:
    """InputError for labels, an order of classes and a size that cannot be."""
    from ganprobe.data.labels.order_files import order_of

    resize_of(call.resize)
    order_of(call.class_order)
    if call.labels is not None and call.labels not in (NONE, FOLDERS) and not Path(call.labels).is_file():
        raise InputError(f"labels are {NONE}, {FOLDERS} or a file that says them, and there is no file {call.labels}")


def check_generator(text: str) -> None:
    """InputError unless it is a shipped name, something that is there, or package.module:callable by its form; and for
    a folder that is of no generator and no images."""
    if text in shipped_names("generators"):
        return
    if Path(text).is_dir() and generator_in(Path(text)) is None:
        check_no_checkpoints(Path(text))
    if Path(text).exists() or _CALLABLE.fullmatch(text):
        return
    if _LOOKS_LIKE_A_PATH.search(text):
        raise InputError(
            f"no file or folder {text}; a generator is a checkpoint, a folder or archive of images, "
            "a shipped name or package.module:callable"
        )
    raise unknown("generator", text, shipped_names("generators"))


def check_checkpoint(path: Path) -> None:
    """CheckpointError where there is nothing at `path`."""
    if not path.exists():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")


def check_scorer(text: str) -> None:
    """InputError unless it has a form of a scorer; a file must be there."""
    if text == TOYFACES or text.startswith(CLIP) or names_an_object(text) or Path(text).exists():
        return
    if _LOOKS_LIKE_A_PATH.search(text):
        raise InputError(f"no scorer {text}; check the path, or see `ganprobe list scorers`")
    raise InputError(f"unknown scorer {text!r}; toyfaces, a file, a folder, package.module:callable or {CLIP_FORM}")


def check_reference(ref: str) -> None:
    """InputError unless REF names something that is there; nothing is read."""
    from ganprobe.data.datasets import DATASETS, open_data

    known = ref in shipped_names("statistics") or ref.partition(":")[0] in DATASETS
    if not known and Path(ref).is_dir():
        check_image_folder(Path(ref))
    if not known and not Path(ref).exists():
        open_data(ref)


def is_custom(features: str) -> bool:
    """Whether `features` is the file or the object of a network, by its form."""
    return Path(features).suffix.lower() in SUFFIXES or names_an_object(features)


def network_of(features: str) -> str:
    """What the specifications of the metrics on `features` call them."""
    return CUSTOM if is_custom(features) else features


def check_custom(features: str) -> None:
    """InputError for a file that is not there; nothing is opened."""
    if not names_an_object(features) and not Path(features).is_file():
        raise InputError(f"no file {features}; a TorchScript file or package.module:callable was expected as features")


def features_for(
    name: str | None, metrics: Sequence[str] | None, inception_weights: Weights, vgg_weights: Weights = None
) -> str:
    """The features that a call means: those that it names, else Inception's where it names weights for them or a metric
    that is defined on them, else VGG16's likewise, else the embedded ones. InputError for unknown features or metrics,
    and for weights that the features named do not use; CheckpointError where the ImageNet network is not installed."""
    custom = name is not None and is_custom(name)
    if name is not None and custom:
        check_custom(name)
    elif name is not None and name not in KNOWN:
        raise unknown("features", name, KNOWN)
    if name not in (None, INCEPTION) and inception_weights is not None:
        raise InputError(f"Inception weights are of no use to {name} features; leave out one of the two options")
    networks = () if name is None else (network_of(name),)
    asked = {spec.features for spec in resolve(metrics, networks)} if metrics else set()
    if IMAGENET in (*asked, name):
        check_installed()
    if (custom or name in (EMBEDDED, IMAGENET)) and vgg_weights is not None and "lpips" not in asked:
        raise InputError(f"VGG16 weights are of no use to {name} features; leave out one of the two options")
    if name is not None:
        return name
    if INCEPTION in asked or inception_weights is not None:
        return INCEPTION
    if VGG16 in asked or (vgg_weights is not None and "lpips" not in asked):
        return VGG16
    return next((each for each in (DINOV2, CLIP_IMAGES) if each in asked), EMBEDDED)


def check_large(call: Looking, metrics: Sequence[str] | None) -> None:
    """InputError for weights of DINOv2 or CLIP that none of `metrics` reads."""
    asked = {CATALOGUE[name].features for name in metrics or () if name in CATALOGUE}
    for network, weights in ((DINOV2, call.dinov2_weights), (CLIP_IMAGES, call.clip_weights)):
        if weights is not None and network not in (*asked, call.features):
            raise InputError(f"--{network}-weights are of no use to these metrics; leave the option out")


def default_networks(features: str, vgg_weights: Weights) -> tuple[str, ...]:
    """The networks whose metrics a call means that names none: VGG16 beside Inception only where its weights are named,
    for they are a large download."""
    return (INCEPTION, VGG16) if features == INCEPTION and vgg_weights is not None else (network_of(features),)
