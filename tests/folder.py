"""A stage whose output is a folder, as a table of more than 100 000 rows is."""

from pathlib import Path

from tests import tiny

NAME = "parts"
PATH = "data/parts"
STAGE = f"""
  {NAME}:
    cmd: mkdir -p {PATH} && cp idx/train-images {PATH}/a && cp idx/train-labels {PATH}/b
    outs:
      - {PATH}
"""


def add(project: Path) -> None:
    """Add the stage to a project, run it, and commit."""
    with (project / "dvc.yaml").open("a", encoding="utf-8") as file:
        file.write(STAGE)
    tiny.repro(project, NAME)
    tiny.commit(project, "a folder")
