"""The stages of the large project: which rows they write, and that nothing is fitted on held-out ones."""

from pathlib import Path
from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Dataset, Experiment, Split
from digits.learning import scoring
from digits.scale import deformation, fetch, parts, split
from digits.scale.train import train
from digits.sources import images
from tests import tiny

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier

PIXELS, CLASSES = tiny.digits()
SCALED = PIXELS.astype(np.float32) / tiny.MAXIMUM
LABELS = pd.DataFrame({"class": np.tile([0, 1, 2], 5), "origin": [0, 1, 2, 3] * 3 + [12, 13, 14]})
FIRST, MLP = 300, "neural_network.MLPClassifier"


@pytest.fixture(autouse=True)
def _few_rows_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP", 150)
    monkeypatch.setattr(parts, "PART", 300)


@pytest.mark.parametrize(("rows", "groups", "files"), [(90, 1, 1), (300, 2, 1), (301, 3, 2)])
def test_a_table_is_read_as_it_was_written(tmp_path: Path, rows: int, groups: int, files: int) -> None:
    frame, path = pd.DataFrame({"class": np.arange(1200) % 7, "row": np.arange(1200)}), tmp_path / "data/table"
    frame.attrs = {"names": ["é", "b"]}
    parts.write(path, [frame])  # four files, which must go
    parts.write(path, (frame[:rows][start : start + 40] for start in range(0, rows, 40)))
    assert sum(each.is_file() for each in path.parent.rglob("*")) == files
    found = pd.read_parquet(path)
    assert found.equals(frame[:rows])
    assert found.attrs == frame.attrs
    assert [sum(map(len, parts.read(path))), len([*parts.read(path)])] == [rows, groups]


def enlarged(to: int, seed: int = 1) -> pd.DataFrame:
    dataset = Dataset.model_validate(tiny.dataset({"idx": "idx"}))
    given = images(dataset, PIXELS, CLASSES, group=np.repeat([0, 1], 200))
    return pd.concat(fetch.enlarge(given, fetch.Enlarged(first=FIRST, to=to, seed=seed)))


def test_copies_of_the_first_images_come_between_them_and_the_last() -> None:
    frame = enlarged(to=14 * FIRST + 100)
    pixels = frame.filter(like="pixel").to_numpy()
    assert np.array_equal(np.concatenate([pixels[:FIRST], pixels[-100:]]), PIXELS)
    assert np.array_equal(frame["class"], np.concatenate([np.tile(CLASSES[:FIRST], 14), CLASSES[FIRST:]]))
    assert frame["group"].tolist() == 14 * [*[0] * 200, *[1] * 100] + [1] * 100
    assert frame["origin"].tolist() == 14 * [*range(FIRST)] + [*range(14 * FIRST, 14 * FIRST + 100)]
    assert len(np.unique(pixels[:-100], axis=0)) == 14 * FIRST
    assert pixels.sum() == 1_300_797  # on every machine
    # A copy depends on the seed and its row alone, also where it is an experiment's.
    assert enlarged(1_234)[:-100].equals(frame[:1_134])
    assert not enlarged(1_234, seed=2)[:-100].equals(frame[:1_134])
    assert np.array_equal(deformation.add_copies(PIXELS[:FIRST], tiny.SHAPE, 13, seed=1), pixels[:-100])


def test_rows_come_in_any_order_whatever_fits_into_memory(tmp_path: Path) -> None:
    order = np.random.RandomState(0).permutation(400)
    buckets = [order[start : start + 7] for start in range(0, 400, 7)]
    permuted = [*split.permute_rows([*PIXELS.reshape(8, 50, 64)], buckets, tmp_path)]
    assert np.array_equal(np.concatenate(permuted), PIXELS[order])


def test_copies_of_an_image_may_not_be_in_both_parts() -> None:
    assert split.choose_rows("tiny", Split(dataset="tiny", test=3), 42, LABELS)[1].tolist() == [12, 13, 14]
    for test in (4, 0.2, {"share": 0.2}):
        with pytest.raises(PipelineError, match="puts copies of an image into both parts; use a count of images"):
            split.choose_rows("tiny", Split.model_validate({"dataset": "tiny", "test": test}), 42, LABELS)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a task's training part, in three row groups; row 200 is a copy of row 0, and so on."""
    frame = pd.DataFrame(PIXELS, columns=[f"pixel{i + 1}" for i in range(64)])
    frame.attrs = {"maximum": tiny.MAXIMUM}
    parts.write(tmp_path / "table", [frame.assign(origin=np.arange(400) % 200, row=np.arange(400), label=CLASSES)])
    return tmp_path / "table"


def experiment(classifier: str, folds: int, features: str = "scaled", **hyperparameters: Any) -> Experiment:
    return Experiment.model_validate(tiny.experiment("digit", features, classifier, folds, **hyperparameters))


@pytest.mark.parametrize(("name", "kind"), [(tiny.SGD, SGDClassifier), (MLP, MLPClassifier)])
def test_it_is_scikit_learn_s_partial_fit_as_often_as_max_iter_says(table: Path, name: str, kind: Any) -> None:
    model, rows = train(experiment(name, 0, max_iter=3), 42, table)
    expected = kind(random_state=42)
    for start in 3 * [0, 150, 300]:
        expected.partial_fit(SCALED[start : start + 150], CLASSES[start : start + 150], classes=np.arange(10))
    assert np.allclose(scoring.score(model, PIXELS), getattr(expected, scoring.method(model))(SCALED))
    assert model.train_accuracy_ == (model.predict(PIXELS[:150]) == CLASSES[:150]).mean()
    assert list(rows) == ["row", "label"]


def test_nothing_is_fitted_on_held_out_rows_or_their_copies(table: Path) -> None:
    _, rows = train(experiment(tiny.SGD, 2, features="principal_components", max_iter=5), 42, table)
    fold = rows["fold"].to_numpy()
    assert np.array_equal(fold[:200], fold[200:])
    pca, sgd = PCA(50, svd_solver="covariance_eigh").fit(SCALED[:150][fold[:150] != 2]), SGDClassifier(random_state=42)
    for start in 5 * [0, 150, 300]:
        batch = np.arange(start, min(start + 150, 400))[fold[start : start + 150] != 2]
        sgd.partial_fit(pca.transform(SCALED[batch]), CLASSES[batch], classes=np.arange(10))
    expected = sgd.decision_function(pca.transform(SCALED[fold == 2]))
    assert np.allclose(rows.filter(like="decision")[fold == 2], expected, rtol=1e-3, atol=1e-3)


def test_what_cannot_be_fitted_incrementally_is_refused(table: Path) -> None:
    with pytest.raises(PipelineError, match="hyperparameters need max_iter"):
        train(experiment(tiny.SGD, 0), 42, table)
    with pytest.raises(PipelineError, match="copies are not made ten thousand rows at a time"):
        train(experiment(tiny.SGD, 0, max_iter=1, copies=2), 42, table)
    with pytest.raises(PipelineError, match="has no partial_fit"):
        train(experiment(MLP, 0, max_iter=1, solver="lbfgs"), 42, table)
