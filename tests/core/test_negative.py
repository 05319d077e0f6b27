"""A task with `negative` classes: images of all others are left out, from the labels to what is printed."""

from pathlib import Path

from digits.results import read
from tests import tiny
from tests.core import calls

import pandas as pd
import pytest


def test_other_classes_are_in_no_part_and_in_no_figure(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.edit(project, {"tasks.five.negative": [1, 2]})
    for stage in ("binarize five", "train five-sgd", "evaluate five-sgd"):
        calls.stage(project, stage)
    monkeypatch.chdir(project)
    train, test = (
        pd.read_parquet(f"data/split/tiny/{part}.parquet").query("`class` in [1, 2, 5]") for part in ("train", "test")
    )
    for kind, images in {"task/five/train": train, "crossval/five-sgd": train, "predictions/five-sgd": test}.items():
        table = pd.read_parquet(f"data/{kind}.parquet")
        assert table["row"].tolist() == images["row"].tolist(), kind
        assert table["label"].tolist() == (images["class"] == 5).astype(int).tolist(), kind
    found = read.metrics("five-sgd")
    assert found["accuracy"] == pytest.approx((table["label"] == table["prediction"]).mean(), abs=1e-6)
    assert found["baseline"] == pytest.approx((test["class"] != 5).mean(), abs=1e-6)
    shown = calls.digits(project, "show", "tiny", "--predictions", "five-sgd", "--limit", "100").stdout
    assert shown.count(", predicted 5 (") + shown.count(", predicted 1 or 2 (") == len(test)


def test_a_part_without_any_of_the_classes_is_named(project: Path) -> None:
    tiny.edit(project, {"tasks.five.negative": [1], "splits.tiny.test": 1})
    calls.stage(project, "split tiny")
    line = calls.stage_failure(project, "binarize five")
    assert line == "Error: params.yaml: tasks.five: the test part of tiny has none of its images"
