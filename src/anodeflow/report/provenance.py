"""What a finished study was made with: its configuration, models, software, and what it cost."""

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import anodeflow
from anodeflow.config.types import Section
from anodeflow.families import FAMILIES
from anodeflow.models.child.tell_versions import NOT_INSTALLED, versions
from anodeflow.models.labels import with_hubbard_u
from anodeflow.models.versions import D3_PACKAGES, ask_versions, module_of
from anodeflow.models.weights.card import WeightsCard
from anodeflow.structures.files import read_structure
from anodeflow.study.config import Config

SOFTWARE = {
    "Python": "runs all of it",
    **{name: use for family in FAMILIES.values() for name, use in family.uses.items()},
    "torch": "evaluates the models",
    **D3_PACKAGES,
    "ase": "structures, minimisers, dynamics",
    "phonopy": "phonons",
    "symfc": "symmetry of force constants",
    "spglib": "space groups",
    "numpy": "arrays",
    "scipy": "fits and statistics",
    "pandas": "tables",
    "h5py": "trajectories",
    "matplotlib": "figures",
    "plotly": "structures in 3D",
    "snakemake": "order of the jobs",
}

OWN = "workflow"


def commented_yaml(config: Config) -> str:
    """Write a whole configuration as YAML, each key with its description as comment."""
    plain = config.model_dump(mode="json")
    return "\n".join(_lines(config, plain, "")) + "\n"


def _lines(section: Section, plain: Mapping[str, Any], indent: str) -> Iterator[str]:
    described = section.descriptions()
    for name in type(section).model_fields:
        comment = f"  # {' '.join(described[name].split())}" if name in described else ""
        yield from _entry(name, getattr(section, name), plain[name], comment, indent)


def _entry(key: str, value: object, plain: Any, comment: str, indent: str) -> Iterator[str]:
    if isinstance(value, Section):
        yield f"{indent}{_flow(key)}:{comment}"
        yield from _lines(value, plain, f"{indent}  ")
    elif isinstance(value, Mapping) and value:
        yield f"{indent}{_flow(key)}:{comment}"
        for name, item in value.items():
            yield from _entry(name, item, plain[name], "", f"{indent}  ")
    else:
        yield f"{indent}{_flow(key)}: {_flow(plain)}{comment}"


def _flow(value: object) -> str:
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
    )
    return text.removesuffix("...\n").strip()


def software_table(
    models: Mapping[str, Mapping[str, Any]], environments: Mapping[str, str], checkout: Path
) -> pd.DataFrame:
    """List what computed, as installed here: environment, software, version, used_for.

    Args:
        models: name to its section of the configuration; may name an environment to run in.
        environments: name to Python.
        checkout: folder of the workflow.
    """
    here = platform.platform()
    rows = [
        (OWN, "anodeflow", f"{anodeflow.__version__}, {origin(checkout)}", "the study"),
        (OWN, "operating system", here, "of the machine that collected the results"),
    ]
    entries: dict[str, set[str]] = {OWN: set()}
    for calculator in (model["calculator"] for model in models.values()):
        own = {module_of(calculator["entry"])} if calculator.get("entry") else set()
        entries.setdefault(calculator["environment"] or OWN, set()).update(own)
    packages = [name for name in SOFTWARE if name != "Python"]
    rows += _rows(OWN, versions(packages, sorted(entries.pop(OWN))))
    for name in sorted(entries):
        rows += _rows(name, ask_versions(environments[name], packages, sorted(entries[name])))
    return pd.DataFrame(rows, columns=["environment", "software", "version", "used_for"])


def _rows(environment: str, told: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    found = {name: version for name, version in told.items() if version != NOT_INSTALLED}
    used = SOFTWARE | {name: "custom models" for name in found if name not in SOFTWARE}
    return [(environment, name, found[name], use) for name, use in used.items() if name in found]


def origin(checkout: Path) -> str:
    """Say which commit a workflow is at, and whether the library in use is the one beside it."""
    library = Path(anodeflow.__file__).resolve()
    beside = library.is_relative_to(Path(checkout).resolve())
    return commit(checkout) + ("" if beside else ", with a library installed apart from it")


def commit(checkout: Path) -> str:
    """Return the git commit of a workflow and whether files differ from it, or why none is known.

    Args:
        checkout: folder of the workflow, which need not be under git.
    """
    asked = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        # A copy may lie in another project's checkout, whose commit is not that of the workflow.
        _git(checkout, "ls-files", "--error-unmatch", "Snakefile")
        found = _git(checkout, *asked)
    except OSError as error:
        return f"commit unknown: git cannot be started ({error.strerror})"
    except subprocess.CalledProcessError as error:
        if error.returncode == 1 or "not a git repository" in error.stderr:
            return "not under git"
        return f"commit unknown: {' '.join(error.stderr.split())}"
    hash_, _, changed = found.partition("-")
    return f"git {hash_}" + (", with uncommitted changes" if changed else "")


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    plain = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def model_table(
    models: Mapping[str, Mapping[str, Any]],
    cards: Mapping[str, WeightsCard],
    structures: Iterable[Path],
) -> pd.DataFrame:
    """List each model with its level of theory, precision, dispersion, licence and weights.

    Args:
        models: name to its section of the configuration.
        cards: name to the card of its weights.
        structures: files of the study's structures; labels_with_U names those for which labels of
            PBE+U have a U (`labels.with_hubbard_u`).
    """
    found = [path.stem for path in structures if with_hubbard_u(read_structure(path).symbols)]
    rows = []
    for name, model in models.items():
        calculator, about, card = model["calculator"], model["card"], cards[name]
        rows.append(
            {
                "model": model["label"],
                "key": name,
                "functional": about["functional"],
                "labels_with_U": ", ".join(found if "+U" in about["functional"] else []) or "none",
                "training_data": about["training_data"],
                "licence": about["licence"],
                "D3_added": "yes" if calculator["dispersion"] else "no",
                "device": calculator["device"],
                "static": model["precision"]["static"],
                "dynamics": model["precision"]["dynamics"],
                "weights": card.source,
                "size_MB": card.size_bytes / 1e6,
                "sha256": card.sha256,
            }
        )
    return pd.DataFrame(rows)
