"""Set how many rows the large dataset has, in large/params.yaml: what `make large ROWS=…` does first."""

import re
from pathlib import Path

from digits.io import files
from digits.support import cli
from digits.support.errors import ParameterError

PARAMETERS = Path("large", "params.yaml")


def main() -> None:
    """Change the one number; all else in the file stays as it is."""
    parser = cli.parser(__doc__, "700000")
    parser.add_argument("rows", type=int, help="how many, MNIST's own 70 000 among them")
    rows = parser.parse_args().rows
    if rows < 70_000:
        raise ParameterError(f"ROWS: {rows}, but MNIST alone has 70000; use that or more")
    text = PARAMETERS.read_text(encoding="utf-8")
    files.write_text(PARAMETERS, re.sub(r"(?m)^(      to:) \d+$", rf"\1 {rows}", text))


if __name__ == "__main__":
    cli.run(main)
