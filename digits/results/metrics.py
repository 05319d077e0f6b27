"""Read the metrics that the stage `evaluate` has written."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from digits.core import paths
from digits.messages.errors import UserError, check_exists
from digits.settings.params import RESERVED_NAME

OVERALL = RESERVED_NAME  # the slice of all images, as in digits/evaluation/metrics.py

METRICS = TypeAdapter(dict[str, float])  # the content of metrics/<model>.json


@contextmanager
def report_damage(path: Path, model_name: str) -> Iterator[None]:
    """Report a missing or damaged file of the stage `evaluate` as a UserError."""
    check_exists(path, f"evaluate@{model_name}")
    try:
        yield
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{path} is damaged ({error}); run `dvc repro -f evaluate@{model_name}`"
        ) from None


def read_metrics(model_name: str) -> dict[str, float]:
    """Return the content of metrics/<model>.json.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = paths.metrics(model_name)
    with report_damage(path, model_name):
        metrics = METRICS.validate_json(path.read_bytes())
        check_metrics(metrics, ["accuracy", "baseline"])
        return metrics


def check_metrics(found: Collection[object], needed: Collection[object]) -> None:
    """Check that a file has the metrics that each model has.

    Raises:
        ValueError: one is missing.
    """
    for metric in needed:
        if metric not in found:
            raise ValueError(f"{metric} is missing")


def read_metrics_table(model_name: str) -> pd.DataFrame:
    """Return the content of plots/<model>/metrics.csv.

    Returns:
        A table with the columns `value`, `low` and `high`, indexed by `subset`, `metric` and
        `slice`.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = paths.plots(model_name) / "metrics.csv"
    with report_damage(path, model_name):
        table = pd.read_csv(
            path,
            dtype={"slice": str, "value": float, "low": float, "high": float},
            # pandas would take a class called null for a missing value.
            keep_default_na=False,
            na_values={"low": [""], "high": [""]},
        )
        check_metrics(table["metric"].tolist(), ["accuracy", "support"])
        return table.set_index(["subset", "metric", "slice"])


def read_temperature(model_name: str) -> float | None:
    """Return the temperature that calibrates the scores of a model.

    Returns:
        None if the model has no folds to fit the temperature on, or was not evaluated yet.

    Raises:
        UserError: the table of metrics is missing or damaged.
    """
    if not paths.metrics(model_name).exists():
        return None
    values = read_metrics_table(model_name)["value"]
    return values.get(("cross_validation", "temperature", OVERALL))
