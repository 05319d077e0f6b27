"""Set the number of rows of the dataset in large/."""

import re
from pathlib import Path

from digits.commands import examples
from digits.io import files

import click

MNIST = 70_000  # images
PARAMETERS = Path("large", "params.yaml")


@click.command(epilog=examples("enlarge 700000"))
@click.argument("rows", type=click.IntRange(min=MNIST))
def command(rows: int) -> None:
    """Set the number of rows of the dataset in large/params.yaml: MNIST's own 70 000, and deformed copies.

    `make large ROWS=…` does this first. The rest of the file stays as it is.
    """
    text = PARAMETERS.read_text(encoding="utf-8")
    files.write_text(PARAMETERS, re.sub(r"(?m)^(      to:) \d+$", rf"\1 {rows}", text))
