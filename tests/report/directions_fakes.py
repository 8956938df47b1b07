"""A made-up report of directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ganprobe.report.records.directions import Frames, Key

HOSTILE_NAMES = ('<script>alert("1")</script>', 'it\'s "so" | 100% & _b_', "улыбка 笑顔", "plain")


def estimate(value: float, half: float, n: int = 32) -> dict[str, Any]:
    return {"value": value, "ci95": [value - half, value + half], "n": n}


def frames(*, rows: int = 4, strengths: int = 13, side: int = 16, seed: int = 0) -> Frames:
    """Brighter with the strength, above a pattern of the sample's."""
    rng = np.random.default_rng(seed)
    pattern = rng.integers(0, 60, (rows, 1, 3, side, side))
    images = pattern + np.linspace(20, 190, strengths)[None, :, None, None, None]
    return Frames(strengths=tuple(np.linspace(-3, 3, strengths).tolist()), images=images.astype(np.uint8))


def numbers(names: tuple[str, ...] = HOSTILE_NAMES, *, space: str = "w") -> dict[str, Any]:
    """As directions.json of interfacegan: the first leans on the second, the last moves nothing."""
    still = names[-1]
    changes = {
        name: {other: estimate(0.01 if name == still else (3.0 if other == name else 0.4), 0.2) for other in names}
        for name in names
    }
    rows = [{"name": name, "space": space, "target": name, "changes": changes[name]} for name in names]
    mended = f"{names[0]}_c_{names[1]}"
    rows.append({"name": mended, "space": space, "target": names[0], "changes": changes[names[0]]})
    matrix = np.eye(len(names))
    matrix[0, 1] = matrix[1, 0] = 0.5
    counts = [3, 9, 20, 9, 3]
    return {
        "method": "interfacegan",
        "generator": {"name": HOSTILE_NAMES[0], "fingerprint": "ab" * 32},
        "seed": 0,
        "directions": [
            {"name": name, "space": space, "layers": None, "scale": 1.0, "intercept": 0.0, "scores": {"train": 1.0}}
            for name in names
        ],
        "separations": [
            {
                "attribute": name,
                "space": space,
                "extremes": 50,
                "train": {"value": 1.0, "ci95": [], "n": 70},
                "validation": estimate(0.9, 0.05, 30),
                "remaining": {"median": {**estimate(0.52, 0.05, 400), "positives": 0.5}},
                "spread": 2.0,
                "distances": {
                    "edges": [-3, -1, 0, 1, 2, 4],
                    "low": [5, 1, 0, 0, 0],
                    "rest": counts,
                    "high": [0, 0, 0, 2, 4],
                },
            }
            for name in names
        ],
        "cosines": {space: {"names": list(names), "matrix": matrix.tolist()}},
        "entangled": {
            space: [
                {
                    "attribute": names[0],
                    "others": {names[1]: 0.5},
                    "condition": f"{names[0]}:{names[1]}",
                    "mended": mended,
                }
            ]
        },
        "untold": {"rare": "only 3 samples stand out by their scores of 'rare <b>'"},
        "moved": {"by": "scores", "samples": 32, "from": -3.0, "to": 3.0, "directions": rows},
        "provenance": {"ganprobe": "0.1.0", "samples": 500, "scorer": "a<b"},
    }


def all_frames(said: dict[str, Any], **options: Any) -> dict[Key, Frames]:
    return {(row["space"], row["name"]): frames(**options) for row in said["moved"]["directions"]}


def strips(said: dict[str, Any]) -> dict[Key, str]:
    return {(row["space"], row["name"]): f"strip_{i}" for i, row in enumerate(said["directions"])}
