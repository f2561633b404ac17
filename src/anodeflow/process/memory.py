"""Memory that a process keeps when it is freed, for the large arrays of force calls."""

import ctypes

# For a process to be started: the same as environment variables (mallopt(3)).
KEPT_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "-1"}

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Let this process use freed memory again, instead of giving it back to the system.

    Every force call frees all its arrays. Those above 32 MB glibc would map anew at the next call,
    and the system would fill their pages with zeros: up to half the time of a call. The peak of
    memory grows by up to a third. Where the C library is not glibc, nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)
