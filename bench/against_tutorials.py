"""Each tutorial's code as written, in one process, against its experiments here by `dvc repro` from cold."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import median

from bench import measuring, notebooks
from bench.measuring import Run
from digits.core import paths
from digits.core.tables import require

ROUNDS = 3
# The notebooks, and the experiments of each.
TUTORIALS = {
    "zero_or_one": ["small-zero-or-one-svc"],
    "two_detector": ["two-logreg"],
    "ten_classes": ["digit-sgd-hinge", "digit-sgd-log"],
    "random_split": ["random-digit-sgd"],
    "five_detector": ["five-sgd"],
}
OWN_FEATURES = {"ten_classes": "raw_sparse", "random_split": "raw_sparse"}  # where the experiments differ
WHO = ("as written", "same features", "our features")
HEADER = ["tutorial", *WHO, "times as fast, same features", "CPU", "times as fast, our features", "CPU"]


def repro(project: Path, experiments: Sequence[str], features: str | None) -> Run:
    """Run a tutorial's experiments in a new copy of the project, with these features instead of theirs, if any."""
    measuring.cold(project)
    values = measuring.parameters(project)
    for name in experiments if features else []:
        values["experiments"][name]["features"] = features
    measuring.write_parameters(project, values)
    return measuring.python(project, "-m", "dvc", "repro", *(f"evaluate@{name}" for name in experiments))


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return the median, and the least and the largest in brackets."""
    in_order = (min(values), median(values), max(values))
    least, middle, largest = (f"{value:.{1 if value < 20 else 0}f}" for value in in_order)
    return f"{middle}{unit} ({least} to {largest})" if least != largest else f"{middle}{unit}"


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every tutorial so many times, one after the other, each time all three ways."""
    rows = []
    require(paths.raw("mnist"))  # the notebooks read it here
    for tutorial, experiments in list(TUTORIALS.items())[: 1 if quick else None]:
        rounds = []
        for i in range(1 if quick else ROUNDS):
            measuring.log(f"{tutorial}, round {i + 1}")
            written = measuring.python(Path(), "-c", notebooks.code(tutorial))
            here = repro(folder / tutorial / f"here{i}" / "project", experiments, None)
            features = OWN_FEATURES.get(tutorial)
            same = repro(folder / tutorial / f"same{i}" / "project", experiments, features) if features else here
            rounds.append((written, same, here))
        cells = [spread([runs[who].seconds for runs in rounds]) for who in range(len(WHO))]
        for who, which in product((1, 2), ("seconds", "cpu")):
            cells.append(spread([getattr(runs[0], which) / getattr(runs[who], which) for runs in rounds], " ×"))
        rows.append([tutorial, *cells])
    return measuring.table(HEADER, rows)
