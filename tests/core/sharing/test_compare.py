"""`digits compare` of revisions, of the workspace and of models."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import binomtest

from digits.core import paths
from tests.helpers import tiny
from tests.helpers.calls import call, failure

FIVE = "data/crossval/five-sgd.parquet"
SAME = "The predictions are the same.\n"
INCOMPARABLE = "the two have different images, labels or folds, so they cannot be compared"
SIGNIFICANT = "the difference is significant (99 % interval"
NOTE = "fixed: images wrong before, correct after; broken: correct before, wrong after"


def replace_table(path: Path, table: pd.DataFrame) -> None:
    """Write another table in the place of a file, which may be a link into DVC's cache."""
    path.unlink(missing_ok=True)
    table.to_parquet(path)


def find_mistakes(project: Path) -> set[int]:
    """Return the row numbers of the wrong cross-validated predictions."""
    table = pd.read_parquet(project / FIVE)
    return set(table.query("label != prediction")["row"])


def read_row_and_sentence(output: str) -> tuple[str, str]:
    """Return the row of a table of differences, and the sentence below the table."""
    table, sentence, note = output.split("\n\n")
    assert note == f"{NOTE}\n"
    assert max(len(line) for line in sentence.splitlines()) <= 80
    [row] = table.splitlines()[3:]
    return " ".join(row.split()), " ".join(sentence.split()).removeprefix("- ")


def read_json(project: Path, *words: str) -> list[dict[str, Any]]:
    """Return what `digits compare --format json` prints."""
    text = call(project, "compare", "--format", "json", *words).stdout
    records: list[dict[str, Any]] = json.loads(text)
    return records


@pytest.fixture
def changed(project: Path) -> Path:
    """Return a project in which thirty cross-validated predictions are wrong, not the old ones.

    The change is in the workspace alone.
    """
    table = pd.read_parquet(project / FIVE)
    is_wrong = np.arange(300) % 10 == 0
    prediction = np.where(is_wrong, 1 - table["label"], table["label"])
    replace_table(project / FIVE, table.assign(prediction=prediction))
    return project


def test_changed_predictions_are_counted_and_tested(made: Path, changed: Path) -> None:
    before = find_mistakes(made)
    after = find_mistakes(changed)
    n_fixed = len(before - after)
    n_broken = len(after - before)
    assert binomtest(n_fixed, n_fixed + n_broken).pvalue < 0.001

    [record] = read_json(changed, "HEAD")
    assert (record["before"], record["after"]) == ("five-sgd", "five-sgd")
    assert (record["subset"], record["images"]) == ("cross_validation", 300)
    assert record["accuracy_before"] == 1 - len(before) / 300
    assert record["difference"] == pytest.approx((n_fixed - n_broken) / 3)
    assert (record["fixed"], record["broken"]) == (n_fixed, n_broken)
    assert record["p_value"] < 0.001
    assert record["is_significant"] is True

    row, sentence = read_row_and_sentence(call(changed, "compare", "HEAD").stdout)
    accuracies = f"{1 - len(before) / 300:.4f} {1 - len(after) / 300:.4f}"
    points = f"{(n_fixed - n_broken) / 3:+.2f}"
    expected = f"five-sgd {accuracies} {points} < 0.001 {n_fixed} {n_broken}"
    assert row == expected
    assert sentence.startswith(f"five-sgd, 300 images in cross-validation: {SIGNIFICANT} -")
    low, high = [float(end) for end in re.findall(r"[+-]\d+\.\d\d", sentence)]
    assert low < (n_fixed - n_broken) / 3 < high < 0


def test_a_project_in_a_folder_of_a_repository_is_compared(
    changed: Path, tmp_path: Path
) -> None:
    shutil.rmtree(changed / ".git")
    tiny.run("git init --quiet", tmp_path)
    tiny.commit(tmp_path, "a folder")
    [record] = read_json(changed, "HEAD")
    assert record["before"] == "five-sgd"
    for model in ["five-sgd", "digit-logreg"]:
        assert "no experiment" in call(changed, "experiments", model).stdout.lower()


def test_predictions_that_were_not_read_are_not_called_the_same(
    made: Path, other: Path
) -> None:
    line = failure(made / "stages", "compare", "HEAD")
    assert line == "Error: params.yaml was not found; run from the folder that holds it"
    settings = tiny.params()
    settings["models"] = {"other": settings["models"]["five-sgd"]}
    (other / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name in ["five-sgd", "digit-logreg"]:
        (other / paths.predictions(name)).unlink()
    line = failure(other, "compare", "HEAD")
    assert line == "Error: HEAD and the workspace have no model in common"
    (other / paths.predictions("other")).unlink()
    line = failure(other, "compare", "HEAD")
    assert line == "Error: the workspace has no predictions; run `digits repro` there"


@pytest.mark.variant
def test_a_change_of_a_model_without_folds_is_found(project: Path) -> None:
    path = project / "data/predictions/digit-logreg.parquet"
    table = pd.read_parquet(path)
    replace_table(path, table.assign(prediction=(table["label"] + 1) % 10))
    _, sentence = read_row_and_sentence(call(project, "compare", "HEAD").stdout)
    assert sentence.startswith(f"digit-logreg, 100 images of the test set: {SIGNIFICANT} -")


@pytest.mark.variant
def test_two_revisions_are_compared_without_the_workspace(changed: Path) -> None:
    assert call(changed, "compare", "HEAD", "--to", "HEAD").stdout == SAME
    assert read_json(changed, "HEAD", "--to", "HEAD") == []
    header = call(changed, "compare", "HEAD", "--to", "HEAD", "--format", "csv").stdout
    assert header.startswith("before,after,subset,images,")
    tiny.run_dvc("commit --force train", changed)
    tiny.commit(changed, "worse")
    words = ["compare", "HEAD", "five-sgd", "--to", "HEAD~1", "--format", "markdown"]
    output = call(changed, *words).stdout
    assert output.splitlines()[2].startswith("| five-sgd ")
    sentence = f"- five-sgd, 300 images in cross-validation: {SIGNIFICANT} +"
    assert sentence in " ".join(output.split())


@pytest.fixture
def other(changed: Path) -> Path:
    """Return the changed project with another model, which makes no mistake."""
    tiny.edit(changed, {"models.other": tiny.params()["models"]["five-sgd"]})
    for folder in ["crossval", "predictions"]:
        table = pd.read_parquet(changed / f"data/{folder}/five-sgd.parquet")
        perfect = table.assign(prediction=table["label"])
        replace_table(changed / f"data/{folder}/other.parquet", perfect)
    return changed


def test_two_models_are_compared_in_cross_validation(other: Path) -> None:
    words = ["compare", "--between", "five-sgd", "other"]
    row, sentence = read_row_and_sentence(call(other, *words).stdout)
    assert row.startswith("five-sgd → other ")
    assert row.endswith(" 30 0")  # fixed and broken
    start = f"five-sgd → other, 300 images in cross-validation: {SIGNIFICANT} +"
    assert sentence.startswith(start)


def test_a_difference_that_was_not_tested_is_neither_significant_nor_insignificant(
    other: Path,
) -> None:
    for name in ["five-sgd", "other"]:
        path = other / f"data/crossval/{name}.parquet"
        table = pd.read_parquet(path)
        replace_table(path, table.assign(group=table["row"] % 3))  # too few groups for a test
    [record] = read_json(other, "--between", "five-sgd", "other")
    assert record["difference"] == pytest.approx(10)
    assert record["p_value"] is None
    assert record["is_significant"] is None


def test_models_of_other_images_are_not_compared(made: Path) -> None:
    line = failure(made, "compare", "--between", "five-sgd", "digit-logreg")
    assert line == f"Error: five-sgd → digit-logreg: {INCOMPARABLE}"


def test_an_unknown_revision_is_one_line(made: Path) -> None:
    assert failure(made, "compare", "nope") == "Error: unknown Git revision 'nope'"
    line = failure(made, "compare", "HEAD", "--to", "nope")
    assert line == "Error: unknown Git revision 'nope'"


@pytest.mark.variant
def test_a_misspelt_model_is_one_line(made: Path) -> None:
    suggestion = "there is no 'five-sdg'. Did you mean 'five-sgd'?"
    line = failure(made, "compare", "HEAD", "five-sdg", "new")
    assert line.startswith(f"Error: five-sdg: HEAD: {suggestion}")
    assert "; new: HEAD: there is no 'new'." in line
    line = failure(made, "compare", "--between", "five-sgd", "five-sdg")
    assert line.startswith(f"Error: five-sgd → five-sdg: the workspace: {suggestion}")


@pytest.mark.parametrize(
    ("words", "explanation"),
    [
        ("", "give a revision, or --between and two models"),
        ("HEAD --between five-sgd other", "--between compares models of the workspace"),
        ("--to HEAD --between five-sgd other", "--between compares models of the workspace"),
    ],
)
def test_the_usage_is_explained(made: Path, words: str, explanation: str) -> None:
    error = call(made, "compare", *words.split(), status=2).stderr
    assert "compare [OPTIONS] [REV] [MODEL]...\n" in error
    assert explanation in error


@pytest.mark.variant
def test_a_clone_without_data_needs_only_the_predictions_that_differ(
    changed: Path, tmp_path: Path
) -> None:
    # This pushes the predictions of HEAD: those of the workspace are not in dvc.lock.
    tiny.run_dvc("push", changed)
    clone = tmp_path / "clone"
    tiny.run(["git", "clone", "--quiet", str(changed), str(clone)], tmp_path)
    remote = tmp_path / "digits-remote"
    away = tmp_path / "away"
    remote.rename(away)
    assert call(clone, "compare", "HEAD").stdout == SAME

    (clone / FIVE).parent.mkdir(parents=True)
    (clone / FIVE).write_bytes((changed / FIVE).read_bytes())
    line = failure(clone, "compare", "HEAD")
    assert line.startswith(f"Error: five-sgd: {FIVE} of HEAD cannot be read (")
    assert line.endswith("); run `digits repro five-sgd` there, and `dvc push` to share it")
    away.rename(remote)
    _, sentence = read_row_and_sentence(call(clone, "compare", "HEAD").stdout)
    assert SIGNIFICANT in sentence
