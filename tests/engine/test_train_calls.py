"""From the words of a call to a training run: what is read, what is refused, and what is said of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganprobe.checkpoints.native import read_header
from ganprobe.cli.main import run
from ganprobe.core.errors import DataError, InputError
from ganprobe.engine.training.train import TrainCall, settled, train

SMALL = {
    "images": 8,
    "batch": 4,
    "device": "cpu",
    "tensorboard": False,
    "network": {"z_dim": 4, "w_dim": 4, "mapping_layers": 1, "channel_base": 16, "channel_max": 4},
}
TINY_SNDCGAN = {
    "network.channels": 2,
    "network.z_dim": 4,
    "batch": 4,
    "steps": 2,
    "device": "cpu",
    "tensorboard": False,
}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def call(photos: Path, given: dict[str, Any] = SMALL, **options: Any) -> TrainCall:
    return TrainCall(data=str(photos), out=photos.parent / "run", given=given, **options)


def test_a_call_trains_and_names_what_it_wrote(photos: Path) -> None:
    trained = train("stylegan", call(photos))
    assert trained.path.is_file()
    assert trained.skipped == ()


def test_unreadable_images_are_passed_over_where_that_is_asked(photos: Path) -> None:
    (photos / "3.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"3\.png cannot be read"):
        train("stylegan", call(photos))
    assert not (photos.parent / "run").exists()
    trained = train("stylegan", call(photos, skip_unreadable=True))
    assert trained.skipped == (str(photos / "3.png"),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch": "many"}, "batch must be of the kind int, got 'many'"),
        ({"max_hours": "long"}, "max_hours must be of the kind float"),
        ({"device": "abacus"}, "device 'abacus' is not known"),
        ({"log_every": 0}, "log_every must be at least 1, got 0"),
        ({"growing": 8}, "growing must be a table"),
        ({"network": {**SMALL["network"], "z_dim": 1.5}}, "z_dim must be of the kind int, got 1.5"),  # type: ignore[dict-item]
        ({"discriminator_network": {"minibatch_group": "4"}}, "minibatch_group must be of the kind int, got '4'"),
        ({"network": {"resolution": 32}}, "resolution 32 was asked for and the images have 16"),
        ({"network": {"num_classes": 3}}, "3 classes were asked for and the data has 0"),
        ({"frobs": 1}, "unknown setting 'frobs'"),
    ],
)
def test_values_of_another_kind_are_refused_by_name_before_any_work(
    photos: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        train("stylegan", call(photos, {**SMALL, **given}))
    assert not (photos.parent / "run").exists()


def test_whole_numbers_pass_for_settings_that_are_floats(photos: Path) -> None:
    assert train("stylegan", call(photos, {**SMALL, "r1_gamma": 2, "max_hours": 1})).path.is_file()


def test_a_recipe_without_data_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sndcgan says nothing of its images; name them \(--data\)"):
        train("sndcgan", TrainCall(out=tmp_path / "run"))


def test_tasks_are_of_generators(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tasks are of generators"):
        train("classifier", TrainCall(out=tmp_path / "run", add=["lt"]))
    with pytest.raises(InputError, match="the scorer reads the factors of toyfaces"):
        train("scorer", TrainCall(data="cifar10", out=tmp_path / "run"))


def test_a_run_measures_itself_on_the_way(photos: Path, small_features: None) -> None:
    evaluation = {"every": 8, "metrics": ["kd", "cs"], "samples": 20, "best": "cs"}
    given = {**TINY_SNDCGAN, "steps": 5, "log_every": 5, "evaluation": evaluation}
    train("sndcgan", call(photos, given))
    folder = photos.parent / "run"
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    measured = [row for row in rows if "cs" in row]
    assert [row["images"] for row in measured] == [8, 16, 20]
    assert all({"step", "images", "kd", "cs"} == set(row) for row in measured)
    best = read_header(folder / "best.safetensors").training
    assert best["cs"] == max(row["cs"] for row in measured)
    assert best["images"] == next(row["images"] for row in measured if row["cs"] == best["cs"])
    with Image.open(folder / "curve.png") as curve:
        assert curve.size[0] > 2 * curve.size[1]
    again = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    train("sndcgan", call(photos, given))
    assert [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()] == again


def test_evaluation_is_looked_at_before_any_work(photos: Path) -> None:
    wrong = {**TINY_SNDCGAN, "evaluation": {"every": 8, "metrics": ["fdd"]}}
    with pytest.raises(InputError, match="unknown metric 'fdd'; did you mean 'fd'"):
        train("sndcgan", call(photos, wrong))
    assert not (photos.parent / "run").exists()


def test_the_command_adds_a_task_and_sets_what_it_is_told(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    words = [
        "train",
        "sndcgan",
        "--data",
        str(photos),
        "--with",
        "lt,cr",
        "--set",
        "lt.start=0",
        "--set",
        "lt.sigma=0.25",
    ]
    more = ["--network", "channels=2", "--steps", "2", "--batch", "4", "--device", "cpu", "--set", "tensorboard=false"]
    assert run([*words, *more]) == 0
    folder = photos.parent / "runs" / "sndcgan-lt-cr"
    assert capsys.readouterr().out.split() == [str(Path("runs/sndcgan-lt-cr/G.safetensors"))]
    recipe = json.loads((folder / "run.json").read_text())["recipe"]
    assert (recipe["tasks"]["lt"]["sigma"], recipe["tasks"]["cr"]["weight"], recipe["network"]) == (
        0.25,
        10,
        {"channels": 2},
    )
    assert {"lt.loss", "cr.loss"} <= json.loads((folder / "log.jsonl").read_text().splitlines()[-1]).keys()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sndcgam"], "did you mean 'sndcgan'"),
        (["sndcgan", "--with", "ltt"], "unknown task 'ltt'; did you mean 'lt'"),
        (["cifar10-sndcgan-lt", "--set", "lt.sigma=2"], "lt.sigma must be above 0 and at most 1"),
        (["sndcgan", "--set", "lt.sigma=0.5"], "the recipe has no task 'lt'"),
        (["sndcgan", "--without", "lt"], "unknown task of this recipe 'lt'"),
    ],
)
def test_wrong_calls_are_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", *words, "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_recipes_and_tasks_are_listed_without_torch() -> None:
    code = """
import sys
from ganprobe.cli.main import run
assert run(["list", "recipes"]) == 0 and run(["list", "tasks"]) == 0
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "cifar10-sndcgan-cr-lt" in done.stdout
    assert "Latent-transformation detection" in done.stdout


def test_what_a_run_does_not_need_is_not_imported() -> None:
    code = """
import sys
import ganprobe.engine.training.train
assert not {"torchvision", "matplotlib", "pandas", "sklearn"} & set(sys.modules)
import ganprobe.engine.evaluate
assert "torchvision" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_commands_of_the_manifest_can_be_called() -> None:
    import shlex

    from ganprobe.cli.training import parse_pairs
    from ganprobe.core.shipped import manifest

    for record in manifest()["generators"].values():
        words = shlex.split(record["command"])
        assert words[:2] == ["ganprobe", "train"]
        pairs = parse_pairs([words[i + 1] for i, word in enumerate(words) if word == "--set"])
        network = parse_pairs([words[i + 1] for i, word in enumerate(words) if word == "--network"])
        given = {**pairs, **{f"network.{name}": value for name, value in network.items()}, "device": "cpu"}
        recipe, _ = settled(words[2], TrainCall(out=Path("run"), given={**given, "images": 272_000, "batch": 32}))
        assert recipe.steps == 8500


def test_the_classes_are_said_and_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (11, 16, 16, 3), dtype=np.uint8)):
        folder = tmp_path / "data" / str(number % 11)
        folder.mkdir(parents=True)
        Image.fromarray(pixels).save(folder / "a.png")
    words = TrainCall(
        data=str(tmp_path / "data"), out=tmp_path / "run", given=SMALL, reading={"class_order": "numbers"}
    )
    train("stylegan", words)
    names = [str(number) for number in range(11)]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["classes"] == names
    for file in ("G.safetensors", "D.safetensors"):
        assert list(read_header(tmp_path / "run" / file).classes) == names
    said = capfd.readouterr().err
    assert "11 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 (from folders)" in said
    assert "not of their numbers" not in said
    train("stylegan", TrainCall(data=str(tmp_path / "data"), out=tmp_path / "other", given=SMALL))
    said = capfd.readouterr().err
    assert "labels count in the order of the classes' names (0, 1, 10, 2, " in said


def test_chunk_folders_are_trained_on_without_classes_and_parts_not_at_all(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)):
        for name in (f"chunks/{number // 4:05}/{number:05}.png", f"parts/{('train', 'test')[number % 2]}/{number}.png"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / name)
    path = train("stylegan", TrainCall(data=str(tmp_path / "chunks"), out=tmp_path / "run", given=SMALL)).path
    assert read_header(path).config["num_classes"] == 0
    assert "no classes (its folders 00000, 00001 look like chunks of one set" in capfd.readouterr().err
    with pytest.raises(DataError, match="holds the parts test, train of a data set"):
        train("stylegan", TrainCall(data=str(tmp_path / "parts"), out=tmp_path / "no", given=SMALL))
    assert not (tmp_path / "no").exists()
    given = {**SMALL, "data.conditional": True}
    with pytest.raises(InputError, match=r"and the data has no classes \(its folders 00000, 00001 look"):
        train("stylegan", TrainCall(data=str(tmp_path / "chunks"), out=tmp_path / "no", given=given))
