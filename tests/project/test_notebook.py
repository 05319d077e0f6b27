"""The notebook: it is committed with its outputs, and runs for experiments of every kind, on the tiny project."""

from pathlib import Path
from typing import Any

from tests import tiny

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

FILE = "docs/notebooks/explore.ipynb"
pytestmark = pytest.mark.filterwarnings("default")  # what nbclient, Jupyter and zmq deprecate among themselves


def execute(project: Path, experiment: str) -> Any:
    """Execute the notebook for an experiment as Jupyter does, from the notebook's own folder."""
    notes = nbformat.read(project / FILE, as_version=4)  # type: ignore[no-untyped-call]
    notes.cells[1].source = notes.cells[1].source.replace("five-sgd", experiment)
    NotebookClient(notes, resources={"metadata": {"path": project / "docs/notebooks"}}).execute()
    return notes


def printed(notes: Any) -> str:
    """Return what all cells printed, which must be on standard output."""
    outputs = [output for cell in notes.cells for output in cell.get("outputs", [])]
    streams = [output for output in outputs if output.output_type == "stream"]
    assert {output.name for output in streams} == {"stdout"}
    return "".join(output.text for output in streams)


def test_it_is_committed_as_it_was_executed_last() -> None:
    notes = nbformat.read(tiny.ROOT / FILE, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notes.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert (tiny.ROOT / "metrics/five-sgd.json").read_text() in printed(notes), "`make notebook` makes it anew"


@pytest.mark.slow
@pytest.mark.parametrize("experiment", ["five-sgd", pytest.param("digit-logreg", marks=pytest.mark.slow)])
def test_it_runs_for_every_kind_of_experiment(project: Path, experiment: str) -> None:
    text = printed(execute(project, experiment))
    has_folds = experiment != "digit-logreg"
    table = pd.read_parquet(project / "data" / ("crossval" if has_folds else "predictions") / f"{experiment}.parquet")
    of_target = table["label"] == table["label"].max()
    found = (of_target & (table["prediction"] == table["label"])).sum()
    assert f" {found} / {of_target.sum()} = " in text  # the recall
    assert f"mean {(table['prediction'] == table['label']).mean():.4f}\n" in text
    assert "KeyError: 0\n" in text
    assert "100 of 100 predictions are those of the model above" in text
