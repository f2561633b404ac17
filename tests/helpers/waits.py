"""What the CPU of a GPU's machine would wait for, counted where there is no GPU."""

import contextlib
import traceback
from collections import Counter
from collections.abc import Iterator

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
        "linalg_inv_ex",
        "_linalg_det",
    )
}
"""Operations whose result, or its shape, the CPU has to wait for."""

INDEXING = {"aten.index", "aten.index_put", "aten.index_put_", "aten._unsafe_index"}
"""Operations that look for what a mask holds, where an index is one."""

COPIES = ("cpu", "item", "tolist", "numpy")
"""Methods of a tensor that give its values to Python."""


class Waits(TorchDispatchMode):
    """Counts operations that wait, by name, and all operations."""

    def __init__(self):
        super().__init__()
        self.found: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.operations = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Note an operation and do it."""
        name = str(function).rpartition(".")[0]
        self.operations += 1
        masked = name in INDEXING and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        )
        sized = name in SIZED_BY_VALUES and "output_size" not in (kwargs or {})
        if masked or sized:
            self.note(f"{name} of a mask" if masked else name)
        return function(*args, **(kwargs or {}))

    def note(self, name: str) -> None:
        """Count a wait, and where this project or a package asked for it."""
        self.found[name] += 1
        lines = [
            f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
            for frame in traceback.extract_stack()[:-2]
            if "torch/" not in frame.filename and "waits.py" not in frame.filename
        ]
        self.places[f"{name} at {' < '.join(lines[:-4:-1])}"] += 1


@contextlib.contextmanager
def counted_waits() -> Iterator[Waits]:
    """Count what waits inside the block: operations, copies to the CPU and, apart, from it."""
    import numpy as np

    plain = {name: getattr(torch.Tensor, name) for name in COPIES}
    as_tensor = torch.as_tensor
    waits = Waits()

    def counting(name):
        def call(tensor, *args, **kwargs):
            if not getattr(tensor, "on_cpu", False):
                waits.note(f"Tensor.{name}")
            found = plain[name](tensor, *args, **kwargs)
            if name == "cpu":
                found = found.view(found.shape)
                found.on_cpu = True
            return found

        return call

    def counting_as_tensor(values, *args, **kwargs):
        if isinstance(values, np.ndarray):
            waits.note("torch.as_tensor")
        return as_tensor(values, *args, **kwargs)

    for name in COPIES:
        setattr(torch.Tensor, name, counting(name))
    torch.as_tensor = counting_as_tensor
    try:
        with waits:
            yield waits
    finally:
        torch.as_tensor = as_tensor
        for name, method in plain.items():
            setattr(torch.Tensor, name, method)
