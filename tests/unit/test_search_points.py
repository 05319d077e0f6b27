"""A search's points: what is tried, how it is measured, and what is refused."""

from typing import Any

import pytest

from digits.common.errors import ParameterError, PipelineError
from digits.common.files import rounded
from digits.common.parameters import Experiment, Parameters, Search
from digits.evaluation import metrics
from digits.learning import models, registry, training
from tests import tiny
from tools.check import check
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
        (experiment("principal_components", "sgd", max_iter=20, tol=None), {"alpha": [0.0001, 0.1]}, CLASSES),
        (experiment("raw", "one_vs_rest_svc", C=3), {"C": [0.1, 1], "gamma": [0.0005, 0.01]}, CLASSES),
        (experiment("scaled", "mlp", tol=0.01), {"hidden_layer_sizes": [[8], [16, 8]]}, CLASSES == 5),
    ],
    ids=["components", "a classifier in another", "lists, yes or no"],
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


SMALLER = r"cannot be fitted: .*; halving begins with few rows, `method: grid`"
NEIGHBOURS = experiment("raw", "k_neighbors")
PARTIAL = experiment("scaled", "partial_fit_sgd", max_iter=5)


@pytest.mark.parametrize(
    ("tried", "searching", "error", "reason"),
    [
        (
            NEIGHBOURS,
            search("grid", {"n_neighbors": [3, 300]}),
            PipelineError,
            "cannot be fitted: Expected n_neighbors",
        ),
        (NEIGHBOURS, search("halving", {"n_neighbors": [3, 200, 5]}), PipelineError, SMALLER),
        (PARTIAL, search("grid", {"alpha": [0.1]}), ParameterError, "fitted incrementally, and cannot be .*; use sgd"),
        (experiment("raw", "svc"), search("grid", {"C": [1]}, folds=50), ParameterError, "folds: 50, but only .* rows"),
    ],
)
def test_what_cannot_be_searched_is_said(
    tried: Experiment, searching: Search, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        run(searching, tried, PIXELS, CLASSES, SEED)


def test_the_line_to_type_changes_only_what_is_other_than_now() -> None:
    tried = experiment("raw", "svc", gamma=0.001)
    start, end = "experiments.x.hyperparameters.", " evaluate@x"
    assert advice("x", tried, {"C": 1, "gamma": 0.002}, SEED) == f"dvc exp run -S {start}gamma=0.002{end}"
    assert advice("x", tried, {"shrinking": False}, SEED) == f"dvc exp run -S +{start}shrinking=false{end}"
    assert advice("x", tried, {"class_weight": "balanced"}, SEED).endswith(f"-S +{start}class_weight=balanced{end}")
    assert advice("x", experiment("raw", "one_vs_rest_svc"), {"C": 3}, SEED) == f"dvc exp run -S +{start}C=3{end}"
    assert advice("x", tried, {"C": 1, "gamma": 0.001}, SEED) == "The best is what the experiment has already."


BLOCK = {"grid": {"alpha": [0.1]}, "folds": 3, "method": "grid"}
LARGE = {key: list(range(99)) for key in ("alpha", "l1_ratio")}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"grid": {}}, "five-sgd.grid: Dictionary should have at least 1 item"),
        ({"grid": {"alpha": []}}, "five-sgd.grid.alpha: List should have at least 1 item"),
        ({"grid": {"alpha": 0.1}}, "five-sgd.grid.alpha: must be a valid list, not 0.1"),
        ({"grid": {"alpa": [0.1]}}, "five-sgd.grid: hyperparameters of sgd: there is no 'alpa'. Did you mean 'alpha'?"),
        ({"grid": {"n_jobs": [1, 2]}}, "five-sgd.grid: hyperparameters of sgd: there is no 'n_jobs'"),
        ({"grid": {"alpha": [0.1, -1]}}, "five-sgd.grid: The 'alpha' parameter of SGDClassifier"),
        ({"grid": LARGE}, "must have at most 1000 combinations of va"),
        ({"folds": 1}, "five-sgd.folds: must be greater than or equal to 2, not 1"),
        ({"method": "random"}, "five-sgd.method: must be 'grid' or 'halving', not 'random'"),
        ({"fold": 3}, "five-sgd: there is no 'fold'. Did you mean 'folds'? Valid: folds, grid, method"),
    ],
)
def test_a_mistake_in_a_search_is_one_line(change: dict[str, Any], line: str) -> None:
    check(Parameters(tiny.params({"searches": {"five-sgd": BLOCK}})))
    with pytest.raises(ParameterError) as error:
        check(Parameters(tiny.params({"searches": {"five-sgd": BLOCK | change}})))
    assert str(error.value).startswith("params.yaml: searches.five-sgd")
    assert line in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("searches", "line"),
    [
        ({"five": BLOCK}, r"searches: there is no 'five'\. Did you mean 'five-sgd'\? Valid: digit"),
        (None, "`searches` must be a section; `{}` is one without blocks"),
    ],
)
def test_searches_are_blocks_named_as_experiments(searches: object, line: str) -> None:
    with pytest.raises(ParameterError, match=line):
        check(Parameters(tiny.params({"searches": searches})))
