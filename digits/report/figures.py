"""The report's charts: SVG that takes its text colour from the page, so that it serves in the light and in the dark.

Good models lie between 0.99 and 1, poor ones between 0.5 and 0.9. So shares are drawn by what they lack to 1, on a
symmetric-log axis: 0.9, 0.99 and 0.999 are equally far apart, and 1 is on it.
"""

import io
import re
from collections.abc import Mapping
from typing import Any

from digits.results.intervals import accuracy_interval
from digits.results.measured import Figures

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
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read out, searched and scaled
    "svg.hashsalt": "digits",  # else the ids in the SVG differ from run to run
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
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
    "savefig.facecolor": "none",
    "legend.frameon": False,
}


def curves(table: pd.DataFrame, kind: str, measured: Figures, threshold: str) -> str:
    """Draw the ROC or the precision-recall curve of a detector, for each part.

    Args:
        table: of plots/<experiment>/roc.csv or precision_recall.csv.
        kind: which of `CURVES`.
        measured: the figures of the experiment; those of its two classes give its operating points.
        threshold: what the points are called.

    Returns:
        The SVG element.
    """
    x, y = CURVES[kind]
    points = {}
    for part in PARTS:
        if {(part, "recall", "0"), (part, "recall", "1")} <= {*measured}:  # there are images of both classes
            found, false_alarms = measured[part, "recall", "1"], 1 - measured[part, "recall", "0"]
            points[part] = (false_alarms, found) if kind == "roc" else (found, measured[part, "precision", "1"])
    with mpl.rc_context(STYLE):
        figure, axes = _axes(x.replace("_", " "), y.replace("_", " "))
        if kind == "roc":
            guess = np.geomspace(1e-5, 1, 60)
            axes.plot(guess, guess, color=INK, linewidth=0.8, linestyle=":")
        _scale(axes, "x", is_rate=kind == "roc")
        _scale(axes, "y")
        for of, rows in table.groupby("part", sort=False):
            axes.plot(rows[x], rows[y], color=COLOURS[str(of)], linewidth=1.2, label=PARTS[str(of)])
        for part, point in points.items():
            axes.plot(*point, color=COLOURS[part], **MARKERS[part], clip_on=False, zorder=3)
        if points:
            _, height = axes.transAxes.inverted().transform(axes.transData.transform(next(iter(points.values()))))
            corners = ((0.2, 0.1), (0.05, 0.9)) if kind == "roc" else ((0.05, 0.05), (0.3, 0.9))
            left, bottom = corners[int(height < 0.5)]  # below a high curve, above a low one
            axes.text(left, bottom, f"points: {threshold}", transform=axes.transAxes, fontsize=9)
        return _svg(figure, axes)


def recall(measured: Figures, classes: Mapping[str, str], noun: str) -> str:
    """Draw each class's recall with its 95 % interval, for each part.

    Args:
        measured: the figures of the experiment.
        classes: their names, by the texts that stand for them in the figures.
        noun: what a class is called.

    Returns:
        The SVG element.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _axes(noun, "recall")
        lowest = 0.99
        for shift, part in zip((-0.15, 0.15), PARTS, strict=True):
            here = {i: text for i, text in enumerate(classes) if (part, "recall", text) in measured}
            values, images = (
                [measured[part, figure, text] for text in here.values()] for figure in ("recall", "count")
            )
            if here:
                lowest = min(lowest, _draw_shares(axes, part, np.array([*here]) + shift, values, images))
        axes.set_xticks(range(len(classes)), list(classes.values()))
        axes.grid(visible=False, axis="x")
        _scale(axes, "y", lowest)
        return _svg(figure, axes)


def reliability(table: pd.DataFrame) -> str:
    """Draw a model's accuracy against its confidence with its 95 % interval, for each part.

    Args:
        table: the columns of plots/<experiment>/reliability.csv.

    Returns:
        The SVG element. Fewer than `MIN_IMAGES` images make no point.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _axes("confidence", "accuracy")
        line = 1 - np.geomspace(1e-5, 1, 60)
        axes.plot(line, line, color=INK, linewidth=0.8, linestyle=":")
        rows = table[table["count"] >= MIN_IMAGES]
        lowest = min(0.5, rows["confidence"].min())
        for part, of_part in rows.groupby("part", sort=False):
            x, y, images = (of_part[column].to_numpy() for column in ("confidence", "accuracy", "count"))
            lowest = min(lowest, _draw_shares(axes, str(part), x, y, images, linestyle="-"))
        _scale(axes, "x", lowest)
        _scale(axes, "y", lowest)
        return _svg(figure, axes)


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    """Return a figure with one pair of named axes, small enough for three side by side."""
    figure = Figure(figsize=(3.4, 3.2))
    axes = figure.add_axes((0.2, 0.15, 0.77, 0.77))
    axes.set(xlabel=x, ylabel=y)
    return figure, axes


def _draw_shares(axes: Axes, part: str, x: Any, y: Any, images: Any, linestyle: str = "none") -> float:
    """Draw shares of so many images with their intervals, and return the least value drawn."""
    bounds = np.array(
        [accuracy_interval(round(share * count), int(count)) for share, count in zip(y, images, strict=True)]
    ).T
    axes.vlines(x, *bounds, color=COLOURS[part], linewidth=1)
    axes.plot(
        x, y, color=COLOURS[part], linewidth=0.8, linestyle=linestyle, label=PARTS[part], **MARKERS[part], clip_on=False
    )
    return float(bounds.min())


def _scale(axes: Axes, axis: str, lowest: float = 0.0, *, is_rate: bool = False) -> None:
    """Scale an axis from `lowest` to 1 by what is missing: to 1, or of a rate, which is best at 0, to 0."""

    def place(value: Any) -> Any:
        return np.log1p(np.maximum(value, 0) / LINEAR_UP_TO)

    def value(place: Any) -> Any:
        return LINEAR_UP_TO * np.expm1(place)

    functions = (place, value) if is_rate else (lambda share: -place(1 - share), lambda at: 1 - value(-at))
    getattr(axes, f"set_{axis}scale")("function", functions=functions)
    ticks = RATES if is_rate else [share for share in SHARES if share >= lowest]
    getattr(axes, f"set_{axis}ticks")(ticks, [f"{tick:g}" for tick in ticks])
    getattr(axes, f"set_{axis}lim")(lowest, 1)


def _svg(figure: Figure, axes: Axes) -> str:
    axes.minorticks_off()
    if axes.get_legend_handles_labels()[0]:  # of a few images nothing may be drawn
        style: dict[str, Any] = {"fontsize": 9, "handlelength": 1.4, "columnspacing": 1, "borderpad": 0}
        axes.legend(loc="lower left", bbox_to_anchor=(-0.03, 0.99), ncols=3, **style)
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    _, _, svg = file.getvalue().replace(INK, "currentColor").partition("<svg ")
    attributes, _, content = svg.partition(">")
    # The sizes in points go: the page scales a figure to its column.
    attributes = re.sub(r'(height|width)="[^"]*"', "", attributes)
    return f"<svg aria-hidden='true' {attributes}>{content}"
