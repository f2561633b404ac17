"""The errors a user can cause: each message is a sentence on what was wrong, where, what to do."""

import difflib
from collections.abc import Iterable
from typing import TypeVar


class AnodeflowError(Exception):
    """Base of every error that a user can cause and correct; shown without a traceback."""


class ConfigError(AnodeflowError):
    """A key or value of the configuration is not allowed."""


class StructureError(AnodeflowError):
    """A structure cannot be built, read, or used for what was asked."""


class WeightsError(AnodeflowError):
    """Model weights cannot be had, or are not what they claim to be."""


class CalculatorError(AnodeflowError):
    """A calculator cannot be opened, or failed at work."""


class EquivalenceError(AnodeflowError):
    """A configured calculator does not give what the plain one gives."""


class DeviceError(AnodeflowError):
    """The asked device is not there."""


class NotConvergedError(AnodeflowError):
    """A relaxation used up its steps."""


class TrajectoryError(AnodeflowError):
    """A trajectory or checkpoint cannot be read, or belongs to other settings."""


class RepeatedFailureError(AnodeflowError):
    """A job failed before in the way in which it would fail again."""


class BusyError(AnodeflowError):
    """Another process works on the same output."""


class OldCheckpointsError(AnodeflowError):
    """Unfinished work was kept by a version whose files this one does not read."""


class DiskFullError(AnodeflowError):
    """A file found no room."""


class ReferenceDataError(AnodeflowError):
    """A file of reference data is not in the documented form."""


class ResultFileError(AnodeflowError):
    """A file of results is damaged, or of another version of this project."""


T = TypeVar("T")


def known(held: T | None) -> T:
    """Return what was seen to be there before; that it is not is an error of this code."""
    assert held is not None
    return held


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the allowed name closest to the given one, else nothing."""
    found = difflib.get_close_matches(str(given), list(allowed), n=1)
    return f" (did you mean '{found[0]}'?)" if found else ""
