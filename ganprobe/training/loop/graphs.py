"""A step that is the same every time, held in a CUDA graph: after its first runs it costs one launch.

Everything that changes from step to step lies in tensors that are written before: random numbers and image numbers
(`draws.tables.Planned`), learning rates and the share of the average. The body must not wait for the device.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor

WARM = 2
"""Runs before the capture: they fill caches, choose kernels and make the optimisers' states."""

Body = Callable[[], tuple[tuple[str, ...], Tensor]]


@final
class GraphedStep:
    """`body` gives the names and values (names,) of the step's scalars. stream: the one that all steps of a run take
    before they are captured; memory that was freed on it is at hand for the next."""

    def __init__(self, body: Body, *, device: torch.device, pool: Any, stream: torch.cuda.Stream) -> None:
        self._body, self._device, self._pool, self._stream = body, device, pool, stream
        self._runs, self._usable = 0, True
        self._graph: torch.cuda.CUDAGraph | None = None
        self._names: tuple[str, ...] = ()
        self._values = torch.empty(0)

    def __call__(self) -> tuple[tuple[str, ...], Tensor]:
        """Run the step once."""
        self._runs += 1
        if self._graph is None and self._usable and self._runs > WARM:
            self._capture()
        if self._graph is None:
            return self._eagerly()
        self._graph.replay()
        return self._names, self._values.clone()

    def _eagerly(self) -> tuple[tuple[str, ...], Tensor]:
        # Not on the default stream, as what is captured later: gradients then accumulate on no other.
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            found = self._body()
        torch.cuda.current_stream(self._device).wait_stream(self._stream)
        return found

    def _capture(self) -> None:
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize(self._device)
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                self._names, self._values = self._body()
        except RuntimeError as problem:
            self._usable = False
            said = str(problem).splitlines()[0]
            print(f"note: this step cannot be held in a CUDA graph ({said}); going on without", file=sys.stderr)
            return
        self._graph = graph
