"""The notebook: what is committed of it, and that it runs for experiments of every kind, on the tiny project."""

import shutil
from functools import cache
from pathlib import Path
from typing import Any

from digits.io import parquet, tables
from digits.io.tables import OUT_OF_FOLD, PREDICTIONS
from digits.support.errors import PipelineError
from tests import tiny

import nbformat
import numpy as np
import pytest
from tools import notebook

FILE = str(notebook.NOTEBOOK)
pytestmark = pytest.mark.filterwarnings("default")  # what nbclient, Jupyter and zmq deprecate among themselves


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tiny project with one more experiment, of two classes by their probabilities."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("notebook") / "tiny", symlinks=True))
    values = tiny.params()
    values["experiments"]["five-knn"] = tiny.experiment("tiny", "five", "raw", "k_neighbors", 3, n_neighbors=5)
    tiny.write_params(project, values)
    for stage in ("binarize", "train", "evaluate"):
        tiny.run(["python", "-m", f"stages.{stage}", "five-knn"], project)
    return project


@cache
def execute(project: Path, experiment: str) -> Any:
    """Execute the notebook for an experiment, once."""
    notes = nbformat.read(project / FILE, as_version=4)  # type: ignore[no-untyped-call]
    assert notes.cells[1].source.count('"five-sgd"') == 1
    notes.cells[1].source = notes.cells[1].source.replace("five-sgd", experiment)
    notebook.execute(notes, project / "notebooks")
    return notes


def outputs(notes: Any) -> list[Any]:
    return [output for cell in notes.cells for output in cell.get("outputs", [])]


def printed(notes: Any) -> str:
    """Return what all cells printed on standard output; they must print nothing else."""
    streams = [output for output in outputs(notes) if output.output_type == "stream"]
    assert {output.name for output in streams} == {"stdout"}
    return "".join(output.text for output in streams)


def test_it_is_committed_as_it_was_executed_last() -> None:
    text = (tiny.ROOT / FILE).read_text(encoding="utf-8")
    notes = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notes.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert (tiny.ROOT / "metrics/five-sgd.json").read_text() in printed(notes), "`make notebook` makes it anew"
    assert notes.metadata.language_info == {"name": "python"}  # and no version
    assert "site-packages" not in text
    assert len(text) < 100_000


@pytest.mark.parametrize("experiment", ["five-sgd", "five-knn", "digit-logreg"])
def test_it_runs_for_every_kind_of_experiment(place: Path, experiment: str) -> None:
    notes = execute(place, experiment)
    text = printed(notes)
    has_folds = experiment != "digit-logreg"
    path = f"data/crossval/{experiment}.parquet" if has_folds else f"data/predictions/{experiment}.parquet"
    table = parquet.read(place / path, OUT_OF_FOLD if has_folds else PREDICTIONS)
    y_true, y_pred = (tables.column(table, name) for name in ("label", "prediction"))
    target = y_true.max()
    found = ((y_true == target) & (y_pred == target)).sum()
    assert f" {found} / {(y_true == target).sum()} = " in text  # the recall
    assert ("\n3   0.9" in text) == has_folds
    assert f"mean {np.mean(y_true == y_pred):.4f}\n" in text
    assert "KeyError: 0\n" in text
    assert "100 of 100 predictions are those of the model above" in text
    pictures = [output for output in outputs(notes) if "image/png" in output.get("data", {})]
    # Of the first digits, the first predictions, the confusion matrix, the thresholds, the ROC curve and the mistakes.
    assert len(pictures) == (6 if experiment == "digit-logreg" else 5)  # the detectors make no mistake


def test_executed_again_it_has_the_same_bytes(place: Path) -> None:
    tiny.run(["python", "-m", "tools.notebook"], place)
    written = (place / FILE).read_text(encoding="utf-8")
    assert nbformat.writes(execute(place, "five-sgd")) + "\n" == written  # type: ignore[no-untyped-call]


def test_an_experiment_that_is_not_there_is_one_line(place: Path) -> None:
    with pytest.raises(PipelineError, match=r"explore\.ipynb: ParameterError: .*Did you mean 'five-sgd'\?"):
        execute(place, "five-sdg")
