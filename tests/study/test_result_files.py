"""Files of results are read through the type that their stage declares."""

import dataclasses

import pytest

from anodeflow.errors import ResultFileError
from anodeflow.files.result_file import CsvFile, ResultFile
from anodeflow.study.result_files import read_result
from anodeflow.study.stages import STAGES


class Answer(ResultFile):
    value: float
    note: str | None = None


@pytest.fixture
def typed(monkeypatch):
    results = {"check": Answer, "curve": CsvFile(("n",))}
    stage = dataclasses.replace(STAGES["relaxation"], results=results)
    monkeypatch.setitem(STAGES, "relaxation", stage)


def test_a_file_comes_back_as_its_type(typed, tmp_path):
    for answer in (Answer(value=0.1), Answer(value=float("inf"), note="no end")):
        answer.write(tmp_path / "check.json")
        assert read_result("relaxation", "check", tmp_path / "check.json") == answer
    (tmp_path / "curve.csv").write_text("n\n3\n")
    assert read_result("relaxation", "curve", tmp_path / "curve.csv")["n"].tolist() == [3]


@pytest.mark.parametrize("text", ["{}", '{"value": 1, "more": 2}', '{"value": "word"}', "{"])
def test_a_file_of_another_content_is_refused_by_its_name(typed, tmp_path, text):
    path = tmp_path / "check.json"
    path.write_text(text)
    with pytest.raises(ResultFileError, match=r"check\.json holds no Answer") as caught:
        read_result("relaxation", "check", path)
    assert "\n" not in str(caught.value)
