"""Recipes: those that ship, what a call may change, how they are written, and what is refused with which words."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.calls.checking import Range, plain, structured
from ganprobe.core.errors import InputError
from ganprobe.generators.building import build_pair, trainable
from ganprobe.training.reading import read_recipe, recipe_of, text_of
from ganprobe.training.recipe import toml
from ganprobe.training.recipe.records import Evaluation, Growing, Recipe
from ganprobe.training.recipe.shipped import shipped
from ganprobe.training.run import _updates

METHODS = {
    "cifar10-sndcgan": {"baseline": [], "ss": ["rotation"], "lt": ["lt"], "cr": ["cr"], "cr-lt": ["cr", "lt"]},
    "cifar10-biggan": {"baseline": [], "lt": ["lt"], "cr": ["cr"], "cr-lt": ["cr", "lt"]},
    "celebahq-sndcgan": {"baseline": [], "ss": ["rotation"], "lt": ["lt"], "cr": ["cr"], "cr-lt": ["cr", "lt"]},
    "celebahq-stylegan": {"baseline": [], "lt": ["lt"]},
    "stl10-resnet": {"baseline": [], "ss": ["rotation"], "lt": ["lt"]},
    "imagenet-biggan": {"baseline": [], "lt": ["lt"]},
    "toyfaces-sndcgan": {"baseline": [], "ss": ["rotation"], "lt": ["lt"]},
    "toyfaces-stylegan": {"baseline": [], "lt": ["lt"]},
}
"""The rows of the tables, with their tasks."""

CLASSES = {"biggan", "cifar10-sagan"}


@pytest.mark.parametrize("name", list(shipped()))
def test_a_shipped_recipe_can_be_built(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.summary
    assert recipe.name == name
    side = recipe.data.resolution or 32
    narrow = "channel_max" if recipe.architecture in ("stylegan", "progan") else "channels"
    pair = build_pair(
        recipe.architecture,
        resolution=side,
        num_classes=3 if recipe.data.conditional or recipe.architecture == "biggan" else 0,
        network={**recipe.network, narrow: 8},
        seed=0,
        progressive=recipe.growing is not None,
    )
    tasks = _updates(recipe, pair, batch=recipe.batch, compiled=False).tasks
    assert [task.name for task in tasks] == list(recipe.tasks)


def test_every_row_of_the_tables_has_a_recipe() -> None:
    for start, methods in METHODS.items():
        for method, tasks in methods.items():
            assert list(read_recipe(f"{start}-{method}").tasks) == sorted(tasks)


def test_every_network_that_can_be_trained_has_a_recipe_and_says_how_lt_looks_at_it() -> None:
    for name in trainable():
        assert read_recipe(name, add=["lt"]).tasks["lt"].layer


def test_protocols_are_the_papers() -> None:
    sndcgan, style, big = (read_recipe(name) for name in ("cifar10-sndcgan-lt", "stylegan", "cifar10-biggan-baseline"))
    assert (sndcgan.batch, sndcgan.steps, sndcgan.loss) == (64, 200_000, "hinge")
    assert (sndcgan.generator.rate, sndcgan.generator.betas) == (2e-4, (0.5, 0.999))
    assert (sndcgan.tasks["lt"].layer, sndcgan.tasks["lt"].start) == ("conv5", 0.05 * sndcgan.images)
    assert sndcgan.tasks["lt"].optimiser.betas == (0.9, 0.999)
    assert (style.generator.betas, style.style_mixing, style.regulariser.weight) == ((0.0, 0.99), 0.9, 10.0)
    assert (big.batch, big.discriminator_steps, big.generator.betas) == (50, 4, (0.0, 0.999))
    grown = read_recipe("celebahq-stylegan-lt")
    assert grown.growing == Growing(start=8, stabilise=600_000, fade=600_000)
    assert grown.tasks["lt"].weight == 0.5
    assert read_recipe("celebahq-sndcgan-cr").tasks["cr"].weight == 10


@pytest.mark.parametrize("name", ["sndcgan", "celebahq-stylegan-lt", "cifar10-sndcgan-cr-lt", "infogan"])
def test_a_written_recipe_is_read_again(name: str, tmp_path: Path) -> None:
    recipe = dataclasses.replace(read_recipe(name), summary='with "quotes" and \\', snapshots=(10, 20))
    (tmp_path / "mine.toml").write_text(text_of(recipe))
    assert read_recipe(str(tmp_path / "mine.toml")) == recipe


def test_a_recipe_of_ones_own_is_based_on_a_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "sndcgan"\nbatch = 16\n[generator]\nrate = 0.5\n[tasks.lt]\nsigma = 0.25\n')
    recipe = read_recipe(str(path))
    assert (recipe.name, recipe.batch, recipe.generator.rate, recipe.generator.betas) == ("mine", 16, 0.5, (0.5, 0.999))
    assert (recipe.tasks["lt"].sigma, recipe.tasks["lt"].layer) == (0.25, "conv5")


def test_tasks_are_added_and_dropped() -> None:
    recipe = read_recipe("cifar10-sndcgan-cr-lt", add=["rotation"], drop=["cr"])
    assert list(recipe.tasks) == ["lt", "rotation"]
    kept = read_recipe("cifar10-sndcgan-lt", add=["lt"], changes={"lt.sigma": 0.1})
    assert kept.tasks["lt"].sigma == 0.1


def test_the_settings_of_older_commands_still_mean_what_they_did() -> None:
    changes: dict[str, Any] = {
        "images": 432_000,
        "batch": 32,
        "precision": "bf16",
        "network.z_dim": 256,
        "growing": {"start": 16, "stabilise": 60_000, "fade": 40_000},
        "generator_rate": 0.002,
        "discriminator_rate": 0.004,
        "r1_gamma": 0.5,
        "ema_halflife": 20_000,
        "snapshots": [220_000],
        "flips": True,
    }
    recipe = read_recipe("stylegan", changes=changes)
    assert (recipe.steps, recipe.images) == (13_500, 432_000)
    assert (recipe.generator.rate, recipe.discriminator.rate) == (0.002, 0.004)
    assert (recipe.regulariser.kind, recipe.regulariser.weight, recipe.regulariser.every) == ("r1", 0.5, 16)
    assert recipe.growing == Growing(start=16, stabilise=60_000, fade=40_000)
    assert (recipe.average.halflife, recipe.snapshots, recipe.data.flips) == (20_000, (220_000,), True)
    assert read_recipe("stylegan", changes={"r1_gamma": 0}).regulariser.kind == "none"


def test_a_shorter_run_keeps_its_proportions() -> None:
    recipe = read_recipe("celebahq-stylegan-lt").shortened(5250)
    assert recipe.steps == 5250
    assert recipe.growing == Growing(start=8, stabilise=6000, fade=6000)
    assert recipe.tasks["lt"].start == 8400
    evaluated = dataclasses.replace(recipe, evaluation=Evaluation(every=1000), snapshot_every=500, rate_decay=100)
    half = evaluated.shortened(2625)
    assert (half.evaluation.every, half.snapshot_every, half.rate_decay) == (500, 250, 50)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"batch": "many"}, "batch must be of the kind int, got 'many'"),
        ({"batch": True}, "batch must be of the kind int, got True"),
        ({"batch": 1.5}, "batch must be of the kind int, got 1.5"),
        ({"data.flips": 1}, "data.flips must be of the kind bool, got 1"),
        ({"bacth": 3}, "unknown setting 'bacth'; did you mean 'batch'"),
        ({"generator.rat": 3}, "unknown setting 'generator.rat'; did you mean 'generator.rate'"),
        ({"generator.rate": 0}, "generator.rate must be above 0, got 0"),
        ({"generator.betas": [0.5]}, "generator.betas must be a list of 2"),
        ({"generator.betas": 0.5}, "generator.betas must be a list, got 0.5"),
        ({"generator": 0.5}, "generator must be a table of names and values, got 0.5"),
        ({"batch.size": 0.5}, "batch is no table but 64"),
        ({"style_mixing": 1.5}, "style_mixing must be from 0 to 1, got 1.5"),
        ({"precision": "int8"}, "unknown value of precision: 'int8'"),
        ({"loss": "hing"}, "did you mean 'hinge'"),
        ({"growing": 8}, "growing must be a table"),
        ({"growing": {"start": 12}}, "power of two, got 12"),
        ({"lt.sigma": 0.5}, r"the recipe has no task 'lt'; add it \(--with lt\)"),
        ({"images": 0}, "images must be a whole number of at least 1, got 0"),
        ({"snapshots": ["a"]}, "snapshots must be of the kind int, got 'a'"),
        ({"evaluation": {"every": 5, "metrics": ["fd"], "best": "kd"}}, "evaluation.best must be among the metrics fd"),
        ({"evaluation": {"every": 5, "metrics": []}}, "evaluation needs metrics"),
    ],
)
def test_wrong_settings_are_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_recipe("sndcgan", changes=changes)
    assert "\n" not in str(caught.value)


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'sndcgan'"):
        read_recipe("sndgan")
    with pytest.raises(InputError, match="unknown task 'rotations'; did you mean 'rotation'"):
        read_recipe("sndcgan", add=["rotations"])
    with pytest.raises(InputError, match="unknown task of this recipe 'cr'"):
        read_recipe("sndcgan", drop=["cr"])


def test_files_that_are_no_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("batch = ")
    with pytest.raises(InputError, match="is no TOML"):
        read_recipe(str(tmp_path / "bad.toml"))
    (tmp_path / "key.toml").write_text('architecture = "sndcgan"\nbacth = 1\n')
    with pytest.raises(InputError, match="unknown setting 'bacth'; did you mean 'batch'"):
        read_recipe(str(tmp_path / "key.toml"))
    (tmp_path / "base.toml").write_text('base = "nothing"\n')
    with pytest.raises(InputError, match="base must be another recipe that ships"):
        read_recipe(str(tmp_path / "base.toml"))
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(InputError, match="architecture"):
        read_recipe(str(tmp_path / "empty.toml"))


def test_records_made_in_python_are_checked_too() -> None:
    with pytest.raises(InputError, match="batch must be at least 1, got 0"):
        Recipe(architecture="sndcgan", batch=0)
    with pytest.raises(InputError, match="steps must be of the kind int"):
        dataclasses.replace(read_recipe("sndcgan"), steps=1.5)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One field of each kind."""

    whole: Annotated[int, Range(low=0)] = 0
    number: Annotated[float, Range(low=0, high=2, open=True)] = 1.0
    word: Literal["a", "b"] = "a"
    maybe: float | None = None
    several: tuple[float, ...] = ()


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.dictionaries(
            WORDS,
            st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | WORDS | st.lists(st.integers()),
        ),
        lambda inner: st.dictionaries(WORDS, inner, max_size=3),
        max_leaves=5,
    )
)
def test_any_tables_are_written_so_that_they_read_the_same(tables: dict[str, Any]) -> None:
    import tomllib

    assert tomllib.loads(toml.written(tables)) == tables


@given(
    st.builds(
        Sample,
        whole=st.integers(0, 9),
        number=st.floats(0.1, 2),
        word=st.sampled_from(["a", "b"]),
        maybe=st.none() | st.floats(-1, 1),
        several=st.lists(st.floats(-1, 1)).map(tuple),
    )
)
def test_a_record_survives_being_plain(sample: Sample) -> None:
    assert structured(Sample, plain(sample)) == sample


def test_recipe_of_needs_no_name() -> None:
    assert recipe_of({"architecture": "sndcgan", "tasks": {"cr": {}}}).tasks["cr"].weight == 10
