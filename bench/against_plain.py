"""The whole pipeline from cold against one plain script: what the processes, the files and DVC cost."""

import json
from collections import Counter, defaultdict
from pathlib import Path

from bench import measuring

KINDS = ["fetch", "split", "binarize", "train", "evaluate", "report"]


def without_dvc(project: Path) -> dict[str, float]:
    """Run every stage's command one after another, and return the seconds of each kind."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for name, command in measuring.stages(project).items():
        measuring.say(f"without DVC: {name}")
        seconds[measuring.kind(name)] += measuring.run(project, command, shell=True).seconds
    return seconds


def starts(project: Path, rounds: int) -> dict[str, float]:
    """Return the seconds that each kind of stage takes to start and import; it ends at once, as stages do."""
    script = "import os, sys; sys.path[:0] = ['stages']; import {}; os._exit(0)"
    return {
        kind: measuring.middle(measuring.python(project, "-c", script.format(kind)) for _ in range(rounds))
        for kind in KINDS
    }


def tables(folder: Path, quick: bool) -> list[str]:
    """Run it by DVC, as commands alone, and as the plain script; then take the difference apart."""
    only = "digits-" if quick else None
    project = measuring.cold(folder / "dvc" / "project", only)
    by_dvc = measuring.dvc(project, "repro")
    measuring.say("-m", "bench.plain")
    by_plain = measuring.python(project, "-m", "bench.plain")
    steps = json.loads(by_plain.output.splitlines()[-1])
    bare = measuring.cold(folder / "commands" / "project", only)
    (bare / "dvc.lock").write_bytes((project / "dvc.lock").read_bytes())  # the models' digests, which `evaluate` checks
    commands = without_dvc(bare)
    measuring.say("what it is made of")
    start = starts(project, rounds=1 if quick else 5)
    count = Counter(map(measuring.kind, measuring.stages(project)))
    files = json.loads(measuring.python(project, "-m", "bench.inout").output)

    begun = by_plain.seconds - sum(steps.values())  # the plain script's own interpreter and imports
    parts = {
        f"interpreter and imports, {sum(count.values()) - 1} processes, all but the report's, in place of one": sum(
            start[kind] * count[kind] for kind in KINDS if kind != "report"
        )
        - begun,
        "parquet and models, read": files["read"],
        "parquet and models, written": files["write"],
        "the report": commands["report"],
    }
    together = sum(commands.values())
    parts["all else of the stages, such as fits that begin in a fresh process"] = (
        together - by_plain.seconds - sum(parts.values())
    )
    parts["DVC: the digests of all outputs, once"] = files["hash"]
    parts["DVC: all else"] = by_dvc.seconds - together - files["hash"]
    rows: list[tuple[str, float]] = [
        (f"**plain script**: fits and folds {steps['train']:.1f} s", by_plain.seconds),
        *parts.items(),
        ("**`dvc repro`, cold**", by_dvc.seconds),
    ]
    return [
        f"`dvc repro` takes **{by_dvc.seconds / by_plain.seconds:.2f} ×** the plain script's time"
        f" ({by_dvc.memory:.0f} MiB in its largest process, the script {by_plain.memory:.0f} MiB).",
        "",
        *measuring.table(
            ["from the one to the other", "s", "÷ plain script"],
            [[name, f"{seconds:.1f}", f"{seconds / by_plain.seconds:.2f}"] for name, seconds in rows],
        ),
        "",
        *measuring.table(
            [
                "stage",
                "processes",
                "as commands without DVC, s",
                "of which to start and import",
                "in the plain script, s",
            ],
            [
                [kind, count[kind], f"{commands[kind]:.1f}", f"{start[kind] * count[kind]:.1f}", in_plain(steps, kind)]
                for kind in KINDS
            ],
        ),
    ]


def in_plain(steps: dict[str, float], kind: str) -> str | None:
    """Return the seconds of a step of the plain script; None where it has no such step."""
    return f"{steps[kind]:.1f}" if kind in steps else None
