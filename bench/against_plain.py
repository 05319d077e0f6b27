"""The whole pipeline from cold against one plain script: what the processes, the files and DVC cost."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

from bench import measuring

START = "import os, stages.{}; os._exit(0)"  # without what a stage imports later, and ended at once, as stages do


def tables(folder: Path, quick: bool) -> list[str]:
    """Run it by DVC, as commands alone, and as the plain script; then take the difference apart."""
    prefix = "digits" if quick else ""
    project = measuring.cold(folder / "dvc" / "project", prefix)
    by_dvc = measuring.dvc(project, "repro")
    measuring.log("-m bench.plain")
    plain = measuring.python(project, "-m", "bench.plain")
    steps = json.loads(plain.output.splitlines()[-1])
    commands: defaultdict[str, float] = defaultdict(float)
    count: Counter[str] = Counter()
    for stage, seconds in measuring.without_dvc(measuring.cold(folder / "commands" / "project", prefix)):
        commands[stage.kind] += seconds
        count[stage.kind] += 1
    measuring.log("what it is made of")
    start = {}
    for kind in count:
        runs = [measuring.python(project, "-c", START.format(kind)) for _ in range(1 if quick else 5)]
        start[kind] = count[kind] * median(run.seconds for run in runs)
    files = json.loads(measuring.python(project, "-m", "bench.inout").output)

    together = sum(commands.values())
    imports = sum(start.values()) - (plain.seconds - sum(steps.values()))
    rest = together - plain.seconds - imports - files["read"] - files["write"]
    rows = {
        f"**plain script**: fits and folds {steps['train']:.1f} s": plain.seconds,
        f"interpreter and imports, {count.total()} processes in place of one": imports,
        "parquet and models, read": files["read"],
        "parquet and models, written": files["write"],
        "the rest of the stages, such as fits that begin in a fresh process": rest,
        "DVC": by_dvc.seconds - together,
        "**`dvc repro`, cold**": by_dvc.seconds,
    }
    by_kind = [
        [kind, count[kind], *(f"{each:.1f}" for each in (commands[kind], start[kind], steps[kind]))] for kind in count
    ]
    return [
        f"`dvc repro` takes **{by_dvc.seconds / plain.seconds:.2f} ×** the plain script's time"
        f" ({by_dvc.memory:.0f} MiB in its largest process, the script {plain.memory:.0f} MiB).",
        "",
        *measuring.table(
            ["from the one to the other", "s", "÷ plain script"],
            [[name, f"{seconds:.1f}", f"{seconds / plain.seconds:.2f}"] for name, seconds in rows.items()],
        ),
        "",
        *measuring.table(
            ["stage", "processes", "as commands, s", "of which start and imports", "in the plain script, s"], by_kind
        ),
    ]
