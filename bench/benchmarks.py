"""Measure how fast the pipeline is, and against what, and write the tables of docs/bench/benchmarks.md.

Without a part's name, all of them, in two and a half hours; each rewrites its own section of the page alone. Keep
the machine quiet meanwhile. Where MNIST's servers cannot be reached, set DATA_MIRROR.
"""

from pathlib import Path

from bench import against_tutorials, measuring, seeds


def plain(folder: Path, quick: bool) -> list[str]:
    """Run the whole pipeline from cold by DVC, as commands alone, and in one process."""
    places = [measuring.cold(folder / name / "project", "small" if quick else "") for name in ("dvc", "alone", "one")]
    by_dvc, in_one = measuring.python(places[0], "-m", "dvc", "repro"), measuring.python(places[2], "-m", "bench.plain")
    commands = [command for _, command in measuring.stages(places[1])]
    measuring.log(f"{len(commands)} commands")
    alone = sum(measuring.run(places[1], *command.split()).seconds for command in commands)
    rows = {
        "one process": in_one.seconds,
        f"added by {len(commands)} processes": alone - in_one.seconds,
        "added by DVC": by_dvc.seconds - alone,
        "`dvc repro`, cold": by_dvc.seconds,
    }
    cells = [[name, f"{seconds:.1f}", f"{seconds / in_one.seconds:.2f}"] for name, seconds in rows.items()]
    memory = f"{by_dvc.memory:.0f} MiB in its largest process, {in_one.memory:.0f} MiB in one process"
    times = f"`dvc repro` takes **{by_dvc.seconds / in_one.seconds:.2f} ×** as long as one process ({memory})."
    return [times, "", *measuring.table(["time", "s", "÷ one process"], cells)]


if __name__ == "__main__":
    parts = {"tutorials": against_tutorials.tables, "seeds": seeds.tables, "plain": plain}
    measuring.main(__doc__, Path("docs", "bench", "benchmarks.md"), parts)
