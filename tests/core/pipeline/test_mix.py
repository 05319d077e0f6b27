"""A model that learns one's own images besides many others: mixes of two splits."""

from pathlib import Path
from typing import Any

from digits.commands.check import check
from digits.io import paths, tables
from digits.io.tables import ImageInfo
from digits.support.errors import ParameterError
from digits.support.parameters import Parameters
from stages.mix import mix_images
from tests import tiny

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

OWN = 120  # digits behind those of the tiny dataset
WEIGHT = 3


def changes() -> dict[str, Any]:
    """Return what makes the tiny project learn a table of one's own."""
    small = {"images": OWN, "sources": [{"table": "own.csv"}], "sha256": {"pixels": "0" * 64, "labels": "0" * 64}}
    mixes = {"taught": WEIGHT, "untaught": 0}
    return {
        "datasets": {"tiny": tiny.dataset({"idx": "idx"}), "own": tiny.dataset() | small},
        "splits": {"tiny": {"dataset": "tiny", "test": tiny.TEST}, "own": {"dataset": "own", "test": 0.5}},
        "mixes": {name: {"split": "tiny", "own": "own", "weight": weight} for name, weight in mixes.items()},
        "experiments": {"taught": tiny.experiment("taught", "class", "raw", "dummy.DummyClassifier", 3)},
    }


@pytest.mark.slow
def test_own_images_are_learned_as_often_as_they_weigh_and_judged_on_what_was_not_learned(project: Path) -> None:
    digits = load_digits()
    own_images = slice(tiny.IMAGES, tiny.IMAGES + OWN)
    frame = pd.DataFrame(digits.data[own_images].astype(int)).add_prefix("p")
    frame.insert(0, "label", digits.target[own_images])
    frame.to_csv(project / "own.csv", index=False)
    tiny.edit(project, changes())
    tiny.run("digits pin own", project)
    tiny.repro(project, "mix@untaught", "train@taught")

    def rows(split: str, part: str = "train") -> pd.DataFrame:
        return pd.read_parquet(project / paths.split(split, part))

    large, own, taught, untaught = map(rows, ("tiny", "own", "taught", "untaught"))
    assert len(taught) == len(large) + WEIGHT * len(own)
    counts = taught["row"].value_counts()
    assert set(counts.loc[own["row"]]) == {WEIGHT}
    assert set(counts.drop(own["row"])) == {1}
    pixels = list(large.columns[:-1])
    back = taught[taught["row"] >= OWN].assign(row=lambda table: table["row"] - OWN).set_index("row")
    assert back.loc[large["row"], pixels].equals(large.set_index("row")[pixels])
    assert not taught["row"].is_monotonic_increasing  # it is shuffled
    assert sorted(untaught["row"]) == sorted(large["row"] + OWN)

    for split, train in (("taught", taught), ("untaught", untaught)):
        assert rows(split, "test").equals(rows("own", "test"))
        assert not set(rows(split, "test")["row"]) & set(train["row"])
    folds = pd.read_parquet(project / paths.out_of_fold("taught")).groupby("row")["fold"]
    assert folds.size().max() == WEIGHT
    assert folds.nunique().max() == 1  # copies of an image share a fold


def test_own_groups_keep_their_numbers_and_names_and_other_groups_come_after_them() -> None:
    row, group = np.arange(2, dtype=np.uint32), np.array([0, 1], np.uint32)
    many, own = (
        tables.image_table(np.zeros((2, 1), np.uint8), row, ImageInfo((1, 1), group_names=names), group=group, row=row)
        for names in (["form 0", "form 1"], ["anna", "bo"])
    )
    mixed = mix_images(many, own, 1, first=10, seed=0)
    assert sorted(mixed["group"].to_pylist()) == [0, 1, 10, 11]
    assert ImageInfo.of(mixed.schema).group_names == ["anna", "bo"]


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("mixes.taught.own", "mine", "mixes.taught.own: there is no 'mine'. Valid: own, tiny"),
    ],
)
def test_a_mix_that_cannot_be_made_is_refused_in_a_line(place: str, value: Any, line: str) -> None:
    with pytest.raises(ParameterError) as refused:
        check(Parameters(tiny.params({**changes(), place: value})))
    assert line in str(refused.value)
