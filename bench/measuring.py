"""What every benchmark needs: a cold copy of the project, a command's time and memory, and a table on a page.

Nothing large is imported here: a process that is started inherits its parent's peak memory on Linux.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from digits.evaluation.intervals import wilson
from digits.io import files
from digits.support import cli
from digits.support.errors import PipelineError

import click
import yaml

OUTPUTS = ("metrics/", "plots/", "docs/", "dvc.lock")
PACKAGES = ("dvc", "scikit-learn", "numpy")
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

    cli.run(command)


def run(project: Path, *command: str, **environment: str) -> Run:
    """Run a command in a project, its output unseen, in this environment and `environment`.

    Raises:
        PipelineError: it failed; the end of its output is quoted.
    """
    outer = {key: value for key, value in os.environ.items() if key not in {"GIT_DIR", "GIT_INDEX_FILE"}}
    if mirror := outer.get("DATA_MIRROR"):
        outer["DATA_MIRROR"] = mirror if "://" in mirror else str(Path(mirror).resolve())
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(project.parent / "site"),  # what DVC remembers of a place goes with the place
    }
    with tempfile.TemporaryFile() as stdout:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=project,
            env=outer | own | environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        output = stdout.read().decode(errors="replace")
    if process.returncode:
        raise PipelineError(f"`{' '.join(command)}` gave {process.returncode}: …{' '.join(output.split())[-600:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MEBIBYTE, output)


def python(project: Path, *command: str, **environment: str) -> Run:
    """Run a script with this interpreter."""
    return run(project, sys.executable, *command, **environment)


def dvc(project: Path, *arguments: str) -> Run:
    """Run DVC."""
    log(f"dvc {' '.join(arguments)}")
    return python(project, "-m", "dvc", *arguments)


def cold(folder: Path, prefix: str = "") -> Path:
    """Copy the project as it stands, without its outputs, into a new folder with a Git of its own.

    Args:
        folder: where to.
        prefix: of the names of the datasets, splits and experiments to keep.
    """
    listed = run(Path(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").output
    for name in filter(None, listed.split("\0")):
        if not name.startswith(OUTPUTS) and Path(name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name, follow_symlinks=False)
    if prefix:
        values = parameters(folder)
        for section in ("datasets", "splits", "experiments"):
            values[section] = {name: block for name, block in values[section].items() if name.startswith(prefix)}
        write_parameters(folder, values)
    for command in ("init --quiet", "add --all", "-c user.name=A -c user.email=a@example.org commit --quiet -m cold"):
        run(folder, "git", *command.split())
    return folder


def share(hits: int, total: int) -> str:
    """Return the share of hits in percent, and its 95 % interval."""
    low, high = wilson(hits / total, total)
    return f"{hits / total:.1%} ({low:.1%} to {high:.1%})"


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
    """Name the processor, its cores, the memory, and the versions."""
    information = Path("/proc/cpuinfo")
    model = information.exists() and re.search(r"^model name\s*: (.+)$", information.read_text(), re.MULTILINE)
    processor = model[1] if model else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)]
    system = f"{os.cpu_count()} cores, {memory:.0f} GiB; {platform.system()}"
    return f"Measured on: {processor}, {system}, {', '.join(versions)}."


def write(page: Path, part: str, lines: Sequence[str]) -> None:
    """Write a part's lines between its marks in the page; a PipelineError if the page has no such marks."""
    begin, end = f"<!-- `make bench` writes this: {part} -->\n", f"<!-- end of {part} -->\n"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise PipelineError(f"{page} lacks the marks of {part}: {begin.strip()} and {end.strip()}")
    text = "\n".join(lines)
    files.write_text(page, f"{before}{begin}\n{text}\n\n{end}{after}")


def log(line: str) -> None:
    """Print what is going on, with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)
