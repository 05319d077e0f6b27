"""What every benchmark needs: a cold copy of the project, a command's time and memory, and a table.

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
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import yaml

from digits.common import files
from digits.common.cli import PipelineError

MADE = ("metrics/", "plots/", "docs/")
MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # in the unit of ru_maxrss


class Run(NamedTuple):
    """What a command took: seconds, the peak memory of its largest process in MiB, and what it printed."""

    seconds: float
    memory: float
    output: str


def run(project: Path, *command: str, environment: Mapping[str, str] | None = None, shell: bool = False) -> Run:
    """Run a command in a project, its output unseen, in this environment and `environment`.

    Raises:
        PipelineError: it failed; the end of what it said is quoted.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    outer = {key: value for key, value in os.environ.items() if key not in {"GIT_DIR", "GIT_INDEX_FILE"}}
    if mirror := outer.get("DATA_MIRROR"):
        outer["DATA_MIRROR"] = mirror if "://" in mirror else str(Path(mirror).resolve())
    site = {"DVC_SITE_CACHE_DIR": str(project.parent / "site")}  # what DVC remembers of a place goes with the place
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command[0] if shell else command,
            shell=shell,
            cwd=project,
            env={**outer, **site, "PATH": path, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read().decode(errors="replace")
    if process.returncode:
        raise PipelineError(f"`{' '.join(command)}` gave {process.returncode}: …{' '.join(output.split())[-600:]}")
    return Run(seconds, used.ru_maxrss / MEBIBYTE, output)


def python(project: Path, *command: str) -> Run:
    """Run a script with this interpreter."""
    return run(project, sys.executable, *command)


def dvc(project: Path, *arguments: str) -> Run:
    """Run DVC."""
    say(f"dvc {' '.join(arguments)}")
    return python(project, "-m", "dvc", *arguments)


def cold(folder: Path, experiments: str | None = None) -> Path:
    """Copy the project as it stands, without anything that it has made, into a new folder with a Git of its own.

    Args:
        folder: where to.
        experiments: the beginning of the names of those to keep; all when None.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if not name.startswith(MADE) and name != "dvc.lock" and Path(name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name, follow_symlinks=False)
    if experiments is not None:
        write_parameters(folder, kept(parameters(folder), experiments))
    for command in ("init --quiet", "add --all", "-c user.name=A -c user.email=a@example.org commit --quiet -m cold"):
        run(folder, "git", *command.split())
    return folder


def kept(values: dict[str, Any], beginning: str) -> dict[str, Any]:
    """Return the parameters with those experiments only whose names begin so, and the splits and datasets of these."""
    experiments = {name: block for name, block in values["experiments"].items() if name.startswith(beginning)}
    splits = {block["split"]: values["splits"][block["split"]] for block in experiments.values()}
    datasets = {block["dataset"]: values["datasets"][block["dataset"]] for block in splits.values()}
    return {**values, "experiments": experiments, "splits": splits, "datasets": datasets}


def parameters(project: Path) -> dict[str, Any]:
    """Read params.yaml."""
    return yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))


def write_parameters(project: Path, values: dict[str, Any]) -> None:
    """Write params.yaml."""
    (project / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def stages(project: Path) -> dict[str, str]:
    """Return the command of each stage that has run, by its name, each after those that it depends on."""
    order = ["fetch", "split", "binarize", "train", "evaluate", "report"]
    locked = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    return {name: locked[name]["cmd"] for name in sorted(locked, key=lambda name: order.index(kind(name)))}


def kind(stage: str) -> str:
    """Return what kind of stage it is: the name before the `@`."""
    return stage.partition("@")[0]


def middle(runs: Iterable[Run]) -> float:
    """Return the median of the seconds."""
    return median(run.seconds for run in runs)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table's lines: the first column text, the others numbers or short text, None as a dash."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return [f"| {' | '.join('–' if cell is None else str(cell) for cell in line)} |" for line in lines]


def machine() -> str:
    """Name the processor, its cores, the memory, and the versions."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists() and (named := re.search(r"^model name\s*: (.+)$", information.read_text(), re.MULTILINE)):
        processor = named[1]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("dvc", "scikit-learn", "numpy"))
    return (
        f"Measured on: {processor}, {os.cpu_count()} cores, {memory:.0f} GiB; {platform.system()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def put(page: Path, part: str, lines: list[str]) -> None:
    """Write a part's lines between its marks in the page.

    Raises:
        PipelineError: the page has no such marks.
    """
    begin, end = f"<!-- `make bench` writes this: {part} -->\n", f"<!-- end of {part} -->\n"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise PipelineError(f"{page} lacks the marks of {part}: {begin.strip()} and {end.strip()}")
    files.write_text(page, f"{before}{begin}\n" + "\n".join(lines) + f"\n\n{end}{after}")


def say(line: str) -> None:
    """Say what is going on, with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)
