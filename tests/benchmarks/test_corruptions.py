"""The corruptions grow, modes are left out, and the table counts the steps that go up."""

import numpy as np

from benchmarks import corruptions
from benchmarks.corruptions import CORRUPTIONS, DROPPED, MODES, Data, conditions


def test_every_corruption_moves_images_further_with_its_strength():
    made = corruptions.faces(32)(40)
    found = {(kind, step): pictures for kind, step, pictures in conditions(made, 6)}
    assert len(found) == 1 + 4 * len(CORRUPTIONS) + len(DROPPED)
    clean = found["clean", 0].astype(float)
    for kind in CORRUPTIONS:
        moved = [np.abs(found[kind, step].astype(float) - clean).mean() for step in range(1, 5)]
        assert moved == sorted(moved)
        assert moved[0] < moved[-1]


def test_the_modes_that_are_dropped_are_gone():
    numbers = np.arange(400) % MODES
    pictures = np.broadcast_to(numbers[:, None, None, None], (400, 3, 4, 4)).astype(np.uint8)
    found = {step: seen for kind, step, seen in conditions(Data(pictures, numbers), 50) if kind == "modes dropped"}
    for step, share in enumerate(DROPPED, 1):
        assert set(np.unique(found[step])) == set(range(round(MODES * (1 - share))))


def test_steps_that_go_up_are_counted():
    rows = [{"features": "imagenet", "kind": "clean", "step": 0, "kd": 0.1}]
    rows += [
        {"features": "imagenet", "kind": "blur", "step": k, "kd": kd} for k, kd in enumerate((0.2, 0.15, 0.3, 0.4), 1)
    ]
    series = corruptions._series(rows, "imagenet", "blur", "kd")
    assert series == [0.1, 0.2, 0.15, 0.3, 0.4]
    assert corruptions._rises(series) == "3 of 4"
