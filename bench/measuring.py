"""What every benchmark needs: a cold copy of the project, a command's time and memory, and a table on a page.

Nothing large is imported here: a process that is started inherits its parent's peak memory on Linux.
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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digits.core.errors import PipelineError

import click
import yaml

MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # in the unit of ru_maxrss

Tables = Callable[[Path, bool], list[str]]  # measures, in an empty folder and perhaps quickly; returns the page's lines


class Run(NamedTuple):
    """What a command took: seconds, those of processors, the peak memory of its largest process in MiB; its output."""

    seconds: float
    cpu: float  # user and system, of the process and all those that it waited for
    memory: float
    output: str


def main(description: str | None, page: Path, parts: Mapping[str, Tables]) -> None:
    """Run a script's command line: measure its parts, or the named ones, print the tables and write them in a page."""

    @click.command(help=f"\b\n{description}")
    @click.argument("names", nargs=-1, metavar="[PART]...", type=click.Choice(list(parts)))
    @click.option("--quick", is_flag=True, help="Try the measurement itself on little; write no page.")
    def command(names: Sequence[str], quick: bool) -> None:
        for name in names or parts:
            log(f"== {name}")
            with tempfile.TemporaryDirectory() as folder:
                lines = [*parts[name](Path(folder).resolve(), quick), "", machine()]
            print("\n".join(lines), flush=True)
            if not quick:
                write(page, name, lines)

    command()


def run(project: Path, *command: str, **environment: str) -> Run:
    """Run a command in a project, with its output kept; a PipelineError if it fails, which quotes the output's end."""
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(project.parent / "site"),  # what DVC remembers of a place goes with the place
    }
    if (mirror := os.environ.get("DATA_MIRROR")) and "://" not in mirror:
        own["DATA_MIRROR"] = str(Path(mirror).resolve())
    with tempfile.TemporaryFile() as stdout:
        begin = time.perf_counter()
        files = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=project, env={**os.environ, **own, **environment}, **files)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        output = stdout.read().decode(errors="replace")
    if process.returncode:
        raise PipelineError(f"`{' '.join(command)}` gave {process.returncode}: …{' '.join(output.split())[-600:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MEBIBYTE, output)


def python(project: Path, *arguments: str, **environment: str) -> Run:
    """Run this interpreter."""
    return run(project, sys.executable, *arguments, **environment)


def cold(folder: Path, prefix: str = "") -> Path:
    """Copy the project as it stands, without its outputs, into a new folder with a Git of its own.

    Of params.yaml it keeps the blocks whose names begin with `prefix`.
    """
    listed = run(Path(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").output
    for name in filter(None, listed.split("\0")):
        if not name.startswith(("metrics/", "plots/", "dvc.lock")) and Path(name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name, follow_symlinks=False)
    values = parameters(folder)
    for section in ("datasets", "splits", "tasks", "experiments"):
        values[section] = {name: block for name, block in values[section].items() if name.startswith(prefix)}
    write_parameters(folder, values)
    for command in ("init --quiet", "add --all", "-c user.name=A -c user.email=a@example.org commit --quiet -m cold"):
        run(folder, "git", *command.split())
    return folder


def stages(project: Path) -> Iterator[tuple[str, str]]:
    """Yield the kind and the command of each stage of a project, after those that it depends on."""
    values = parameters(project)
    for kind, template in yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        for name in values[template["foreach"].strip("${}")]:
            yield kind, template["do"]["cmd"].replace("${key}", name)


def share(hits: int, total: int) -> str:
    """Return the share of hits in percent, and its 95 % interval by Wilson."""
    from scipy.stats import binomtest

    low, high = binomtest(hits, total).proportion_ci(method="wilson")
    return f"{hits / total:.1%} ({low:.1%} to {high:.1%})"


def gain(before: Any, after: Any, digits: int = 2) -> str:
    """Return the accuracy after minus that before, in points, and its 95 % interval.

    `before` and `after` are whether two models are right about the same images, of shape (images,). The interval is
    that of D. Bonett and R. Price (Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data, 2012), as if images were independent.
    """
    change = after.astype(int) - before
    fixed, broken = ((int((change == sign).sum()) + 1) / (len(change) + 2) for sign in (1, -1))
    reach = 1.959964 * math.sqrt((fixed + broken - (fixed - broken) ** 2) / (len(change) + 2))
    ends = fixed - broken - reach, fixed - broken + reach
    return "{:+.{n}f} ({:+.{n}f} to {:+.{n}f})".format(*(100 * each for each in (change.mean(), *ends)), n=digits)


def parameters(project: Path) -> dict[str, Any]:
    """Read params.yaml."""
    return yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))


def write_parameters(project: Path, values: dict[str, Any]) -> None:
    """Write params.yaml."""
    (project / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table: text to the left in the first column, else to the right; None is a dash."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return [f"| {' | '.join('–' if cell is None else str(cell) for cell in line)} |" for line in lines]


def machine() -> str:
    """Name the commit, the processor and its cores."""
    commit = subprocess.check_output(["git", "describe", "--always", "--dirty"], text=True).strip()
    information = Path("/proc/cpuinfo")
    model = information.exists() and re.search(r"^model name\s*: (.+)$", information.read_text(), re.MULTILINE)
    return f"Measured at {commit} on {model[1] if model else platform.machine()}, {os.cpu_count()} cores."


def write(page: Path, part: str, lines: Sequence[str]) -> None:
    """Write a part's lines between its marks in the page."""
    begin, end = f"<!-- bench/ writes this: {part} -->\n", f"<!-- end of {part} -->\n"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    page.write_text("\n".join([before + begin, *lines, "", end + rest.split(end)[1]]), encoding="utf-8")


def log(line: str) -> None:
    """Print what is going on, with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)
