"""What a finished study was made with: its configuration, models, software, and what it cost."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import yaml
from pydantic import BaseModel

from anodeflow import __version__
from anodeflow.study.config import Config

SOFTWARE = {
    "Python": "runs all of it",
    "mace-torch": "MACE models",
    "e3nn": "equivariant layers of MACE models",
    "chgnet": "CHGNet models",
    "sevenn": "SevenNet models",
    "torch": "evaluates the models",
    "torch-dftd": "tables of D3; D3 to compare with",
    "dftd3": "D3, where chosen",
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


ASK_VERSIONS = """
import importlib.metadata, json, platform
found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
print(json.dumps(found | {"Python": platform.python_version()}))
"""


def commented_yaml(config: Config) -> str:
    """Write a whole configuration as YAML, each key with its description as comment."""
    plain = config.model_dump(mode="json")
    return "\n".join(_lines(config, plain, "")) + "\n"


def _lines(section: BaseModel, plain: Mapping, indent: str) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        comment = f"  # {' '.join(field.description.split())}" if field.description else ""
        yield from _entry(name, getattr(section, name), plain[name], comment, indent)


def _entry(key: str, value: object, plain: object, comment: str, indent: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
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


def software_table(models: Mapping[str, Mapping], environments: Mapping[str, str]) -> pd.DataFrame:
    """List what computed, as installed here: environment, software, version, used_for.

    Args:
        models: name to its section of the configuration; may name an environment to run in.
        environments: name to Python.
    """
    checkout = Path(__file__).parents[3]
    here = platform.platform()
    rows = [
        (OWN, "anodeflow", f"{__version__}, {commit(checkout)}", "the study"),
        (OWN, "operating system", here, "of the machine that collected the results"),
    ]
    named = {model["calculator"]["environment"] for model in models.values()} & set(environments)
    pythons = {OWN: sys.executable} | {name: environments[name] for name in sorted(named)}
    for name, python in pythons.items():
        rows += [(name, *row) for row in _installed(python)]
    return pd.DataFrame(rows, columns=["environment", "software", "version", "used_for"])


def _installed(python: str) -> list[tuple[str, str, str]]:
    """List the version of a Python, and those of SOFTWARE among its packages."""
    try:
        asked = [python, "-c", ASK_VERSIONS]
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [("Python", f"not found at {python} when the study was recorded", "")]
    found = json.loads(said)
    return [(name, found[name], use) for name, use in SOFTWARE.items() if name in found]


def commit(checkout: Path) -> str:
    """Return the git commit of a checkout, and whether files differ from it."""
    asked = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=40"]
    asked.append("--exclude=*")
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not under git"
    hash_, _, changed = found.partition("-")
    return f"git {hash_}" + (", with uncommitted changes" if changed else "")


def model_table(models: Mapping[str, Mapping], cards: Mapping[str, Mapping]) -> pd.DataFrame:
    """List each model with its level of theory, precision, dispersion, licence and weights.

    Args:
        models: name to its section of the configuration.
        cards: name to what `fetching.fetch_weights` recorded.
    """
    rows = []
    for name, model in models.items():
        calculator, about, card = model["calculator"], model["card"], cards[name]
        rows.append(
            {
                "model": model["label"],
                "key": name,
                "functional": about["functional"],
                "training_data": about["training_data"],
                "licence": about["licence"],
                "D3_added": "yes" if calculator["dispersion"] else "no",
                "device": calculator["device"],
                "static": model["precision"]["static"],
                "dynamics": model["precision"]["dynamics"],
                "weights": card["source"],
                "size_MB": card["size_bytes"] / 1e6,
                "sha256": card["sha256"],
            }
        )
    return pd.DataFrame(rows)
