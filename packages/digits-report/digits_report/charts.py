"""Prepare the charts of the report: Vega-Lite definitions, and their tables as CSV text."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
