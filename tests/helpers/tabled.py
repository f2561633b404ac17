"""Tables of the study from rows of made-up results, as `tabulate` assembles them."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from anodeflow.study.stages import TABLES
from anodeflow.tables.assembly import assemble


def tabulated(
    name: str, rows: Sequence[Mapping], published: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return a table; each row is what its result is about, with the result beside."""
    entries = [({k: v for k, v in row.items() if k != "result"}, row["result"]) for row in rows]
    return assemble(TABLES[name], entries, published)


relaxation_table = partial(tabulated, "relaxation")
phonon_table = partial(tabulated, "phonons")
adhesion_table = partial(tabulated, "adhesion")
spacing_table = partial(tabulated, "spacing")
diffusion_table = partial(tabulated, "diffusion")
spacing_ensemble_table = partial(tabulated, "spacing_ensembles")
diffusion_ensemble_table = partial(tabulated, "diffusion_ensembles")
voltage_table = partial(tabulated, "voltage")
