"""One run at a time in a directory, one process at a time on a file, whatever ended the last."""

import errno
import fcntl
import os
import signal
import threading
import time

import pytest
from killing import start

from anodeflow.errors import AnodeflowError
from anodeflow.files.locks import exclusive, lock_directory


def hold_in_a_process(lock):
    """Return the number of a process that holds the lock."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        lock_directory(lock)
        os.write(write, b"held")
        signal.pause()
    assert os.read(read, 4) == b"held"
    os.close(read)
    os.close(write)
    return child


def test_a_second_run_is_refused_with_the_number_of_the_first(tmp_path):
    child = hold_in_a_process(tmp_path / "lock")
    try:
        with pytest.raises(AnodeflowError, match=f"another run is at work.*process {child} on"):
            lock_directory(tmp_path / "lock")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_killed_run_leaves_no_lock(tmp_path):
    child = hold_in_a_process(tmp_path / "lock")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    lock_directory(tmp_path / "lock")
    assert f"process {os.getpid()} on" in (tmp_path / "lock").read_text()


def test_a_file_system_that_cannot_lock_is_refused_with_another_way(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    said = r"cannot be locked \(No locks available\).*--workflow-profile none for Snakemake's own"
    with pytest.raises(AnodeflowError, match=said):
        lock_directory(tmp_path / "lock")


def test_a_lock_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AnodeflowError, match="file/lock cannot be opened for writing"):
        lock_directory(tmp_path / "file" / "lock")


def test_who_waits_for_a_file_is_told_for_whom(tmp_path, capsys):
    path, ready = tmp_path / "records.json", tmp_path / "ready"

    def hold():
        with exclusive(path):
            ready.touch()
            signal.pause()

    def pass_through():
        with exclusive(path):
            pass

    child = start(hold, tmp_path / "messages.txt")
    while not ready.exists():
        time.sleep(0.001)
    waiting = threading.Thread(target=pass_through)
    waiting.start()
    said, deadline = "", time.monotonic() + 10
    while "waiting until that ends" not in said and time.monotonic() < deadline:
        said += capsys.readouterr().err
        time.sleep(0.001)
    was_waiting = waiting.is_alive()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    waiting.join()
    assert was_waiting
    assert f"{path} is in use by process {child} on " in said
