"""Measure what each experiment costs: the processor seconds of its training, with its folds.

Trains every experiment whose labels are here once more (the outputs stay as they are), prints a table, and keeps the
figures in data/costs.json, which Git ignores. The report shows them; draw it anew. Takes a few minutes for MNIST.
"""

from pathlib import Path

from bench import measuring
from digits.io import files, paths
from digits.results.measured import COSTS
from digits.support import cli, parameters
from digits.support.parameters import Experiment


def main() -> None:
    """Measure, print, keep."""
    names = [name for name in parameters.load().names(Experiment) if paths.labels(name, "train").exists()]
    runs = {
        name: measuring.python(Path(), "-m", "stages.train", name) for name in cli.progress(names, len(names), "fits")
    }
    files.write_json(COSTS, {name: round(run.cpu, 1) for name, run in runs.items()})
    rows = [[name, f"{run.cpu:.1f}", f"{run.memory:.0f}"] for name, run in runs.items()]
    print("\n".join([*measuring.table(["experiment", "processor, s", "memory, MiB"], rows), "", measuring.machine()]))


if __name__ == "__main__":
    cli.run(main)
