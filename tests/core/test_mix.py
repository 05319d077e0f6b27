"""A model that learns your own images besides many others: mixes of two splits."""

from pathlib import Path

from digits.core import paths
from stages.mix import mix_images
from tests import tiny
from tests.core import calls

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

OWN = 120  # digits behind those of the tiny dataset
WEIGHT = 3


def test_own_images_are_learned_as_often_as_they_weigh_and_judged_on_what_was_not_learned(project: Path) -> None:
    bunch, own_images = load_digits(), slice(tiny.IMAGES, tiny.IMAGES + OWN)
    frame = pd.DataFrame(bunch.data[own_images].astype(int)).add_prefix("p")
    frame.insert(0, "label", bunch.target[own_images])
    frame.to_csv(project / "own.csv", index=False)
    changes = {
        "datasets.own": {"shape": [*tiny.SHAPE], "maximum": tiny.MAXIMUM, "sources": [{"table": "own.csv"}]},
        "splits.own": {"dataset": "own", "test": 0.5},
        "mixes.taught": {"split": "tiny", "own": "own", "weight": WEIGHT},
        "tasks.taught": {"split": "taught"},
        "experiments.taught": tiny.experiment("taught", "raw", "dummy.DummyClassifier", 3),
    }
    tiny.edit(project, changes)
    calls.digits(project, "pin", "own")
    for stage in ("fetch own", "split own", "mix taught", "binarize taught", "train taught"):
        calls.stage(project, stage)

    many, own, taught = (pd.read_parquet(project / paths.split(name, "train")) for name in ("tiny", "own", "taught"))
    assert taught["row"].value_counts().loc[own["row"]].eq(WEIGHT).all()
    assert {*taught["row"]} - {*own["row"]} == {*(many["row"] + OWN)}
    assert not taught["row"].is_monotonic_increasing  # it is shuffled
    test = pd.read_parquet(project / paths.split("taught", "test"))
    assert test.equals(pd.read_parquet(project / paths.split("own", "test")))
    assert not {*test["row"]} & {*taught["row"]}
    folds = pd.read_parquet(project / paths.out_of_fold("taught")).groupby("row")["fold"]
    assert folds.nunique().max() == 1  # copies of an image share a fold


def test_own_groups_keep_their_numbers_and_names_and_other_groups_come_after_them() -> None:
    many, own = (pd.DataFrame({"row": [0, 1], "group": [0, 1]}, dtype=np.uint32) for _ in range(2))
    own.attrs = {"group_names": ["anna", "bo"]}
    mixed = mix_images(many, own, 1, first=10, seed=0)
    assert sorted(mixed["group"]) == [0, 1, 10, 11]
    assert mixed.attrs["group_names"] == ["anna", "bo"]
    assert sorted(mix_images(many, own, 0, first=10, seed=0)["row"]) == [10, 11]  # a weight of 0
