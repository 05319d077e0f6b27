"""What all benchmarks share: run a command in a clone, measure it, and print a table."""

import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click
from tabulate import tabulate

from digits.messages.errors import UserError

# A function that measures something, and returns lines of Markdown. It takes an empty folder,
# and whether to try it only on a little data.
Benchmark = Callable[[Path, bool], list[str]]


class Run(NamedTuple):
    """What a command took."""

    seconds: float
    cpu_seconds: float  # of the process and of all processes that it waited for


def main(description: str | None, benchmarks: Mapping[str, Benchmark]) -> None:
    """Run the command line of a script.

    It runs all benchmarks of the script, or those that the user names, and prints their tables.

    Args:
        description: the help text.
        benchmarks: the benchmarks by their names.
    """

    @click.command(help=f"\b\n{description}")
    @click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(list(benchmarks)))
    @click.option("--quick", is_flag=True, help="Try it on a little data.")
    def command(names: Sequence[str], quick: bool) -> None:
        for name in names or benchmarks:
            log(f"== {name}")
            with tempfile.TemporaryDirectory() as folder:
                lines = benchmarks[name](Path(folder), quick)
            print("\n".join([*lines, "", describe_machine()]), flush=True)

    command()


def run(project: Path, *command: str) -> Run:
    """Run a command in a project, and measure it. Its output goes to standard error.

    Raises:
        UserError: the command fails.
    """
    before = os.times()
    process = subprocess.run(command, cwd=project, stdout=sys.stderr)
    after = os.times()
    if process.returncode != 0:
        raise UserError(f"`{shlex.join(command)}` gave {process.returncode}")
    user_seconds = after.children_user - before.children_user
    system_seconds = after.children_system - before.children_system
    return Run(after.elapsed - before.elapsed, cpu_seconds=user_seconds + system_seconds)


def clone_project(folder: Path) -> Path:
    """Clone the last commit of the project, which has no data, into a new folder."""
    subprocess.run(["git", "clone", "--quiet", ".", folder], check=True)
    return folder


def list_commands(project: Path, pattern: str = "*") -> list[str]:
    """Return the commands of all stages that some models need, in an order to run them."""
    from dvc.repo import Repo
    from dvc.repo.reproduce import plan_repro

    with Repo(project) as repository:
        stages = repository.stage.collect(f"{project}/dvc.yaml:evaluate@{pattern}", glob=True)
        return [stage.cmd for stage in plan_repro(repository.index.graph, stages)]


def format_proportion(n_hits: int, n_total: int) -> str:
    """Return a proportion in percent, and its 95 % confidence interval by Wilson."""
    from scipy.stats import binomtest

    proportion = n_hits / n_total
    low, high = binomtest(n_hits, n_total).proportion_ci(method="wilson")
    return f"{100 * proportion:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table, in which None is a dash."""
    alignment = ["left", *["right"] * (len(header) - 1)]
    text = tabulate(
        rows, header, "pipe", disable_numparse=True, missingval="–", colalign=alignment
    )
    return text.splitlines()


def describe_machine() -> str:
    """Return a sentence that names the commit, the processor and the number of cores."""
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.check_output(git, text=True).strip()
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    processor = model[1] if model else platform.machine()
    return f"Measured at commit {commit} on {processor}, {os.cpu_count()} cores."


def log(message: str) -> None:
    """Print a message with the time to standard error."""
    click.echo(f"{time.strftime('%H:%M:%S')}  {message}", err=True)
