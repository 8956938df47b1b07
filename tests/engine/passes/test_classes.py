"""Classes that a run would not have are named before an image is drawn."""

from __future__ import annotations

import pytest
import small_networks

import ganprobe
from ganprobe.core.errors import MetricError
from ganprobe.engine.passes.classes import check_classes
from ganprobe.engine.passes.plan import Planned
from ganprobe.metrics import METRICS


def planned(name: str) -> list[Planned]:
    return [Planned(METRICS[name], METRICS[name].build())]


def test_a_rare_class_is_named_and_no_image_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    sampler = small_networks.biggan_sampler()

    def no_images(*_: object, **__: object) -> None:
        raise AssertionError("an image was drawn")

    monkeypatch.setattr(type(sampler), "synthesize", no_images)
    images = small_networks.write_images(tmp_path / "reference.npy")
    with pytest.raises(
        MetricError, match=r"intra_fd needs 2 generated images of each class; 4 samples of small-biggan"
    ):
        ganprobe.evaluate(sampler, reference=images, metrics=["intra_fd"], samples=4)


def test_enough_of_each_class_passes_as_do_other_metrics() -> None:
    sampler = small_networks.biggan_sampler()
    check_classes(planned("intra_fd"), sampler, samples=200, seed=0)
    check_classes(planned("fd"), sampler, samples=2, seed=0)
    check_classes(planned("ms_ssim"), sampler, samples=8, seed=0)
