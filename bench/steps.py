"""Measure what more steps alone are worth, and write the table of docs/large.md that tells them from more digits.

One pass over 700 000 rows has many times the steps of one pass over MNIST's 60 000 training images. So here the same
models go through those 60 000, none deformed, as often as it takes for as many steps. Takes about ten minutes.
"""

import json
import math
import tempfile
from pathlib import Path

from bench import measuring
from bench.scale import PAGE, ROWS
from digits.support import cli

TEST = 10_000


def errors(large: Path, passes: int) -> dict[str, float]:
    """Fit each experiment in so many passes over MNIST's training part, and return their errors on the test part."""
    values = measuring.parameters(large)
    for block in values["experiments"].values():
        block["hyperparameters"]["max_iter"] = passes
    measuring.write_parameters(large, values)
    measuring.dvc(large, "repro", "--glob", "evaluate@*")
    measured = {name: large / "metrics" / f"{name}.json" for name in values["experiments"]}
    return {name: 1 - json.loads(path.read_text())["accuracy"] for name, path in measured.items()}


def main() -> None:
    """Measure, print, write."""
    cli.parser(__doc__, "").parse_args()
    passes = [math.ceil((rows - TEST) / (ROWS[0] - TEST)) for rows in ROWS]
    with tempfile.TemporaryDirectory(dir=Path().resolve().parent) as folder:
        project = measuring.cold(Path(folder, "project"))
        measuring.python(project, "-m", "tools.large", str(ROWS[0]))
        measured = [errors(project / "large", count) for count in passes]
    lines = [[f"`{name}`", *(f"{each[name]:.2%}" for each in measured)] for name in measured[0]]
    header = [
        "error on MNIST's 10 000 test images",
        *(f"{count:,} pass{'es' if count > 1 else ''}" for count in passes),
    ]
    measuring.publish(PAGE, "steps", measuring.table(header, lines))


if __name__ == "__main__":
    cli.run(main)
