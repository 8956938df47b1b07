"""Views of images through the discriminator: all in one pass where it judges each image by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import torch

from ganprobe.generators.base import Judgement
from ganprobe.training.step.scene import View

Judge = Callable[..., Judgement]
"""`Discriminator.judge`, or what it was compiled to."""


def judge_views(
    judge: Judge, views: Mapping[str, View], *, features: Collection[str], lod: float, together: bool
) -> Mapping[str, Judgement]:
    """What the discriminator says of each view, by name, with the layers `features`."""
    if not together:
        return {name: judge(view.images, view.labels, features=features, lod=lod) for name, view in views.items()}
    labels = [view.labels for view in views.values() if view.labels is not None]
    images = torch.cat([view.images.float() for view in views.values()])
    whole = judge(images, torch.cat(labels) if labels else None, features=features, lod=lod)
    sizes = [len(view.images) for view in views.values()]
    logits = torch.split(whole.logits, sizes)
    layers = {name: torch.split(layer, sizes) for name, layer in whole.features.items()}
    return {
        name: Judgement(logits[number], {layer: parts[number] for layer, parts in layers.items()})
        for number, name in enumerate(views)
    }
