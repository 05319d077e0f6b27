"""Execute notebooks/explore.ipynb and write it back with its outputs: the same bytes for the same data and parameters.

No time and no version of Python goes in, and figures are stored in few colours, a third of their size.
"""

import base64
import io
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from digits.common import cli, files
from digits.common.errors import PipelineError

NOTEBOOK = Path("notebooks", "explore.ipynb")
COLOURS = 32


def execute(notebook: Any, folder: Path) -> None:
    """Execute all cells in place, as started from `folder`; a PipelineError has the message of the one that failed."""
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": folder}},
        extra_arguments=["--log-level=ERROR"],  # no warning that it listens on this machine's loopback
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise PipelineError(f"{NOTEBOOK}: {error.ename}: {error.evalue}") from None
    notebook.metadata.language_info = {"name": "python"}
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if "image/png" in output.get("data", {}):
            output.data["image/png"] = shrink(output.data["image/png"])


def shrink(png: str) -> str:
    """Return a PNG image in base64 with a palette of `COLOURS`."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode() + "\n"


def main() -> None:
    """Read, execute, write."""
    cli.parser(__doc__, "").parse_args()
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    execute(notebook, NOTEBOOK.parent)
    files.write_text(NOTEBOOK, nbformat.writes(notebook) + "\n")  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    cli.run(main)
