"""Groups, names, negative classes and a threshold rule, from a table to the metrics."""

from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_digits

from digits.core import paths
from digits.learning import model_file
from digits.learning.scores import decision_threshold
from digits.learning.thresholds import choose_threshold
from digits.settings.params import MinRecall
from tests.helpers import tiny
from tests.helpers.calls import call, failure

SUBSETS = ["train", "test"]
POSITIVE = ["n1", "n8"]
NEGATIVE = ["n3", "n9"]


def write_table(path: Path) -> None:
    """Write 240 digits with names of classes and of eight writers, ten images in a row each."""
    bunch = load_digits()
    rows = slice(200, 440)
    table = pd.DataFrame(bunch.data[rows].astype(int)).add_prefix("p")
    table.insert(0, "label", [f"n{label}" for label in bunch.target[rows]])
    table.insert(1, "group", [f"writer {row // 10 % 8}" for row in range(len(table))])
    table.to_csv(path, index=False)


def make(project: Path) -> None:
    """Run two models of this table.

    The task of `named` is all ten classes. The task of `odd` is two classes against two others.
    """
    write_table(project / "own.csv")
    dataset = {
        "shape": list(tiny.SHAPE),
        "pixel_max": tiny.PIXEL_MAX,
        "sources": [{"files": "own.csv"}],
        "layout": {
            "table": "own.csv",
            "pixels": "p0 to p63",
            "class": "label",
            "group": "group",
        },
    }
    odd = tiny.model(
        "odd",
        "scaled",
        "neighbors.KNeighborsClassifier",
        3,
        n_neighbors=25,  # so many that it makes mistakes
        weights="distance",
        threshold={"recall": 0.9},
    )
    named = tiny.model("named", "scaled 50", tiny.LOGISTIC, 3)
    changes = {
        "datasets": {"own": dataset},
        "splits": {"own": {"dataset": "own", "test": {"groups": 2}}},
        "tasks": {
            "named": {"split": "own"},
            "odd": {"split": "own", "positive": POSITIVE, "negative": NEGATIVE},
        },
        "models": {"odd": odd, "named": named},
    }
    tiny.edit(project, changes)
    call(project, "fetch", "own")
    call(project, "split", "own")
    for stage in ["binarize", "train", "evaluate"]:
        for name in ["named", "odd"]:
            call(project, stage, name)


@pytest.fixture(scope="session")
def variant(request: pytest.FixtureRequest) -> Path:
    """Return the project that `make` makes. Do not change it."""
    return tiny.once(request, "variant", make)


def read_split(variant: Path, subset: str) -> pd.DataFrame:
    return pd.read_parquet(variant / paths.split("own", subset))


def read_predictions(variant: Path, name: str, subset: str) -> pd.DataFrame:
    """Return the predictions of the test set, or the cross-validated ones."""
    path = paths.predictions(name) if subset == "test" else paths.cv_predictions(name)
    return pd.read_parquet(variant / path)


def read_metrics(variant: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(variant / f"plots/{name}/metrics.csv")


def test_a_group_is_in_one_set_and_in_one_fold(variant: Path) -> None:
    cv_predictions = read_predictions(variant, "odd", "train")
    for train, test in [
        (read_split(variant, "train"), read_split(variant, "test")),
        (cv_predictions, read_predictions(variant, "odd", "test")),
    ]:
        assert set(train["group"]) == set(range(6))
        assert set(test["group"]) == {6, 7}
    assert cv_predictions.groupby("group")["fold"].nunique().max() == 1


@pytest.mark.parametrize("subset", SUBSETS)
def test_images_of_no_side_have_no_label_and_no_prediction(variant: Path, subset: str) -> None:
    images = read_split(variant, subset)
    expected = images[images["class"].isin([1, 3, 8, 9])]
    labelled = pd.read_parquet(variant / paths.task("odd", subset))
    predicted = read_predictions(variant, "odd", subset)
    assert labelled["row"].tolist() == expected["row"].tolist()
    assert labelled["label"].tolist() == expected["class"].isin([1, 8]).astype(int).tolist()
    assert predicted["row"].tolist() == expected["row"].tolist()


def test_a_chosen_threshold_is_in_the_model(variant: Path) -> None:
    cv_predictions = read_predictions(variant, "odd", "train")
    is_positive = cv_predictions["label"].to_numpy() == 1
    scores = cv_predictions["probability_1"].to_numpy()
    expected = choose_threshold(MinRecall(recall=0.9), is_positive, scores)
    model = model_file.load(variant / paths.model("odd"))
    assert decision_threshold(model) == expected
    predictions = read_predictions(variant, "odd", "test")
    expected_positive = predictions["probability_1"] >= expected
    assert (predictions["prediction"] == expected_positive).all()


def test_accuracies_have_the_names_of_the_groups_and_two_groups_no_interval(
    variant: Path,
) -> None:
    table = read_metrics(variant, "odd").query("subset == 'test' and metric == 'accuracy'")
    assert list(table["slice"]) == ["all", "group writer 6", "group writer 7"]
    assert table[["low", "high"]].isna().all(axis=None)


def test_the_train_accuracy_is_no_cross_validated_one(variant: Path) -> None:
    table = read_metrics(variant, "named").query("subset == 'train' and metric == 'accuracy'")
    [train_accuracy] = table["value"]
    cv_predictions = read_predictions(variant, "named", "train")
    assert train_accuracy == cv_predictions.attrs["train_accuracy"] == 1.0
    assert (cv_predictions["label"] != cv_predictions["prediction"]).any()


@pytest.mark.parametrize("label", [0, 5])
def test_a_label_that_the_model_was_not_trained_on_is_one_line(
    variant: Path, tmp_path: Path, label: int
) -> None:
    copy = tiny.copy(variant, tmp_path / "copy")
    path = copy / paths.task("named", "train")
    tiny.change_images(path, lambda images: images[images["label"] != label])
    call(copy, "train", "named")
    line = f"Error: the test set has the label {label}, but no training image has it"
    assert failure(copy, "evaluate", "named") == line
