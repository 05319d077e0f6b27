"""What all benchmarks share.

- Copy the project without its outputs.
- Run a command, and measure its time and memory.
- Write a table into a page.

This module imports no large package, because on Linux a new process starts with the peak memory
of the process that starts it.
"""

import math
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digits.core.errors import UserError

import click
import yaml

# How many of the units in which the operating system gives a peak memory are one MiB.
UNITS_PER_MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10

# The sections of params.yaml that have entries.
SECTIONS = ["datasets", "splits", "tasks", "models"]

# Files that `dvc repro` makes, and that are in Git.
OUTPUTS = ("metrics/", "plots/", "dvc.lock")

# A function that measures something, and returns the lines of a section of a page. It takes an
# empty folder, and whether to try it only on a little data.
Benchmark = Callable[[Path, bool], list[str]]


class Run(NamedTuple):
    """What a command took, and what it printed."""

    seconds: float
    cpu_seconds: float  # of the process and of all processes that it waited for
    memory: float  # the peak memory of the largest of these processes, in MiB
    output: str


def main(description: str | None, page: Path, benchmarks: Mapping[str, Benchmark]) -> None:
    """Run the command line of a script.

    It runs all benchmarks of the script, or those that the user names. It prints their tables,
    and writes them into the page.

    Args:
        description: the help text.
        page: the page.
        benchmarks: the benchmark of each section, by the name of the section.
    """

    @click.command(help=f"\b\n{description}")
    @click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(list(benchmarks)))
    @click.option("--quick", is_flag=True, help="Try it on a little data; write no page.")
    def command(names: Sequence[str], quick: bool) -> None:
        for name in names or benchmarks:
            log(f"== {name}")
            with tempfile.TemporaryDirectory() as folder:
                lines = benchmarks[name](Path(folder).resolve(), quick)
            lines += ["", describe_machine()]
            print("\n".join(lines), flush=True)
            if not quick:
                write_section(page, name, lines)

    command()


def run(project: Path, *command: str, **environment: str) -> Run:
    """Run a command in a project, and measure it.

    Args:
        project: the folder to run it in.
        command: the command and its arguments.
        environment: variables to set.

    Raises:
        UserError: the command fails. The message quotes the end of its output.
    """
    all_variables = {**os.environ, **project_environment(project), **environment}
    with tempfile.TemporaryFile() as stdout:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=project,
            env=all_variables,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        output = stdout.read().decode(errors="replace")

    if process.returncode != 0:
        command_line = " ".join(command)
        end_of_output = " ".join(output.split())[-600:]
        raise UserError(f"`{command_line}` gave {process.returncode}: …{end_of_output}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    memory = usage.ru_maxrss / UNITS_PER_MEBIBYTE
    return Run(seconds, cpu_seconds, memory, output)


def project_environment(project: Path) -> dict[str, str]:
    """Return the variables that commands in a copy of the project need."""
    scripts = Path(sys.executable).parent
    variables = {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        # What DVC remembers about the copy is deleted together with the copy.
        "DVC_SITE_CACHE_DIR": str(project.parent / "site"),
    }
    mirror = os.environ.get("DATA_MIRROR", "")
    if mirror and "://" not in mirror:  # a folder, which may be relative to the current one
        variables["DATA_MIRROR"] = str(Path(mirror).resolve())
    return variables


def run_python(project: Path, *arguments: str, **environment: str) -> Run:
    """Run this Python in a project, and measure it."""
    return run(project, sys.executable, *arguments, **environment)


def copy_project(folder: Path, prefix: str = "") -> Path:
    """Copy the project as it stands, without outputs, into a new folder, and commit it there.

    Args:
        folder: the new folder.
        prefix: params.yaml keeps only the entries whose names begin with it.

    Returns:
        The folder.
    """
    list_files = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = run(Path(), *list_files).output
    for name in names.split("\0"):
        is_output = name.startswith(OUTPUTS)
        if name and Path(name).exists() and not is_output:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name, follow_symlinks=False)

    values = read_params(folder)
    for section in SECTIONS:
        entries = values[section]
        values[section] = {name: entries[name] for name in entries if name.startswith(prefix)}
    write_params(folder, values)

    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", "--all")
    run(folder, "git", *author, "commit", "--quiet", "-m", "copy")
    return folder


def list_commands(project: Path) -> list[tuple[str, str]]:
    """Return the stage and the command of each step of a project, in an order to run them."""
    text = (project / "dvc.yaml").read_text(encoding="utf-8")
    stages = yaml.safe_load(text)["stages"]
    values = read_params(project)
    commands = []
    for stage, template in stages.items():
        section = template["foreach"].strip("${}")
        for name in values[section]:
            command = template["do"]["cmd"].replace("${key}", name)
            commands.append((stage, command))
    return commands


def read_params(project: Path) -> dict[str, Any]:
    """Read params.yaml."""
    return yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))


def write_params(project: Path, values: dict[str, Any]) -> None:
    """Write params.yaml."""
    text = yaml.safe_dump(values, sort_keys=False)
    (project / "params.yaml").write_text(text, encoding="utf-8")


def format_proportion(n_hits: int, n_total: int) -> str:
    """Return a proportion in percent, and its 95 % confidence interval by Wilson."""
    from scipy.stats import binomtest

    proportion = n_hits / n_total
    low, high = binomtest(n_hits, n_total).proportion_ci(method="wilson")
    return f"{proportion:.1%} ({low:.1%} to {high:.1%})"


def format_difference(before: Any, after: Any, decimals: int = 2) -> str:
    """Return a difference of two proportions in percentage points, and its 95 % interval.

    Source: D. Bonett, R. Price, "Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data" (2012). It assumes that the images are independent.

    Args:
        before: whether something is true of each image for one model, shape (n_images,).
        after: the same for another model, of the same images.
        decimals: the number of decimals.
    """
    change = after.astype(int) - before.astype(int)
    n_images = len(change)
    # The adjustment adds one image to either kind of change.
    n_adjusted = n_images + 2
    gained = (int((change == 1).sum()) + 1) / n_adjusted
    lost = (int((change == -1).sum()) + 1) / n_adjusted
    centre = gained - lost
    variance = (gained + lost - centre**2) / n_adjusted
    margin = 1.959964 * math.sqrt(variance)
    texts = []
    for value in [change.mean(), centre - margin, centre + margin]:
        points = 100 * value
        texts.append(f"{points:+.{decimals}f}")
    difference, low, high = texts
    return f"{difference} ({low} to {high})"


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table.

    The first column is aligned to the left, the others to the right. None becomes a dash.
    """
    alignment = ["---", *["---:"] * (len(header) - 1)]
    lines = []
    for row in [header, alignment, *rows]:
        cells = ["–" if cell is None else str(cell) for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def describe_machine() -> str:
    """Return a sentence that names the commit, the processor and the number of cores."""
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.check_output(git, text=True).strip()
    processor = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE)
        if found:
            processor = found[1]
    return f"Measured at commit {commit} on {processor}, {os.cpu_count()} cores."


def write_section(page: Path, name: str, lines: Sequence[str]) -> None:
    """Write lines into the section of a page that a benchmark writes."""
    begin = f"<!-- bench/ writes this: {name} -->\n"
    end = f"<!-- end of {name} -->\n"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    text = "\n".join(["", *lines, "", ""])
    page.write_text(before + begin + text + end + after, encoding="utf-8")


def log(message: str) -> None:
    """Print a message with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {message}", flush=True)
