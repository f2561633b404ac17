"""Hashes of first use: pending until the file was evaluated, held to from then on."""

import hashlib
import io
import json
import multiprocessing
import pickle
import zipfile
from pathlib import Path

import pytest
from places import DEMO_MODEL

from anodeflow.errors import WeightsError
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.models.weights.hash_records import lock_of, trust_evaluated

ONE, TWO = b"\x80\x04one" * 9, b"\x80\x04two" * 9


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Model:
    """A model's files in a folder of weights, fetched from one source that several may share."""

    def __init__(self, folder: Path, name: str, source: Path):
        self.weights, self.card = folder / f"{name}.model", folder / f"{name}.json"
        self.source, self.lock = source, lock_of(self.weights)

    def fetch(self, content: bytes | None = None, **pin) -> None:
        if content is not None:
            self.source.write_bytes(content)
        options = {"family": "mace", "sha256": None, "mirror": None, "lock": self.lock} | pin
        fetch_weights(self.weights, self.card, source=str(self.source), **options)

    def evaluated(self) -> None:
        trust_evaluated(WeightsCard.read(self.card), self.lock)

    @property
    def record(self) -> dict:
        return json.loads(self.lock.read_text())[str(self.source)]


@pytest.fixture
def model(tmp_path) -> Model:
    return Model(tmp_path / "weights", "a", tmp_path / "mine.model")


@pytest.fixture
def other(tmp_path) -> Model:
    return Model(tmp_path / "weights", "b", tmp_path / "mine.model")


def test_a_first_hash_is_pending_until_the_file_was_evaluated(model):
    model.fetch(ONE)
    assert model.record["pending"] is True
    first = {key: value for key, value in model.record.items() if key != "pending"}
    model.evaluated()
    assert model.record == first
    assert first["sha256"] == digest(ONE)


def test_another_file_takes_the_place_of_one_that_was_never_evaluated_and_that_is_said(
    model, capsys
):
    model.fetch(ONE)
    model.fetch(TWO)
    assert (model.record["sha256"], model.record["pending"]) == (digest(TWO), True)
    (said,) = capsys.readouterr().out.splitlines()
    assert digest(ONE) in said and digest(TWO) in said and "never evaluated" in said
    assert said.endswith(".")
    model.evaluated()
    with pytest.raises(WeightsError, match=digest(TWO)):
        model.fetch(ONE)
    assert model.weights.read_bytes() == TWO


def test_fetching_the_same_file_again_leaves_the_record_as_it_is(model):
    model.fetch(ONE)
    before = model.record
    model.fetch()
    assert model.record == before
    model.evaluated()
    model.fetch()
    assert "pending" not in model.record


def test_records_of_before_count_as_evaluated(model):
    model.fetch(ONE)
    record = {"sha256": digest(ONE), "size": len(ONE), "first_used": "2025-01-01"}
    model.lock.write_text(json.dumps({str(model.source): record}))
    with pytest.raises(WeightsError, match="2025-01-01; they have changed since"):
        model.fetch(TWO)


def test_an_evaluation_of_one_file_makes_no_other_count(model, other):
    model.fetch(ONE)
    other.fetch(TWO)  # the same source gave another file in between
    model.evaluated()
    assert (other.record["sha256"], other.record["pending"]) == (digest(TWO), True)
    other.evaluated()
    assert "pending" not in other.record


def test_a_pinned_hash_has_no_record_to_count(model, other):
    model.fetch(ONE, sha256=digest(ONE))
    model.evaluated()
    assert not model.lock.exists()
    other.fetch()
    model.evaluated()  # the pinned file is the very one of the other's first use
    assert "pending" not in other.record


def test_evaluations_at_once_all_reach_the_lock_file(tmp_path):
    models = [Model(tmp_path / "weights", str(n), tmp_path / f"{n}.model") for n in range(6)]
    for number, model in enumerate(models):
        model.fetch(ONE + bytes([number]))
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=model.evaluated) for model in models]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [model.record.get("pending") for model in models] == [None] * 6


def test_a_model_that_is_not_whole_is_refused_before_anything_is_recorded(model):
    whole = DEMO_MODEL.read_bytes()
    with pytest.raises(WeightsError, match=r"mine\.model gave .* without its end, 200000 bytes"):
        model.fetch(whole[:200_000])
    assert not model.lock.exists() and not model.weights.exists()
    model.fetch(whole)
    assert model.record["sha256"] == digest(whole)


def test_a_custom_calculator_may_read_what_only_begins_as_a_zip_archive_does(model):
    model.fetch(b"PK\x03\x04 of a format of its own", family="custom")
    assert model.record["pending"] is True


def damaged() -> list[bytes]:
    whole = DEMO_MODEL.read_bytes()
    place = whole.index(b"data.pkl") + 500
    wrong = io.BytesIO()
    with zipfile.ZipFile(wrong, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"no": "model"}))
    garbled = bytearray(whole)
    garbled[place : place + 4000] = bytes(4000)
    return [bytes(garbled), wrong.getvalue(), pickle.dumps(list(range(999)))[:900]]


@pytest.mark.parametrize("content", damaged(), ids=["garbled", "another archive", "cut pickle"])
def test_a_damaged_file_gets_one_sentence_and_the_good_one_in_its_place_is_taken(model, content):
    model.fetch(content)
    how = {"family": "mace", "device": "cpu", "dispersion": None, "dtype": "float64"}
    with pytest.raises(WeightsError, match="if the file is damaged, delete it") as caught:
        load_calculator(model.weights, model.card, **how)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    assert model.record["pending"] is True
    model.fetch(DEMO_MODEL.read_bytes())
    load_calculator(model.weights, model.card, **how)
