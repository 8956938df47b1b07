"""What every auxiliary task must satisfy: it resumes, it weighs what it says, it moves what it should and no more."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from small_trainings import TASKS, assert_same_run, log_of, small_recipe, small_source, state_of, train

from ganprobe.core.errors import InputError, TrainingError
from ganprobe.training.loop.trainer import Trainer
from ganprobe.training.step.scene import Term
from ganprobe.training.tasks import TASKS as REGISTERED

WITHOUT: dict[str, dict[str, Any]] = {
    "bcr": {"bcr__real": 0, "bcr__fake": 0},
    "cr": {"cr__weight": 0},
    "diffaugment": {"diffaugment__policy": []},
    "lt": {"lt__weight": 0},
    "rotation": {"rotation__real": 0, "rotation__fake": 0},
    "zcr": {"zcr__discriminator": 0, "zcr__generator": 0},
}
"""What makes each task weigh nothing."""

MOVES = {
    "bcr": ({"D"}, {"G"}),
    "cr": ({"D"}, {"G"}),
    "diffaugment": ({"D"}, {"G"}),
    "lt": ({"D"}, {"G", "lt"}),
    "rotation": ({"D", "rotation"}, {"G"}),
    "zcr": ({"D"}, {"G"}),
}
"""The groups whose weights move in the discriminator's and in the generator's update."""


def test_every_task_is_under_these_laws() -> None:
    assert set(TASKS) | {"info"} >= set(REGISTERED) >= set(TASKS)


@pytest.mark.parametrize("task", list(REGISTERED))
def test_every_task_has_a_card_that_says_its_settings(task: str) -> None:
    card = (Path(__file__).parents[3] / "docs" / "tasks" / f"{task}.md").read_text()
    assert card.startswith(f"# {task}: ")
    assert REGISTERED[task]
    for setting in dataclasses.fields(REGISTERED.settings(task)):
        assert f"`{setting.name}`" in card, setting.name


class Killed(BaseException):
    """Stands for a signal that nothing catches."""


@pytest.mark.parametrize("task", [*TASKS, "stylegan lt"])
def test_a_killed_run_ends_the_same(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    architecture, name = task.split() if " " in task else ("sndcgan", task)
    recipe = small_recipe(architecture, [name], **({"steps": 9} if architecture == "stylegan" else {}))
    train(recipe, tmp_path / "whole")
    update = Trainer._update_generator
    for stop in (2, 4):

        def dying(self: Trainer, *args: Any, stop: int = stop) -> None:
            if self.step == stop:
                raise Killed
            update(self, *args)

        monkeypatch.setattr(Trainer, "_update_generator", dying)
        with pytest.raises(Killed):
            train(recipe, tmp_path / "parts")
    monkeypatch.undo()
    train(recipe, tmp_path / "parts")
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    train(small_recipe("sndcgan"), folder)
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_a_task_of_weight_0_changes_no_bit_of_the_baseline(task: str, baseline: Path, tmp_path: Path) -> None:
    train(small_recipe("sndcgan", [task], **WITHOUT[task]), tmp_path)
    state = state_of(tmp_path)
    for name, value in state_of(baseline).items():
        assert torch.equal(value, state[name]), name
    assert log_of(tmp_path) == log_of(baseline)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_that_has_not_begun_changes_no_bit(task: str, baseline: Path, tmp_path: Path) -> None:
    train(small_recipe("sndcgan", [task], **{f"{task}__start": 48}), tmp_path)
    state = state_of(tmp_path)
    assert all(torch.equal(value, state[name]) for name, value in state_of(baseline).items())


@pytest.mark.parametrize("task", TASKS)
def test_a_task_at_work_changes_both_networks(task: str, baseline: Path, tmp_path: Path) -> None:
    train(small_recipe("sndcgan", [task]), tmp_path)
    state, before = state_of(tmp_path), state_of(baseline)
    for network in ("G/", "D/"):
        names = [name for name in before if name.startswith(network) and "weight" in name]
        assert all(not torch.equal(before[name], state[name]) for name in names)


def test_the_order_of_tasks_does_not_matter(tmp_path: Path) -> None:
    tasks = ["zcr", "cr", "lt", "rotation", "diffaugment"]
    train(small_recipe("sndcgan", tasks), tmp_path / "one")
    train(small_recipe("sndcgan", tasks[::-1]), tmp_path / "other")
    assert_same_run(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize("task", TASKS)
def test_which_task_moves_which_group(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: dict[str, set[str]] = {}
    for who in ("discriminator", "generator"):
        _watch(monkeypatch, who, moved)
    train(small_recipe("sndcgan", [task], steps=1), tmp_path)
    assert (moved["discriminator"], moved["generator"]) == MOVES[task]


def _watch(monkeypatch: pytest.MonkeyPatch, who: str, moved: dict[str, set[str]]) -> None:
    update = getattr(Trainer, f"_update_{who}")

    def watched(self: Trainer, *args: Any) -> None:
        groups = {name: group.network for name, group in self.optimisers.groups.items()}
        before = {name: [w.detach().clone() for w in network.parameters()] for name, network in groups.items()}
        update(self, *args)
        moved[who] = {
            name
            for name, network in groups.items()
            if any(not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True))
        }

    monkeypatch.setattr(Trainer, f"_update_{who}", watched)


@pytest.mark.parametrize("task", [task for task in TASKS if task != "diffaugment"])
def test_a_term_that_is_not_finite_is_named(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = REGISTERED.task(task)
    terms = kind.terms

    def poisoned(self: Any, scene: Any) -> dict[str, Term]:
        return {name: Term(term.value * torch.nan, term.weight) for name, term in terms(self, scene).items()}

    monkeypatch.setattr(kind, "terms", poisoned)
    with pytest.raises(TrainingError, match=rf"{task}\.\w+ became nan at step 1") as caught:
        train(small_recipe("sndcgan", [task], steps=4), tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "G.safetensors").exists()


@pytest.mark.parametrize("task", TASKS)
def test_a_task_composes_with_the_other_networks(task: str, tmp_path: Path) -> None:
    for architecture in ("stylegan", "biggan"):
        recipe = small_recipe(architecture, [task], steps=8 if architecture == "stylegan" else 2)
        train(recipe, tmp_path / architecture)
        assert any(name.startswith(f"{task}.") for name in log_of(tmp_path / architecture)[-1]) or task == "diffaugment"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lt__layer": "conv9"}, "no layer 'conv9'; it has: conv1, .*features"),
        ({"lt__sigma": 1.5}, "lt.sigma must be above 0 and at most 1, got 1.5"),
        ({"lt__sigma": 0}, "lt.sigma must be above 0"),
        ({"lt__weight": -1}, "lt.weight must be at least 0, got -1"),
        ({"lt__sigmo": 1}, "unknown setting 'lt.sigmo'; did you mean 'lt.sigma'"),
        ({"batch": 7}, "an even batch was expected, got 7"),
        ({"lt__auxiliary": "conv", "lt__layer": "features"}, "needs a layer of maps"),
    ],
)
def test_bad_settings_of_lt_are_refused_before_any_work(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        train(small_recipe("sndcgan", ["lt"], **changes), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_bcr_and_cr_hold_the_same_and_are_refused_together(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="bcr holds what cr does"):
        train(small_recipe("sndcgan", ["bcr", "cr"]), tmp_path)


def test_a_step_generates_once_and_judges_once_an_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganprobe.generators.sndcgan.discriminator import SNDCGANDiscriminator
    from ganprobe.generators.sndcgan.generator import SNDCGANGenerator

    passes: list[str] = []
    for kind, method in ((SNDCGANGenerator, "forward"), (SNDCGANDiscriminator, "judged")):
        plain = getattr(kind, method)

        def counted(self: Any, *args: Any, plain: Any = plain, name: str = kind.__name__, **options: Any) -> Any:
            passes.append(f"{name} {len(args[0])}")
            return plain(self, *args, **options)

        monkeypatch.setattr(kind, method, counted)
    recipe = small_recipe("sndcgan", ["cr", "lt", "rotation"], steps=1)
    train(recipe, tmp_path, source=small_source("sndcgan"))
    n = recipe.batch
    assert passes[:4] == [
        f"SNDCGANGenerator {n}",
        f"SNDCGANDiscriminator {n + n + n + 3 * n // 4}",
        f"SNDCGANGenerator {2 * n}",
        f"SNDCGANDiscriminator {2 * n + 3 * n // 4}",
    ]
