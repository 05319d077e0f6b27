"""Small DVC projects: make them, run commands in them, and read what DVC has written."""

import contextlib
import gc
import io
import logging
import shlex
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import dvc.cli
import psutil
import yaml
from click.testing import CliRunner

from dvc_parallel.cli import main

# Folders that belong to Git, DVC and Python.
TOOL_FOLDERS = {".git", ".dvc", "__pycache__"}


def make(folder: Path, files: dict[str, str]) -> Path:
    """Make a DVC project in a new folder."""
    write(folder, files)
    write(folder, {".dvc/config": "[core]\nno_scm = True\nanalytics = false"})
    if (folder / "raw").exists():
        run_dvc("add --quiet raw", folder)
    return folder


def make_two(place: Path, files: dict[str, str]) -> tuple[Path, Path]:
    """Make the same DVC project twice: for our command, and for `dvc repro`."""
    return make(place / "ours", files), make(place / "theirs", files)


def write(folder: Path, files: dict[str, str]) -> None:
    """Write texts into files of a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def repro(folder: Path, *words: str, status: int = 0) -> str:
    """Run `dvc-parallel` in the process of the test, and return its output."""
    let_dvc_log_to(io.StringIO())
    with contextlib.chdir(folder), ignore_warnings_of_dvc():
        result = CliRunner().invoke(main, words)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.stdout + result.stderr


def repro_both(ours: Path, theirs: Path, *targets: str) -> None:
    """Run our command in one copy of a project, `dvc repro` in another, and compare the files."""
    repro(ours, "--jobs", "3", *targets)
    run_dvc(shlex.join(["repro", *targets]), theirs)
    assert read_files(ours) == read_files(theirs)
    assert list_cache(ours) == list_cache(theirs)


def list_cache(project: Path) -> list[str]:
    """Return the paths of the files in the cache, which are named after their content."""
    cache = project / ".dvc/cache"
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


def wait_for(path: Path, running: subprocess.Popen[Any] | None = None) -> None:
    """Wait for a file, which must appear before a command has ended."""
    while not path.exists() or not path.read_text():
        assert running is None or running.poll() is None
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether a process runs, and has not only not been missed by its parent yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def run(command: str, folder: Path) -> str:
    """Run a command, which must succeed, and return its output."""
    done = subprocess.run(
        shlex.split(command), cwd=folder, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_dvc(command: str, project: Path, status: int = 0) -> str:
    """Run `dvc` in the process of the test, which saves a second, and return its output."""
    found, output = try_dvc(command, project)
    assert found == status, f"dvc {command} gave {found}:\n{output}"
    return output


def try_dvc(command: str, project: Path) -> tuple[int, str]:
    """Run `dvc`, which may fail, in the process of the test. Return its status and its output."""
    output = io.StringIO()
    let_dvc_log_to(output)
    with (
        contextlib.chdir(project),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        ignore_warnings_of_dvc(),
    ):
        status = dvc.cli.main(shlex.split(command))
    return status, output.getvalue()


def let_dvc_log_to(output: io.StringIO) -> None:
    """Let DVC log to a stream. At first it logs to one that pytest has closed in the meantime."""
    for handler in logging.getLogger("dvc").handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.stream = output


@contextlib.contextmanager
def ignore_warnings_of_dvc() -> Iterator[None]:
    """Ignore all warnings, while DVC works in the process of the test."""
    with warnings.catch_warnings(action="ignore"):
        yield
        gc.collect()  # DVC leaves packs of Git open, which Python warns of when it frees them
        gc.freeze()  # what DVC has imported is no garbage: the next time need not look at it


def read_lock(project: Path) -> dict[str, Any]:
    """Return the stages in dvc.lock, by their names."""
    text = (project / "dvc.lock").read_text(encoding="utf-8")
    stages: dict[str, Any] = yaml.safe_load(text)["stages"]
    return stages


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder by its path, without tools' files."""
    contents = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not TOOL_FOLDERS.intersection(relative.parts):
            contents[str(relative)] = path.read_bytes()
    return contents
