"""What phonons leave behind: their files as types, the rows of their table, their quantities."""

from collections.abc import Mapping
from typing import Any, Literal

from anodeflow.files.result_file import CsvFile, ResultFile, ResultPart
from anodeflow.scorecard.quantity import Quantity, quantity_row

Kind = Literal["stable", "acoustic residue near Gamma", "unstable"]

COMPARED = ("mean_abs_THz", "max_abs_THz", "highest_error_THz", "dos_overlap")
"""Numbers that only a reference gives."""


class Comparison(ResultPart):
    """How far a model's frequencies are from reference ones (`reference.compare`).

    kind: whether the reference is a dense path or high-symmetry points; qpoints: how many there
    are; dos_overlap: null for points.
    """

    kind: Literal["path", "points"]
    mean_abs_THz: float
    max_abs_THz: float
    highest_error_THz: float
    qpoints: int
    dos_overlap: float | None = None


class Frequencies(ResultPart):
    """The numbers of the phonon table, or their changes; those of COMPARED may be null."""

    minimum_THz: float
    highest_THz: float
    mean_abs_THz: float | None = None
    max_abs_THz: float | None = None
    highest_error_THz: float | None = None
    dos_overlap: float | None = None


class PhononVerdict(ResultFile):
    """Whether a sheet is stable, by the mode that decides it (`verdict.verdict`).

    stable: true for an acoustic residue as well; minimum_THz: over path and mesh; the mode named:
    frequency_THz, qpoint (fractional), branch (from 1), gamma_distance (1/Å), where;
    imaginary_reach: largest distance from Γ of any imaginary mode (1/Å, 0 without one);
    highest_THz: on the path; compression_N_m: how the sheet is pressed in its plane, null if the
    model gives no stress; reference: null without one.
    """

    stable: bool
    kind: Kind
    minimum_THz: float
    minimum_path_THz: float
    minimum_mesh_THz: float
    frequency_THz: float
    qpoint: tuple[float, float, float]
    branch: int
    gamma_distance: float
    where: Literal["path", "mesh"]
    imaginary_reach: float
    sentence: str
    highest_THz: float
    compression_N_m: float | None = None
    reference: Comparison | None = None

    @property
    def numbers(self) -> Frequencies:
        """Return the numbers of the phonon table."""
        compared = self.reference.model_dump(include=set(COMPARED)) if self.reference else {}
        return Frequencies(minimum_THz=self.minimum_THz, highest_THz=self.highest_THz, **compared)


class LargestChange(ResultPart):
    """The largest changes of frequencies on the path over some variants: mean and maximum."""

    mean_change_THz: float
    max_change_THz: float


class Change(LargestChange):
    """How far one variant's frequencies on the path moved, and where the largest change is."""

    path_fraction: float
    branch: int


class Variant(ResultPart):
    """Force constants with another displacement (Å) or supercell: their numbers, what changed."""

    varied: Literal["displacement", "supercell"]
    displacement: float
    supercell: tuple[int, int, int]
    change: Change
    numbers: Frequencies


class Convergence(ResultFile):
    """What other displacements and a larger supercell change.

    changes: the largest change of each number over all variants; displacement and supercell: the
    largest changes of each apart, null where it was not varied, and then the note says so.
    """

    changes: Frequencies
    note: str
    variants: tuple[Variant, ...]
    displacement: LargestChange | None = None
    supercell: LargestChange | None = None


CONVERGENCE_TABLE = CsvFile(
    (
        "varied",
        "displacement",
        "supercell",
        "mean_change_THz",
        "max_change_THz",
        "path_fraction",
        "branch",
        "minimum_THz",
        "highest_THz",
    ),
    optional=COMPARED,
)
"""Of `convergence.variant_table`: a row for each variant."""


def phonon_rows(about: Mapping[str, Any], verdict: PhononVerdict) -> list[dict[str, Any]]:
    """Give the verdict, the deviations, and their errors where convergence was checked, in THz.

    Args:
        about: model, system (layer) and, where it was checked, convergence (`Convergence`).
        verdict: of the layer.
    """
    row = {"system": about["system"], "model": about["model"], "verdict": verdict.kind}
    changes = about["convergence"].changes.model_dump() if "convergence" in about else {}
    for name, value in verdict.numbers.model_dump(exclude_none=True).items():
        row[name] = value
        if changes:
            row[f"{name}_error"] = changes[name]
    row["compression_N_m"] = verdict.compression_N_m
    row["compared_on"] = verdict.reference.kind if verdict.reference else None
    row["sentence"] = verdict.sentence
    return [row]


def phonon_quantities(
    about: Mapping[str, Any], verdict: PhononVerdict, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read the verdict on a layer; errors are the changes that the check of convergence found.

    Args:
        about: system and, where it was checked, convergence (`Convergence`).
        verdict: of the layer, frequencies in THz.
        numerical: errors of the configuration, none of which is of phonons.
    """
    changes = about["convergence"].changes.model_dump() if "convergence" in about else {}
    whence = (
        "error: largest change with displacement and supercell"
        if changes
        else "error not known: displacement and supercell were not varied"
    )

    def frequency(name: str, value: float, note: str = whence) -> Quantity:
        error = changes.get(name)
        return quantity_row("phonons", name, value, "THz", error=error, note=note)

    rows = [
        quantity_row("phonons", "kind", verdict.kind, note=verdict.sentence),
        frequency("minimum_THz", verdict.minimum_THz),
        frequency("highest_THz", verdict.highest_THz),
    ]
    against = verdict.reference
    if against is None:
        why = f"reference.phonons holds no frequencies of {about['system']}"
        names = ("mean_abs_THz", "max_abs_THz", "dos_overlap")
        return rows + [quantity_row("phonons", name, None, note=why) for name in names]
    where = f"{whence}; compared on {against.qpoints} q-points ({against.kind})"
    sparse = "the reference is of Γ, M and K only; an overlap needs a dense path in its place"
    note = sparse if against.kind == "points" else "no error known: the reference is one curve"
    return [
        *rows,
        frequency("mean_abs_THz", against.mean_abs_THz, where),
        frequency("max_abs_THz", against.max_abs_THz, where),
        quantity_row("phonons", "dos_overlap", against.dos_overlap, note=note),
    ]
