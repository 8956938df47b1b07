"""Tasks side by side: order, failures, a process that dies, clocks; and how many steps a limit allows."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ganprobe.core.errors import InputError
from ganprobe.reproduce.rows.clock import Clock, clock_of
from ganprobe.reproduce.rows.layout import Folder, State, open_state
from ganprobe.reproduce.rows.limits import group_of, steps_within
from ganprobe.reproduce.rows.training import Progress
from ganprobe.reproduce.rows.workers import DIED, Crew, Outcome, Task

NEVER = Clock(0.0)


@dataclass(frozen=True)
class Small:
    """Gives its own title; or fails in the way that `how` says."""

    title: str
    log: Path
    order: int = 0
    how: str = ""

    def carry_out(self) -> str:
        import sys

        print(f"at work on {self.title}", file=sys.stderr)
        if self.how == "wrong":
            raise InputError("a line\nand another")
        if self.how == "broken":
            raise RuntimeError("CUDA out of memory")
        if self.how == "dies":
            os._exit(9)
        return self.title.upper()


def outcomes(
    tasks: list[Small], *, jobs: int = 1, clock: Clock = NEVER, more: list[Small] | None = None
) -> list[Outcome]:
    found: list[Outcome] = []
    follow_with = list(more or [])

    def follow(outcome: Outcome) -> list[Task]:
        found.append(outcome)
        taken: list[Task] = list(follow_with)
        follow_with.clear()
        return taken

    with Crew(jobs) as crew:
        crew.carry_out(tasks, clock=clock, follow=follow)
    return found


def test_lower_orders_go_first_and_what_follows_is_carried_out_too(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    found = outcomes([Small("b", log, 2), Small("a", log, 1)], more=[Small("c", log, 0)])
    assert [each.value for each in found] == ["A", "C", "B"]
    assert log.read_text().splitlines() == ["at work on a", "at work on c", "at work on b"]


def test_what_fails_is_one_line_with_its_story_and_the_others_go_on(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    wrong, broken, well = outcomes([Small("a", log, how="wrong"), Small("b", log, how="broken"), Small("c", log)])
    assert wrong.said == "a line and another"
    assert broken.said == "RuntimeError: CUDA out of memory"
    assert "carry_out" in broken.story
    assert (well.value, well.said) == ("C", "")


def test_no_task_begins_once_the_time_is_up(tmp_path: Path) -> None:
    assert outcomes([Small("a", tmp_path / "log.txt")], clock=Clock(time.time() - 10, 5)) == []


@pytest.mark.slow
def test_a_process_that_dies_fails_its_own_row_alone(tmp_path: Path) -> None:
    tasks = [Small(name, tmp_path / f"{name}.txt", how="dies" if name == "b" else "") for name in "abcd"]
    found = {each.task.title: each for each in outcomes(tasks, jobs=2)}
    assert {name: each.value for name, each in found.items()} == {"a": "A", "b": None, "c": "C", "d": "D"}
    assert found["b"].said == DIED


def test_a_clock_counts_down_and_has_parts() -> None:
    clock = Clock(time.time() - 30, 60)
    assert 29 < clock.left <= 30
    assert clock.part(0.25).left == 0.0
    assert clock.limited
    assert not clock_of(None).limited
    assert 59 < clock_of(1).left <= 60
    with pytest.raises(InputError, match="above 0, got 0"):
        clock_of(0)
    with pytest.raises(InputError, match="above 0"):
        clock_of(float("nan"))


def progress(steps: int, rate: float) -> Progress:
    return Progress(steps, steps * 64, 1.0, rate)


def test_rows_that_are_compared_train_as_many_steps_as_the_slowest_can() -> None:
    seen = {
        "cifar10-sndcgan-baseline": progress(1_000, 100.0),
        "cifar10-sndcgan-cr-lt": progress(400, 40.0),
        "toyfaces-sndcgan-lt": progress(10, 1.0),
    }
    most = dict.fromkeys(seen, 20_000)
    found = steps_within(seen, seconds=100, most=most)
    assert found == {"cifar10-sndcgan-baseline": 4000, "cifar10-sndcgan-cr-lt": 4000, "toyfaces-sndcgan-lt": 100}
    assert steps_within(seen, seconds=1e6, most=most) == most, "never more than the budget's"
    assert group_of("cifar10-sndcgan-cr-lt") == "cifar10-sndcgan"


def test_a_row_that_is_ahead_is_waited_for() -> None:
    seen = {"a-b-c": progress(900, 100.0), "a-b-d": progress(10, 1.0)}
    assert steps_within(seen, seconds=100, most=dict.fromkeys(seen, 5000)) == dict.fromkeys(seen, 900)


def test_a_folder_remembers_its_target_and_refuses_another(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    state = open_state(folder, target="lt-gan", budget="gpu")
    state = State(target="lt-gan", budget="gpu", steps={"a": 5}, failures={"a: training": "NaN"}, commands=("x",))
    assert open_state(folder, target="lt-gan", budget="gpu") == State(target="lt-gan", budget="gpu")
    state.save(folder)
    assert open_state(folder, target="lt-gan", budget="gpu") == state
    assert state.with_command("x").commands == ("x",)
    assert state.with_command("y").commands == ("x", "y")
    with pytest.raises(InputError, match="holds lt-gan under the budget gpu, not lt-gan under cpu"):
        open_state(folder, target="lt-gan", budget="cpu")
    folder.state.write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        open_state(folder, target="lt-gan", budget="gpu")
