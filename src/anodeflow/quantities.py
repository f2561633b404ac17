"""Every number that models are judged by, with its uncertainty, in one form for all stages.

A model's results and the published values become rows of the same kind, so that what is asked of a
model (`metrics`, `claims`, `disagreement`) can be asked of the published values as well.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from uncertainties import ufloat

from anodeflow.tables import write_table

STAGE_OF_TABLE = {
    "structure": "relaxation",
    "phonons": "phonons",
    "adhesion": "adhesion",
    "spacing": "dynamics",
    "diffusion": "dynamics",
    "voltage": "voltage",
}
"""Stage of the study that makes a table's numbers; what costs are made by belongs to none."""


class Case(NamedTuple):
    """What a quantity is of: a layer or stack, its ions, its temperature (K); None: not said."""

    system: str
    ions: int | None = None
    temperature_K: float | None = None

    def __str__(self) -> str:
        ions = "" if self.ions is None else f", {self.ions} ion{'' if self.ions == 1 else 's'}"
        return self.system + ions


@dataclass(frozen=True)
class Quantity:
    """A number or word of one source, with what is known of its uncertainty.

    `error` is one standard error in `unit`; `low` and `high` bound a 95 % interval where a standard
    error says little. A value that could not be had is None, and `note` says why; `note` also says
    where an error comes from, or why there is none. `sample_ps` is the time of all replicas that
    the value rests on.
    """

    source: str
    table: str
    case: Case
    name: str
    value: float | str | None
    error: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    convention: str = ""
    sample_ps: float | None = None
    replicas: int | None = None
    note: str = ""
    published: bool = False

    def __str__(self) -> str:
        if self.value is None:
            return f"none ({self.note})"
        return with_error(self.value, self.error, self.unit)


class Quantities:
    """All quantities of a study and of what was published, found by source and by what they are."""

    def __init__(self, rows: Iterable[Quantity]):
        self.rows = list(rows)
        self.sources = {row.source: row.published for row in self.rows}
        self._found: dict[tuple, list[Quantity]] = {}
        for row in self.rows:
            self._found.setdefault((row.source, row.table, row.case.system, row.name), []).append(
                row
            )

    def find(self, source: str, table: str, name: str, case: Case) -> Quantity | None:
        """Return a quantity, None if the source has none; what a row does not say fits any case."""
        rows = self._found.get((source, table, case.system, name), [])
        fitting = [
            row
            for row in rows
            if row.case.ions in (None, case.ions)
            and row.case.temperature_K in (None, case.temperature_K)
        ]
        # The row that says most is the one meant.
        return min(fitting, key=lambda row: row.case.count(None), default=None)

    def all_of(self, source: str, table: str, name: str, system: str) -> list[Quantity]:
        """Return a quantity of a system at every content of ions and temperature."""
        return self._found.get((source, table, system, name), [])


@dataclass(frozen=True)
class Study:
    """What is run: stages {model's label: its stages}, cases {table: [(system, ions, K)]}, ion."""

    stages: Mapping[str, list[str]]
    cases: Mapping[str, list]
    ion: str

    def cases_of(self, table: str) -> list[Case]:
        """Return the cases of a table that the study makes."""
        return [Case(*case) for case in self.cases.get(table, [])]

    def why_missing(self, source: str, table: str, case: Case) -> str:
        """Say why a source has no quantity at all of a case."""
        if source not in self.stages:
            return "not published"
        stage = STAGE_OF_TABLE.get(table)
        if stage is None:
            return "the model's backend was not checked"
        if stage not in self.stages[source]:
            return f"the stage {stage} is not among the model's stages"
        if case not in self.cases_of(table):
            return f"{case} is not in this study"
        return "the results hold none"

    def sources(self, quantities: Quantities) -> list[str]:
        """Return the models in the study's order, then whoever published."""
        return [*self.stages, *(s for s in quantities.sources if s not in self.stages)]


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
    if ensemble["ions"] == 0:
        return rows
    found = ensemble["mobility"]
    if found is None:
        note = broken or "no run could be analysed"
        return rows + [_row("diffusion", name, None, note=note) for name in ("verdict", "hops")]
    note = _joined(found["note"], broken)
    shared = {"sample_ps": found["watched_ion_ps"], "replicas": ensemble["replicas"], "note": note}
    interval = {"low": found["rate_low_per_ps"], "high": found["rate_high_per_ps"]}
    D = {"low": found["D_low_cm2_s"], "high": found["D_high_cm2_s"]}
    if found["D_cm2_s"] is None:
        D = {"high": found["D_upper_bound_cm2_s"]}
    return [
        *rows,
        _row("diffusion", "verdict", found["verdict"], **shared),
        _row("diffusion", "hops", found["hops"], **shared),
        _row("diffusion", "rate_per_ps", found["rate_per_ps"], "1/ps", **interval, **shared),
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
    """Read what a force call and a day of dynamics cost; about: precision, timestep_fs.

    ns a day = timestep / (seconds a call) · 86400, one force call a step.
    """
    seconds = seconds_per_call(backend, about["precision"])
    ns_per_day = about["timestep_fs"] * 1e-6 / seconds * 86400
    note = f"{backend['atoms']} atoms, {about['precision']}, {backend['device']}; no error measured"
    return [
        _row("cost", "seconds_per_call", seconds, "s", note=note),
        _row("cost", "ns_per_day", ns_per_day, "ns/day", note=note),
        _row("cost", "device", str(backend["device"]), note=note),
    ]


def seconds_per_call(backend: Mapping, precision: str) -> float:
    """Return the seconds of a force call, dispersion included, from backend.json."""
    return float(backend["precisions"][precision]["seconds_per_call"]["total"])


READERS = {
    "relaxation": _structure,
    "phonons": _phonons,
    "adhesion": _adhesion,
    "dynamics": _ensemble,
    "voltage": _voltage,
    "cost": _cost,
}


def published_quantities(published: pd.DataFrame) -> list[Quantity]:
    """Turn the table of `read_published` into quantities; who published names the source."""
    return [
        Quantity(
            # ASSUME: what a study ran with D3 and without it are stages of one model.
            source=row["model"].replace(" + D3", ""),
            table=row["table"],
            case=Case(row["system"], _or_none(row["ions"], int), _or_none(row["temperature_K"])),
            name=row["quantity"],
            value=row["value"],
            error=_or_none(row["error"]),
            unit=row["unit"],
            convention=row["convention"],
            note=row["note"],
            published=True,
        )
        for row in published.to_dict("records")
    ]


def write_quantities(rows: Iterable[Quantity], path: Path) -> None:
    """Write quantities as CSV, one a row, in full precision."""
    flat = [{**dataclasses.asdict(row), **row.case._asdict()} for row in rows]
    first = ["source", "table", *Case._fields]
    rest = [field.name for field in dataclasses.fields(Quantity)]
    columns = first + [name for name in rest if name not in (*first, "case")]
    table = pd.DataFrame(flat, columns=columns)
    for column in ("ions", "replicas"):
        table[column] = table[column].astype("Int64")
    write_table(table, path)


def read_quantities(path: Path) -> Quantities:
    """Read what `write_quantities` wrote."""
    rows = []
    for cells in pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"):
        case = Case(
            cells.pop("system"),
            _or_none(cells.pop("ions"), int),
            _or_none(cells.pop("temperature_K")),
        )
        for name in ("error", "low", "high", "sample_ps"):
            cells[name] = _or_none(cells[name])
        cells["replicas"] = _or_none(cells["replicas"], int)
        cells["published"] = cells["published"] == "True"
        cells["value"] = _value(cells["value"])
        rows.append(Quantity(case=case, **cells))
    return Quantities(rows)


def with_error(value: float | str, error: float | None, unit: str) -> str:
    """Format a value with its error to two digits, e.g. `3.963 ± 0.012 angstrom`."""
    if isinstance(value, str):
        return value
    shown = f"{value:.4g}" if not error else f"{ufloat(value, error):.2u}".replace("+/-", " ± ")
    return f"{shown} {unit}".strip() + (" (no error known)" if error is None else "")


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _or_none(cell: object, kind: type = float) -> float | int | None:
    return None if cell == "" or pd.isna(cell) else kind(cell)


def _value(cell: str) -> float | str | None:
    if cell == "":
        return None
    try:
        return float(cell)
    except ValueError:
        return cell
