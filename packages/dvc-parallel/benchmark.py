"""Measure what `dvc repro` and `dvc-parallel` cost in pipelines of many tiny stages.

Each pipeline has a stage in front, N stages with a parameter of their own, and a stage that
reads the outputs of all. Prints processor seconds, with those of all commands, because times
depend on what else the machine does. Needs DVC, Git and psutil; shows Ninja if it is installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

DVC = [sys.executable, "-m", "dvc", "repro", "--quiet"]
RUNNER = [sys.executable, "-m", "dvc_parallel"]
NINJA = ["ninja", "--quiet"]

PIPELINE = """\
stages:
  prepare:
    cmd: cp raw.txt table.txt
    deps: [raw.txt]
    outs: [table.txt]
  part:
    matrix: {{number: {numbers}}}
    cmd: grep -w n${{item.number}} params.yaml > parts/${{item.number}}
    deps: [table.txt]
    params: ["values.n${{item.number}}"]
    outs: ["parts/${{item.number}}"]
  collect:
    cmd: ls parts > names.txt
    deps: [parts]
    outs: [names.txt]
"""
# The same for Ninja, with a file for each parameter.
NINJA_RULES = """\
rule copy
  command = cat $in > $out
rule list
  command = ls parts > $out
build table.txt: copy raw.txt
"""


def make(folder: Path, n_stages: int) -> Path:
    """Make a project with a pipeline of some stages in a new folder.

    Args:
        folder: the folder.
        n_stages: how many stages have a parameter of their own.
    """
    (folder / "parts").mkdir(parents=True)
    (folder / "values").mkdir()
    numbers = list(range(n_stages))
    (folder / "raw.txt").write_text("raw\n")
    (folder / "dvc.yaml").write_text(PIPELINE.format(numbers=numbers))
    lines = [f"  n{number}: {number}\n" for number in numbers]
    (folder / "params.yaml").write_text(f"values:\n{''.join(lines)}")
    rules = NINJA_RULES
    for number in numbers:
        (folder / f"values/{number}").write_text(f"{number}\n")
        rules += f"build parts/{number}: copy values/{number} | table.txt\n"
    parts = " ".join(f"parts/{number}" for number in numbers)
    (folder / "build.ninja").write_text(f"{rules}build names.txt: list | {parts}\n")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=folder, check=True)
    return folder


def edit(folder: Path, numbers: list[int], seed: int) -> None:
    """Change the parameters of some stages."""
    path = folder / "params.yaml"
    text = path.read_text()
    for number in numbers:
        text = text.replace(f"  n{number}: ", f"  n{number}: {seed}")
        (folder / f"values/{number}").write_text(f"{seed}{number}\n")
    path.write_text(text)


def measure(folder: Path, command: list[str]) -> float:
    """Run a command in a project, and return its processor seconds."""
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    user_seconds = after.children_user - before.children_user
    return user_seconds + after.children_system - before.children_system


def measure_cold(folder: Path, command: list[str], marks: list[int]) -> list[float]:
    """Run all stages, and return the processor seconds of DVC when some of them had run.

    Args:
        folder: the project, in which nothing has run yet.
        command: the command that runs all stages.
        marks: numbers of stages, in rising order. After the last one, the command is ended.

    Returns:
        the processor seconds of the process itself, without those of the stages, at each mark.
    """
    seconds = []
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as running:
        process = psutil.Process(running.pid)
        for mark in marks:
            while len(list((folder / "parts").glob("[0-9]*"))) < mark:
                if running.poll() is not None:
                    raise SystemExit(f"{command} ended too early, with {running.returncode}")
                time.sleep(0.005)
            times = process.cpu_times()
            seconds.append(times.user + times.system)
        running.terminate()
    return seconds


def show(words: list[str]) -> None:
    """Print a row of a Markdown table."""
    print(f"| {' | '.join(words)} |", flush=True)


def compare_finished(folder: Path, n_stages: int) -> None:
    """Print the costs of a pipeline of which everything has run, or all but one stage."""
    project = make(folder / str(n_stages), n_stages)
    ways = {"dvc repro": DVC, "dvc-parallel": RUNNER}
    if shutil.which("ninja"):
        ways["ninja"] = NINJA
        measure(project, NINJA)
        shutil.rmtree(project / "parts")
        (project / "parts").mkdir()
    measure(project, [*RUNNER, "--jobs", "2"])
    ours = {}
    for number, (name, command) in enumerate(ways.items(), 1):
        if name == "ninja":
            measure(project, command)
        nothing = measure(project, command)
        edit(project, [n_stages // 2], number)
        one = measure(project, command)
        ours[name] = nothing
        ratio = nothing / ours["dvc repro"]
        show([str(n_stages), name, f"{nothing:.2f}", f"{ratio:.2f}", f"{one:.2f}"])


def compare_cold(folder: Path, n_stages: int, early: int, late: int, width: int) -> None:
    """Print what a stage costs early and late in a run of all stages.

    DVC itself is measured only early, because a whole run takes it hours.
    """
    marks = [early - width // 2, early + width // 2, late - width // 2, late + width // 2]
    for name, command, own in [
        ("dvc repro", DVC, marks[:2]),
        ("dvc-parallel", RUNNER, marks),
        ("dvc-parallel --jobs 2", [*RUNNER, "--jobs", "2"], marks),
    ]:
        project = make(folder / name, n_stages)
        times = measure_cold(project, command, own)
        costs = [(times[i + 1] - times[i]) / width for i in range(0, len(own), 2)]
        show([name, *[f"{1000 * cost:.0f}" for cost in costs]])


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[50, 200, 1000], metavar="N")
    parser.add_argument("--cold", action="store_true", help="Run all stages, of the last N.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DVC_SITE_CACHE_DIR"] = str(folder / "site")
        os.environ["DVC_NO_ANALYTICS"] = "1"
        if options.cold:
            n_stages = options.sizes[-1]
            show(["processor ms per stage", "at the 10th part", "at the 9th tenth"])
            show(["---", "---:", "---:"])
            width = max(2, n_stages // 25)
            compare_cold(folder, n_stages, n_stages // 10, n_stages * 9 // 10, width)
            return
        show(["stages", "command", "nothing to do", "of `dvc repro`", "one parameter changed"])
        show(["---:", "---", "---:", "---:", "---:"])
        for n_stages in options.sizes:
            compare_finished(folder, n_stages)


if __name__ == "__main__":
    main()
