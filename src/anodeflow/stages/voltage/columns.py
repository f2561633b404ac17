"""The columns of the table of voltages."""

from anodeflow.tables.columns import IONS, NOTE, Column

OF_MINIMA = (
    "none: a difference of energies of minima, without sampling. Forces left below "
    "relaxation.stacks.fmax put each energy above its minimum by less than N fmax²/2k, "
    "k the softest force constant, which is not computed"
)
COLUMNS = (
    IONS,
    Column("average_V", "average voltage", "V", OF_MINIMA),
    Column("step_V", "step voltage", "V", OF_MINIMA),
    Column("average_no_dispersion_V", "average without D3", "V", OF_MINIMA),
    Column("step_no_dispersion_V", "step without D3", "V", OF_MINIMA),
    NOTE,
)
