"""A search's points: what is tried, how it is measured, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from digits.common.errors import ParameterError, PipelineError
from digits.common.files import rounded
from digits.common.parameters import Experiment, Parameters, Search
from digits.evaluation import metrics
from digits.learning import models, registry, training
from tests import tiny
from tools.check import check
from tools.prune import leftovers
from tools.search import advice, run

PIXELS, CLASSES = tiny.digits()
SEED = 42


def experiment(features: str, classifier: str, **hyperparameters: Any) -> Experiment:
    return Experiment(**tiny.experiment("tiny", "digit", features, classifier, 3, **hyperparameters))


def search(method: str, grid: dict[str, list[Any]], folds: int = 3) -> Search:
    return Search.model_validate({"grid": grid, "folds": folds, "method": method})


@pytest.mark.parametrize(
    ("tried", "grid", "labels"),
    [
        (experiment("raw", "k_neighbors"), {"n_neighbors": [1, 4]}, CLASSES == 5),
        (experiment("principal_components", "sgd", max_iter=20, tol=None), {"alpha": [0.0001, 0.1]}, CLASSES),
        (experiment("raw", "svc", gamma=0.001), {"C": [0.1, 1], "gamma": [0.0005, 0.01]}, CLASSES),
        (experiment("raw", "one_vs_rest_svc", C=3), {"gamma": [0.0005, 0.01]}, CLASSES),
        (experiment("scaled", "mlp", tol=0.01), {"hidden_layer_sizes": [[8], [16, 8]]}, CLASSES == 5),
    ],
    ids=["yes or no", "components", "two hyperparameters", "a classifier in another", "lists"],
)
def test_each_accuracy_is_the_one_that_training_reports(
    tried: Experiment, grid: dict[str, list[Any]], labels: Any
) -> None:
    labels = labels.astype("uint8")
    results = run(search("grid", grid), tried, PIXELS, labels, SEED)
    assert [result.mean for result in results] == sorted((result.mean for result in results), reverse=True)
    assert len({str(result.point) for result in results}) == len(results) == 2 ** len(grid)
    for result in results:
        same = tried.model_copy(update={"hyperparameters": {**tried.hyperparameters, **result.point}})
        trained = training.train(registry.build(same, SEED), PIXELS, labels, 3)
        assert trained.scores is not None
        assert trained.fold is not None
        *_, mean, std = metrics.by_fold(labels, models.predict(trained.model, trained.scores), trained.fold)
        assert (result.mean, result.std) == tuple(rounded([mean[-1], std[-1]]))
        assert result.rows == len(labels)


def test_halving_tries_all_on_few_rows_and_the_best_on_many() -> None:
    halving = search("halving", {"C": [0.001, 0.01, 0.1, 1, 3, 10], "gamma": [0.0005, 0.001, 0.01]})
    tried, labels = experiment("raw", "svc"), (CLASSES < 5).astype("uint8")
    results = run(halving, tried, PIXELS, labels, SEED)
    assert len({str(result.point) for result in results}) == 18
    # All on a ninth of the 400 rows, the best six on a third, the best two on all that the thirds come to.
    assert [result.rows for result in results] == [396] * 2 + [132] * 4 + [44] * 12
    assert results[0].mean >= results[1].mean > 0.9
    assert run(halving, tried, PIXELS, labels, SEED) == results


def test_a_lucky_figure_on_few_rows_is_not_the_best() -> None:
    halving = search("halving", {"strategy": ["most_frequent", "prior", "stratified"]})
    results = run(halving, experiment("raw", "dummy"), PIXELS, CLASSES, SEED)
    assert [result.rows for result in results] == [399, 133, 133]
    assert results[0].mean < results[1].mean


def test_what_is_fitted_some_rows_at_a_time_cannot_be_searched() -> None:
    tried = experiment("scaled", "partial_fit_sgd", max_iter=5)
    with pytest.raises(ParameterError, match="is fitted incrementally, and cannot be searched; use sgd"):
        run(search("grid", {"alpha": [0.1]}), tried, PIXELS, CLASSES, SEED)


def test_a_point_that_cannot_be_fitted_is_said_in_scikit_learn_s_words() -> None:
    tried = experiment("raw", "k_neighbors")
    with pytest.raises(PipelineError, match=r"cannot be fitted: Expected n_neighbors <= n_samples_fit.*26[67]\D"):
        run(search("grid", {"n_neighbors": [3, 300]}), tried, PIXELS, CLASSES, SEED)
    with pytest.raises(PipelineError, match=r"cannot be fitted: .*; halving begins with few rows, `method: grid`"):
        run(search("halving", {"n_neighbors": [3, 200, 5]}), tried, PIXELS, CLASSES, SEED)


def test_more_folds_than_images_of_a_class_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"folds: 50, but only .* training rows have the label"):
        run(search("grid", {"C": [1]}, folds=50), experiment("raw", "svc"), PIXELS, CLASSES, SEED)


def test_the_line_to_type_changes_only_what_is_other_than_now() -> None:
    tried = experiment("raw", "svc", gamma=0.001)
    start, end = "experiments.x.hyperparameters.", " evaluate@x"
    assert advice("x", tried, {"C": 1, "gamma": 0.002}, SEED) == f"dvc exp run -S {start}gamma=0.002{end}"
    assert advice("x", tried, {"shrinking": False}, SEED) == f"dvc exp run -S +{start}shrinking=false{end}"
    assert advice("x", tried, {"class_weight": "balanced"}, SEED).endswith(f"-S +{start}class_weight=balanced{end}")
    assert advice("x", experiment("raw", "one_vs_rest_svc"), {"C": 3}, SEED) == f"dvc exp run -S +{start}C=3{end}"
    assert advice("x", tried, {"C": 1, "gamma": 0.001}, SEED) == "The best is what the experiment has already."


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"grid": {}}, "five-sgd.grid: Dictionary should have at least 1 item"),
        ({"grid": {"alpha": []}}, "five-sgd.grid.alpha: List should have at least 1 item"),
        ({"grid": {"alpha": 0.1}}, "five-sgd.grid.alpha: must be a valid list, not 0.1"),
        ({"grid": {"alpa": [0.1]}}, "five-sgd.grid: hyperparameters of sgd: there is no 'alpa'. Did you mean 'alpha'?"),
        ({"grid": {"n_jobs": [1, 2]}}, "five-sgd.grid: hyperparameters of sgd: there is no 'n_jobs'"),
        ({"grid": {"alpha": [0.1, -1]}}, "five-sgd.grid: The 'alpha' parameter of SGDClassifier"),
        (
            {"grid": {key: list(range(99)) for key in ("alpha", "l1_ratio")}},
            "must have at most 1000 combinations of va",
        ),
        ({"folds": 1}, "five-sgd.folds: must be greater than or equal to 2, not 1"),
        ({"method": "random"}, "five-sgd.method: must be 'grid' or 'halving', not 'random'"),
        ({"fold": 3}, "five-sgd: there is no 'fold'. Did you mean 'folds'? Valid: folds, grid, method"),
    ],
)
def test_a_mistake_in_a_search_is_one_line(change: dict[str, Any], line: str) -> None:
    with pytest.raises(ParameterError) as error:
        check_search("five-sgd", **change)
    assert str(error.value).startswith("params.yaml: searches.five-sgd")
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def check_search(name: str, **change: Any) -> None:
    values = tiny.params()
    values["searches"] = {name: {"grid": {"alpha": [0.1]}, "folds": 3, "method": "grid", **change}}
    check(Parameters(values))


def test_a_search_is_named_as_its_experiment() -> None:
    check_search("five-sgd")
    with pytest.raises(ParameterError, match=r"searches: there is no 'five'\. Did you mean 'five-sgd'\? Valid: digit"):
        check_search("five")


def test_an_empty_section_of_searches_is_a_mistake() -> None:
    with pytest.raises(ParameterError, match="`searches` must be a section with at least one block"):
        check(Parameters({**tiny.params(), "searches": None}))


def test_leftovers_are_named_and_what_a_user_has_put_there_is_not(tmp_path: Path) -> None:
    own = ["data/README.md", "data/own.csv", "data/own.csv.dvc", "models/README.md", "models/.gitignore"]
    own += ["models/theirs.joblib", "models/theirs.joblib.dvc", "data/split/theirs/train.parquet.dvc"]
    made = ["data/raw/tiny.parquet", "data/labels/five-sgd/test.parquet", "plots/five-sgd/roc.csv"]
    left = ["data/labels/old", "data/labels/five-sgd/.test.parquet.part", "data/split/tiny/five", "models/old.joblib"]
    left += ["plots/old", "searches/five-sgd.csv", "plots/five-sgd/.roc.csv.part", ".report.html.part"]
    for name in own + made + left:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert {str(path.relative_to(tmp_path)) for path in leftovers(Parameters(tiny.params()), tmp_path)} == {*left}
    values = {**tiny.params(), "searches": {"five-sgd": {}}}
    assert tmp_path / "searches/five-sgd.csv" not in leftovers(Parameters(values), tmp_path)
