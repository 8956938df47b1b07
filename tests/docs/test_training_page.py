"""The page on training says what is so: its recipe is one, every task has its card, every setting its line."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ganprobe.generators.building import trainable
from ganprobe.training.reading import read_recipe
from ganprobe.training.tasks import TASKS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_recipe_of_the_page_is_one(tmp_path: Path) -> None:
    block, *_ = re.findall(r"^```toml\n(.*?)^```", (DOCS / "training.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    path = tmp_path / "mine.toml"
    path.write_text(block)
    recipe = read_recipe(str(path))
    assert (recipe.architecture, recipe.steps, recipe.data.resolution) == ("sndcgan", 100_000, 32)
    assert (recipe.tasks["lt"].layer, recipe.tasks["lt"].sigma) == ("conv5", 0.25)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_its_card(task: str) -> None:
    card = (DOCS / "tasks" / f"{task}.md").read_text()
    assert card.startswith(f"# {task}")
    assert [each.name for each in fields(TASKS.settings(task)) if f"`{each.name}`" not in card] == []
    assert f"tasks/{task}.md" in (DOCS / "training.md").read_text()


def test_every_network_is_named() -> None:
    page = (DOCS / "training.md").read_text()
    assert all(f"`{name}`" in page for name in trainable())
