"""What a check of a calculator allows, and by how much what it found goes beyond."""

from collections.abc import Mapping

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
