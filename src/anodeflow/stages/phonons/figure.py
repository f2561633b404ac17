"""Phonon bands and density of states of each layer, models and reference in one frame."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from anodeflow.figures.style import PAGE_MM, REFERENCE_GREY, figure, styled
from anodeflow.stages.phonons.bands import Bands
from anodeflow.stages.phonons.reference import is_dense

ROW_MM = 68.0
LINE_WIDTH = 0.8
HEADROOM = 0.03
COLUMNS = ["layer", "source", "kind", "branch", "path_fraction", "frequency_THz", "dos"]


@styled
def plot_phonons(layers: dict[str, list[dict[str, Any]]]) -> tuple[Figure, pd.DataFrame]:
    """Draw a row per layer: bands on Γ–M–K–Γ, and beside them the density of states.

    Args:
        layers: layer name to its entries, one per model: label (str), colour, bands (Bands) and
            reference (table of `read_reference` for that layer, or None). Entries of one layer
            share their reference, which is drawn once: a dense one as grey lines, high-symmetry
            points as open circles.

    Returns:
        The figure and a long table of what it shows: layer, source (model label or "reference"),
        kind ("bands" | "dos"), branch (0 for dos), path_fraction (NaN for dos), frequency_THz, dos
        in states per THz and cell (NaN for bands).
    """
    fig, axes = figure(
        PAGE_MM,
        ROW_MM * len(layers),
        nrows=len(layers),
        ncols=2,
        squeeze=False,
        sharey="row",
        width_ratios=[4.2, 1],
    )
    tables = []
    for (layer, entries), (band_axes, dos_axes) in zip(layers.items(), axes, strict=True):
        reference = next((e["reference"] for e in entries if e["reference"] is not None), None)
        if reference is not None:
            tables.append(_draw_reference(band_axes, reference, entries[0]["bands"], layer))
        for entry in entries:
            _draw_model(band_axes, dos_axes, entry)
            tables.append(_model_table(layer, entry))
        _finish_row(band_axes, dos_axes, layer, entries)
    return fig, pd.concat(tables, ignore_index=True)


def _draw_model(band_axes: Axes, dos_axes: Axes, entry: dict[str, Any]) -> None:
    bands, style = entry["bands"], {"color": entry["colour"], "linewidth": LINE_WIDTH}
    lines = band_axes.plot(bands.fraction, bands.frequencies_THz, **style)
    lines[0].set_label(entry["label"])
    dos_axes.plot(bands.dos, bands.dos_frequencies_THz, **style)


def _draw_reference(
    band_axes: Axes, reference: pd.DataFrame, bands: Bands, layer: str
) -> pd.DataFrame:
    if is_dense(reference):
        branches = reference.drop(columns="path_fraction")
        lines = band_axes.plot(
            reference["path_fraction"], branches, color=REFERENCE_GREY, linewidth=2, alpha=0.45
        )
        lines[0].set_label("reference")
        fractions, values = reference["path_fraction"].to_numpy(), branches.to_numpy()
        return _bands_table(layer, "reference", fractions, values)
    shown = pd.concat(
        [
            reference[reference["point"] == name].assign(path_fraction=at)
            for at, name in bands.labels
        ],
        ignore_index=True,
    )
    # Points on the frame are kept whole, because Gamma sits on both edges.
    band_axes.plot(
        shown["path_fraction"],
        shown["frequency_THz"],
        linestyle="none",
        marker="o",
        markerfacecolor="white",
        markeredgecolor=REFERENCE_GREY,
        label="reference at Γ, M, K",
        clip_on=False,
        zorder=3,
    )
    columns = ["branch", "path_fraction", "frequency_THz"]
    return shown[columns].assign(layer=layer, source="reference", kind="bands", dos=np.nan)[COLUMNS]


def _finish_row(band_axes: Axes, dos_axes: Axes, layer: str, entries: list[dict[str, Any]]) -> None:
    corners = entries[0]["bands"].labels
    band_axes.set_xlim(0, 1)
    band_axes.set_xticks([at for at, _ in corners], ["Γ" if n == "G" else n for _, n in corners])
    band_axes.tick_params(axis="x", length=0)
    for at, _ in corners[1:-1]:
        band_axes.axvline(at, color="0.8", linewidth=0.6, zorder=0)
    for axes in (band_axes, dos_axes):
        axes.axhline(0, color="0.5", linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    low, high = band_axes.dataLim.intervaly
    margin = HEADROOM * (high - low)
    band_axes.set_ylim(min(low, 0.0) - margin, high + margin)
    band_axes.set_ylabel("Frequency (THz)")
    band_axes.set_title(layer)
    dos_axes.set_xlim(left=0)
    dos_axes.set_xlabel("DOS (1/THz per cell)")
    # The bands fill their panel, so the key stands above it.
    band_axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.1)


def _model_table(layer: str, entry: dict[str, Any]) -> pd.DataFrame:
    bands = entry["bands"]
    path = _bands_table(layer, entry["label"], bands.fraction, bands.frequencies_THz)
    dos = pd.DataFrame(
        {
            "layer": layer,
            "source": entry["label"],
            "kind": "dos",
            "branch": 0,
            "path_fraction": np.nan,
            "frequency_THz": bands.dos_frequencies_THz,
            "dos": bands.dos,
        }
    )
    return pd.concat([path, dos], ignore_index=True)


def _bands_table(
    layer: str, source: str, fractions: np.ndarray, frequencies: np.ndarray
) -> pd.DataFrame:
    count, branches = frequencies.shape
    return pd.DataFrame(
        {
            "layer": layer,
            "source": source,
            "kind": "bands",
            "branch": np.tile(np.arange(1, branches + 1), count),
            "path_fraction": np.repeat(fractions, branches),
            "frequency_THz": frequencies.ravel(),
            "dos": np.nan,
        }
    )
