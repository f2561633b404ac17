"""Files that a configuration names: in the working directory, or else beside the Snakefile."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
"""The folder of the Snakefile, whose jobs find this library in its `src`."""


def locate(path: str, here: Path = Path()) -> str:
    """Return a path as it is or, of a file that is beside the Snakefile only, the path of that one.

    Args:
        path: what stands in the configuration.
        here: the working directory.
    """
    shipped = CHECKOUT / path
    return str(shipped) if shipped.exists() and not (here / path).exists() else path


def places(path: str, here: Path = Path()) -> str:
    """Return where `locate` has looked for a path, as the end of a clause.

    Args:
        path: what stands in the configuration.
        here: the working directory.
    """
    if os.path.isabs(path):
        return ""
    beside = f", nor beside the Snakefile in {CHECKOUT}" if here.resolve() != CHECKOUT else ""
    return f" in {here.resolve()}{beside}"
