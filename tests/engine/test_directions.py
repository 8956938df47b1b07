"""From a generator to directions and edited strips, in Python and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ganprobe.checkpoints.native import save_network
from ganprobe.cli.directions import _print_found
from ganprobe.cli.main import run
from ganprobe.core.errors import CapabilityError, CheckpointError, DataError, GanprobeError, InputError
from ganprobe.core.shipped import shipped_names
from ganprobe.data import open_data
from ganprobe.directions import METHODS, Direction, edit, load_directions
from ganprobe.engine.directions import Search, find_directions
from ganprobe.engine.edit import Also, Edit, edited, even_strengths, parse_also
from ganprobe.engine.listing import listing
from ganprobe.engine.passes.score_table import score_table
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig
from ganprobe.features.embedded.weights import save_resnet
from ganprobe.features.images.quantise import to_uint8
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.modules import ModuleSampler

DIM = 10
NORMALS = np.linalg.qr(np.random.default_rng(0).standard_normal((DIM, 3)))[0].T


class Linear(nn.Module):
    """The three channels of every pixel are linear in z."""

    z_dim = DIM

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("normals", torch.from_numpy(NORMALS).float())

    def forward(self, z: Tensor) -> Tensor:
        return (z @ self.normals.T)[:, :, None, None].expand(-1, 3, 4, 4) / 8


class Reader:
    """Reads the channels back; `spoil` changes what it gives."""

    fingerprint = "reader"

    def __init__(self, spoil: str = "") -> None:
        self.spoil = spoil

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"other"} if self.spoil == "names" else {"score.a", "score.b", "score.c", "other"})

    def observe(self, images: Tensor) -> dict[str, Tensor]:
        a, b, c = images[:, :, 0, 0].unbind(1)
        if self.spoil == "shape":
            c = c[:, None]
        if self.spoil == "nan":
            c = c / 0 * 0
        return {"score.a": a, "score.b": b, "score.c": c, "other": images}


def _module() -> ModuleSampler:
    return ModuleSampler(Linear(), name="linear")


def _stylegan() -> StyleGANGenerator:
    return StyleGANGenerator(
        StyleGANConfig(resolution=8, z_dim=DIM, w_dim=DIM, mapping_layers=2, channel_base=32, channel_max=8)
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints of a StyleGAN, another of the same shape and a BigGAN, and a scorer of two attributes."""
    folder = tmp_path_factory.mktemp("home")
    save_network(folder / "g.safetensors", _stylegan(), role="generator")
    other = _stylegan()
    with torch.no_grad():
        other.const += 1
    save_network(folder / "other.safetensors", other, role="generator")
    big = BigGANGenerator(BigGANConfig(resolution=32, num_classes=3, channels=2, z_dim=DIM))
    save_network(folder / "big.safetensors", big, role="generator")
    torch.manual_seed(0)
    scorer = ResNet(ResNetConfig(resolution=8, num_classes=2, widths=(8, 8), blocks=(1, 1))).eval()
    save_resnet(folder / "scorer.safetensors", scorer, kind="toyfaces-scorer", outputs=("smile", "age"))
    assert run(_words("directions", folder / "g.safetensors", method="sefa", out=folder / "sefa", samples=200)) == 0
    return folder


def _words(command: str, *places: object, **options: object) -> list[str]:
    flags = [[f"--{name.replace('_', '-').strip('-')}", str(value)] for name, value in options.items()]
    return [command, *map(str, places), *(word for flag in flags for word in flag)]


def test_scores_are_kept_by_index() -> None:
    sampler = _module()
    scores = score_table(sampler, Reader(), samples=600, seed=4, device=torch.device("cpu"))
    expected = sampler.draw(range(600), seed=4).z.numpy() @ NORMALS.T / 8
    assert list(scores) == ["a", "b", "c"]
    np.testing.assert_allclose(np.stack(list(scores.values()), 1), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [("names", InputError, "gives: other"), ("shape", InputError, "score.c must be"), ("nan", DataError, "not finite")],
)
def test_bad_scorers_are_refused(spoil: str, error: type[GanprobeError], said: str) -> None:
    with pytest.raises(error, match=said):
        score_table(_module(), Reader(spoil), samples=64, seed=0, device=torch.device("cpu"))


def test_interfacegan_finds_what_was_planted_and_says_how_well(tmp_path: Path) -> None:
    search = Search(method="interfacegan", samples=3000, seed=1, scorer=Reader(), conditions=(("a", ("b", "c")),))
    found = find_directions(_module(), search)
    for name, normal in zip("abc", NORMALS, strict=True):
        assert found.directions.named(name).vector @ normal > 0.98
        assert found.directions.named(name).scores["remaining_zero"] > 0.95
    numbers = found.to_json()
    assert np.abs(np.array(numbers["score_correlation"]["matrix"]) - np.eye(3)).max() < 0.06
    for row in numbers["separations"]:
        low, high = row["validation"]["ci95"]
        assert low <= row["validation"]["value"] <= high
        assert row["remaining"]["median"]["n"] == 2400
    found.save(tmp_path)
    assert json.loads((tmp_path / "directions.json").read_text()) == numbers
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert names == ["z_a.png", "z_a_c_b_c.png", "z_b.png", "z_c.png"]
    again = load_directions(tmp_path / "directions.safetensors")
    np.testing.assert_array_equal(again.named("b").vector, found.directions.named("b").vector)
    assert again.provenance["scorer"] == "reader"


def test_the_strip_shows_the_direction() -> None:
    found = find_directions(_module(), Search(method="interfacegan", samples=2000, scorer=Reader()))
    sampler = _module()
    raw = edit(sampler, sampler.draw(range(3), seed=0), found.directions.named("b"), (-3.0, 3.0))
    images = to_uint8(raw.flatten(0, 1)).numpy().reshape(raw.shape)
    change = (images[:, -1].astype(float) - images[:, 0])[..., 0, 0]
    assert (change[:, 1] > 60).all()
    assert np.abs(change[:, [0, 2]]).max() < 15


def test_runs_repeat_byte_for_byte(tmp_path: Path) -> None:
    for out in ("one", "two"):
        find_directions(_stylegan(), Search(method="ganspace", samples=500, count=2)).save(tmp_path / out)
    for file in ("directions.safetensors", "directions.json", "figures/w_ganspace_1.png"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_both_spaces_are_searched_unless_one_is_named(home: Path) -> None:
    search = Search(method="interfacegan", samples=400, scorer=home / "scorer.safetensors")
    both = find_directions(home / "g.safetensors", search).directions
    assert [(item.name, item.space) for item in both] == [("age", "w"), ("smile", "w"), ("age", "z"), ("smile", "z")]
    one = find_directions(
        home / "g.safetensors",
        Search(method="interfacegan", samples=400, scorer=home / "scorer.safetensors", space="z"),
    ).directions
    assert {item.space for item in one} == {"z"}
    np.testing.assert_array_equal(one.named("age").vector, both.named("age", space="z").vector)


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"method": "sefaa"}, InputError, "did you mean 'sefa'"),
        ({"method": "sefa", "count": 0}, InputError, "at least 1"),
        ({"method": "sefa", "count": 11}, InputError, "ask for less"),
        ({"method": "sefa", "samples": 1}, InputError, "at least 2"),
        ({"method": "sefa", "layers": (9,)}, InputError, "0 to 3"),
        ({"method": "sefa", "space": "z"}, CapabilityError, "in w, not in z"),
        ({"method": "ganspace", "space": "z"}, CapabilityError, "in w, not in z"),
        ({"method": "ganspace", "layers": (1,)}, InputError, "layers are for sefa"),
        ({"method": "ganspace", "scorer": "x"}, InputError, "interfacegan and stylespace alone"),
        ({"method": "sefa", "conditions": (("a", ("b",)),)}, InputError, "interfacegan alone"),
        ({"method": "interfacegan", "count": 3}, InputError, "leave the count out"),
        ({"method": "interfacegan", "scorer": "nowhere.safetensors"}, CheckpointError, "nowhere"),
        ({"method": "interfacegan", "scorer": Reader(), "conditions": (("a", ("z",)),)}, InputError, "unknown attr"),
        ({"method": "interfacegan", "scorer": Reader(), "samples": 50}, InputError, "draw more"),
    ],
)
def test_searches_that_make_no_sense_are_refused(
    fields: dict[str, object], error: type[GanprobeError], said: str
) -> None:
    with pytest.raises(error, match=said):
        find_directions(_stylegan(), Search(**fields))


def test_generators_that_do_not_fit_the_method_are_refused() -> None:
    with pytest.raises(CapabilityError, match="networks inside linear"):
        find_directions(_module(), Search(method="sefa"))
    images = ImageSampler(open_data("toyfaces:16"))
    with pytest.raises(CapabilityError, match="images only"):
        find_directions(images, Search(method="ganspace"))
    with pytest.raises(CapabilityError, match="no space 'w'"):
        find_directions(_module(), Search(method="interfacegan", scorer=Reader(), space="w"))


def test_a_shipped_generator_of_other_images_needs_a_scorer_of_its_own() -> None:
    if "cifar10-biggan" not in shipped_names("generators"):
        pytest.skip("needs the shipped generator cifar10-biggan")
    with pytest.raises(InputError, match="give --scorer"):
        find_directions("cifar10-biggan", Search(method="interfacegan"))


def test_every_method_is_listed_with_its_summary() -> None:
    _, rows = listing("directions")
    assert {row[0] for row in rows} == set(METHODS) == {"interfacegan", "sefa", "ganspace", "stylespace", "steer"}


def test_edited_is_what_the_sampler_synthesises(home: Path) -> None:
    images = edited(
        home / "g.safetensors", home / "sefa/directions.safetensors", Edit(name="sefa_1", rows=2), seed=3
    ).images
    item = load_directions(home / "sefa/directions.safetensors").named("sefa_1")
    sampler = GeneratorSampler(_stylegan(), name="g", fingerprint="")
    w = sampler.map(sampler.draw(range(2), seed=3).z) + 2 * item.scale * torch.from_numpy(item.vector)
    expected = to_uint8(sampler.synthesize(w, space="w")).numpy()
    assert images.shape == (2, 7, 3, 8, 8)
    assert np.abs(images[:, 5].astype(int) - expected).max() <= 1


def test_a_direction_of_another_generator_needs_the_word(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = _words("edit", home / "other.safetensors", direction=home / "sefa/directions.safetensors")
    assert run([*words, "--out", str(home / "x.png")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "found in g" in said
    assert not (home / "x.png").exists()
    assert run([*words, "--out", str(home / "x.png"), "--any-generator"]) == 0
    assert (home / "x.png").is_file()


def test_a_published_boundary_is_scaled_to_the_generator(home: Path) -> None:
    np.save(home / "stylegan_celebahq_age_w_boundary.npy", np.eye(DIM)[:1] * 3)
    boundary = home / "stylegan_celebahq_age_w_boundary.npy"
    images = edited(home / "g.safetensors", boundary, Edit(strengths=(0.0, 2.0))).images
    sampler = GeneratorSampler(_stylegan(), name="g", fingerprint="")
    w = sampler.map(sampler.draw(range(4), seed=0).z)
    w[:, 0] += 2 * sampler.map(sampler.draw(range(10_000), seed=0).z)[:, 0].std()
    expected = to_uint8(sampler.synthesize(w, space="w")).numpy()
    assert np.abs(images[:, 1].astype(int) - expected).max() <= 1
    np.save(home / "wide.npy", np.ones((1, 512)))
    with pytest.raises(InputError, match="another generator"):
        edited(home / "g.safetensors", home / "wide.npy")


def test_strengths_are_even() -> None:
    assert even_strengths(-1, 1, 5) == (-1.0, -0.5, 0.0, 0.5, 1.0)
    assert even_strengths(-2, 3, 1) == (-2.0,)
    with pytest.raises(InputError, match="at least one step"):
        even_strengths(0, 1, 0)


def test_the_command_writes_everything(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "ifg"
    words = _words("directions", home / "g.safetensors", method="interfacegan", out=out, samples=400)
    assert run([*words, "--scorer", str(home / "scorer.safetensors"), "--condition", "smile:age", "--space", "w"]) == 0
    assert "smile_c_age" in capsys.readouterr().out
    numbers = json.loads((out / "directions.json").read_text())
    assert [row["name"] for row in numbers["directions"]] == ["age", "smile", "smile_c_age"]
    assert abs(numbers["cosines"]["w"]["matrix"][0][2]) < 1e-6
    assert len(list((out / "figures").glob("*.png"))) == 3


def test_no_number_of_a_wide_table_is_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that ends early reads as another one."""
    monkeypatch.setenv("COLUMNS", "40")
    scores = {f"holds_{number}": -0.0123456 * (number + 1) for number in range(8)}
    _print_found([Direction(name="brightness", space="z", vector=np.ones(3), scores=scores)])
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert printed.splitlines()[-1].split() == ["brightness", "z", "1", *(f"{v:.4g}" for v in scores.values())]


def test_biggan_and_ganspace_by_command(home: Path) -> None:
    words = _words("directions", home / "big.safetensors", method="ganspace", out=home / "gs", samples=200, count=2)
    assert run(words) == 0
    assert [item.space for item in load_directions(home / "gs/directions.safetensors")] == ["z", "z"]


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_the_edit_command_draws(home: Path, suffix: str) -> None:
    out = home / f"strip.{suffix}"
    words = _words("edit", home / "g.safetensors", direction=home / "sefa/directions.safetensors", out=out)
    more = _words("", name="sefa_2", rows=2, steps=3, layers="0-1", truncation="0.7")[1:]
    assert run([*words, *more, "--from", "-2", "--to", "2.5"]) == 0
    with Image.open(out) as image:
        assert getattr(image, "n_frames", 1) == (1 if suffix == "png" else 4)


def _bad_edits() -> Iterator[tuple[list[str], str]]:
    yield ["--out", "x.jpg"], "must end in .png, .gif, .mp4"
    yield ["--out", "x.png", "--name", "sefa_99"], "unknown direction"
    yield ["--out", "x.png", "--layers", "3-1"], "layers must be"
    yield ["--out", "x.png", "--layers", "8"], "layers must lie"
    yield ["--out", "x.png", "--steps", "0"], "at least one step"
    yield ["--out", "x.png", "--rows", "0"], "at least one row"
    yield ["--out", "x.png", "--truncation", "much"], "truncation must be"
    yield ["--out", "x.png", "--from", "nan"], "finite"
    yield ["--out", "x.png", "--space", "z"], "no direction of space 'z'"
    yield ["--out", "x.png", "--direction", "g.safetensors"], "directions"
    yield ["--out", "x.png", "--direction", "none.safetensors"], "cannot read"
    yield ["--out", "x.png", "--absolute"], "is of no boundary"
    yield ["--out", "x.png", "--with", "sefa_1"], "like age=1.5"
    yield ["--out", "x.png", "--with", "sefa_99=1"], "unknown direction"
    yield ["--out", "x.png", "--grid", "sefa_99"], "unknown direction"
    yield ["--out", "x.png", "--scorer", "scorer.safetensors"], "name them (--scores all)"
    yield ["--out", "x.png", "--scores", "beard", "--scorer", "scorer.safetensors"], "unknown attribute 'beard'"


@pytest.mark.parametrize(("words", "said"), list(_bad_edits()))
def test_edits_that_cannot_be_are_one_line(
    home: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    assert run(["edit", "g.safetensors", "--direction", "sefa/directions.safetensors", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (home / "x.jpg").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--method", "sefaa"], "did you mean"),
        (["--method", "interfacegan", "--condition", "smile"], "a condition is like"),
        (["--method", "sefa", "--layers", "x"], "layers must be"),
        (["--method", "sefa", "--space", "s"], "not one of"),
        (["--method", "ganspace", "--resume"], "nothing to resume"),
    ],
)
def test_directions_that_cannot_be_are_one_line(
    home: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["directions", str(home / "g.safetensors"), "--out", str(home / "none"), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (home / "none").exists()


def test_other_directions_join_in_every_cell(home: Path) -> None:
    file, also = home / "sefa/directions.safetensors", (Also("sefa_0", -1.5),)
    images = edited(home / "g.safetensors", file, Edit(name="sefa_1", rows=2, strengths=(2.0,), also=also)).images
    known, sampler = load_directions(file), GeneratorSampler(_stylegan(), name="g", fingerprint="")
    w = sampler.map(sampler.draw(range(2), seed=0).z)
    for name, strength in (("sefa_1", 2.0), ("sefa_0", -1.5)):
        w = w + strength * known.named(name).scale * torch.from_numpy(known.named(name).vector)
    expected = to_uint8(sampler.synthesize(w, space="w")).numpy()
    assert np.abs(images[:, 0].astype(int) - expected).max() <= 1


def test_a_grid_moves_one_sample_two_ways(home: Path) -> None:
    file = home / "sefa/directions.safetensors"
    what = Edit(name="sefa_1", grid="sefa_2", strengths=(-1.0, 0.0, 1.0))
    found = edited(home / "g.safetensors", file, what)
    assert found.images.shape[:2] == (3, 3)
    assert found.legend.rows == (-1.0, 0.0, 1.0)
    for row, name in ((found.images[1], "sefa_1"), (found.images[:, 1], "sefa_2")):
        alone = edited(home / "g.safetensors", file, Edit(name=name, rows=1, strengths=what.strengths)).images[0]
        assert np.abs(row.astype(int) - alone).max() <= 1


def test_scores_stand_under_the_cells(home: Path) -> None:
    what = Edit(rows=2, strengths=(0.0, 1.0), scores=("smile",))
    found = edited(
        home / "g.safetensors", home / "sefa/directions.safetensors", what, scorer=home / "scorer.safetensors"
    )
    lines = [cell for row in found.legend.cells for cell in row]
    assert len(lines) == 4
    assert all(len(cell) == 1 and cell[0].startswith("smile ") for cell in lines)


@pytest.mark.parametrize("text", ["age", "=1", "age=", "age=much", "age=nan", "age=1:x"])
def test_further_directions_are_parsed(text: str) -> None:
    assert parse_also("age=1.5:0-2") == Also("age", 1.5, (0, 1, 2))
    with pytest.raises(InputError):
        parse_also(text)


class PowerCut(RuntimeError):
    """What ends a run."""


class Dying(Reader):
    """Gives up after some images."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def observe(self, images: Tensor) -> dict[str, Tensor]:
        self.left -= len(images)
        if self.left < 0:
            raise PowerCut
        return super().observe(images)


def test_a_killed_scoring_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.engine.passes.journal.SAVE_EVERY", 0.0)
    search = Search(method="interfacegan", samples=1000, scorer=Dying(600))
    with pytest.raises(PowerCut):
        find_directions(_module(), search, out=tmp_path)
    with pytest.raises(InputError, match="resume"):
        find_directions(_module(), replace(search, seed=1, scorer=Reader()), out=tmp_path, resume=True)
    rest = Dying(
        520 + 3 * 64
    )  # the rest of the scores, and what each direction changes; the whole would need 1024 more
    found = find_directions(_module(), replace(search, scorer=rest), out=tmp_path, resume=True)
    whole = find_directions(_module(), replace(search, scorer=Reader()))
    for ours, theirs in zip(found.directions, whole.directions, strict=True):
        np.testing.assert_array_equal(ours.vector, theirs.vector)
    assert not (found.save(tmp_path) / ".unfinished").exists()
