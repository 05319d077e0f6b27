"""Every classifier of the registry on ten classes, and what experiments cost against the number of rows.

The test part is never read: the last 10 000 images of the training part, which is in random order, are held out.
"""

import json
from pathlib import Path
from typing import Any

from bench import measuring

HELD_OUT = 10_000
ROWS = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 60_000]


def prepare(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return a copy of the project that has made MNIST's split, and its experiments on MNIST's ten classes."""
    project = measuring.cold(folder / "project")
    measuring.dvc(project, "repro", "split@mnist")
    blocks = measuring.parameters(project)["experiments"]
    return project, {
        name: block for name, block in blocks.items() if (block["split"], block["task"]) == ("mnist", "digit")
    }


def fit(project: Path, name: str, block: dict[str, Any], rows: int) -> dict[str, Any]:
    """Fit in a process of its own."""
    measuring.log(f"{name} on {rows} rows")
    held_out = HELD_OUT if rows + HELD_OUT <= ROWS[-1] else 0
    run = measuring.python(project, "-m", "bench.fit", json.dumps({**block, "folds": 0}), str(rows), str(held_out))
    return {**json.loads(run.output.splitlines()[-1]), "memory": run.memory}


def classifiers(folder: Path, quick: bool) -> list[str]:
    """Fit every classifier of the registry that is fitted at once, as it is, then the experiments on ten classes.

    Left out is quadratic discriminant analysis, which takes no pixels that are always 0.
    """
    project, experiments = prepare(folder)
    found = (path.stem for path in Path("digits", "classifiers").glob("[a-z]*.py"))
    names = [name for name in found if not name.startswith(("partial_fit", "quadratic"))]
    plain = {"description": "", "split": "mnist", "task": "digit", "features": "scaled", "hyperparameters": {}}
    blocks = {f"`{name}`": {**plain, "classifier": name} for name in sorted(names)}
    blocks |= {f"experiment `{name}`": block for name, block in experiments.items()}
    rows = 2_000 if quick else 50_000
    measured = {name: fit(project, name, block, rows) for name, block in blocks.items()}
    lines = [
        [name, f"{each['fit']:.1f}", f"{each['predict']:.2f}", f"{each['error']:.2%}", f"{each['memory']:.0f}"]
        for name, each in sorted(measured.items(), key=lambda item: item[1]["error"])
    ]
    header = [f"fitted on {rows:,} images", "fit, s", f"predict {HELD_OUT:,}, s", "error", "peak, MiB"]
    return measuring.table(header, lines)


def rows(folder: Path, quick: bool) -> list[str]:
    """Fit the experiments on ten classes on more and more rows."""
    project, experiments = prepare(folder)
    counts = ROWS[:2] if quick else ROWS
    lines: list[list[str | None]] = []
    for name, block in experiments.items():
        fits = [fit(project, name, block, count) for count in counts]
        lines.append([f"`{name}`", "fit, s", *(f"{each['fit']:.2f}" for each in fits)])
        lines.append(["", "error", *(f"{each['error']:.2%}" if "error" in each else None for each in fits)])
    return measuring.table(["experiment", "", *(f"{count:,}" for count in counts)], lines)
