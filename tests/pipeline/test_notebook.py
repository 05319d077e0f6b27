"""The notebook, run as a reader runs it, on the tiny project."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests import tiny

NAME = "notebooks/explore.ipynb"


def read(folder: Path) -> Any:
    return nbformat.read(folder / NAME, as_version=4)  # type: ignore[no-untyped-call]


def printed(cell: Any) -> str:
    """Return what a cell printed."""
    return "".join(output.get("text", "") for output in cell.outputs)


def test_it_is_committed_without_output() -> None:
    cells = [cell for cell in read(tiny.ROOT).cells if cell.cell_type == "code"]
    assert cells
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert {cell.execution_count for cell in cells} == {None}


@pytest.mark.parametrize(("split", "experiment"), [("tiny-random", "digit-logreg"), ("tiny", "five-sgd")])
@pytest.mark.filterwarnings("default")  # what nbclient, Jupyter and zmq deprecate among themselves
def test_it_runs_and_shows_the_key_error_images_and_mistakes(project: Path, split: str, experiment: str) -> None:
    notebook = read(project)
    names, *cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "EXPERIMENT = " in names.source
    names.source = f'DATASET = "tiny"\nSPLIT = "{split}"\nEXPERIMENT = "{experiment}"'
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": project / "notebooks"}}
    ).execute()
    streams = [output.get("name") for cell in cells for output in cell.outputs]
    assert "stderr" not in streams
    [explained] = [printed(cell) for cell in cells if "frame[0]\n" in cell.source]
    assert explained.startswith("KeyError: 0. Square brackets name a column")
    assert any("of 100 are wrong" in printed(cell) for cell in cells)
    pictures = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
