"""A model that learns one's own images besides many others: mixes of two splits."""

from pathlib import Path
from typing import Any

from digits.commands.check import check
from digits.io import parquet, paths
from digits.io.tables import IMAGES, ImageInfo
from digits.support.errors import ParameterError
from digits.support.parameters import Parameters
from tests import tiny

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
        "experiments": {"taught": tiny.experiment("taught", "digit", "raw", "dummy.DummyClassifier", 3)},
    }


@pytest.fixture(scope="module")
def mixed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with images that are mixed with others and images that are not, and a model of the first."""
    project = tiny.copy(made, tmp_path_factory.mktemp("mix") / "project")
    digits = load_digits()
    own = slice(tiny.IMAGES, tiny.IMAGES + OWN)
    frame = pd.DataFrame(digits.data[own].astype(int)).add_prefix("p")
    frame.insert(0, "label", digits.target[own])
    frame.to_csv(project / "own.csv", index=False)
    tiny.edit(project, changes())
    tiny.run("digits pin own", project)
    assert tiny.repro(project, "mix@untaught", "train@taught")[-1] == "train@taught"
    return project


def rows(project: Path, split: str, part: str = "train") -> pd.DataFrame:
    return pd.read_parquet(project / paths.split(split, part))


def test_each_own_image_is_in_the_training_part_as_often_as_it_weighs(mixed: Path) -> None:
    large, own, taught = (rows(mixed, split) for split in ("tiny", "own", "taught"))
    assert len(taught) == len(large) + WEIGHT * len(own)
    counts = taught["row"].value_counts()
    assert set(counts.loc[own["row"]]) == {WEIGHT}
    assert set(counts.drop(own["row"])) == {1}
    pixels = list(large.columns[:-1])
    back = taught[taught["row"] >= OWN].assign(row=lambda table: table["row"] - OWN).set_index("row")
    assert back.loc[large["row"], pixels].equals(large.set_index("row")[pixels])
    assert not taught["row"].is_monotonic_increasing  # it is shuffled
    assert sorted(rows(mixed, "untaught")["row"]) == sorted(large["row"] + OWN)


def test_the_test_part_is_one_s_own_and_was_not_trained_on(mixed: Path) -> None:
    for split in ("taught", "untaught"):
        assert rows(mixed, split, "test").equals(rows(mixed, "own", "test"))
        assert not set(rows(mixed, split, "test")["row"]) & set(rows(mixed, split)["row"])


def test_copies_of_an_image_share_a_fold(mixed: Path) -> None:
    folds = pd.read_parquet(mixed / paths.out_of_fold("taught")).groupby("row")["fold"]
    assert folds.size().max() == WEIGHT
    assert folds.nunique().max() == 1


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("mixes.taught.own", "mine", "mixes.taught.own: there is no 'mine'. Valid: own, tiny"),
        ("mixes.taught.split", "untaught", "mixes.taught.split: there is no 'untaught'. Valid: own, tiny"),
        ("mixes.taught.weight", -1, "mixes.taught.weight: must be greater than or equal to 0, not -1"),
        ("mixes.own", {"split": "tiny", "own": "own", "weight": 1}, "mixes.own: a split is called the same; choose"),
        ("datasets.own.shape", [4, 16], "mixes.taught: tiny has shape [8, 8], own has [4, 16]; a mix needs two"),
        ("datasets.own.classes", 9, "mixes.taught: tiny has classes 10, own has 9; a mix needs two that are alike"),
        ("experiments.taught.split", "taugh", "experiments.taught.split: there is no 'taugh'. Did you mean 'taught'"),
    ],
)
def test_a_mix_that_cannot_be_made_is_refused_in_a_line(place: str, value: Any, line: str) -> None:
    with pytest.raises(ParameterError) as refused:
        check(Parameters(tiny.params({**changes(), place: value})))
    assert line in str(refused.value)


def test_splits_of_other_images_than_params_say_are_refused(mixed: Path, tmp_path: Path) -> None:
    project = tiny.copy(mixed, tmp_path / "project")
    path = project / paths.split("own", "train")
    table = parquet.read(path, IMAGES)
    path.unlink()
    parquet.write(path, table.replace_schema_metadata(ImageInfo(tiny.SHAPE, 255).as_metadata()))
    before = tiny.files(project)
    line = tiny.failure("python -m stages.mix taught", project, 2)
    differing = "the shape, the largest pixel or the classes' names of their images"
    assert line.endswith(f"mixes.taught: tiny and own differ in {differing}")
    assert tiny.files(project) == before
