"""Each tutorial's code as written, in one process, against its experiments here by `dvc repro` from cold."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import measuring
from bench.measuring import Run

SHORT = 15  # seconds in all


class Tutorial(NamedTuple):
    """A script of bench/tutorials/ and its experiments here."""

    script: str
    experiments: list[str]
    same: str | None = None  # the tutorial's own features, where the experiments have others
    folds: bool = True  # whether the script cross-validates; if not, the fits that are compared have no folds either


TUTORIALS = [
    Tutorial("first_zero_or_one", ["digits-zero-or-one-svc"], folds=False),
    Tutorial("second_two_detector", ["two-logreg"]),
    Tutorial("third_ten_classes", ["digit-sgd-hinge", "digit-sgd-log"], same="raw_sparse"),
    Tutorial("fourth_random_split", ["random-digit-sgd"], same="raw_sparse"),
    Tutorial("fifth_five_detector", ["five-sgd"]),
]


def numbers(output: str, label: str) -> list[float]:
    """Return the numbers that follow a label at the start of a line."""
    return [float(text) for text in re.findall(rf"^{label} ([0-9.e-]+)$", output, re.MULTILINE)]


def repro(folder: Path, tutorials: Sequence[Tutorial], same: bool = False) -> tuple[Path, Run]:
    """Run the tutorials' experiments in a new copy of the project, with the tutorials' own features if `same`."""
    project = measuring.cold(folder / "project")
    values = measuring.parameters(project)
    for tutorial in tutorials:
        for name in tutorial.experiments:
            values["experiments"][name] |= features(tutorial, same)
    measuring.write_parameters(project, values)
    targets = [f"evaluate@{name}" for tutorial in tutorials for name in tutorial.experiments]
    return project, measuring.dvc(project, "repro", *targets)


def features(tutorial: Tutorial, same: bool) -> dict[str, str]:
    """Return what differs in the experiments' blocks: nothing, or the features."""
    return {"features": tutorial.same} if same and tutorial.same else {}


def repeat(project: Path, *command: str) -> list[Run]:
    """Run a script, five times if it is short: short runs vary most."""
    runs: list[Run] = []
    while not runs or (len(runs) < 5 and sum(run.seconds for run in runs) < SHORT):
        measuring.log(f"{' '.join(command[:2])[:60]}, run {len(runs) + 1}")
        runs.append(measuring.python(project, *command))
    return runs


def fit_seconds(project: Path, tutorial: Tutorial, same: bool = False) -> float:
    """Return the seconds of its experiments' fits alone, the medians of several runs."""
    total = 0.0
    for name in tutorial.experiments:
        block = measuring.parameters(project)["experiments"][name] | features(tutorial, same)
        block |= {} if tutorial.folds else {"folds": 0}
        runs = repeat(project, "-m", "bench.fit", json.dumps(block), "60000", "0")
        total += median(json.loads(run.output.splitlines()[-1])["fit"] for run in runs)
    return total


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every tutorial, then all of their experiments in one run."""
    chosen = TUTORIALS[:1] if quick else TUTORIALS
    rows: list[list[str]] = []
    fits: list[list[str]] = []
    in_turn = (0.0, 0.0)
    for tutorial in chosen:
        place = folder / tutorial.script
        project, here = repro(place / "here", [tutorial])
        same = repro(place / "same", [tutorial], same=True)[1] if tutorial.same else here
        runs = repeat(project, f"bench/tutorials/{tutorial.script}.py")
        written = median(run.seconds for run in runs), median(run.cpu for run in runs)
        in_turn = in_turn[0] + written[0], in_turn[1] + written[1]
        rows.append(row(tutorial.script, written, same, here))
        alone = median(sum(numbers(run.output, "seconds of fits")) for run in runs)
        ours = fit_seconds(project, tutorial)
        both = fit_seconds(project, tutorial, same=True) if tutorial.same else ours, ours
        cells = (cell for seconds in both for cell in (f"{seconds:.2f}", f"{alone / seconds:.1f} ×"))
        fits.append([tutorial.script, f"{alone:.2f}", *cells])
    _, same = repro(folder / "same", chosen, same=True)
    _, here = repro(folder / "here", chosen)
    rows.append(row("**all, here in one `dvc repro`**", in_turn, same, here))
    header = [
        "as written, s",
        "processor, s",
        "same features, s",
        "processor, s",
        "faster",
        "our features, s",
        "processor, s",
    ]
    fits_header = ["as written, s", "same features, s", "faster", "our features, s", "faster"]
    return [
        *measuring.table(["tutorial", *header, "faster"], rows),
        "",
        *measuring.table(["fits and folds alone", *fits_header], fits),
    ]


def row(name: str, written: tuple[float, float], *runs: Run) -> list[str]:
    """Return a row: seconds and those of processors, as written and of each run, which also has the ratio."""
    cells = ([f"{run.seconds:.1f}", f"{run.cpu:.1f}", f"{written[0] / run.seconds:.1f} ×"] for run in runs)
    return [name, *(f"{seconds:.1f}" for seconds in written), *(cell for each in cells for cell in each)]
