"""Compare the time of the corrected code of each tutorial with the time of its models here.

The corrected code runs in one process. The models here are made by `dvc repro` in a new clone.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bench import measuring, notebooks
from bench.measuring import Run
from digits.core import paths
from digits.messages.errors import check_exists

ROUNDS = 3

# The notebook of each tutorial, and the models here that it corresponds to.
TUTORIALS = {
    "zero_or_one": ["small-zero-or-one-svc"],
    "two_detector": ["two-logreg"],
    "ten_classes": ["digit-sgd-hinge", "digit-sgd-log"],
    "random_split": ["random-digit-sgd"],
    "five_detector": ["five-sgd"],
}

# The models of these tutorials have other features than the corrected code. They are also
# measured with the original ones.
HAVE_OTHER_FEATURES = {"ten_classes", "random_split"}
ORIGINAL_FEATURES = {"features": "raw", "feature_parameters": {"sparse": True}}

TIMES = ["notebook", "notebook, s", "same features, s", "this project's features, s"]
SPEED_UPS = [
    "notebook",
    "same features",
    "same features, CPU time",
    "this project's features",
    "this project's features, CPU time",
]


def compare_times(folder: Path, quick: bool) -> list[str]:
    """Measure each tutorial in several rounds, and return tables of times and of speed-ups.

    Raises:
        UserError: MNIST, which the notebooks read, is missing.
    """
    check_exists(paths.raw("mnist"))
    tutorials = list(TUTORIALS)
    n_rounds = ROUNDS
    if quick:
        tutorials = tutorials[:1]
        n_rounds = 1
    times = []
    speed_ups = []
    for tutorial in tutorials:
        runs = measure_tutorial(folder / tutorial, tutorial, n_rounds)
        times.append([tutorial, *describe_times(runs)])
        speed_ups.append([tutorial, *describe_speed_ups(runs)])
    return [
        *measuring.format_table(TIMES, times),
        "",
        *measuring.format_table(SPEED_UPS, speed_ups),
    ]


def measure_tutorial(folder: Path, tutorial: str, n_rounds: int) -> pd.DataFrame:
    """Measure a tutorial in all three ways, and return a table of runs with a row per round."""
    models = TUTORIALS[tutorial]
    code = notebooks.read_code(notebooks.NOTEBOOKS[tutorial])
    rounds = []
    for number in range(n_rounds):
        measuring.log(f"{tutorial}, round {number}")
        original = measuring.run(Path(), sys.executable, "-c", code)
        ours = reproduce(folder / f"ours{number}", models)
        if tutorial in HAVE_OTHER_FEATURES:
            same = reproduce(folder / f"same{number}", models, ORIGINAL_FEATURES)
        else:
            same = ours
        rounds.append({"original": original, "same": same, "ours": ours})
    return pd.DataFrame(rounds)


def describe_times(runs: pd.DataFrame) -> list[str]:
    """Return the seconds that each way takes."""
    seconds = runs.map(lambda run: run.seconds)
    return [summarize(seconds[way]) for way in runs]


def describe_speed_ups(runs: pd.DataFrame) -> list[str]:
    """Return the speed-ups of the two ways of this project over the corrected code."""
    seconds = runs.map(lambda run: run.seconds)
    cpu_seconds = runs.map(lambda run: run.cpu_seconds)
    cells = []
    for way in ["same", "ours"]:
        cells.append(summarize(seconds["original"] / seconds[way], " ×"))
        cells.append(summarize(cpu_seconds["original"] / cpu_seconds[way], " ×"))
    return cells


def reproduce(
    project: Path, models: Sequence[str], changes: dict[str, Any] | None = None
) -> Run:
    """Train models in a new clone of the project, and measure it.

    Args:
        project: the folder of the clone.
        models: the names of the models.
        changes: new values of keys of the models in params.yaml, or None.
    """
    measuring.clone_project(project)
    if changes is not None:
        path = project / "params.yaml"
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name in models:
            values["models"][name].update(changes)
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return measuring.run(project, "dvc", "repro", *(f"evaluate@{name}" for name in models))


def summarize(values: "pd.Series[float]", unit: str = "") -> str:
    """Return the median of some values, and in parentheses the smallest and the largest one."""
    low, middle, high = values.quantile([0, 0.5, 1])
    return f"{middle:.1f}{unit} ({low:.1f} to {high:.1f})"
