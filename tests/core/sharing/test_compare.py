"""`digits compare` between revisions, the workspace, experiments and seeds, and what it refuses."""

import re
from pathlib import Path

from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import binomtest

FIVE = "data/crossval/five-sgd.parquet"
OTHERS = "the two have other images, labels or folds, so they cannot be compared"


def rewrite(path: Path, frame: pd.DataFrame) -> None:
    """Write a table in the place of one, without changing DVC's cache."""
    path.unlink(missing_ok=True)
    frame.to_parquet(path)


@pytest.fixture
def changed(project: Path) -> Path:
    """Return a copy of the made project whose detector gets thirty other images wrong than before."""
    table = pd.read_parquet(project / FIVE)
    wrong = np.arange(300) % 10 == 0
    rewrite(project / FIVE, table.assign(prediction=np.where(wrong, 1 - table["label"], table["label"])))
    return project


def test_what_differs_is_counted_tested_and_drawn(made: Path, changed: Path, tmp_path: Path) -> None:
    before, after = (pd.read_parquet(each / FIVE).query("label != prediction")["row"] for each in (made, changed))
    fixed, broken = len({*before} - {*after}), len({*after} - {*before})
    assert binomtest(fixed, fixed + broken).pvalue < 0.001
    sheet = str(tmp_path / "sheet.png")
    [_, _, row, _, verdict] = call(changed, "compare", "HEAD", "--png", sheet).stdout.splitlines()
    gain, accuracies = (fixed - broken) / 3, [f"{1 - len(each) / 300:.4f}" for each in (before, after)]
    assert row.split() == ["five-sgd", *accuracies, f"{gain:+.2f}", "<", "0.001", str(fixed), str(broken)]
    low, high = map(float, re.findall(r"[+-]\d+\.\d\d", verdict))
    assert verdict.startswith("five-sgd, 300 images out of fold: the fits differ (")
    assert low < gain < high < 0
    assert len(np.asarray(Image.open(sheet))) > 160 * (fixed + broken) / 8


def test_two_revisions_are_compared_and_not_the_workspace(changed: Path) -> None:
    assert call(changed, "compare", "HEAD", "HEAD").stdout == "The predictions are the same.\n"
    tiny.run_dvc("commit --force train", changed)
    tiny.commit(changed, "worse")
    back = call(changed, "compare", "HEAD", "HEAD~1", "five-sgd", "--md").stdout.splitlines()
    assert back[2].startswith("| five-sgd ")
    assert back[4].startswith("- five-sgd, 300 images out of fold: the fits differ (+")


def test_two_experiments_out_of_fold_and_without_folds_on_the_test_part(changed: Path) -> None:
    tiny.edit(changed, {"experiments.other": tiny.params()["experiments"]["five-sgd"]})
    for kind in ("crossval", "predictions"):
        table = pd.read_parquet(changed / f"data/{kind}/five-sgd.parquet")
        rewrite(changed / f"data/{kind}/other.parquet", table.assign(prediction=table["label"]))
    between = ["compare", "--between", "five-sgd", "other"]
    _, _, row, _, *lines = call(changed, *between).stdout.splitlines()
    assert row.split()[0] == "other"
    assert row.split()[-2:] == ["30", "0"]
    verdict = " ".join(map(str.strip, lines))
    assert max(map(len, lines)) <= 80
    assert verdict.startswith("five-sgd → other, 300 images out of fold: the fits differ (+")
    rewrite(changed / FIVE, pd.read_parquet(changed / FIVE)[["row", "label"]])  # as with `folds: 0`
    assert "five-sgd → other, 100 images of the test part: not told apart" in call(changed, *between).stdout


def test_what_cannot_be_compared_is_named_with_the_reason(made: Path) -> None:
    assert failure(made, "compare", "--between", "five-sgd", "digit-logreg").startswith(f"Error: {OTHERS}: five-sgd → ")
    assert failure(made, "compare", "nope") == "Error: unknown Git revision 'nope'"
    assert failure(made, "compare", "HEAD", "HEAD", "nope") == "Error: HEAD has no predictions: nope"
    for words in ([], [""], ["HEAD", "--between", "five-sgd", "digit-logreg"]):
        assert "give a revision, or --between A B" in call(made, "compare", *words, status=2).stderr


def test_a_clone_without_data_needs_only_what_differs_and_says_what_it_lacks(changed: Path, tmp_path: Path) -> None:
    tiny.run_dvc("push", changed)  # of HEAD: the workspace's table is not in dvc.lock
    clone = tmp_path / "clone"
    tiny.run(["git", "clone", "--quiet", str(changed), str(clone)], tmp_path)
    (tmp_path / "digits-remote").rename(tmp_path / "away")
    assert call(clone, "compare", "HEAD").stdout == "The predictions are the same.\n"
    (clone / FIVE).parent.mkdir(parents=True)
    (clone / FIVE).write_bytes((changed / FIVE).read_bytes())
    line = failure(clone, "compare", "HEAD")
    assert re.fullmatch(r"Error: HEAD's predictions cannot be read \(.+\); `dvc push` them first: five-sgd", line)
    (tmp_path / "away").rename(tmp_path / "digits-remote")
    assert "the fits differ" in call(clone, "compare", "HEAD").stdout


def test_seeds_refit_both_and_refuse_what_draws_nothing(project: Path) -> None:
    dummy = tiny.experiment("five", "raw", "dummy.DummyClassifier", 3)
    sgd = tiny.experiment("five", "normalized", tiny.SGD, 3, max_iter=1, tol=None)
    tiny.edit(project, {"experiments.five-sgd": sgd, "experiments.dummy": dummy, "experiments.same": dummy})
    *_, row, _, note = call(project, "compare", "HEAD", "five-sgd", "--seeds", "3").stdout.splitlines()
    _, before, _, spread, after, *_ = row.split()
    assert float(before) > float(after) > 0.8 > float(spread) > 0
    assert note.startswith("Mean ± standard deviation out of fold, over 3 seeds, of the same images and folds.")
    line = failure(project, "compare", "--between", "dummy", "same", "--seeds", "3")
    assert line == "Error: dummy → same: neither draws anything at random; compare them without --seeds"
    assert "other tasks or folds, or none" in failure(project, "compare", "HEAD", "digit-logreg", "--seeds", "3")
