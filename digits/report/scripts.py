"""Prepare the data that the scripts of the page read."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from digits.core.errors import UserError
from digits.report.model import ModelReport
from digits.report.pictures import N_COLUMNS, Sheet
from digits.results import formatting
from digits.results.differences import compare_models

# The Vega-Lite definitions of the charts, which `dvc plots` uses, too.
DEFINITIONS = Path(".dvc/plots")


def make_data(
    models_by_task: Mapping[str, Sequence[ModelReport]], sheets: Mapping[str, Sheet]
) -> str:
    """Return what the scripts read, as JSON.

    Args:
        models_by_task: the models, by the name of their task.
        sheets: the sheet of mistakes of each dataset, by its name.
    """
    models = {}
    charts: set[str] = set()
    comparisons: dict[str, dict[str, Any]] = {}
    for models_of_task in models_by_task.values():
        comparisons |= compare_all(models_of_task)
        for model in models_of_task:
            charts |= model.plots.tables.keys()
            models[model.name] = {
                "dataset": model.dataset.name,
                "tables": model.plots.tables,
                "mistakes": model.mistakes,
            }
    data = {
        "definitions": {chart: read_definition(chart) for chart in sorted(charts)},
        "columns": N_COLUMNS,
        "sheets": {name: sheet.rows for name, sheet in sheets.items()},
        "models": models,
        "headings": formatting.DIFFERENCE_HEADINGS[1:],
        "comparisons": comparisons,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def read_definition(chart: str) -> Any:
    """Return the Vega-Lite definition of a chart."""
    text = (DEFINITIONS / f"{chart}.json").read_text(encoding="utf-8")
    return json.loads(text)


def compare_all(models: Sequence[ModelReport]) -> dict[str, dict[str, Any]]:
    """Compare each model of a task with every other one, in both directions.

    Returns:
        The results, by the name of the model before, then of the model after. Models that
        cannot be compared are left out.
    """
    comparisons: dict[str, dict[str, Any]] = {}
    names = [model.name for model in models]
    for before, after in permutations(names, 2):
        comparison = compare_pair(before, after)
        if comparison is not None:
            comparisons.setdefault(before, {})[after] = comparison
    return comparisons


def compare_pair(before: str, after: str) -> dict[str, Any] | None:
    """Return what `digits compare --between` prints, or None if a model is out of date."""
    try:
        difference = compare_models(before, after)
    except UserError:
        return None
    n_images = formatting.format_count(difference.n_images)
    subset = formatting.format_subset(difference)
    return {
        "cells": formatting.format_difference(difference),
        "verdict": f"{n_images} images {subset}: {formatting.format_verdict(difference)}",
    }


def pack(text: str) -> str:
    """Return a text as letters and digits, which the page unpacks.

    Without this, a class name could contain HTML that ends the script.
    """
    compressed = zlib.compress(text.encode())
    return base64.b64encode(compressed).decode()
