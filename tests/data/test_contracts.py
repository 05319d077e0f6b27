"""What every data file promises to its readers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from digits import sources
from digits.common import parameters
from digits.common.parameters import Dataset
from stages.fetch import checked
from tests import tiny


def test_the_digits_inside_scikit_learn_are_the_pinned_ones() -> None:
    dataset = parameters.load(tiny.ROOT / "params.yaml").block(Dataset, "digits")
    images = tiny.together(checked(sources.read("sklearn", "digits", dataset, 1), dataset))
    assert images.pixels.max() == 16


def test_split_parts_are_disjoint_and_together_the_dataset(made: Path) -> None:
    raw = pd.read_parquet(made / "data/raw/tiny.parquet")
    for split in ("tiny", "tiny-random"):
        train, test = (pd.read_parquet(made / f"data/split/{split}/{part}.parquet") for part in ("train", "test"))
        both = pd.concat([train, test])
        assert sorted(both["row"]) == list(range(tiny.IMAGES))
        assert list(both.columns) == [*raw.columns, "row"]
        again = both.sort_values("row").drop(columns="row").reset_index(drop=True)
        pd.testing.assert_frame_equal(again, raw)
        assert both["row"].dtype == np.uint32


@pytest.mark.parametrize(("name", "split", "allowed"), [("five-sgd", "tiny", 2), ("digit-logreg", "tiny-random", 10)])
def test_labels_stand_in_the_rows_order(made: Path, name: str, split: str, allowed: int) -> None:
    for part in ("train", "test"):
        images = pd.read_parquet(made / f"data/split/{split}/{part}.parquet", columns=["row", "class"])
        labels = pd.read_parquet(made / f"data/labels/{name}/{part}.parquet")
        assert list(labels.columns) == ["row", "label"]
        assert labels["row"].equals(images["row"])
        assert set(labels["label"]) == set(range(allowed))
        expected = images["class"] if name == "digit-logreg" else (images["class"] == 5).astype(np.uint8)
        assert labels["label"].tolist() == expected.tolist()


def test_predictions_and_out_of_fold_scores_lead_back_to_their_rows(made: Path) -> None:
    test = pd.read_parquet(made / "data/split/tiny/test.parquet", columns=["row"])
    train = pd.read_parquet(made / "data/split/tiny/train.parquet", columns=["row"])
    predictions = pd.read_parquet(made / "data/predictions/five-sgd.parquet")
    crossval = pd.read_parquet(made / "data/crossval/five-sgd.parquet")
    assert list(predictions.columns) == ["row", "label", "prediction", "score"]
    assert list(crossval.columns) == ["row", "label", "fold", "prediction", "score"]
    assert predictions["row"].equals(test["row"])
    assert crossval["row"].equals(train["row"])
    assert sorted(crossval["fold"].unique()) == [1, 2, 3]
    many = pd.read_parquet(made / "data/predictions/digit-logreg.parquet")
    assert list(many.columns) == ["row", "label", "prediction", *(f"score_{digit}" for digit in range(10))]
    assert list(pd.read_parquet(made / "data/crossval/digit-logreg.parquet").columns) == ["row", "label"]


def test_tables_say_what_their_readers_need_to_know(made: Path) -> None:
    def facts(path: str) -> dict[bytes, bytes]:
        return dict(pq.ParquetFile(made / "data" / path).schema_arrow.metadata)

    assert facts("labels/five-sgd/test.parquet") == {b"positive": b"5"}
    five = {b"classes": b"0 1", b"method": b"decision_function"}
    assert facts("predictions/five-sgd.parquet") == {**five, b"positive": b"5"}
    out_of_fold = facts("crossval/five-sgd.parquet")
    train_accuracy = float(out_of_fold.pop(b"train_accuracy"))
    assert out_of_fold == {**five, b"split": b"tiny", b"folds": b"3"}
    figures = (made / "plots/five-sgd/figures.csv").read_text().splitlines()
    assert f"train,accuracy,all,{round(train_accuracy, 6)}" in figures
    classes = b" ".join(b"%d" % digit for digit in range(10))
    assert facts("predictions/digit-logreg.parquet") == {b"classes": classes, b"method": b"decision_function"}


def test_metrics_agree_with_the_predictions(made: Path) -> None:
    predictions = pd.read_parquet(made / "data/predictions/five-sgd.parquet")
    text = (made / "metrics/five-sgd.json").read_text()
    measured = json.loads(text)
    assert list(measured) == ["accuracy", "baseline", "cv_accuracy", "cv_std", "f1", "log_loss"]
    assert measured["accuracy"] == (predictions["label"] == predictions["prediction"]).mean()
    assert measured["baseline"] == (predictions["label"] == 0).mean()
    figures = pd.read_csv(made / "plots/five-sgd/figures.csv").query("figure == 'count'")
    assert figures.groupby("part")["value"].sum().to_dict() == {"cross_validation": 300, "test": 100}
    assert text == json.dumps(measured, indent=2, sort_keys=True) + "\n"


def test_the_lock_has_no_place_and_no_time_in_it(made: Path) -> None:
    for name, content in tiny.files(made).items():
        if name.startswith(("data/", "models/", "metrics/", "plots/")) or name == "dvc.lock":
            assert str(made).encode() not in content, name
    assert set(yaml.safe_load((made / "dvc.lock").read_text())) == {"schema", "stages"}
