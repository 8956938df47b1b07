"""The books of a run: JSON lines, one an interval, and the same scalars for TensorBoard where it is installed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ganprobe.core.errors import OutputError
from ganprobe.core.files import write_text

Row = Mapping[str, Any]


class _Writer(Protocol):
    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None: ...
    def close(self) -> None: ...


class Log:
    """`log.jsonl` in the run's folder. Opened at `step`, it drops the rows of later steps, which are about to be
    written again; a half-written last line goes too. A silent log (of a process that is not the first) reads alone."""

    def __init__(self, folder: Path, *, step: int, tensorboard: bool, silent: bool = False) -> None:
        self.path, self._silent = folder / "log.jsonl", silent
        lines = _lines_until(self.path, step)
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        if not silent:
            write_text(self.path, "".join(line + "\n" for line in lines))
        self._board = _board(folder / "tensorboard", step) if tensorboard and not silent else None

    def write(self, row: Row) -> None:
        """Append a row; it has "step", and numbers alone reach TensorBoard."""
        self.rows.append(dict(row))
        if self._silent:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(dict(row)) + "\n")
        except OSError as problem:
            raise OutputError(f"cannot write {self.path}: {problem.strerror}; free some space and go on") from problem
        if self._board is not None:
            for name, value in row.items():
                if isinstance(value, int | float) and name != "step":
                    self._board.add_scalar(name, float(value), int(row["step"] or 0))

    def close(self) -> None:
        if self._board is not None:
            self._board.close()


def _lines_until(path: Path, step: int) -> list[str]:
    kept: list[str] = []
    if step == 0:
        return kept
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if row.get("step", 0) > step:
            break
        kept.append(line)
    return kept


def _board(folder: Path, step: int) -> _Writer | None:
    if importlib.util.find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    writer: _Writer = SummaryWriter(str(folder), purge_step=step + 1)
    return writer
