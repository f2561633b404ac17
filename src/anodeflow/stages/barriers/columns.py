"""Columns of the table of barriers."""

from anodeflow.tables.columns import COUNTED, NOTE, TEMPERATURE, Column, plus_minus

OF_IMAGES = (
    "what images and forces of the lowest walk leave open: the top of a spline through them "
    "against the image that climbed; models differ by more (the scorecard's disagreement)"
)
NOT_KNOWN = (
    "none: the error of the barrier enters as its exponential, that of the prefactor is not known"
)
COLUMNS = (
    Column("ion", "ion"),
    Column("sites", "sites", uncertainty=COUNTED),
    Column("hops", "hops", uncertainty=COUNTED),
    Column("left_out", "paths left out", uncertainty=COUNTED),
    Column(
        "one_direction_eV",
        "barrier, one direction",
        "eV",
        OF_IMAGES,
        (plus_minus("one_direction_error_eV", "eV"),),
    ),
    Column(
        "both_directions_eV",
        "both directions",
        "eV",
        "as that of one direction, over other paths",
    ),
    Column("spread_eV", "sites span", "eV", "as that of the barrier"),
    TEMPERATURE,
    Column("D_cm2_s", "D", "cm²/s", NOT_KNOWN),
    Column("anisotropy", "anisotropy", uncertainty=NOT_KNOWN),
    Column("limiting_path", "limiting path"),
    NOTE,
)
