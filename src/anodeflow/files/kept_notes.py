"""Notes that a job leaves for what surrounds it: started again now, it would not begin anew.

What surrounds it may put it back into a queue while there is a note. It takes all notes first, by
renaming their folder, so that a job that is at its end either has its own back or makes way.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

NOTES = "ANODEFLOW_KEPT"
"""Variable of the environment: the folder of the notes, a file for each process."""
OVER = "over"
"""The note that a process came to its end, so that its job, if of several, would begin anew."""


def note_that_something_is_kept() -> None:
    """Leave a note of this process, where notes are asked for."""
    if note := _own_note():
        # It is worth less than the work, which goes on where it cannot be left.
        with contextlib.suppress(OSError):
            note.touch()


def take_back_the_note() -> None:
    """Say that this process is at its end, in place of its note: what it kept is about to go.

    Raises:
        SystemExit: 128 + SIGTERM, where the notes were taken and the process is about to be killed.
    """
    note = _own_note()
    if note is None:
        return
    try:
        note.touch()
        os.replace(note, note.with_name(OVER))
    except FileNotFoundError:
        print("the job is being queued again, and goes on there", file=sys.stderr)
        raise SystemExit(128 + signal.SIGTERM) from None


def _own_note() -> Path | None:
    folder = os.environ.get(NOTES)
    return Path(folder, str(os.getpid())) if folder else None
