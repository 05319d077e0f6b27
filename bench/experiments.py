"""The price of many experiments: how long DVC itself takes with more and more of them, each over in an instant."""

from pathlib import Path
from statistics import mean, median

from bench import measuring

COUNTS = [15, 30, 60]
ROUNDS = 3
INSTANT = {"features": "raw", "classifier": "dummy", "folds": 0}
HEADER = ["experiments", "stages", "lines of `dvc.lock`", "cold, s", "of which DVC, s", "DVC for each stage, s"]


def write_experiments(project: Path, count: int, edited: int = 0) -> None:
    """Let a project have so many experiments, the first `edited` of them with another hyperparameter."""
    values = measuring.parameters(project)
    block = next(iter(values["experiments"].values())) | INSTANT
    strategies = ["uniform"] * edited + ["prior"] * (count - edited)
    values["experiments"] = {
        f"digits-{i}": {**block, "hyperparameters": {"strategy": each}} for i, each in enumerate(strategies)
    }
    measuring.write_parameters(project, values)


def row(folder: Path, count: int) -> list[str]:
    """Measure so many experiments: from cold, with nothing to do, and after an edit of one."""
    bare, project = (measuring.cold(folder / name / "project", "digits") for name in ("bare", "dvc"))
    for each in (bare, project):
        write_experiments(each, count)
    commands = measuring.without_dvc(bare)
    cold = measuring.dvc(project, "repro").seconds
    nothing, edited = [], []
    for number in range(1, ROUNDS + 1):
        nothing.append(measuring.dvc(project, "repro").seconds)
        write_experiments(project, count, number)
        edited.append(measuring.dvc(project, "repro").seconds)
    own = cold - sum(seconds for _, seconds in commands)
    rerun = [mean(seconds for stage, seconds in commands if stage.kind == kind) for kind in ("train", "evaluate")]
    lines = len((project / "dvc.lock").read_text(encoding="utf-8").splitlines())
    figures = [cold, own, own / len(commands), median(nothing), median(edited), median(edited) - sum(rerun)]
    return [str(count), str(len(commands)), f"{lines:,}", *(f"{seconds:.2f}" for seconds in figures)]


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure each number of experiments."""
    rows = [row(folder / str(count), count) for count in ([3, 6] if quick else COUNTS)]
    return measuring.table([*HEADER, "no-op, s", "one edit, s", "of which DVC, s"], rows)
