"""Files of other programs are read with the elements of all atoms, or refused in a sentence."""

import gzip
import re

import numpy as np
import pytest
from ase import units
from ase.io import write
from vibrating import vibrating

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.imported_frames import read_elements, read_frames

TYPES = {"Ti": 1, "C": 2, "O": 3, "Na": 5}
ELEMENTS = ["Ti", "C", "O", "C", "Na"]


def dump(frames, *, columns, shuffled=False):
    """Write frames as LAMMPS does: x = 0 of its box is ASE's, a along x, velocities in Å/ps."""
    lines = []
    for step, frame in enumerate(frames):
        (ax, *_), (bx, by, _), (*_, cz) = frame.cell.array
        speed = frame.get_velocities() * 1000 * units.fs
        lines += ["ITEM: TIMESTEP", str(10 * step), "ITEM: NUMBER OF ATOMS", str(len(frame))]
        lines += ["ITEM: BOX BOUNDS xy xz yz pp pp pp", f"{min(0, bx)} {ax + max(0, bx)} {bx}"]
        lines += [f"0 {by} 0", f"0 {cz} 0", f"ITEM: ATOMS {columns}"]
        rows = []
        for atom in range(len(frame)):
            known = {"id": atom + 1, "element": frame.symbols[atom]}
            known |= {"type": TYPES[frame.symbols[atom]], "mass": frame.get_masses()[atom]}
            known |= dict(zip(("x", "y", "z"), frame.positions[atom], strict=True))
            known |= dict(zip(("xu", "yu", "zu"), frame.positions[atom], strict=True))
            scaled = frame.cell.scaled_positions(frame.positions[atom])
            known |= dict(zip(("xs", "ys", "zs"), scaled, strict=True))
            known |= dict(zip(("vx", "vy", "vz"), speed[atom], strict=True))
            known |= {"fx": 0.1, "fy": 0.0, "fz": 0.0}
            rows.append(" ".join(str(known[name]) for name in columns.split()))
        lines += rows[::-1] if shuffled else rows
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def frames():
    return vibrating(interval_fs=1.0, count=3)


@pytest.mark.parametrize("place", ["x y z", "xu yu zu", "xs ys zs"])
@pytest.mark.parametrize("who", ["id type", "id type element", "id element", "id mass"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_dump_gives_elements_places_and_velocities(tmp_path, frames, who, place, ending):
    path = tmp_path / "run.lammpstrj"
    text = dump(frames, columns=f"{who} {place} vx vy vz", shuffled=True)
    path.write_bytes(text.replace("\n", ending).encode())
    read = read_frames(path, ELEMENTS if who == "id type" else ())
    assert len(read) == len(frames)
    for found, frame in zip(read, frames, strict=True):
        assert list(found.symbols) == list(frame.symbols)
        np.testing.assert_allclose(found.positions, frame.positions, atol=1e-6)
        np.testing.assert_allclose(found.get_momenta(), frame.get_momenta(), rtol=1e-6, atol=1e-9)
        assert found.pbc.all()


def test_a_dump_may_begin_with_its_units_and_times(tmp_path, frames):
    text = dump(frames, columns="id type x y z vx vy vz")
    step = iter(range(len(frames)))
    timed = re.sub("ITEM: TIMESTEP", lambda _: f"ITEM: TIME\n{next(step)}\nITEM: TIMESTEP", text)
    (tmp_path / "timed.lammpstrj").write_text(f"ITEM: UNITS\nmetal\n{timed}")
    read = read_frames(tmp_path / "timed.lammpstrj", ELEMENTS)
    assert [list(found.symbols) for found in read] == [list(frame.symbols) for frame in frames]


def test_a_dump_that_is_packed_is_read_too(tmp_path, frames):
    path = tmp_path / "run.lammpstrj.gz"
    path.write_bytes(gzip.compress(dump(frames, columns="id type x y z").encode()))
    assert list(read_frames(path, ELEMENTS)[2].symbols) == list(frames[2].symbols)
    with pytest.raises(TrajectoryError, match="atom types up to 5 and no element"):
        read_frames(path)


def test_a_dump_with_forces_has_no_energy(tmp_path, frames):
    """For which ASE puts zeros, that would be drawn as the energy of a run."""
    path = tmp_path / "run.lammpstrj"
    path.write_text(dump(frames, columns="id element x y z fx fy fz"))
    assert all(frame.calc is None for frame in read_frames(path))


def test_atom_types_need_an_element_each(tmp_path, frames):
    path = tmp_path / "run.lammpstrj"
    path.write_text(dump(frames, columns="id type x y z"))
    with pytest.raises(TrajectoryError, match=r"types up to 5 and no element .*--elements Ti,C,O"):
        read_frames(path)
    with pytest.raises(TrajectoryError, match="types up to 5 and 3 elements"):
        read_frames(path, ["Ti", "C", "O"])
    longer = [*ELEMENTS, "H"]  # of a type that the dump does not hold
    assert list(read_frames(path, longer)[0].symbols) == list(frames[0].symbols)


def test_elements_are_for_dumps_with_types_alone(tmp_path, frames):
    write(tmp_path / "run.extxyz", frames)
    (tmp_path / "run.lammpstrj").write_text(dump(frames, columns="id type element x y z"))
    for name in ("run.extxyz", "run.lammpstrj"):
        with pytest.raises(TrajectoryError, match="leave --elements out"):
            read_frames(tmp_path / name, ELEMENTS)
        assert list(read_frames(tmp_path / name)[0].symbols) == list(frames[0].symbols)


def test_elements_are_read_in_their_order_and_known():
    assert read_elements("Ti,C, O,C,Na") == ELEMENTS
    assert read_elements("") == []
    for text in ("Ti,Xx", "Ti,,C", "1,2", "X"):
        with pytest.raises(TrajectoryError, match="which is no element"):
            read_elements(text)


def test_atoms_of_no_element_are_refused(tmp_path, frames):
    nameless = [frame.copy() for frame in frames]
    nameless[1].numbers[4] = 0
    write(tmp_path / "run.traj", nameless)
    with pytest.raises(TrajectoryError, match="atom 4 of frame 1 is of no element"):
        read_frames(tmp_path / "run.traj")
    rows = 'Lattice="3 0 0 0 3 0 0 0 20" Properties=species:S:1:pos:R:3'
    (tmp_path / "types.xyz").write_text(f"1\n{rows}\n1 0.0 0.0 0.0\n")
    with pytest.raises(TrajectoryError, match=r"types\.xyz cannot be read \(unknown name '1'\)"):
        read_frames(tmp_path / "types.xyz")


@pytest.mark.parametrize("text", [None, "", "no frames\n", "ITEM: TIMESTEP\n0\n"])
def test_a_file_that_is_missing_empty_or_cut_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "run.lammpstrj"
    if text is not None:
        path.write_text(text)
    with pytest.raises(TrajectoryError, match=r"run\.lammpstrj cannot be read \(.*\): give frames"):
        read_frames(path)
