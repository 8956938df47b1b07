"""The forms in which a call can name a scorer, as `ganprobe list scorers` shows them."""

from __future__ import annotations

from typing import Final

from ganprobe.core.registry import Registry

TOYFACES: Final = "toyfaces"
CLIP: Final = "clip:"
CLIP_FORM: Final = "clip:MODEL[:PRETRAINED]:PAIRS, PAIRS being a .toml or .json file of texts"

SCORERS: Registry[str] = Registry("scorer")
SCORERS.add(TOYFACES, "the shipped network, which reads the eight factors of toyfaces")
SCORERS.add("FILE.safetensors", "what `ganprobe train-scorer` or `ganprobe train scorer` wrote")
SCORERS.add("FILE.pt", "a TorchScript file; FILE.pt.json beside it names its outputs (columns)")
SCORERS.add("FOLDER", "classifiers, one for each attribute, by whose name the file goes: .safetensors or TorchScript")
SCORERS.add("package.module:callable", "a function of images that gives a mapping from attribute to scores")
SCORERS.add("clip:MODEL[:PRETRAINED]:PAIRS.toml", "pairs of texts by CLIP (pip install 'ganprobe[clip]')")
