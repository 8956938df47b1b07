"""The training loop: one for every network and task. It owns optimisers, precision, the average and the state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import TrainingError
from ganprobe.generators.base import Discriminator, Generator
from ganprobe.training.data.batches import RealBatches
from ganprobe.training.draws.draws import Draws
from ganprobe.training.draws.requests import Host, Who
from ganprobe.training.draws.tables import Immediate, Planned
from ganprobe.training.loop.ema import averaged_copy, decay_at, update_average
from ganprobe.training.loop.folder import Folder
from ganprobe.training.loop.graphs import GraphedStep
from ganprobe.training.loop.meters import Meters, stacked
from ganprobe.training.loop.optimisers import Group, Optimisers
from ganprobe.training.loop.state import Progress, load_state, save_state
from ganprobe.training.parallel.processes import Processes
from ganprobe.training.recipe.records import Adam, Recipe, RunOptions
from ganprobe.training.step.growing import level_of_detail
from ganprobe.training.step.task import Task
from ganprobe.training.step.updates import Terms, Updates

Scalars = tuple[tuple[str, ...], Tensor]


@dataclass(frozen=True, slots=True)
class Phase:
    """What is the same from step to step while the step is: the level of detail, the tasks at work, and in which of the
    discriminator's updates a penalty is due."""

    lod: float
    tasks: tuple[str, ...]
    penalties: tuple[bool, ...]


@final
class _Captures:
    """The memory and the stream that the graphs of a run share: one runs after another."""

    def __init__(self, device: torch.device) -> None:
        self.pool = torch.cuda.graph_pool_handle()
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


@final
class Trainer:
    """Trains two networks and the weights of tasks, from the state in the folder after `resume`."""

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        updates: Updates,
        real: RealBatches,
        host: Host,
        *,
        recipe: Recipe,
        options: RunOptions,
        folder: Folder,
        resolution: int,
    ) -> None:
        self.generator, self.discriminator, self.updates = generator, discriminator, updates
        self.recipe, self.options, self.folder, self.resolution = recipe, options, folder, resolution
        self.device = torch.device(options.device)
        self.processes: Processes = host.processes
        self.average: Generator = averaged_copy(generator)
        heads = {task.name: task for task in updates.tasks if task.network is not None}
        self.heads: dict[str, nn.Module] = {name: task.network for name, task in heads.items() if task.network}
        self.processes.synchronise([generator, discriminator, *self.heads.values()])
        self.networks = {"G": generator, "D": discriminator, "average": self.average, **self.heads}
        self.optimisers = Optimisers(
            {
                "G": Group(generator, recipe.generator, "generator"),
                "D": Group(discriminator, recipe.discriminator, "discriminator"),
                **{name: Group(self.heads[name], _optimiser(task), task.learns) for name, task in heads.items()},
            },
            device=self.device,
        )
        # One scaler each: an overflow in one network must not skip the other's update.
        self.scalers = {
            who: torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
            for who in ("discriminator", "generator")
        }
        self.meters = Meters()
        self.step, self.seconds_before, self.last_good = 0, 0.0, "none yet"
        self.started = time.monotonic()
        self._real, self._host = real, host
        self._share = torch.zeros((), device=self.device)
        self._steps: dict[Phase, tuple[Immediate | Planned, Callable[[], Scalars]]] = {}
        self._captured_in = _Captures(self.device) if self._graphs else None

    @property
    def images(self) -> int:
        """Real images shown so far."""
        return self.step * self.recipe.images_per_step

    @property
    def seconds(self) -> float:
        """Seconds of training, all resumptions together."""
        return self.seconds_before + time.monotonic() - self.started

    @property
    def lod(self) -> float:
        """The level of detail of the step that comes."""
        return level_of_detail(self.images, resolution=self.resolution, growing=self.recipe.growing)

    def train_step(self) -> None:
        """One generator update, after discriminator_steps updates of the discriminator."""
        table, run = self._prepared(self._phase())
        self._set_rates()
        table.begin(self.step)
        names, values = run()
        self.step += 1
        self.meters.add(self.step, names, values)

    def save(self) -> None:
        """Write the state; nothing is written where a loss or a weight is not finite."""
        self.check()
        scalers = {name: scaler.state_dict() for name, scaler in self.scalers.items()}
        progress = Progress(self.step, self.seconds, self.meters.pack(), scalers)
        save_state(self.folder.state, progress, self.networks, self.optimisers.adams)
        self.last_good = f"{self.folder.state} of step {self.step}"

    def check(self) -> None:
        """TrainingError where a scalar so far or a weight is not finite."""
        self.meters.check(self.last_good)
        for name, network in self.networks.items():
            total = torch.stack([weight.detach().float().sum() for weight in network.parameters()]).sum()
            if not torch.isfinite(total):
                raise TrainingError(
                    f"the weights of {name} are not finite after step {self.step}; last good checkpoint: "
                    f"{self.last_good}; start again in another folder with a lower learning rate or in fp32"
                )

    def resume(self) -> None:
        """Take up the state in the folder, if there is one."""
        if not self.folder.state.is_file():
            return
        progress = load_state(self.folder.state, self.networks, self.optimisers.adams)
        self.step, self.seconds_before = progress.step, progress.seconds
        self.meters.unpack(progress.pending or {})
        for name, scaler in self.scalers.items():
            if state := (progress.scaler or {}).get(name):
                scaler.load_state_dict(dict(state))
        self.last_good = f"{self.folder.state} of step {self.step}"

    def close(self) -> None:
        """End the threads that draw ahead."""
        for table, _ in self._steps.values():
            if isinstance(table, Planned):
                table.close()

    @property
    def _graphs(self) -> bool:
        usable = self.options.graphs and self.recipe.precision != "fp16" and self.processes.world == 1
        return usable and self.device.type == "cuda"

    def _phase(self) -> Phase:
        lod, first = self.lod, self.step * self.recipe.discriminator_steps
        working = tuple(task.name for task in self.updates.tasks if task.works(self.images, lod))
        due = range(first, first + self.recipe.discriminator_steps)
        return Phase(lod, working, tuple(self.updates.penalty_due(update) for update in due))

    def _prepared(self, phase: Phase) -> tuple[Immediate | Planned, Callable[[], Scalars]]:
        """The step of a phase, and where its numbers lie. While a resolution fades in, every step is a phase of its
        own, and none is worth a graph."""
        if phase in self._steps:
            return self._steps[phase]
        if self._captured_in is None or not phase.lod.is_integer():
            table = Immediate(self._host, self.device)
            return table, lambda: self._body(phase, table)
        planned = Planned(self._host, self.device)
        step = GraphedStep(
            lambda: self._body(phase, planned),
            device=self.device,
            pool=self._captured_in.pool,
            stream=self._captured_in.stream,
        )
        self._steps[phase] = (planned, step)
        return planned, step

    def _body(self, phase: Phase, table: Immediate | Planned) -> Scalars:
        """The whole step: nothing in it waits for the device or depends on its number."""
        tasks = [task for task in self.updates.tasks if task.name in phase.tasks]
        working = frozenset(phase.tasks) & frozenset(self.heads)
        scalars: dict[str, list[Tensor]] = {}
        self.generator.train()
        self.discriminator.train()
        for number, due in enumerate(phase.penalties):
            draws = Draws(table, "discriminator", number)
            self._update_discriminator(draws, phase.lod, tasks, working, due, scalars)
        self._update_generator(Draws(table, "generator"), phase.lod, tasks, working, scalars)
        update_average(self.average, self.generator, self._share)
        names, values = stacked({name: torch.stack(values).mean() for name, values in scalars.items()})
        return names, self.processes.mean(values)

    def _update_discriminator(
        self,
        draws: Draws,
        lod: float,
        tasks: Sequence[Task],
        working: frozenset[str],
        due: bool,
        scalars: dict[str, list[Tensor]],
    ) -> None:
        real = self._real.batch(draws, self.updates.batch)
        adams = self._learning("discriminator", working)
        with self._autocast():
            terms = self.updates.discriminator_terms(real, draws, lod, tasks)
        self._descend("discriminator", terms, scalars)
        if due:
            self._descend("discriminator", self.updates.penalty(real, draws, lod), scalars)
        self._apply("discriminator", adams)

    def _update_generator(
        self,
        draws: Draws,
        lod: float,
        tasks: Sequence[Task],
        working: frozenset[str],
        scalars: dict[str, list[Tensor]],
    ) -> None:
        adams = self._learning("generator", working)
        with self._autocast():
            terms = self.updates.generator_terms(draws, lod, tasks)
        self._descend("generator", terms, scalars)
        self._apply("generator", adams)

    def _learning(self, who: Who, working: frozenset[str]) -> Mapping[str, torch.optim.Adam]:
        """The optimisers of an update. Gradients of all other weights would be computed and thrown away."""
        adams = self.optimisers.of(who, working)
        for name, group in self.optimisers.groups.items():
            group.network.requires_grad_(name in adams)
        for adam in adams.values():
            adam.zero_grad(set_to_none=True)
        return adams

    def _descend(self, who: Who, terms: Terms, scalars: dict[str, list[Tensor]]) -> None:
        for name, value in terms.scalars.items():
            scalars.setdefault(name, []).append(value)
        torch.autograd.backward(self.scalers[who].scale(terms.loss))

    def _apply(self, who: Who, adams: Mapping[str, torch.optim.Adam]) -> None:
        self.processes.average_gradients(self.optimisers.groups[name].network for name in adams)
        for adam in adams.values():
            self.scalers[who].step(adam)
        self.scalers[who].update()

    def _autocast(self) -> torch.autocast:
        kinds = {"fp32": torch.bfloat16, "bf16": torch.bfloat16, "fp16": torch.float16}
        precision = self.recipe.precision
        # A graph must cast anew every time: a cached cast would be of the weights at its capture.
        return torch.autocast(
            self.device.type, dtype=kinds[precision], enabled=precision != "fp32", cache_enabled=not self._graphs
        )

    def _set_rates(self) -> None:
        recipe = self.recipe
        self.optimisers.set_factor(max(0.0, 1 - self.images / recipe.rate_decay) if recipe.rate_decay else 1.0)
        after = self.images + recipe.images_per_step
        average = recipe.average
        decay = decay_at(after, recipe.images_per_step, halflife=average.halflife, rampup=average.rampup)
        self._share.fill_(1 - decay)


def _optimiser(task: Task) -> Adam:
    if task.optimiser is None:
        raise TrainingError(f"the task {task.name} owns weights and has no optimiser; give it one")
    return task.optimiser
