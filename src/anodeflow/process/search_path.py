"""The Python of jobs, and where it looks for modules, in this process and in jobs."""

import os
import site
import sys

from anodeflow.errors import ConfigError


def keep_to(library: str) -> None:
    """Look for modules in a folder first, and no longer in those of PYTHONPATH.

    Holds for this process and all that it starts. Snakemake adds the folders of this process to
    those of its jobs, so both have to change.
    """
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    foreign = {*map(os.path.abspath, given)} - {*site.getsitepackages(), library}
    sys.path[:] = [library, *(folder for folder in sys.path if folder not in {*foreign, library})]
    os.environ["PYTHONPATH"] = library


def refuse_blanks(python: str) -> None:
    """Raise ConfigError where the path of the Python that runs jobs has a blank.

    Snakemake starts scripts by that path and does not quote it.
    """
    if len(python.split()) > 1:
        raise ConfigError(
            f"The path of the Python that runs snakemake, {python}, has a blank, with which "
            "Snakemake starts no job: use a Python below a path without one."
        )
