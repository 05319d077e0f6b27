"""The report's charts: SVG that takes its text colour from the page, so that it serves in the light and in the dark."""

import io
import re
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay, RocCurveDisplay

INK = "#010203"  # stands for the page's own text colour until the SVG is written
PARTS = {"test": "test part", "cross_validation": "out of fold"}
COLOURS = {"test": "#1a73c8", "cross_validation": "#c2571a"}  # at least 3:1 on white and on the dark page
MIN_IMAGES = 10  # of a point of the reliability diagram
AXES = (0.15, 0.16, 0.82, 0.8)  # left, bottom, width, height in the figure: all charts have the same labels
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read out, searched and scaled
    "svg.hashsalt": "digits",  # else the ids in the SVG differ from run to run
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
}


def confusion(table: pd.DataFrame, column: str, is_detector: bool) -> str:
    """Draw a confusion matrix.

    Args:
        table: `actual`, `predicted`, `count` and `share` of one part, a row for each pair of classes.
        column: `count` for the numbers, `share` for each actual class's shares.
        is_detector: the classes are a no and a yes, not digits.

    Returns:
        The SVG element.
    """
    matrix = table.pivot_table(index="actual", columns="predicted", values=column, sort=True)
    labels = ["no", "yes"] if is_detector else list(matrix.columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 3.9))
        axes = figure.add_axes(AXES)
        display = ConfusionMatrixDisplay(matrix.to_numpy(), display_labels=labels)
        kinds: dict[str, Any] = {"count": {"values_format": ".0f"}, "share": {"values_format": ".2f"}}
        display.plot(ax=axes, cmap="Blues", colorbar=False, text_kw={"fontsize": 8}, **kinds[column])
        axes.set(xlabel="predicted", ylabel="actual")
        return _svg(figure)


def curves(table: pd.DataFrame, kind: str) -> str:
    """Draw the ROC or the precision-recall curve of a task of two classes, for each part.

    Args:
        table: `part` and the columns of plots/<experiment>/roc.csv or precision_recall.csv.
        kind: `roc` or `precision_recall`.

    Returns:
        The SVG element.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 3.6))
        axes = figure.add_axes(AXES)
        if kind == "roc":
            axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        for part, rows in table.groupby("part", sort=False):
            line = {"color": COLOURS[str(part)], "label": PARTS[str(part)]}
            if kind == "roc":
                RocCurveDisplay(fpr=rows["false_positive_rate"], tpr=rows["true_positive_rate"]).plot(
                    ax=axes, curve_kwargs=line
                )
            else:
                PrecisionRecallDisplay(precision=rows["precision"], recall=rows["recall"]).plot(
                    ax=axes, curve_kwargs=line
                )
        names = ("false positive rate", "true positive rate") if kind == "roc" else ("recall", "precision")
        axes.set(xlabel=names[0], ylabel=names[1], xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="lower right" if kind == "roc" else "lower left")
        return _svg(figure)


def recall(by_class: dict[str, float]) -> str:
    """Draw each class's recall, from 0 to 1, as a bar with its value."""
    frame = pd.Series(by_class).sort_index()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.8))
        axes = figure.add_axes(AXES)
        bars = axes.bar(frame.index, frame.to_numpy(), color=COLOURS["test"])
        axes.bar_label(bars, fmt="%.2f", fontsize=8)
        axes.set(xlabel="digit", ylabel="recall", ylim=(0, 1.1))
        axes.spines[["top", "right"]].set_visible(False)
        return _svg(figure)


def reliability(table: pd.DataFrame) -> str:
    """Draw a model's accuracy against its confidence, for each part.

    Args:
        table: the columns of plots/<experiment>/reliability.csv.

    Returns:
        The SVG element. The more images a point stands for, the larger it is; fewer than `MIN_IMAGES` make none.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 3.6))
        axes = figure.add_axes(AXES)
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="perfectly calibrated")
        for part, rows in table[table["count"] >= MIN_IMAGES].groupby("part", sort=False):
            sizes = 8 + 60 * rows["count"] / rows["count"].sum()
            colour = COLOURS[str(part)]
            axes.plot(rows["confidence"], rows["accuracy"], color=colour, linewidth=1)
            axes.scatter(rows["confidence"], rows["accuracy"], sizes, color=colour, label=PARTS[str(part)])
        axes.set(xlabel="confidence", ylabel="accuracy", xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        axes.legend(loc="upper left")
        return _svg(figure)


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    _, _, svg = file.getvalue().replace(INK, "currentColor").partition("<svg ")
    attributes, _, content = svg.partition(">")
    # The sizes in points go: the page scales a figure to its column.
    attributes = re.sub(r'(height|width)="[^"]*"', "", attributes)
    return f"<svg aria-hidden='true' {attributes}>{content}"
