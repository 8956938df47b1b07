"""From a slider to its picture: whole requests of the explorer over HTTP, in turns with the synthesis alone.

OMP_NUM_THREADS=2 python -m benchmarks.explorer_time
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Final
from urllib.parse import urlsplit

import numpy as np
import torch

from ganprobe.core.calls.directing import ExploreCall
from ganprobe.directions import Direction, Directions
from ganprobe.engine.exploring.opening import open_studio
from ganprobe.engine.exploring.scene import Scene
from ganprobe.explorer.serving import open_explorer

GENERATOR: Final = "toyfaces-stylegan"
MOVES: Final = 40


def main() -> None:
    """Prints medians in milliseconds."""
    vector = np.random.default_rng(0).standard_normal(256)
    found = Directions(
        items=(Direction(name="any", space="w", vector=vector),),
        method="none",
        generator=GENERATOR,
        fingerprint=None,
        seed=0,
    )
    call = ExploreCall(directions=[found], device="cpu")
    studio, _ = open_studio(GENERATOR, call)
    latents = studio.latents(Scene()).values
    with open_explorer(GENERATOR, call) as explorer:
        connection = http.client.HTTPConnection("127.0.0.1", explorer.port)
        address = urlsplit(explorer.url).path + "picture"

        def asked(number: int) -> None:
            moves = [{"file": 0, "number": 0, "strength": number / 100}]
            said = {"scene": {"moves": moves}, "tab": "bench", "number": number}
            connection.request("POST", address, json.dumps(said).encode())
            assert connection.getresponse().read().startswith(b"\x89PNG")

        asked(0)
        rows = [
            (*_timed(lambda: studio.sampler.synthesize(latents, space="w+")), *_timed(partial(asked, number)))
            for number in range(1, MOVES + 1)
        ]
        connection.close()
    print(f"{torch.get_num_threads()} threads, medians of {MOVES}, in milliseconds: processor time and wall time")
    for name, processor, wall in (("synthesis", 0, 1), ("whole request", 2, 3)):
        print(f"{name:15}{median(row[processor] for row in rows):8.1f}{median(row[wall] for row in rows):8.1f}")


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of the processor and of the clock."""
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return 1000 * (time.process_time() - processor), 1000 * (time.perf_counter() - wall)


if __name__ == "__main__":
    main()
