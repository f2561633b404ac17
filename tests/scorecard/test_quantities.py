"""Quantities: the same numbers by whatever way they come, and a reason where there is none."""

import pytest
from scored import (
    MODEL,
    OMAT,
    PBE,
    adhesion,
    backend_record,
    check,
    comparison,
    dynamics,
    ensemble,
    no_peak,
    published,
    quantities,
    read,
    study,
    verdict,
    voltages,
)

from anodeflow.scorecard.quantities import Quantities, read_quantities, write_quantities
from anodeflow.scorecard.quantity import Case, with_error
from anodeflow.stages.motion.results import BrokenRun


def by_name(rows):
    return {row.name: row for row in rows}


def test_the_adhesion_peak_for_layers_in_their_own_cells_is_the_curve_shifted_by_the_strain():
    # Second route: the peak of the curve that is referred to layers in their own cells.
    strained = by_name(read("adhesion", adhesion(2.7, 3.9, strain=0.9), system="m-g"))
    own = by_name(read("adhesion", adhesion(1.8, 3.9, layers="own"), system="m-g"))
    assert strained["height"].value == pytest.approx(own["height"].value)
    assert strained["height"].error == own["height"].error
    assert strained["spacing"].value == own["spacing"].value
    assert {strained["height"].convention, own["height"].convention} == {"own"}


def test_without_a_peak_or_strain_energy_there_is_no_height_but_a_reason():
    none = adhesion(0, 0, peak=no_peak("No peak in the scan."))
    rows = by_name(read("adhesion", none, system="m-g"))
    assert rows["height"].value is None
    assert rows["spacing"].note == "No peak in the scan."
    rows = by_name(read("adhesion", adhesion(2.0, 3.9, strain_energy=None), system="m-g"))
    assert rows["height"].value is None
    assert "own cells" in rows["height"].note
    assert rows["spacing"].value == 3.9


def test_a_day_of_dynamics_is_as_many_steps_as_force_calls_fit_into_it():
    backend = backend_record(0.05, atoms=130, device="cpu")
    about = {"precision": "float32", "timestep_fs": 2.0}
    rows = by_name(read("cost", backend, system="", **about))
    steps_a_day = 24 * 3600 / 0.05
    assert rows["ns_per_day"].value == pytest.approx(steps_a_day * 2.0 / 1e6)
    assert "130 atoms, float32, cpu" in rows["ns_per_day"].note
    assert "steps of 2 fs, as without hydrogen" in rows["ns_per_day"].note
    assert rows["ns_per_day"].error is None


def test_phonons_without_a_reference_have_no_deviation_and_say_why():
    rows = by_name(read("phonons", verdict(), system="ti2co2"))
    assert rows["mean_abs_THz"].value is None
    assert "reference.phonons" in rows["mean_abs_THz"].note
    rows = by_name(read("phonons", verdict(reference=comparison(0.4, 1.0)), system="ti2co2"))
    assert rows["mean_abs_THz"].value == 0.4
    assert rows["dos_overlap"].value is None
    assert "dense" in rows["dos_overlap"].note


def test_a_supercell_or_stack_is_asked_for_its_change_only_and_a_sheet_has_no_thickness():
    stack = read("relaxation", check(metal_x=2.1), system="m-g", is_unit=False)
    assert [row.name for row in stack] == ["changed"]
    sheet = check(thickness=None, sheet=1.42, coordination=(), site=None)
    rows = by_name(read("relaxation", sheet, system="graphene", is_unit=True))
    assert rows.keys() == {"changed", "sheet"}


def test_an_unstable_replica_is_told_with_every_number_of_its_group():
    broken = BrokenRun(replica=1, after_ps=3.0, reason="a bond broke")
    for row in dynamics("m-g", 1, ensemble(hops=2, unstable=(broken,))):
        assert "replica 1 unstable after 3 ps (a bond broke)" in row.note, row
    rows = by_name(dynamics("m-g", 1, ensemble(spacing=None, error=None, unstable=(broken,))))
    assert rows["hops"].value is None
    assert "a bond broke" in rows["hops"].note


def test_a_run_too_short_for_a_verdict_has_no_hop_count():
    rows = by_name(dynamics("m-g", 1, ensemble(said="undetermined")))
    assert rows["verdict"].word == "undetermined"
    assert rows["hops"].value is None


def test_quantities_come_back_from_their_file_as_they_were(tmp_path):
    rows = [
        *dynamics("m-g", 8, ensemble(hops=3, replicas=2)),
        *read("relaxation", check(changes=("The site changed.",)), system="ti2co2", is_unit=True),
        *read("voltage", voltages(1.8, 1.7), system="m-go", host="frozen"),
        *published(),
    ]
    write_quantities(rows, tmp_path / "quantities.csv")
    assert read_quantities(tmp_path / "quantities.csv").rows == rows


def test_what_a_published_row_does_not_say_fits_every_case_and_what_it_says_does_not():
    found = Quantities(published())
    assert found.find(PBE, "diffusion", "verdict", Case("m-go", 1, 300.0)).word == "hopping"
    assert found.find(PBE, "spacing", "mean", Case("m-g", 0, 350.0)).value == 3.11
    assert found.find(OMAT, "spacing", "mean", Case("m-g", 0, 350.0)) is None
    assert found.find(PBE, "spacing", "mean", Case("m-g", 1, 300.0)) is None


def test_a_source_that_lacks_a_quantity_is_told_why():
    asked = study(MODEL, stages=["relaxation"])
    assert "stage dynamics" in asked.why_missing(MODEL, "spacing", Case("m-g", 0, 300.0))
    assert asked.why_missing("PBE", "spacing", Case("m-g", 0, 300.0)) == "not published"
    assert "not in this study" in study(MODEL).why_missing(MODEL, "adhesion", Case("v-hbn"))
    assert "backend" in study(MODEL).why_missing(MODEL, "cost", Case(""))


def test_models_come_before_who_published_and_in_the_order_of_the_study():
    rows = quantities(published(), read("phonons", verdict(), system="graphene", source="b"))
    assert study("b", "a").sources(rows)[:3] == ["b", "a", "MACE-MPA-0 (published)"]


def test_a_number_is_shown_with_its_error_or_says_that_there_is_none():
    assert with_error(3.9634, 0.012, "Å") == "3.963 ± 0.012 Å"
    assert with_error(3.9634, None, "Å") == "3.963 Å (no error known)"
    assert with_error("hopping", None, "") == "hopping"
