"""Two models, trained with several seeds."""

import pytest

from bench.compare_seeds import compare
from digits.settings.params import ModelParams
from tests.core.test_train import make_task
from tests.helpers import tiny


def make_trees(n_estimators: int) -> ModelParams:
    """Return the entry of a few small trees, whose accuracy depends on the seed."""
    hyperparameters = {"n_estimators": n_estimators, "max_depth": 4}
    trees = tiny.model("five", "raw", "ensemble.ExtraTreesClassifier", 2, **hyperparameters)
    return ModelParams.model_validate(trees)


@pytest.mark.variant
def test_both_models_are_trained_with_the_same_seeds() -> None:
    few = make_trees(2)
    many = make_trees(10)
    images = make_task()
    accuracies = compare(few, few, images, 42, 3)
    assert accuracies["before"].equals(accuracies["after"])
    assert accuracies["before"].nunique() > 1

    other = compare(few, many, images, 42, 3)
    assert other["before"].equals(accuracies["before"])
    assert (other["after"] > other["before"]).any()
