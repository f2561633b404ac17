"""The conventions by which a spacing is measured."""

from typing import Literal

SpacingConvention = Literal["sheet", "all"]
"""Atoms of the partner layer whose mean height counts."""
