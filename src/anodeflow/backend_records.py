"""Records of what was found of a model's calculator: written by its check, read by every plan."""

import json
from collections.abc import Mapping
from pathlib import Path

from anodeflow.errors import ConfigError
from anodeflow.plan import Plan

# For each tolerance: what is held to it, in words, and its unit.
COMPARED = {
    "energy_meV": ("energies", "meV/atom"),
    "force": ("forces", "eV/Å"),
    "stress": ("stresses", "eV/Å³"),
}


def allowed_differences(tolerances: Mapping, dtype: str) -> dict[str, dict[str, float]]:
    """Return by term what is allowed: a model's, by its dtype, the dispersion's, and their sum."""
    model, dispersion = tolerances[dtype], tolerances["dispersion"]
    total = {key: model[key] + dispersion[key] for key in COMPARED}
    return {"model": dict(model), "dispersion": dict(dispersion), "total": total}


def excesses(largest: Mapping, allowed: Mapping) -> list[tuple[float, str, str]]:
    """Return (difference / allowed, term, tolerance) of all that is not within, the worst first."""
    found = []
    for term, differences in largest.items():
        for key, difference in differences.items():
            if not difference <= allowed[term][key]:  # nor is what is no number
                found.append((difference / allowed[term][key], term, key))
    return sorted(found, reverse=True)


def check_records(plan: Plan, folder: Path = Path("results")) -> None:
    """Refuse a tolerance below the difference that was found of a calculator in use."""
    tolerances = plan.config.equivalence.model_dump()
    for model in plan.config.study.models:
        for dtype in plan.dtypes(model):
            path = folder / model / f"backend_{dtype}.json"
            try:
                record = json.loads(path.read_text())
                current = record["calculator"] == plan.calculator(model, dtype)
                found = excesses(record["largest"], allowed_differences(tolerances, dtype))
            except (OSError, ValueError, KeyError):
                continue  # not there, or damaged: it is made anew
            if current and found:
                _, term, key = found[0]
                name, unit = COMPARED[key]
                raise ConfigError(
                    f"config: equivalence allows less than was found: {name} of the {term} of "
                    f"models.{model} in {dtype} differ by {record['largest'][term][key]:.3g} "
                    f"{unit} ({path}): raise equivalence again, or change the model's calculator."
                )
