"""The numbers of a model's result files as quantities, one reader a stage."""

import dataclasses
from collections.abc import Mapping

import pandas as pd

from anodeflow.quantities import Case, Quantity


def measure(about: Mapping, result: object, *, numerical: Mapping[str, float]) -> list[Quantity]:
    """Turn one result file of a model into quantities.

    Args:
        about: stage (a key of READERS), source (the model's label), system, ions, temperature_K and
            what the stage's reader needs beside (see there).
        result: content of the file: a dict, or the table of voltages.
        numerical: length (Å), frequency_THz, voltage_V: error of numbers that no sampling and no
            fit gave, from the tolerances they were computed with.
    """
    case = Case(about["system"], about.get("ions"), about.get("temperature_K"))
    return [
        dataclasses.replace(row, source=about["source"], case=row.case or case)
        for row in READERS[about["stage"]](about, result, numerical)
    ]


def _row(table: str, name: str, value: float | str | None, unit: str = "", **more) -> Quantity:
    """Return a quantity whose source and, unless given, case `measure` fills in."""
    return Quantity("", table, more.pop("case", None), name, value, unit=unit, **more)


def _structure(about: Mapping, check: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read `check_structure` of a relaxed structure."""
    changes = " ".join(check["changes"])
    rows = [_row("structure", "changed", "yes" if check["changed"] else "no", note=changes)]
    if about["is_unit"]:
        metals = ", ".join(f"{c['x']} X + {c['termination']} T" for c in check["coordination"])
        if metals:
            polytype = f"{metals}, {check['termination_site']}"
            rows.append(_row("structure", "polytype", polytype, note=changes))
        lengths = {kind: bond["mean"] for kind, bond in check["bonds"].items()}
        lengths |= {} if check["thickness"] is None else {"thickness": check["thickness"]}
        shared = {"error": numerical["length"], "note": "numerical error"}
        rows += [_row("structure", name, x, "angstrom", **shared) for name, x in lengths.items()]
    return rows


def _phonons(about: Mapping, verdict: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read phonons.json of a layer."""
    shared = {"error": numerical["frequency_THz"], "note": "numerical error"}
    rows = [_row("phonons", "kind", verdict["kind"], note=verdict["sentence"])]
    rows += [
        _row("phonons", name, verdict[name], "THz", **shared)
        for name in ("minimum_THz", "highest_THz")
    ]
    against = verdict.get("reference")
    if against is None:
        why = f"reference.phonons holds no frequencies of {about['system']}"
        names = ("mean_abs_THz", "max_abs_THz", "dos_overlap")
        return rows + [_row("phonons", name, None, note=why) for name in names]
    where = f"numerical error; compared on {against['qpoints']} q-points ({against['kind']})"
    rows += [
        _row("phonons", name, against[name], "THz", error=shared["error"], note=where)
        for name in ("mean_abs_THz", "max_abs_THz")
    ]
    sparse = "the reference is of Γ, M and K only; an overlap needs a dense path in its place"
    note = sparse if against["kind"] == "points" else "no error known: the reference is one curve"
    return [*rows, _row("phonons", "dos_overlap", against.get("dos_overlap"), note=note)]


def _adhesion(about: Mapping, summary: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read the peak of an adhesion curve, its height for layers in their own cells, as published.

    h(own) = h(strained) − E_strain: straining the layers shifts the whole curve.
    """
    peak, strain = summary["peak"], summary["strain_energy"]
    if not peak["found"]:
        names = {"height": "eV/nm^2", "spacing": "angstrom"}
        return [_row("adhesion", n, None, unit, note=peak["sentence"]) for n, unit in names.items()]
    spacing = _row(
        "adhesion",
        "spacing",
        peak["spacing"],
        "angstrom",
        error=peak["spacing_error"],
        convention=summary["spacing_convention"],
        note="error of the fit",
    )
    if summary["layers"] == "strained" and strain is None:
        note = "the energies of the layers in their own cells are missing"
        return [spacing, _row("adhesion", "height", None, "eV/nm^2", note=note)]
    shift = 0.0 if summary["layers"] == "own" else strain["total_eV_nm2"]
    height = _row(
        "adhesion",
        "height",
        peak["height"] - shift,
        "eV/nm^2",
        error=peak["height_error"],
        convention="own",
        note="error of the fit",
    )
    return [height, spacing]


def _ensemble(about: Mapping, ensemble: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read the replicas of a group taken together: spacing, and mobility where there are ions."""
    broken = "; ".join(
        f"replica {run['replica']} unstable after {run['after_ps']:g} ps ({run['reason']})"
        for run in ensemble["unstable"]
    )
    spacing = ensemble["spacing"]
    rows = [
        _row(
            "spacing",
            "mean",
            spacing["mean"],
            "angstrom",
            error=spacing["standard_error"],
            sample_ps=ensemble["replicas"] * about["production_ps"],
            replicas=ensemble["replicas"],
            note=_joined(spacing["note"], broken),
        )
    ]
    return rows + (_mobility(ensemble, broken) if ensemble["ions"] else [])


def _mobility(ensemble: Mapping, broken: str) -> list[Quantity]:
    """Read verdict, hops, rate and D of a group with ions; without a count the hops are None."""
    found = ensemble["mobility"]
    if found is None:
        note = broken or "no run could be analysed"
        return [_row("diffusion", name, None, note=note) for name in ("verdict", "hops")]
    note = _joined(found["note"], broken)
    if not found["watched_ion_ps"]:
        told = _joined(f"verdict {found['verdict']}", note)
        verdict = _row("diffusion", "verdict", found["verdict"], note=note)
        return [verdict, _row("diffusion", "hops", None, note=told)]
    shared = {"sample_ps": found["watched_ion_ps"], "replicas": ensemble["replicas"]}
    rate = {"low": found["rate_low_per_ps"], "high": found["rate_high_per_ps"]}
    D = {"low": found["D_low_cm2_s"], "high": found["D_high_cm2_s"], "note": note}
    if found["D_cm2_s"] is None:
        bound = {"high": found["D_upper_bound_cm2_s"]}
        D = bound | {"note": _joined("not diffusive, high bounds it", note)}
    return [
        _row("diffusion", "verdict", found["verdict"], note=note, **shared),
        _row("diffusion", "hops", found["hops"], note=note, **shared),
        _row("diffusion", "rate_per_ps", found["rate_per_ps"], "1/ps", note=note, **rate, **shared),
        _row("diffusion", "D_cm2_s", found["D_cm2_s"], "cm^2/s", **D, **shared),
    ]


def _voltage(about: Mapping, table: pd.DataFrame, numerical: Mapping) -> list[Quantity]:
    """Read the average voltages of a stack; about: host (relaxed or frozen)."""
    shared = {"error": numerical["voltage_V"], "note": "numerical error"}
    shared["convention"] = about["host"]
    return [
        _row("voltage", "average_V", v, "V", case=Case(about["system"], int(n)), **shared)
        for n, v in zip(table["n"], table["average_V"], strict=True)
    ]


def _cost(about: Mapping, backend: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read what a force call, with D3, and a day of dynamics cost; about: precision, timestep_fs.

    ns a day = timestep / (seconds a call) · 86400, one force call a step.
    """
    seconds = float(backend["seconds_per_call"]["total"])
    ns_per_day = about["timestep_fs"] * 1e-6 / seconds * 86400
    note = f"{backend['atoms']} atoms, {about['precision']}, {backend['device']}; no error measured"
    return [
        _row("cost", "seconds_per_call", seconds, "s", note=note),
        _row("cost", "ns_per_day", ns_per_day, "ns/day", note=note),
        _row("cost", "device", str(backend["device"]), note=note),
    ]


READERS = {
    "relaxation": _structure,
    "phonons": _phonons,
    "adhesion": _adhesion,
    "dynamics": _ensemble,
    "voltage": _voltage,
    "cost": _cost,
}


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))
