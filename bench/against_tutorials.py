"""Each tutorial's code as written, in one process, against its experiments here by `dvc repro` from cold."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench import measuring
from bench.measuring import Run

SHORT = 15  # seconds in all
# The scripts of bench/tutorials/, and the experiments of each.
TUTORIALS = {
    "first_zero_or_one": ["digits-zero-or-one-svc"],
    "second_two_detector": ["two-logreg"],
    "third_ten_classes": ["digit-sgd-hinge", "digit-sgd-log"],
    "fourth_random_split": ["random-digit-sgd"],
    "fifth_five_detector": ["five-sgd"],
}
OWN_FEATURES = {"third_ten_classes": "raw_sparse", "fourth_random_split": "raw_sparse"}  # where the experiments differ
RUN = ["s", "processor, s"]
HEADER = [f"{who}, {each}" for who in ("as written", "same features", "our features") for each in RUN]


def repro(project: Path, tutorials: Mapping[str, list[str]], same: bool = False) -> Run:
    """Run the tutorials' experiments in a new copy of the project, with the tutorials' own features if `same`."""
    measuring.cold(project)
    values = measuring.parameters(project)
    for tutorial, experiments in tutorials.items():
        for name in experiments if same and tutorial in OWN_FEATURES else []:
            values["experiments"][name]["features"] = OWN_FEATURES[tutorial]
    measuring.write_parameters(project, values)
    return measuring.dvc(project, "repro", *(f"evaluate@{name}" for names in tutorials.values() for name in names))


def repeat(project: Path, script: str) -> tuple[float, float]:
    """Run a script, up to five times if it is short; return the median seconds and processor seconds."""
    runs: list[Run] = []
    while not runs or (len(runs) < 5 and sum(run.seconds for run in runs) < SHORT):
        measuring.log(f"{script}, run {len(runs) + 1}")
        runs.append(measuring.python(project, script))
    return median(run.seconds for run in runs), median(run.cpu for run in runs)


def row(name: str, written: tuple[float, float], same: Run, here: Run) -> list[str]:
    """Return a row: seconds and processor seconds, and how many times as fast the runs here are."""
    cells = [f"{seconds:.1f}" for seconds in (*written, same.seconds, same.cpu, here.seconds, here.cpu)]
    return [name, *cells, *(f"{written[0] / run.seconds:.1f} ×" for run in (same, here))]


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every tutorial, then all of their experiments in one run."""
    chosen = dict(list(TUTORIALS.items())[: 1 if quick else None])
    rows: list[list[str]] = []
    total = (0.0, 0.0)
    for tutorial, experiments in chosen.items():
        project = folder / tutorial / "project"
        here = repro(project, {tutorial: experiments})
        is_alike = tutorial not in OWN_FEATURES
        same = here if is_alike else repro(folder / tutorial / "same" / "project", {tutorial: experiments}, same=True)
        written = repeat(project, f"bench/tutorials/{tutorial}.py")
        total = total[0] + written[0], total[1] + written[1]
        rows.append(row(tutorial, written, same, here))
    same = repro(folder / "same" / "project", chosen, same=True)
    here = repro(folder / "here" / "project", chosen)
    rows.append(row("**all, here in one `dvc repro`**", total, same, here))
    return measuring.table(["tutorial", *HEADER, "faster, same features", "faster, our features"], rows)
