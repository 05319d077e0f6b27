"""No output has a character that a terminal obeys, whatever the classes and files are called."""

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits.core import paths
from tests.helpers import tiny
from tests.helpers.calls import call
from tests.helpers.digit_files import write_picture
from tests.helpers.variants import mark_variants

PIXELS, CLASSES = tiny.digits()

# It sets the title of the window, colours and clears the screen, and goes back in the line.
HOSTILE = "cat\x1b]0;owned\x07\x1b[31m\x9b2J\x08\rdog\x7f\u202e\u2066"
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FORMATS = ["table", "markdown", "json", "csv"]
COMMANDS = [
    "leaderboard --format {}",
    "experiments five-sgd --format {}",
    "compare HEAD --format {}",
    "predict --model digit-logreg labelled --format {}",
    "predict --model digit-logreg labelled/*/*.png --format {}",
    "predict --model digit-logreg pixels.csv --format {}",
]
OTHERS = [
    "check",
    "show tiny",
    "predict --model digit-logreg pixels.csv --submission id,label",
    "predict --model digit-logreg labelled --show",
    "predict --model digit-logreg labelled --png drawn.png",
    "show tiny --predictions digit-logreg",
    "show tiny --mistakes five-sgd",
    "fetch tiny",
]
REFUSED = ["predict --model digit-logreg no*.png", "show tiny --label dog"]


@pytest.fixture(scope="module")
def hostile(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny project with hostile names of classes, folders, files and ids."""
    project = tiny.copy(made, tmp_path_factory.mktemp("hostile") / "tiny")
    names = [f"{HOSTILE}{number}" for number in range(10)]
    changes = {"datasets.tiny.names": names, "tasks.five.positive": [names[5]]}
    tiny.edit(project, changes)
    call(project, "fetch", "tiny")
    for row in range(1, 3):
        file = project / "labelled" / names[CLASSES[row]] / f"{row}{HOSTILE}.png"
        write_picture(file, PIXELS[row].reshape(tiny.SHAPE))
    (project / f"no picture{HOSTILE}.png").touch()
    table = pd.DataFrame(PIXELS[1:3]).add_prefix("pixel")
    table.insert(0, "id", [f"{row}{HOSTILE}" for row in (1, 2)])
    table.to_csv(project / "pixels.csv", index=False, quoting=csv.QUOTE_NONNUMERIC)
    # Each model has mistakes to show.
    for path in (project / paths.predictions("x")).parent.glob("*.parquet"):
        predictions = pd.read_parquet(path)
        shutil.copy(path, f"{path}.copy")
        path.unlink()
        predictions.assign(prediction=np.int64(0)).to_parquet(path)
    return project


def check_output(project: Path, command: str, status: int = 0) -> None:
    """Check that a command prints nothing that a terminal obeys."""
    words = []
    for word in command.split():
        words += [str(path) for path in project.glob(word)] if "*" in word else [word]
    result = call(project, *words, status=status)
    assert OBEYED.findall(result.output) == []
    assert "dog" in result.output or words[0] not in {"predict", "show"}


@pytest.mark.parametrize("table_format", mark_variants(FORMATS))
@pytest.mark.parametrize("command", mark_variants(COMMANDS))
def test_a_table_has_nothing_that_a_terminal_obeys(
    hostile: Path, command: str, table_format: str
) -> None:
    check_output(hostile, command.format(table_format))


@pytest.mark.parametrize("command", OTHERS)
def test_what_else_is_printed_has_nothing_that_a_terminal_obeys(
    hostile: Path, command: str
) -> None:
    check_output(hostile, command)


@pytest.mark.parametrize("command", REFUSED)
def test_an_error_has_nothing_that_a_terminal_obeys(hostile: Path, command: str) -> None:
    check_output(hostile, command, status=1)


@pytest.mark.variant
def test_the_report_has_nothing_that_a_terminal_obeys(hostile: Path) -> None:
    check_output(hostile, "report")
    assert OBEYED.findall((hostile / "report.html").read_text(encoding="utf-8")) == []
