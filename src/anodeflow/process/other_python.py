"""Another Python that is to be started, and the sentence where it cannot be."""

import contextlib
from collections.abc import Iterator

from anodeflow.errors import AnodeflowError
from anodeflow.files.shipped import locate


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
            f"{the} Python {python} cannot be started ({fault.strerror}): run `make envs`, or "
            "correct the path under environments in the config."
        ) from None
