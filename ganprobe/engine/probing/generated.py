"""What probes ask of generated images: in blocks, taken up where it was left, with a record at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.calls.probing import GeneratedCall
from ganprobe.core.errors import GanprobeError, InputError, OutputError
from ganprobe.core.files import check_writable
from ganprobe.core.progress import Track
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.results import Record, Result, Subject
from ganprobe.directions.latents import latent_sampler
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.pictures import picture_run
from ganprobe.engine.provenance import time_now, versions
from ganprobe.engine.run import Run
from ganprobe.probes.task_files import check_run

WALK: Final = "samples"

Answers = Mapping[str, NDArray[Any]]
"""Arrays of one length, a row a sample (or a group of samples)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """A probe of the generator of a training under way, with how it was called and when it began."""

    root: Path
    call: GeneratedCall
    device: torch.device
    sampler: LatentSampler
    started: str
    clock: float

    @classmethod
    def begun(cls, root: Path, call: GeneratedCall) -> Self:
        """Of the generator in the folder of a training. InputError and OutputError for a call that cannot be met."""
        started, clock = time_now(), time.monotonic()
        check_run(root)
        if call.out is not None:
            check_writable(Path(call.out))
        elif call.resume:
            raise InputError("a probe is taken up from the folder that it was saved to; name it (out)")
        device = open_device(call.device)
        sampler = latent_sampler(open_sampler(root / "G.safetensors", device=device))
        return cls(root=root, call=call, device=device, sampler=sampler, started=started, clock=clock)

    def answers(
        self, ask: Callable[[range], Answers], plan: Mapping[str, Any], *, title: str, group: int = 1
    ) -> Answers:
        """What `ask` says of all samples, which it is given in blocks of whole groups of `group`. plan: what an
        interrupted probe must share with this one to be taken up."""
        out = None if self.call.out is None else Path(self.call.out)
        full = {**plan, "generator": self.sampler.fingerprint, "seed": self.call.seed}
        journal = Journal(out, full, resume=self.call.resume)
        try:
            return self._in_blocks(ask, journal, title, group)
        except OutputError:
            raise
        except GanprobeError:
            journal.discard()
            raise

    def _in_blocks(self, ask: Callable[[range], Answers], journal: Journal, title: str, group: int) -> Answers:
        whole, block = self.call.samples // group * group, self.sampler.spec.block // group * group
        done, states = journal.load(WALK)
        parts: list[Answers] = [states[WALK]] if done else []
        with Track(title, whole, done=done, unit="samples") as track:
            for start in range(done, whole, block):
                index = range(start, min(start + block, whole))
                parts.append(ask(index))
                track.advance(len(index))
                if journal.due(finished=False):
                    journal.save(WALK, index.stop, {WALK: _joined(parts)})
        return _joined(parts)

    def record(self, results: Sequence[Result]) -> Run:
        """What was found, with where it comes from and pictures of the generator."""
        call = self.call
        provenance = {
            **versions(self.device),
            "seed": call.seed,
            "samples": call.samples,
            "started": self.started,
            "seconds": self.seconds,
        }
        record = Record(Subject(self.root.name, self.sampler.fingerprint), None, tuple(results), provenance)
        return Run(record, picture_run(self.sampler, seed=call.seed, samples=call.samples))

    @property
    def seconds(self) -> float:
        """Since the probe began."""
        return round(time.monotonic() - self.clock, 3)


def _joined(parts: Sequence[Answers]) -> Answers:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
