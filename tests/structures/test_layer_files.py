"""Files of layers as people have them: cells, orientations, and what else they say."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import graphene
from ase.constraints import FixAtoms
from ase.geometry import cell_to_cellpar
from layers import DATA, from_file, mxene, sheet

from anodeflow.errors import StructureError


def distances(layer: Atoms) -> np.ndarray:
    """Return all distances of a supercell with its images, which no choice of cell changes."""
    return np.sort(layer.repeat((3, 3, 1)).get_all_distances(mic=True), axis=None)


@pytest.mark.parametrize(
    ("file", "role", "tags"),
    [
        ("janus_lefthanded.vasp", "bottom", [0, 0, 2, 1, 3]),
        ("graphene_noc.xyz", "top", [10, 10]),
        ("MoS2_rounded.vasp", "bottom", [0, 3, 1]),
        ("MoS2_c2db.xyz", "bottom", [0, 3, 1]),
        ("hBN.vasp", "top", [10, 10]),
    ],
)
def test_files_of_databases_are_taken_with_their_roles(file, role, tags):
    layer, raw = from_file(DATA / file, role), ase.io.read(DATA / file)
    assert layer.get_tags().tolist() == tags
    # Atoms keep their places: heights, and distances among periodic images.
    assert np.ptp(layer.positions[:, 2]) == pytest.approx(np.ptp(raw.positions[:, 2]), abs=1e-6)
    raw.cell[2], raw.pbc = [0, 0, 40.0], True
    assert distances(layer) == pytest.approx(distances(raw), abs=2e-3)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("Ti2CTx_partial.cif", r"occupied in part \(O 0\.5, F 0\.3\)"),
        ("Ti2COx_vacancies.cif", r"occupied in part \(C 0\.85, O 0\.5\)"),
        ("janus_c_along_x.vasp", r"widest gap \(25\.1 Å\) is along x"),
        ("janus_c_first.vasp", r"widest gap \(25\.1 Å\) is along x"),
    ],
)
def test_files_that_cannot_be_right_are_refused_in_a_sentence_that_says_why(file, sentence):
    for role in ("bottom", "top"):
        with pytest.raises(StructureError, match=rf"{file}: .*{sentence}"):
            from_file(DATA / file, role)


def test_a_layer_is_itself_in_every_cell_that_holds_it(tmp_path):
    wanted = distances(from_file_of(mxene(), tmp_path))
    cell = mxene().cell.array
    others = {
        "swapped": cell[[1, 0, 2]],
        "c first": cell[[2, 0, 1]],
        "c second, down": (cell * [[1], [1], [-1]])[[0, 2, 1]],
        "60": np.array([cell[0], cell[0] + cell[1], cell[2]]),
        "leaning": cell + np.array([[0, 0, 0], [0, 0, 0], [4, 1, 0]]),
        "no c": cell * [[1], [1], [0]],
        "low": cell * [[1], [1], [0.5 / 30]],
    }
    for name, vectors in others.items():
        for angle in (0, 30, 77):
            layer = mxene()
            layer.set_cell(vectors)
            layer.pbc = [name not in ("no c", "low")] * 3
            layer.rotate(angle, "z", rotate_cell=True)
            found = from_file_of(layer, tmp_path)
            assert distances(found) == pytest.approx(wanted, abs=1e-5), (name, angle)
            assert sorted(found.get_tags()) == [0, 0, 1, 2, 3]


def from_file_of(layer: Atoms, folder, role: str = "bottom") -> Atoms:
    """Write a layer and build it from the file."""
    ase.io.write(folder / "layer.extxyz", layer)
    return from_file(folder / "layer.extxyz", role)


@pytest.mark.parametrize("shift", [1e-9, -1e-9, 0.0, 0.5, 0.33])
def test_atoms_on_the_boundary_of_the_cell_stay_in_their_plane(tmp_path, shift):
    layer = mxene()
    layer.positions[:, 2] -= layer.positions[2, 2]
    fractions = layer.get_scaled_positions(wrap=False)
    layer.set_scaled_positions(fractions + np.array([shift, -shift, shift]))
    layer.wrap(eps=0)
    found = from_file_of(layer, tmp_path)
    assert np.ptp(found.positions[:, 2]) == pytest.approx(2 * 2.232, abs=1e-6)
    assert (found.get_scaled_positions(wrap=False) < 1).all()


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ([2.46, 4.26, 20, 90, 90, 90], r"2\.460 and 4\.260 Å long, where a = b"),
        ([2.46, 2.46, 20, 90, 90, 90], r"90\.0° apart, where 120 or 60"),
        ([2.46, 2.46, 20, 90, 90, 118], r"118\.0° apart"),
        ([2.46, 2.46, 20, 90, 70, 120], None),
    ],
)
def test_a_cell_that_is_not_hexagonal_is_refused_by_its_one_fault(tmp_path, cell, sentence):
    layer = Atoms("C2", positions=[[0, 0, 10], [0, 1.42, 10]], cell=cell, pbc=True)
    if sentence is None:  # only c leans, which changes nothing of a layer
        assert len(from_file_of(layer, tmp_path, "top")) == 2
        return
    with pytest.raises(StructureError, match=sentence) as raised:
        from_file_of(layer, tmp_path, "top")
    assert str(raised.value).count("needed") == 1


def test_a_tilted_layer_is_refused_with_its_angle(tmp_path):
    layer = sheet(1)
    layer.rotate(12, layer.cell[0], rotate_cell=True)
    assert cell_to_cellpar(layer.cell)[5] == pytest.approx(120)
    with pytest.raises(StructureError, match=r"vector 2 leaves the plane of x and y by 10\.4°"):
        from_file_of(layer, tmp_path, "top")


def held(layer: Atoms) -> None:
    layer.set_constraint(FixAtoms([0]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (held, "fixes 1 of 2 atoms"),
        (lambda a: a.set_initial_charges([0.0, -0.4]), r"charges up to 0\.4 e"),
        (lambda a: a.set_initial_magnetic_moments([1.5, 0]), r"magnetic moments up to 1\.5 µB"),
        (lambda a: a.set_initial_magnetic_moments([[0, 0, 2], [0, 0, 0]]), r"moments up to 2 µB"),
        (lambda a: a.set_momenta([[0, 0, 0.1], [0, 0, 0]]), r"momenta up to 0\.1"),
        (lambda a: a.set_masses([13.003, 12.011]), r"atom 0 \(C\) has a mass of 13\.003 u"),
        (lambda a: a.set_array("occupancy", np.array([1.0, 0.6])), r"in part \(C 0\.6\)"),
    ],
    ids=["fixed", "charge", "moment", "non-collinear", "momenta", "isotope", "occupancy"],
)  # fmt: skip
def test_what_a_file_says_and_nothing_uses_is_refused(tmp_path, change, sentence):
    layer = graphene(vacuum=8.0)
    change(layer)
    ase.io.write(tmp_path / "layer.traj" if sentence[:3] != "in " else tmp_path / "x.xyz", layer)
    path = next(tmp_path.iterdir())
    with pytest.raises(StructureError, match=sentence):
        from_file(path, "top")


NOTHING = {"occupied in part": 1.0, "fixes 1 of 2": 0.0}


@pytest.mark.parametrize(
    ("names", "values", "sentence"),
    [
        ("occ site_occupancy siteOccupancy occupancies SOF", [1.0, 0.5], "occupied in part"),
        ("charge charges initial_charges bader_charge q", [0.0, -0.4], r"charges up to 0\.4 e"),
        (
            "magmom magmoms magnetic_moments spin spins spin_up",
            [1.5, 0.0],
            r"moments up to 1\.5 µB",
        ),
        ("vel velo velocity velocities", [0.0, 0.1], r"velocities up to 0\.1"),
        ("mass Masses isotope", [13.0, 12.0], r"atom 0 \(C\) has a mass of 13\.000 u"),
        ("fixed frozen constraint", [1.0, 0.0], "fixes 1 of 2"),
    ],
)
def test_a_column_of_any_name_is_refused_where_it_says_something(tmp_path, names, values, sentence):
    for name in names.split():
        layer = graphene(vacuum=8.0)
        for given in (values, [NOTHING.get(sentence, 0.0)] * 2):
            layer.arrays.pop(name, None)
            layer.set_array(name, np.array(given))
            ase.io.write(tmp_path / "layer.xyz", layer, format="extxyz")
            text = (tmp_path / "layer.xyz").read_text()
            assert ":R:1" in text
            if given is values:
                with pytest.raises(StructureError, match=sentence):
                    from_file(tmp_path / "layer.xyz", "top")
            else:
                assert len(from_file(tmp_path / "layer.xyz", "top")) == 2


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("charge", 1, r"charges up to 1 e \(charge\)"),
        ("total_charge", -0.5, r"charges up to 0\.5 e"),
        ("net_charge", 0, None),
        ("spin", 3, "multiplicity of spin up to 3"),
        ("spin", 1, None),
        ("spin_multiplicity", 1, None),
        ("multiplicity", 2, "multiplicity of spin up to 2"),
        ("magmoms", [1.5, 0.0], r"magnetic moments up to 1\.5"),
        ("total_magmom", 2.0, r"magnetic moments up to 2"),
        ("occupancies", [1.0, 0.5], r"in part \(C 0\.5\)"),
        ("selective_dynamics", [True, False], "fixes 1 of 2"),
        ("spin_polarized", True, None),
        ("charge_method", "Bader", None),
        ("energy_per_atom", -9.2, None),
    ],
)
def test_a_key_of_the_structure_is_held_to_the_same_rule(tmp_path, key, value, sentence):
    layer = graphene(vacuum=8.0)
    layer.info[key] = np.array(value) if isinstance(value, list) else value
    ase.io.write(tmp_path / "layer.extxyz", layer)
    if sentence is None:
        assert len(from_file(tmp_path / "layer.extxyz", "top")) == 2
        return
    with pytest.raises(StructureError, match=sentence):
        from_file(tmp_path / "layer.extxyz", "top")


def test_what_says_nothing_passes(tmp_path):
    layer = graphene(vacuum=8.0)
    layer.set_initial_charges([0.0, 0.0])
    layer.set_initial_magnetic_moments([0.0, 0.0])
    layer.set_momenta(np.zeros((2, 3)))
    ase.io.write(tmp_path / "zeros.traj", layer)
    ase.io.write(tmp_path / "whole.cif", layer)  # writes occupancies of 1
    assert len(from_file(tmp_path / "zeros.traj", "top")) == 2
    assert len(from_file(tmp_path / "whole.cif", "top")) == 2


SELECTIVE = """graphene
1.0
2.46 0 0
-1.23 2.13042 0
0 0 20
C
2
Selective dynamics
Direct
0 0 0.5 T T T
0.3333333 0.6666667 0.5 T T {last}
"""


def test_selective_dynamics_that_fix_nothing_pass_and_others_are_refused(tmp_path):
    (tmp_path / "free.vasp").write_text(SELECTIVE.format(last="T"))
    (tmp_path / "held.vasp").write_text(SELECTIVE.format(last="F"))
    assert len(from_file(tmp_path / "free.vasp", "top")) == 2
    with pytest.raises(StructureError, match=r"fixes 1 of 2 atoms.*selective dynamics"):
        from_file(tmp_path / "held.vasp", "top")


def test_two_atoms_on_one_site_and_two_structures_in_a_file_are_refused(tmp_path):
    layer = graphene(vacuum=8.0)
    twice = layer + layer[:1]
    with pytest.raises(StructureError, match=r"atoms 0 \(C\) and 2 \(C\) are 0\.00 Å apart"):
        from_file_of(twice, tmp_path, "top")
    ase.io.write(tmp_path / "two.traj", [layer, layer])
    with pytest.raises(StructureError, match=r"two\.traj holds 2 structures"):
        from_file(tmp_path / "two.traj", "top")


MOMENTS = """loop_
_atom_site_moment.label
_atom_site_moment.crystalaxis_x
C1 {0}
"""


def test_columns_of_a_cif_that_ase_does_not_read_are_refused_where_they_say_something(tmp_path):
    layer = graphene(vacuum=8.0)
    layer.pbc = True
    ase.io.write(tmp_path / "plain.cif", layer)
    plain = (tmp_path / "plain.cif").read_text()
    for name, text in (("none", MOMENTS.format("0.0")), ("some", MOMENTS.format("3.0"))):
        (tmp_path / f"{name}.cif").write_text(f"{plain}\n{text}")
    assert len(from_file(tmp_path / "none.cif", "top")) == 2
    with pytest.raises(StructureError, match="gives magnetic moments"):
        from_file(tmp_path / "some.cif", "top")
    whole = plain.replace(" 1.0000", " .").replace(" 1.0\n", " .\n")
    (tmp_path / "unsaid.cif").write_text(whole)
    assert len(from_file(tmp_path / "unsaid.cif", "top")) == 2
    ordered = plain.replace("_atom_site_occupancy", "_atom_site_disorder_group")
    (tmp_path / "disorder.cif").write_text(ordered)
    with pytest.raises(StructureError, match="gives disorder"):
        from_file(tmp_path / "disorder.cif", "top")


SHELX = """TITL x
CELL 1.0 2.46 2.46 20 90 90 120
LATT {latt}
SFAC C
C 1 0 0 0.5 {first}
C 1 0.333333 0.666667 0.5 1.0
END
"""


def test_a_shelx_file_is_refused_for_occupancies_and_symmetry_that_ase_does_not_read(tmp_path):
    for first, latt, sentence in (
        ("0.5", "-1", r"occupied in part \(C 0\.5\)"),
        ("10.25", "-1", r"occupied in part \(C 0\.25\)"),
        ("1.0", "1", r"gives symmetry \(LATT 1\)"),
    ):
        (tmp_path / "layer.res").write_text(SHELX.format(first=first, latt=latt))
        with pytest.raises(StructureError, match=sentence):
            from_file(tmp_path / "layer.res", "top")
    (tmp_path / "layer.res").write_text(SHELX.format(first="11.0", latt="-1"))
    assert len(from_file(tmp_path / "layer.res", "top")) == 2
    (tmp_path / "none.cif").write_text("data_x\n_cell_length_a 3\n")
    with pytest.raises(StructureError, match=r"none\.cif holds no structure that can be read"):
        from_file(tmp_path / "none.cif", "top")
