"""Execute the notebooks of the tutorials in docs/notebooks/, and keep their outputs.

Give the names of notebooks to execute only these. Needs MNIST (`dvc repro fetch@mnist`). All
notebooks take twenty minutes, because stochastic gradient descent is slow on raw pixels. To
open them in a browser instead, run `make notebooks`.

A cell with the tag `look` only shows something. It is left out when a tutorial is measured.
"""

import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
NOTEBOOKS = {path.stem: path for path in sorted(PROJECT.glob("docs/notebooks/*.ipynb"))}


def read_code(path: Path) -> str:
    """Return the code of a notebook without the cells that only show something."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    measured = [cell for cell in cells if "look" not in cell.metadata.get("tags", [])]
    return "\n\n".join(cell.source for cell in measured)


def execute(path: Path) -> None:
    """Execute a notebook, and write it with its outputs. The same data give the same bytes."""
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, record_timing=False, coalesce_streams=True)
    client.execute(cwd=path.parent)
    del notebook.metadata["language_info"]  # it has the version of Python
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:] or NOTEBOOKS:
        execute(NOTEBOOKS[name])
