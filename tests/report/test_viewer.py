"""Structures to turn: the bodies drawn are those of the atoms, bonds and cell."""

import re

import numpy as np
import pytest
from ase import Atoms
from ase.data import covalent_radii
from plotly.graph_objects import Mesh3d
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.figures.atoms import drawn_bonds, inside_cell
from anodeflow.report.viewer import (
    BOND_RADIUS,
    CYLINDER_SIDES,
    SPHERE_POINTS,
    unit_sphere,
    view_structures,
    write_page,
)
from anodeflow.structures import roles
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.spacing import spacing_of


@pytest.fixture(scope="module")
def stack() -> Atoms:
    """Return MXene and graphene with two ions between them."""
    layers = [build_layer(settings, cell_height=HEIGHT) for settings in (TI2CO2, GRAPHENE)]
    settings = {"strained": "top", "spacing": 3.5, "registry": (0.0, 0.0), "strain_limit": 0.03}
    empty = stack_layers(*layers, **settings, cell_height=HEIGHT)
    return fill_ions(empty, element="Na", count=2, spacing=4.3)


def corners(body: Mesh3d) -> np.ndarray:
    """Return the corners (F, 3, 3) of a body's triangles."""
    points = np.column_stack([body.x, body.y, body.z]).astype(float)
    return points[np.column_stack([body.i, body.j, body.k])]


def volume(triangles: np.ndarray) -> float:
    """Return the volume inside closed surfaces by the divergence theorem, ∮ r·dS / 3."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    return float(np.einsum("fi,fi->", a, np.cross(b, c)) / 6)


@pytest.fixture
def bodies(stack) -> dict[str, Mesh3d]:
    """Return the bodies of the stack by their names in the key."""
    return {
        trace.name: trace for trace in view_structures({"s": stack}).data if trace.type == "mesh3d"
    }


def test_a_sphere_is_closed_round_and_seen_from_outside():
    points, faces = unit_sphere(SPHERE_POINTS)
    assert len(faces) == 2 * SPHERE_POINTS - 4
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1.0)
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    assert (np.unique(sides, axis=0, return_counts=True)[1] == 2).all()
    assert volume(points[faces]) == pytest.approx(4 / 3 * np.pi, rel=0.1)


def test_ions_are_balls_of_half_their_covalent_radius_where_the_ions_are(stack, bodies):
    ions = bodies["Na, ion"]
    radius = covalent_radii[11] / 2
    assert volume(corners(ions)) == pytest.approx(2 * 4 / 3 * np.pi * radius**3, rel=0.1)
    points = np.column_stack([ions.x, ions.y, ions.z])
    for index in np.flatnonzero(roles.ions(stack)):
        own = points[np.asarray(ions.customdata) == index]
        np.testing.assert_allclose(own.mean(axis=0), inside_cell(stack).positions[index], atol=0.05)


def test_every_atom_has_a_ball_and_every_bond_two_halves_that_meet(stack, bodies):
    starts, _ = drawn_bonds(stack)
    drawn = sum(len(body.x) for body in bodies.values())
    assert drawn == len(stack) * SPHERE_POINTS + len(starts) * 2 * CYLINDER_SIDES
    sheet = bodies["C, sheet"]
    halves = np.column_stack([sheet.x, sheet.y, sheet.z])[
        (roles.sheet(stack).sum() * SPHERE_POINTS) :
    ]
    rings = halves.reshape(-1, 2, CYLINDER_SIDES, 3)
    np.testing.assert_allclose(
        np.linalg.norm(rings - rings.mean(axis=2, keepdims=True), axis=-1), BOND_RADIUS, rtol=1e-4
    )
    length = np.linalg.norm(rings[:, 1].mean(axis=1) - rings[:, 0].mean(axis=1), axis=1)
    np.testing.assert_allclose(length, 12.12 / 5 / np.sqrt(3) / 2, rtol=1e-4)


def test_every_vertex_is_drawn_by_a_triangle_of_its_own_atom(bodies):
    for body in bodies.values():
        owner = np.asarray(body.customdata)[np.column_stack([body.i, body.j, body.k])]
        assert (owner == owner[:, :1]).all()
        assert set(np.unique(np.column_stack([body.i, body.j, body.k]))) == set(range(len(body.x)))


def test_one_structure_shows_at_a_time_and_its_title_tells_its_spacing(stack):
    sheet = stack[roles.sheet(stack)]
    fig = view_structures({"both": stack, "sheet": sheet})
    assert f"spacing {spacing_of(stack, convention='sheet'):.3f} Å" in fig.layout.title.text
    first, second = fig.layout.updatemenus[0].buttons
    shown = [np.array(button.args[0]["visible"]) for button in (first, second)]
    assert (shown[0] ^ shown[1]).all()
    assert [trace.visible for trace in fig.data] == shown[0].tolist()
    assert "spacing" not in second.args[1]["title.text"]


def test_a_page_of_structures_names_no_address_to_load_anything_from(stack, tmp_path):
    write_page(view_structures({"s": stack}), tmp_path / "s.html")
    page = (tmp_path / "s.html").read_text()
    assert not re.findall(r"<(?:script|link|iframe)[^>]*(?:src|href)=", page)
    assert "plotly.js v" in page
