"""Structure files: all that is written comes back, and what is broken says so in one sentence."""

import os

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixedPlane
from ase.io import extxyz

from anodeflow.errors import StructureError
from anodeflow.structures.files import read_frames, read_structure, write_frames, write_structure


def make_atoms(offset: float = 0.0) -> Atoms:
    rng = np.random.default_rng(1)
    atoms = Atoms(
        "TiCO2",
        positions=rng.random((4, 3)) * 9 + offset,
        cell=[[3, 0, 0], [-1.5, 2.6, 0], [0, 0, 40]],
        pbc=True,
        tags=[0, 2, 1, 3],
    )
    atoms.info = {
        "builder": "mxene",
        "seed": "none (deterministic)",
        "strain_top": -0.0146,
        "registry": [0.0, 0.5],
        "steps": 12,
    }
    atoms.calc = SinglePointCalculator(
        atoms, energy=-12.5 - offset, forces=rng.random((4, 3)), stress=rng.random(6)
    )
    return atoms


def assert_same(read: Atoms, written: Atoms) -> None:
    assert read.get_chemical_symbols() == written.get_chemical_symbols()
    assert read.get_tags().tolist() == written.get_tags().tolist()
    assert read.positions == pytest.approx(written.positions, abs=1e-8)
    assert read.cell.array == pytest.approx(written.cell.array)
    assert read.pbc.all()
    assert read.get_potential_energy() == pytest.approx(written.get_potential_energy())
    assert read.get_forces() == pytest.approx(written.get_forces(), abs=1e-8)
    assert read.get_stress() == pytest.approx(written.get_stress(), abs=1e-8)


def test_tags_metadata_energy_forces_and_stress_come_back(tmp_path):
    atoms = make_atoms()
    write_structure(tmp_path / "new" / "a.extxyz", atoms)
    read = read_structure(tmp_path / "new" / "a.extxyz")
    assert_same(read, atoms)
    assert read.info["builder"] == "mxene"
    assert read.info["seed"] == "none (deterministic)"
    assert read.info["strain_top"] == -0.0146
    assert read.info["steps"] == 12
    assert list(read.info["registry"]) == [0.0, 0.5]


def test_a_series_comes_back_in_order(tmp_path):
    frames = [make_atoms(offset) for offset in (0.0, 1.0, 2.0)]
    write_frames(tmp_path / "a.extxyz", frames)
    for read, written in zip(read_frames(tmp_path / "a.extxyz"), frames, strict=True):
        assert_same(read, written)


def test_a_single_atom_and_a_constrained_one_come_back(tmp_path):
    write_structure(tmp_path / "a.extxyz", Atoms("Na", cell=np.eye(3) * 4, pbc=True, tags=[20]))
    assert len(read_structure(tmp_path / "a.extxyz")) == 1
    atoms = make_atoms()
    atoms.set_constraint(FixedPlane(0, (0, 0, 1)))
    write_structure(tmp_path / "b.extxyz", atoms)
    assert_same(read_structure(tmp_path / "b.extxyz"), make_atoms())


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.extxyz"
    write_structure(path, make_atoms())
    before = path.read_text()

    def fail(file, frames):
        file.write("4\nhalf of")
        raise OSError("disk full")

    monkeypatch.setattr(extxyz, "write_xyz", fail)
    with pytest.raises(OSError, match="disk full"):
        write_structure(path, make_atoms(1.0))
    assert path.read_text() == before
    assert os.listdir(tmp_path) == ["a.extxyz"]


@pytest.mark.parametrize("frames", [1, 3])
def test_a_file_cut_anywhere_is_refused(tmp_path, frames):
    path = tmp_path / "a.extxyz"
    write_frames(path, [make_atoms(offset) for offset in range(frames)])
    text = path.read_text()
    whole = {0}
    for number in range(1, frames):
        write_frames(path, [make_atoms(offset) for offset in range(number)])
        whole.add(len(path.read_text()))
    for length in range(0, len(text), 7):
        if length in whole:
            continue
        path.write_text(text[:length])
        with pytest.raises(StructureError, match=r"a\.extxyz"):
            read_frames(path)


def test_a_cut_file_says_how_many_atoms_are_left(tmp_path):
    path = tmp_path / "a.extxyz"
    write_structure(path, make_atoms())
    path.write_text("\n".join(path.read_text().split("\n")[:4]) + "\n")
    with pytest.raises(StructureError, match="is cut: structure 1 has 2 of its 4 atoms"):
        read_structure(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<html>not found</html>\n", "line 1 of .* should be a number of atoms"),
        (b"\x89PNG\xff\xfe\x00", "cannot be read as text"),
        (b'1\nLattice="3 0 0 0 3 0 0 0 9"\nQq 0 0 0\n', "cannot be read as extended XYZ"),
        (b"1\nProperties=species:S:1:pos:R:3\nNa 0 zero 0\n", "cannot be read as extended XYZ"),
    ],
)
def test_other_contents_are_refused_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "a.extxyz"
    path.write_bytes(content)
    with pytest.raises(StructureError, match=sentence) as caught:
        read_structure(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(StructureError, match=r"none\.extxyz does not exist"):
        read_structure(tmp_path / "none.extxyz")
    with pytest.raises(StructureError, match="cannot be read as text"):
        read_structure(tmp_path)


def test_a_structure_without_tags_is_refused(tmp_path):
    atoms = make_atoms()
    atoms.set_tags(0)
    write_structure(tmp_path / "a.extxyz", atoms)
    with pytest.raises(StructureError, match=r"structure 1 of .* has no tags"):
        read_structure(tmp_path / "a.extxyz")


def test_a_series_is_not_taken_for_one_structure(tmp_path):
    write_frames(tmp_path / "a.extxyz", [make_atoms(), make_atoms(1.0)])
    with pytest.raises(StructureError, match="holds 2 structures where one is expected"):
        read_structure(tmp_path / "a.extxyz")
