"""Each tutorial's code as written, in one process, against its experiments here by `dvc repro` from cold."""

import json
import re
from functools import reduce
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import measuring
from bench.measuring import Run


class Tutorial(NamedTuple):
    """A script of bench/tutorials/, its experiments here, and the figure that both have.

    Attributes:
        script: its name.
        printed: what stands before the figure in what the script prints, once for each experiment.
        figure: where it stands in the metrics.
        experiments: here.
        folds: whether the script cross-validates; where it does not, the fits that are compared have no folds either.
    """

    script: str
    printed: str
    figure: str
    experiments: list[str]
    folds: bool = True


TUTORIALS = [
    Tutorial("t0_zero_or_one", "training accuracy", "train.accuracy", ["digits-zero-or-one-svc"], folds=False),
    Tutorial("t1_two_detector", "test accuracy", "test.accuracy", ["two-logreg"]),
    Tutorial("t2_ten_classes", "test accuracy", "test.accuracy", ["digit-sgd-hinge", "digit-sgd-log"]),
    Tutorial("t3_random_split", "test accuracy", "test.accuracy", ["random-digit-sgd"]),
    Tutorial("t4_five_detector", "folds", "cross_validation.accuracy_mean", ["five-sgd"]),
]


SHORT = 15  # seconds in all
HEADER = ["tutorial", "as written, s", "here, s", "faster"]


class Measured(NamedTuple):
    """What a tutorial took, as written and here: the whole, the seconds of the fits alone, and the figures."""

    written: Run
    here: Run
    written_fits: float
    here_fits: float
    written_figures: list[float]
    here_figures: list[float]


def numbers(output: str, label: str) -> list[float]:
    """Return the numbers that stand behind a label at the begin of a line."""
    return [float(text) for text in re.findall(rf"^{label} ([0-9.e-]+)$", output, re.MULTILINE)]


def repro(folder: Path, experiments: list[str]) -> tuple[Path, Run]:
    """Run experiments in a new copy of the project."""
    project = measuring.cold(folder)
    return project, measuring.dvc(project, "repro", *(f"evaluate@{name}" for name in experiments))


def again(project: Path, *command: str) -> list[Run]:
    """Run a script, five times if it is short, which evens out what a short one suffers from."""
    runs: list[Run] = []
    while not runs or (len(runs) < 5 and sum(run.seconds for run in runs) < SHORT):
        measuring.say(f"{command[0]}, run {len(runs) + 1}")
        runs.append(measuring.python(project, *command))
    return runs


def measure(tutorial: Tutorial, folder: Path) -> Measured:
    """Run its experiments here, the tutorial on the same images, and the fits alone; the latter two are medians."""
    project, here = repro(folder / "project", tutorial.experiments)
    written = again(project, f"bench/tutorials/{tutorial.script}.py")
    blocks = measuring.parameters(project)["experiments"]
    tasks = [blocks[name] | {"rows": None, "held_out": 0} for name in tutorial.experiments]
    fits = [task | ({} if tutorial.folds else {"folds": 0}) for task in tasks]
    ours = again(project, "-m", "bench.fit", json.dumps(fits))
    metrics = [json.loads((project / "metrics" / f"{name}.json").read_text()) for name in tutorial.experiments]
    return Measured(
        Run(measuring.middle(written), max(run.memory for run in written), ""),
        here,
        median(sum(numbers(run.output, "seconds of fits")) for run in written),
        median(sum(json.loads(line)["fit"] for line in run.output.splitlines()) for run in ours),
        numbers(written[0].output, tutorial.printed),
        [reduce(dict.__getitem__, tutorial.figure.split("."), values) for values in metrics],
    )


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every tutorial, then all of their experiments in one run."""
    chosen = TUTORIALS[:2] if quick else TUTORIALS
    measured = [measure(tutorial, folder / tutorial.script) for tutorial in chosen]
    together = [name for tutorial in chosen for name in tutorial.experiments]
    _, at_once = repro(folder / "together" / "project", together)
    rows: list[list[str | None]] = []
    fits = []
    for tutorial, (written, here, written_fits, here_fits, *figures) in zip(chosen, measured, strict=True):
        accuracies = [" ".join(f"{value:.4f}" for value in values) for values in figures]
        rows.append([*row(tutorial.script, written, here), tutorial.figure.partition(".")[0], *accuracies])
        fits.append([tutorial.script, f"{written_fits:.2f}", f"{here_fits:.2f}", f"{written_fits / here_fits:.1f} ×"])
    alone = [each.written for each in measured]
    in_turn = Run(sum(each.seconds for each in alone), max(each.memory for each in alone), "")
    rows.append([*row("**all, here in one `dvc repro`**", in_turn, at_once), None, None, None])
    return [
        *measuring.table([*HEADER, "as written, MiB", "here, MiB", "accuracy", "as written", "here"], rows),
        "",
        *measuring.table(["fits and folds alone", *HEADER[1:]], fits),
    ]


def row(name: str, written: Run, here: Run) -> list[str]:
    """Return a row's seconds, their ratio, and the memory."""
    ratio = f"{written.seconds / here.seconds:.1f} ×"
    return [name, f"{written.seconds:.1f}", f"{here.seconds:.1f}", ratio, f"{written.memory:.0f}", f"{here.memory:.0f}"]
