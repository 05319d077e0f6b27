"""`digits leaderboard`: its rows, their order, and which differences are not significant."""

import json
from pathlib import Path

from digits.core import params
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest

HEADER = "part,metric,subset,value,low,high\n"
WITH_INTERVAL = f"{HEADER}test,accuracy,all,0.97,0.9,0.99\n"
OF_THREE_GROUPS = f"""\
{HEADER}\
test,accuracy,all,0.963351,,
test,accuracy,group 0,1,,
test,accuracy,group 1,0.926,,
test,accuracy,group 2,0.962,,
test,count,0,347,,
test,count,1,35,,
"""


def longest_name() -> str:
    """Return the longest name of a model in this project's params.yaml."""
    text = (tiny.ROOT / "params.yaml").read_text(encoding="utf-8")
    return max(params.read_yaml(text)["models"], key=len)


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
        cv_accuracy: the value in metrics/<model>.json, if the model has folds.
    """
    rows = np.arange(300)
    labels = rows % 2
    prediction = np.where(rows < n_mistakes, 1 - labels, labels)
    table = pd.DataFrame({"row": rows, "label": labels, "prediction": prediction})
    metrics = {"accuracy": 0.97, "baseline": 0.5}
    if cv_accuracy is None:
        path = folder / f"data/predictions/{name}.parquet"
    else:
        path = folder / f"data/crossval/{name}.parquet"
        table["fold"] = rows % 3
        metrics["cv_accuracy"] = cv_accuracy
    write(folder / f"metrics/{name}.json", json.dumps(metrics))
    write(folder / f"plots/{name}/metrics.csv", metrics_table)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path)


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
    for line in lines[2:]:  # below the headings and a rule
        if not line:
            break
        rows.append(" ".join(line.split()))
    return rows


def test_the_best_model_of_each_task_comes_first(results: Path) -> None:
    assert read_rows(results) == [
        "digit (tiny-random) 0.5000 always the majority",
        "digit-logreg 0.9700 – 3.00 (1.00 to 10.00)",
        "five (tiny) 0.5000 always the majority",
        "five-sgd 0.9700 0.9933 3.00 (1.00 to 10.00)",
        f"{LONGEST} ~ 0.9700 0.9900 3.66 (14 of 382; 0.0 7.4 3.8)",
        "five-worse 0.9700 0.8000 3.00 (1.00 to 10.00)",
    ]


def test_the_table_fits_a_terminal_and_has_a_legend(results: Path) -> None:
    lines = call(results, "leaderboard").stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[0].split("  ")[0] == "model"
    assert lines[-2] == ""
    assert lines[-1].startswith("~ ")


def test_without_an_insignificant_difference_there_is_no_legend(results: Path) -> None:
    assert "~" not in call(results, "leaderboard", "digit-*").stdout


def test_models_without_results_are_named(results: Path) -> None:
    line = call(results, "leaderboard").stderr
    assert line == "not evaluated yet: five-later; `make repro` evaluates all\n"


def test_a_pattern_chooses_models(results: Path) -> None:
    names = [row.split()[0] for row in read_rows(results, "five-[sw]*")]
    assert names == ["five", "five-sgd", "five-worse"]


@pytest.mark.parametrize(("n_mistakes", "is_significant"), [(12, False), (60, True)])
def test_models_without_folds_are_compared_on_the_test_set(
    results: Path, n_mistakes: int, is_significant: bool
) -> None:
    logreg = tiny.params()["models"]["digit-logreg"]
    tiny.edit(results, {"models.digit-other": logreg})
    write_results(results, "digit-other", WITH_INTERVAL, n_mistakes, None)
    [_, _, other] = read_rows(results, "digit-*")
    assert other.startswith("digit-other ")
    assert ("~" in other) == (not is_significant)


def test_models_of_other_images_are_not_marked(results: Path) -> None:
    path = results / f"data/crossval/{LONGEST}.parquet"
    pd.read_parquet(path)[:200].to_parquet(path)
    assert "~" not in call(results, "leaderboard").stdout


def test_a_pattern_of_no_results_is_one_line(results: Path) -> None:
    line = failure(results, "leaderboard", "*-later")
    remedy = "`digits repro '*-later'` does it"
    assert line == f"Error: nothing called '*-later' has been evaluated yet; {remedy}"


def test_a_pattern_of_no_model_is_one_line(results: Path) -> None:
    line = failure(results, "leaderboard", "five-sdg")
    assert line.startswith("Error: PATTERN: there is no 'five-sdg'. Did you mean 'five-sgd'")


def test_a_damaged_result_is_one_line(results: Path) -> None:
    write(results / "metrics/five-sgd.json", "<<<<<<< HEAD")
    line = failure(results, "leaderboard")
    assert line.startswith("Error: metrics/five-sgd.json is damaged (")
    assert "`dvc repro -f evaluate@five-sgd`" in line
