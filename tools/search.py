"""Search one experiment's hyperparameters by cross-validation on the training part.

The block of params.yaml's `searches` that is named as the experiment says what is tried: every combination of the
`grid`'s values, each in the experiment's own pipeline. `method: grid` fits all of them on all training rows;
`method: halving` fits all on a few rows, the best third of them on three times as many, and so on. Writes
`searches/<experiment>.csv`, the best first, and prints how to run the best. The one decision: the test part is never
opened, so that its accuracy stays an honest figure of whatever is chosen here.
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import joblib
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, ParameterGrid, PredefinedSplit
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from digits.common import cli, files, parallel, parameters, parquet, paths
from digits.common.errors import ParameterError, PipelineError
from digits.common.parameters import FILE, Experiment, Search
from digits.common.tables import Pixels, Vector
from digits.learning import models, registry, thresholds
from digits.learning.training import fit_first_step, fold_of_rows
from tools.table import print_table

LINES = 20  # of the table on the screen; the file has them all

Point = Mapping[str, Any]


class Result(NamedTuple):
    """A point of the grid, the number of rows of its last cross-validation, and its folds' accuracies (0 to 1)."""

    point: Point
    rows: int
    mean: float
    std: float


def grid_points(search: Search, experiment: Experiment, seed: int, maximum: int = 255) -> list[tuple[Point, Pipeline]]:
    """Return every combination of the grid's values, and the experiment's unfitted pipeline with it.

    Raises:
        ParameterError: the experiment's classifier does not take a value, the first fault is named; or it is one that
            is fitted incrementally, while a search fits all rows at once.
    """
    if registry.is_partial(experiment.classifier):
        raise ParameterError(
            f"classifier: {experiment.classifier} is fitted incrementally, and cannot be searched; "
            f"use {experiment.classifier.removeprefix('partial_fit_')}"
        )
    if thresholds.NAME in search.grid:
        raise ParameterError("grid: threshold is chosen on out-of-fold scores by `dvc repro`, not by a search")
    points = []
    for point in ParameterGrid(search.grid):
        changed = experiment.model_copy(update={"hyperparameters": {**experiment.hyperparameters, **point}})
        try:
            points.append((point, registry.build(changed, seed, maximum)))
        except ParameterError as error:
            raise ParameterError(f"grid: {error}") from None
    return points


def run(
    search: Search,
    experiment: Experiment,
    X: Pixels,  # noqa: N803
    y: Vector,
    seed: int,
    maximum: int = 255,
    origin: Vector | None = None,
) -> list[Result]:
    """Cross-validate every point of the grid, as `train` does.

    Args:
        search: what to try.
        experiment: whose features and classifier are searched.
        X: pixels, shape (rows, pixels), 0 to `maximum`, in random order.
        y: labels, shape (rows,).
        seed: of the classifier, and of the rows that halving draws.
        maximum: the largest value that a pixel can have.
        origin: the row of the image that each was made of, shape (rows,); copies of one image share a fold.

    Returns:
        The results on the most rows first, of these the best first, and equals in scikit-learn's order.

    Raises:
        ParameterError: a value of the grid is wrong, or a class has fewer rows than there are folds.
        PipelineError: a point cannot be fitted, in scikit-learn's words.
    """
    points, pipelines = zip(*grid_points(search, experiment, seed, maximum), strict=True)
    classifiers = [pipeline["classifier"] for pipeline in pipelines]
    fold = fold_of_rows(y, search.folds, origin)
    assert fold is not None
    _, inputs = fit_first_step(pipelines[0], X)
    halving = search.method == "halving"
    # A bar on a terminal only, and not from other machines; how many fits halving makes, only halving knows.
    total = None if halving else search.folds * len(points)
    with tqdm(desc="fits", total=total, leave=False, disable=None) as bar:

        def counted_accuracy(*arguments: Any) -> float:
            bar.update()
            return accuracy(*arguments)

        common = {
            "param_grid": {"classifier": classifiers},  # whole ones: how a hyperparameter gets in, the registry knows
            "scoring": accuracy if parallel.on_cluster() else counted_accuracy,
            "cv": PredefinedSplit(fold.astype(int) - 1),
            "refit": False,
            "error_score": "raise",
        }
        estimator = pipelines[0][1:]
        searching = (
            HalvingGridSearchCV(estimator, **common, random_state=seed)
            if halving
            else GridSearchCV(estimator, **common)
        )
        with parallel.parallel_backend(inputs, y), threadpool_limits(1, user_api="openmp"):
            try:
                searching.fit(inputs, y)
            except (ValueError, TypeError, ArithmeticError) as error:
                few = "; halving begins with few rows, `method: grid` takes all" if halving else ""
                raise PipelineError(f"a point of the grid cannot be fitted: {error}{few}") from None
    table = searching.cv_results_
    resources = table.get("n_resources", [len(y)] * len(points))
    columns = table["param_classifier"], resources, table["mean_test_score"], table["std_test_score"]
    last = {}  # a point that halving kept has a line for each round
    for classifier, rows, mean, std in zip(*columns, strict=True):
        which = classifiers.index(classifier)
        last[which] = Result(points[which], int(rows), files.rounded(mean), files.rounded(std))
    return sorted(last.values(), key=lambda result: (-result.rows, -result.mean))


def accuracy(model: Pipeline, inputs: Any, y: Vector) -> float:
    """Return the share of right predictions, 0 to 1."""
    with threadpool_limits(1, user_api="openmp"), joblib.parallel_config("threading", n_jobs=1):
        return float((models.predict(model, models.score(model, inputs)) == y).mean())


def advice(name: str, experiment: Experiment, best: Point, seed: int) -> str:
    """Return what to type to run the best point."""
    classifier = registry.build(experiment, seed)["classifier"]
    # By the last part of its name: a classifier in another one has its own as `estimator__gamma`.
    own = {key.rpartition("__")[2]: value for key, value in classifier.get_params().items()}
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
    parser = cli.parser(__doc__, "digits-digit-svc")
    parser.add_argument("experiment", help="a block of `searches` in params.yaml")
    name = parser.parse_args().experiment

    params = parameters.load()
    search, experiment = params.block(Search, name), params.block(Experiment, name)
    try:
        grid_points(search, experiment, params.seed)  # before anything is read
    except ParameterError as error:
        raise ParameterError(f"{FILE}: searches.{name}.{error}") from None
    labels, images = paths.labels(name, "train"), paths.split(experiment.split, "train")
    files.require(labels, f"binarize@{name}")
    y = parquet.read_labels(images, labels)
    with cli.warnings_in_lines(name):
        facts = parquet.maximum(images), parquet.read_origin(images)
        results = run(search, experiment, parquet.read_pixels(images), y, params.seed, *facts)

    path = Path("searches", f"{name}.csv")
    header = [*search.grid, "rows", "accuracy_mean", "accuracy_std"]
    rows = [[*(spell(each.point[key]) for key in search.grid), each.rows, each.mean, each.std] for each in results]
    files.write_csv(path, header, rows)
    print_table(header, [[*map(str, cells), f"{mean:.4f}", f"{std:.4f}"] for *cells, mean, std in rows[:LINES]], left=0)
    if len(rows) > LINES:
        print(f"… and {len(rows) - LINES} more in {path}")
    print()
    print(advice(name, experiment, results[0].point, params.seed))


if __name__ == "__main__":
    cli.run(main)
