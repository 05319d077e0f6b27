"""A task with `negative` classes: images of all others are left out, from the labels to the report."""

import json
from pathlib import Path
from typing import Any

from digits.learning import persistence
from tests import tiny

import numpy as np
import pandas as pd
import pytest

PLACE = "experiments.five-sgd"
SIDES: dict[str, Any] = {"tasks.five": {"positive": [5], "negative": [1, 2]}}


def parts(project: Path) -> list[pd.DataFrame]:
    """Return the images of the training part and of the test part that the task is about."""
    paths = [project / f"data/split/tiny/{part}.parquet" for part in ("train", "test")]
    return [images[images["class"].isin([1, 2, 5])] for images in map(pd.read_parquet, paths)]


@pytest.mark.parametrize(
    "classifier",
    [tiny.SGD, pytest.param("partial_fit_sgd", marks=pytest.mark.slow)],
    ids=["all at once", "incrementally"],
)
def test_other_classes_are_in_no_part_and_in_no_figure(project: Path, classifier: str) -> None:
    tiny.edit(project, {**SIDES, f"{PLACE}.classifier": classifier, f"{PLACE}.hyperparameters": {"max_iter": 50}})
    assert tiny.repro(project) == ["binarize@five-sgd", "evaluate@five-sgd", "train@five-sgd"]
    train, test = parts(project)
    kinds = {"labels/five-sgd/train": train, "crossval/five-sgd": train, "predictions/five-sgd": test}
    for kind, images in kinds.items():
        table = pd.read_parquet(project / f"data/{kind}.parquet")
        assert table["row"].tolist() == images["row"].tolist(), kind
        assert table["label"].tolist() == (images["class"] == 5).astype(int).tolist(), kind
    measured = json.loads((project / "metrics/five-sgd.json").read_text())
    predicted = persistence.load(project / "models/five-sgd.skops").predict(test.filter(like="pixel").to_numpy())
    assert measured["accuracy"] == pytest.approx(np.mean(predicted == (test["class"] == 5)), abs=1e-6)
    assert measured["baseline"] == pytest.approx(np.mean(test["class"] != 5), abs=1e-6)
    matrix = pd.read_csv(project / "plots/five-sgd/confusion.csv").groupby("part")["count"].sum()
    assert matrix.to_dict() == {"test": len(test), "cross_validation": len(train)}

    if (tiny.ROOT / "digits/report").exists():  # the room is here
        tiny.run("digits report", project)
        report = (project / "report.html").read_text()
        assert "It predicts yes for 5, and no for\n1, 2. Images of other digits are left out." in report
    shown = tiny.run("digits show tiny --predictions five-sgd --limit 1", project).stdout
    assert ", predicted 5 (" in shown or ", predicted 1 or 2 (" in shown
    number = pd.read_parquet(project / "data/raw/tiny.parquet").query("`class` == 7").index[0]
    if (tiny.ROOT / "digits/handwriting").exists():
        asked = tiny.run(f"digits predict --dataset tiny {number} --model five-sgd", project).stdout
        assert asked.endswith(", of neither class\n")
    compared = tiny.run("digits compare HEAD", project).stderr
    assert compared.endswith(f" test images the {len(test)} that both have, with the same class\n")


def test_a_part_without_any_of_the_classes_is_named(project: Path) -> None:
    tiny.edit(project, {"tasks.five": {"positive": [5], "negative": [1]}, "splits.tiny.test": 1})
    tiny.run("dvc repro split@tiny", project)
    line = tiny.failure("python -m stages.binarize five-sgd", project)
    assert line == "binarize: error: the test part of tiny has no image of five"


def test_labels_without_negative_classes_are_of_all_images(project: Path) -> None:
    path = project / "data/labels/five-sgd/test.parquet"
    pd.read_parquet(path)[:50].to_parquet(path, index=False)
    line = tiny.failure("python -m stages.evaluate five-sgd", project)
    assert "data/labels/five-sgd/test.parquet is not about the rows of" in line
