"""Images shifted and mirrored at random, and how far logits differ: what the consistency tasks share."""

from __future__ import annotations

from torch import Tensor

from ganprobe.training.step.augmentation import moved
from ganprobe.training.step.scene import Scene, View


def shifted_view(scene: Scene, name: str, *, task: str, shift: int, flips: bool) -> View:
    """The view `name` with each image shifted by up to `shift` pixels over a reflected border, half of them mirrored
    where `flips`."""
    view, draws = scene.views[name], scene.draws
    n = len(view.images)
    down, right = (draws.integers(f"{task}.{name}.{way}", n, low=-shift, below=shift + 1) for way in ("down", "right"))
    mirrored = draws.uniform(f"{task}.{name}.mirrored", n) < 0.5 if flips else None
    return View(moved(view.images, down, right, mirrored, reach=shift, mode="reflect"), view.labels)


def squared_difference(scene: Scene, name: str, other: str) -> Tensor:
    """Mean over images of |D(x) - D(T(x))|^2, of logits before any activation (Zhang et al. 2020, equation 2)."""
    return (scene.judged[name].logits.float() - scene.judged[other].logits.float()).square().mean()
