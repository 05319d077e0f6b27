"""Render the page from the templates of this folder."""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from tqdm import tqdm

from digits.core import tables
from digits.fetching.summary import read_summary
from digits.messages.errors import UserError
from digits.results import leaderboard
from digits.results.differences import Reader, compare_models
from digits.results.images import read_dataset
from digits.results.numbers import format_metric
from digits.results.outdated import find_outdated_models
from digits.results.verdicts import (
    DIFFERENCE_HEADINGS,
    format_difference,
    format_verdict,
)
from digits.settings.params import Params
from digits_report import charts
from digits_report.images import DatasetView
from digits_report.view import CAPTIONS, ModelView, name_image

TEMPLATES = Path(__file__).parent

# The names in the page of the two subsets of the metrics and plot tables.
SUBSET_NAMES = {"test": "test set", "cross_validation": "cross-validation"}

# The packages that results depend on. The page lists their versions.
PACKAGES = ["dvc", "joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"]

# The scale of the bars in the leaderboard is nearly linear below this error rate, as in the
# charts.
LINEAR_BELOW = 0.001


def render_page(settings: Params, model_names: Sequence[str]) -> str:
    """Return the HTML page about some models, which must have been evaluated.

    Its heading names the project, which is the current folder.

    Raises:
        UserError: a file is missing or damaged.
    """
    outdated_names = find_outdated_models(model_names)
    results = leaderboard.make_leaderboard(settings, model_names, outdated_names)
    names = results["model"][results["model"] != leaderboard.BASELINE]
    datasets = read_datasets(settings, names)
    models = [model for section in datasets.values() for model in section.models]
    data = make_data(datasets, results)
    models_by_name = {model.name: model for model in models}
    versions = {package: version(package) for package in PACKAGES}
    template = make_environment().get_template("page.html")
    return template.render(
        project=Path.cwd().name,
        datasets=datasets,
        summaries={name: read_summary(name) for name in datasets},
        models=models_by_name,
        cards=make_cards(results, data["comparisons"], models_by_name),
        outdated_names=outdated_names,
        headings=leaderboard.list_headings(results),
        shown=leaderboard.list_shown(results),
        rows_by_task=group_rows(results),
        legends=leaderboard.list_legends(results),
        captions=CAPTIONS,
        subset_names=SUBSET_NAMES,
        settings=settings,
        versions=versions,
        data=data,
        vega=charts.vega_script(),
    )


def read_datasets(settings: Params, model_names: Iterable[str]) -> dict[str, DatasetView]:
    """Read the results of some models, by the name of their dataset."""
    datasets: dict[str, DatasetView] = {}
    for name in tqdm(list(model_names), desc="models", disable=None, leave=False):
        dataset_name = settings.dataset_name_of_task(settings.models[name].task)
        if dataset_name not in datasets:
            datasets[dataset_name] = DatasetView(dataset_name, read_dataset(dataset_name))
        section = datasets[dataset_name]
        section.models.append(ModelView(name, settings, section.images))
    return datasets


def make_data(datasets: dict[str, DatasetView], results: pd.DataFrame) -> dict[str, Any]:
    """Return what the scripts of the page read.

    Args:
        datasets: the datasets and their models, by the name of the dataset.
        results: the leaderboard.
    """
    models = {}
    for dataset_name, section in datasets.items():
        for model in section.models:
            mistakes = model.mistakes[["row", "place", "actual", "predicted", "description"]]
            models[model.name] = {
                "dataset": dataset_name,
                "tables": charts.make_tables(model),
                "corners": charts.find_corners(model),
                "mistakes": mistakes.to_dict("records"),
            }
    return {
        "definitions": charts.read_definitions(),
        "models": models,
        "pictures": {name: section.mistakes for name, section in datasets.items()},
        "headings": DIFFERENCE_HEADINGS[1:],
        "comparisons": compare_all(results),
    }


def group_rows(results: pd.DataFrame) -> dict[str, list[dict[Any, Any]]]:
    """Return the rows of a leaderboard by their task."""
    groups = results.groupby("task", sort=False)
    return {str(task): rows.to_dict("records") for task, rows in groups}


def make_cards(
    results: pd.DataFrame,
    comparisons: Mapping[str, Mapping[str, Any]],
    models: Mapping[str, ModelView],
) -> dict[str, dict[str, Any]]:
    """Return what the page says first of each task.

    The tasks with the most labels come first, and of these, those with the most models.

    Args:
        results: the leaderboard.
        comparisons: what `compare_all` returns.
        models: the models, by their names.

    Returns:
        The row of the best model, the names of the models that are `tied` with it, the name of
        the `next` model, and how that compares with the best one. `next` is None if there is no
        other model, and `comparison` is None if the two cannot be compared.
    """
    cards = {}
    groups = sorted(
        group_rows(results).items(),
        key=lambda group: (len(models[group[1][0]["model"]].label_names), len(group[1])),
        reverse=True,
    )
    for task, (best, *others) in groups:
        others = [row for row in others if row["model"] != leaderboard.BASELINE]
        following = others[0]["model"] if others else None
        cards[task] = {
            "best": best,
            "tied": [row["model"] for row in others if row["is_tied"]],
            "next": following,
            "comparison": comparisons.get(str(following), {}).get(best["model"]),
        }
    return cards


def compare_all(results: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Compare each model with the better models of its task.

    Returns:
        What `compare` returns, as `comparisons[worse][better]`. Models that cannot be compared
        are left out.
    """
    comparisons: dict[str, dict[str, Any]] = {}
    models = results[results["model"] != leaderboard.BASELINE]
    for _, names in models.groupby("task", sort=False)["model"]:
        read = cache(tables.read)  # each model is compared with several others
        for better, worse in combinations(names, 2):
            with suppress(UserError):  # for example, one of them is out of date
                comparisons.setdefault(worse, {})[better] = compare(worse, better, read)
    return comparisons


def compare(before: str, after: str, read: Reader = tables.read) -> dict[str, Any]:
    """Return the cells and the verdict that `digits compare --between` prints.

    Args:
        before: the name of the first model.
        after: the name of the second model.
        read: reads a table of predictions.

    Raises:
        UserError: the models cannot be compared.
    """
    difference = compare_models(before, after, read, read)
    return {
        "cells": format_difference(difference),
        "is_significant": difference.is_significant,
        "verdict": format_verdict(difference),
    }


def stretch(accuracy: float) -> float:
    """Return the place of an accuracy on a log scale of the error rates, in percent.

    It is 100 if there are no errors. Below 0.1 %, the scale is nearly linear.
    """
    error = 1 - accuracy
    return 100 * (1 - math.log1p(error / LINEAR_BELOW) / math.log1p(1 / LINEAR_BELOW))


def make_environment() -> jinja2.Environment:
    """Return the environment of the templates, with the formats of numbers as filters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    # The data of the page have no spaces between values.
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    environment.filters.update(
        format_name=leaderboard.format_name,
        format_cells=leaderboard.format_cells,
        format_metric=format_metric,
        format_count="{:,.0f}".format,
        name_image=name_image,
        stretch=stretch,
    )
    environment.tests["missing"] = pd.isna
    return environment
