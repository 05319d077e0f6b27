"""The report's charts: SVG that takes its text colour from the page, so that it serves in the light and in the dark.

Shares are drawn by what they lack to 1, on a symmetric-log axis: 0.9, 0.99 and 0.999 are equally far apart, and 1 is
on it.
"""

import io
import re
from collections.abc import Mapping
from typing import Any

from digits.evaluation.intervals import wilson
from digits.results.measured import Figures, Interval

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#010203"  # stands for the page's own text colour until the SVG is written
PARTS = {"test": "test part", "cross_validation": "out of fold"}
COLOURS = {"test": "#1a73c8", "cross_validation": "#c2571a"}  # at least 3:1 on white and on the dark page
MARKERS: dict[str, dict[str, Any]] = {  # the second is larger and hollow: it never hides the first
    "test": {"marker": "o", "markersize": 4},
    "cross_validation": {"marker": "s", "markersize": 6.5, "markerfacecolor": "none"},
}
MIN_IMAGES = 10  # of a point of the reliability diagram
LINEAR_UP_TO = 0.001  # of what a share lacks to 1; logarithmic above
SHARES = [0, 0.5, 0.8, 0.9, 0.99, 0.999, 1]
RATES = [0, 0.001, 0.01, 0.1, 1]
CURVES = {  # the columns of x and y in the table of each; a false positive rate is best at 0, every other share at 1
    "roc": ("false_positive_rate", "true_positive_rate"),
    "precision_recall": ("recall", "precision"),
}
CORNERS = {"roc": ((0.2, 0.1), (0.05, 0.9)), "precision_recall": ((0.05, 0.05), (0.3, 0.9))}  # below and above a curve
MIDDLE = 0.97  # is in the middle of an axis from 0 to 1
GUESSES = np.geomspace(1e-5, 1, 60)
DOTTED: dict[str, Any] = {"color": INK, "linewidth": 0.8, "linestyle": ":"}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read out, searched and scaled
    "svg.hashsalt": "digits",  # else the ids in the SVG differ from run to run
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called $1
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "xtick.labelsize": 9,
    "ytick.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
}


@mpl.rc_context(STYLE)
def curves(table: pd.DataFrame, kind: str, measured: Figures, threshold: str) -> str:
    """Return the ROC or the precision-recall curves of a detector as an SVG element.

    Args:
        table: of plots/<experiment>/roc.csv or precision_recall.csv.
        kind: which of `CURVES`.
        measured: the figures of the experiment; those of its two classes give its operating points.
        threshold: what the points are called.
    """
    is_roc = kind == "roc"
    x, y = CURVES[kind]
    axes = _axes(x.replace("_", " "), y.replace("_", " "))
    if is_roc:
        axes.plot(GUESSES, GUESSES, **DOTTED)
    _scale(axes, "x", is_rate=is_roc)
    _scale(axes, "y")
    for part, rows in table.groupby("part", sort=False):
        axes.plot(rows[x], rows[y], color=COLOURS[str(part)], linewidth=1.2, label=PARTS[str(part)])
    corner = None
    for part in PARTS:
        if {(part, "recall", "0"), (part, "recall", "1")} <= measured.keys():  # there are images of both classes
            found = measured[part, "recall", "1"]
            point = (1 - measured[part, "recall", "0"], found) if is_roc else (found, measured[part, "precision", "1"])
            axes.plot(*point, color=COLOURS[part], **MARKERS[part], clip_on=False, zorder=3)
            corner = corner or CORNERS[kind][point[1] < MIDDLE]
    if corner:
        axes.text(*corner, f"points: {threshold}", transform=axes.transAxes, fontsize=9)
    return _svg(axes)


@mpl.rc_context(STYLE)
def recall(
    measured: Figures, intervals: Mapping[tuple[str, str, str], Interval], classes: Mapping[str, str], noun: str
) -> str:
    """Return each class's recall with its 95 % interval as an SVG element.

    Args:
        measured: the figures of the experiment.
        intervals: theirs.
        classes: their names, by the texts that stand for them in the figures.
        noun: what a class is called.
    """
    axes = _axes(noun, "recall")
    lowest = 0.99
    for shift, part in zip((-0.15, 0.15), PARTS, strict=True):
        here = {i: text for i, text in enumerate(classes) if (part, "recall", text) in measured}
        shares, ends = ([each[part, "recall", text] for text in here.values()] for each in (measured, intervals))
        if here:
            lowest = min(lowest, _draw_shares(axes, part, np.array([*here]) + shift, shares, ends))
    axes.set_xticks(range(len(classes)), list(classes.values()))
    axes.grid(visible=False, axis="x")
    _scale(axes, "y", lowest)
    return _svg(axes)


@mpl.rc_context(STYLE)
def reliability(table: pd.DataFrame) -> str:
    """Return a model's accuracy against its confidence, with its 95 % interval, as an SVG element.

    Fewer than `MIN_IMAGES` images in a row of the table, plots/<experiment>/reliability.csv, make no point.
    """
    axes = _axes("confidence", "accuracy")
    axes.plot(1 - GUESSES, 1 - GUESSES, **DOTTED)
    rows = table[table["count"] >= MIN_IMAGES]
    lowest = min(0.5, rows["confidence"].min())
    for part, of_part in rows.groupby("part", sort=False):
        x, y, images = (of_part[column] for column in ("confidence", "accuracy", "count"))
        ends = [wilson(share, count) for share, count in zip(y, images, strict=True)]
        lowest = min(lowest, _draw_shares(axes, str(part), x, y, ends, linestyle="-"))
    _scale(axes, "x", lowest)
    _scale(axes, "y", lowest)
    return _svg(axes)


def _axes(x: str, y: str) -> Axes:
    """Return named axes in a figure that is small enough for three side by side."""
    axes = Figure(figsize=(3.4, 3.2)).add_axes((0.2, 0.15, 0.77, 0.77))
    axes.set(xlabel=x, ylabel=y)
    return axes


def _draw_shares(axes: Axes, part: str, x: Any, shares: Any, intervals: list[Any], linestyle: str = "none") -> float:
    """Draw shares with their intervals, and return the least value drawn, at most 1."""
    style = {"color": COLOURS[part], "clip_on": False, **MARKERS[part]}
    axes.vlines(x, *zip(*intervals, strict=True), color=COLOURS[part], linewidth=1)
    axes.plot(x, shares, linewidth=0.8, linestyle=linestyle, label=PARTS[part], **style)
    return min(low for low, _ in intervals)


def _scale(axes: Axes, axis: str, lowest: float = 0.0, *, is_rate: bool = False) -> None:
    """Scale an axis from `lowest` to 1 by the distance from the best value: 1, or 0 of a rate."""
    best, sign = (0, 1) if is_rate else (1, -1)

    def place(value: Any) -> Any:
        return sign * np.log1p(np.maximum(sign * (value - best), 0) / LINEAR_UP_TO)

    def value(place: Any) -> Any:
        return best + sign * LINEAR_UP_TO * np.expm1(sign * place)

    ticks = RATES if is_rate else [share for share in SHARES if share >= lowest]
    getattr(axes, f"set_{axis}scale")("function", functions=(place, value))
    getattr(axes, f"set_{axis}ticks")(ticks, [f"{tick:g}" for tick in ticks])
    getattr(axes, f"set_{axis}lim")(lowest, 1)


def _svg(axes: Axes) -> str:
    axes.minorticks_off()
    if axes.get_legend_handles_labels()[0]:  # of a few images nothing may be drawn
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.03, 0.99),
            ncols=3,
            fontsize=9,
            handlelength=1.4,
            columnspacing=1,
            borderpad=0,
        )
    file = io.StringIO()
    assert isinstance(axes.figure, Figure)
    axes.figure.savefig(file, format="svg", metadata={"Date": None})
    _, _, svg = file.getvalue().replace(INK, "currentColor").partition("<svg ")
    attributes, _, content = svg.partition(">")
    # The sizes in points go: the page scales a figure to its column.
    attributes = re.sub(r'(height|width)="[^"]*"', "", attributes)
    return f"<svg aria-hidden='true' {attributes}>{content}"
