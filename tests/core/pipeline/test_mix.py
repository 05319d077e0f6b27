"""A model that learns one's own images besides many others: mixes of two splits."""

import re
from pathlib import Path
from typing import Any

from digits.commands.check import check
from digits.handwriting.measure import trained_on
from digits.io import parquet, paths
from digits.io.tables import IMAGES
from digits.support.errors import ParameterError
from digits.support.parameters import Parameters
from tests import tiny

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_digits

OWN = 120  # digits behind those of the tiny dataset
WEIGHT = 3


def changes(**experiments: str) -> dict[str, Any]:
    """Return what makes the tiny project learn a table of one's own; the experiments with their splits."""
    small = {"images": OWN, "sources": [{"table": "own.csv"}], "sha256": {"pixels": "0" * 64, "labels": "0" * 64}}
    return {
        "datasets": {"tiny": tiny.dataset({"idx": "idx"}), "own": tiny.dataset() | small},
        "splits": {"tiny": {"dataset": "tiny", "test": tiny.TEST}, "own": {"dataset": "own", "test": 0.5}},
        "mixes": {
            "taught": {"split": "tiny", "own": "own", "weight": WEIGHT},
            "untaught": {"split": "tiny", "own": "own", "weight": 0},
        },
        "experiments": {
            name: tiny.experiment(split, "digit", "raw", "k_neighbors", 3, n_neighbors=1)
            for name, split in experiments.items()
        },
    }


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a model that was taught and one that was not, run and committed."""
    project = tmp_path_factory.mktemp("mix") / "project"
    project.mkdir()
    tiny.make_project(project)
    digits = load_digits()
    own = slice(tiny.IMAGES, tiny.IMAGES + OWN)
    frame = pd.DataFrame(digits.data[own].astype(int)).add_prefix("p")
    frame.insert(0, "label", digits.target[own])
    frame.to_csv(project / "own.csv", index=False)
    tiny.edit(project, changes(taught="taught", untaught="untaught"))
    tiny.run("python -m tools.pin own", project)
    tiny.repro(project)
    tiny.commit(project, "mixed")
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


def test_before_and_after_are_compared_on_the_same_images(mixed: Path) -> None:
    said = tiny.run("python -m tools.compare --between untaught taught", mixed).stdout
    assert re.search(rf"untaught → taught +{OWN // 2} +0\.\d+ +\d\.\d+ ", said)


def test_its_mistakes_and_predictions_are_shown_and_it_is_in_the_leaderboard(mixed: Path) -> None:
    last = rows(mixed, "own", "test")
    row, label = last["row"].iloc[0], last["class"].iloc[0]
    assert (
        f"own {row}: {label}, predicted"
        in tiny.run(f"python -m tools.show own {row} --predictions taught", mixed).stdout
    )
    line = tiny.failure(f"python -m tools.show own {row} --predictions taught --part train", mixed, 1)
    assert f"not in the training part: {row}; --part test shows them" in line
    board = tiny.run("python -m tools.leaderboard", mixed).stdout
    assert "untaught" in board
    tiny.run("python -m tools.report", mixed)
    assert 'id="untaught"' in (mixed / "report.html").read_text(encoding="utf-8")


def test_what_a_model_has_seen_is_told_of_both_datasets(mixed: Path) -> None:
    row = rows(mixed, "own")["row"].iloc[0]
    for experiment, dataset, words in (
        ("taught", "own", "the image is in the training part: taught has seen it before"),
        ("untaught", "own", "the image is not in the training part: untaught has never seen it"),
        ("taught", "tiny", "taught may have been trained on what is shown here"),
    ):
        said = tiny.run(f"python -m tools.predict --model {experiment} --row {dataset} {row}", mixed).stderr
        assert said.strip().endswith(words)


def test_only_a_model_that_was_taught_a_folder_has_seen_it(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mixed)
    assert [trained_on(experiment, "own.csv") for experiment in ("taught", "untaught")] == [True, False]


def test_nothing_of_it_is_left_over_or_to_do(mixed: Path) -> None:
    assert tiny.run("python -m tools.prune", mixed).stdout == ""
    assert "mix@taught" not in tiny.run("dvc status", mixed).stdout


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
        check(Parameters(tiny.params({**changes(taught="taught"), place: value})))
    assert line in str(refused.value)


def test_the_blocks_of_the_page_are_valid() -> None:
    page = (tiny.ROOT / "docs/own-digits.md").read_text(encoding="utf-8")
    added = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
    added["datasets"]["own"] |= {"images": OWN, "classes": 10, "sha256": {"pixels": "0" * 64, "labels": "0" * 64}}
    values = yaml.safe_load((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"))
    check(Parameters({**values, **{section: {**values[section], **blocks} for section, blocks in added.items()}}))


def test_splits_of_other_images_than_params_say_are_refused(mixed: Path, tmp_path: Path) -> None:
    project = tiny.copy(mixed, tmp_path / "project")
    table = parquet.read(project / paths.split("own", "train"), IMAGES)
    facts = {key: value for key, value in table.schema.metadata.items() if key != b"maximum"} | {b"maximum": b"255"}
    (project / paths.split("own", "train")).unlink()
    parquet.write(project / paths.split("own", "train"), table.replace_schema_metadata(facts))
    before = (project / paths.split("taught", "train")).read_bytes()
    line = tiny.failure("python -m stages.mix taught", project, 2)
    assert line.endswith(
        "mixes.taught: tiny and own differ in the shape, the largest pixel or the classes' names of their images"
    )
    assert (project / paths.split("taught", "train")).read_bytes() == before
    assert np.array_equal(rows(project, "taught").columns, rows(mixed, "taught").columns)
