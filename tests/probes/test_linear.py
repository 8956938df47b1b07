"""Linear probes: the regression against scikit-learn, forgetting, and what a call can get wrong."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from ganprobe.checkpoints.native import save_network
from ganprobe.core.calls.probing import ForgettingCall
from ganprobe.core.errors import CheckpointError, DataError, InputError, MetricError
from ganprobe.engine.probing.linear import probe_forgetting
from ganprobe.generators.building import build_pair
from ganprobe.probes.linear import logistic
from ganprobe.probes.linear.discriminators import features_of, readable_discriminator, snapshots_of
from ganprobe.probes.linear.forgetting import forgetting
from ganprobe.probes.linear.logistic import fit_logistic


def rows(problems, n, width, classes, seed=0):
    rng = np.random.default_rng(seed)
    mix = rng.standard_normal((width, width)) / width**0.5 + np.eye(width)
    features = 3 * rng.standard_normal((problems, n, width)) @ mix + 1
    scores = (features[0] - 1) / 3 @ rng.standard_normal((width, classes)) + rng.standard_normal((n, classes))
    return torch.from_numpy(features.astype(np.float32)), torch.from_numpy(scores.argmax(1))


@pytest.mark.parametrize("penalty", [1e-1, 1e-3, 1e-5])
@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("widest", [2048, 1])
def test_the_optimum_is_scikit_learn_s(monkeypatch, penalty, classes, widest):
    monkeypatch.setattr(logistic, "WIDEST", widest)
    features, labels = rows(2, 400, 12, classes)
    found = fit_logistic(features, labels, classes=classes, penalty=penalty)
    for k in range(2):
        standard = ((features[k].double() - found.mean[k]) / found.scale[k]).numpy()
        # Of two classes it fits one column, which is penalised like two of half the weight.
        c = (2 if classes == 2 else 1) / (400 * penalty)
        theirs = LogisticRegression(C=c, tol=1e-12, max_iter=50_000).fit(standard, labels.numpy())
        probabilities = (torch.from_numpy(standard) @ found.weights[k] + found.bias[k]).softmax(1).numpy()
        np.testing.assert_allclose(probabilities, theirs.predict_proba(standard), atol=2e-5)
        assert (found.predictions(features)[k].numpy() == theirs.predict(standard)).mean() > 0.995


def test_it_ends_at_the_optimum_and_problems_do_not_touch_each_other():
    features, labels = rows(3, 300, 8, 4)
    together = fit_logistic(features, labels, classes=4, penalty=1e-3)
    assert (together.decrement <= logistic.SETTLED).all()
    for k in range(3):
        alone = fit_logistic(features[k : k + 1], labels, classes=4, penalty=1e-3)
        torch.testing.assert_close(alone.weights[0], together.weights[k], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(alone.objective[0], together.objective[k], atol=1e-12, rtol=1e-10)


def test_scale_and_order_of_rows_do_not_matter_and_still_features_do_not_count():
    features, labels = rows(1, 300, 8, 3)
    plain = fit_logistic(features, labels, classes=3, penalty=1e-3)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    moved = torch.cat([1000 * features + 5, torch.full((1, 300, 1), 7.0)], 2)[:, order]
    other = fit_logistic(moved, labels[order], classes=3, penalty=1e-3)
    assert torch.equal(other.predictions(moved), plain.predictions(features)[:, order])
    torch.testing.assert_close(other.weights[:, :-1], plain.weights, atol=1e-4, rtol=1e-3)
    assert other.weights[:, -1].abs().max() < 1e-6


def test_features_and_labels_that_make_no_problem_are_refused():
    features, labels = rows(1, 50, 4, 3)
    with pytest.raises(InputError, match="penalty above 0"):
        fit_logistic(features, labels, classes=3, penalty=0)
    with pytest.raises(InputError, match="two or more"):
        fit_logistic(features, torch.zeros_like(labels), classes=3, penalty=1)
    features[0, 7, 1] = float("inf")
    with pytest.raises(MetricError, match="not finite at images 7"):
        fit_logistic(features, labels, classes=3, penalty=1)


def test_forgetting_is_the_best_so_far_less_now():
    right = np.array([30, 60, 50, 20, 60])
    hits = np.arange(100)[None] < right[:, None]
    found = forgetting(hits)
    assert [round(each.value, 9) for each in found] == [0, 0, 0.1, 0.4, 0]
    assert all(each.ci95[0] <= each.value <= each.ci95[1] for each in found)
    assert found[0].ci95 == (0, 0)
    assert found[3].ci95[0] > 0.25


def test_of_two_snapshots_the_interval_is_the_paired_one():
    rng = np.random.default_rng(0)
    hits = rng.random((2, 500)) < np.array([[0.8], [0.5]])
    found = forgetting(hits)[1]
    d = hits[0].astype(float) - hits[1]
    half = 1.96 * d.std(ddof=1) / 500**0.5
    assert found.ci95 == pytest.approx((d.mean() - half, d.mean() + half), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("levels", [(0.0, 0.5, 0.8, 0.6, 0.4), (0.0,) * 10, (0.5, 0.2)])
def test_the_interval_holds_what_is_forgotten_though_the_best_is_chosen(levels):
    rng = np.random.default_rng(0)
    means = np.array([(1 / (1 + np.exp(-rng.normal(level, 2, 500_000)))).mean() for level in levels])
    covered = []
    for _ in range(400):
        chance = 1 / (1 + np.exp(-(np.array(levels)[:, None] + rng.normal(0, 2, 1000))))
        drawn = np.where(rng.random((len(levels), 1000)) < 0.9, rng.random(1000), rng.random((len(levels), 1000)))
        low, high = forgetting(drawn < chance)[-1].ci95
        covered.append(low - 1e-12 <= means.max() - means[-1] <= high)
    assert np.mean(covered) >= 0.93


def _write_data(folder, *, classes=3, side=32, labelled=True):
    rng = np.random.default_rng(0)
    for name, n in (("train", 90), ("test", 60)):
        labels = np.arange(n) % classes
        images = rng.integers(0, 60, (n, side, side, 3))
        images[np.arange(n), :, :, labels] += 150
        words = {"labels": labels} if labelled else {}
        np.savez(folder / f"{name}.npz", images=images.astype(np.uint8), **words)
    return str(folder / "train.npz")


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "snapshots").mkdir(parents=True)
    for images in (1000, 2000, 3000):
        pair = build_pair("sndcgan", resolution=32, num_classes=0, network={"channels": 4}, seed=images)
        file = folder / "snapshots" / f"D-{images:010d}.safetensors"
        save_network(file, pair.discriminator, role="discriminator")
    save_network(folder / "G.safetensors", pair.generator, role="generator")
    return folder


def test_a_run_is_probed_at_every_snapshot(tmp_path, run):
    data = _write_data(tmp_path)
    found = probe_forgetting(run, data, ForgettingCall(supervised=2))
    assert [result.metric for result in found.record.results] == ["forgetting", "linear_probe"]
    (curve,) = found["forgetting"].estimate.tables
    assert (curve.rows, curve.columns) == (("1000", "2000", "3000"), ("accuracy", "forgetting"))
    assert curve.over
    accuracies = [row[0] for row in curve.values]
    assert found["forgetting"].value == pytest.approx(max(accuracies) - accuracies[-1])
    (beside,) = found["linear_probe"].estimate.tables
    assert beside.rows == ("this discriminator", "randomly initialised", "supervised")
    assert beside.values[0][0] == found["linear_probe"].value == accuracies[-1]
    assert min(accuracies) > 0.9  # the colour alone says it
    folder = found.save(tmp_path / "out")
    assert (folder / "figures" / "curves.png").is_file()
    assert not (folder / ".unfinished").exists()


def test_a_probe_goes_on_where_it_was(tmp_path, run, monkeypatch):
    data, out = _write_data(tmp_path), tmp_path / "out"
    monkeypatch.setattr("ganprobe.engine.passes.journal.WORTH_SAVING", 0.0)
    whole = probe_forgetting(run, data, ForgettingCall(out=out))
    asked = []
    monkeypatch.setattr("ganprobe.engine.probing.linear.probe_hits", lambda *a, **k: asked.append(k))
    again = probe_forgetting(run, data, ForgettingCall(out=out, resume=True))
    assert not asked
    assert [r.estimate.value for r in again.record.results] == [r.estimate.value for r in whole.record.results]
    with pytest.raises(InputError, match="other settings"):
        probe_forgetting(run, data, ForgettingCall(out=out, resume=True, penalty=0.5))


def test_features_do_not_depend_on_the_block_they_come_in(run):
    network = readable_discriminator(snapshots_of(run)[0].path)
    images = np.random.default_rng(0).integers(0, 256, (70, 3, 32, 32), dtype=np.uint8)
    found = features_of(network, images, device=torch.device("cpu"), title="")
    assert found.shape == (70, network.layers["features"][0])
    torch.testing.assert_close(found[60:], network.features(torch.from_numpy(images[60:]).float() / 127.5 - 1))
    pooled = features_of(network, images, layer="conv3", grid=2, device=torch.device("cpu"), title="")
    assert pooled.shape == (70, network.layers["conv3"][0] * 4)
    with pytest.raises(DataError, match="32 pixels"):
        features_of(network, images[:, :, :16, :16], device=torch.device("cpu"), title="")


def test_what_a_probe_cannot_read_is_said_in_one_line(tmp_path, run):
    data = _write_data(tmp_path)
    with pytest.raises(InputError, match="no run or discriminator"):
        probe_forgetting(tmp_path / "nowhere", data, ForgettingCall())
    with pytest.raises(InputError, match="no snapshots"):
        probe_forgetting(tmp_path, data, ForgettingCall())
    with pytest.raises(CheckpointError, match="generator"):
        probe_forgetting(run / "G.safetensors", data, ForgettingCall())
    with pytest.raises(InputError, match=r"no layer 'conv9'.*conv7"):
        probe_forgetting(run, data, ForgettingCall(layer="conv9"))
    with pytest.raises(InputError, match="penalty above 0"):
        probe_forgetting(run, data, ForgettingCall(penalty=-1.0))
    (tmp_path / "alone").mkdir()
    (tmp_path / "train.npz").rename(tmp_path / "alone" / "images.npz")
    with pytest.raises(InputError, match="test images are needed"):
        probe_forgetting(run, str(tmp_path / "alone" / "images.npz"), ForgettingCall())
    plain = _write_data(tmp_path, labelled=False)
    with pytest.raises(InputError, match="no classes"):
        probe_forgetting(run, plain, ForgettingCall())
    assert not (tmp_path / "out").exists()
