"""Runs with other parameters: queued, in a table, and from an idea to a merged branch."""

import io
import re
from pathlib import Path

from tests import tiny
from tests.core.calls import digits, failure

import pandas as pd
import pytest
from scipy.stats import binomtest

PLACE = "experiments.five-sgd.hyperparameters"
RUN = ["dvc", "exp", "run", "evaluate@five-sgd"]
OUT_OF_FOLD = "data/crossval/five-sgd.parquet"


def run_table(project: Path) -> list[list[str]]:
    """Return the table of the runs of `five-sgd`, and its header."""
    header, _, *rows = digits(project, "runs", "five-sgd").stdout.splitlines()
    return [line.split() for line in (header, *rows)]


def test_runs_are_compared_with_their_commit_out_of_fold(made: Path, project: Path) -> None:
    tiny.run([*RUN, "-n", "fewer", "-S", f"{PLACE}.max_iter=2"], project)
    tiny.run([*RUN, "-n", "later", "-S", f"{PLACE}.max_iter=3", "--queue"], project)
    was, now = (pd.read_parquet(each / OUT_OF_FOLD).query("label == prediction")["row"] for each in (made, project))
    fixed, broken = len({*now} - {*was}), len({*was} - {*now})
    change, p = f"{(fixed - broken) / 3:+.2f}", f"{binomtest(fixed, fixed + broken).pvalue:.2g}"
    assert fixed < broken
    by_dvc = pd.read_csv(io.StringIO(tiny.run("dvc exp show --csv", project).stdout))
    by_name = by_dvc.set_index(by_dvc["Experiment"].fillna(by_dvc["rev"]))[["cv_accuracy", "cv_std"]]
    of_main, of_fewer = ([f"{value:.4f}" for value in by_name.loc[name]] for name in ("main", "fewer"))
    commit = tiny.run("git rev-parse HEAD", project).stdout[:7]
    expected = [
        ["run", "max_iter", "cv_accuracy", "cv_std", "points", "p", "state"],
        [commit, "50", *of_main, "–", "–", "baseline"],
        ["fewer", "2", *of_fewer, change, p, "done"],
        ["later", "3", "–", "–", "–", "–", "queued"],
    ]
    assert run_table(project) == expected
    tiny.stored(project, OUT_OF_FOLD).unlink()  # as before a `dvc pull`
    expected[2][-3:-1] = ["–", "–"]
    assert run_table(project) == expected
    line = digits(project, "runs", "digit-logreg").stdout
    assert line.startswith(f"No run starts from {commit}; `dvc exp run --queue -S experiments.digit-logreg.hyperparame")
    tiny.edit(project, {"experiments.new": tiny.params()["experiments"]["five-sgd"]})
    line = failure(project, "runs", "new")
    assert line.startswith("Error: new is not in the last commit, which its runs are compare")
    tiny.commit(project, "not run yet")
    assert digits(project, "runs", "new").stdout.startswith("No run starts from ")


@pytest.mark.slow
def test_the_page_s_way_from_an_idea_to_a_merged_branch_goes_as_printed(project: Path) -> None:
    tiny.run("git clone --quiet --bare copy origin", project.parent)
    tiny.run("git remote add origin ../origin", project)
    page = (tiny.ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    section = page.partition("\n## From an idea to a merged branch\n")[2].partition("\n## ")[0]
    for change in ("small-digit-trees five-sgd", "N=+ N=", "n_estimators max_iter", "50,200,400 2,3"):
        old, new = change.split()
        assert old in section
        section = section.replace(old, new)
    done = tiny.run(["bash", "-ec", "\n".join(re.findall(r"^\$ (.+)$", section, re.MULTILINE))], project)
    assert [line.split()[1] for line in done.stdout.splitlines() if re.match(r"trees-\d +\d", line)] == ["3", "2"]
    assert tiny.git_status(project) == ""
    assert tiny.repro(project) == []
    merged, pushed = tiny.run("git rev-parse main origin/fewer-trees", project).stdout.split()
    assert merged == pushed
    assert "\n+      max_iter: 2\n" in tiny.run("git diff HEAD~1 -- params.yaml", project).stdout
