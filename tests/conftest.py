"""What every test shares: one thread (on small tensors several get in each other's way), and small networks in place of
the shipped ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import random_inception
import random_vgg16
import small_networks
import torch

from ganprobe.core import shipped

if TYPE_CHECKING:
    from browser import Views
    from playwright.sync_api import Browser

torch.set_num_threads(1)
_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test measures is kept neither for other tests nor for their user. The folder is made where it is used."""
    monkeypatch.setenv("GANPROBE_CACHE", str(tmp_path_factory.getbasetemp() / f"cache-{next(_NUMBERS)}"))


@pytest.fixture(scope="session")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a seeded random Inception in the official layout."""
    return random_inception.write(tmp_path_factory.mktemp("inception") / "random.pth")


@pytest.fixture(scope="session")
def vgg16_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a seeded random VGG16 in torchvision's layout."""
    return random_vgg16.write(tmp_path_factory.mktemp("vgg16") / "random.pth")


@pytest.fixture
def small_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small random network in place of the embedded features, so that a test neither waits nor needs the weights."""
    small_networks.replace_features(monkeypatch.setattr)


@pytest.fixture
def small_shipped(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of shipped files with the generators "dots" and "dashes" (StyleGAN) and "classes" (BigGAN)."""
    folder = small_networks.write_shipped(tmp_path_factory.mktemp("pretrained"))
    shipped.manifest.cache_clear()
    shipped.shipped_file.cache_clear()
    monkeypatch.setattr(shipped, "shipped_folder", lambda: folder)
    yield folder
    shipped.manifest.cache_clear()
    shipped.shipped_file.cache_clear()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; skips where none is installed."""
    from browser import launched

    yield from launched()


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Views]:
    """Opens pages in Chromium, `browse(address, width=420, dark=True).page`; in the end none may have logged an error
    or asked for anything outside its own address."""
    from browser import Views

    views = Views(chromium)
    yield views
    views.close()
    views.check()
