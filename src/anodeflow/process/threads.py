"""How many CPU threads the numerical libraries use."""

import contextlib
import os
import sys

import threadpoolctl

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",  # phonopy's
)


def set_threads(count: int) -> None:
    """Hold every numerical library to `count` threads, those already loaded included.

    Libraries loaded later read the environment variables; torch, which adds a pool of its own,
    is set again by `limit_torch` when a model is loaded.
    """
    for name in THREAD_VARIABLES:
        os.environ[name] = str(count)
    threadpoolctl.threadpool_limits(limits=count)
    if "torch" in sys.modules:
        limit_torch()


def limit_torch() -> None:
    """Give torch the threads of OMP_NUM_THREADS, where set, and one between operations."""
    import torch

    count = os.environ.get("OMP_NUM_THREADS", "")
    if not count.isdecimal():
        return
    torch.set_num_threads(int(count))
    # torch refuses once the pool between operations has started; that pool idles in this project.
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
