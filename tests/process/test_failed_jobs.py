"""What a user is shown of jobs that failed."""

from anodeflow.process.failed_jobs import report_failures
from anodeflow.process.job import job


def test_a_failed_job_is_shown_by_the_last_lines_of_its_log_and_its_path(tmp_path):
    log = tmp_path / "relax.log"
    log.write_text("".join(f"step {number}\n" for number in range(5000)) + "error: too far.\n")
    said = report_failures([log]).splitlines()
    assert said[0] == f"last lines of {log}:"
    assert [line.strip() for line in said[1:]] == [
        *(f"step {number}" for number in range(4991, 5000)),
        "error: too far.",
    ]


def test_a_job_that_finished_is_not_shown_though_its_group_failed(tmp_path):
    finished, failed = tmp_path / "one.log", tmp_path / "other.log"
    with job(log=finished, threads=1):
        print("step 1")
    failed.write_text("killed in the middle\n")
    said = report_failures([finished, failed])
    assert str(failed) in said
    assert str(finished) not in said


def test_a_job_that_wrote_no_log_is_named_all_the_same(tmp_path):
    assert "none.log: not written" in report_failures([tmp_path / "none.log"])
