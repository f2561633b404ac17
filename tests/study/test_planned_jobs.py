"""What is planned of jobs that evaluate models, beside what they are made of and what was timed."""

import pytest
from scored import backend_record

from anodeflow.equivalence.records import BackendRecord
from anodeflow.stages.barriers.force_calls import vibration_calls
from anodeflow.stages.declaration import PlannedJob
from anodeflow.stages.dynamics.force_calls import run_calls
from anodeflow.stages.phonons.force_calls import convergence_calls, phonon_calls
from anodeflow.structures.atom_counts import layer_atoms, unit_atoms
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan
from anodeflow.study.planned_jobs import FIRST_CALLS, START_SECONDS, PlannedJobs

RECORD = backend_record(1.3, atoms=130, device="a processor")
RUN = {"equilibration_ps": 1.0, "production_ps": 10.0, "timestep_fs": 0.5}


def planned(kind, atoms, **params) -> PlannedJob:
    return PlannedJob(kind, atoms, 0, group=False, params=params)


def test_atoms_are_counted_as_layers_and_cells_are_built(study_config):
    layers = study_config["structures"]["layers"]
    for name, layer in layers.items():
        base = layers.get(layer.get("base"))
        built = build_layer(layer, cell_height=40.0, base=base)
        assert layer_atoms(layers, name) == len(built), name
        if base is None:
            assert unit_atoms(layer) == len(build_unit(layer, cell_height=40.0)), name
    thick = layers["ti2co2"] | {"n": 3}
    assert unit_atoms(thick) == len(build_unit(thick, cell_height=40.0)) == 9


def test_a_call_takes_what_was_timed_and_between_what_a_line_gives():
    timed = RECORD.model_copy(update={"seconds_by_atoms": {50: 0.9}})
    assert [timed.seconds(n) for n in (50, 130)] == pytest.approx([0.9, 1.3])
    assert timed.seconds(90) == pytest.approx(1.1)
    assert RECORD.seconds(65) == pytest.approx(0.65), "a record of before has one timing"
    falling = RECORD.model_copy(update={"seconds_by_atoms": {50: 2.0}})
    assert [falling.seconds(n) for n in (1, 130, 1000)] == [2.0, 2.0, 2.0]
    bent = RECORD.model_copy(update={"seconds_by_atoms": {50: 0.1}})
    assert bent.seconds(1) == pytest.approx(0.01), "no line to less than nothing"


def test_a_record_keeps_its_timings_in_its_file(tmp_path):
    timed = RECORD.model_copy(update={"seconds_by_atoms": {50: 0.9}})
    timed.write(tmp_path / "record.json")
    assert BackendRecord.read(tmp_path / "record.json") == timed


def test_a_run_is_a_call_a_step():
    assert run_calls(planned("stack", 132, settings=RUN)) == {132: 22_000}
    unknown = RUN | {"timestep_fs": 1.0, "timestep_with_hydrogen_fs": 0.5}
    assert run_calls(planned("stack", 132, settings=unknown)) == {132: 11_000}


@pytest.mark.parametrize(("layer", "fewer"), [("ti2co2", 0), ("graphene", 1)])
def test_phonons_take_no_more_calls_than_phonopy_displaces(study_config, layer, fewer):
    phonopy = pytest.importorskip("phonopy")
    unit = build_unit(study_config["structures"]["layers"][layer], cell_height=40.0)
    settings = {"displacement": 0.01} | study_config["phonons"]["layers"][layer]
    phonon = phonopy.Phonopy(
        phonopy.structure.atoms.PhonopyAtoms(
            unit.get_chemical_symbols(), cell=unit.cell.array, positions=unit.positions
        ),
        settings["supercell"],
    )
    phonon.generate_displacements(distance=0.01)
    calls = 1 + len(phonon.supercells_with_displacements)
    job = planned("unit cell", len(unit), settings=settings, variants=[settings, settings])
    (found,) = phonon_calls(job).items()
    assert found == (len(phonon.supercell), calls + fewer)
    assert convergence_calls(job) == {found[0]: 2 * found[1]}


def test_a_job_takes_its_start_its_first_calls_and_its_calls(study_config, root):
    jobs = PlannedJobs(Plan(load_config(study_config, root=root)), root)
    run = {"model": "mace-mp-0", "run": "m-g_0na_300K_0"}
    seconds = jobs.seconds(RECORD, "run_dynamics", run, {"settings": RUN})
    assert seconds == pytest.approx(START_SECONDS + (FIRST_CALLS + 22_000) * 1.3)


def test_a_layer_from_a_file_is_counted_once_it_is_built(study_config, root, tmp_path):
    proper = PlannedJobs(Plan(load_config(study_config, root=root)), tmp_path)
    sheet = tmp_path / "sheet.xyz"
    sheet.touch()
    file = {"builder": "file", "path": str(sheet), "role": "top", "size": [5, 5]}
    study_config["structures"]["layers"]["graphene"] = file
    jobs = PlannedJobs(Plan(load_config(study_config, root=root)), tmp_path)
    asked = {"model": "mace-mp-0", "structure": "m-g"}, {"settings": {"optimiser": "BFGS"}}
    assert jobs.seconds(RECORD, "relax", *asked) is None
    built = tmp_path / "results/structures/graphene.extxyz"
    built.parent.mkdir(parents=True)
    built.write_text("50\n")
    assert jobs.seconds(RECORD, "relax", *asked) == proper.seconds(RECORD, "relax", *asked)


def test_vibrations_are_a_call_at_rest_and_three_for_each_atom_that_vibrates():
    (few,), (many,) = (vibration_calls(planned("stack", n)).values() for n in (130, 260))
    assert many / few == pytest.approx(4, rel=0.01), "twice the places, and twice the atoms at each"
