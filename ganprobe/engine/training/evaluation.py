"""What measures a generator in the middle of its training: the engine's own pass, handed down to the loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, final

from torch import nn

from ganprobe.core.calls.settings import Settings
from ganprobe.core.errors import InputError
from ganprobe.engine.evaluate import carry_out, prepare
from ganprobe.engine.opening.metrics import resolve
from ganprobe.engine.opening.names import check_reference
from ganprobe.engine.reference import References
from ganprobe.training.recipe.records import Evaluation


@final
class EngineEvaluate:
    """See `ganprobe.training.loop.evaluation.Evaluate`. The reference is opened once a run."""

    def __init__(
        self, evaluation: Evaluation, *, data: str, seed: int, device: str, reading: Mapping[str, Any] | None = None
    ) -> None:
        self._evaluation, self._references = evaluation, References()
        self._reference = evaluation.reference or data
        # How the training images are read says nothing of another reference's.
        reading = {} if evaluation.reference or reading is None else {**reading, "class_order": None}
        self._settings = Settings(samples=evaluation.samples, seed=seed, device=device, **reading)
        self._specs = {spec.name: spec for spec in resolve(evaluation.metrics)}
        check_reference(self._reference)
        if best := evaluation.best or evaluation.metrics[0]:
            self.better(best)

    def better(self, metric: str) -> Literal["lower", "higher"]:
        """Whether lower or higher values are better. InputError for a metric that has no better."""
        better = self._specs[metric].better
        if better not in ("lower", "higher"):
            raise InputError(f"evaluation.best must be a metric of which lower or higher is better, {metric} has none")
        return better

    def __call__(self, generator: nn.Module) -> Mapping[str, float]:
        prepared = prepare(generator, self._settings, reference=self._reference, metrics=list(self._evaluation.metrics))
        run = carry_out(prepared, self._references)
        return {name: run[name].value for name in self._evaluation.metrics}
