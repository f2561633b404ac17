"""Calculators in another Python: their numbers, their failures, and how they end."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from anodeflow.errors import CalculatorError
from anodeflow.models.socket_calculator import PROGRAM, SocketCalculator

MINE = """
import os, signal, time
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

class Mine(Calculator):
    implemented_properties = ["energy", "forces", "stress"]

    def __init__(self, manner):
        super().__init__()
        self.manner = manner
        if manner == "never opens":
            raise RuntimeError("no such model\\nin two lines")

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        print("said at work")
        if self.manner == "raises":
            raise ArithmeticError("lost a number")
        if self.manner == "exits":
            os._exit(7)
        if self.manner == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.manner == "sleeps":
            open("asleep", "w").close()
            time.sleep(120)
        forces = np.full((len(atoms), 3), np.nan if self.manner == "has no forces" else 0.0)
        threads = float(os.environ["OMP_NUM_THREADS"])
        self.results = {"energy": threads, "forces": forces, "stress": np.zeros((3, 3))}
"""
PARENT = """
import sys
from ase.build import bulk
from anodeflow.models.socket_calculator import SocketCalculator
calc = SocketCalculator(sys.executable, "mine:Mine", {"manner": sys.argv[1]})
print(calc._child.pid, flush=True)
atoms = bulk("Cu", cubic=True)
atoms.calc = calc
atoms.get_forces()
if sys.argv[2:] == ["stay"]:
    sys.stdin.read()
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Put a module with a calculator of many manners into the working directory."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)

    def opened(manner):
        return SocketCalculator(sys.executable, "mine:Mine", {"manner": manner})

    return opened


def served(entry, **kwargs):
    return SocketCalculator(sys.executable, entry, kwargs)


def rattled(element, **cell):
    atoms = bulk(element, cubic=True, **cell) * (2, 1, 1)
    atoms.rattle(0.1, seed=1)
    return atoms


def all_of(atoms, calculator):
    """Return energy, forces and stress of a copy, as one array."""
    probe = atoms.copy()
    probe.calc = calculator
    values = [probe.get_potential_energy(), probe.get_forces(), probe.get_stress()]
    return np.concatenate([np.ravel(value) for value in values])


def test_a_served_calculator_gives_the_numbers_of_the_direct_one():
    copper = rattled("Cu")
    sheared = copper.copy()
    sheared.set_cell(copper.cell @ [[1.02, 0.01, 0.0], [0.0, 0.99, 0.03], [0.0, 0.0, 1.0]])
    calculator = served("ase.calculators.emt:EMT")
    for atoms in (copper, sheared, rattled("Al"), rattled("Au") * (1, 2, 1), copper):
        direct = all_of(atoms, EMT())
        assert np.abs(direct[-6:]).max() > 1e-3
        np.testing.assert_allclose(all_of(atoms, calculator), direct, rtol=1e-12, atol=1e-12)


def test_keyword_arguments_reach_the_calculator_and_open_boundaries_its_atoms():
    options = {"sigma": 2.2, "epsilon": 0.3, "rc": 5.0}
    calculator = served("ase.calculators.lj:LennardJones", **options)
    for pbc in (True, [True, True, False]):
        atoms = rattled("Cu")
        atoms.pbc = pbc
        direct = all_of(atoms, LennardJones(**options))
        np.testing.assert_allclose(all_of(atoms, calculator), direct, rtol=1e-12, atol=1e-12)


def test_the_result_of_a_call_does_not_depend_on_the_calls_before():
    atoms = rattled("Cu")
    calculator = served("ase.calculators.emt:EMT")
    first = all_of(atoms, calculator)
    for seed in range(3):
        other = atoms.copy()
        other.rattle(0.05, seed=seed)
        all_of(other, calculator)
    np.testing.assert_array_equal(all_of(atoms, calculator), first)


def test_the_child_has_the_threads_of_its_job(mine, monkeypatch):
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        assert all_of(rattled("Cu"), mine("works"))[0] == float(threads)


def test_forces_that_are_not_finite_arrive_as_they_are(mine):
    values = all_of(rattled("Cu"), mine("has no forces"))
    assert np.isfinite(values[0])
    assert np.isnan(values[1:-6]).all()


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        ("never opens", "ended with status 1.*RuntimeError: no such model in two lines;"),
        ("raises", "ended with status 1.*ArithmeticError: lost a number;"),
        ("exits", "ended with status 7"),
        ("is killed", "ended by SIGKILL"),
    ],
)
def test_a_failure_of_the_child_is_one_sentence_and_its_words_are_in_the_log(
    mine, capsys, manner, said
):
    with pytest.raises(CalculatorError, match=said) as caught:
        all_of(rattled("Cu"), mine(manner))
    assert "\n" not in str(caught.value)
    assert f"mine:Mine in {sys.executable}" in str(caught.value)
    log = capsys.readouterr().err
    if manner in ("never opens", "raises"):
        assert "Traceback" in log
    if manner == "raises":
        assert "said at work" in log


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("no_such_module:Calculator", "No module named 'no_such_module'"),
        ("ase.calculators.emt:NoSuch", "has no attribute 'NoSuch'"),
        ("ase.calculators.tip3p:TIP3P", "gives no stress"),
    ],
)
def test_an_entry_that_cannot_be_opened_is_named_with_the_reason(entry, said):
    with pytest.raises(CalculatorError, match=said):
        served(entry)


def test_a_python_that_is_not_there_is_answered_with_where_its_path_stands():
    with pytest.raises(CalculatorError, match=r"none/bin/python cannot be started .*environments"):
        SocketCalculator("none/bin/python", "ase.calculators.emt:EMT", {})


def test_the_library_s_modules_hide_none_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entry = f"{PROGRAM.stem}:EMT"
    (tmp_path / PROGRAM.name).write_text("from ase.calculators.emt import EMT")
    direct = all_of(rattled("Cu"), EMT())
    np.testing.assert_allclose(all_of(rattled("Cu"), served(entry)), direct, rtol=1e-12)


def test_signals_to_the_whole_job_leave_the_call_at_hand_its_child(mine):
    calculator = mine("works")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        os.kill(calculator._child.pid, number)
    time.sleep(0.1)
    assert np.isfinite(all_of(rattled("Cu"), calculator)).all()


def runs(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
@pytest.mark.parametrize("manner", ["works", "sleeps"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_child_ends_with_its_parent_and_leaves_no_file(mine, tmp_path, manner, number):
    command = [sys.executable, "-c", PARENT, manner, "stay"]
    kept = tmp_path / "temporary"
    kept.mkdir()
    variables = os.environ | {"TMPDIR": str(kept)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=variables, **pipes) as parent:
        pid = int(parent.stdout.readline())
        while manner == "sleeps" and not (tmp_path / "asleep").exists():
            time.sleep(0.01)
        assert runs(pid)
        parent.send_signal(number)
        parent.wait()
    _wait_until(lambda: not runs(pid))
    assert list(kept.iterdir()) == []


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
def test_the_child_ends_with_a_parent_that_ends_well(mine, tmp_path):
    command = [sys.executable, "-W", "error", "-c", PARENT, "works"]
    parent = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert parent.stderr == ""
    assert not runs(int(parent.stdout))


def test_the_child_ends_when_nobody_holds_its_calculator(mine):
    calculator = mine("works")
    child = calculator._child
    assert child.poll() is None
    del calculator
    gc.collect()
    assert child.poll() is not None


def test_several_children_at_once_answer_their_own_parents():
    calculators = [served("ase.calculators.lj:LennardJones", epsilon=float(k)) for k in (1, 2, 3)]
    atoms = Atoms("Ar2", [[0, 0, 0], [0, 0, 1.2]], cell=[9, 9, 9], pbc=True)
    energies = [all_of(atoms, calculator)[0] for calculator in calculators]
    np.testing.assert_allclose(energies, energies[0] * np.array([1, 2, 3]), rtol=1e-12)


def _wait_until(ended, seconds=10):
    deadline = time.monotonic() + seconds
    while not ended():
        assert time.monotonic() < deadline
        time.sleep(0.02)
