"""What a job says: in its log, which outlives the next try, and in how it ends."""

import errno
import os
import subprocess
import sys
import time

import pytest
from killing import ended

from anodeflow.errors import DiskFullError, StructureError
from anodeflow.process.job import job


def attempt(log, body):
    with job(log=log, threads=1):
        body()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs" / "a.log"


def say_and_fail(words):
    print(words)
    raise StructureError("no such structure.")


def test_a_log_keeps_the_lines_of_earlier_tries_that_snakemake_would_remove(log):
    for words in ("first try", "second try"):
        with pytest.raises(SystemExit):
            attempt(log, lambda words=words: say_and_fail(words))
        assert words in log.read_text()
        log.unlink()  # as Snakemake does before it runs a job again
    attempt(log, lambda: print("third try"))
    said = log.read_text()
    assert said.index("first try") < said.index("second try") < said.index("third try")
    assert said.count("error: no such structure.") == 2
    assert os.listdir(log.parent) == ["a.log"]
    assert not log.is_symlink()


def test_a_job_after_one_that_ended_well_begins_a_new_log(log):
    attempt(log, lambda: print("before"))
    attempt(log, lambda: print("after"))
    assert "after" in log.read_text()
    assert "before" not in log.read_text()


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (StructureError("no."), 1, "error: no."),
        (KeyboardInterrupt(), 130, "run the same command again to continue."),
        (SystemExit(138), 138, "run the same command again to continue."),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "make room, then run the same"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 1, "make room, then run the same"),
        (DiskFullError("a could not be written: make room."), 1, "error: a could not be written"),
    ],
)
def test_a_job_ends_with_one_sentence_and_a_code(log, tmp_path, capfd, error, code, words):
    def fail():
        raise error

    end = ended(lambda: attempt(log, fail), tmp_path / "messages.txt")
    assert end.code == code
    for said in (log.read_text(), capfd.readouterr().err):
        assert words in said
        assert "Traceback" not in said


def test_a_defect_shows_its_traceback(log):
    with pytest.raises(SystemExit):
        attempt(log, lambda: 1 / 0)
    assert "ZeroDivisionError" in log.read_text()


FULL = """
import os, sys
from anodeflow.process.job import job
with job(log="a.log", threads=1):
    os.dup2(os.open("/dev/full", os.O_WRONLY), sys.stdout.fileno())
    for number in range(3):
        print("line", number)
    print("to stderr", file=sys.stderr)
    print("worked on", file=sys.__stdout__)
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_job_works_on_when_its_log_finds_no_room_and_says_so_once(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "worked on\n"
    assert done.stderr.count("lacks lines from here on (No space left on device)") == 1


def test_every_try_leaves_what_it_cost_and_how_it_ended(log):
    with pytest.raises(SystemExit):
        attempt(log, lambda: say_and_fail("first try"))
    attempt(log, lambda: time.sleep(0.2))
    table = (log.parents[1] / "benchmarks/a.tsv").read_text()
    names, *rows = [line.split("\t") for line in table.splitlines()]
    failed, finished = (dict(zip(names, row, strict=True)) for row in rows)
    assert (failed["end"], finished["end"]) == ("StructureError", "finished")
    assert 0.2 <= float(finished["seconds"]) < 60
    assert float(finished["cpu_seconds"]) >= float(failed["cpu_seconds"])
    assert 10 < float(finished["max_memory_MB"]) < 10_000


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"XDG_CACHE_HOME": "/scratch/me"}, "/scratch/me/matplotlib"),
        ({"XDG_CACHE_HOME": "/scratch/me", "MPLCONFIGDIR": "/my/own"}, "/my/own"),
    ],
    ids=["nothing said", "caches", "its own"],
)
def test_matplotlib_keeps_its_list_of_fonts_where_caches_are_asked_for(
    log, monkeypatch, given, expected
):
    monkeypatch.setattr(os, "environ", dict(given))
    attempt(log, lambda: print(os.environ.get("MPLCONFIGDIR")))
    assert f"\n{expected}\n" in log.read_text()
