"""Which part of the relaxed stack's adhesion is dispersion's, on a curve that is known."""

import numpy as np
import pandas as pd
import pytest
from judged import status
from scored import STACKS, adhesion, read
from study import GRAPHENE

from anodeflow.stages.adhesion.curve import summarise_adhesion
from anodeflow.stages.adhesion.results import adhesion_quantities, peak_for
from anodeflow.structures.builders.layers import build_layer

DEPTH, BEST = 1.8, 3.7


def summarised(dispersion=True, relaxed=True):
    """Return the summary of a parabola of which 2 (3/d)⁴ eV/nm² are dispersion."""
    d = np.sort(np.append(np.arange(3.05, 4.5, 0.1), [BEST] * relaxed))
    table = {"spacing": d, "spacing_all_atoms": d, "relaxed": d == BEST}
    table |= {"slope_eV_nm2_angstrom": -2 * (d - BEST), "slope_error_eV_nm2_angstrom": 0.001}
    table["adhesion_eV_nm2"] = DEPTH - (d - BEST) ** 2
    if dispersion:
        table["adhesion_no_dispersion_eV_nm2"] = table["adhesion_eV_nm2"] - 2.0 * (3.0 / d) ** 4
    layers = {"bottom": build_layer(GRAPHENE, cell_height=40.0)}
    options = {"spacing": "sheet", "layers": "strained", "peak_window": (3.4, 5.0)}
    return summarise_adhesion(pd.DataFrame(table), layers, **options)


def share_of(summary):
    return adhesion_quantities({}, summary, {})[-1]


def test_the_share_is_that_of_the_relaxed_stack_in_its_own_adhesion():
    exact, summary = 2.0 * (3.0 / BEST) ** 4, summarised()
    assert summary.relaxed.dispersion_eV_nm2 == pytest.approx(exact)
    assert summary.relaxed.whole_eV_nm2 == pytest.approx(DEPTH)
    # Of the points, whose peak is higher or lower than the relaxed stack, nothing enters.
    other = summary.model_copy(update={"peak": summary.peak.model_copy(update={"height": 9.9})})
    assert share_of(other).value == share_of(summary).value
    share = share_of(summary)
    assert (share.name, share.value) == ("dispersion_share", pytest.approx(exact / DEPTH, rel=1e-4))
    error = share.value * summary.peak.height_error / summary.peak.height
    assert share.error == pytest.approx(error)


def test_straining_the_layers_is_no_part_of_what_binds_them():
    strained = adhesion(1.8, 3.9, strain=0.8, dispersion=1.2)
    own = strained.model_copy(update={"layers": "own", "peak": peak_for(strained, "own")})
    assert share_of(strained).value == share_of(own).value == pytest.approx(1.2 / 1.8)


def test_what_has_no_dispersion_no_relaxed_stack_or_no_binding_has_no_share_and_says_why():
    for summary in (summarised(dispersion=False), summarised(relaxed=False), adhesion(1.8, 3.9)):
        assert summary.relaxed is None
        assert "not told apart" in share_of(summary).note
    assert "is not bound" in share_of(adhesion(-0.1, 3.9, dispersion=1.2)).note


@pytest.mark.parametrize(
    ("part", "expected"), [(1.6, "holds"), (0.92, "undecided"), (0.6, "fails")]
)
def test_the_claim_asks_for_more_than_half_in_every_stack(part, expected):
    parts = dict.fromkeys(STACKS, 1.6) | {"m-go": part}
    rows = [
        row
        for stack, own in parts.items()
        for row in read("adhesion", adhesion(1.8, 3.9, dispersion=own), system=stack)
    ]
    assert status(rows, "dispersion-binds") == expected
