"""The support vector machines beside scikit-learn's: `python -m benchmarks.solver`. Prints Markdown tables.

Latents are Gaussian; an attribute's score is a planted linear function of them plus noise, and the noise decides how
far its two classes overlap. Boundaries are fitted as InterFaceGAN does: 14,000 of the 20,000 most extreme samples of a
pool, a batch of attributes with rows of their own each, beside SVC(kernel="linear") on one of them. Separability is
fitted as StyleGAN's code does: the surer half of 200,000 samples, beside LinearSVC() on three of the attributes. Only
ratios mean something. Seconds are the processor's, of one thread on either side, so that neighbours on the machine
weigh less; SVC is stopped after ten minutes of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.svm import SVC, LinearSVC
from torch import Tensor

from ganprobe.core.streams import stream
from ganprobe.directions.svm.machine import fit_hinge, fit_squared_hinge

Array = NDArray[np.float32]
WIDTH = 512
POOL = 200_000
EXTREMES, TRAINED = 10_000, 7_000
LEVELS = {"separate": 0.0, "overlap a little": 1.0, "overlap somewhat": 1.3, "overlap much": 10.0}
SEPARABILITY_NOISE = (0.3, 10.0)
CAP_SECONDS = 600
STARTING_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Problem:
    """One attribute: rows (14,000, 512) with classes -1 and 1, and the indices and classes of all remaining samples."""

    rows: Array
    classes: NDArray[np.int64]
    remaining: NDArray[np.int64]
    truth: NDArray[np.bool_]


def pool_of_latents() -> Array:
    return stream(0, "benchmark.solver.pool").standard_normal((POOL, WIDTH), dtype=np.float32)


def noisy_scores(pool: Array, noise: float, number: int) -> tuple[Array, NDArray[np.bool_]]:
    """Scores (N,) of attribute `number`, and which samples are above zero before the noise."""
    rng = stream(number, "benchmark.solver.attribute")
    normal = rng.standard_normal(WIDTH, dtype=np.float32)
    clean = pool @ (normal / np.linalg.norm(normal))
    return clean + np.float32(noise) * rng.standard_normal(len(pool), dtype=np.float32), clean > 0


def boundary_problem(pool: Array, noise: float, number: int) -> Problem:
    """70% of the samples of highest and lowest score, and everything between the extremes."""
    scores, truth = noisy_scores(pool, noise, number)
    order = np.argsort(-scores, kind="stable")
    rng = stream(number, "benchmark.solver.split")
    ends = [rng.permutation(end)[:TRAINED] for end in (order[:EXTREMES], order[-EXTREMES:])]
    remaining = order[EXTREMES:-EXTREMES]
    return Problem(pool[np.concatenate(ends)], np.repeat([1, -1], TRAINED), remaining, truth[remaining])


def timed(fit: Callable[[], Sequence[Tensor]]) -> tuple[float, Sequence[Tensor]]:
    start = time.process_time()
    found = fit()
    return time.process_time() - start, found


def accuracy(pool: Array, problem: Problem, weights: NDArray[np.float64]) -> float:
    """On all remaining samples, in percent."""
    said = pool[problem.remaining] @ weights[:-1].astype(np.float32) + weights[-1] > 0
    return 100 * float((said == problem.truth).mean())


def run_svc(level: str) -> None:
    """SVC on the first attribute of a level; prints seconds and weights as JSON."""
    limit = CAP_SECONDS + STARTING_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    problem = boundary_problem(pool_of_latents(), LEVELS[level], 0)
    machine = SVC(kernel="linear")
    start = time.process_time()
    machine.fit(problem.rows, problem.classes)
    seconds = time.process_time() - start
    print(json.dumps({"seconds": seconds, "weights": [*machine.coef_[0], *machine.intercept_]}))


def start_svc(level: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.solver", "--svc", level]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def wait_for_svc(process: subprocess.Popen[str]) -> tuple[float, NDArray[np.float64] | None]:
    """Seconds and weights; (CAP_SECONDS, None) where it took longer and was stopped."""
    said, _ = process.communicate()
    if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return CAP_SECONDS, None
    answer = json.loads(said)
    return answer["seconds"], np.array(answer["weights"])


def boundary_rows(level: str, pool: Array, attributes: int) -> list[str]:
    """The table's rows of one level, one for each loss."""
    process = start_svc(level)
    problems = [boundary_problem(pool, LEVELS[level], number) for number in range(attributes)]
    xs = [torch.from_numpy(problem.rows) for problem in problems]
    ys = [torch.from_numpy(problem.classes) for problem in problems]
    losses: dict[str, Callable[[], Sequence[Tensor]]] = {
        "squared hinge": lambda: list(fit_squared_hinge(xs, ys)),
        "hinge": lambda: [fit.weights for fit in fit_hinge(xs, ys)],
    }
    ours = {name: timed(fit) for name, fit in losses.items()}
    peer, weights = wait_for_svc(process)
    capped = ">" if weights is None else ""
    theirs = "stopped" if weights is None else f"{accuracy(pool, problems[0], weights):.2f}%"
    return [
        f"| {level} | {name} | {seconds / attributes:.3g} s "
        f"| {capped}{peer:.3g} s | {capped}{peer * attributes / seconds:.3g} "
        f"| {accuracy(pool, problems[0], found[0].numpy()):.2f}% | {theirs} |"
        for name, (seconds, found) in ours.items()
    ]


def separability_rows(pool: Array, attributes: int) -> list[str]:
    """All attributes at once, fitted and predicted, beside LinearSVC() on three of them."""
    labels = np.zeros((attributes, POOL), np.int8)
    for number, noise in enumerate(np.geomspace(*SEPARABILITY_NOISE, attributes)):
        scores, _ = noisy_scores(pool, noise, number)
        kept = np.argsort(-np.abs(scores), kind="stable")[: POOL // 2]
        labels[number, kept] = np.where(scores[kept] > 0, 1, -1)
    x = torch.from_numpy(pool)
    start = time.process_time()
    weights = fit_squared_hinge(x, torch.from_numpy(labels)).float()
    said = (x @ weights[:, :-1].T + weights[:, -1] > 0).numpy()
    ours = (time.process_time() - start) / attributes
    rows = []
    for number in (0, attributes // 2, attributes - 1):
        used = labels[number] != 0
        right = 100 * float((said[used, number] == (labels[number, used] > 0)).mean())
        seconds, share = linear_svc(pool[used], labels[number, used])
        rows.append(
            f"| {number + 1} | {ours:.3g} s | {seconds:.3g} s | {seconds / ours:.3g} | {right:.2f}% | {share:.2f}% |"
        )
    return rows


def linear_svc(rows: Array, classes: NDArray[np.int8]) -> tuple[float, float]:
    """Seconds to fit and predict, and the accuracy in percent."""
    start = time.process_time()
    said = LinearSVC().fit(rows, classes).predict(rows)
    return time.process_time() - start, 100 * float((said == classes).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attributes", type=int, default=40)
    parser.add_argument("--svc", choices=LEVELS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.svc:
        run_svc(options.svc)
        return
    torch.set_num_threads(1)
    pool = pool_of_latents()
    print("| classes | loss | ours, an attribute | SVC | times faster | ours, remaining | SVC, remaining |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for level in LEVELS:
        print("\n".join(boundary_rows(level, pool, options.attributes)), flush=True)
    print("\n| attribute | ours, an attribute | LinearSVC() | times faster | ours, accuracy | LinearSVC(), accuracy |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(separability_rows(pool, options.attributes)))


if __name__ == "__main__":
    main()
