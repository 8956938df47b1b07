"""Scenes to pictures, to latents, and to the command that makes the same pixels."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_networks import biggan_sampler, stylegan_sampler

from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.calls.checking import plain
from ganprobe.core.calls.directing import ExploreCall
from ganprobe.core.errors import CapabilityError, DataError, InputError
from ganprobe.directions import Direction, Directions, LatentSet, load_latents, save_directions, save_latents
from ganprobe.directions.edits.moves import edit
from ganprobe.engine.edit import pixels_of
from ganprobe.engine.exploring.commands import LATENTS, OUT, edit_command
from ganprobe.engine.exploring.films import POSITIONS, SWEEP, path_gif, sweep_gif
from ganprobe.engine.exploring.gathering import gathered
from ganprobe.engine.exploring.opening import open_studio
from ganprobe.engine.exploring.scene import Scene, scene_of
from ganprobe.engine.exploring.studio import Shelf, Studio
from ganprobe.samplers.generator import GeneratorSampler

SAMPLER = stylegan_sampler()
HOSTILE = "<b>'\"=:ö"
Given = Mapping[str, Any]


def direction(name: str, space: str, axis: int, sampler: GeneratorSampler = SAMPLER, **words: Any) -> Direction:
    vector = np.zeros(sampler.spec.spaces[space], np.float32)
    vector[..., axis] = 1
    return Direction(name=name, space=space, vector=vector, scale=0.7, **words)  # type: ignore[arg-type]


def found(*items: Direction) -> Directions:
    return Directions(items=items, method="sefa", generator="g", fingerprint=None, seed=0, provenance={})


ITEMS = (
    direction("smile", "w", 0),
    direction("age", "w+", 1, layers=(2, 3)),
    direction("smile", "z", 2),
    direction("channel", "s", 3),
    direction(HOSTILE, "w", 4),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator, two files of directions, and latents of one's own."""
    folder = tmp_path_factory.mktemp("exploring")
    save_network(folder / "g.safetensors", SAMPLER.generator, role="generator")
    save_network(folder / "classes.safetensors", biggan_sampler().generator, role="generator")
    save_directions(folder / "a.safetensors", found(*ITEMS))
    save_directions(folder / "b.safetensors", found(direction("other", "w", 5)))
    np.save(folder / "boundary_w.npy", ITEMS[0].vector[None])
    own = LatentSet(space="w", values=SAMPLER.map(SAMPLER.draw(range(3), seed=9).z))
    save_latents(folder / "own.safetensors", own)
    return folder


@pytest.fixture
def studio(folder: Path) -> Studio:
    shelves = [Shelf(found(*ITEMS)), Shelf(found(direction("other", "w", 5)))]
    own = LatentSet(space="w", values=SAMPLER.map(SAMPLER.draw(range(3), seed=9).z))
    return Studio(SAMPLER, shelves, own=own)


def moved(*steps: tuple[int, int, float], **rest: Any) -> Scene:
    given = [{"file": file, "number": number, "strength": strength} for file, number, strength in steps]
    return scene_of({"moves": given, **rest})


def pixels(raw: torch.Tensor) -> np.ndarray:
    return pixels_of(raw[None])[0, 0]


def test_a_scene_of_nothing_is_the_sample(studio: Studio) -> None:
    drawn = SAMPLER.draw(range(3, 4), seed=5)
    expected = SAMPLER.synthesize(drawn.z, space="z", truncation=0.6)
    scene = scene_of({"point": {"index": 3, "seed": 5}, "truncation": 0.6})
    np.testing.assert_array_equal(studio.picture(scene), pixels(expected))


@pytest.mark.parametrize("number", range(len(ITEMS)))
def test_a_move_is_the_edit(studio: Studio, number: int) -> None:
    expected = edit(SAMPLER.at(0.8), SAMPLER.draw(range(1), seed=0), ITEMS[number], [1.5])[:, 0]
    np.testing.assert_array_equal(studio.picture(moved((0, number, 1.5), truncation=0.8)), pixels(expected))
    assert np.any(studio.picture(moved((0, number, 1.5))) != studio.picture(moved()))


def test_paths_begin_and_end_at_the_samples(studio: Studio) -> None:
    a, b = {"index": 0}, {"index": 7, "seed": 2}
    for along in ("z", "w"):
        path = scene_of({"point": a, "other": b, "along": along})
        assert np.array_equal(studio.picture(path), studio.picture(scene_of({"point": a})))
        end = studio.latents(replace(path, position=1.0))
        torch.testing.assert_close(end.values, studio.latents(scene_of({"point": b})).values, rtol=1e-4, atol=1e-4)
        middle = studio.latents(replace(path, position=0.5)).values
        if along == "w":
            mean = (studio.latents(scene_of({"point": a})).values + end.values) / 2
            torch.testing.assert_close(middle, mean, rtol=1e-4, atol=1e-5)


def test_mixing_takes_the_rows_of_the_second_sample(studio: Studio) -> None:
    a, b = {"index": 0}, {"index": 1}
    first, second = (studio.latents(scene_of({"point": point, "truncation": 0.5})).values for point in (a, b))
    mixed = studio.latents(scene_of({"point": a, "other": b, "mixed": [1, 2], "truncation": 0.5})).values
    assert torch.equal(mixed[:, 1:3], second[:, 1:3])
    assert torch.equal(mixed[:, [0, 3]], first[:, [0, 3]])
    with pytest.raises(InputError, match="layers must lie in 0 to"):
        studio.picture(scene_of({"other": b, "mixed": [0, 99]}))


def test_layers_are_those_that_move(studio: Studio) -> None:
    still = studio.latents(moved()).values
    some = studio.latents(moved((0, 0, 2.0), layers=[1, 2])).values
    assert [bool((some[0, row] != still[0, row]).any()) for row in range(4)] == [False, True, True, False]


def test_noise_is_what_is_asked_for(studio: Studio) -> None:
    pictures = [studio.picture(scene_of(given)) for given in ({}, {"noise": "zero"}, *SEEDED)]
    assert len({picture.tobytes() for picture in pictures}) == 4
    z = SAMPLER.draw(range(1), seed=0).z
    assert np.array_equal(pictures[2], pixels(SAMPLER.synthesize(z, space="z", noise=1)))


SEEDED = ({"noise": "seed", "noise_seed": 1}, {"noise": "seed", "noise_seed": 2})


def test_a_class_is_that_of_the_picture() -> None:
    studio = Studio(biggan_sampler())
    z = studio.sampler.draw(range(1), seed=0).z
    for label in range(5):
        expected = studio.sampler.synthesize(z, space="z", labels=torch.tensor([label]))
        assert np.array_equal(studio.picture(scene_of({"label": label})), pixels(expected))
    with pytest.raises(InputError, match="has 5 classes"):
        studio.picture(scene_of({"label": 5}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"point": {"own": True, "index": 3}}, "latents 0 to 2"),
        ({"point": {"own": True}, "moves": [{"file": 0, "number": 2, "strength": 1}]}, "comes before it"),
        ({"point": {"own": True}, "other": {}, "position": 0.5, "along": "z"}, "take the path in w"),
        ({"moves": [{"file": 4, "number": 0, "strength": 1}]}, "no direction 0 of file 4"),
    ],
)
def test_what_cannot_be_is_said(studio: Studio, given: Given, said: str) -> None:
    with pytest.raises(InputError, match=said):
        studio.picture(scene_of(given))


@pytest.mark.parametrize(
    "given",
    [
        {"truncation": float("nan")},
        {"position": 2},
        {"moves": [{"file": 0, "number": 0, "strength": 1e9}]},
        {"moves": "all"},
        {"layers": [3, 1]},
        {"noise": "loud"},
        {"point": {"index": 10**20}},
        {"point": {"seed": 2**70}},
        {"pickle": 1},
        {"point": None, "own": True},
    ],
)
def test_a_malformed_scene_is_refused(given: Given) -> None:
    with pytest.raises(InputError):
        scene_of(given)


def test_scenes_go_to_json_and_back() -> None:
    scene = moved((0, 1, -1.25), other={"index": 2}, position=0.5, mixed=[0, 1], noise="seed", noise_seed=3, cutoff=2)
    assert scene_of(json.loads(json.dumps(plain(scene)))) == scene


def test_a_picture_that_is_not_finite_is_an_error_and_the_next_one_works() -> None:
    sampler = stylegan_sampler()
    studio = Studio(sampler, [Shelf(found(replace(ITEMS[0], scale=1e38)))])
    with pytest.raises(DataError, match="not finite"):
        studio.picture(moved((0, 0, 100.0)))
    assert studio.picture(moved()).shape == (3, 16, 16)


def test_new_weights_give_new_pictures() -> None:
    sampler = stylegan_sampler()
    studio = Studio(sampler)
    before = studio.picture(moved())
    with torch.no_grad():
        sampler.generator.to_rgb["16"].conv.weight.neg_()
    assert np.any(studio.picture(moved()) != before)


def test_a_foreign_network_is_shown_too(studio: Studio) -> None:
    class Dots(torch.nn.Module):
        z_dim = 12

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return z.reshape(-1, 3, 2, 2).tanh()

    from ganprobe.engine.opening.samplers import open_sampler

    foreign = Studio(open_sampler(Dots()))  # type: ignore[arg-type]
    assert foreign.picture(scene_of({"other": {"index": 1}, "position": 0.5})).shape == (3, 2, 2)
    assert foreign.latents(scene_of({})).space == "z"
    for given in ({"noise": "zero"}, {"truncation": 0.5}, {"other": {"index": 1}, "mixed": [0, 0]}, *SEEDED):
        with pytest.raises(CapabilityError):
            foreign.picture(scene_of(given))


SCENES: dict[str, tuple[Given, bool]] = {
    "a sample": ({"point": {"index": 6, "seed": 3}}, False),
    "truncated": ({"point": {"index": 2}, "truncation": 0.4, "cutoff": 2}, False),
    "one move": ({"moves": [(0, 0, -1.75)], "point": {"index": 1}}, False),
    "two moves": ({"moves": [(0, 4, 0.1), (0, 0, -1.3)], "truncation": 0.7}, False),
    "layers": ({"moves": [(0, 4, 1.1), (0, 0, 0.3)], "layers": [1, 3]}, False),
    "a name twice": ({"moves": [(0, 2, 1.5)]}, False),
    "both of the name": ({"moves": [(0, 2, 1.5), (0, 0, 1.0)]}, True),
    "other spaces": ({"moves": [(0, 1, 1.5), (0, 3, 1.0)]}, False),
    "two files": ({"moves": [(0, 0, 1.0), (1, 0, 1.0)]}, True),
    "measured": ({"moves": [(2, 0, 1.5)]}, False),
    "measured under another seed": ({"moves": [(2, 0, 1.5)], "point": {"seed": 4}}, True),
    "a path": ({"other": {"index": 5}, "position": 0.25, "along": "z", "truncation": 0.7}, True),
    "a mixture": ({"other": {"index": 5}, "mixed": [2, 3], "moves": [(0, 0, 1.0)]}, True),
    "no noise": ({"noise": "zero"}, True),
    "other noise": ({"noise": "seed", "noise_seed": 8, "moves": [(0, 3, 2.0)]}, True),
    "own": ({"point": {"own": True, "index": 2}, "moves": [(0, 0, 1.0)], "truncation": 0.9}, False),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_command_makes_the_same_pixels(
    folder: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [folder / "a.safetensors", folder / "b.safetensors", folder / "boundary_w.npy"]
    call = ExploreCall(directions=files, latents=folder / "own.safetensors", device="cpu")
    studio, origin = open_studio(str(folder / "g.safetensors"), call)
    given, needs_latents = SCENES[name]
    steps = [dict(zip(("file", "number", "strength"), step, strict=True)) for step in given.get("moves", ())]
    scene = scene_of({**given, "moves": steps})
    command = edit_command(studio, origin, scene)
    assert command is not None
    assert command.needs_latents is needs_latents
    if needs_latents:
        save_latents(LATENTS, studio.latents(scene))
    words = shlex.split(command.line)
    assert run(words[1:]) == 0
    assert words[0] == "ganprobe"
    drawn = np.asarray(Image.open(OUT).convert("RGB"))
    expected = studio.picture(scene).transpose(1, 2, 0).repeat(6, axis=0).repeat(6, axis=1)
    np.testing.assert_array_equal(drawn[: len(expected)], expected)


def test_the_command_names_a_class(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    studio, origin = open_studio(str(folder / "classes.safetensors"), ExploreCall(device="cpu", truncation=0.6))
    scene = scene_of({"label": 3, "truncation": 0.6, "point": {"index": 2}})
    command = edit_command(studio, origin, scene)
    assert command is not None
    assert not command.needs_latents
    assert run(list(command.words[1:])) == 0
    drawn = np.asarray(Image.open(OUT).convert("RGB"))
    expected = studio.picture(scene).transpose(1, 2, 0).repeat(3, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(drawn[: len(expected)], expected)


def test_what_python_gave_has_no_command(studio: Studio) -> None:
    _, origin = open_studio(SAMPLER, ExploreCall())
    assert edit_command(studio, origin, moved()) is None


def test_kept_latents_are_one_file_that_gives_the_pictures(studio: Studio, tmp_path: Path) -> None:
    scenes = [moved((0, 0, 1.0)), moved(point={"index": 4}, truncation=0.5), moved((0, 3, 1.0), point={"index": 2})]
    kept = gathered(SAMPLER, [studio.latents(scene) for scene in scenes])
    save_latents(tmp_path / "kept.safetensors", kept)
    read = load_latents(tmp_path / "kept.safetensors").for_sampler(SAMPLER)
    assert (read.space, len(read), read.names[1]) == ("s", 3, "sample 4 of seed 0")
    for number, scene in enumerate(scenes):
        image = SAMPLER.synthesize(read.values[number : number + 1], space="s")
        assert np.abs(pixels(image).astype(int) - studio.picture(scene)).max() <= 1
    assert gathered(SAMPLER, [studio.latents(scene) for scene in scenes[:2]]).space == "w+"
    seeded = gathered(SAMPLER, [studio.latents(scene_of(given)) for given in SEEDED])
    assert {len(layer) for layer in seeded.noise if not isinstance(layer, str)} == {2}
    for wrong in ([], [studio.latents(moved()), studio.latents(moved(noise="zero"))]):
        with pytest.raises(InputError):
            gathered(SAMPLER, wrong)


def test_films_show_what_they_are_of(studio: Studio) -> None:
    sweep = Image.open(io.BytesIO(sweep_gif(studio, moved((0, 0, 0.5)), 0, 1)))
    path = Image.open(io.BytesIO(path_gif(studio, moved(other={"index": 3}))))
    assert (sweep.n_frames, path.n_frames) == (2 * len(SWEEP) - 2, 2 * len(POSITIONS) - 2)
    with pytest.raises(InputError, match="second sample"):
        path_gif(studio, moved())
    with pytest.raises(InputError, match="no direction"):
        sweep_gif(studio, moved(), 0, 99)
