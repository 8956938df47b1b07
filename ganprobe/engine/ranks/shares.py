"""The share of one process among several: which samples it draws, and how its states come together with the others'.

A launcher such as torchrun starts the same command several times and says in the environment which rank each one is. A
process alone is rank 0 of 1: it draws everything, and nothing here costs it anything.

>>> [Ranks(rank, 3).shard(200, block=64) for rank in range(3)]
[range(0, 64), range(64, 128), range(128, 200)]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from ganprobe.core.errors import InputError
from ganprobe.engine.ranks.peers import Channel, Dismissed

if TYPE_CHECKING:
    from ganprobe.metrics.states.archive import Arrays, States

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK")


@final
@dataclass(frozen=True, slots=True)
class Ranks:
    """Rank `rank` of `world`, the `local_rank`-th on its machine. channel: None for a process alone."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    channel: Channel | None = None

    @property
    def lead(self) -> bool:
        """Whether this is rank 0, which merges, computes, writes and speaks."""
        return self.rank == 0

    @property
    def name(self) -> str:
        """ "" for a process alone, "-2of4" for rank 1 of 4: what tells its files from the others'."""
        return "" if self.world == 1 else f"-{self.rank + 1}of{self.world}"

    def shard(self, samples: int, block: int) -> range:
        """This rank's part of samples 0 to `samples` - 1: whole aligned blocks (the last may be cut short), so that
        each is computed with the neighbours that it has in a single process. Together the ranks have each sample once;
        with fewer blocks than ranks some have none."""
        blocks = -(-samples // block)
        first, last = (blocks * rank // self.world for rank in (self.rank, self.rank + 1))
        return range(min(first * block, samples), min(last * block, samples))

    def device(self, asked: str | None) -> str | None:
        """The device that a call means by `asked`: where it leaves the number open, the CUDA device of this rank."""
        if self.world == 1 or asked not in (None, "auto", "cuda"):
            return asked
        import torch

        return f"cuda:{self.local_rank}" if torch.cuda.is_available() else asked

    def check(self) -> None:
        """PeerFailed once another rank has failed. Cheap enough for every batch."""
        if self.channel is not None:
            self.channel.check()

    def meet(self) -> None:
        """Wait until all ranks are here; PeerFailed or PeerLost where one will not come."""
        if self.channel is not None:
            self.channel.meet()

    def gather(self, states: Mapping[str, Arrays], *, about: str) -> list[States]:
        """To rank 0 the packed states of each rank with a share, in rank order; [] elsewhere. about: what must be the
        same for the work to be the same; InputError on rank 0 where it is not."""
        if self.channel is None:
            return [{key: dict(arrays) for key, arrays in states.items()}]
        # The command line imports this module, and starts sooner without numpy.
        from ganprobe.metrics.states.archive import packed, unpacked

        told = about.encode()
        found = self.channel.gather(len(told).to_bytes(8, "little") + told + packed(states))
        parts = [_split(data) for data in found or ()]
        for rank, (theirs, _) in enumerate(parts):
            if theirs != told:
                raise InputError(
                    f"process {rank + 1} of {self.world} has other work than the first ({theirs.decode()} instead of "
                    f"{about}); give all of them the same files"
                )
        return [state for state in (unpacked(data) for _, data in parts) if state]

    def fail(self, status: int) -> bool:
        """Tell the others that this rank ends with `status`; whether it is the first, and so the one to say why."""
        return self.channel is None or self.channel.fail(status)

    def leave(self, *, failed: bool) -> None:
        """Nothing more comes from here. failed: whether this rank was the first that failed: it and rank 0 let the
        others leave before."""
        if self.channel is not None:
            self.channel.leave(wait=self.lead or failed)

    def leave_to_lead(self) -> None:
        """Dismissed on every rank but 0, for what follows is for one process."""
        if not self.lead:
            raise Dismissed


def _split(data: bytes) -> tuple[bytes, bytes]:
    end = 8 + int.from_bytes(data[:8], "little")
    return data[8:end], data[end:]


ALONE = Ranks()


def ranks_of(environment: Mapping[str, str]) -> Ranks:
    """What RANK, WORLD_SIZE and LOCAL_RANK say, not connected; without WORLD_SIZE a process alone. InputError where
    they make no sense."""
    if environment.get("WORLD_SIZE", "1") == "1":
        return ALONE
    try:
        rank, world, local_rank = (int(environment.get(name, "")) for name in NAMES)
    except ValueError:
        rank, world, local_rank = -1, 0, 0
    if not (0 <= rank < world and 0 <= local_rank <= rank):
        said = ", ".join(f"{name}={environment.get(name, '')!r}" for name in NAMES)
        raise InputError(f"numbers of the processes were expected, got {said}; start with torchrun, or unset them")
    return Ranks(rank, world, local_rank)
