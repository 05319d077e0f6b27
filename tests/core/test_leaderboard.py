"""`digits leaderboard`: its rows, their order, and the marks of some rows."""

import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits.results.outdated import is_outdated
from digits.settings import params_file
from tests.helpers import tiny
from tests.helpers.calls import call, failure

HEADER = "subset,metric,slice,value,low,high\n"
WITH_INTERVAL = f"""\
{HEADER}\
test,accuracy,all,0.97,0.9,0.99
test,support,0,150,,
test,support,1,150,,
"""
OF_THREE_GROUPS = f"""\
{HEADER}\
test,accuracy,all,0.963351,,
test,accuracy,group 0,1,,
test,accuracy,group 1,0.926,,
test,accuracy,group 2,0.962,,
test,support,0,347,,
test,support,1,35,,
"""


def longest_name() -> str:
    """Return the longest name of a model in this project's params.yaml."""
    text = (tiny.ROOT / "params.yaml").read_text(encoding="utf-8")
    return max(params_file.parse(text)["models"], key=len)


LONGEST = longest_name()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_results(
    folder: Path, name: str, metrics_table: str, n_mistakes: int, cv_accuracy: float | None
) -> None:
    """Write the results of a model.

    Args:
        folder: the project.
        name: the model.
        metrics_table: the content of plots/<model>/metrics.csv.
        n_mistakes: the number of wrong predictions of 300 images. They are cross-validated, or
            those of the test images if there is no `cv_accuracy`.
        cv_accuracy: the cross-validated accuracy, if the model has folds.
    """
    rows = np.arange(300)
    labels = rows % 2
    prediction = np.where(rows < n_mistakes, 1 - labels, labels)
    table = pd.DataFrame({"row": rows, "label": labels, "prediction": prediction})
    accuracy = float(metrics_table.partition("all,")[2].split(",")[0])
    metrics = {"accuracy": accuracy, "baseline": 0.5}
    cv_table = table[["row", "label"]]
    if cv_accuracy is not None:
        cv_table = table.assign(fold=rows % 3)
        metrics |= {"cv_accuracy": cv_accuracy, "cv_std": 0.01}
        metrics_table += f"cross_validation,cv_accuracy,all,{cv_accuracy},,\n"
    write(folder / f"metrics/{name}.json", json.dumps(metrics))
    write(folder / f"plots/{name}/metrics.csv", metrics_table)
    for subset, predictions in [("crossval", cv_table), ("predictions", table)]:
        path = folder / f"data/{subset}/{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        predictions.to_parquet(path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a project in which four of five models have results."""
    five = tiny.params()["models"]["five-sgd"]
    names = ["five-worse", LONGEST, "five-later"]
    tiny.edit(tmp_path, {f"models.{name}": five for name in names})
    write_results(tmp_path, "five-worse", WITH_INTERVAL, 60, 0.8)
    write_results(tmp_path, LONGEST, OF_THREE_GROUPS, 3, 0.99)
    write_results(tmp_path, "five-sgd", WITH_INTERVAL, 2, 0.9933)
    write_results(tmp_path, "digit-logreg", WITH_INTERVAL, 9, None)
    return tmp_path


def read_rows(results: Path, *words: str) -> list[str]:
    """Return the rows of the leaderboard, with single spaces between the cells."""
    lines = call(results, "leaderboard", *words).stdout.splitlines()
    rows = []
    for line in lines[3:]:  # below the headings and a rule
        if not line:
            break
        rows.append(" ".join(line.split()))
    return rows


def test_the_best_model_of_each_task_comes_first_and_the_baseline_last(results: Path) -> None:
    assert read_rows(results) == [
        "digit (tiny-random)",
        "digit-logreg – 0.9700 9 0.9000 to 0.9900",
        "majority-class baseline – 0.5000 150 –",
        "five (tiny)",
        "five-sgd 0.9933 0.9700 9 0.9000 to 0.9900",
        f"{LONGEST} ~ 0.9900 0.9634 14 *0.9260 to 1.0000",
        "five-worse 0.8000 0.9700 9 0.9000 to 0.9900",
        "majority-class baseline – 0.5000 150 –",
    ]


def test_a_model_without_folds_comes_last_however_good_it_is_on_the_test_set(
    results: Path,
) -> None:
    write_results(results, "five-later", WITH_INTERVAL, 9, None)
    assert read_rows(results, "five-*")[-2].startswith("five-later ~ – 0.9700")


def test_json_and_csv_have_the_numbers(results: Path) -> None:
    records = json.loads(call(results, "leaderboard", "--format", "json").stdout)
    names = ["digit-logreg", "five-sgd", LONGEST, "five-worse"]
    assert [each["model"] for each in records if each["is_range"] or each["low"]] == names
    longest = records[names.index(LONGEST) + 1]
    expected = {
        "task": "five",
        "model": LONGEST,
        "cv_accuracy": 0.99,
        "cv_balanced_accuracy": None,
        "accuracy": 0.963351,
        "n_errors": 14,
        "low": 0.926,
        "high": 1,
        "is_range": True,
        "is_outdated": False,
        "is_tied": True,
    }
    assert {key: longest[key] for key in expected} == expected
    text = call(results, "leaderboard", "--format", "csv").stdout
    table = pd.read_csv(io.StringIO(text)).astype(object)
    assert table.where(table.notna(), None).to_dict("records") == records


def test_without_a_test_no_difference_is_called_insignificant(results: Path) -> None:
    for name in ["five-sgd", LONGEST]:
        path = results / f"data/crossval/{name}.parquet"
        table = pd.read_parquet(path)
        table["group"] = table["row"] % 3  # too few groups for a test
        table.to_parquet(path)
    assert f"{LONGEST} 0.9900 0.9634 14 *0.9260 to 1.0000" in read_rows(results)


def test_only_the_marks_that_occur_are_explained(results: Path) -> None:
    insignificant = "~ no significant difference from the best model of the task (p >= 0.01)"
    range_of_groups = (
        "* lowest and highest accuracy of the groups: fewer than six, or all equal"
    )
    no_value = "– not cross-validated: listed below the models that are"
    lines = call(results, "leaderboard").stdout.splitlines()
    assert lines[-4:] == ["", insignificant, range_of_groups, no_value]
    assert read_rows(results, "five-sgd")[-1].startswith("majority-class baseline")
    text = call(results, "leaderboard", "five-sgd").stdout
    assert "~" not in text
    assert "*" not in text
    for pattern in ["five-sgd", "digit-*"]:  # all are cross-validated, or none
        assert "– not" not in call(results, "leaderboard", pattern).stdout


def test_models_are_marked_against_the_best_even_if_it_is_not_shown(results: Path) -> None:
    rows = read_rows(results, LONGEST)
    assert [row.split()[:2] for row in rows[1:2]] == [[LONGEST, "~"]]


def test_models_without_results_are_named(results: Path) -> None:
    line = call(results, "leaderboard").stderr
    assert line == "not evaluated yet: five-later; `make repro` evaluates all models\n"


def test_a_pattern_chooses_models(results: Path) -> None:
    names = [row.split()[0] for row in read_rows(results, "five-[sw]*")]
    assert names == ["five", "five-sgd", "five-worse", "majority-class"]


@pytest.mark.parametrize(("n_mistakes", "is_significant"), [(12, False), (60, True)])
def test_models_without_folds_are_compared_on_the_test_set(
    results: Path, n_mistakes: int, is_significant: bool
) -> None:
    logreg = tiny.params()["models"]["digit-logreg"]
    tiny.edit(results, {"models.digit-other": logreg})
    write_results(results, "digit-other", WITH_INTERVAL, n_mistakes, None)
    [_, _, other, _] = read_rows(results, "digit-*")
    assert other.startswith("digit-other ")
    assert ("~" in other) == (not is_significant)


def test_models_of_other_images_are_not_marked(results: Path) -> None:
    path = results / f"data/crossval/{LONGEST}.parquet"
    pd.read_parquet(path)[:200].to_parquet(path)
    assert "~" not in call(results, "leaderboard").stdout


def test_a_pattern_of_no_results_is_one_line(results: Path) -> None:
    line = failure(results, "leaderboard", "*-later")
    remedy = "run `digits repro '*-later'`"
    assert line == f"Error: no model that matches '*-later' has been evaluated; {remedy}"


def test_a_pattern_of_no_model_is_one_line(results: Path) -> None:
    line = failure(results, "leaderboard", "zzz*")
    assert line.startswith("Error: PATTERN: there is no 'zzz*'. Valid: ")
    for name in ["digit-logreg", "five-later", LONGEST, "five-sgd", "five-worse"]:
        assert name in line


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metrics/five-sgd.json", "<<<<<<< HEAD"),
        ("metrics/five-sgd.json", "{}"),
        ("metrics/five-sgd.json", "[]"),
        ("metrics/five-sgd.json", '{"accuracy": "high", "baseline": 0.9}'),
        ("plots/five-sgd/metrics.csv", HEADER),
        ("plots/five-sgd/metrics.csv", "<<<<<<< HEAD"),
    ],
)
def test_a_damaged_result_is_one_line(results: Path, file: str, content: str) -> None:
    write(results / file, content)
    line = failure(results, "leaderboard")
    assert line.startswith(f"Error: {file} is damaged (")
    assert line.endswith("); run `dvc repro -f evaluate@five-sgd`")


OUTDATED = (
    "! not up to date: the code, the parameters or the data have changed; run `digits repro`"
)


def read_names(project: Path) -> list[str]:
    """Return the names of the models and the baselines, with their marks.

    If there is a `!`, it must be explained.
    """
    lines = call(project, "leaderboard").stdout.splitlines()
    assert (OUTDATED in lines) == any("!" in line for line in lines if line != OUTDATED)
    rows = [line for line in lines if line.startswith("  ") and not line.startswith("  model ")]
    return [re.split("  +", line.strip())[0] for line in rows]


def test_a_model_that_dvc_would_run_again_is_marked(project: Path) -> None:
    baseline = "majority-class baseline"
    assert read_names(project) == ["digit-logreg", baseline, "five-sgd", baseline]
    tiny.edit(project, {"models.five-sgd.hyperparameters.max_iter": 9})
    assert read_names(project) == ["digit-logreg", baseline, "five-sgd !", f"{baseline} !"]
    for name in ["raw", "split", "task", "crossval", "predictions"]:
        shutil.rmtree(project / "data" / name)
    assert read_names(project)[2] == "five-sgd !"
    tiny.edit(project, {"models.five-sgd.description": "Better."})
    assert read_names(project)[2] == "five-sgd"


def test_an_edit_of_what_comes_before_the_model_marks_it(project: Path) -> None:
    tiny.edit(project, {"splits.tiny.test": 90})
    assert "five-sgd !" in read_names(project)


def test_if_dvc_cannot_tell_the_models_are_listed_without_marks(project: Path) -> None:
    (project / ".dvc/tmp/rwlock").write_text("{")  # damaged
    result = call(project, "leaderboard")
    assert "five-sgd" in result.stdout
    assert result.stderr.startswith("models that are not up to date are not marked: ")


def test_classes_of_unequal_sizes_have_metrics_that_count_them_the_same(tmp_path: Path) -> None:
    table = f"""\
{WITH_INTERVAL}\
test,support,2,20,,
cross_validation,recall,all,0.61,,
cross_validation,f1,all,0.59,,
"""
    tiny.edit(tmp_path, {"models.five-sgd.task": "digit"})
    write_results(tmp_path, "five-sgd", table, 9, cv_accuracy=0.97)
    lines = call(tmp_path, "leaderboard").stdout.splitlines()
    assert "CV balanced" in lines[0]
    [row] = [line for line in lines if "five-sgd" in line]
    assert row.split()[1:5] == ["0.9700", "0.6100", "0.5900", "0.9700"]

    equal = table.replace("support,2,20", "support,2,75")
    write_results(tmp_path, "five-sgd", equal, 9, cv_accuracy=0.97)
    assert "balanced" not in call(tmp_path, "leaderboard").stdout


def test_only_files_that_are_not_here_are_no_change() -> None:
    for state, is_changed in [("deleted", False), ("not in cache", False), ("modified", True)]:
        change = {"changed outs": {"models/a.skops": state}}
        assert is_outdated([change]) == is_changed
        assert (
            is_outdated([{"changed deps": {"data/a.parquet": "deleted"}}, change]) == is_changed
        )
