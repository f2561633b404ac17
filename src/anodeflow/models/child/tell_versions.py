"""Tells the versions of packages in the Python that runs this file, which needs no package itself.

Its argument is JSON: {"packages": names, "modules": names}. The answer is JSON on standard
output: what `versions` returns.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
from collections.abc import Iterable

NOT_INSTALLED = "not installed"


def versions(packages: Iterable[str], modules: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of this Python, of packages, and of those that modules come with.

    What is not there, as a package, has NOT_INSTALLED as its version.
    """
    names = list(packages)
    modules = list(modules)
    if modules:
        origins = importlib.metadata.packages_distributions()
        names += [name for module in modules for name in origins.get(module, [module])]
    found = {"Python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = NOT_INSTALLED
    return found


if __name__ == "__main__":
    print(json.dumps(versions(**json.loads(sys.argv[1]))))
