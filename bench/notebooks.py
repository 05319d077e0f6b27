"""Execute the tutorials' notebooks in docs/notebooks/, all or those that are named, and keep their outputs.

Needs MNIST (`dvc repro fetch@mnist`) and twenty minutes: on raw pixels SGD is slow. A cell with the tag `look` only
shows something; where a tutorial is measured, such cells are left out.
"""

import json
import sys
from pathlib import Path

NOTEBOOKS = {path.stem: path for path in sorted(Path(__file__).parents[1].glob("docs/notebooks/*.ipynb"))}


def code(name: str, *, looks: bool = False) -> str:
    """Return the code of a notebook, with or without the cells that only show something."""
    cells = json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))["cells"]
    cells = [cell for cell in cells if cell["cell_type"] == "code" and (looks or "tags" not in cell["metadata"])]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


if __name__ == "__main__":
    import nbclient
    import nbformat

    for name in sys.argv[1:] or NOTEBOOKS:
        notes = nbformat.read(NOTEBOOKS[name], as_version=4)
        # Without times and Python's version, the same data give the same bytes.
        client = nbclient.NotebookClient(notes, record_timing=False, coalesce_streams=True)
        client.execute(resources={"metadata": {"path": NOTEBOOKS[name].parent}})
        del notes.metadata["language_info"]
        nbformat.write(notes, NOTEBOOKS[name])
