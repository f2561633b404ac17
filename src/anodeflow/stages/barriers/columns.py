"""Columns of the table of barriers."""

from anodeflow.tables.columns import COUNTED, IONS, NOTE, TEMPERATURE, Column, plus_minus

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
    Column("left_out", "left out", uncertainty=COUNTED),
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
        "as that of one direction, of the path that opens the second",
        (plus_minus("both_directions_error_eV", "eV"),),
    ),
    Column("spread_eV", "sites span", "eV", "as that of the barrier"),
    TEMPERATURE,
    Column("D_cm2_s", "D", "cm²/s", NOT_KNOWN),
    Column("anisotropy", "anisotropy", uncertainty=NOT_KNOWN),
    Column("limiting_path", "limiting path"),
    NOTE,
)
SAMPLED = "an uncertainty itself, which falls with the number of walks"
HOP_COLUMNS = (
    IONS,
    TEMPERATURE,
    Column("runs", "runs", uncertainty=COUNTED),
    Column("watched_ion_ps", "time in which a hop could begin and be seen", "ps", COUNTED),
    Column("counted", "hops counted", uncertainty=COUNTED),
    Column(
        "predicted",
        "hops predicted",
        "",
        "standard deviation of the number that such runs count",
        (plus_minus("predicted_spread"),),
    ),
    Column("predicted_error", "error of sampling the prediction", "", SAMPLED),
    Column(
        "predicted_rate_per_ps",
        "hops per ion and ps predicted",
        "",
        "that of the prediction, and the factor of the barrier's error",
    ),
    Column("barrier_factor", "factor of the barrier's error", "", "an uncertainty itself"),
    Column("probability", "p of such a count", "", "the prediction counts as known"),
    Column("verdict", "verdict"),
    NOTE,
)
BOUND = (
    "none: an upper bound of the saddle, since ways keep to the lines of the grid, as far as steps "
    "are seen on which the host changes; between points energies are of cubics through both ends"
)
RELAXED = "as that of saddles: forces of `barriers.saddle_fmax` are left on a point"
MAP_COLUMNS = (
    Column("ion", "ion"),
    Column("points", "points", uncertainty=COUNTED),
    Column("left_out", "left out", uncertainty=COUNTED),
    Column("steps_left_out", "steps left out", uncertainty=COUNTED),
    Column("deepest_eV", "lowest point", "eV", RELAXED),
    Column("highest_eV", "highest point", "eV", RELAXED),
    Column("one_direction_eV", "top of the lowest way, one direction", "eV", BOUND),
    Column("both_directions_eV", "both directions", "eV", BOUND),
    NOTE,
)
