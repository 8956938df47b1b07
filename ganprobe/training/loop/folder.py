"""The names of what a run leaves in its folder, and whose folder it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganprobe.core.errors import TrainingError
from ganprobe.core.files import write_text

FORMAT = 2
"""Of run.json: 1 had flat settings and no recipe."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A run's folder."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run.json"

    @property
    def recipe(self) -> Path:
        return self.root / "recipe.toml"

    @property
    def state(self) -> Path:
        return self.root / "state.safetensors"

    @property
    def generator(self) -> Path:
        return self.root / "G.safetensors"

    @property
    def discriminator(self) -> Path:
        return self.root / "D.safetensors"

    @property
    def best(self) -> Path:
        return self.root / "best.safetensors"

    @property
    def curve(self) -> Path:
        return self.root / "curve.png"

    def task(self, name: str) -> Path:
        return self.root / "tasks" / f"{name}.safetensors"

    def grid(self, images: int) -> Path:
        return self.root / "samples" / f"{images:010d}.png"

    def snapshot(self, role: str, images: int) -> Path:
        """Of the role G or D."""
        return self.root / "snapshots" / f"{role}-{images:010d}.safetensors"

    def claim(self, identity: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Write run.json of `identity`, which decides the weights, and further `facts`; or make sure that the one there
        is of the same run. TrainingError where it is not."""
        if not self.run.is_file():
            if self.state.exists():
                raise TrainingError(f"{self.root} holds a training state without run.json; train into a new folder")
            self._write(identity, facts)
            return
        theirs, ours = self._read(), json.loads(json.dumps(dict(identity)))
        if theirs.get("format") != FORMAT:
            raise TrainingError(f"{self.root} was made by ganprobe before recipes; train into a new folder")
        if changed := differences(theirs.get("identity", {}), ours):
            raise TrainingError(
                f"{self.root} holds another run (it differs in {', '.join(changed)}); train into a new folder"
            )
        self._write(identity, facts)

    def _write(self, identity: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        content = {"format": FORMAT, "identity": dict(identity), **facts}
        write_text(self.run, json.dumps(content, indent=1, sort_keys=True) + "\n")

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self.run.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise TrainingError(f"{self.run} cannot be read ({problem}); train into a new folder") from problem
        return data if isinstance(data, dict) else {}


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any], at: str = "") -> list[str]:
    """The dotted names in which two nested records differ."""
    found: list[str] = []
    for key in sorted({*theirs, *ours}):
        a, b = theirs.get(key), ours.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, f"{at}{key}.")
        elif a != b:
            found.append(f"{at}{key}")
    return found
