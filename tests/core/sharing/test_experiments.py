"""Experiments are listed in a table, and compared with the commit that they started from."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binomtest

from digits.commands.experiments import find_changes, format_parameter
from tests.helpers import tiny
from tests.helpers.calls import call, failure, reproduce

PARAMETERS = "models.five-sgd.hyperparameters"
RUN = "exp run evaluate@five-sgd"


def read_runs(project: Path) -> list[list[str]]:
    """Return the cells of the table that `digits experiments five-sgd` prints, with its headings."""
    table, legend = call(project, "experiments", "five-sgd").stdout.split("\n\n")
    assert legend == "p >= 0.01: no significant difference from the last commit\n"
    first, second, _, *rows = table.splitlines()
    return [line.split() for line in [first, second, *rows]]


def read_metrics(project: Path) -> list[str]:
    """Return `cv_accuracy` and `cv_std` of the model, as the table shows them."""
    text = (project / "metrics/five-sgd.json").read_text(encoding="utf-8")
    metrics = json.loads(text)
    return [f"{metrics[key]:.4f}" for key in ["cv_accuracy", "cv_std"]]


def find_correct(project: Path) -> set[int]:
    """Return the row numbers of the correct cross-validated predictions."""
    table = pd.read_parquet(project / "data/crossval/five-sgd.parquet")
    return set(table.query("label == prediction")["row"])


@pytest.mark.variant
def test_experiments_are_compared_with_the_commit_that_they_started_from(
    made: Path, project: Path
) -> None:
    # What `dvc exp run` does, in this process.
    tiny.edit(project, {f"{PARAMETERS}.max_iter": 2})
    reproduce(project, "train@five-sgd", "evaluate@five-sgd")
    tiny.run_dvc("exp save --name fewer", project)
    others = "-S seed=1234567 -S tasks.five.positive=[4] -S splits.tiny.test=90"
    tiny.run_dvc(f"{RUN} -n later -S {PARAMETERS}.max_iter=3 {others} --queue", project)
    n_fixed = len(find_correct(project) - find_correct(made))
    n_broken = len(find_correct(made) - find_correct(project))
    assert n_fixed < n_broken
    points = f"{(n_fixed - n_broken) / 3:+.2f}"
    p_value = f"{binomtest(n_fixed, n_fixed + n_broken).pvalue:.2g}"
    (project / "data/crossval/five-sgd.parquet").unlink()  # those of the runs are compared
    first, second, committed, fewer, later = read_runs(project)
    parameters = ["max_iter", "seed", "splits.tiny.test", "tasks.five.positive"]
    assert first == ["experiment", *parameters, "CV", "CV", "difference", "p", "state"]
    assert second == ["accuracy", "std", "(points)"]
    before = ["42", "100", "[5]"]
    assert committed == ["main", "50", *before, *read_metrics(made), "–", "–", "last", "commit"]
    assert fewer == ["fewer", "2", *before, *read_metrics(project), points, p_value, "done"]
    assert later == ["later", "3", "1234567", "90", "[4]", "–", "–", "–", "–", "queued"]

    words = ["experiments", "five-sgd", "--format", "json"]
    _, _, record = json.loads(call(project, *words).stdout)
    results = {"cv_accuracy": None, "cv_std": None, "difference": None, "p_value": None}
    changed = {
        f"{PARAMETERS}.max_iter": 3,
        "seed": 1234567,
        "splits.tiny.test": 90,
        "tasks.five.positive": "[4]",
    }
    assert record == {"experiment": "later", **results, "state": "queued", **changed}


def test_a_parameter_is_shown_as_params_yaml_has_it() -> None:
    values = [3.0, 0.1, True, "hinge", None, float("nan"), "None"]
    expected = ["3", "0.1", "True", "hinge", "–", "–", "–"]
    assert [format_parameter(value) for value in values] == expected


def test_only_changes_that_the_model_depends_on_are_listed() -> None:
    commit = {
        "seed": 42,
        "models.five.task": "five",
        "models.five.folds": 3,
        "models.five.description": "A model.",
        "models.five.tutorial": None,
        "models.five-sgd.folds": 3,
        "tasks.five.split": "tiny",
        "tasks.digit.split": "tiny",
        "splits.tiny.test": 100,
        "splits.other.test": 100,
        "splits.tiny-random.test": 100,
    }
    experiment = {key: f"new {value}" for key, value in commit.items()}
    experiment |= {"models.five.task": "five", "tasks.five.split": "tiny"}
    changes = find_changes("five", experiment, commit)
    assert changes == ["seed", "models.five.folds", "splits.tiny.test"]


# A metric that the module does not have.
NEW_METRIC = """

def queued(predictions):
    yield Row("queued", OVERALL, 1)


METRICS.append(queued)
HEADLINE_METRICS.append("queued")
"""


@pytest.mark.slow
def test_a_queued_run_has_the_code_of_then_and_can_become_a_branch(project: Path) -> None:
    module = project / "digits/evaluation/metrics.py"
    original = module.read_text(encoding="utf-8")
    module.write_text(original + NEW_METRIC, encoding="utf-8")
    tiny.run_dvc(f"{RUN} --queue -n fewer -S {PARAMETERS}.max_iter=5", project)
    tiny.run_dvc(f"{RUN} --queue -n none -S {PARAMETERS}.max_iter=0", project)
    # This parameter has no effect on the model.
    tiny.run_dvc(f"{RUN} --queue -n same -S +{PARAMETERS}.n_iter_no_change=6", project)

    module.write_text("raise RuntimeError('this is of later')\n", encoding="utf-8")
    before = tiny.files(project)
    tiny.run("dvc exp run --run-all", project)
    assert tiny.files(project) == before
    module.write_text(original, encoding="utf-8")
    assert tiny.run("git status --porcelain", project).stdout == ""

    runs = {name: cells for name, *cells in read_runs(project)}
    assert runs["fewer"][:2] == ["5", "–"]
    assert runs["fewer"][-1] == "done"
    assert runs["none"][0] == "0"
    assert runs["none"][-1] == "failed"
    assert runs["same"][-3:] == ["+0.00", "1", "done"]

    tiny.run("dvc exp branch fewer kept", project)
    text = tiny.run("git show kept:metrics/five-sgd.json", project).stdout
    assert json.loads(text)["queued"] == 1


@pytest.mark.slow
def test_a_model_without_runs_is_one_line(project: Path) -> None:
    line = call(project, "experiments", "digit-logreg").stdout
    command = "dvc exp run -S models.digit-logreg.hyperparameters"
    assert line.startswith("No experiment with digit-logreg started from the last commit; `")
    assert command in line
    assert call(project, "experiments", "digit-logreg", "--format", "json").stdout == "[]\n"


@pytest.mark.slow
def test_runs_whose_predictions_were_not_pulled_are_listed(project: Path) -> None:
    tiny.run_dvc(f"{RUN} -n fewer -S {PARAMETERS}.max_iter=2", project)
    shutil.rmtree(project / ".dvc/cache")
    _, _, committed, fewer = read_runs(project)
    assert committed[-4:] == ["–", "–", "last", "commit"]
    assert fewer[-3:] == ["–", "–", "done"]


@pytest.mark.slow
def test_a_model_that_is_not_committed_is_one_line(project: Path) -> None:
    tiny.edit(project, {"models.new": tiny.params()["models"]["five-sgd"]})
    line = failure(project, "experiments", "new")
    assert line.startswith("Error: the last commit: there is no 'new'.")
    tiny.commit(project, "not run yet")
    assert call(project, "experiments", "new").stdout.startswith("No experiment with new ")
