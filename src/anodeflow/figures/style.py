"""Size, style, colours and saving, the same for every figure."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.typing import ColorType

from anodeflow.files.atomic import whole, write_table

COLUMN_MM = 85.0
"""Width of one journal column."""

PAGE_MM = 170.0
"""Width of the text block of a page."""

REFERENCE_GREY = "#6E6E6E"
"""Everything that was not computed here: literature and published values."""

DARKEST = 0.3
"""Share of the light of a colour that its last shade has."""

STYLE_FILE = Path(__file__).with_name("anodeflow.mplstyle")

MM_PER_INCH = 25.4

P = ParamSpec("P")

R = TypeVar("R")


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """Decorate a plotting function so that all it draws follows the style file.

    matplotlib reads line widths and font sizes when an artist is made, so the whole function has to
    run inside the style, not only `figure`.
    """

    @functools.wraps(plot)
    def inside_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.style.context(STYLE_FILE):
            return plot(*args, **kwargs)

    return inside_style


@styled
def figure(width_mm: float, height_mm: float, **subplots_options: Any) -> tuple[Figure, Any]:
    """Make an empty figure of exactly this size, with axes as `Figure.subplots` returns them.

    Call it inside a function decorated with `styled`. The figure does not pass through pyplot, so
    none has to be closed.

    Args:
        width_mm: width in mm, usually COLUMN_MM or PAGE_MM.
        height_mm: height in mm.
        subplots_options: nrows, ncols, sharex, sharey, squeeze, width_ratios, gridspec_kw ...
    """
    size = (width_mm / MM_PER_INCH, height_mm / MM_PER_INCH)
    fig = Figure(figsize=size, layout="constrained")
    return fig, fig.subplots(**subplots_options)


@styled
def save_figure(fig: Figure, stem: Path) -> None:
    """Write `stem`.pdf and `stem`.png (300 dpi), fonts embedded and without dates.

    Saving the same figure twice gives the same bytes; a file takes its name only when whole.
    """
    stem = Path(stem)
    metadata = {
        "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": "anodeflow"},
        "png": {"Software": "anodeflow"},
    }
    for kind, entries in metadata.items():
        with whole(stem.with_name(f"{stem.name}.{kind}")) as part:
            fig.savefig(part, format=kind, metadata=entries)


def save(fig: Figure, shown: pd.DataFrame, outputs: Sequence[str]) -> None:
    """Write a figure and the table of what it shows to `outputs`, a .pdf, a .png and a .csv."""
    stem = Path(outputs[0]).with_suffix("")
    save_figure(fig, stem)
    write_table(shown, stem.with_name(f"{stem.name}.csv"))


def shades(colours: Mapping[str, str]) -> dict[str, ColorType]:
    """Return the colours of labels, those that share one darker from the first to the last."""
    alike: dict[str, list[str]] = {}
    for label, colour in colours.items():
        alike.setdefault(colour, []).append(label)
    found: dict[str, ColorType] = {}
    for colour, labels in alike.items():
        for label, light in zip(labels, np.linspace(1.0, DARKEST, len(labels)), strict=True):
            red, green, blue = (float(light) * part for part in to_rgb(colour))
            found[label] = (red, green, blue)
    return found
