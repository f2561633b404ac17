"""The columns of the table of phonons."""

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
    Column(
        "compression_N_m",
        "pressed in the plane by",
        "N/m",
        "none: a stress at a given geometry, without sampling; forces left below relaxation.layers",
    ),
    Column("compared_on", "compared on"),
    Column("sentence", "sentence"),
)
