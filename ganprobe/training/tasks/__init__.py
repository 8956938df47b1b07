"""Auxiliary tasks, one module each: what they add to the losses of the two networks, and their settings.

A module `ganprobe/training/tasks/<name>.py` is a task when it is there: `Settings` is its frozen record, `Task` its
class (`ganprobe.training.step.task.Task`), and the first line of its docstring says what it does.

>>> "lt" in TASKS
True
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, final

from ganprobe.core.registry import unknown


@final
class Tasks(Mapping[str, str]):
    """The tasks by name, each with its summary; a task's module is imported when it is asked for."""

    def __init__(self, package: str, folders: Iterable[str]) -> None:
        self._package, self._folders = package, folders

    def known(self, name: str) -> str:
        """`name`; InputError where there is no such task."""
        if name not in self._names:
            raise unknown("task", name, self._names)
        return name

    def settings(self, name: str) -> type[Any]:
        """The frozen record of a task's settings."""
        kind: type[Any] = self._module(name).Settings
        return kind

    def task(self, name: str) -> type[Any]:
        """The class of a task."""
        kind: type[Any] = self._module(name).Task
        return kind

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self._package}.{self.known(name)}")

    @property
    def _names(self) -> dict[str, Path]:
        """The module of each task."""
        found = {path.stem: path for folder in self._folders for path in Path(folder).glob("[a-z]*.py")}
        return dict(sorted(found.items()))

    def __getitem__(self, name: str) -> str:
        source = self._names[self.known(name)].read_text(encoding="utf-8")
        return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


TASKS = Tasks(__name__, __path__)
