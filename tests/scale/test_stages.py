"""The stages for large tables: the rows they write, and that no model sees held-out rows."""

from pathlib import Path
from typing import Any

from digits.core.errors import UserError
from digits.core.params import DatasetParams, ModelParams, SplitParams
from digits.data.sources import images
from digits.learning.scores import compute_scores, response_method
from digits.scale import fetch, row_groups, split
from digits.scale.train import train
from tests.helpers import tiny

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier

PIXELS, CLASSES = tiny.digits()
SCALED = PIXELS.astype(np.float32) / tiny.PIXEL_MAX
N_FIRST = 300  # of 400 images, so many are copied
N_OTHERS = 100
MLP = "neural_network.MLPClassifier"

# The tests read and write tables in row groups of so few rows.
ROWS_PER_GROUP = 150


@pytest.fixture(autouse=True)
def _small_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "ROWS_PER_GROUP", ROWS_PER_GROUP)
    monkeypatch.setattr(row_groups, "ROWS_PER_FILE", 2 * ROWS_PER_GROUP)


@pytest.mark.parametrize(
    ("n_rows", "n_groups", "n_files"), [(90, 1, 1), (300, 2, 1), (301, 3, 2)]
)
def test_a_table_is_read_as_it_was_written(
    tmp_path: Path, n_rows: int, n_groups: int, n_files: int
) -> None:
    numbers = np.arange(1200)
    longer = pd.DataFrame({"class": numbers % 7, "row": numbers})
    longer.attrs = {"names": ["é", "b"]}
    path = tmp_path / "data/table"
    row_groups.write(path, [longer])  # four files, which the next table replaces
    table = longer[:n_rows]
    row_groups.write(path, (table[start : start + 40] for start in range(0, n_rows, 40)))

    files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert len(files) == n_files
    read_by_pandas = pd.read_parquet(path)
    assert read_by_pandas.equals(table)
    assert read_by_pandas.attrs == table.attrs
    frames = list(row_groups.read(path))
    assert len(frames) == n_groups
    assert pd.concat(frames).equals(table)


def test_a_table_without_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="table would have no rows"):
        row_groups.write(tmp_path / "table", [])
    assert not (tmp_path / "table").exists()


def enlarge(to: int, seed: int = 1) -> pd.DataFrame:
    """Return the enlarged table of the tiny digits, which are by two writers."""
    dataset = DatasetParams.model_validate(tiny.dataset({"idx": "idx"}))
    groups = np.repeat([0, 1], 200)
    originals = images(dataset, PIXELS, CLASSES, groups=groups)
    enlargement = fetch.EnlargementParams(first=N_FIRST, to=to, seed=seed)
    return pd.concat(fetch.enlarge(originals, enlargement))


def test_copies_of_the_first_images_come_between_them_and_the_others() -> None:
    n_times = 14
    n_copied = n_times * N_FIRST
    n_images = n_copied + N_OTHERS
    table = enlarge(n_images)
    pixels = table.filter(like="pixel").to_numpy()
    assert np.array_equal(pixels[:N_FIRST], PIXELS[:N_FIRST])
    assert np.array_equal(pixels[n_copied:], PIXELS[N_FIRST:])
    assert len(np.unique(pixels[:n_copied], axis=0)) == n_copied

    classes = [*np.tile(CLASSES[:N_FIRST], n_times), *CLASSES[N_FIRST:]]
    assert table["class"].tolist() == classes
    groups_of_first = np.repeat([0, 1], [200, 100])
    groups = [*np.tile(groups_of_first, n_times), *np.ones(N_OTHERS)]
    assert table["group"].tolist() == groups
    origins = [*np.tile(np.arange(N_FIRST), n_times), *range(n_copied, n_images)]
    assert table["origin"].tolist() == origins


def test_a_copy_depends_only_on_the_seed_and_its_row() -> None:
    larger = enlarge(14 * N_FIRST + N_OTHERS)
    smaller = enlarge(1_234)
    n_copied = 1_234 - N_OTHERS
    assert smaller[:n_copied].equals(larger[:n_copied])
    assert not enlarge(1_234, seed=2)[:n_copied].equals(larger[:n_copied])
    all_pixels = larger.filter(like="pixel").to_numpy()
    assert all_pixels.sum() == 1_300_797  # on every machine


def test_no_copies_are_made_of_a_dataset_that_is_large_enough() -> None:
    assert np.array_equal(enlarge(400).filter(like="pixel"), PIXELS)


def test_rows_are_permuted_a_few_at_a_time(tmp_path: Path) -> None:
    order = np.random.RandomState(0).permutation(400)
    buckets = [order[start : start + 7] for start in range(0, 400, 7)]
    blocks = [PIXELS[start : start + 50] for start in range(0, 400, 50)]
    contents = list(split.permute_rows(blocks, buckets, tmp_path))
    assert np.array_equal(np.concatenate(contents), PIXELS[order])


# Three images and the copies of them, and a last image of each class without copies.
OTHER_COLUMNS = pd.DataFrame(
    {
        "class": [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2],
        "origin": [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 12, 13, 14],
    }
)


def choose_test_rows(test: Any) -> list[int]:
    """Return the rows of the test set."""
    params = SplitParams.model_validate({"dataset": "tiny", "test": test})
    _, test_rows = split.choose_rows("tiny", params, 42, OTHER_COLUMNS)
    return test_rows.tolist()


def test_images_without_copies_can_be_the_test_set() -> None:
    assert choose_test_rows(3) == [12, 13, 14]


@pytest.mark.parametrize("test", [4, 0.2, {"share": 0.2}])
def test_copies_of_an_image_may_not_be_in_both_sets(test: Any) -> None:
    with pytest.raises(UserError, match="would put copies of an image into both sets"):
        choose_test_rows(test)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a table of training images, in three row groups.

    Row 200 is a copy of row 0, row 201 one of row 1, and so on.
    """
    rows = np.arange(400)
    names = [f"pixel{number}" for number in range(1, 65)]
    table = pd.DataFrame(PIXELS, columns=names)
    table = table.assign(origin=rows % 200, row=rows, label=CLASSES)
    table.attrs = {"pixel_max": tiny.PIXEL_MAX}
    path = tmp_path / "table"
    row_groups.write(path, [table])
    return path


def model_params(
    classifier: str, folds: int, features: str = "scaled", **hyperparameters: Any
) -> ModelParams:
    """Return an entry of `models`."""
    entry = tiny.model("digit", features, classifier, folds, **hyperparameters)
    return ModelParams.model_validate(entry)


@pytest.mark.parametrize(("name", "kind"), [(tiny.SGD, SGDClassifier), (MLP, MLPClassifier)])
def test_a_model_is_fitted_with_partial_fit_as_often_as_max_iter_says(
    path: Path, name: str, kind: Any
) -> None:
    model, predictions = train(model_params(name, folds=0, max_iter=3), 42, path)

    expected = kind(random_state=42)
    for _ in range(3):
        for start in range(0, 400, ROWS_PER_GROUP):
            X = SCALED[start : start + ROWS_PER_GROUP]
            y = CLASSES[start : start + ROWS_PER_GROUP]
            expected.partial_fit(X, y, classes=np.arange(10))
    expected_scores = getattr(expected, response_method(model))(SCALED)
    assert np.allclose(compute_scores(model, PIXELS), expected_scores)

    is_correct = model.predict(PIXELS[:ROWS_PER_GROUP]) == CLASSES[:ROWS_PER_GROUP]
    assert predictions.attrs["train_accuracy"] == is_correct.mean()
    assert list(predictions) == ["row", "label"]


def test_no_model_is_fitted_on_held_out_rows_or_their_copies(path: Path) -> None:
    params = model_params(tiny.SGD, folds=2, features="principal_components", max_iter=5)
    _, predictions = train(params, 42, path)
    fold = predictions["fold"].to_numpy()
    assert np.array_equal(fold[:200], fold[200:])

    # Fit the model of the second fold in the same way.
    is_held_out = fold == 2
    is_used = ~is_held_out
    first_rows = np.arange(ROWS_PER_GROUP)[is_used[:ROWS_PER_GROUP]]
    pca = PCA(50, svd_solver="covariance_eigh").fit(SCALED[first_rows])
    sgd = SGDClassifier(random_state=42)
    for _ in range(5):
        for start in range(0, 400, ROWS_PER_GROUP):
            rows = np.arange(start, min(start + ROWS_PER_GROUP, 400))
            rows = rows[is_used[rows]]
            X = pca.transform(SCALED[rows])
            sgd.partial_fit(X, CLASSES[rows], classes=np.arange(10))
    expected = sgd.decision_function(pca.transform(SCALED[is_held_out]))
    scores = predictions.filter(like="decision")[is_held_out]
    assert np.allclose(scores, expected, rtol=1e-3, atol=1e-3)


def test_a_threshold_is_chosen_in_cross_validation(tmp_path: Path, path: Path) -> None:
    table = pd.read_parquet(path)
    is_five = table["label"] == 5
    binary_path = tmp_path / "binary"
    row_groups.write(binary_path, [table.assign(label=is_five.astype(np.uint8))])

    params = model_params(tiny.SGD, folds=2, max_iter=5, threshold={"recall": 0.9})
    model, predictions = train(params, 42, binary_path)
    scores = predictions.filter(like="decision").to_numpy()[:, 0]
    positive_scores = scores[is_five]
    assert np.mean(positive_scores >= model[-1].threshold) >= 0.9
    assert np.mean(positive_scores > np.quantile(positive_scores, 0.15)) < 0.9


@pytest.mark.parametrize(
    ("classifier", "hyperparameters", "message"),
    [
        pytest.param(tiny.SGD, {}, "max_iter is missing", id="without max_iter"),
        pytest.param(
            MLP,
            {"max_iter": 1, "solver": "lbfgs"},
            "has no partial_fit",
            id="without partial_fit",
        ),
        pytest.param(
            MLP,
            {"max_iter": 1, "early_stopping": True},
            "the model cannot be fitted: partial_fit does not support early_stopping",
            id="refused by scikit-learn",
        ),
    ],
)
def test_a_model_that_cannot_be_fitted_incrementally_is_an_error(
    path: Path, classifier: str, hyperparameters: dict[str, Any], message: str
) -> None:
    params = model_params(classifier, folds=0, **hyperparameters)
    with pytest.raises(UserError, match=message):
        train(params, 42, path)
