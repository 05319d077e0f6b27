"""Groups, names, negative classes, a mix, copies and a rule's threshold, from a table to the figures."""

import json
from pathlib import Path
from typing import Any

from digits.core import paths
from digits.learning import model_file, scoring
from digits.learning.folds import choose_threshold
from stages.mix import mix_images
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn import metrics
from sklearn.datasets import load_digits

PARTS = ("train", "test")
ODD, OTHERS = ["n1", "n8"], ["n3", "n9"]
STAGES = ["fetch many", "fetch own", "split many", "split own", "mix taught", "binarize taught", "binarize odd"]
STAGES += [f"{stage} {name}" for name in ("odd", "taught") for stage in ("train", "evaluate")]


def make(project: Path) -> None:
    """Run `odd`, two named classes of `own` against two, and `taught`, which mixes `own` into `many` three times."""
    bunch = load_digits()
    for name, rows in (("many", slice(0, 200)), ("own", slice(200, 440))):
        frame = pd.DataFrame(bunch.data[rows].astype(int)).add_prefix("p")
        frame.insert(0, "label", [f"n{label}" for label in bunch.target[rows]])
        if name == "own":
            frame.insert(1, "group", [f"writer {i // 10 % 8}" for i in range(len(frame))])
        frame.to_csv(project / f"{name}.csv", index=False)
    dataset = {"shape": [*tiny.SHAPE], "maximum": tiny.MAXIMUM}
    more: dict[str, Any] = {"n_neighbors": 25, "weights": "distance", "threshold": {"recall": 0.9}}  # it makes mistakes
    more |= {"copies": 1} if (tiny.ROOT / "digits/scale").exists() else {}
    changes = {
        "datasets": {name: {**dataset, "sources": [{"table": f"{name}.csv"}]} for name in ("many", "own")},
        "splits": {"many": {"dataset": "many", "test": 40}, "own": {"dataset": "own", "test": {"groups": 2}}},
        "mixes": {"taught": {"split": "many", "own": "own", "weight": 3}},
        "tasks": {"taught": {"split": "taught"}, "odd": {"split": "own", "positive": ODD, "negative": OTHERS}},
        "experiments": {
            "odd": tiny.experiment("odd", "scaled", "neighbors.KNeighborsClassifier", 3, **more),
            "taught": tiny.experiment("taught", "principal_components", tiny.LOGISTIC, 3),
        },
    }
    tiny.edit(project, changes)
    for name in ("many", "own"):
        call(project, "pin", name)
    for stage in STAGES:
        call(project, *stage.split())


@pytest.fixture(scope="session")
def variant(request: pytest.FixtureRequest) -> Path:
    """Return the project that `make` makes. Not to be changed."""
    return tiny.once(request, "variant", make)


def part(variant: Path, name: str, split: str = "split") -> list[pd.DataFrame]:
    return [pd.read_parquet(variant / getattr(paths, split)(name, each)) for each in PARTS]


def predictions(variant: Path, name: str) -> list[pd.DataFrame]:
    return [pd.read_parquet(variant / place(name)) for place in (paths.out_of_fold, paths.predictions)]


def test_a_group_is_in_one_part_and_one_fold(variant: Path) -> None:
    out_of_fold, tested = predictions(variant, "odd")
    for train, test in (part(variant, "own"), (out_of_fold, tested)):
        assert ({*train["group"]}, {*test["group"]}) == ({*range(6)}, {6, 7})
    assert out_of_fold.groupby("group")["fold"].nunique().max() == 1


def test_a_mix_has_each_own_image_by_its_weight_and_is_judged_on_own_ones_alone(variant: Path) -> None:
    (many, _), (own, own_test), (taught, test) = (part(variant, name) for name in ("many", "own", "taught"))
    assert taught["row"].value_counts().loc[own["row"]].eq(3).all()
    assert {*taught["row"]} - {*own["row"]} == {*(many["row"] + len(own) + len(own_test))}
    assert not taught["row"].tail(3 * len(own)).isin(own["row"]).all()  # it is shuffled
    assert test.equals(own_test)
    assert not {*test["row"]} & {*taught["row"]}
    assert taught.attrs["group_names"] == own.attrs["group_names"]
    out_of_fold, _ = predictions(variant, "taught")
    assert out_of_fold.groupby("row")["fold"].nunique().max() == 1  # copies of an image share a fold


def test_images_of_no_side_are_in_no_part_and_in_no_figure(variant: Path) -> None:
    for images, labelled, predicted in zip(
        part(variant, "own"), part(variant, "odd", "task"), predictions(variant, "odd"), strict=True
    ):
        asked = images[images["class"].isin([1, 3, 8, 9])]
        assert labelled["row"].tolist() == predicted["row"].tolist() == asked["row"].tolist()
        assert labelled["label"].tolist() == asked["class"].isin([1, 8]).astype(int).tolist()
    captions = call(variant, "show", "own", "--predictions", "odd", "--limit", "100").stdout
    assert captions.count(", predicted n1 or n8 (") + captions.count(", predicted n3 or n9 (") == len(asked)


def test_the_metrics_that_branches_are_compared_by_are_of_the_test_part(variant: Path) -> None:
    out_of_fold, tested = predictions(variant, "odd")
    folds = (out_of_fold["label"] == out_of_fold["prediction"]).groupby(out_of_fold["fold"]).mean()
    y, y_pred = tested["label"], tested["prediction"]
    assert metrics.roc_auc_score(y, tested["probability_1"]) > 0.8
    expected = {
        "accuracy": (y == y_pred).mean(),
        "baseline": (y == out_of_fold["label"].mode()[0]).mean(),
        "precision": metrics.precision_score(y, y_pred),
        "recall": metrics.recall_score(y, y_pred),
        "cv_accuracy": folds.mean(),
        "cv_std": folds.std(ddof=0),
    }
    assert json.loads((variant / "metrics/odd.json").read_text()) == pytest.approx(expected, abs=1e-6)


def test_a_chosen_threshold_is_in_the_model_and_no_fold_chooses_its_own(variant: Path) -> None:
    out_of_fold, tested = predictions(variant, "odd")
    y, scores, fold = out_of_fold["label"] == 1, out_of_fold["probability_1"], out_of_fold["fold"]
    threshold = choose_threshold({"recall": 0.9}, y.to_numpy(), scores.to_numpy())
    assert scoring.threshold(model_file.load(variant / paths.model("odd"))) == threshold
    assert (tested["prediction"] == (tested["probability_1"] >= threshold)).all()
    for i in (1, 2, 3):
        others = fold != i
        chosen = choose_threshold({"recall": 0.9}, y[others].to_numpy(), scores[others].to_numpy())
        assert (out_of_fold["prediction"][~others] == (scores[~others] >= chosen)).all()


@pytest.mark.skipif(not (tiny.ROOT / "digits/scale").exists(), reason="the room scale makes the copies")
def test_copies_are_fitted_on_and_never_predicted(variant: Path) -> None:
    labelled, _ = part(variant, "odd", "task")
    classifier = model_file.load(variant / paths.model("odd"))[-1].estimator_.estimator
    assert classifier.n_samples_fit_ == 2 * len(labelled)
    assert len(predictions(variant, "odd")[0]) == len(labelled)


def test_classes_and_groups_have_their_names_in_tables_and_captions(variant: Path) -> None:
    assert {*pd.read_csv(variant / "plots/taught/confusion.csv")["actual"]} == {f"n{i}" for i in range(10)}
    figures = pd.read_csv(variant / "plots/odd/figures.csv").query("part == 'test' and figure == 'accuracy'")
    assert [*figures["of"]] == ["all", "group writer 6", "group writer 7"]
    assert figures[["low", "high"]].isna().all(axis=None)  # of two groups there is no interval
    assert "own 0: n" in call(variant, "show", "own", "0").stdout


def test_own_groups_keep_their_numbers_and_names_and_other_groups_come_after_them() -> None:
    many, own = (pd.DataFrame({"row": [0, 1], "group": [0, 1]}, dtype=np.uint32) for _ in range(2))
    own.attrs = {"group_names": ["anna", "bo"]}
    mixed = mix_images(many, own, 1, first=10, seed=0)
    assert (sorted(mixed["group"]), mixed.attrs["group_names"]) == ([0, 1, 10, 11], ["anna", "bo"])
    assert sorted(mix_images(many, own, 0, first=10, seed=0)["row"]) == [10, 11]  # a weight of 0


def test_the_temperature_of_the_folds_is_applied_to_the_test_part(variant: Path) -> None:
    [temperature] = pd.read_csv(variant / "plots/taught/figures.csv").query("figure == 'temperature'")["value"]
    scores = predictions(variant, "taught")[1].filter(like="decision_").to_numpy()
    table = pd.read_csv(variant / "plots/taught/reliability.csv").query("part == 'test'")
    confidence = (table["count"] * table["confidence"]).sum() / table["count"].sum()
    assert confidence == pytest.approx(softmax(scores / temperature, axis=1).max(axis=1).mean(), abs=1e-3)
    assert confidence != pytest.approx(softmax(scores, axis=1).max(axis=1).mean(), abs=1e-2)


def test_changed_groups_and_a_label_never_trained_on_are_each_one_line(variant: Path, tmp_path: Path) -> None:
    project = tiny.copy(variant, tmp_path / "copy")
    assert call(project, "check").output == ""
    text = (project / "own.csv").read_text()
    (project / "own.csv").write_text(text.replace("writer 7", "writer 6"))
    line = failure(project, "check")
    assert "no source has own: table own.csv: other groups: " in line
    assert line.endswith("`digits pin` accepts what is there")
    path = project / paths.task("odd", "test")
    frame = pd.read_parquet(path)
    frame.loc[frame.index[3], "label"] = 7
    frame.to_parquet(path)
    line = failure(project, "evaluate", "odd")
    assert line == "Error: odd was trained on no image of label 7, which the test part has"
