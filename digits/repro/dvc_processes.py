"""Start processes of DVC, and find those of other runs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from digits.core.errors import UserError, warn

import psutil

# DVC notes in this file which process reads or writes which path.
PATH_LOCKS = Path(".dvc/tmp/rwlock")

# Ctrl-C, which Windows cannot send to a process.
STOP_SIGNAL = signal.SIGINT if os.name == "posix" else signal.SIGTERM

# How `digits repro` starts DVC. Users run `dvc`, so a process with this command line was
# started by a `digits repro`, even if that has been killed since.
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
    # `python` in dvc.yaml must be the one of this environment, even if it is not activated.
    folder = str(Path(sys.executable).parent)
    environment["PATH"] = folder + os.pathsep + environment.get("PATH", "")
    command = [*RUN_DVC, *arguments]
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
    )


def check_no_other_run() -> None:
    """Check that no other `digits repro` runs in this folder.

    If one was killed, the processes of DVC that it started may still run. This function waits
    for them.

    Raises:
        UserError: another `digits repro` is running.
    """
    leftovers = []
    for process in processes_in_this_folder():
        arguments = process.info["cmdline"]
        if is_digits_repro(arguments):
            raise UserError(
                f"another `digits repro` is running here, process {process.pid}; wait until it "
                f"has ended, or end it with `kill {process.pid}`"
            )
        if arguments[: len(RUN_DVC)] == RUN_DVC:
            leftovers.append(process)
    if leftovers:
        warn("waiting for DVC, which a killed `digits repro` has left running")
        psutil.wait_procs(leftovers)


def processes_in_this_folder() -> Iterator[psutil.Process]:
    """Yield the processes whose working directory is this one, without those of this run."""
    here = str(Path.cwd())
    this_process = psutil.Process()
    own_pids = {this_process.pid, *(parent.pid for parent in this_process.parents())}
    for process in psutil.process_iter(["cmdline", "cwd"]):
        is_other = process.pid not in own_pids
        if is_other and process.info["cwd"] == here and process.info["cmdline"]:
            yield process


def is_digits_repro(arguments: list[str]) -> bool:
    """Return whether the arguments of a process are those of `digits repro`.

    The first one may be the Python interpreter.
    """
    words = [Path(argument).stem for argument in arguments]
    return words[:2] == ["digits", "repro"] or words[1:3] == ["digits", "repro"]


def describe_busy(text: str) -> str | None:
    """Return which process blocks a path, or None if DVC's output does not say so."""
    blocked = re.search(r"'(.*)' is busy, it is being blocked by:\s*\(PID (\d+)\): (.*)", text)
    if blocked is None:
        return None
    path, pid, command = blocked.groups()
    name = Path(path).name
    return f"`{command.strip()}`, process {pid}, works on {name}; try again when it has ended"


def remove_damaged_path_locks() -> None:
    """Remove DVC's file of path locks if a killed process left it half written.

    It is read twice, because a running DVC may be rewriting it at the moment.
    """
    if are_path_locks_damaged():
        time.sleep(1)
    if are_path_locks_damaged():
        warn(f"{PATH_LOCKS} was damaged by a process that was killed; removed it")
        PATH_LOCKS.unlink()


def are_path_locks_damaged() -> bool:
    """Return whether DVC's file of path locks exists and is not JSON."""
    if not PATH_LOCKS.exists():
        return False
    try:
        json.loads(PATH_LOCKS.read_text(encoding="utf-8"))
    except ValueError:
        return True
    return False


def end_processes(processes: list[subprocess.Popen[str]], seconds: float) -> None:
    """Interrupt processes and their children, as Ctrl-C does.

    Those that are still alive after some seconds are killed.
    """
    all_processes = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            all_processes += [*parent.children(recursive=True), parent]
    for each_process in all_processes:
        with suppress(psutil.NoSuchProcess):
            each_process.send_signal(STOP_SIGNAL)
    _, alive = psutil.wait_procs(all_processes, timeout=seconds)
    for each_process in alive:
        with suppress(psutil.NoSuchProcess):
            each_process.kill()
