"""What lies where in the folder of a reproduction, and what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ganprobe.core.errors import InputError
from ganprobe.core.files import write_text

SCHEMA = 1
STATE = "reproduce.json"


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one target under one budget."""

    root: Path

    def run(self, name: str) -> Path:
        """The training run `name`."""
        return self.root / "runs" / name

    def measured(self, name: str, measure: str) -> Path:
        """The run `name` as looked at in one way."""
        return self.root / "measured" / name / measure

    def log(self, name: str) -> Path:
        """What the work on the run `name` said as it went."""
        return self.root / "logs" / f"{name}.txt"

    def failure(self, name: str) -> Path:
        """Where the whole story of the failure of a task is kept."""
        return self.root / "failures" / f"{name.replace(': ', '-')}.txt"

    @property
    def data(self) -> Path:
        """Pictures and statistics that the rows share."""
        return self.root / "data"

    @property
    def report(self) -> Path:
        """Where the report goes."""
        return self.root / "report"

    @property
    def state(self) -> Path:
        return self.root / STATE


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What has been settled: the target and the budget for good; steps by recipe, where a limit of time has cut them;
    failures by run, of the last call; commands, in the order in which they were given."""

    target: str
    budget: str
    steps: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def save(self, folder: Folder) -> State:
        """Write it, and give it back."""
        write_text(folder.state, json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, ensure_ascii=False) + "\n")
        return self

    def with_command(self, command: str) -> State:
        """With one more command; the same one twice in a row is one."""
        same = self.commands and self.commands[-1] == command
        return self if same else replace(self, commands=(*self.commands, command))


def open_state(folder: Folder, *, target: str, budget: str) -> State:
    """The state of a folder, new where it has none. InputError where it is of another target or budget, or broken."""
    if not folder.state.is_file():
        return State(target=target, budget=budget)
    try:
        said: dict[str, Any] = json.loads(folder.state.read_text(encoding="utf-8"))
        schema = said.pop("schema")
        found = State(**{**said, "commands": tuple(said["commands"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise InputError(f"{folder.state} cannot be read ({problem}); choose another folder") from problem
    if schema != SCHEMA:
        raise InputError(f"{folder.state} is of schema {schema}, {SCHEMA} was expected; choose another folder")
    if (found.target, found.budget) != (target, budget):
        raise InputError(
            f"{folder.root} holds {found.target} under the budget {found.budget}, not {target} under {budget}; choose "
            "another folder"
        )
    return found
