"""`python -m benchmarks.reproduction --out DIR`: a reproduction that always ends, and what of it is small to send.

Runs `ganprobe reproduce` with a limit of its own and a harder one around it; where the harder one strikes, a report of
what is there is written all the same. DIR then holds run.log, report.md, results.tar.gz (report, numbers, books, logs)
and the generators at half precision in networks-N.tar, no file above 16 MB.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ganprobe.checkpoints.native import load_network, save_network
from ganprobe.core.errors import GanprobeError

MOST_BYTES = 16_000_000
MOST_TARS = 4
BOOKS = ("reproduce.json", "report/**/*", "measured/**/results.json", "measured/**/*.npz", "logs/*", "failures/*")
OF_RUNS = ("run.json", "recipe.toml", "log.jsonl", "tasks/*")
REPORT_SECONDS, TRIAL_SECONDS = 45, 25
TRIAL = (sys.executable, "-c", "import torch; a = torch.ones(9, 9).cuda(); assert (a @ a).sum().item() == 729")


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reproduction", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="where the runs lie; left out, a folder that is thrown away")
    parser.add_argument("--target", default="lt-gan")
    parser.add_argument("--budget", default="gpu")
    parser.add_argument("--jobs", type=int, help="rows at a time; left out, the budget's")
    parser.add_argument("--minutes", type=float, default=4.6, help="after which nothing more begins")
    parser.add_argument("--limit", type=float, default=315, help="seconds after which the reproduction is ended")
    parser.add_argument(
        "--mps", action="store_true", help="share a CUDA device by its multi-process service, if it can"
    )
    asked, rest = parser.parse_known_args(given)
    asked.out.mkdir(parents=True, exist_ok=True)
    work = asked.work or Path(tempfile.mkdtemp())
    words = ["reproduce", asked.target, "--budget", asked.budget, "--out", str(work), *rest]
    command = [sys.executable, "-m", "ganprobe", *words]
    jobs = [] if asked.jobs is None else ["--jobs", str(asked.jobs)]
    log = asked.out / "run.log"
    with _device_shared(asked.mps, log) as environment:
        status = _run([*command, "--max-minutes", str(asked.minutes), *jobs], log, asked.limit, environment)
    if status != 0:
        _run([*command, "--report-only"], log, REPORT_SECONDS, {})
    print(log.read_text(encoding="utf-8"), flush=True)
    _pack(work, asked.out)
    if asked.work is None:
        shutil.rmtree(work, ignore_errors=True)
    return status


@contextlib.contextmanager
def _device_shared(wanted: bool, log: Path) -> Iterator[Mapping[str, str]]:
    """The environment in which several processes are at work on a CUDA device at once and not by turns: small networks
    leave most of it idle. Where the service is not there or does not do, an empty one."""
    control = shutil.which("nvidia-cuda-mps-control") or shutil.which(
        "nvidia-cuda-mps-control", path="/usr/local/nvidia/bin:/usr/bin:/usr/local/cuda/bin"
    )
    if not wanted or control is None:
        yield {}
        return
    folder = tempfile.mkdtemp()
    environment = {"CUDA_MPS_PIPE_DIRECTORY": f"{folder}/pipe", "CUDA_MPS_LOG_DIRECTORY": f"{folder}/log"}
    for path in environment.values():
        os.mkdir(path)
    full = {**os.environ, **environment}
    try:
        works = _control(control, ["-d"], full) and _run(TRIAL, log, TRIAL_SECONDS, environment) == 0
        yield environment if works else {}
    finally:
        _control(control, [], full, said=b"quit -t 1\n")


def _control(control: str, words: Sequence[str], environment: Mapping[str, str], said: bytes = b"") -> bool:
    """Whether the service did as it was told."""
    try:
        told = subprocess.run([control, *words], input=said, env=dict(environment), timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.returncode == 0


def _run(command: Sequence[str], log: Path, seconds: float, environment: Mapping[str, str]) -> int:
    """The exit status; 124 where the time was up and the process, with those that it had started, was ended."""
    start = time.monotonic()
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n")
        file.flush()
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **environment}
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = 124
        file.write(f"status {status} after {time.monotonic() - start:.1f} s\n")
    return status


def _pack(work: Path, out: Path) -> None:
    report = work / "report" / "report.md"
    if report.is_file():
        shutil.copyfile(report, out / "report.md")
    with tarfile.open(out / "results.tar.gz", "w:gz") as tar:
        for path in _books(work):
            tar.add(path, arcname=str(path.relative_to(work)))
    _pack_networks(work, out)


def _books(work: Path) -> Iterator[Path]:
    """Everything but weights."""
    for pattern in BOOKS:
        yield from (path for path in sorted(work.glob(pattern)) if path.is_file())
    for pattern in OF_RUNS:
        yield from (path for path in sorted(work.glob(f"runs/*/{pattern}")) if path.stat().st_size < MOST_BYTES // 10)
    for folder in sorted(work.glob("runs/*/samples")):
        yield from sorted(folder.glob("*.png"))[-1:]


def _pack_networks(work: Path, out: Path) -> None:
    """The generators in as few archives as hold them, the first rows first."""
    left = MOST_TARS
    group: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in _halved(work, Path(folder)):
            if group and sum(each.stat().st_size for each in [*group, path]) > MOST_BYTES:
                _tar(group, out / f"networks-{MOST_TARS - left + 1}.tar")
                group, left = [], left - 1
            if left and path.stat().st_size <= MOST_BYTES:
                group.append(path)
        if group and left:
            _tar(group, out / f"networks-{MOST_TARS - left + 1}.tar")


def _halved(work: Path, folder: Path) -> Iterator[Path]:
    for path in sorted(work.glob("runs/*/G.safetensors")):
        small = folder / f"{path.parent.name}.safetensors"
        try:
            save_network(small, load_network(path), role="generator", dtype="float16", training=_training(path))
        except GanprobeError as problem:
            print(f"{path.parent.name}: {problem}", flush=True)
            continue
        yield small


def _training(path: Path) -> dict[str, object]:
    from ganprobe.checkpoints.native import read_header

    return dict(read_header(path).training)


def _tar(paths: Sequence[Path], out: Path) -> None:
    with tarfile.open(out, "w") as tar:
        for path in paths:
            tar.add(path, arcname=path.name)


if __name__ == "__main__":
    raise SystemExit(main())
