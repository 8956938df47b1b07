"""Zero-shot scores by text pairs, on a tiny CLIP with random weights."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.streams import stream
from ganprobe.features.attributes.clip import ClipReference, load_clip_scorer, parse_clip, preparation_of, read_pairs
from ganprobe.features.attributes.opening import open_scorer

CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
PAIRS = """
eyeglasses = ["a face with eyeglasses", "a face without eyeglasses"]
smile = ["a smiling face", "a serious face"]
"""


@pytest.fixture(scope="module")
def clip() -> Any:
    return pytest.importorskip("open_clip", reason="open_clip is not installed: pip install 'ganprobe[clip]'")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clip")
    (home / "ganprobe-tiny.json").write_text(json.dumps(CONFIG))
    (home / "pairs.toml").write_text(PAIRS)
    return home


@pytest.fixture(scope="module")
def model(clip: Any, home: Path) -> Any:
    clip.add_model_config(home / "ganprobe-tiny.json")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = clip.create_model("ganprobe-tiny").eval()
    save_file(model.state_dict(), home / "weights.safetensors")
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, home / "weights.pt")
    return model


def _pixels(n: int, side: int) -> np.ndarray:
    return stream(0, "test.clip", side).integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def _images(n: int = 5, side: int = 32) -> Tensor:
    return torch.from_numpy(_pixels(n, side)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _ref(home: Path, weights: str = "weights.safetensors") -> str:
    return f"clip:{home / 'ganprobe-tiny.json'}:{home / weights}:{home / 'pairs.toml'}"


@torch.inference_mode()
def _zeroshot(clip: Any, model: Any, side: int) -> Tensor:
    """The logit of the softmax over two texts, by open_clip's own pipeline on PIL images: (N, 2)."""
    prepare = clip.transform.image_transform_v2(
        clip.transform.PreprocessCfg(**clip.get_model_preprocess_cfg(model)), is_train=False
    )
    images = torch.stack([prepare(Image.fromarray(pixels)) for pixels in _pixels(5, side)])
    tokenize, logits = clip.get_tokenizer("ganprobe-tiny"), []
    for texts in read_pairs_of(PAIRS):
        found = model.encode_image(images, normalize=True) @ model.encode_text(tokenize(texts), normalize=True).T
        log_shares = (found * model.logit_scale.exp()).log_softmax(1)
        logits.append(log_shares[:, 0] - log_shares[:, 1])
    return torch.stack(logits, 1)


def read_pairs_of(text: str) -> list[list[str]]:
    return [json.loads(line.partition(" = ")[2]) for line in text.strip().splitlines()]


@pytest.mark.parametrize("weights", ["weights.safetensors", "weights.pt"])
def test_scores_are_the_logits_of_open_clips_own_pipeline(clip: Any, model: Any, home: Path, weights: str) -> None:
    columns = open_scorer(_ref(home, weights)).observe(_images())
    found = torch.stack([columns["score.eyeglasses"], columns["score.smile"]], 1)
    torch.testing.assert_close(found, _zeroshot(clip, model, 32), rtol=1e-4, atol=1e-4)
    assert found.std(0).min() > 1e-3


def test_resized_images_score_nearly_as_pillows(clip: Any, model: Any, home: Path) -> None:
    columns = load_clip_scorer(_ref(home)).observe(_images(side=48))
    found = torch.stack([columns["score.eyeglasses"], columns["score.smile"]], 1)
    expected = _zeroshot(clip, model, 48)
    assert (found - expected).abs().max() < 0.1 * expected.std(0).min()


def test_global_random_numbers_are_left_alone(clip: Any, model: Any, home: Path) -> None:
    before = torch.get_rng_state()
    load_clip_scorer(_ref(home))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_fingerprint_follows_weights_and_texts(clip: Any, model: Any, home: Path) -> None:
    first = load_clip_scorer(_ref(home)).fingerprint
    assert load_clip_scorer(_ref(home, "weights.pt")).fingerprint == first
    (home / "other.toml").write_text(PAIRS.replace("serious", "sad"))
    assert load_clip_scorer(_ref(home).replace("pairs.toml", "other.toml")).fingerprint != first


def test_weights_that_cannot_be_used_are_refused(clip: Any, model: Any, home: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (home / "exploded",))

    torch.save({"state_dict": Bomb()}, home / "bomb.pt")
    (home / "pickle.pt").write_bytes(pickle.dumps(Bomb()))
    for name in ("bomb.pt", "pickle.pt"):
        with pytest.raises(CheckpointError, match="as tensors alone"):
            load_clip_scorer(_ref(home, name))
    assert not (home / "exploded").exists()
    save_file({"a": torch.zeros(3)}, home / "wrong.safetensors")
    with pytest.raises(CheckpointError, match="does not fit the CLIP model"):
        load_clip_scorer(_ref(home, "wrong.safetensors"))
    torch.save([torch.zeros(3)], home / "list.pt")
    with pytest.raises(CheckpointError, match="holds a list"):
        load_clip_scorer(_ref(home, "list.pt"))
    with pytest.raises(CheckpointError, match="no file"):
        load_clip_scorer(_ref(home, "nowhere.pt"))


def test_unknown_models_and_tags_are_named(clip: Any, model: Any, home: Path) -> None:
    pairs = home / "pairs.toml"
    with pytest.raises(InputError, match="unknown CLIP model 'ViT-B-33'; did you mean"):
        load_clip_scorer(f"clip:ViT-B-33:{pairs}")
    with pytest.raises(InputError, match=r"unknown weights of ViT-B-32 'laion'.*openai"):
        load_clip_scorer(f"clip:ViT-B-32:laion:{pairs}")
    with pytest.raises(CheckpointError, match="no file of weights for ganprobe-tiny"):
        load_clip_scorer(f"clip:ganprobe-tiny:{pairs}")
    with pytest.raises(InputError, match=r"no file .*absent.json"):
        load_clip_scorer(f"clip:{home / 'absent.json'}:{pairs}")


def test_a_tag_goes_to_open_clip_with_weights_only(clip: Any, model: Any, home: Path, monkeypatch: Any) -> None:
    asked: dict[str, Any] = {}

    def create(name: str, **options: Any) -> Any:
        asked.update(options, name=name)
        return model

    monkeypatch.setattr(clip, "create_model", create)
    load_clip_scorer(f"clip:ViT-B-32:{home / 'pairs.toml'}")
    assert (asked["name"], asked["pretrained"], asked["weights_only"]) == ("ViT-B-32", "openai", True)


def test_weights_out_of_reach_are_said_in_one_line(clip: Any, model: Any, home: Path, monkeypatch: Any) -> None:
    def create(name: str, **options: Any) -> Any:
        raise OSError("the network is down")

    monkeypatch.setattr(clip, "create_model", create)
    with pytest.raises(CheckpointError, match="weights openai of ViT-B-32 cannot be had: the network is down"):
        load_clip_scorer(f"clip:ViT-B-32:{home / 'pairs.toml'}")


def test_without_open_clip_the_error_says_how_to_get_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(InputError, match=r"pip install 'ganprobe\[clip\]'"):
        load_clip_scorer(f"clip:ViT-B-32:{home / 'pairs.toml'}")


def test_references_are_parsed() -> None:
    assert parse_clip("clip:ViT-B-32:openai:p.toml") == ClipReference("ViT-B-32", "openai", Path("p.toml"))
    assert parse_clip("clip:ViT-B-32:a/p.json") == ClipReference("ViT-B-32", "", Path("a/p.json"))
    for ref in ("clip:ViT-B-32", "clip:", "clip:a:b:c:p.toml", "clip:ViT-B-32:pairs.txt"):
        with pytest.raises(InputError, match="clip:MODEL"):
            parse_clip(ref)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.toml", "smile = ", "cannot read the text pairs"),
        ("p.toml", "", "holds no text pairs"),
        ("p.toml", 'smile = "a smile"', r"smile must be \[text with, text without\]"),
        ("p.json", '{"smile": ["a smile"]}', r"smile must be"),
        ("p.json", '{"smile": ["a smile", ""]}', r"smile must be"),
        ("p.json", "[1, 2]", "holds no text pairs"),
    ],
)
def test_bad_pairs_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        read_pairs(tmp_path / name)


def test_pairs_are_read_from_either_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PAIRS)
    (tmp_path / "p.json").write_text(json.dumps({"smile": ["a smiling face", "a serious face"]}))
    assert read_pairs(tmp_path / "p.toml")["smile"] == read_pairs(tmp_path / "p.json")["smile"]
    with pytest.raises(InputError, match="cannot read the text pairs"):
        read_pairs(tmp_path / "nowhere.toml")


def test_the_preparation_is_what_open_clip_says() -> None:
    said = {"size": (48, 48), "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4), "interpolation": "bilinear"}
    prepared = preparation_of(said)
    assert (prepared.size, prepared.resize, prepared.range) == (48, "bilinear", (0.0, 1.0))
    assert preparation_of({**said, "interpolation": "bicubic"}).resize == "bicubic"
