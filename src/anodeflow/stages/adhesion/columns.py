"""The columns of the table of adhesion."""

from anodeflow.tables.columns import NOTE, Column, plus_minus

OF_CUT = (
    "none: a difference of energies of relaxed layers, without sampling; forces left below "
    "adhesion.fmax"
)
OF_RELAXED = (
    "of the relaxed stack: from the slope that relaxing may have left; theirs where the peak is "
    "that of the points"
)
OF_POINTS = (
    "noise of the energies, known from their slopes, and the difference to the peak of every other "
    "point over 31"
)
COLUMNS = (
    Column("layers", "layers"),
    Column("spacing_convention", "spacing convention"),
    Column("height", "peak", "eV/nm²", OF_RELAXED, (plus_minus("height_error", "eV/nm²"),)),
    Column(
        "hysteresis_eV_nm2",
        "hysteresis",
        "eV/nm²",
        "none: by how much the direction of the scan changes the points next to the peak, 0 where "
        "no neighbour's geometry was lower by 5 meV, empty where none was tried",
    ),
    Column(
        "three_body_eV_nm2",
        "three-body D3 would add",
        "eV/nm²",
        "none: single points at the relaxed geometries, a measure of how far dispersion is known; "
        "empty without dispersion, or without the package dftd3",
    ),
    Column("spacing", "d", "Å", OF_RELAXED, (plus_minus("spacing_error", "Å"),)),
    Column(
        "height_of_points",
        "peak of the points alone",
        "eV/nm²",
        OF_POINTS,
        (plus_minus("height_of_points_error", "eV/nm²"),),
    ),
    Column(
        "spacing_of_points",
        "of the points alone at d",
        "Å",
        OF_POINTS,
        (plus_minus("spacing_of_points_error", "Å"),),
    ),
    Column(
        "height_J_m2",
        "peak",
        "J/m²",
        "as that of the height in eV/nm²",
        (plus_minus("height_J_m2_error", "J/m²"),),
    ),
    Column(
        "height_no_dispersion",
        "peak without D3",
        "eV/nm²",
        "as that of the points alone",
        (plus_minus("height_no_dispersion_error", "eV/nm²"),),
    ),
    Column(
        "spacing_no_dispersion",
        "without D3 at d",
        "Å",
        "as that of the points alone",
        (plus_minus("spacing_no_dispersion_error", "Å"),),
    ),
    Column(
        "spline_spacing",
        "published spline: at d",
        "Å",
        "none: the published recipe gives none; compare d",
    ),
    Column(
        "strain_energy_eV_nm2",
        "strain energy",
        "eV/nm²",
        "none: a difference of energies of relaxed layers, without sampling; forces left below "
        "adhesion.fmax",
    ),
    Column(
        "given_layers_eV_nm2",
        "raised by layers of another model",
        "eV/nm²",
        "none: a difference of energies, as the strain energy",
    ),
    Column("cut_bottom_eV", "bottom layer cut − apart", "eV", OF_CUT),
    Column("cut_top_eV", "top layer cut − apart", "eV", OF_CUT),
    Column("far_eV_nm2", "adhesion far apart", "eV/nm²", OF_CUT),
    Column("far_dispersion_eV_nm2", "of it dispersion", "eV/nm²", OF_CUT),
    NOTE,
)
