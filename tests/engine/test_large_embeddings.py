"""Runs of fd_dinov2 and cmmd on small random weights: names, protocols, marks, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import pytest
import timm
import torch
from PIL import Image

import ganprobe
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.engine.opening.names import features_for
from ganprobe.features import load_clip_image, load_dinov2
from ganprobe.metrics import frechet_distance, gaussian_mmd

N = 6


def _files(home: Path) -> dict[str, str]:
    torch.manual_seed(0)
    vit = timm.models.vision_transformer.VisionTransformer(
        img_size=224, patch_size=14, embed_dim=64, depth=1, num_heads=1, num_classes=0, init_values=1.0
    )
    torch.save(vit.state_dict(), home / "dinov2.pth")
    vision = open_clip.CLIPVisionCfg(layers=1, width=64, head_width=64, patch_size=14, image_size=28)
    text = open_clip.CLIPTextCfg(layers=1, width=64, heads=1, vocab_size=16, context_length=4)
    torch.save(open_clip.CLIP(32, vision, text, quick_gelu=True).state_dict(), home / "clip.pt")
    return {"dinov2_weights": str(home / "dinov2.pth"), "clip_weights": str(home / "clip.pt")}


def _pictures(folder: Path, seed: int) -> np.ndarray:
    folder.mkdir()
    pictures = np.random.default_rng(seed).integers(0, 256, (N, 32, 32, 3), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{number}.png")
    return pictures


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("large")
    _files(home)
    _pictures(home / "ours", 0)
    _pictures(home / "theirs", 1)
    return home


def test_the_numbers_are_those_of_the_embeddings(home: Path) -> None:
    files = {"dinov2_weights": str(home / "dinov2.pth"), "clip_weights": str(home / "clip.pt")}
    run = ganprobe.evaluate(
        str(home / "ours"), reference=str(home / "theirs"), metrics=["fd_dinov2", "cmmd"], samples=N, **files
    )
    sides = [
        torch.stack([torch.from_numpy(np.array(Image.open(home / which / f"{k}.png"))) for k in range(N)])
        for which in ("ours", "theirs")
    ]
    images = [side.permute(0, 3, 1, 2).float() / 127.5 - 1 for side in sides]
    dinov2, clip = load_dinov2(files["dinov2_weights"]), load_clip_image(files["clip_weights"])
    tokens = [dinov2.observe(each)["dinov2.cls"].double().numpy() for each in images]
    moments = [part for rows in tokens for part in (rows.mean(0), np.cov(rows, rowvar=False))]
    embeddings = [clip.observe(each)["clip.image"] for each in images]
    assert run["fd_dinov2"].value == pytest.approx(frechet_distance(*moments), rel=1e-3)
    assert run["cmmd"].value == pytest.approx(gaussian_mmd(*embeddings), rel=1e-3)
    features = {result.metric: result.features for result in run.record.results}
    assert features["fd_dinov2"].startswith("dinov2-unofficial:")
    assert features["cmmd"].startswith("clip-unofficial:")
    assert any("not from the official weights" in note for note in run.record.results[0].notes)
    assert run.record.results[1].protocol["kernel"] == "exp(-|x - y|^2 / (2 x 10^2))"


def test_metrics_name_their_features() -> None:
    assert features_for(None, ["fd_dinov2"], None) == "dinov2"
    assert features_for(None, ["cmmd"], None) == "clip"
    assert features_for(None, ["fid", "cmmd"], None) == "inception"
    assert features_for(None, ["precision", "fd_dinov2"], None) == "vgg16"


def test_weights_that_nothing_reads_or_that_are_not_there_are_refused(home: Path) -> None:
    ours, theirs = str(home / "ours"), str(home / "theirs")
    with pytest.raises(InputError, match="--clip-weights are of no use"):
        ganprobe.evaluate(ours, reference=theirs, metrics=["fd"], clip_weights=str(home / "clip.pt"))
    with pytest.raises(CheckpointError, match="no DINOv2 weights at"):
        ganprobe.evaluate(ours, reference=theirs, metrics=["fd_dinov2"], dinov2_weights=str(home / "none.pth"))
