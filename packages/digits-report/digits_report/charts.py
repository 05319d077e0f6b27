"""Prepare the charts of the report: Vega-Lite definitions, and their tables as CSV text."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

from digits.core.files import atomic_write
from digits.messages.errors import UserError
from digits_report.view import ModelView

# The definitions of the charts of a model, which `dvc plots` uses, too.
DEFINITIONS = Path(".dvc/plots")

# The plot table of each chart of a model.
TABLE_OF_CHART = {
    "by_class": "metrics",
    "roc": "roc",
    "precision_recall": "precision_recall",
    "reliability": "reliability",
}

# The best values of the axes of each chart of curves.
BEST = {
    "roc": {"false_positive_rate": 0, "true_positive_rate": 1},
    "precision_recall": {"recall": 1, "precision": 1},
}

# How large a corner of these charts can be. In a smaller one than 0.02, the curves would show
# how they were reduced (TOLERANCE in digits/evaluation/plots.py).
SIDES = [0.02, 0.05, 0.1, 0.2, 0.5, 1]


def read_definitions() -> dict[str, str]:
    """Return the Vega-Lite definition of each chart."""
    return {
        chart: (DEFINITIONS / f"{chart}.json").read_text(encoding="utf-8")
        for chart in TABLE_OF_CHART
    }


def make_tables(model: ModelView) -> dict[str, str]:
    """Return the table of each chart that a model has."""
    tables = {chart: model.read_plot(plot) for chart, plot in TABLE_OF_CHART.items()}
    if model.has_positive:
        del tables["by_class"]
        for chart in ["roc", "precision_recall"]:
            tables[chart] = tables[chart].replace({"class": model.names})
    if not model.is_calibrated:
        del tables["reliability"]
    return {chart: table.to_csv(index=False) for chart, table in tables.items()}


def find_corners(model: ModelView) -> dict[str, float]:
    """Return the side, 0 to 1, of the corner that each chart of curves shows."""
    return {chart: find_corner(model.read_plot(chart), best) for chart, best in BEST.items()}


def find_corner(curves: pd.DataFrame, best: Mapping[str, float]) -> float:
    """Return the side of the corner of the best values in which all curves turn.

    It is more than three times as large as the distance of the farthest curve from the corner.
    The whole chart is shown if this is not possible.
    """
    distances = (curves[list(best)].astype(float) - pd.Series(best)).abs().max(axis="columns")
    of_curves = distances.groupby([curves["subset"], curves["class"]]).min()
    return next((side for side in SIDES if side > 3 * of_curves.max()), SIDES[-1])


def vega_script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, which sets `window.vegaEmbed`.

    It takes seconds to bundle the script, so a copy is kept for each version of vl-convert.

    Raises:
        UserError: vl-convert is not installed.
    """
    try:
        installed = version("vl-convert-python")
    except PackageNotFoundError:
        raise UserError(
            "the report needs another package; run `python -m pip install vl-convert-python`"
        ) from None
    path = Path(f".dvc/tmp/vega-{installed}.js")
    if not path.exists():
        import vl_convert  # slow to import

        script = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # a wrong stub
        with atomic_write(path) as temporary:
            temporary.write_text(script, encoding="utf-8")
    return path.read_text(encoding="utf-8")
