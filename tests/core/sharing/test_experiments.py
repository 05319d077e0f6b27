"""Runs with other parameters: queued, in a table, and from an idea to a merged branch."""

import csv
import json
import re
from pathlib import Path

from digits.io import tables
from tests import tiny

import pyarrow.parquet as pq
import pytest
from scipy.stats import binomtest

ITERATIONS = "experiments.five-sgd.hyperparameters.max_iter"
CHANGED = ["digits/evaluation/metrics.py", "dvc.lock", "metrics/five-sgd.json", "params.yaml"]
CHANGED += [f"plots/five-sgd/{name}.csv" for name in ("confusion", "figures", "precision_recall", "reliability", "roc")]
OUT_OF_FOLD = "data/crossval/five-sgd.parquet"


def run_table(project: Path) -> list[list[str]]:
    """Return the table of the runs of `five-sgd`, and its header."""
    return [*csv.reader(tiny.run("digits runs five-sgd --csv", project).stdout.splitlines())]


def test_runs_are_compared_with_their_commit_out_of_fold(made: Path, project: Path) -> None:
    tiny.run(["dvc", "exp", "run", "-n", "fewer", "-S", f"{ITERATIONS}=2", "evaluate@five-sgd"], project)
    tiny.run(["dvc", "exp", "run", "--queue", "-n", "later", "-S", f"{ITERATIONS}=3", "evaluate@five-sgd"], project)
    before, after = (pq.read_table(folder / OUT_OF_FOLD) for folder in (made, project))
    was, now = (tables.column(each, "label") == tables.column(each, "prediction") for each in (before, after))
    fixed, broken = int((now & ~was).sum()), int((was & ~now).sum())
    change, p = f"{100 * (fixed - broken) / len(was):+.2f}", f"{binomtest(fixed, fixed + broken).pvalue:.2g}"
    assert fixed < broken
    commit = tiny.run("git rev-parse HEAD", project).stdout[:7]
    metrics = [json.loads((folder / "metrics/five-sgd.json").read_text()) for folder in (made, project)]
    of_made, of_fewer = ([f"{each['cv_accuracy']:.4f}", f"{each['cv_std']:.4f}"] for each in metrics)
    expected = [
        ["run", "max_iter", "cv_accuracy", "cv_std", "change in points", "p, Holm", "state"],
        [commit, "50", *of_made, "–", "–", "baseline"],
        ["fewer", "2", *of_fewer, change, p, "done"],
        ["later", "3", "–", "–", "–", "–", "queued"],
    ]
    assert run_table(project) == expected

    tiny.stored(project, OUT_OF_FOLD).unlink()
    expected[2][-3:-1] = ["–", "–"]
    assert run_table(project) == expected
    line = tiny.run("digits runs digit-logreg", project).stdout
    assert line.startswith(f"No run starts from {commit}; `dvc exp run --queue -S experiments.digit-logreg.hyperparame")


def test_a_wrong_name_or_one_that_is_not_committed_is_one_line(project: Path) -> None:
    line = tiny.failure("digits runs five-sdg", project, 2)
    assert line.startswith("runs: error: EXPERIMENT: there is no 'five-sdg'. Did you mean 'five-sgd'?")
    tiny.edit(project, {"experiments.new": tiny.params()["experiments"]["five-sgd"]})
    assert "new is not in the last commit" in tiny.failure("digits runs new", project)


@pytest.mark.slow
def test_a_queued_run_has_the_code_of_then_and_can_become_a_branch(project: Path) -> None:
    library = project / "digits/evaluation/metrics.py"
    original = library.read_text(encoding="utf-8")
    library.write_text(f'{original}\nMETRICS.append(Metric("queued", lambda part: 1, key="queued"))\n')
    queue = ["dvc", "exp", "run", "--queue", "evaluate@five-sgd"]
    tiny.run([*queue, "-n", "fewer", "-S", f"{ITERATIONS}=5"], project)
    tiny.run([*queue, "-n", "none", "-S", f"{ITERATIONS}=0"], project)
    library.write_text("raise RuntimeError('this is of later')\n")
    before = tiny.files(project)
    tiny.run("dvc exp run --run-all", project)
    assert tiny.files(project) == before
    library.write_text(original)
    assert tiny.git_status(project) == ""
    found = {row[0]: [row[1], row[-1]] for row in run_table(project)}
    assert found["fewer"] == ["5", "done"]
    assert found["none"] == ["0", "failed"]

    tiny.run("dvc exp branch fewer kept", project)
    assert tiny.run("git diff --name-only main kept", project).stdout.split() == CHANGED
    assert json.loads(tiny.run("git show kept:metrics/five-sgd.json", project).stdout)["queued"] == 1


@pytest.mark.slow
def test_the_page_s_way_from_an_idea_to_a_merged_branch_goes_as_printed(project: Path) -> None:
    tiny.run("git clone --quiet --bare copy origin", project.parent)
    tiny.run("git remote add origin ../origin", project)
    page = (tiny.ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    section = page.partition("\n## From an idea to a merged branch\n")[2].partition("\n## ")[0]
    theirs = {"small-digit-trees": "five-sgd", "N=+": "N=", "n_estimators": "max_iter", "50,200,400": "2,3"}
    for name, ours in theirs.items():
        assert name in section
        section = section.replace(name, ours)
    commands = re.findall(r"^\$ (.+)$", section, re.MULTILINE)
    done = tiny.run(["bash", "-ec", "\n".join(commands)], project)
    assert [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("trees-")]
    assert tiny.git_status(project) == ""
    assert tiny.repro(project) == []
    merged, pushed = tiny.run("git rev-parse main origin/fewer-trees", project).stdout.split()
    assert merged == pushed
    assert "\n+      max_iter: 2\n" in tiny.run("git diff HEAD~1 -- params.yaml", project).stdout
