"""Structures to turn in a browser: one page that holds all it needs, plotly.js included."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from ase import Atoms
from ase.data import covalent_radii
from scipy.spatial import ConvexHull

from anodeflow.figures.atoms import RADIUS_SCALE, colour_of, drawn_bonds, inside_cell
from anodeflow.files.atomic import write_text
from anodeflow.structures import roles
from anodeflow.structures.spacing import spacing_of

BOND_RADIUS = 0.13
"""Å."""

SPHERE_POINTS = 72

CYLINDER_SIDES = 6

LIGHT = {"ambient": 0.55, "diffuse": 0.7, "specular": 0.25, "roughness": 0.5, "fresnel": 0.05}

FLAT = {"visible": False, "showspikes": False}

VIEWS = {
    "tilted": {"eye": {"x": -0.7, "y": -1.5, "z": 0.55}},
    "side": {"eye": {"x": 0.0, "y": -1.7, "z": 0.0}},
    "top": {"eye": {"x": 0.0, "y": -1e-3, "z": 1.7}},
}


def view_structures(structures: Mapping[str, Atoms]) -> go.Figure:
    """Draw structures as balls of half the covalent radius and sticks, one chosen from a list.

    Bonds and colours are those of `figures.atoms`. The cell is outlined in the plane, over the
    height of the atoms: what is left out above them is vacuum. The key names each element in each
    role; pointing at an atom tells its index, role and tag.

    Args:
        structures: name -> atoms (Å) with tags, z along the third vector.
    """
    drawn = {name: _traces(inside_cell(atoms)) for name, atoms in structures.items()}
    every = [trace for traces in drawn.values() for trace in traces]
    choices: list[dict[str, Any]] = []
    for name, atoms in structures.items():
        shown = [any(trace is own for own in drawn[name]) for trace in every]
        title = {"title.text": describe(name, atoms)}
        choices.append({"label": name, "method": "update", "args": [{"visible": shown}, title]})
    for trace, visible in zip(every, choices[0]["args"][0]["visible"], strict=True):
        trace.visible = visible
    fig = go.Figure(every)
    fig.update_layout(
        title={"text": choices[0]["args"][1]["title.text"], "x": 0.5, "font": {"size": 15}},
        updatemenus=[_choose(choices), _look()],
        scene={
            "xaxis": FLAT,
            "yaxis": FLAT,
            "zaxis": FLAT,
            "aspectmode": "data",
            "dragmode": "turntable",
            "camera": VIEWS["tilted"] | {"projection": {"type": "orthographic"}},
        },
        paper_bgcolor="#eef2f6",
        legend={"itemsizing": "constant", "x": 0.99, "xanchor": "right", "y": 0.95},
        margin={"l": 0, "r": 0, "t": 90, "b": 0},
    )
    return fig


def write_page(fig: go.Figure, path: Path) -> None:
    """Write a page that needs no other file and no network."""
    buttons = {"displaylogo": False, "responsive": True, "toImageButtonOptions": {"scale": 2}}
    html = fig.to_html(config=buttons, include_plotlyjs=True, default_height="96vh")
    write_text(path, html)


def describe(name: str, atoms: Atoms) -> str:
    """Return a structure's name, formula, in-plane cell and, for a stack, its spacing."""
    a, b, _, _, _, gamma = atoms.cell.cellpar()
    facts = [atoms.get_chemical_formula(), f"cell {a:.3f} × {b:.3f} Å, {gamma:.1f}°"]
    if roles.is_stack(atoms):
        facts.append(f"spacing {spacing_of(atoms, convention='sheet'):.3f} Å")
    return f"<b>{name}</b>: {', '.join(facts)}"


def unit_sphere(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return P points (P, 3) spread over the unit sphere and its triangles (F, 3), turned outwards.

    Source: the golden spiral; F = 2 P - 4 by Euler's formula.
    """
    z = 1 - (2 * np.arange(points) + 1) / points
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(points)
    ring = np.sqrt(1 - z**2)
    vertices = np.column_stack([ring * np.cos(turn), ring * np.sin(turn), z])
    return vertices, _outwards(vertices, ConvexHull(vertices).simplices)


def _outwards(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Turn the triangles of a body around the origin so that their normals point outwards."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    inwards = np.einsum("fi,fi->f", np.cross(b - a, c - a), a + b + c) < 0
    return np.where(inwards[:, None], faces[:, ::-1], faces)


def _sticks(starts: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points (B, 2 S, 3) and triangles (2 S, 3) of open cylinders from `starts` (B, 3)."""
    along = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    least = np.eye(3)[np.abs(along).argmin(axis=1)]
    first = np.cross(along, least)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(along, first)
    angle = 2 * np.pi * np.arange(CYLINDER_SIDES) / CYLINDER_SIDES
    ring = np.cos(angle)[:, None] * first[:, None] + np.sin(angle)[:, None] * second[:, None]
    base = starts[:, None] + BOND_RADIUS * ring
    vertices = np.concatenate([base, base + vectors[:, None]], axis=1)
    here = np.arange(CYLINDER_SIDES)
    following = (here + 1) % CYLINDER_SIDES
    lower = np.column_stack([here, following, here + CYLINDER_SIDES])
    upper = np.column_stack([following, following + CYLINDER_SIDES, here + CYLINDER_SIDES])
    return vertices, np.concatenate([lower, upper])


def _traces(atoms: Atoms) -> list[go.Mesh3d | go.Scatter3d]:
    """Make one body for each element in each role, and the outline of the cell."""
    tags = atoms.get_tags()
    kinds = dict.fromkeys(sorted(zip(tags, atoms.symbols, strict=True)))
    bodies = [
        _body(atoms, np.flatnonzero((tags == tag) & (np.array(atoms.symbols) == symbol)))
        for tag, symbol in kinds
    ]
    return [_outline(atoms), *bodies]


def _body(atoms: Atoms, own: np.ndarray) -> go.Mesh3d:
    """Make the balls of the atoms `own`, alike in element and tag, and their halves of bonds."""
    symbol, tag = atoms.symbols[own[0]], int(atoms.get_tags()[own[0]])
    first, vectors = drawn_bonds(atoms)
    bonded = np.isin(first, own)
    ball, ball_faces = unit_sphere(SPHERE_POINTS)
    radius = RADIUS_SCALE * covalent_radii[atoms.numbers[own[0]]]
    balls = atoms.positions[own][:, None] + radius * ball
    sticks, stick_faces = _sticks(atoms.positions[first[bonded]], vectors[bonded] / 2)
    points = np.concatenate([balls.reshape(-1, 3), sticks.reshape(-1, 3)]).astype(np.float32)
    rest = _repeated(stick_faces, len(sticks), sticks.shape[1]) + balls[..., 0].size
    faces = np.concatenate([_repeated(ball_faces, len(own), SPHERE_POINTS), rest])
    atom = np.concatenate([own.repeat(SPHERE_POINTS), first[bonded].repeat(sticks.shape[1])])
    role = roles.NAMES.get(tag, "other")
    return go.Mesh3d(
        **dict(zip("xyzijk", [*points.T, *faces.T.astype(_smallest(faces))], strict=True)),
        color="rgb({:.0f},{:.0f},{:.0f})".format(*(255 * c for c in colour_of(symbol))),
        lighting=LIGHT,
        name=f"{symbol}, {role}",
        showlegend=True,
        customdata=atom.astype(_smallest(atom)),
        hovertemplate=f"{symbol}, atom %{{customdata}}: {role} (tag {tag})<extra></extra>",
    )


def _repeated(faces: np.ndarray, copies: int, points: int) -> np.ndarray:
    """Return the triangles (K F, 3) of K bodies with F triangles and P points each, in a row."""
    return (faces + points * np.arange(copies)[:, None, None]).reshape(-1, 3)


def _smallest(numbers: np.ndarray) -> type[np.unsignedinteger]:
    """Return the smaller type that holds indices, since they fill most of a page."""
    return np.uint16 if numbers.max() < 2**16 else np.uint32


def _outline(atoms: Atoms) -> go.Scatter3d:
    """Outline the lateral cell between the lowest and the highest atom."""
    a, b = atoms.cell.array[:2]
    low, high = atoms.positions[:, 2].min(), atoms.positions[:, 2].max()
    up = np.array([0, 0, high - low])
    ground = np.array([0, 0, low])
    walk = [0 * a, a, a + b, b, 0 * a]
    lines = [walk, [p + up for p in walk], *([p, p + up] for p in walk[1:4])]
    gap = np.full(3, np.nan)
    points = np.array([p + ground for line in lines for p in [*line, gap]])
    line = {"color": "black", "width": 2}
    x, y, z = points.T
    return go.Scatter3d(
        x=x, y=y, z=z, mode="lines", line=line, name="cell", showlegend=True, hoverinfo="skip"
    )


def _choose(choices: list[dict[str, Any]]) -> dict[str, Any]:
    place = {"x": 0.01, "y": 1.0, "xanchor": "left", "yanchor": "bottom"}
    return place | {"type": "dropdown", "direction": "down", "buttons": choices}


def _look() -> dict[str, Any]:
    """Make buttons that look from a side; the reader's own turns stay possible."""
    turns = [
        {
            "label": name,
            "method": "relayout",
            "args": [{f"scene.camera.{k}": v for k, v in view.items()}],
        }
        for name, view in VIEWS.items()
    ]
    place = {"x": 0.99, "y": 1.0, "xanchor": "right", "yanchor": "bottom"}
    return place | {"type": "buttons", "direction": "right", "buttons": turns}
