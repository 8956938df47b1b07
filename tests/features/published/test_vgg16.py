"""VGG16's features: torchvision's network on inputs prepared anew, files that are refused, and the pinned download."""

import hashlib
from dataclasses import replace

import pytest
import torch
import torchvision

from ganprobe.core.errors import CheckpointError, DataError
from ganprobe.core.streams import stream
from ganprobe.features.combined import CombinedExtractor
from ganprobe.features.embedded.extractor import load_embedded
from ganprobe.features.published import vgg16 as module
from ganprobe.features.published.downloads import VGG16, fetched
from ganprobe.features.published.vgg16 import COLUMN, load_vgg16, read_vgg16


@pytest.fixture(scope="module")
def extractor(vgg16_file):
    return load_vgg16(vgg16_file)


def pixels(n, height, width):
    return torch.from_numpy(stream(0, "vgg16 test").integers(0, 256, (n, 3, height, width))).to(torch.uint8)


def test_features_are_those_of_torchvisions_network(extractor, vgg16_file):
    images = pixels(2, 224, 224)
    network = torchvision.models.vgg16()
    network.load_state_dict(torch.load(vgg16_file, weights_only=True))
    network.eval()
    inputs = torchvision.transforms.functional.normalize(images / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with torch.no_grad():
        flat = network.avgpool(network.features(inputs)).flatten(1)
        wanted = network.classifier[:5](flat)
    got = extractor.observe(images / 127.5 - 1)[COLUMN]
    assert got.shape == (2, 4096)
    assert got.min() == 0
    assert (got - wanted).abs().max() < 2e-5 * wanted.abs().max()


def test_any_size_and_no_dependence_on_the_batch(extractor):
    images = pixels(9, 32, 20) / 127.5 - 1
    together = extractor.observe(images)[COLUMN]
    alone = extractor.observe(images[8:])[COLUMN]
    assert (together[8:] - alone).abs().max() < 2e-5 * together.abs().max()
    assert (together[0] - together[1]).abs().max() > 0.01 * together.abs().max()
    with pytest.raises(DataError, match="expected images"):
        extractor.observe(torch.zeros(3, 8, 8))


def test_weights_that_are_not_torchvisions_are_marked(extractor, vgg16_file):
    digest = hashlib.sha256(vgg16_file.read_bytes()).hexdigest()
    assert extractor.weights.name == f"vgg16-unofficial:{digest[:12]}"
    assert replace(extractor.weights, sha256=VGG16.sha256).name == "vgg16-397923af"
    assert VGG16.sha256.startswith(VGG16.file.removeprefix("vgg16-").removesuffix(".pth"))
    assert torchvision.models.VGG16_Weights.IMAGENET1K_V1.url == VGG16.urls[0]


def test_files_of_another_kind_are_refused(vgg16_file, tmp_path):
    with pytest.raises(CheckpointError, match="no VGG16 weights at"):
        read_vgg16(tmp_path / "none.pth")
    state = torch.load(vgg16_file, weights_only=True)
    del state["classifier.3.bias"]
    torch.save(state, tmp_path / "short.pth")
    with pytest.raises(CheckpointError, match=r"classifier\.3\.bias should be \(4096,\) and is absent"):
        read_vgg16(tmp_path / "short.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "code.pth")
    with pytest.raises(CheckpointError, match="can be read safely"):
        read_vgg16(tmp_path / "code.pth")


def test_offline_the_error_says_what_to_do(tmp_path):
    with pytest.raises(CheckpointError) as caught:
        fetched(replace(VGG16, urls=("file:///nowhere/vgg16-397923af.pth",)), tmp_path)
    said = str(caught.value)
    for word in (VGG16.file, VGG16.sha256, "file:///nowhere", str(tmp_path), "--vgg-weights"):
        assert word in said


def test_combined_extractors_give_the_columns_of_all(extractor):
    embedded = load_embedded()
    both = CombinedExtractor((embedded, extractor))
    images = pixels(1, 32, 32) / 127.5 - 1
    assert both.provides == embedded.provides | {COLUMN}
    assert both.observe(images).keys() == both.provides
    assert both.fingerprint not in (embedded.fingerprint, extractor.fingerprint)
    assert CombinedExtractor((extractor, embedded)).fingerprint != both.fingerprint
    assert module.layout()["classifier.6.weight"] == (1000, 4096)
