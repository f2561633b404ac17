"""A job that failed before in the same way ends at once, as long as one snakemake tries it."""

import pytest

from anodeflow.errors import StructureError
from anodeflow.process.job import job
from anodeflow.process.tries import RUN

AGAIN = "error: Not tried again: 2 tries ended with the same error ("


@pytest.fixture
def tries(tmp_path, monkeypatch):
    """Return a function that tries a job of a run of snakemake, and gives its log's last line."""

    def attempt(body, *, run: str = "first") -> str:
        monkeypatch.setenv(RUN, run)
        log = tmp_path / "a.log"
        with pytest.raises(SystemExit), job(log=log, threads=1):
            body()
        said = log.read_text().rstrip()
        log.unlink()  # as Snakemake does before it runs a job again
        return said.splitlines()[-1]

    return attempt


def fails(words="no such structure."):
    raise StructureError(words)


def is_a_defect():
    return 1 / 0


def is_told_to_leave():
    raise SystemExit(143)


def not_run():
    pytest.fail("the job was tried again")


def test_the_third_and_the_fourth_try_end_at_once_with_the_error_of_the_first_two(tries):
    assert tries(fails) == tries(fails) == "error: no such structure."
    for _ in range(2):
        assert tries(not_run).startswith(f"{AGAIN}no such structure)")


def test_so_they_do_after_a_defect(tries):
    assert tries(is_a_defect) == tries(is_a_defect) == "ZeroDivisionError: division by zero"
    assert tries(not_run).startswith(f"{AGAIN}ZeroDivisionError: division by zero)")


@pytest.mark.parametrize("between", [is_told_to_leave, lambda: fails("the disk is full.")])
def test_another_end_between_them_has_the_job_tried_again(tries, between):
    tries(fails)
    tries(between)
    assert tries(fails) == "error: no such structure."


def test_another_run_of_snakemake_tries_anew(tries):
    tries(fails)
    tries(fails)
    assert tries(fails, run="second") == "error: no such structure."


def test_without_a_name_of_the_run_every_try_is_a_real_one(tries):
    for _ in range(3):
        assert tries(fails, run="") == "error: no such structure."
