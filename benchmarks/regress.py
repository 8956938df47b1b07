"""`python -m benchmarks regress --base REV`: what the main commands cost here and at another revision.

The other revision is checked out in a temporary worktree. Both trees run each command in turns, as processes of their
own, with one thread; counted is the processor's time (user and system, of child processes too), which other work on the
machine disturbs least, and the peak of the resident set. Printed are medians and ratios, above 1 where this tree is
better. `--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
HEAD: Final = (
    "| what | before | now | times less | system, before | system, now | peak, before | peak, now | of it |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)
_LOOP: Final = """
import contextlib, torch
with contextlib.suppress(ImportError):
    from ganprobe.core.devices.heap import keep_freed_memory
    keep_freed_memory()
import ganprobe
from ganprobe.samplers.paths import PathPairs, PathSpec
sampler = ganprobe.load({generator!r})
pairs = PathPairs(sampler, PathSpec(space={space!r}, sampling="end"))
for number in range({count}):
    {call}
"""


def _loop(generator: str, call: str, count: int, *, space: str = "w") -> tuple[str, ...]:
    return ("-c", _LOOP.format(generator=generator, call=call, count=count, space=space))


_IMAGES: Final = "sampler.batch(range(64 * number, 64 * number + 64), seed=0)"
_PAIRS: Final = "pairs.pairs(range(64 * number, 64 * number + 64), seed=0)"
_EVALUATE: Final = ("evaluate", "toyfaces-stylegan", "--reference", "toyfaces", "--metrics", "fd,ppl_w_end")
_SMALL: Final = ("--network", "channel_max=64", "--discriminator-network", "channel_max=64")
_TRAIN: Final = ("train", "stylegan", "--data", "toyfaces:32", "--limit", "256", "--resolution", "32", "--batch", "16")


def _command(*words: str) -> tuple[str, ...]:
    return ("-m", "ganprobe", *words)


SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "start": _loop("toyfaces-stylegan", "pass", 1),
    "stylegan": _loop("toyfaces-stylegan", _IMAGES, 20),
    "biggan": _loop("cifar10-biggan", _IMAGES, 30, space="z"),
    "pairs": _loop("toyfaces-stylegan", _PAIRS, 10),
    "evaluate": _command(*_EVALUATE, "--samples", "640", "--out", "{out}"),
    "directions": _command(
        "directions", "toyfaces-stylegan", "--method", "interfacegan", "--samples", "1000", "--out", "{out}"
    ),
    "compare": _command(
        "compare",
        "toyfaces-stylegan",
        "toyfaces-stylegan-early",
        "--reference",
        "toyfaces",
        "--samples",
        "200",
        "--out",
        "{out}",
    ),
    "train": _command(*_TRAIN, *_SMALL, "--images", "512", "--out", "{out}"),
    "demo": _command("demo", "--samples", "{demo}", "--out", "{out}"),
}
"""What Python is told; the "start" of a process with a network in it is taken off loops, whose work it is not."""
_COUNTED: Final = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, used.ru_utime, used.ru_stime, used.ru_maxrss]))
"""
"""Between this process and what is measured stands a small one: the peak of a process begins at that of its starter."""
LOOPS: Final = ("stylegan", "biggan", "pairs")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the processor in user and system mode, and the largest resident set in MiB."""

    user: float
    system: float
    peak: float

    @property
    def total(self) -> float:
        return self.user + self.system


def main(words: Sequence[str]) -> None:
    """Run what `words` say and print its table."""
    asked = _asked(words)
    lines = [*_about(asked), "", *HEAD]
    print("\n".join(lines), flush=True)
    with _worktree(asked.base) as base:
        start: tuple[Cost, Cost] | None = None
        for name in asked.subjects or list(SUBJECTS):
            if name in LOOPS and start is None:
                start = _in_turns("start", base, asked)
            costs = _in_turns(name, base, asked)
            line = "" if costs is None else _row(name, *(_less(costs, start) if name in LOOPS else costs))
            line = line or f"| {name} | does not run at {asked.base} | | | | | | | |"
            lines.append(line)
            print(line, flush=True)
    if asked.write:
        from benchmarks.__main__ import write_between

        write_between("python -m benchmarks regress --write", "\n".join(lines))


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks regress", description=__doc__)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; left out, all")
    parser.add_argument("--base", required=True, metavar="REV", help="the revision to compare with")
    parser.add_argument("--runs", type=int, default=3, help="of either tree, in turns (default: %(default)s)")
    parser.add_argument("--demo", type=int, default=2000, help="samples of the demo (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args(words)
    if strange := sorted(set(asked.subjects) - set(SUBJECTS)):
        parser.error(f"unknown subject {strange[0]}; choose from {', '.join(SUBJECTS)}")
    return asked


def _about(asked: argparse.Namespace) -> list[str]:
    from benchmarks.__main__ import machine

    here = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return [
        f"{machine()}; one thread, medians of {asked.runs} runs in turns, seconds of the processor.",
        f"Before: {asked.base}; now: {here.stdout.strip()}.",
    ]


@contextmanager
def _worktree(revision: str) -> Iterator[Path]:
    """A folder with the tree of `revision`, for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "base"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(place), revision], check=True, capture_output=True)
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True, capture_output=True)


def _in_turns(name: str, base: Path, asked: argparse.Namespace) -> tuple[Cost, Cost] | None:
    """The medians of the base and of this tree; None where the command fails at the base."""
    found: tuple[list[Cost], list[Cost]] = ([], [])
    for _ in range(asked.runs):
        for costs, tree in zip(found, (base, ROOT), strict=True):
            cost = _cost(tree, SUBJECTS[name], demo=asked.demo)
            if cost is None and tree is base:
                return None
            if cost is None:
                raise SystemExit(f"{name} fails in {tree}")
            costs.append(cost)
    return _median(found[0]), _median(found[1])


def _cost(tree: Path, words: Sequence[str], *, demo: int) -> Cost | None:
    """What one run costs; None where it fails."""
    # No cache: the second run would be spared what the first has measured.
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        environment["XDG_CACHE_HOME"] = folder
        told = [word.replace("{out}", f"{folder}/out").replace("{demo}", str(demo)) for word in words]
        words = [sys.executable, "-c", _COUNTED, sys.executable, *told]
        done = subprocess.run(words, cwd=tree, env=environment, capture_output=True, text=True, check=True)
    status, user, system, peak = json.loads(done.stdout)
    return None if status else Cost(user, system, peak / 1024)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("user", "system", "peak")))


def _less(costs: tuple[Cost, Cost], start: tuple[Cost, Cost] | None) -> tuple[Cost, Cost]:
    assert start is not None
    both = zip(costs, start, strict=True)
    before, now = (Cost(cost.user - off.user, max(cost.system - off.system, 0.0), cost.peak) for cost, off in both)
    return before, now


def _row(name: str, before: Cost, now: Cost) -> str:
    """A line of the table."""
    cells = (
        name,
        f"{before.total:.2f} s",
        f"{now.total:.2f} s",
        f"{before.total / now.total:.2f}",
        f"{before.system / before.total:.1%}",
        f"{now.system / now.total:.1%}",
        f"{before.peak:.0f} MiB",
        f"{now.peak:.0f} MiB",
        f"{now.peak / before.peak:.2f}",
    )
    return f"| {' | '.join(cells)} |"
