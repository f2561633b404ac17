"""The columns of the table of adhesion."""

from anodeflow.tables.columns import NOTE, Column, plus_minus

OF_THE_FIT = (
    "of the fit: covariance, and another degree of the polynomial; the window is the change when "
    "fit_half_width is altered by a fifth either way"
)
COLUMNS = (
    Column("layers", "layers"),
    Column("spacing_convention", "spacing convention"),
    Column(
        "height",
        "peak",
        "eV/nm²",
        OF_THE_FIT,
        (plus_minus("height_error", "eV/nm²"), plus_minus("height_window", "eV/nm²", of="window")),
    ),
    Column(
        "spacing",
        "d",
        "Å",
        OF_THE_FIT,
        (plus_minus("spacing_error", "Å"), plus_minus("spacing_window", "Å", of="window")),
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
        "of the fit, as with D3",
        (plus_minus("height_no_dispersion_error", "eV/nm²"),),
    ),
    Column(
        "spacing_no_dispersion",
        "without D3 at d",
        "Å",
        "of the fit, as with D3",
        (plus_minus("spacing_no_dispersion_error", "Å"),),
    ),
    Column(
        "spline_spacing",
        "published spline: at d",
        "Å",
        "none: the published recipe gives none; compare d of the fit",
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
    NOTE,
)
