"""Attributes by text pairs: how much nearer an image is to "a face with eyeglasses" than to "a face without".

load_clip_scorer("clip:ViT-B-32:laion2b_s34b_b79k:pairs.toml").observe(images)["score.eyeglasses"]

Radford et al. 2021, "Learning transferable visual models from natural language supervision", section 3.1: with unit
vectors i of an image and t+, t- of two texts, the score is logit_scale * (i . t+ - i . t-), which is the logit of the
softmax over the two texts. The networks are open_clip's.
"""

from __future__ import annotations

import json
import logging
import pickle
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.registry import unknown
from ganprobe.features.attributes.forms import CLIP as PREFIX
from ganprobe.features.attributes.forms import CLIP_FORM as FORM
from ganprobe.features.custom.extractor import ForeignExtractor, last_line, score_columns
from ganprobe.features.embedded.weights import fingerprint_of
from ganprobe.features.images.preparation import Preparation

OFFICIAL = "openai"
Pairs = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ClipReference:
    """model: a name that open_clip knows, or a JSON file of its configuration. pretrained: a tag of open_clip, a file
    of weights, or "" for the model's usual tag. pairs: the file of texts."""

    model: str
    pretrained: str
    pairs: Path


def parse_clip(ref: str) -> ClipReference:
    """ "clip:ViT-B-32:openai:pairs.toml" to its parts. InputError for another form."""
    words = ref.split(":")
    if f"{words[0]}:" != PREFIX or len(words) not in (3, 4) or Path(words[-1]).suffix not in (".toml", ".json"):
        raise InputError(f"{ref!r} is not understood; {FORM}, was expected")
    return ClipReference(words[1], words[2] if len(words) == 4 else "", Path(words[-1]))


def read_pairs(path: Path) -> Pairs:
    """Attribute to (text of those that have it, text of those that have not), of a TOML or JSON file such as
    `eyeglasses = ["a face with eyeglasses", "a face without eyeglasses"]`. InputError for anything else."""
    read = tomllib.loads if path.suffix == ".toml" else json.loads
    try:
        said: Any = read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InputError(f"cannot read the text pairs of {path}: {problem}; mend it") from problem
    if not isinstance(said, Mapping) or not said:
        raise InputError(f"{path} holds no text pairs; attribute = [text with, text without] was expected")
    for name, texts in said.items():
        if not isinstance(texts, list) or len(texts) != 2 or not all(isinstance(text, str) and text for text in texts):
            raise InputError(f"{path}: {name} must be [text with, text without], got {texts!r}")
    return {name: (texts[0], texts[1]) for name, texts in said.items()}


def load_clip_scorer(ref: str, device: torch.device | str = "cpu") -> ForeignExtractor:
    """The scorer that `ref` (see `parse_clip`) names: a column "score.<attribute>" (N,) for each text pair.

    InputError where open_clip is not installed, or for an unknown model, tag or form; CheckpointError where weights
    cannot be had or do not fit. Weights are tensors alone: a file of pickled objects is refused.
    """
    named = parse_clip(ref)
    pairs = read_pairs(named.pairs)
    clip = _open_clip()
    name = _model_name(clip, named.model)
    model = _model(clip, name, named.pretrained).to(device).eval().requires_grad_(False)
    network = _Zeroshot(model, clip.get_tokenizer(name), pairs, device)
    words = (PREFIX, *(word for attribute, texts in pairs.items() for word in (attribute, *texts)))
    return ForeignExtractor(
        network,
        name=f"{PREFIX}{name}",
        fingerprint=fingerprint_of(model.state_dict(), *words),
        columns_of=score_columns(tuple(pairs)),
        preparation=preparation_of(clip.get_model_preprocess_cfg(model)),
        device=device,
    )


def preparation_of(said: Mapping[str, Any]) -> Preparation:
    """What open_clip says of a model's images. The aspect ratio is not kept; open_clip itself crops."""
    size = said["size"]
    return Preparation(
        size=int(size if isinstance(size, int) else size[0]),
        resize="bicubic" if said.get("interpolation", "bicubic") == "bicubic" else "bilinear",
        range=(0.0, 1.0),
        mean=tuple(float(value) for value in said["mean"]),
        std=tuple(float(value) for value in said["std"]),
    )


@final
class _Zeroshot:
    """Prepared images to scores (N, K): the texts' side is computed once."""

    def __init__(self, model: Any, tokenizer: Any, pairs: Pairs, device: torch.device | str) -> None:
        self._model = model
        with torch.inference_mode():
            sides = [model.encode_text(tokenizer(list(texts)).to(device), normalize=True) for texts in _sides(pairs)]
            self._weights = ((sides[0] - sides[1]) * model.logit_scale.exp()).T

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        scores: Tensor = self._model.encode_image(images, normalize=True) @ self._weights
        return scores.unbind(1)


def _sides(pairs: Pairs) -> tuple[list[str], list[str]]:
    return [texts[0] for texts in pairs.values()], [texts[1] for texts in pairs.values()]


def _open_clip() -> ModuleType:
    try:
        import open_clip
    except ImportError as problem:
        raise InputError("scores by text pairs need open_clip: pip install 'ganprobe[clip]'") from problem
    module: ModuleType = open_clip
    return module


def _model_name(clip: ModuleType, model: str) -> str:
    """`model` as open_clip knows it: a JSON file becomes one of its configurations."""
    path = Path(model)
    if path.suffix == ".json":
        if not path.is_file():
            raise InputError(f"no file {path}; a configuration of open_clip, or the name of a model was expected")
        clip.add_model_config(path)
    name = path.stem if path.suffix == ".json" else model
    if name not in clip.list_models():
        raise unknown("CLIP model", name, clip.list_models())
    return name


def _model(clip: ModuleType, name: str, pretrained: str) -> Any:
    if pretrained and Path(pretrained).is_file():
        model = _created(clip, name)
        return _filled(model, Path(pretrained))
    tags = clip.list_pretrained_tags_by_model(name)
    tag = pretrained or (OFFICIAL if OFFICIAL in tags else next(iter(tags), ""))
    if tag not in tags:
        if _is_path(tag) or not tags:
            raise CheckpointError(f"no file {tag or 'of weights'} for {name}; {FORM}, with a file that exists")
        raise unknown(f"weights of {name}", tag, tags)
    try:
        return _created(clip, name, pretrained=tag, require_pretrained=True, weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as problem:
        reason = last_line(problem)
        raise CheckpointError(f"weights {tag} of {name} cannot be had: {reason}; name a file of them") from problem


def _created(clip: ModuleType, name: str, **options: Any) -> Any:
    """A model of open_clip. Its initial weights do not touch the global random stream, and that it has no others yet is
    not said."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return clip.create_model(name, pretrained_text=False, **options)
    finally:
        logging.disable(before)


def _filled(model: Any, path: Path) -> Any:
    try:
        model.load_state_dict(_tensors(path))
    except (RuntimeError, TypeError) as problem:
        lines = [line.strip() for line in str(problem).splitlines()]
        raise CheckpointError(f"{path} does not fit the CLIP model: {' '.join(lines)[:200]}") from problem
    return model


def _tensors(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a file by name, as open_clip saves them: plain, under "state_dict", or as "module.<name>"."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, pickle.UnpicklingError) as problem:
        reason = str(problem).splitlines()[0]
        raise CheckpointError(f"cannot read {path} as tensors alone: {reason}; save it as safetensors") from problem
    found = found.get("state_dict", found) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping):
        raise CheckpointError(f"{path} holds a {type(found).__name__}; a mapping of names to tensors was expected")
    return {str(name).removeprefix("module."): tensor for name, tensor in found.items()}


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or Path(text).suffix in (".pt", ".pth", ".bin", ".safetensors")
