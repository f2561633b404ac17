"""Versions of the packages that make a model's numbers, in this Python or in the model's own."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from anodeflow import __version__
from anodeflow.families import FAMILIES
from anodeflow.files.shipped import locate
from anodeflow.models.child.tell_versions import versions

SCRIPT = Path(__file__).parent / "child/tell_versions.py"

D3_PACKAGES = {
    "torch-dftd": "D3 to compare with",
    "dftd3": "D3, where chosen",
}

AROUND_MODELS = ("ase", "numpy", "torch")

Software = dict[str, dict[str, str]]
"""Versions by package, under `software` of this Python, `environment_software` of a model's own."""


def software_of(calculator: Mapping[str, Any]) -> Software:
    """Return the versions of all that makes a model's numbers, without loading the model.

    Args:
        calculator: the settings of `load_calculator`.
    """
    family, python = calculator["family"], calculator.get("python")
    packages = [*AROUND_MODELS, *FAMILIES[family].uses]
    configured = FAMILIES[family].entry_is_configured
    modules = [module_of(calculator["entry"])] if configured else []
    d3 = D3_PACKAGES if calculator["dispersion"] else ()
    if python is None:
        return {"software": own_versions([*packages, *d3], modules)}
    found = own_versions([*AROUND_MODELS, *d3])
    return {"software": found, "environment_software": ask_versions(python, packages, modules)}


def module_of(entry: str) -> str:
    """Return the outermost module of an entry, "module.inner:name"."""
    return entry.partition(":")[0].partition(".")[0]


def own_versions(packages: Iterable[str], modules: Iterable[str] = ()) -> dict[str, str]:
    """Return what `child.tell_versions.versions` says here, and the version of this library."""
    return {"anodeflow": __version__} | versions(packages, list(modules))


def ask_versions(
    python: str, packages: Iterable[str], modules: Iterable[str] = ()
) -> dict[str, str]:
    """Return what `child.tell_versions.versions` says in another Python.

    Where it cannot be asked, the version of Python is the reason, and stands alone.
    """
    order = json.dumps({"packages": list(packages), "modules": list(modules)})
    command = [locate(python), str(SCRIPT), order]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found: dict[str, str] = json.loads(done.stdout)
        return found
    except OSError as error:
        reason = f"cannot be started, {error.strerror}"
    except subprocess.CalledProcessError as error:
        reason = error.stderr.rstrip().rpartition("\n")[2] or f"status {error.returncode}"
    except ValueError:
        reason = "its answer is no JSON"
    return {"Python": f"unknown: {python} could not be asked ({reason})"}


def joined(before: Software, now: Software) -> Software:
    """Return the software of what one process began and another continued.

    A package that was changed in between has all its versions, in their order.
    """
    return {
        kind: before.get(kind, {})
        | {name: _then(before.get(kind, {}).get(name), found) for name, found in own.items()}
        for kind, own in now.items()
    }


def _then(before: str | None, now: str) -> str:
    if before is None:
        return now
    return before if before.split(", then ")[-1] == now else f"{before}, then {now}"
