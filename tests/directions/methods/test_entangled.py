"""Entangled boundaries are named with the conditions that mend them."""

import numpy as np

from ganprobe.directions import project_boundary
from ganprobe.directions.methods.entangled import entangled


def test_pairs_are_named_from_both_sides_the_strongest_first() -> None:
    rng = np.random.default_rng(0)
    age, glasses, smile, hat = np.linalg.qr(rng.standard_normal((512, 4)))[0].T
    glasses = 0.6 * age + 0.8 * glasses
    hat = 0.9 * age + np.sqrt(1 - 0.81) * hat
    names, normals = ["age", "glasses", "smile", "hat"], np.stack([age, glasses, smile, hat])
    found = entangled(names, normals)
    assert {name: list(each.others) for name, each in found.items()} == {
        "age": ["hat", "glasses"],
        "glasses": ["age", "hat"],
        "hat": ["age", "glasses"],
    }
    assert found["age"].condition == "age:hat,glasses"
    mended = project_boundary(age, *(normals[names.index(name)] for name in found["age"].others))
    assert not entangled(["age", "hat", "glasses"], np.stack([mended, hat, glasses])).get("age")


def test_chance_is_no_entanglement() -> None:
    rng = np.random.default_rng(1)
    normals = rng.standard_normal((8, 40))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert np.abs(normals @ normals.T - np.eye(8)).max() > 0.2
    assert entangled([str(i) for i in range(8)], normals) == {}
