"""Print the experiments with their test accuracy, out-of-fold accuracy, baseline and error.

Reads params.yaml for the experiments and metrics/ for their figures; an experiment that has not been run is left out.
"""

import fnmatch
from pathlib import Path

from digits.common import cli, parameters
from digits.common.cli import ParameterError, PipelineError
from tools.report import measured
from tools.report.measured import Measured
from tools.report.sections import Experiment

COLUMNS = ["experiment", "task", "test accuracy", "out-of-fold", "baseline", "error"]


def row(name: str, task: str, figures: Measured) -> list[str]:
    """Return one experiment's cells."""
    return [
        name,
        task,
        f"{figures.test.accuracy:.4f}",
        f"{figures.cross_validation.accuracy_mean:.4f}" if figures.cross_validation else "–",
        f"{figures.test.baseline_accuracy:.4f}",
        f"{100 * figures.test.error_rate:.2f} %",
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
    parser = cli.parser(__doc__, "-m tools.leaderboard 'digits-*'")
    parser.add_argument("pattern", nargs="?", default="*", help="which experiments (default: all)")
    pattern = parser.parse_args().pattern
    experiments = parameters.section(parameters.load(), "experiments", Experiment)
    names = fnmatch.filter(experiments, pattern)
    if not names:
        raise ParameterError(f"no experiment is called {pattern!r}; there are: {', '.join(experiments)}")
    paths = {name: Path("metrics", f"{name}.json") for name in names}
    found = {name: measured.read(path) for name, path in paths.items() if path.exists()}
    if not found:
        raise PipelineError("nothing has been evaluated yet; `make demo` or `make repro` does it")
    ranked = sorted(found, key=lambda name: measured.rank(experiments[name], found[name]))
    rows = [row(name, experiments[name].task, found[name]) for name in ranked]
    print_table(COLUMNS, rows, left=2)
    if missing := [name for name in names if name not in found]:
        cli.note(f"not evaluated yet: {', '.join(missing)}")


if __name__ == "__main__":
    cli.run(main)
