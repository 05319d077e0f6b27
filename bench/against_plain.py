"""The whole pipeline from cold against one plain script: what the processes, the files and DVC cost."""

import json
from collections import Counter
from pathlib import Path
from statistics import median

from bench import measuring

START = "import os, stages.{}; os._exit(0)"  # without what a stage imports later, and ended at once


def tables(folder: Path, quick: bool) -> list[str]:
    """Run it by DVC, as commands alone, and as the plain script; then take the difference apart."""
    prefix = "small" if quick else ""
    project = measuring.cold(folder / "dvc" / "project", prefix)
    by_dvc = measuring.dvc(project, "repro")
    measuring.log("-m bench.plain")
    plain = measuring.python(project, "-m", "bench.plain")
    steps = json.loads(plain.output.splitlines()[-1])
    bare = measuring.cold(folder / "commands" / "project", prefix)
    count, commands = Counter[str](), dict.fromkeys(steps, 0.0)
    for kind, command, _ in measuring.stages(bare):
        measuring.log(f"without DVC: {command}")
        count[kind] += 1
        commands[kind] += measuring.run(bare, *command.split()).seconds
    measuring.log("what it is made of")
    start = {}
    for kind in count:
        runs = [measuring.python(project, "-c", START.format(kind)) for _ in range(1 if quick else 5)]
        start[kind] = count[kind] * median(run.seconds for run in runs)

    together = sum(commands.values())
    imports = sum(start.values()) - (plain.seconds - sum(steps.values()))
    rest = together - plain.seconds - imports
    rows = {
        f"**plain script**: fits and folds {steps['train']:.1f} s": plain.seconds,
        f"interpreter and imports, {count.total()} processes in place of one": imports,
        "the rest of the stages: parquet and models, fits that begin in a fresh process": rest,
        "DVC": by_dvc.seconds - together,
        "**`dvc repro`, cold**": by_dvc.seconds,
    }
    by_kind = [[kind, count[kind], *(f"{each[kind]:.1f}" for each in (commands, start, steps))] for kind in count]
    memory = f"{by_dvc.memory:.0f} MiB in its largest process, the script {plain.memory:.0f} MiB"
    return [
        f"`dvc repro` takes **{by_dvc.seconds / plain.seconds:.2f} ×** the plain script's time ({memory}).",
        "",
        *measuring.table(
            ["from the one to the other", "s", "÷ plain script"],
            [[name, f"{seconds:.1f}", f"{seconds / plain.seconds:.2f}"] for name, seconds in rows.items()],
        ),
        "",
        *measuring.table(["stage", "processes", "as commands, s", "start and imports, s", "plain script, s"], by_kind),
    ]
