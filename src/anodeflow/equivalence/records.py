"""What a check of a calculator finds and allows, and by how much the one goes beyond the other."""

from collections.abc import Mapping
from typing import Any, Literal

from anodeflow.files.result_file import ResultFile, ResultPart

Term = Literal["model", "dispersion", "total"]
Tolerance = Literal["energy_meV", "force", "stress"]
Tolerated = dict[Tolerance, float]


class PlainCalculator(ResultPart):
    """The calculator that a configured one is held to."""

    dtype: str
    device: str


class ComparedStructure(ResultPart):
    """By how much a structure's terms differ: as COMPARED, and force_rms (eV/Å)."""

    structure: str
    atoms: int
    differences: dict[Term, dict[str, float]]


class SecondsPerCall(ResultPart):
    """Medians of a force call on the largest structure, s."""

    model: float
    dispersion: float
    total: float


class BackendRecord(ResultFile):
    """What was found of a configured calculator beside a plain one.

    calculator: the settings of `load_calculator`; largest, allowed: by term, as COMPARED; atoms: of
    the structure whose calls were timed; seconds_by_atoms: of a whole call on its top layer alone,
    which records of before lack; device: its name; versions: of packages in the workflow's Python,
    where D3 runs; environment_versions: in the model's own Python, null if it has none;
    equivalence: the section of the configuration.
    """

    agrees: bool
    calculator: dict[str, Any]
    plain: PlainCalculator
    largest: dict[Term, Tolerated]
    allowed: dict[Term, Tolerated]
    compared: list[ComparedStructure]
    atoms: int
    seconds_per_call: SecondsPerCall
    seconds_by_atoms: dict[int, float] | None = None
    device: str
    versions: dict[str, str]
    environment_versions: dict[str, str] | None = None
    weights_sha256: str
    equivalence: dict[str, Any]
    threads: int

    def seconds(self, atoms: int) -> float:
        """Return about how many seconds a force call takes on so many atoms, by a line through two.

        Neither the line nor what it leaves for no atom falls: where timings say so, they are noise.
        """
        timed = (self.seconds_by_atoms or {}) | {self.atoms: self.seconds_per_call.total}
        (few, fast), (many, slow) = min(timed.items()), max(timed.items())
        slope = (slow - fast) / (many - few) if many > few else slow / many
        fixed = slow - slope * many
        if slope < 0:
            return max(fast, slow)
        return slope * atoms + fixed if fixed > 0 else slow / many * atoms


# For each tolerance: what is held to it, in words, and its unit.
COMPARED: dict[Tolerance, tuple[str, str]] = {
    "energy_meV": ("energies", "meV/atom"),
    "force": ("forces", "eV/Å"),
    "stress": ("stresses", "eV/Å³"),
}


def allowed_differences(tolerances: Mapping[str, Any], dtype: str) -> dict[Term, Tolerated]:
    """Return by term what is allowed: a model's, by its dtype, the dispersion's, and their sum."""
    model, dispersion = tolerances[dtype], tolerances["dispersion"]
    total = {key: model[key] + dispersion[key] for key in COMPARED}
    return {"model": dict(model), "dispersion": dict(dispersion), "total": total}


def excesses(
    largest: Mapping[Term, Tolerated], allowed: Mapping[Term, Tolerated]
) -> list[tuple[float, Term, Tolerance]]:
    """Return (ratio to what is allowed, term, tolerance) of all not within, the worst first."""
    found = []
    for term, differences in largest.items():
        for key, difference in differences.items():
            if not difference <= allowed[term][key]:  # nor is what is no number
                found.append((difference / allowed[term][key], term, key))
    return sorted(found, reverse=True)
