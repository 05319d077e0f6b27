"""Runs with other parameters: queued, in a table, and from an idea to a merged branch."""

import json
import re
import shutil
from pathlib import Path

from tests import tiny
from tests.calls import call, failure

import pandas as pd
import pytest
from scipy.stats import binomtest

PLACE = "experiments.five-sgd.hyperparameters"
RUN = "exp run evaluate@five-sgd"
OUT_OF_FOLD = "data/crossval/five-sgd.parquet"


def run_table(project: Path) -> list[list[str]]:
    header, _, *rows = call(project, "runs", "five-sgd").stdout.splitlines()
    return [line.split() for line in (header, *rows)]


def test_runs_are_compared_with_their_commit_out_of_fold(made: Path, project: Path) -> None:
    tiny.run_dvc(f"{RUN} -n fewer -S {PLACE}.max_iter=2", project)
    tiny.run_dvc(f"{RUN} -n later -S {PLACE}.max_iter=3 --queue", project)
    was, now = (pd.read_parquet(each / OUT_OF_FOLD).query("label == prediction")["row"] for each in (made, project))
    fixed, broken = len({*now} - {*was}), len({*was} - {*now})
    assert fixed < broken
    change, p = f"{(fixed - broken) / 3:+.2f}", f"{binomtest(fixed, fixed + broken).pvalue:.2g}"
    metrics = [json.loads((each / "metrics/five-sgd.json").read_text()) for each in (made, project)]
    of_main, of_fewer = ([f"{each[key]:.4f}" for key in ("cv_accuracy", "cv_std")] for each in metrics)
    assert run_table(project) == [
        ["run", "max_iter", "cv_accuracy", "cv_std", "points", "p", "state"],
        [tiny.run("git rev-parse HEAD", project).stdout[:7], "50", *of_main, "–", "–", "baseline"],
        ["fewer", "2", *of_fewer, change, p, "done"],
        ["later", "3", "–", "–", "–", "–", "queued"],
    ]


@pytest.mark.slow
def test_a_queued_run_has_the_code_of_then_and_can_become_a_branch(project: Path) -> None:
    library = project / "digits/evaluation/metrics.py"
    original = library.read_text(encoding="utf-8")
    library.write_text(f'{original}\nMETRICS.append(Metric("queued", lambda part: 1, key="queued"))\n')
    tiny.run_dvc(f"{RUN} --queue -n fewer -S {PLACE}.max_iter=5", project)
    tiny.run_dvc(f"{RUN} --queue -n none -S {PLACE}.max_iter=0", project)
    tiny.run_dvc(f"{RUN} --queue -n same -S +{PLACE}.n_iter_no_change=6", project)  # of no effect here
    library.write_text("raise RuntimeError('this is of later')\n")
    before = tiny.files(project)
    tiny.run("dvc exp run --run-all", project)
    assert tiny.files(project) == before
    library.write_text(original)
    assert tiny.run("git status --porcelain", project).stdout == ""
    found = {row[0]: row[1:] for row in run_table(project)}
    assert (found["fewer"][:2], found["fewer"][-1]) == (["5", "–"], "done")
    assert (found["none"][0], found["none"][-1]) == ("0", "failed")
    assert found["same"][-3:] == ["+0.00", "1", "done"]
    tiny.run("dvc exp branch fewer kept", project)
    assert json.loads(tiny.run("git show kept:metrics/five-sgd.json", project).stdout)["queued"] == 1


@pytest.mark.slow
def test_without_runs_or_a_commit_or_predictions_it_is_said(project: Path) -> None:
    line = call(project, "runs", "digit-logreg").stdout
    assert re.match("No run starts from .{7}; `dvc exp run --queue -S experiments.digit-logreg.hyperparameters", line)
    tiny.run_dvc(f"{RUN} -n fewer -S {PLACE}.max_iter=2", project)
    shutil.rmtree(project / ".dvc/cache")  # as before a `dvc pull`
    assert [row[-3:] for row in run_table(project)[1:]] == [["–", "–", "baseline"], ["–", "–", "done"]]
    tiny.edit(project, {"experiments.new": tiny.params()["experiments"]["five-sgd"]})
    line = failure(project, "runs", "new")
    assert line.startswith("Error: new is not in the last commit, which its runs are compared with; commit it")
    tiny.commit(project, "not run yet")
    assert call(project, "runs", "new").stdout.startswith("No run starts from ")


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
    assert tiny.run("git status --porcelain", project).stdout == ""
    assert tiny.repro(project) == []
    merged, pushed = tiny.run("git rev-parse main origin/fewer-trees", project).stdout.split()
    assert merged == pushed
    assert "\n+      max_iter: 2\n" in tiny.run("git diff HEAD~1 -- params.yaml", project).stdout
