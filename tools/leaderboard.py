"""Print the experiments with their test accuracy, out-of-fold accuracy, baseline and error.

Reads params.yaml for the experiments and metrics/ for their figures; an experiment that has not been run is left out.
"""

import fnmatch

from digits.common import cli, parameters, paths
from digits.common.errors import ParameterError, PipelineError
from digits.common.parameters import Experiment
from tools import results
from tools.table import print_table


def main() -> None:
    """Read and print, the best out of fold of a task first."""
    parser = cli.parser(__doc__, "'digits-*'")
    parser.add_argument("pattern", nargs="?", default="*", help="which experiments (default: all)")
    pattern = parser.parse_args().pattern
    experiments = parameters.load().blocks(Experiment)
    names = fnmatch.filter(experiments, pattern)
    if not names:
        raise ParameterError(f"no experiment is called {pattern!r}; there are: {', '.join(experiments)}")
    evaluated = {name: results.read(name) for name in names if paths.metrics(name).exists()}
    if not evaluated:
        raise PipelineError("nothing has been evaluated yet; `make demo` or `make repro` does it")
    ranked = sorted(evaluated, key=lambda name: evaluated[name].rank(experiments[name]))
    header = ["experiment", "task", *(heading for heading, _, _ in results.COLUMNS)]
    print_table(header, [[name, experiments[name].task, *evaluated[name].cells()] for name in ranked], left=2)
    if missing := [name for name in names if name not in evaluated]:
        cli.note(f"not evaluated yet: {', '.join(missing)}")


if __name__ == "__main__":
    cli.run(main)
