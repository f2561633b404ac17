"""What a CPU waits for that has a GPU beside it, counted where there is none."""

import traceback
from collections import Counter
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

SIZED_BY_VALUES = {
    f"aten.{name}"
    for name in (
        "_local_scalar_dense",  # item(), float(), bool(), an index that is a tensor of one number
        "nonzero",
        "masked_select",
        "unique_dim",
        "_unique2",
        "unique_consecutive",
        "bincount",
        "equal",
        "repeat_interleave",
    )
}
"""Operations whose result, or its shape, the CPU has to wait for."""

INDEXING = {"aten.index", "aten.index_put", "aten.index_put_", "aten._unsafe_index"}
"""Operations that search their index, where it is a mask."""

TO_PYTHON = ("cpu", "item", "tolist", "numpy")
"""Methods of a tensor that give its values to Python."""

WITH_VALUES = ("as_tensor", "tensor")
"""Functions that make a tensor of values in the memory of the CPU."""


class Waits(TorchDispatchMode):
    """Counts what waits inside its block, by name, and all operations.

    A copy to the GPU waits unless it is told not to (`non_blocking`). What Python makes of values
    stays on the CPU until it is sent, as what `cpu` returns does.
    """

    def __init__(self):
        super().__init__()
        self.found: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.names: set[str] = set()
        self.operations = 0
        self._patches = ExitStack()

    def __enter__(self):
        """Stand in for methods of tensors that an operation does not show on a CPU."""
        for name in TO_PYTHON:
            self._replace(torch.Tensor, name, self._reading)
        for name in ("to", "copy_"):
            self._replace(torch.Tensor, name, self._sending)
        for name in WITH_VALUES:
            self._replace(torch, name, self._making)
        return super().__enter__()

    def __exit__(self, *raised):
        """Put them back."""
        super().__exit__(*raised)
        self._patches.close()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Note an operation and do it."""
        name, kwargs = str(function).rpartition(".")[0], kwargs or {}
        self.operations += 1
        self.names.add(name)
        if name in INDEXING and any(getattr(i, "dtype", None) == torch.bool for i in args[1]):
            self._note(f"{name} by a mask")
        elif name in SIZED_BY_VALUES and kwargs.get("output_size") is None:
            self._note(name)
        return function(*args, **kwargs)

    def _replace(self, owner, name, by):
        standing = by(name, getattr(owner, name))
        self._patches.enter_context(patch.object(owner, name, standing))

    def _note(self, name):
        self.found[name] += 1
        frames = [f for f in traceback.extract_stack() if "/torch/" not in f.filename]
        lines = [f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in frames]
        lines = [line for line in lines if not line.startswith("waits.py")]
        self.places[f"{name} at {' < '.join(lines[:-4:-1])}"] += 1

    def _reading(self, name, plain):
        def call(tensor, *args, **kwargs):
            if not getattr(tensor, "on_cpu", False):
                self._note(f"Tensor.{name}")
            found = plain(tensor, *args, **kwargs)
            return _on_cpu(found.view_as(found)) if name == "cpu" else found

        return call

    def _sending(self, name, plain):
        def call(tensor, *args, **kwargs):
            source = args[0] if name == "copy_" else tensor
            device = name == "copy_" or any(isinstance(a, str | torch.device) for a in args)
            if getattr(source, "on_cpu", False) and device and not kwargs.get("non_blocking"):
                self._note(f"Tensor.{name} of values")
            return plain(tensor, *args, **kwargs)

        return call

    def _making(self, name, plain):
        def call(values, *args, **kwargs):
            made = plain(values, *args, **kwargs)
            if isinstance(values, torch.Tensor):
                return made
            if kwargs.get("device") is not None:
                self._note(f"torch.{name} to a device")
                return made
            return _on_cpu(made) if isinstance(values, np.ndarray | list) else made

        return call


def _on_cpu(tensor):
    tensor.on_cpu = True
    return tensor
