"""The elements that files of weights tell of: beside those that the opened models have."""

import os

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.data import chemical_symbols
from places import DEMO_MODEL, ROOT

from anodeflow.elements import SYMBOLS, told_unknown
from anodeflow.errors import CalculatorError
from anodeflow.models.chgnet import load_chgnet
from anodeflow.models.loading import load_calculator
from anodeflow.models.mace import load_mace
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.models.weights.known_elements import known_elements
from anodeflow.models.weights.sources import find_source
from anodeflow.process.model_messages import quiet_loading

SEVENNET = ROOT / ".envs/sevennet/bin/python"


def test_symbols_are_those_of_ase_in_the_order_of_atomic_numbers():
    assert list(SYMBOLS) == chemical_symbols[1:]


def test_a_mace_file_tells_the_elements_of_the_model_that_it_opens_as():
    with quiet_loading():
        opened = load_mace(DEMO_MODEL, "cpu", "float64")
    expected = [chemical_symbols[number] for number in sorted(opened.elements)]
    assert known_elements(DEMO_MODEL, "mace") == expected == ["H", "C", "O", "Na", "Ti"]


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
@pytest.mark.parametrize("name", ["0.2.0", "0.3.0", "r2scan"])
def test_a_chgnet_file_tells_all_elements_that_the_opened_model_evaluates(name):
    file = find_source(name, "chgnet", None, None)
    known = known_elements(file, "chgnet")
    with quiet_loading():
        calc = load_chgnet(file, "cpu", "float32")
    pair = Atoms(["C", known[-1]], positions=[[0, 0, 0], [0, 0, 2.5]], cell=[9, 9, 9], pbc=True)
    pair.calc = calc
    assert np.isfinite(pair.get_potential_energy())
    pair.symbols[1] = chemical_symbols[len(known) + 1]
    with pytest.raises((IndexError, RuntimeError)):
        pair.get_potential_energy()


@pytest.mark.skipif(not SEVENNET.exists(), reason="make envs has not been run")
@pytest.mark.parametrize("name", ["7net-0", "7net-l3i5"])
def test_a_sevennet_file_tells_the_species_that_it_names(name):
    file = find_source(name, "sevennet", None, str(SEVENNET))
    content = torch.load(file, weights_only=False, map_location="cpu")
    known = known_elements(file, "sevennet")
    assert set(known) == set(content["config"]["chemical_species"])
    assert known == sorted(known, key=SYMBOLS.index)


class Planted:
    """What runs code as soon as it is read."""

    def __reduce__(self):
        return os.mkdir, ("planted",)


def test_no_code_of_a_file_runs_and_a_file_of_another_form_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save([Planted(), {Planted: torch.ones(2)}], "evil.model")
    assert known_elements(tmp_path / "evil.model", "mace") is None
    assert not (tmp_path / "planted").exists()
    torch.load("evil.model", weights_only=False)  # it does run where it is opened
    assert (tmp_path / "planted").exists()


def test_what_is_no_archive_tells_nothing_and_nor_does_a_custom_file(tmp_path):
    (tmp_path / "a.model").write_bytes(DEMO_MODEL.read_bytes()[:200_000])
    assert known_elements(tmp_path / "a.model", "mace") is None
    assert known_elements(DEMO_MODEL, "custom") is None
    assert known_elements(DEMO_MODEL, "chgnet") is None  # of another family


def test_the_card_of_fetched_weights_names_their_elements(tmp_path):
    files = tmp_path / "demo.model", tmp_path / "demo.json"
    how = {"sha256": None, "mirror": None, "lock": tmp_path / "lock.json"}
    fetch_weights(*files, family="mace", source=str(DEMO_MODEL), **how)
    assert WeightsCard.read(files[1]).elements == ["H", "C", "O", "Na", "Ti"]


def test_a_calculator_refuses_what_its_card_does_not_name_in_one_sentence(tmp_path):
    files = tmp_path / "7net.model", tmp_path / "7net.json"
    how = {"sha256": None, "mirror": None, "lock": tmp_path / "lock.json"}
    fetch_weights(*files, family="custom", source=None, **how)
    WeightsCard.read(files[1]).model_copy(update={"elements": ["C", "H"]}).write(files[1])
    calc = load_calculator(
        *files,
        family="custom",
        device="cpu",
        dispersion=None,
        dtype="float64",
        entry="ase.calculators.lj:LennardJones",
    )
    with pytest.raises(CalculatorError, match=r"^7net knows H, C, not O, Ti \(of O2Ti\)") as caught:
        calc.calculate(Atoms("TiO2", positions=np.eye(3), cell=[9, 9, 9], pbc=True))
    assert str(caught.value).endswith(".")


def test_many_elements_are_counted_and_few_are_named():
    assert told_unknown("m", ["O", "H"], {"K"}) == "m knows H, O, not K"
    assert told_unknown("m", SYMBOLS[:94], {"Og", "Am"}) == "m knows 94 elements, not Am, Og"
