"""Search one experiment's hyperparameters by cross-validation on the training part.

The block of params.yaml's `searches` that is named as the experiment says what is tried: every combination of the
`grid`'s values, each in the experiment's own pipeline. `method: grid` fits all of them on all training rows;
`method: halving` fits all on a few rows, the best third of them on three times as many, and so on. Writes
`searches/<experiment>.csv`, the best first, and says how to run the best. The one decision: the test part is never
opened, so that its accuracy stays an honest figure of whatever is chosen here.
"""

import json
import math
import shlex
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import joblib
from pydantic import Field, field_validator
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, ParameterGrid
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from digits.common import cli, files, parameters, tables, workers
from digits.common.cli import ParameterError, PipelineError
from digits.common.parameters import Section
from digits.common.tables import Pixels, Vector
from digits.evaluation.rounding import rounded
from digits.learning import models
from digits.learning.classifiers import PARTIAL_FIT
from digits.learning.folds import split
from stages.train import Experiment, build, fit_images
from tools.leaderboard import print_table

MOST_POINTS = 1000
MOST_LINES = 20  # of the table on the screen; the file has them all

Point = Mapping[str, Any]


class Search(Section):
    """One block of `searches` in params.yaml; its name is the experiment's."""

    grid: Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]
    folds: Annotated[int, Field(ge=2, le=255)]
    method: Literal["grid", "halving"]

    @field_validator("grid")
    @classmethod
    def _not_endless(cls, grid: dict[str, list[Any]]) -> dict[str, list[Any]]:
        if (size := math.prod(map(len, grid.values()))) > MOST_POINTS:
            raise ValueError(f"must have at most {MOST_POINTS} combinations of values, these are {size}:")
        return grid


class Result(NamedTuple):
    """What came out for one point of the grid.

    Attributes:
        point: the hyperparameters of the grid, each with one value.
        rows: how many training rows its last cross-validation was on.
        mean, std: of the folds' accuracies there, from 0 to 1.
    """

    point: Point
    rows: int
    mean: float
    std: float


def pipelines(search: Search, experiment: Experiment, seed: int) -> list[tuple[Point, Pipeline]]:
    """Return every combination of the grid's values, and the experiment's unfitted pipeline with it.

    Raises:
        ParameterError: the experiment's classifier does not take a value, the first fault is named; or it is one that
            is fitted some rows at a time, while a search fits all at once.
    """
    if experiment.classifier in PARTIAL_FIT:
        raise ParameterError(
            f"classifier: {experiment.classifier} is fitted some rows at a time, and cannot be searched; "
            f"use {experiment.classifier.removeprefix('partial-fit-')}"
        )
    found = []
    for point in ParameterGrid(search.grid):
        changed = experiment.model_copy(update={"hyperparameters": {**experiment.hyperparameters, **point}})
        try:
            found.append((point, build(changed, seed)))
        except ParameterError as error:
            raise ParameterError(f"grid: {error}") from None
    return found


def accuracy(model: Pipeline, inputs: Any, labels: Vector) -> float:
    """Return the share of right answers, 0 to 1."""
    with threadpool_limits(1, user_api="openmp"), joblib.parallel_config("threading", n_jobs=1):
        predictions = models.predict(model, models.score(model, inputs))
    return float((predictions == labels).mean())


def run(search: Search, experiment: Experiment, pixels: Pixels, labels: Vector, seed: int) -> list[Result]:
    """Cross-validate every point of the grid, as `train` does.

    Args:
        search: what to try.
        experiment: whose features and classifier are searched.
        pixels: shape (rows, pixels), 0 to 255, in random order.
        labels: shape (rows,).
        seed: of the classifier, and of the rows that halving draws.

    Returns:
        The results on the most rows first, of these the best first, and equals in scikit-learn's order.

    Raises:
        ParameterError: a value of the grid is wrong, or a class has fewer rows than there are folds.
        PipelineError: a point cannot be fitted, in scikit-learn's words.
    """
    points, tried = zip(*pipelines(search, experiment, seed), strict=True)
    pipeline = tried[0]
    classifiers = [each["classifier"] for each in tried]
    _, inputs = fit_images(pipeline, pixels)
    folds = split(labels, search.folds)
    fits = search.folds * len(points)
    # A bar on a terminal only, and not from other machines; how many fits halving makes, only halving knows.
    with tqdm(desc="fits", total=fits if search.method == "grid" else None, leave=False, disable=None) as bar:

        def shown(*arguments: Any) -> float:
            bar.update()
            return accuracy(*arguments)

        common = {
            "param_grid": {"classifier": classifiers},  # whole ones: how a hyperparameter gets in, the registry knows
            "scoring": accuracy if workers.elsewhere() else shown,
            "cv": folds,
            "refit": False,
            "error_score": "raise",
        }
        searching = (
            GridSearchCV(pipeline[1:], **common)
            if search.method == "grid"
            else HalvingGridSearchCV(pipeline[1:], **common, random_state=seed)
        )
        with workers.shared(inputs, labels, *chain(*folds)), threadpool_limits(1, user_api="openmp"):
            try:
                searching.fit(inputs, labels)
            except (ValueError, TypeError, ArithmeticError) as error:
                few = "; halving begins with few rows, `method: grid` takes all" if search.method == "halving" else ""
                raise PipelineError(f"a point of the grid cannot be fitted: {error}{few}") from None
    table = searching.cv_results_
    last = {}  # a point that halving kept has a line for each round
    for i, changed in enumerate(table["params"]):
        which = classifiers.index(changed["classifier"])
        last[which] = Result(
            points[which],
            int(table["n_resources"][i]) if search.method == "halving" else len(labels),
            rounded(table["mean_test_score"][i]),
            rounded(table["std_test_score"][i]),
        )
    return sorted(last.values(), key=lambda result: (-result.rows, -result.mean))


def advice(name: str, experiment: Experiment, best: Point, seed: int) -> str:
    """Return what to type to run the best point."""
    # By the last part of its name: a classifier in another one has its own as `estimator__gamma`.
    own = {key.rpartition("__")[2]: value for key, value in build(experiment, seed)["classifier"].get_params().items()}
    overrides = [
        f"{'' if key in experiment.hyperparameters else '+'}experiments.{name}.hyperparameters.{key}={spell(value)}"
        for key, value in best.items()
        if own[key] != value
    ]
    if not overrides:
        return "The best is what the experiment has already."
    return f"dvc exp run {' '.join(f'-S {shlex.quote(text)}' for text in overrides)} evaluate@{name}"


def spell(value: object) -> str:
    """Spell a hyperparameter as in params.yaml."""
    return value if isinstance(value, str) else json.dumps(value)


def main() -> None:
    """Read, search, write, print."""
    parser = cli.parser(__doc__, "-m tools.search digits-digit-svc")
    parser.add_argument("experiment", help="a block of `searches` in params.yaml")
    name = parser.parse_args().experiment

    values = parameters.load()
    seed = parameters.seed(values)
    searches = parameters.section(values, "searches", Search)
    parameters.choose(f"{parameters.FILE}: searches", name, searches)
    search = searches[name]
    experiment = parameters.block(values, "experiments", name, Experiment)
    try:
        pipelines(search, experiment, seed)  # before anything is read
    except ParameterError as error:
        raise ParameterError(f"{parameters.FILE}: searches.{name}.{error}") from None
    labels = Path("data/labels", experiment.split, experiment.task, "train.parquet")
    files.expect(labels, f"binarize@{experiment.split}")
    images = Path("data/split", experiment.split, "train.parquet")
    known, pixels = tables.read_labels(images, labels), tables.read_pixels(images)

    with cli.warnings_in_lines(name):
        results = run(search, experiment, pixels, known.labels, seed)

    path = Path("searches", f"{name}.csv")
    header = [*search.grid, "rows", "accuracy_mean", "accuracy_std"]
    rows = [
        [*(spell(result.point[key]) for key in search.grid), result.rows, result.mean, result.std] for result in results
    ]
    files.write_csv(path, header, rows)
    shown = [[*map(str, row[:-2]), *(f"{figure:.4f}" for figure in row[-2:])] for row in rows[:MOST_LINES]]
    print_table(header, shown, left=0)
    if len(rows) > MOST_LINES:
        print(f"… and {len(rows) - MOST_LINES} more in {path}")
    print()
    print(advice(name, experiment, results[0].point, seed))


if __name__ == "__main__":
    cli.run(main)
