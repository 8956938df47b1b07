"""`project`: a generator's own images come back, killed runs go on, and what cannot be projected is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_networks import biggan_sampler, stylegan_sampler

import ganprobe
from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import CapabilityError, DataError, InputError
from ganprobe.directions import load_latents
from ganprobe.engine import project as story
from ganprobe.engine.passes import journal

SAMPLER = stylegan_sampler(noise="const")
OWN = SAMPLER.batch(range(3, 5), seed=7)


@pytest.fixture(autouse=True)
def _few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "PAIRS", 200)


def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cosine_similarity(a, b)


def picture(path: Path, image: torch.Tensor, *, side: int | None = None) -> Path:
    pixels = ((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    drawn = Image.fromarray(pixels)
    (drawn if side is None else drawn.resize((side, side + 8))).save(path)
    return path


def test_own_images_come_back_in_w() -> None:
    found = ganprobe.project(SAMPLER, OWN.images, steps=100)
    w, centre = SAMPLER.map(OWN.latents.z), SAMPLER.map(SAMPLER.draw(range(5000), seed=1).z).mean(0)
    assert found.percentiles.max() < 1
    assert (found.distances < found.starts / 10).all()
    assert cosines(found.latents.values - centre, w - centre).min() > 0.999
    made = SAMPLER.synthesize(found.latents.values, space="w")
    np.testing.assert_allclose(found.images, story.to_uint8(made).numpy(), atol=1)
    np.testing.assert_allclose(found.images.astype(int), found.targets, atol=12)
    assert found.latents.fingerprint == SAMPLER.weights_fingerprint


@pytest.mark.parametrize("space", ["w+", "z"])
def test_own_images_come_back_in_other_spaces(space: str) -> None:
    found = ganprobe.project(SAMPLER, OWN.images, steps=100, space=space)
    assert found.percentiles.max() < 1
    assert tuple(found.latents.values.shape[1:]) == tuple(SAMPLER.spec.spaces[space])


def test_the_class_comes_back_too() -> None:
    sampler = biggan_sampler()
    own = sampler.batch(range(4, 6), seed=7)
    found = ganprobe.project(sampler, own.images, steps=50)
    assert found.latents.space == "z"
    assert found.latents.labels.tolist() == own.labels.tolist()
    assert found.percentiles.max() < 1
    assert cosines(found.latents.values, own.latents.z).min() > 0.98
    other = (int(own.labels[0]) + 1) % 5
    wrong = ganprobe.project(sampler, own.images[:1], steps=5, label=other)
    assert wrong.latents.labels.tolist() == [other]


def test_strangers_are_farther_than_samples() -> None:
    rng = np.random.default_rng(0)
    stranger = rng.integers(0, 256, (1, 3, 16, 16), dtype=np.uint8)
    found = ganprobe.project(SAMPLER, stranger, steps=30)
    assert found.percentiles[0] > 10


def test_optimised_noise_is_kept_and_used(tmp_path: Path) -> None:
    image = stylegan_sampler(noise="random").batch(range(1), seed=3).images
    found = ganprobe.project(SAMPLER, image, steps=40, noise="optimised")
    assert found.distances[0] < found.starts[0]
    latents = load_latents(found.save(tmp_path))
    made = SAMPLER.synthesize(latents.values, space="w", noise=list(latents.noise))
    np.testing.assert_array_equal(story.to_uint8(made).numpy(), found.images)


def test_a_killed_run_goes_on_and_ends_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "own.safetensors"
    words = {"steps": 12, "noise": "optimised"}
    expected = ganprobe.project(SAMPLER, OWN.images, **words)
    monkeypatch.setattr(journal, "SAVE_EVERY", -1.0)
    real, stepped = story.descended, []

    def killed(of, state, *, after):
        def until(now):
            after(now)
            if now.step == 7:
                raise KeyboardInterrupt

        return real(of, state, after=until)

    monkeypatch.setattr(story, "descended", killed)
    with pytest.raises(KeyboardInterrupt):
        ganprobe.project(SAMPLER, OWN.images, out=out, **words)
    monkeypatch.setattr(
        story, "descended", lambda of, state, *, after: stepped.append(state.step) or real(of, state, after=after)
    )
    with pytest.raises(InputError, match="other settings"):
        ganprobe.project(SAMPLER, OWN.images, out=out, resume=True, steps=13, noise="optimised")
    found = ganprobe.project(SAMPLER, OWN.images, out=out, resume=True, **words)
    assert stepped == [7]
    torch.testing.assert_close(found.latents.values, expected.latents.values, atol=0, rtol=0)
    for ours, theirs in zip(found.latents.noise, expected.latents.noise, strict=True):
        torch.testing.assert_close(ours, theirs, atol=0, rtol=0)
    assert found.latents.origin["losses"] == expected.latents.origin["losses"]
    assert list(tmp_path.iterdir()) == []


def test_the_command_projects_files_and_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_network(tmp_path / "g.safetensors", SAMPLER.generator, role="generator")
    (tmp_path / "more").mkdir()
    first = picture(tmp_path / "a.png", OWN.images[0])
    picture(tmp_path / "more" / "b.png", OWN.images[1], side=40)
    out = tmp_path / "found" / "own.safetensors"
    call = ["project", str(first), str(tmp_path / "more"), "--generator", str(tmp_path / "g.safetensors")]
    assert run([*call, "--out", str(out), "--steps", "20"]) == 0
    said = capsys.readouterr()
    assert "1 of 2 pictures had another size and were cropped" in said.err
    assert "percentile" in said.out
    latents = load_latents(out)
    assert latents.names == ("a.png", "b.png")
    assert latents.origin["results"]["rows"] == ["a.png", "b.png"]
    assert latents.origin["distance"]["name"] == "embedded"
    assert "cropped" in latents.origin["pictures"]["note"]
    with Image.open(out.with_suffix(".png")) as drawn:
        assert drawn.width > 3 * 90
    assert sorted(path.name for path in out.parent.iterdir()) == ["own.png", "own.safetensors"]


def test_wrong_calls_are_answered_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "text.txt").write_text("no picture")
    (tmp_path / "empty").mkdir()
    good = str(picture(tmp_path / "a.png", OWN.images[0]))
    save_network(tmp_path / "g.safetensors", SAMPLER.generator, role="generator")

    def said(*words: str) -> str:
        out = ["--generator", str(tmp_path / "g.safetensors"), "--out", str(tmp_path / "o.safetensors")]
        assert run(["project", *words, *out]) == 2
        text = capsys.readouterr().err
        assert text.count("\n") == 1, text
        return text

    assert "no picture by its name" in said(str(tmp_path / "text.txt"))
    assert "cannot be read as a picture" in said(str(tmp_path / "broken.png"))
    assert "there is no picture" in said(str(tmp_path / "none.png"))
    assert "no images in" in said(str(tmp_path / "empty"))
    assert "no classes" in said(good, "--class", "3")
    assert "no classes" in said(good, "--class", "auto")
    assert "space must be w, w+ or z" in said(good, "--space", "s")
    assert "steps must be at least 1" in said(good, "--steps", "0")
    assert "of no use" in said(good, "--distance", "embedded", "--vgg-weights", "x.pth")
    assert not (tmp_path / "o.safetensors").exists()


def test_what_cannot_be_projected_is_refused() -> None:
    biggan = biggan_sampler()
    image = np.zeros((1, 3, 32, 32), np.uint8)
    with pytest.raises(CapabilityError, match="has no space 'w' to project into; it has: z"):
        ganprobe.project(biggan, image, space="w")
    with pytest.raises(CapabilityError, match="no noise maps"):
        ganprobe.project(biggan, image, noise="optimised")
    with pytest.raises(InputError, match="0 to 4"):
        ganprobe.project(biggan, image, label=5)
    with pytest.raises(InputError, match="N x 3 x 32 x 32 were expected"):
        ganprobe.project(biggan, np.zeros((1, 3, 16, 16), np.uint8))
    with pytest.raises(InputError, match="finite"):
        ganprobe.project(biggan, torch.full((1, 3, 32, 32), float("nan")))
    with pytest.raises(InputError, match="at least one picture"):
        ganprobe.project(biggan, [])
    with pytest.raises(CapabilityError, match="gives no gradients"):
        ganprobe.project(lambda n, seed: torch.zeros(n, 3, 16, 16), np.zeros((1, 3, 16, 16), np.uint8))


def test_pillow_pictures_and_arrays_are_the_same(tmp_path: Path) -> None:
    pixels = story.to_uint8(OWN.images).numpy()
    forms = [
        OWN.images,
        pixels,
        pixels.transpose(0, 2, 3, 1),
        [Image.fromarray(each.transpose(1, 2, 0)) for each in pixels],
    ]
    opened = [story.open_targets(form, (3, 16, 16)) for form in forms]
    for each in opened:
        np.testing.assert_array_equal(each.pixels, pixels)
        assert each.keys == opened[0].keys
    (tmp_path / "x.png").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be read as a picture"):
        story.open_targets(tmp_path / "x.png", (3, 16, 16))


def test_lpips_gives_gradients(vgg16_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "PAIRS", 20)
    found = ganprobe.project(SAMPLER, OWN.images[:1], steps=4, vgg_weights=vgg16_file)
    assert found.latents.origin["distance"]["name"].startswith("lpips")
    assert not torch.equal(found.latents.values[0], SAMPLER.map(SAMPLER.draw(range(1), seed=0).z)[0])
