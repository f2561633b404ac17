"""What phonons leave behind: the cells of their table, and their quantities in the scorecard."""

from collections.abc import Mapping

from anodeflow.scorecard.quantity import Quantity, quantity_row
from anodeflow.tables.columns import Column, plus_minus


def _frequency(name: str, header: str, unit: str = "THz") -> Column:
    return Column(
        name,
        header,
        unit,
        "largest change with displacement and supercell, phonons.convergence",
        (plus_minus(f"{name}_error", unit),),
        "not known: displacement and supercell were not varied (`snakemake phonon_convergence`, "
        "or phonons.convergence.run)",
    )


COLUMNS = (
    Column("verdict", "verdict"),
    _frequency("minimum_THz", "lowest frequency"),
    _frequency("highest_THz", "highest frequency"),
    _frequency("mean_abs_THz", "mean deviation"),
    _frequency("max_abs_THz", "largest deviation"),
    _frequency("highest_error_THz", "error of the highest"),
    _frequency("dos_overlap", "overlap of densities of states", ""),
    Column("compared_on", "compared on"),
    Column("sentence", "sentence"),
)


def phonon_rows(about: Mapping, verdict: Mapping) -> list[dict]:
    """Give the verdict, the deviations, and their errors where convergence was checked, in THz.

    Args:
        about: model, system (layer) and, where it was checked, convergence (changes of
            `convergence.summarise`).
        verdict: what `verdict.verdict` gives, with highest_THz and, if there is one, reference (of
            `reference.compare`).
    """
    comparison = verdict.get("reference", {})
    numbers = {"minimum_THz": verdict["minimum_THz"], "highest_THz": verdict["highest_THz"]}
    numbers |= {key: value for key, value in comparison.items() if key not in ("kind", "qpoints")}
    row = {"system": about["system"], "model": about["model"], "verdict": verdict["kind"]}
    for name, value in numbers.items():
        row[name] = value
        if "convergence" in about:
            row[f"{name}_error"] = about["convergence"].get(name)
    compared = {"compared_on": comparison.get("kind"), "sentence": verdict["sentence"]}
    return [row | compared]


def phonon_quantities(about: Mapping, verdict: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read phonons.json of a layer."""
    shared = {"error": numerical["frequency_THz"], "note": "numerical error"}
    rows = [quantity_row("phonons", "kind", verdict["kind"], note=verdict["sentence"])]
    rows += [
        quantity_row("phonons", name, verdict[name], "THz", **shared)
        for name in ("minimum_THz", "highest_THz")
    ]
    against = verdict.get("reference")
    if against is None:
        why = f"reference.phonons holds no frequencies of {about['system']}"
        names = ("mean_abs_THz", "max_abs_THz", "dos_overlap")
        return rows + [quantity_row("phonons", name, None, note=why) for name in names]
    where = f"numerical error; compared on {against['qpoints']} q-points ({against['kind']})"
    rows += [
        quantity_row("phonons", name, against[name], "THz", error=shared["error"], note=where)
        for name in ("mean_abs_THz", "max_abs_THz")
    ]
    sparse = "the reference is of Γ, M and K only; an overlap needs a dense path in its place"
    note = sparse if against["kind"] == "points" else "no error known: the reference is one curve"
    overlap = against.get("dos_overlap")
    return [*rows, quantity_row("phonons", "dos_overlap", overlap, note=note)]
