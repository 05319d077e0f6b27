"""Compare the time of the original code of each tutorial with the time of its models here.

The original code runs in one process. The models here are made by `dvc repro`, without outputs.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import measuring, notebooks
from bench.measuring import Run
from digits.core import paths
from digits.core.files import check_exists

ROUNDS = 3

# The notebook of each tutorial, and the models here that it corresponds to.
TUTORIALS = {
    "zero_or_one": ["small-zero-or-one-svc"],
    "two_detector": ["two-logreg"],
    "ten_classes": ["digit-sgd-hinge", "digit-sgd-log"],
    "random_split": ["random-digit-sgd"],
    "five_detector": ["five-sgd"],
}

# The models of these tutorials have other features than the original code. They are also
# measured with these features, which are the original ones.
ORIGINAL_FEATURES = {"ten_classes": "raw_sparse", "random_split": "raw_sparse"}

HEADER = [
    "tutorial",
    "original code, s",
    "same features, s",
    "this project's features, s",
    "times as fast, same features",
    "in CPU time",
    "times as fast, this project's features",
    "in CPU time",
]


def compare_times(folder: Path, quick: bool) -> list[str]:
    """Measure each tutorial in several rounds, and return a table.

    Raises:
        UserError: MNIST, which the notebooks read, is missing.
    """
    check_exists(paths.raw("mnist"))
    tutorials = list(TUTORIALS)
    n_rounds = ROUNDS
    if quick:
        tutorials = tutorials[:1]
        n_rounds = 1
    rows = [measure_tutorial(folder, tutorial, n_rounds) for tutorial in tutorials]
    return measuring.format_table(HEADER, rows)


def measure_tutorial(folder: Path, tutorial: str, n_rounds: int) -> list[str]:
    """Measure a tutorial in all three ways in each round, and return its row of the table."""
    models = TUTORIALS[tutorial]
    original_features = ORIGINAL_FEATURES.get(tutorial)
    original_runs = []
    same_runs = []
    our_runs = []
    for number in range(1, n_rounds + 1):
        measuring.log(f"{tutorial}, round {number}")
        original_run = measuring.run_python(Path(), "-c", notebooks.read_code(tutorial))
        our_run = reproduce(folder / tutorial / f"our{number}" / "project", models)
        same_run = our_run
        if original_features is not None:
            project = folder / tutorial / f"same{number}" / "project"
            same_run = reproduce(project, models, original_features)
        original_runs.append(original_run)
        same_runs.append(same_run)
        our_runs.append(our_run)

    cells = [tutorial]
    cells.extend(
        summarize([run.seconds for run in runs])
        for runs in [original_runs, same_runs, our_runs]
    )
    for runs in [same_runs, our_runs]:
        cells.append(summarize(compute_ratios(original_runs, runs, "seconds"), " ×"))
        cells.append(summarize(compute_ratios(original_runs, runs, "cpu_seconds"), " ×"))
    return cells


def reproduce(project: Path, models: Sequence[str], features: str | None = None) -> Run:
    """Make models in a new copy of the project, and measure it.

    Args:
        project: the folder of the copy.
        models: the names of the models.
        features: the features to use instead of those in params.yaml, or None.
    """
    measuring.copy_project(project)
    if features is not None:
        values = measuring.read_params(project)
        for name in models:
            values["models"][name]["features"] = features
        measuring.write_params(project, values)
    stages = [f"evaluate@{name}" for name in models]
    return measuring.run_python(project, "-m", "dvc", "repro", *stages)


def compute_ratios(before: list[Run], after: list[Run], measure: str) -> list[float]:
    """Return, for each round, how many times as long the run before takes as the run after.

    Args:
        before: a run of each round.
        after: another run of each round.
        measure: `seconds` or `cpu_seconds`.
    """
    ratios = []
    for run_before, run_after in zip(before, after, strict=True):
        ratios.append(getattr(run_before, measure) / getattr(run_after, measure))
    return ratios


def summarize(values: Sequence[float], unit: str = "") -> str:
    """Return the median of some values, and in parentheses the smallest and the largest one."""
    smallest = format_number(min(values))
    middle = format_number(median(values))
    largest = format_number(max(values))
    if smallest == largest:
        return f"{middle}{unit}"
    return f"{middle}{unit} ({smallest} to {largest})"


def format_number(value: float) -> str:
    """Return a number with one decimal if it is below 20, and without decimals otherwise."""
    return f"{value:.1f}" if value < 20 else f"{value:.0f}"
