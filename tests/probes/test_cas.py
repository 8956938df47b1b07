"""cas against a truth that its data are made for, and the laws of a metric that trains."""

import dataclasses
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

import ganprobe
from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.tables import DetailTable
from ganprobe.engine.opening.test_images import test_of as split_of
from ganprobe.metrics.base import Surroundings
from ganprobe.probes.cas import metric as module
from ganprobe.probes.cas.classifiers import ResNet56, classifier_for
from ganprobe.probes.cas.metric import Cas
from ganprobe.probes.cas.protocol import SHORT

CLASSES = 7
BUDGET = dataclasses.replace(SHORT, epochs=60)


def images(n, seed, *, lost=()):
    """Noise around a colour that is the class's; images of `lost` classes have one that no class has."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    shown = np.where(np.isin(labels, lost), CLASSES, labels)
    colours = np.array([[i & 1, i >> 1 & 1, i >> 2 & 1] for i in range(CLASSES + 1)]) * 180
    return (rng.integers(0, 70, (n, 3, 8, 8)) + colours[shown][:, :, None, None]).astype(np.uint8), labels


def small(classes, resolution):
    flat = 3 * (resolution // 4) ** 2
    return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(flat, 32), nn.ReLU(), nn.Linear(32, classes))


@pytest.fixture(autouse=True)
def _named(monkeypatch):
    held = types.ModuleType("small_classifiers")
    vars(held)["small"] = small
    monkeypatch.setitem(sys.modules, "small_classifiers", held)


class Made:
    name, fingerprint = "made", "f" * 64
    spec = types.SimpleNamespace(num_classes=CLASSES, image_shape=(3, 8, 8), spaces={})


def state(given, order=None, parts=1):
    metric = Cas(budget=BUDGET)
    pixels, labels = (torch.from_numpy(each) for each in given)
    found = metric.empty()
    for rows in np.array_split(np.arange(len(labels)) if order is None else order, parts):
        rows = torch.from_numpy(rows)
        found = metric.update(found, {"index": rows, "pixels": pixels[rows], "label": labels[rows]})
    return found


def measured(given, *, folder=None, real=None, test=None, **words):
    around = Surroundings(
        Made(),
        0,
        reference=real or state(images(280, 1)),
        test=test or state(images(210, 2)),
        folder=folder,
        classifier="small_classifiers:small",
    )
    return Cas(budget=BUDGET, **words).measure(given, around)["cas"]


def table(estimate, name) -> DetailTable:
    return next(each for each in estimate.tables if each.name == name)


def test_a_generator_like_the_data_loses_nothing_and_a_lost_class_is_named():
    good = measured(state(images(280, 3)))
    assert good.value > 0.97
    assert good.ci95[0] <= good.value <= good.ci95[1]
    training = table(good, "training")
    assert abs(training.values[training.rows.index("gap")][0]) < 0.03
    assert not good.notes
    bad = measured(state(images(280, 3, lost=(2,))))
    assert bad.value == pytest.approx(6 / 7, abs=0.03)
    classes = table(bad, "classes")
    assert classes.rows[0] == "class 2"
    assert classes.values[0][0] > 0.9
    assert bad.notes == ("1 classes collapse (surely below 0.25 of the accuracy with real images): class 2",)
    gap_ends = table(bad, "training").ci95[2][0]
    assert gap_ends[0] > 0.05
    assert table(bad, "training").values[0][1] > bad.value  # one of the first five guesses


def said(estimate):
    return estimate.value, estimate.ci95, estimate.tables, estimate.notes, estimate.reference_terms.tolist()


def test_parts_order_and_interruptions_change_nothing(tmp_path, monkeypatch):
    given = images(160, 3)
    whole = measured(state(given))
    order = np.random.default_rng(0).permutation(160)
    parted = state(given, order=order, parts=3)
    assert said(measured(parted)) == said(whole)
    metric = Cas(budget=BUDGET)
    packed = metric.unpack(metric.pack(parted))
    assert said(measured(packed)) == said(whole)
    halves = [state((given[0], given[1]), order=rows) for rows in (order[:70], order[70:])]
    assert said(measured(metric.merge(*halves))) == said(whole)

    asked = []
    real_fit = module.trained_logits

    def failing(*args, **words):
        asked.append(words["title"])
        if len(asked) == 3:
            raise KeyboardInterrupt
        return real_fit(*args, **words)

    monkeypatch.setattr(module, "trained_logits", failing)
    with pytest.raises(KeyboardInterrupt):
        measured(state(given), folder=tmp_path)
    monkeypatch.setattr(module, "trained_logits", real_fit)
    assert said(measured(state(given), folder=tmp_path)) == said(whole)


def test_what_does_not_go_together_is_refused():
    good = state(images(160, 3))
    with pytest.raises(MetricError, match="at least 128 generated"):
        measured(state(images(100, 3)))
    with pytest.raises(MetricError, match="at least 128 reference"):
        measured(good, real=state(images(100, 1)))
    small_pixels = images(200, 2)[0][:, :, :4, :4].copy(), images(200, 2)[1]
    with pytest.raises(InputError, match="one size"):
        measured(good, test=state(small_pixels))
    strange = images(210, 2)[0], images(210, 2)[1] + 1
    with pytest.raises(MetricError, match="test images have class 7"):
        measured(good, test=state(strange))
    with pytest.raises(InputError, match="Module was expected"):
        classifier_for("builtins:divmod", classes=3, resolution=8)[1]()
    with pytest.raises(InputError, match="function of"):
        classifier_for("math:pi", classes=3, resolution=8)


def test_the_default_classifiers():
    called, build = classifier_for(None, classes=10, resolution=32)
    assert called == "ResNet-56"
    network = build()
    assert isinstance(network, ResNet56)
    layers = sum(isinstance(each, nn.Conv2d | nn.Linear) for each in network.modules())
    assert layers == 56
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert classifier_for(None, classes=10, resolution=64)[0] == "ResNet-50"


def write(folder, name, given):
    pixels, labels = given
    np.savez(folder / f"{name}.npz", images=pixels.transpose(0, 2, 3, 1), labels=labels)
    return str(folder / f"{name}.npz")


def test_evaluate_finds_the_test_images_and_says_so(tmp_path):
    made = write(tmp_path, "made", images(140, 3))
    real = write(tmp_path, "train", images(140, 1))
    write(tmp_path, "test", images(70, 2))
    words = {"reference": real, "metrics": ["cas@short"], "classifier": "small_classifiers:small"}
    run = ganprobe.evaluate(made, **words, out=tmp_path / "out")
    result = run["cas@short"]
    assert result.n == 70
    assert result.protocol["test"] == "test.npz"
    assert result.protocol["classifier"] == "small_classifiers:small"
    assert result.protocol["epochs"] == 10
    run.save(tmp_path / "out")
    assert "classification accuracy" in (tmp_path / "out" / "report.md").read_text().lower()
    assert not (tmp_path / "out" / ".unfinished").exists()
    (tmp_path / "test.npz").unlink()
    with pytest.raises(InputError, match="--test-data"):
        ganprobe.evaluate(made, **words)
    with pytest.raises(CapabilityError, match="classes"):
        ganprobe.evaluate("toyfaces-stylegan", reference="cifar10", metrics=["cas"])


def test_which_test_images_belong_to_a_reference(tmp_path):
    assert split_of("cifar10", None) == split_of("cifar10:train", None) == "cifar10:test"
    (tmp_path / "train").mkdir()
    with pytest.raises(InputError, match="test images are needed"):
        split_of(str(tmp_path / "train"), None)
    (tmp_path / "val").mkdir()
    assert split_of(str(tmp_path / "train"), None) == str(tmp_path / "val")
    with pytest.raises(InputError, match="both"):
        split_of("cifar10:test", "cifar10:test")
    with pytest.raises(InputError, match="needed"):
        split_of("cifar10:test", None)
