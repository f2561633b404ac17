"""A computation on a GPU, captured once as a CUDA graph and replayed on new values.

A force call of a hundred atoms is thousands of small operations, which a GPU computes faster than
Python asks for them. A graph starts them all at once, on tensors whose shapes and places stay.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from anodeflow.errors import CalculatorError

if TYPE_CHECKING:
    from torch import Tensor

CAPTURED_FROM = 4
"""Which call for the same shapes is captured: relaxations in batches have few, dynamics many."""

WARM_UP_CALLS = 3
"""Calls on a stream of their own that torch asks for before a capture."""


Computing = Callable[[], "Tensor"]
"""A function of no arguments, on tensors that stay where they are."""


class CudaGraph:
    """What a function of no arguments computes from tensors that stay where they are."""

    def __init__(self, compute: Computing):
        """Capture it. It may not wait for the GPU, nor let a shape depend on values.

        Raises:
            RuntimeError: it does, or it cannot be captured.
        """
        import torch

        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP_CALLS):
                compute()
        torch.cuda.current_stream().wait_stream(beside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._found = compute()

    def __call__(self) -> "Tensor":
        """Compute from what the tensors hold now; the next call overwrites what is returned."""
        self._graph.replay()
        return self._found


def as_it_is(compute: Computing) -> Computing:
    """Return a function that is not to be captured."""
    return compute


class CapturedLater:
    """A function that is called as it is a few times, and then captured."""

    def __init__(self, compute: Computing, capture: Callable[[Computing], Computing] = CudaGraph):
        self._compute, self._capture = compute, capture
        self._calls = 0

    def __call__(self) -> "Tensor":
        """Compute from what the tensors hold now, as a CudaGraph does.

        Raises:
            CalculatorError: it cannot be captured.
        """
        import torch

        self._calls += 1
        if self._calls == CAPTURED_FROM:
            try:
                self._compute = self._capture(self._compute)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                raise CalculatorError(
                    f"A force call cannot be captured as a CUDA graph "
                    f"({str(error).strip().partition(chr(10))[0]}): set calculator.cuda_graphs to "
                    "false."
                ) from error
        return self._compute()
