"""CLIP's image network on small random weights: open_clip's own pass, archives of both kinds, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import open_clip
import pytest
import torch

from ganprobe.core.errors import CheckpointError
from ganprobe.core.streams import stream
from ganprobe.features.embeddings.clip_image import COLUMN, ClipImageExtractor, central_square, read_clip_image
from ganprobe.features.published.downloads import CLIP

SIDE = 28


def _network() -> torch.nn.Module:
    """OpenAI's, small: QuickGELU, patches of 14, heads of 64."""
    torch.manual_seed(0)
    vision = open_clip.CLIPVisionCfg(layers=2, width=128, head_width=64, patch_size=14, image_size=SIDE)
    text = open_clip.CLIPTextCfg(layers=1, width=64, heads=1, vocab_size=16, context_length=4)
    return open_clip.CLIP(32, vision, text, quick_gelu=True).eval()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "small.pt"
    torch.save(_network().state_dict(), path)
    return path


def test_embeddings_are_open_clips(file: Path) -> None:
    levels = torch.from_numpy(stream(0, "clip test").integers(0, 256, (3, 3, SIDE, SIDE))).float()
    mean, deviation = (
        torch.tensor(v).view(3, 1, 1) for v in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )
    with torch.no_grad():
        wanted = _network().encode_image((levels / 255 - mean) / deviation, normalize=True)
    got = ClipImageExtractor(read_clip_image(file)).observe(levels / 127.5 - 1)[COLUMN]
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(got.norm(dim=1), torch.ones(3))


def test_the_middle_of_images_that_are_not_square() -> None:
    wide = torch.arange(5.0).expand(1, 3, 2, 5)
    assert central_square(wide)[0, 0, 0].tolist() == [1.0, 2.0]


def test_archives_of_torchscript_give_their_tensors(file: Path, tmp_path: Path) -> None:
    class Holder(torch.nn.Module):
        """Tensors of any names, as archives hold them; it computes nothing."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    holder = Holder()
    for name, value in torch.load(file, weights_only=True).items():
        *path, last = name.split(".")
        place: torch.nn.Module = holder
        for part in path:
            if part not in dict(place.named_children()):
                place.add_module(part, Holder())
            place = getattr(place, part)
        place.register_buffer(last, value.half())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(holder).save(str(tmp_path / "script.pt"))
    ours, theirs = read_clip_image(tmp_path / "script.pt"), read_clip_image(file)
    for name, value in theirs.network.state_dict().items():
        torch.testing.assert_close(ours.network.state_dict()[name], value.half().float())


def test_others_than_the_official_weights_are_marked(file: Path) -> None:
    assert read_clip_image(file).name.startswith("clip-unofficial:")
    assert CLIP.sha256 in CLIP.urls[0]
    assert len(CLIP.sha256) == 64


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    torch.save({"visual.conv1.weight": torch.zeros(2, 3, 3, 3)}, tmp_path / "resnet.pt")
    with pytest.raises(CheckpointError, match="no image network of CLIP"):
        read_clip_image(tmp_path / "resnet.pt")
    with pytest.raises(CheckpointError, match="no CLIP weights at"):
        read_clip_image(tmp_path / "none.pt")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "code.pt")
    with pytest.raises(CheckpointError, match="can be read safely"):
        read_clip_image(tmp_path / "code.pt")
