"""Another Python that is to be started, and what to do where it cannot be, or fails."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from anodeflow.errors import AnodeflowError
from anodeflow.files.shipped import CHECKOUT, locate


@contextlib.contextmanager
def start_of(python: str, error: type[AnodeflowError], need: str = "") -> Iterator[str]:
    """Give the path by which a Python is started, and turn the failure to start it into a sentence.

    Args:
        python: its path, as it stands in the configuration.
        error: what is raised.
        need: what it is needed for, as a clause that begins the sentence.

    Raises:
        AnodeflowError: of the kind `error`, where the body cannot start it.
    """
    try:
        yield locate(python)
    except OSError as fault:
        the = f"{need}, but the" if need else "The"
        raise error(
            f"{the} Python {python} cannot be started ({fault.strerror}): {to_make(python)}, or "
            "correct the path under environments in the config."
        ) from None


def to_make(python: str) -> str:
    """Say how the environment of a Python is made: by `make envs`, if it is one of those."""
    if _made_by_us(python):
        return f"run `make envs NAMES={Path(python).parent.parent.name}`"
    return "make that environment"


def to_repair(python: str, last: str) -> str:
    """Say what to do about a calculator that failed in another Python.

    Args:
        python: its path, as it stands in the configuration.
        last: the last line that it said.
    """
    if not last.startswith(("ModuleNotFoundError", "ImportError")):
        return "correct what it names in the model's entry in the config (weights, entry, kwargs)"
    if _made_by_us(python):
        folder = Path(python).parent.parent
        return f"remove {folder} and {to_make(python)}, or correct the entry in the config"
    return "install what is missing there, or correct the entry in the config"


def _made_by_us(python: str) -> bool:
    """Say whether `make envs` makes the environment of this Python, as .envs/NAME."""
    environment = Path(python).parent.parent
    pins = CHECKOUT / "envs" / f"{environment.name}.txt"
    return environment.parent.name == ".envs" and pins.is_file()
