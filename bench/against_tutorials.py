"""Each tutorial's code as written, in one process, against its experiments here by `dvc repro` from cold."""

import json
import re
from functools import reduce
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import measuring
from bench.measuring import Run

SHORT = 15  # seconds in all


class Tutorial(NamedTuple):
    """A script of bench/tutorials/, its experiments here, and the figure that both have."""

    script: str
    printed: str  # the label of the figure in the script's output, once for each experiment
    figure: str  # where it stands in the metrics
    experiments: list[str]
    folds: bool = True  # whether the script cross-validates; if not, the fits that are compared have no folds either


TUTORIALS = [
    Tutorial("t0_zero_or_one", "training accuracy", "train.accuracy", ["digits-zero-or-one-svc"], folds=False),
    Tutorial("t1_two_detector", "test accuracy", "test.accuracy", ["two-logreg"]),
    Tutorial("t2_ten_classes", "test accuracy", "test.accuracy", ["digit-sgd-hinge", "digit-sgd-log"]),
    Tutorial("t3_random_split", "test accuracy", "test.accuracy", ["random-digit-sgd"]),
    Tutorial("t4_five_detector", "folds", "cross_validation.accuracy_mean", ["five-sgd"]),
]


def numbers(output: str, label: str) -> list[float]:
    """Return the numbers that follow a label at the start of a line."""
    return [float(text) for text in re.findall(rf"^{label} ([0-9.e-]+)$", output, re.MULTILINE)]


def repro(folder: Path, experiments: list[str]) -> tuple[Path, Run]:
    """Run experiments in a new copy of the project."""
    project = measuring.cold(folder)
    return project, measuring.dvc(project, "repro", *(f"evaluate@{name}" for name in experiments))


def repeat(project: Path, *command: str) -> list[Run]:
    """Run a script, five times if it is short: short runs vary most."""
    runs: list[Run] = []
    while not runs or (len(runs) < 5 and sum(run.seconds for run in runs) < SHORT):
        measuring.log(f"{' '.join(command[:2])[:60]}, run {len(runs) + 1}")
        runs.append(measuring.python(project, *command))
    return runs


def fit_seconds(project: Path, tutorial: Tutorial) -> float:
    """Return the seconds of its experiments' fits alone, the medians of several runs."""
    total = 0.0
    for name in tutorial.experiments:
        block = measuring.parameters(project)["experiments"][name] | ({} if tutorial.folds else {"folds": 0})
        runs = repeat(project, "-m", "bench.fit", json.dumps(block), "60000", "0")
        total += median(json.loads(run.output.splitlines()[-1])["fit"] for run in runs)
    return total


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every tutorial, then all of their experiments in one run."""
    chosen = TUTORIALS[:1] if quick else TUTORIALS
    rows: list[list[str | None]] = []
    fits, alone = [], []
    for tutorial in chosen:
        project, here = repro(folder / tutorial.script / "project", tutorial.experiments)
        runs = repeat(project, f"bench/tutorials/{tutorial.script}.py")
        written = Run(median(run.seconds for run in runs), max(run.memory for run in runs), runs[0].output)
        alone.append(written)
        metrics = [json.loads((project / "metrics" / f"{name}.json").read_text()) for name in tutorial.experiments]
        figures = [reduce(dict.__getitem__, tutorial.figure.split("."), values) for values in metrics]
        both = [numbers(written.output, tutorial.printed), figures]
        accuracies = [" ".join(f"{value:.4f}" for value in values) for values in both]
        rows.append([*row(tutorial.script, written, here), tutorial.figure.partition(".")[0], *accuracies])
        seconds = median(sum(numbers(run.output, "seconds of fits")) for run in runs), fit_seconds(project, tutorial)
        fits.append([tutorial.script, *(f"{each:.2f}" for each in seconds), f"{seconds[0] / seconds[1]:.1f} ×"])
    _, together = repro(folder / "together" / "project", [name for each in chosen for name in each.experiments])
    in_turn = Run(sum(each.seconds for each in alone), max(each.memory for each in alone), "")
    rows.append([*row("**all, here in one `dvc repro`**", in_turn, together), None, None, None])
    header = ["as written, s", "here, s", "faster"]
    more = ["as written, MiB", "here, MiB", "accuracy", "as written", "here"]
    return [
        *measuring.table(["tutorial", *header, *more], rows),
        "",
        *measuring.table(["fits and folds alone", *header], fits),
    ]


def row(name: str, written: Run, here: Run) -> list[str]:
    """Return a row's seconds, their ratio, and the memory."""
    ratio = f"{written.seconds / here.seconds:.1f} ×"
    return [name, f"{written.seconds:.1f}", f"{here.seconds:.1f}", ratio, f"{written.memory:.0f}", f"{here.memory:.0f}"]
