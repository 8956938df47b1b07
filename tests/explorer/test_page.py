"""The explorer's page in a browser: what moves the picture, what undoes it, and whether everybody can use it."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browser import View, Views
from explorers import HOSTILE, NAMES, Channels, Opened, class_sampler, hostile_directions, style_sampler
from PIL import Image
from playwright.sync_api import Locator, expect

from ganprobe.directions import LatentSet, read_latents
from ganprobe.engine.exploring.scene import scene_of
from ganprobe.engine.exploring.studio import Shelf, Studio


@pytest.fixture
def view(browse: Views, opened: Opened) -> View:
    """A StyleGAN of a hostile name, its directions, and a scorer."""
    return drawn(browse(opened(directions=[hostile_directions()], scorer=Channels()).url))


def drawn(view: View) -> View:
    expect(view.page.locator("#picture")).to_have_attribute("data-scene", re.compile("point"))
    return view


def shown(view: View) -> np.ndarray[Any, Any]:
    """The picture's pixels, (3, H, W)."""
    read = """() => { const picture = document.getElementById("picture"), canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
        canvas.getContext("2d").drawImage(picture, 0, 0);
        return canvas.toDataURL(); }"""
    data = base64.b64decode(view.page.evaluate(read).partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).transpose(2, 0, 1)


def scene(view: View) -> dict[str, Any]:
    """The scene that the picture is of."""
    found: dict[str, Any] = json.loads(view.page.locator("#picture").get_attribute("data-scene") or "{}")
    return found


def expect_scene(view: View, **parts: Any) -> None:
    """Waits until the picture is of a scene with these parts."""
    for name, value in parts.items():
        said = json.dumps({name: value}, separators=(",", ":"))[1:-1]
        expect(view.page.locator("#picture")).to_have_attribute("data-scene", re.compile(re.escape(said)))


def slider(view: View, name: str) -> Locator:
    return view.page.get_by_role("slider", name=name)


def move(view: View, name: str, times: int, key: str = "ArrowRight") -> None:
    slider(view, name).focus()
    for _ in range(times):
        view.page.keyboard.press(key)


def test_sliders_move_the_picture_and_undo_brings_it_back(view: View) -> None:
    before = shown(view)
    move(view, "smile", 12)
    expect_scene(view, moves=[{"file": 0, "number": 0, "strength": 1.2}])
    expect(view.page.locator("output").first).to_have_text("+1.2")
    studio = Studio(style_sampler(), [Shelf(hostile_directions())])
    np.testing.assert_array_equal(shown(view), studio.picture(scene_of(scene(view))))
    assert np.any(shown(view) != before)
    for _ in range(12):
        view.page.keyboard.press("Control+z")
    expect_scene(view, moves=[])
    np.testing.assert_array_equal(shown(view), before)
    expect(view.page.get_by_role("button", name="Undo")).to_be_disabled()
    view.page.keyboard.press("Control+y")
    view.page.keyboard.press("Control+Shift+z")
    expect_scene(view, moves=[{"file": 0, "number": 0, "strength": 0.2}])
    view.page.get_by_role("button", name="Reset moves").click()
    expect_scene(view, moves=[])


def test_a_drag_is_one_step_of_undo(view: View) -> None:
    box = slider(view, "smile").bounding_box()
    assert box is not None
    view.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    view.page.mouse.down()
    for share in (0.6, 0.7, 0.8, 0.9):
        view.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    view.page.mouse.up()
    expect(view.page.locator("#picture")).to_have_attribute("data-scene", re.compile('"strength":[34]'))
    view.page.keyboard.press("Control+z")
    expect_scene(view, moves=[])
    expect(view.page.get_by_role("button", name="Undo")).to_be_disabled()


def test_keys_walk_the_samples(view: View) -> None:
    view.page.locator("h1").click()
    for _ in range(3):
        view.page.keyboard.press("ArrowRight")
    view.page.keyboard.press("ArrowLeft")
    expect_scene(view, index=2)
    view.page.get_by_label("Sample", exact=True).fill("40")
    expect_scene(view, index=40)
    view.page.get_by_label("Seed", exact=True).fill("7")
    expect_scene(view, point={"index": 40, "seed": 7})
    view.page.keyboard.press("ArrowLeft")
    expect(view.page.get_by_label("Sample", exact=True)).to_have_value("40")


def test_drawing_is_as_the_controls_say(view: View) -> None:
    move(view, "Truncation (psi)", 6, "ArrowLeft")
    expect_scene(view, truncation=0.7)
    view.page.get_by_label("Noise", exact=True).select_option("seed")
    view.page.get_by_label("Noise seed").fill("3")
    expect_scene(view, noise="seed", noise_seed=3)
    view.page.get_by_label("Move only layers").check()
    view.page.locator("#layers-last").fill("2")
    expect_scene(view, layers=[0, 2])
    studio = Studio(style_sampler(), [Shelf(hostile_directions())])
    np.testing.assert_array_equal(shown(view), studio.picture(scene_of(scene(view))))


def test_paths_mixtures_and_play(view: View) -> None:
    view.page.get_by_label("Use one").check()
    view.page.get_by_label("Number", exact=True).fill("9")
    move(view, "Way to it", 30)
    expect_scene(view, position=0.3)
    view.page.get_by_label("Path in").select_option("z")
    view.page.get_by_label("Take its layers").check()
    expect_scene(view, along="z", mixed=[3, 5])
    studio = Studio(style_sampler(), [Shelf(hostile_directions())])
    np.testing.assert_array_equal(shown(view), studio.picture(scene_of(scene(view))))
    expect(view.page.locator("#other-picture")).to_be_visible()
    view.page.get_by_role("button", name="Play").click()
    places = set()
    for _ in range(8):
        view.page.wait_for_timeout(120)
        places.add(scene(view)["position"])
    view.page.get_by_role("button", name="Pause").click()
    assert len(places) > 3
    view.page.keyboard.press("Control+z")
    expect_scene(view, position=0.3)


def test_scores_are_of_what_is_shown(view: View) -> None:
    scores = view.page.locator("#scores dd")
    expect(scores).to_have_count(2)
    before = scores.all_text_contents()
    move(view, "smile", 20)
    expect(scores.nth(1)).not_to_have_text(before[1])
    raw = Studio(style_sampler(), [Shelf(hostile_directions())]).raw(scene_of(scene(view))).mean((2, 3))[0]
    expect(scores.nth(1)).to_have_text(f"{float(raw[0]):+.2f}".replace("-", "−"))


def test_what_is_kept_goes_to_a_file(view: View, tmp_path: Path) -> None:
    view.page.locator("h1").click()
    view.page.keyboard.press("k")
    view.page.keyboard.press("ArrowRight")
    expect_scene(view, index=1)
    view.page.keyboard.press("k")
    with view.page.expect_download() as waiting:
        view.page.get_by_role("button", name="Save latents").click()
    waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
    kept = read_latents(tmp_path / "latents.safetensors")
    assert kept.names == ("sample 0 of seed 0", "sample 1 of seed 0")
    view.page.get_by_role("button", name="Go back to sample 0").click()
    expect_scene(view, index=0)
    view.page.get_by_role("button", name="Take away sample 0").click()
    expect(view.page.locator("#kept li")).to_have_count(1)
    for button, file in (("Save PNG", "picture.png"), ("smile: save a GIF", "sweep.gif")):
        with view.page.expect_download() as waiting:
            view.page.get_by_role("button", name=button).click()
        assert waiting.value.suggested_filename == file


def test_hostile_names_are_text(view: View) -> None:
    expect(view.page.locator("h1")).to_have_text(HOSTILE)
    for name in NAMES:
        expect(slider(view, name)).to_be_visible()
        move(view, name, 1)
    expect(view.page.locator("#scores dt").first).to_have_text("<i>green</i>")
    expect(view.page.locator("#caption")).to_contain_text(NAMES[1])
    assert view.page.locator("main script, main img[src=x], main i").count() == 0


def test_classes_are_chosen_by_name(browse: Views, opened: Opened) -> None:
    view = drawn(browse(opened(class_sampler()).url))
    view.page.get_by_label("Class").select_option("<b>ox</b>")
    expect_scene(view, label=2)
    np.testing.assert_array_equal(shown(view), Studio(class_sampler()).picture(scene_of({"label": 2})))
    for absent in ("#mix-bar", "#noise-bar", "#layers-bar", "#directions-panel", "#source-bar"):
        expect(view.page.locator(absent)).to_be_hidden()


def test_own_latents_are_looked_through(browse: Views, opened: Opened) -> None:
    sampler = style_sampler()
    own = LatentSet(space="w", values=sampler.map(sampler.draw(range(2), seed=3).z), names=("<Ada>", "Bo"))
    view = drawn(browse(opened(sampler, latents=own).url))
    expect(view.page.locator("#caption")).to_have_text("<Ada>")
    expected = sampler.synthesize(sampler.draw(range(1), seed=3).z, space="z")
    np.testing.assert_array_equal(shown(view), Studio(sampler, own=own).picture(scene_of({"point": {"own": True}})))
    assert expected.shape == (1, 3, 16, 16)
    view.page.locator("h1").click()
    for _ in range(4):
        view.page.keyboard.press("ArrowRight")
    expect(view.page.locator("#caption")).to_have_text("Bo")
    view.page.get_by_label("Show", exact=True).select_option("drawn")
    expect_scene(view, point={"index": 0, "seed": 0})


def test_a_failure_is_said_and_the_next_picture_works(browse: Views, opened: Opened) -> None:
    class Moody(torch.nn.Module):
        z_dim = 12
        fails = False

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            if self.fails:
                raise RuntimeError("no <b>more</b>")
            return z.reshape(-1, 3, 2, 2).tanh()

    network = Moody()
    view = drawn(browse(opened(network).url))
    network.fails = True
    view.page.get_by_role("button", name="Next sample").click()
    expect(view.page.get_by_role("alert")).to_contain_text("RuntimeError: no <b>more</b>")
    network.fails = False
    view.page.get_by_role("button", name="Next sample").click()
    expect_scene(view, index=2)
    expect(view.page.locator("#error")).to_be_hidden()


def test_tabs_have_states_of_their_own(browse: Views, opened: Opened) -> None:
    explorer = opened(directions=[hostile_directions()])
    one, two = (drawn(browse(explorer.url)) for _ in range(2))
    move(one, "smile", 5)
    two.page.get_by_role("button", name="Next sample").click()
    expect_scene(one, index=0, moves=[{"file": 0, "number": 0, "strength": 0.5}])
    expect_scene(two, index=1, moves=[])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [420, 1200])
def test_everybody_can_use_it(browse: Views, opened: Opened, width: int, dark: bool) -> None:
    view = drawn(browse(opened(directions=[hostile_directions()], scorer=Channels()).url, width=width, dark=dark))
    view.page.get_by_label("Use one").check()
    move(view, "smile", 3)
    view.page.get_by_role("button", name="Keep").click()
    expect(view.page.locator("#kept li")).to_have_count(1)
    expect(view.page.locator("#scores dd")).to_have_count(2)
    assert view.findings() == []
    assert view.sideways() == 0
