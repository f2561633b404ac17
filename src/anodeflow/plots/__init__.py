"""Figures of the study: each plotting function returns the figure and a table of what it shows."""

from anodeflow.plots.style import (
    COLUMN_MM,
    PAGE_MM,
    REFERENCE_GREY,
    figure,
    save,
    save_figure,
    styled,
)

__all__ = [
    "COLUMN_MM",
    "PAGE_MM",
    "REFERENCE_GREY",
    "figure",
    "save",
    "save_figure",
    "styled",
]
