"""Start processes of DVC, and find those of other runs."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from digits.core.errors import PipelineError, warn

import psutil

# DVC notes in this file which process reads or writes which path.
PATH_LOCKS = Path(".dvc/tmp/rwlock")

# Windows cannot send Ctrl-C to a process.
CTRL_C = signal.SIGINT if os.name == "posix" else signal.SIGTERM

# How `digits repro` starts DVC. Nobody else needs to start it so, and by this a process of a
# `digits repro` that was killed is recognized.
RUN_DVC = [sys.executable, "-m", "dvc"]


def start_dvc(
    arguments: list[str], output: IO[str] | None = None, **variables: str
) -> subprocess.Popen[str]:
    """Start a process of DVC.

    Args:
        arguments: the arguments of `dvc`.
        output: a file for what it prints, or None for the terminal.
        variables: environment variables to set.
    """
    environment = {**os.environ, **variables}
    # dvc.yaml calls `python`: that of this environment, even if it is not activated.
    folder = str(Path(sys.executable).parent)
    environment["PATH"] = folder + os.pathsep + environment.get("PATH", "")
    command = [*RUN_DVC, *arguments]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output, text=True)


def check_no_other_run() -> None:
    """Check that no other `digits repro` runs in this folder.

    If one was killed, its processes of DVC may still be at work. This function waits for them.

    Raises:
        PipelineError: another `digits repro` is running.
    """
    leftovers = []
    for process in processes_in_this_folder():
        arguments = process.info["cmdline"]
        if is_digits_repro(arguments):
            raise PipelineError(
                f"another `digits repro` is running here, process {process.pid}; wait until it "
                f"has ended, or end it with `kill {process.pid}`"
            )
        if arguments[: len(RUN_DVC)] == RUN_DVC:
            leftovers.append(process)
    if leftovers:
        warn(f"waiting for {len(leftovers)} processes of a `digits repro` that was killed")
        psutil.wait_procs(leftovers)


def processes_in_this_folder() -> Iterator[psutil.Process]:
    """Yield the other processes whose working directory is this one."""
    here = str(Path.cwd())
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if (
            process.info["cwd"] == here
            and process.info["cmdline"]
            and process.pid != os.getpid()
        ):
            yield process


def is_digits_repro(arguments: list[str]) -> bool:
    """Return whether the arguments of a process are those of `digits repro`."""
    words = [Path(argument).stem for argument in arguments[:3]]
    return words[-2:] == ["digits", "repro"] or words[:2] == ["digits", "repro"]


def describe_busy(text: str) -> str | None:
    """Return who works on a path, if DVC says in a text that the path is busy."""
    blocked_by = re.search(r"is busy, it is being blocked by:\s*\(PID (\d+)\): (.*)", text)
    if blocked_by is None:
        return None
    pid, command = blocked_by.groups()
    return f"`{command.strip()}`, process {pid}, works on it; try again when that has ended"


def remove_damaged_path_locks() -> None:
    """Remove DVC's file of path locks if a killed process left it half written."""
    if not PATH_LOCKS.exists():
        return
    try:
        json.loads(PATH_LOCKS.read_text(encoding="utf-8"))
    except ValueError:
        warn(f"{PATH_LOCKS} was damaged by a process that was killed; removed it")
        PATH_LOCKS.unlink()


def end_processes(processes: list[subprocess.Popen[str]], seconds: float) -> None:
    """End processes and those that they have started, as Ctrl-C does.

    Processes that have not ended after some seconds are killed.
    """
    all_processes = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            all_processes += [*parent.children(recursive=True), parent]
    for each_process in all_processes:
        with suppress(psutil.NoSuchProcess):
            each_process.send_signal(CTRL_C)
    _, alive = psutil.wait_procs(all_processes, timeout=seconds)
    for each_process in alive:
        with suppress(psutil.NoSuchProcess):
            each_process.kill()
