"""Any scorer by one reference: images to columns "score.<attribute>".

>>> scorer = open_scorer("toyfaces")
>>> sorted(scorer.provides)[:2]
['score.age', 'score.background']
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ganprobe.core.discovery.objects import names_an_object
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.protocols import FeatureExtractor
from ganprobe.features.attributes.clip import load_clip_scorer
from ganprobe.features.attributes.forms import CLIP as PREFIX
from ganprobe.features.attributes.forms import CLIP_FORM as FORM
from ganprobe.features.attributes.forms import TOYFACES
from ganprobe.features.attributes.toyfaces import KIND as TOYFACES_KIND
from ganprobe.features.attributes.toyfaces import load_toyfaces_scorer, read_scorer
from ganprobe.features.combined import CombinedExtractor
from ganprobe.features.custom.callable_extractor import load_callable_scorer
from ganprobe.features.custom.extractor import ForeignExtractor, score_columns
from ganprobe.features.custom.forms import SUFFIXES
from ganprobe.features.custom.torchscript import torchscript_extractor
from ganprobe.features.embedded.weights import fingerprint_of, header_of, load_resnet
from ganprobe.features.images.preparation import Preparation, read_sidecar

NATIVE = ".safetensors"
KIND = "attribute-scorer"
"""Of the files that `ganprobe train-scorer` writes."""


def open_scorer(ref: str | Path, device: torch.device | str = "cpu") -> FeatureExtractor:
    """The scorer that `ref` names, one of the forms of SCORERS; a shipped name goes before a file ("./name").

    InputError for a form or name that is not known, or a network that does not give one score an image and attribute;
    CheckpointError for a file that is missing or cannot be read. All are raised before any work.
    """
    text, path = str(ref), Path(ref)
    if text == TOYFACES:
        return load_toyfaces_scorer(device)
    if text.startswith(PREFIX):
        return load_clip_scorer(text, device)
    if path.is_dir():
        return _of_folder(path, device)
    if path.suffix.lower() == NATIVE:
        return read_attribute_scorer(path, device)
    if path.suffix.lower() in SUFFIXES:
        return _of_torchscript(path, device)
    if names_an_object(text):
        return load_callable_scorer(text, device)
    raise InputError(f"unknown scorer {text!r}; toyfaces, a file, a folder, package.module:callable or {FORM}")


def read_attribute_scorer(path: str | Path, device: torch.device | str = "cpu", name: str = "") -> FeatureExtractor:
    """The scorer of a native file. name: what its one output is called instead. CheckpointError where it is none."""
    if header_of(path).get("kind") == TOYFACES_KIND and not name:
        return read_scorer(path, device)
    network, outputs = load_resnet(path, kind=str(header_of(path)["kind"]) if name else KIND)
    if name and len(outputs) != 1:
        raise CheckpointError(
            f"{path} scores {', '.join(outputs) or 'nothing by name'}; one attribute was expected of a file in a "
            "folder of classifiers: give the file itself as the scorer"
        )
    module = network.to(device).to(memory_format=torch.channels_last)
    return ForeignExtractor(
        module,
        name=Path(path).name,
        fingerprint=fingerprint_of(network.state_dict(), KIND),
        columns_of=score_columns((name,) if name else outputs),
        preparation=Preparation(size=network.config.resolution),
        device=device,
    )


def _of_torchscript(path: Path, device: torch.device | str, name: str = "") -> ForeignExtractor:
    """With the names of its sidecar; without any, its one output goes by `name` or by the file's."""
    sidecar = read_sidecar(path)
    if name and len(sidecar.columns) > 1:
        raise InputError(
            f"{path}.json names {len(sidecar.columns)} columns; one was expected in a folder of classifiers"
        )
    names = (name,) if name else sidecar.columns or (path.stem,)
    return torchscript_extractor(path, sidecar, score_columns(names), device)


def _of_folder(folder: Path, device: torch.device | str) -> CombinedExtractor:
    """All classifiers of `folder`, sorted by name."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (NATIVE, *SUFFIXES))
    if not files:
        raise InputError(f"no classifiers in {folder}; files ending in {' '.join((NATIVE, *SUFFIXES))} were expected")
    stems = [path.stem for path in files]
    if twice := sorted({stem for stem in stems if stems.count(stem) > 1}):
        raise InputError(f"{folder} holds several classifiers of {', '.join(twice)}; keep one of each")
    return CombinedExtractor([_classifier(path, device) for path in files])


def _classifier(path: Path, device: torch.device | str) -> Any:
    if path.suffix.lower() == NATIVE:
        return read_attribute_scorer(path, device, name=path.stem)
    return _of_torchscript(path, device, name=path.stem)
