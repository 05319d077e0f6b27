"""Measure how fast the pipeline is, and how accurate compared with the tutorials.

Writes the tables of docs/benchmarks.md. All of them take two and a half hours; give a
name to measure only one. Other programs on the machine would distort the times. If the servers
of MNIST cannot be reached, set DATA_MIRROR.
"""

import shutil
from pathlib import Path

from bench import against_tutorials, measuring, seeds

PAGE = Path("docs", "benchmarks.md")


def measure_overhead(folder: Path, quick: bool) -> list[str]:
    """Measure what DVC and the processes add to the time of the stages.

    The whole pipeline runs four times without outputs: in one process, as one process per
    stage, with DVC, and with two models at a time.
    """
    prefix = "small" if quick else ""
    project_for_dvc = measuring.copy_project(folder / "dvc" / "project", prefix)
    project_for_commands = measuring.copy_project(folder / "commands" / "project", prefix)
    project_for_one_process = measuring.copy_project(folder / "one" / "project", prefix)
    project_for_two_jobs = measuring.copy_project(folder / "two" / "project", prefix)
    # As in a clone. `digits repro` finds the largest models in dvc.lock, and starts them first.
    shutil.copy("dvc.lock", project_for_two_jobs)

    with_dvc = measuring.run_python(project_for_dvc, "-m", "dvc", "repro")
    in_one_process = measuring.run_python(project_for_one_process, "-m", "bench.plain")
    with_two_jobs = measuring.run(project_for_two_jobs, "digits", "repro", "--jobs", "2")
    commands = measuring.list_commands(project_for_commands)
    measuring.log(f"{len(commands)} commands")
    seconds_of_commands = 0.0
    for _, command in commands:
        seconds_of_commands += measuring.run(project_for_commands, *command.split()).seconds

    added_by_processes = seconds_of_commands - in_one_process.seconds
    added_by_dvc = with_dvc.seconds - seconds_of_commands
    seconds = {
        "one process": in_one_process.seconds,
        f"added by {len(commands)} processes": added_by_processes,
        "added by DVC": added_by_dvc,
        "`dvc repro`, without outputs": with_dvc.seconds,
        "`digits repro --jobs 2`, without outputs": with_two_jobs.seconds,
    }
    rows = []
    for name, value in seconds.items():
        ratio = value / in_one_process.seconds
        rows.append([name, f"{value:.1f}", f"{ratio:.2f}"])
    ratio = with_dvc.seconds / in_one_process.seconds
    ratio_of_two_jobs = with_two_jobs.seconds / in_one_process.seconds
    summary = (
        f"`dvc repro` takes **{ratio:.2f} ×** as long as one process, and `digits repro --jobs "
        f"2` **{ratio_of_two_jobs:.2f} ×**. The largest process of `dvc repro` needs "
        f"{with_dvc.memory:.0f} MiB, and the one process {in_one_process.memory:.0f} MiB."
    )
    table = measuring.format_table(["time", "s", "÷ one process"], rows)
    return [summary, "", *table]


BENCHMARKS = {
    "tutorials": against_tutorials.compare_times,
    "seeds": seeds.compare_accuracies,
    "plain": measure_overhead,
}

if __name__ == "__main__":
    measuring.main(__doc__, PAGE, BENCHMARKS)
