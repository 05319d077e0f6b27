"""`digits leaderboard`: its rows and their order, what is not told apart, and what fits a terminal."""

import json
from pathlib import Path

from digits.core import params
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest

FIGURES = "part,figure,of,value,low,high\n"
INTERVAL = f"{FIGURES}test,accuracy,all,0.97,0.9,0.99\n"
GROUPS = "".join(f"test,accuracy,group {i},{value},,\n" for i, value in enumerate((1, 0.926, 0.962)))
THREE_GROUPS = f"{FIGURES}test,accuracy,all,0.963351,,\n{GROUPS}test,count,0,347,,\ntest,count,1,35,,\n"
LONGEST = max(params.read_yaml((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"))["experiments"], key=len)


def write(folder: Path, name: str, figures: str, mistakes: int, cv_accuracy: float | None) -> None:
    """Write the results of an experiment that makes so many mistakes out of fold, or on the test part without folds."""
    rows = np.arange(300)
    columns = {"row": rows, "label": rows % 2, "prediction": (rows + (rows < mistakes)) % 2}
    kind, fold = ("predictions", {}) if cv_accuracy is None else ("crossval", {"fold": rows % 3})
    metrics = {"accuracy": 0.97, "baseline": 0.5} | ({} if cv_accuracy is None else {"cv_accuracy": cv_accuracy})
    for place, content in {f"metrics/{name}.json": json.dumps(metrics), f"plots/{name}/figures.csv": figures}.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(content)
    (folder / "data" / kind).mkdir(parents=True, exist_ok=True)
    pd.DataFrame({**columns, **fold}).to_parquet(folder / f"data/{kind}/{name}.parquet")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    five = tiny.params()["experiments"]["five-sgd"]
    tiny.edit(tmp_path, {f"experiments.{name}": five for name in ("five-worse", LONGEST, "five-later")})
    write(tmp_path, "five-worse", INTERVAL, 60, 0.8)
    write(tmp_path, LONGEST, THREE_GROUPS, 3, 0.99)
    write(tmp_path, "five-sgd", INTERVAL, 2, 0.9933)
    write(tmp_path, "digit-logreg", INTERVAL, 9, None)
    return tmp_path


def test_the_best_of_each_task_comes_first_with_what_is_not_told_apart_from_it(results: Path) -> None:
    found = call(results, "leaderboard")
    header, _, *lines, empty, legend = found.stdout.splitlines()
    assert header.split("  ")[0] == "experiment"
    assert [" ".join(line.split()) for line in lines] == [
        "digit (tiny-random) 0.5000 always the majority",
        "digit-logreg 0.9700 – 3.00 (1.00 to 10.00)",
        "five (tiny) 0.5000 always the majority",
        "five-sgd 0.9700 0.9933 3.00 (1.00 to 10.00)",
        f"{LONGEST} ~ 0.9700 0.9900 3.66 (14 of 382; 0.0 7.4 3.8)",
        "five-worse 0.9700 0.8000 3.00 (1.00 to 10.00)",
    ]
    assert (empty, legend.partition(":")[0]) == ("", "~ not told apart from the first of its task")
    assert found.stderr == "not evaluated yet: five-later; `make repro` evaluates all\n"
    assert max(map(len, [header, *lines])) <= 80


def test_by_a_pattern_without_folds_the_test_part_tells_apart(results: Path) -> None:
    lines = call(results, "leaderboard", "five-[sw]*").stdout.splitlines()[3:]
    assert [line.split()[:2] for line in lines] == [["five-sgd", "0.9700"], ["five-worse", "0.9700"]]
    tiny.edit(results, {"experiments.digit-b": tiny.params()["experiments"]["digit-logreg"]})
    for mistakes, mark in ((12, "~"), (60, "0.9700")):
        write(results, "digit-b", INTERVAL, mistakes, None)
        assert call(results, "leaderboard", "digit-*").stdout.splitlines()[4].split()[1] == mark


def test_what_is_not_there_or_damaged_is_one_line(results: Path) -> None:
    assert failure(results, "leaderboard", "nope*").startswith("Error: nothing called 'nope*' has been evaluated yet; ")
    (results / "metrics/five-sgd.json").write_text("<<<<<<< HEAD")
    line = failure(results, "leaderboard")
    assert line.startswith("Error: metrics/five-sgd.json is damaged (")
    assert line.endswith("; `dvc repro -f evaluate@five-sgd` makes it again")
