"""Print the experiments with their test accuracy, out-of-fold accuracy, baseline and error.

Reads params.yaml for the experiments and metrics/ for their figures; an experiment that has not been run is left out.
"""

import stages_path  # noqa: F401
from common import cli, parameters
from common.cli import ParameterError, PipelineError

import fnmatch
import json
from pathlib import Path
from typing import Any

COLUMNS = ["experiment", "task", "test accuracy", "out-of-fold", "baseline", "error"]


def row(name: str, task: str, measured: dict[str, Any]) -> list[str]:
    """Return one experiment's cells; `measured` is its metrics file."""
    test = measured["test"]
    out_of_fold = measured.get("cross_validation", {}).get("accuracy_mean")
    return [
        name,
        task,
        f"{test['accuracy']:.4f}",
        "–" if out_of_fold is None else f"{out_of_fold:.4f}",
        f"{test['baseline_accuracy']:.4f}",
        f"{100 * test['error_rate']:.2f} %",
    ]


def print_table(header: list[str], rows: list[list[str]], left: int) -> None:
    """Print a table on as few columns of the screen as it needs, its first `left` columns to the left."""
    widths = [max(len(cells[i]) for cells in [header, *rows]) for i in range(len(header))]
    for cells in [header, ["─" * width for width in widths], *rows]:
        padded = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        print("  ".join(padded).rstrip())


def main() -> None:
    """Read and print, the smallest error of a task first."""
    parser = cli.parser(__doc__, "tools/leaderboard.py 'digits-*'")
    parser.add_argument("pattern", nargs="?", default="*", help="which experiments (default: all)")
    pattern = parser.parse_args().pattern
    experiments = parameters.load()["experiments"]
    names = fnmatch.filter(experiments, pattern)
    if not names:
        raise ParameterError(f"no experiment is called {pattern!r}; there are: {', '.join(experiments)}")
    measured = {name: Path("metrics", f"{name}.json") for name in names}
    found = {name: json.loads(path.read_text()) for name, path in measured.items() if path.exists()}
    if not found:
        raise PipelineError("nothing has been evaluated yet; `make demo` or `make repro` does it")
    rows = [row(name, experiments[name]["task"], figures) for name, figures in found.items()]
    order = {
        name: (experiments[name]["split"], experiments[name]["task"], found[name]["test"]["error_rate"])
        for name in found
    }
    rows.sort(key=lambda cells: order[cells[0]])
    print_table(COLUMNS, rows, left=2)
    if missing := [name for name in names if name not in found]:
        cli.note(f"not evaluated yet: {', '.join(missing)}")


if __name__ == "__main__":
    cli.run(main)
