"""Every classifier of the registry on ten classes, and what experiments cost against the number of rows.

The test part is never read: the last tenth or so of the training part, which is in random order, is held out.
"""

import json
from pathlib import Path
from typing import Any

from bench import measuring
from digits.common.cli import PipelineError

HELD_OUT = 10_000
ROWS = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 60_000]
AT_ONCE = """
import sys
sys.path[:0] = ["stages"]
from digits.learning.classifiers import CLASSIFIERS, PARTIAL_FIT
print(*CLASSIFIERS.keys() - PARTIAL_FIT)
"""
# The table in the docstring of scikit-learn's benchmarks/bench_mnist.py: fitted on 60 000, tested on the 10 000.
PUBLISHED = [
    ("MLP_adam", 53.46, 0.11, 0.0224),
    ("Nystroem-SVM", 112.97, 0.92, 0.0228),
    ("MultilayerPerceptron", 24.33, 0.14, 0.0287),
    ("ExtraTrees", 42.99, 0.57, 0.0294),
    ("RandomForest", 42.70, 0.49, 0.0318),
    ("SampledRBF-SVM", 135.81, 0.56, 0.0486),
    ("LinearRegression-SAG", 16.67, 0.06, 0.0824),
    ("CART", 20.69, 0.02, 0.1219),
    ("dummy", 0.00, 0.01, 0.8973),
]


def data(folder: Path) -> Path:
    """Return a copy of the project that has made MNIST's split and its labels."""
    project = measuring.cold(folder / "project")
    measuring.dvc(project, "repro", "binarize@mnist")
    return project


def of_digits(project: Path) -> dict[str, Any]:
    """Return the experiments on MNIST's ten classes, by name."""
    experiments = measuring.parameters(project)["experiments"]
    return {name: block for name, block in experiments.items() if (block["split"], block["task"]) == ("mnist", "digit")}


def fit(project: Path, name: str, block: dict[str, Any], rows: int, held_out: int) -> dict[str, Any]:
    """Fit in a process of its own; what fails is said, and gives nothing."""
    measuring.say(f"{name} on {rows} rows")
    task = {**block, "folds": 0, "rows": rows, "held_out": held_out}
    try:
        run = measuring.python(project, "-m", "bench.fit", json.dumps([task]))
    except PipelineError as error:
        measuring.say(f"{name}: {error}")
        return {}
    return {**json.loads(run.output.splitlines()[-1]), "memory": run.memory}


def show(values: dict[str, Any], *formats: tuple[str, str]) -> list[str | None]:
    """Format measured values; None for what was not measured."""
    return [None if values.get(name) is None else format(values[name], form) for name, form in formats]


def classifiers(folder: Path, quick: bool) -> list[str]:
    """Fit every classifier of the registry that is fitted at once, as it is, then the experiments on ten classes."""
    project = data(folder)
    names = measuring.python(project, "-c", AT_ONCE).output.split()
    plain = {"description": "", "split": "mnist", "task": "digit", "features": "scaled", "hyperparameters": {}}
    blocks = {f"`{name}`": {**plain, "classifier": name} for name in names}
    blocks |= {f"experiment `{name}`": block for name, block in of_digits(project).items()}
    rows = 2_000 if quick else 50_000
    formats = [("fit", ".1f"), ("predict", ".2f"), ("error", ".2%"), ("memory", ".0f")]
    measured = {name: fit(project, name, block, rows, HELD_OUT) for name, block in blocks.items()}
    by_error = sorted(measured, key=lambda name: measured[name].get("error", 2))
    return [
        *measuring.table(
            [f"fitted on {rows:,} images", "fit, s", f"predict {HELD_OUT:,}, s", "error", "peak, MiB"],
            [[name, *show(measured[name], *formats)] for name in by_error],
        ),
        "",
        *measuring.table(
            ["published by scikit-learn", "fit, s", "predict, s", "error"],
            [[name, f"{fit:.1f}", f"{predict:.2f}", f"{error:.2%}"] for name, fit, predict, error in PUBLISHED],
        ),
    ]


def rows(folder: Path, quick: bool) -> list[str]:
    """Fit the experiments on ten classes on more and more rows."""
    project = data(folder)
    counts = ROWS[:2] if quick else ROWS
    lines = []
    for name, block in of_digits(project).items():
        fits = [fit(project, name, block, n, HELD_OUT if n + HELD_OUT <= ROWS[-1] else 0) for n in counts]
        lines.append([f"`{name}`", "fit, s", *(show(values, ("fit", ".2f"))[0] for values in fits)])
        lines.append(["", "error", *(show(values, ("error", ".2%"))[0] for values in fits)])
    return measuring.table(["experiment", "", *(f"{n:,}" for n in counts)], lines)
