"""fid@pytorch-fid and fid@clean against pytorch-fid and clean-fid, and torchmetrics where it follows TensorFlow."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganprobe.features.published.inception_extractor import load_inception
from ganprobe.metrics import FrechetDistance

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def fid(column, weights, *sides):
    metric = FrechetDistance(column=column, name="fid")
    extractor, states = load_inception(weights, columns=[column]), []
    for pixels in sides:
        columns = extractor.observe(pixels / 127.5 - 1)
        states.append(metric.update(metric.empty(), {**columns, "index": torch.arange(len(pixels))}))
    return metric.compute(*states)["fid"].value


def saved(folder, pixels):
    folder.mkdir()
    for number, image in enumerate(pixels.permute(0, 2, 3, 1).numpy()):
        Image.fromarray(image).save(folder / f"{number:04}.png")
    return folder


def local_weights(module, path, monkeypatch):
    """Their network reads `path` where it would download."""
    state = torch.load(path, weights_only=True)
    monkeypatch.setattr(module, "load_state_dict_from_url", lambda *_, **__: state)


def test_pytorch_fid(real, fake, inception_file, tmp_path, monkeypatch):
    pytest.importorskip("pytorch_fid", reason="pytorch-fid is not installed")
    from pytorch_fid import fid_score, inception

    local_weights(inception, inception_file, monkeypatch)
    folders = [str(saved(tmp_path / name, pixels)) for name, pixels in (("fake", fake), ("real", real))]
    wanted = fid_score.calculate_fid_given_paths(folders, 40, "cpu", 64, num_workers=0)
    assert fid("inception@pytorch-fid.64", inception_file, fake, real) == pytest.approx(wanted, rel=1e-4)
    network = inception.InceptionV3([3]).eval()
    with torch.no_grad():
        features = network(real[:8] / 255)[0].flatten(1)
    ours = load_inception(inception_file, columns=["inception@pytorch-fid.pool3"]).observe(real[:8] / 127.5 - 1)
    assert (ours["inception@pytorch-fid.pool3"] - features).abs().max() < 2e-5 * features.abs().max()


@pytest.mark.parametrize("kind", ["as they are", "odd size", "large"])
def test_clean_fid(kind, real, inception_file, monkeypatch):
    pytest.importorskip("cleanfid", reason="clean-fid is not installed")
    from cleanfid import inception_pytorch
    from cleanfid.resize import build_resizer

    local_weights(inception_pytorch, inception_file, monkeypatch)
    pixels = {"as they are": real[:8], "odd size": real[:4, :, 3:, :-6], "large": real[:2].repeat(1, 1, 11, 13)}[kind]
    resized = [build_resizer("clean")(image) for image in pixels.permute(0, 2, 3, 1).numpy()]
    inputs = (torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2) - 128) / 128
    network = inception_pytorch.InceptionV3([3], resize_input=False, normalize_input=False).eval()
    with torch.no_grad():
        features = network(inputs)[0].flatten(1)
    ours = load_inception(inception_file, columns=["inception@clean.pool3"]).observe(pixels / 127.5 - 1)
    assert (ours["inception@clean.pool3"] - features).abs().max() < 2e-5 * features.abs().max()


def test_clean_fid_as_a_number(real, fake, inception_file, monkeypatch):
    pytest.importorskip("cleanfid", reason="clean-fid is not installed")
    from cleanfid import inception_pytorch
    from cleanfid.fid import frechet_distance
    from cleanfid.resize import build_resizer

    local_weights(inception_pytorch, inception_file, monkeypatch)
    network = inception_pytorch.InceptionV3([0], resize_input=False, normalize_input=False).eval()
    moments = []
    for pixels in (fake, real):
        resized = [build_resizer("clean")(image) for image in pixels.permute(0, 2, 3, 1).numpy()]
        inputs = (torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2) - 128) / 128
        with torch.no_grad():
            rows = torch.cat([network(part)[0].mean((2, 3)) for part in inputs.split(40)]).numpy()
        moments += [rows.mean(0), np.cov(rows, rowvar=False)]
    assert fid("inception@clean.64", inception_file, fake, real) == pytest.approx(frechet_distance(*moments), rel=1e-3)


def test_torchmetrics_without_its_antialiasing(real, fake, inception_file):
    pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    pytest.importorskip("torch_fidelity", reason="torchmetrics needs torch-fidelity")
    from torchmetrics.image.fid import FrechetInceptionDistance

    numbers = {}
    for antialias in (False, True):
        peer = FrechetInceptionDistance(64, feature_extractor_weights_path=str(inception_file), antialias=antialias)
        for pixels, is_real in ((fake, False), (real, True)):
            for part in pixels.split(40):
                peer.update(part, real=is_real)
        numbers[antialias] = float(peer.compute())
    ours = fid("inception.64", inception_file, fake, real)
    assert ours == pytest.approx(numbers[False], rel=1e-4)
    assert ours != pytest.approx(numbers[True], rel=1e-3)
