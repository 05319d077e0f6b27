"""What every data file promises to its readers."""

from pathlib import Path

from digits import sources
from digits.learning import persistence
from digits.support import parameters
from digits.support.parameters import Dataset
from stages.fetch import checked
from tests import tiny

import numpy as np
import pandas as pd
import pytest


def test_what_needs_neither_network_nor_files_is_what_is_pinned() -> None:
    for dataset in parameters.load(tiny.ROOT / "params.yaml").blocks(Dataset).values():
        for place in (source["sklearn"] for source in dataset.sources if "sklearn" in source):
            assert tiny.together(checked(sources.module("sklearn").read(place, dataset, 1), dataset)).pixels.max() == 16


@pytest.mark.parametrize("split", ["tiny", "tiny-random"])
def test_split_parts_are_disjoint_and_together_the_dataset(made: Path, split: str) -> None:
    raw = pd.read_parquet(made / "data/raw/tiny.parquet")
    both = pd.concat(pd.read_parquet(made / f"data/split/{split}/{part}.parquet") for part in ("train", "test"))
    assert sorted(both["row"]) == list(range(tiny.IMAGES))
    assert list(both.columns) == [*raw.columns, "row"]
    again = both.sort_values("row").drop(columns="row").reset_index(drop=True)
    pd.testing.assert_frame_equal(again, raw)
    assert both["row"].dtype == np.uint32


@pytest.mark.parametrize(("name", "split"), [("five-sgd", "tiny"), ("digit-logreg", "tiny-random")])
def test_tables_go_by_the_rows_of_the_images(made: Path, name: str, split: str) -> None:
    train, test = (pd.read_parquet(made / f"data/split/{split}/{part}.parquet") for part in ("train", "test"))
    for part, images in [("train", train), ("test", test)]:
        labels = pd.read_parquet(made / f"data/labels/{name}/{part}.parquet")
        assert list(labels.columns) == ["row", "label"]
        assert labels["row"].equals(images["row"])
        expected = images["class"] if name == "digit-logreg" else (images["class"] == 5).astype(np.uint8)
        assert labels["label"].tolist() == expected.tolist()
    predictions = pd.read_parquet(made / f"data/predictions/{name}.parquet")
    crossval = pd.read_parquet(made / f"data/crossval/{name}.parquet")
    assert predictions["row"].equals(test["row"])
    assert crossval["row"].equals(train["row"])
    if name == "five-sgd":
        assert list(predictions.columns) == ["row", "label", "prediction", "decision_1"]
        assert list(crossval.columns) == ["row", "label", "fold", "prediction", "decision_1"]
        assert sorted(crossval["fold"].unique()) == [1, 2, 3]
    else:
        decisions = [f"decision_{digit}" for digit in range(10)]
        assert list(predictions.columns) == ["row", "label", "prediction", *decisions]
        assert list(crossval.columns) == ["row", "label"]  # no folds


@pytest.mark.parametrize(("name", "split"), [("five-sgd", "tiny"), ("digit-logreg", "tiny-random")])
def test_a_loaded_model_predicts_what_the_predictions_say(made: Path, name: str, split: str) -> None:
    frame = pd.read_parquet(made / f"data/split/{split}/test.parquet")
    predictions = pd.read_parquet(made / f"data/predictions/{name}.parquet")["prediction"]
    model = persistence.load(made / f"models/{name}.skops")
    assert predictions.tolist() == model.predict(frame.filter(like="pixel").to_numpy()).tolist()


def test_no_output_has_a_place_in_it(made: Path) -> None:
    for name, content in tiny.files(made).items():
        if name.startswith(("data/", "models/", "metrics/", "plots/")) or name == "dvc.lock":
            assert str(made).encode() not in content, name
