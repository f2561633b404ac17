"""CIFs of layers: sites and operations give the atoms, or a sentence says what is missing."""

import gzip

import ase.io
import numpy as np
import pytest
import spglib
import spglib.error
from ase import Atoms
from ase.build import mx2
from layers import from_file, mxene

from anodeflow.errors import StructureError

spglib.error.OLD_ERROR_HANDLING = False  # it raises, as it will

HEAD = """data_layer
_cell_length_a {0:.6f}
_cell_length_b {0:.6f}
_cell_length_c {1:.6f}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
"""
COLUMNS = ("label", "fract_x", "fract_y", "fract_z")


def layers() -> dict[str, tuple[Atoms, str]]:
    """Return layers with their group: P-6m2 of MoS2, P-3m1 of Ti2CO2."""
    sulphide = mx2(vacuum=8.41)
    sulphide.pbc = True
    return {"P -6 m 2": (sulphide, "187"), "P -3 m 1": (mxene(), "164")}


def operations(layer: Atoms) -> str:
    """Return the operations of a layer's group as spglib finds them, as a loop of a CIF."""
    cell = (layer.cell.array, layer.get_scaled_positions(), layer.numbers)
    found = spglib.get_symmetry(cell, symprec=1e-3)
    lines = []
    for rotation, shift in zip(found["rotations"], found["translations"], strict=True):
        axes = [
            "".join(f"{n:+d}*{axis}" for n, axis in zip(row, "xyz", strict=True) if n)
            for row in rotation
        ]
        lines.append(",".join(f"{t:+.6f}{axis}" for t, axis in zip(shift, axes, strict=True)))
    text = "\n".join(lines).replace("1*", "")
    return f"loop_\n_symmetry_equiv_pos_as_xyz\n{text}\n"


def sites(layer: Atoms, digits: int, *, alone: bool = True, **columns) -> str:
    """Return the loop of sites, one of those that are alike, or all; fractions rounded."""
    cell = (layer.cell.array, layer.get_scaled_positions(), layer.numbers)
    alike = spglib.get_symmetry_dataset(cell, symprec=1e-3).equivalent_atoms
    chosen = np.unique(alike) if alone else np.arange(len(layer))
    head = [f"_atom_site_{name}" for name in (*COLUMNS, *columns)]
    lines = []
    for number, i in enumerate(chosen):
        place = " ".join(f"{x:.{digits}f}" for x in layer.get_scaled_positions()[i])
        more = " ".join(str(values[number]) for values in columns.values())
        lines.append(f"{layer.symbols[i]}{number} {place} {more}")
    return "\n".join(["loop_", *head, *lines, ""])


def write(path, layer: Atoms, group: str, loop: str):
    head = HEAD.format(layer.cell.lengths()[0], layer.cell.lengths()[2])
    path.write_text(head + group + loop)
    return path


def distances(layer: Atoms) -> np.ndarray:
    flat = Atoms(layer.numbers, layer.positions, cell=layer.cell, pbc=[True, True, False])
    flat.positions[:, 2] -= flat.positions[:, 2].min()
    return np.sort(flat.repeat((3, 3, 1)).get_all_distances(mic=True), axis=None)


@pytest.mark.parametrize("name", ["P -6 m 2", "P -3 m 1"])
@pytest.mark.parametrize("digits", [3, 4, 6])
@pytest.mark.parametrize("told", ["name", "number", "operations", "operations of no known name"])
def test_rounded_sites_are_the_layer_however_its_group_is_told(tmp_path, name, digits, told):
    layer, number = layers()[name]
    group = {
        "name": f"_symmetry_space_group_name_H-M '{name}'\n",
        "number": f"_space_group_IT_number {number}\n",
        "operations": operations(layer),
        "operations of no known name": "_space_group_name_H-M_alt 'mine'\n" + operations(layer),
    }[told]
    path = write(tmp_path / "layer.cif", layer, group, sites(layer, digits))
    found = from_file(path, "bottom")
    assert sorted(found.symbols) == sorted(layer.symbols)
    # Heights are as rounded as they are written; 1/3 and 2/3 are exact again.
    height = layer.cell.lengths()[2] * 10.0**-digits
    assert distances(found) == pytest.approx(distances(layer), abs=1e-5 + height)
    thirds = 3 * (found.get_scaled_positions()[:, :2] - found.get_scaled_positions()[0, :2])
    assert thirds == pytest.approx(np.round(thirds), abs=1e-4)


def test_all_sites_beside_a_group_are_the_layer_itself(tmp_path):
    layer, _ = layers()["P -6 m 2"]
    group = "_symmetry_space_group_name_H-M 'P -6 m 2'\n"
    loop = sites(layer, 3, alone=False, occupancy=[1, 1, 1])
    assert len(from_file(write(tmp_path / "all.cif", layer, group, loop), "bottom")) == 3
    plain = write(tmp_path / "one.cif", layer, "_space_group_IT_number 1\n", loop)
    assert len(from_file(plain, "bottom")) == 3
    (tmp_path / "one.cif.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert len(from_file(tmp_path / "one.cif.gz", "bottom")) == 3


@pytest.mark.parametrize("group", ["", "_symmetry_space_group_name_H-M ?\n", "_cell_volume 9\n"])
def test_a_cif_without_group_and_operations_is_refused_for_that(tmp_path, group):
    layer, _ = layers()["P -6 m 2"]
    path = write(tmp_path / "layer.cif", layer, group, sites(layer, 6))
    with pytest.raises(StructureError, match=r"layer\.cif: .*names no space group .* and lists no"):
        from_file(path, "bottom")


def test_a_group_that_nobody_knows_is_named(tmp_path):
    layer, _ = layers()["P -6 m 2"]
    group = "_symmetry_space_group_name_H-M 'P -6 m 2 x'\n"
    path = write(tmp_path / "layer.cif", layer, group, sites(layer, 6))
    with pytest.raises(StructureError, match=r"space group P -6 m 2 x, which ASE does not know"):
        from_file(path, "bottom")


@pytest.mark.parametrize("name", ["P -6 m 2", "P -3 m 1"])
def test_sites_that_are_too_rough_for_their_place_are_refused_with_what_to_write(tmp_path, name):
    layer, number = layers()[name]
    path = write(
        tmp_path / "layer.cif", layer, f"_space_group_IT_number {number}\n", sites(layer, 2)
    )
    with pytest.raises(StructureError, match=r"at 0\.\d+, .* from its own image .*1/3 as 0\.3333"):
        from_file(path, "bottom")


def test_two_elements_in_one_place_are_refused_where_no_occupancies_say_which(tmp_path):
    layer, _ = layers()["P -6 m 2"]
    group = "_space_group_IT_number 187\n"
    place = sites(layer, 6).splitlines()[-1].split(maxsplit=1)[1]
    loop = f"{sites(layer, 6)}Se9 {place}\n"
    with pytest.raises(StructureError, match=r"site 2 \(Se\) lies in the place of S, and no occu"):
        from_file(write(tmp_path / "two.cif", layer, group, loop), "bottom")
    shared = sites(layer, 6, occupancy=[1, 0.5]) + f"Se9 {place} 0.5\n"
    with pytest.raises(StructureError, match=r"occupied in part \(S 0\.5, Se 0\.5\)"):
        from_file(write(tmp_path / "part.cif", layer, group, shared), "bottom")


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("charge", [0, -0.4], r"charges up to 0\.4 e"),
        ("spin", [1.5, 0], r"magnetic moments up to 1\.5"),
        ("attached_hydrogens", [0, 2], "hydrogen as attached to other sites"),
        ("attached_hydrogens", [0, 0], None),
        ("charge", ["?", "."], None),
        ("B_iso_or_equiv", [0.5, 0.7], None),
        ("site_symmetry_multiplicity", [1, 2], None),
    ],
)
def test_columns_of_sites_are_refused_where_they_say_something(tmp_path, column, values, sentence):
    layer, _ = layers()["P -6 m 2"]
    group, loop = "_space_group_IT_number 187\n", sites(layer, 6, **{column: values})
    path = write(tmp_path / "layer.cif", layer, group, loop)
    if sentence is None:
        assert len(from_file(path, "bottom")) == 3
        return
    with pytest.raises(StructureError, match=sentence):
        from_file(path, "bottom")


def test_deuterium_is_refused_as_an_isotope_in_every_format(tmp_path):
    layer = mxene()
    top = layer.positions[layer.positions[:, 2].argmax()]
    layer += Atoms("H", positions=[top + np.array([0, 0, 0.97])])
    ase.io.write(tmp_path / "h.cif", layer)
    text = (tmp_path / "h.cif").read_text()
    (tmp_path / "d.cif").write_text(text.replace("  H   H1 ", "  D   D1 "))
    with pytest.raises(StructureError, match=r"atom 5 \(H\) has a mass of 2\.014 u.*isotopes \(D"):
        from_file(tmp_path / "d.cif", "bottom")
    for name, old, new in (("d.vasp", " H", " D"), ("d.extxyz", "\nH ", "\nT ")):
        layer.write(tmp_path / name)
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))
        with pytest.raises(StructureError, match=rf"names atoms {new.strip()}, .*: write H\."):
            from_file(tmp_path / name, "bottom")
