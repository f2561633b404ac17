"""Files are whole or absent, archives whole or refused, and a folder belongs to one process."""

import errno
import fcntl
import json
import os
import signal
import time

import numpy as np
import pytest
from killing import ended, signalled, start

from anodeflow.errors import BusyError, DiskFullError, OldCheckpointsError
from anodeflow.files.archives import DamagedArchiveError, read_archive, write_archive
from anodeflow.files.atomic import whole, write_json, write_text
from anodeflow.files.checkpoint_folder import LAYOUT, part_folder


def test_a_file_appears_only_when_its_writer_is_through(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with whole(path) as part:
        part.write_text("half")
        assert not path.exists()
        part.write_text("all")
    assert path.read_text() == "all"
    assert os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(error), whole(path) as part:
        part.write_text("new")
        raise error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path):
    path, messages = tmp_path / "a.json", tmp_path / "messages.txt"
    contents = [{"numbers": [number] * 50_000} for number in (1, 2)]
    write_json(path, contents[0])

    def write_both_again_and_again():
        while True:
            for content in contents[::-1]:
                write_json(path, content)

    rng = np.random.default_rng(3)
    for _ in range(30):
        moment = float(rng.uniform(0, 0.03))
        end = signalled(write_both_again_and_again, signal.SIGKILL, moment, messages)
        assert end.code == -signal.SIGKILL
        assert json.loads(path.read_text()) in contents, moment
    write_json(path, contents[0])
    assert set(os.listdir(tmp_path)) == {"a.json", "messages.txt"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("kind", [OSError, RuntimeError])
def test_a_full_disk_is_named_with_the_file_whatever_error_tells_of_it(tmp_path, number, kind):
    path = tmp_path / "a.txt"
    with pytest.raises(DiskFullError, match=r"a\.txt could not be written .* make room") as caught:  # noqa: SIM117
        with whole(path) as part:
            part.write_text("half")
            # HDF5 gives the reason in its text, whatever the type
            arguments = (
                (number, os.strerror(number))
                if kind is OSError
                else (
                    f"Can't close file (errno = {number}, error message = '{os.strerror(number)}')",
                )
            )
            raise kind(*arguments)
    assert str(caught.value).count(".") == 2
    assert os.listdir(tmp_path) == []


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(PermissionError), whole(tmp_path / "a.txt"):
        raise PermissionError(errno.EACCES, "no")


def test_an_archive_comes_back_to_the_last_bit(tmp_path):
    arrays = {"a": np.random.default_rng(1).random((5, 3)), "b": np.arange(4), "empty": []}
    write_archive(tmp_path / "a.npz", arrays, {"text": "é", "number": 0.1 + 0.2})
    found, values = read_archive(tmp_path / "a.npz")
    assert values == {"text": "é", "number": 0.1 + 0.2}
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)


def test_an_archive_cut_or_altered_at_any_byte_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, {"a": np.random.default_rng(1).random((5, 3))}, {"step": 7})
    content = path.read_bytes()
    for position in range(len(content)):
        altered = bytearray(content)
        altered[position] ^= 0xFF
        for damaged in (bytes(altered), content[:position]):
            path.write_bytes(damaged)
            with pytest.raises(DamagedArchiveError):
                read_archive(path)


def test_a_part_folder_goes_when_the_work_ends_well_and_stays_when_it_fails(tmp_path):
    output = tmp_path / "a.h5"
    with pytest.raises(ValueError, match="crash"), part_folder(output) as folder:
        (folder / "state").write_text("kept")
        raise ValueError("crash")
    with part_folder(output) as folder:
        assert folder == tmp_path / "a.h5.part"
        assert (folder / "state").read_text() == "kept"
    assert os.listdir(tmp_path) == []


def test_unfinished_work_of_an_earlier_version_is_refused_in_a_sentence_and_left_alone(tmp_path):
    folder = tmp_path / "a.h5.part"
    folder.mkdir()
    (folder / "holder").touch()
    (folder / "000001.npz").write_text("90 ps")
    refused = pytest.raises(OldCheckpointsError, match=r"earlier version.*delete the folder")
    with refused, part_folder(tmp_path / "a.h5"):
        pytest.fail("it was taken for unfinished work of this version")
    assert (folder / "000001.npz").read_text() == "90 ps"


def hold(output):
    with part_folder(output) as folder:
        (folder / "ready").touch()
        time.sleep(60)


def test_the_holder_of_a_folder_is_named_to_the_next_and_forgotten_when_it_dies(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    output = tmp_path / "a.h5"
    child = start(lambda: hold(output), tmp_path / "messages.txt")
    while not (tmp_path / "a.h5.part" / "ready").exists():
        time.sleep(0.001)
    with pytest.raises(BusyError) as refused, part_folder(output):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for words in (f"process {child} on ", "Slurm job 4711, scancel 4711", "wait until that ends"):
        assert words in str(refused.value)
    with part_folder(output) as folder:
        assert f"process {os.getpid()} on" in (folder / "holder").read_text()


def test_a_file_system_that_cannot_lock_is_told_of_and_used(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with part_folder(tmp_path / "a.h5"):
        pass
    assert "cannot lock (No locks available): make sure yourself" in capsys.readouterr().err


def test_what_a_killed_removal_left_is_removed_by_the_next(tmp_path):
    (tmp_path / "a.h5.done").mkdir()
    (tmp_path / "a.h5.done" / "000001.npz").touch()
    assert ended(lambda: hold_shortly(tmp_path / "a.h5"), tmp_path / "messages.txt").code == 0
    assert os.listdir(tmp_path) == ["messages.txt"]


def hold_shortly(output):
    with part_folder(output) as folder:
        assert sorted(os.listdir(folder)) == ["holder", LAYOUT]
