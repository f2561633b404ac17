"""A job that kept something says so to what surrounds it, and makes way or ends, but not both."""

import os
from pathlib import Path

import pytest

from anodeflow.files.archives import read_archive, write_archive
from anodeflow.files.checkpoint_folder import part_folder
from anodeflow.files.kept_notes import NOTES, OVER


@pytest.fixture
def notes(tmp_path, monkeypatch) -> Path:
    """Return the folder in which notes are asked for."""
    folder = tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv(NOTES, str(folder))
    return folder


def test_who_keeps_an_archive_leaves_a_note_of_its_process(tmp_path, notes):
    for _ in range(2):
        write_archive(tmp_path / "state.npz", {}, {})
    assert [note.name for note in notes.iterdir()] == [str(os.getpid())]


def test_an_archive_is_kept_where_no_note_can_be_left(tmp_path, notes):
    notes.rmdir()
    write_archive(tmp_path / "state.npz", {}, {"step": 2})
    assert read_archive(tmp_path / "state.npz")[1] == {"step": 2}


def test_a_job_at_its_end_leaves_another_note(tmp_path, notes):
    with part_folder(tmp_path / "a") as folder:
        write_archive(folder / "state.npz", {}, {})
    assert [note.name for note in notes.iterdir()] == [OVER]
    assert not folder.exists()


def test_a_job_whose_note_was_taken_leaves_what_it_kept(tmp_path, notes):
    with pytest.raises(SystemExit) as left, part_folder(tmp_path / "a") as folder:
        write_archive(folder / "state.npz", {}, {"step": 2})
        notes.rename(tmp_path / "taken")
    assert left.value.code == 143
    assert read_archive(folder / "state.npz")[1] == {"step": 2}
