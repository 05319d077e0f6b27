"""Find the processes of a command, also those that a killed run has left behind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

FOLDER = "dvc-parallel"  # in DVC's folder for temporary files

# The time at which a process started is computed from the clock, which may have been set since.
CLOCK_TOLERANCE_SECONDS = 10

# The environment variables in which DVC tells a command its project and its stage.
VARIABLES = ["DVC_ROOT", "DVC_STAGE"]


class PidFile:
    """A file that names the command of a stage that runs, for the case that this run is killed.

    Nothing ends the commands of a run that is killed by SIGKILL. They would write over the
    outputs of the next run, so the next run looks for them.
    """

    def __init__(self, folder: Path) -> None:
        """Choose the path of the file, which `write` makes.

        Args:
            folder: the folder of these files, which `write` makes.
        """
        self._path = folder / f"{uuid4().hex}.json"

    def write(self, environment: dict[str, str], process: psutil.Process | None) -> None:
        """Write the file, before a command starts without its process, and then with it.

        Args:
            environment: the environment variables of the command.
            process: the process of the command, or None.
        """
        content = {
            "runner": identify(psutil.Process()),
            "command": None if process is None else identify(process),
            "variables": {name: environment[name] for name in VARIABLES},
        }
        unfinished = self._path.with_suffix(".tmp")
        unfinished.parent.mkdir(exist_ok=True)
        unfinished.write_text(json.dumps(content), encoding="utf-8")
        unfinished.replace(self._path)

    def remove(self) -> None:
        """Remove the file, because the command has ended."""
        self._path.unlink(missing_ok=True)


def describe_leftovers(folder: Path) -> str:
    """Return which commands of killed runs still run, and what to do about them.

    The files of all other commands of killed runs are removed.

    Args:
        folder: the folder of the files.

    Returns:
        a sentence for each command, or an empty text if there are none.
    """
    sentences = []
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:  # another run has just removed it
            continue
        except ValueError:  # the machine stopped while the file was written
            path.unlink(missing_ok=True)
            continue
        if find_process(*content["runner"]):
            continue  # this run is alive, and ends its commands itself
        if content["command"]:
            processes = find_processes(*content["command"])
        else:  # killed when the command had just started
            processes = find_by_variables(content["variables"])
        if not processes:
            path.unlink(missing_ok=True)
            continue
        stage = content["variables"]["DVC_STAGE"]
        pids = " ".join(str(each.pid) for each in processes)
        sentences.append(
            f"stage '{stage}' of an earlier run, which was killed, is still running "
            f"and may overwrite outputs; wait for it, or end it with `kill {pids}`, and "
            "run the same command again"
        )
    return "\n".join(sentences)


def identify(process: psutil.Process) -> tuple[int, float]:
    """Return the number of a process and the time at which it started.

    The number alone is not enough. When a process has ended, another one may get its number.
    """
    return process.pid, process.create_time()


def find_process(pid: int, start_time: float) -> psutil.Process | None:
    """Return the process with this number and start, or None if it has ended."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if has_started_at(process, start_time) and is_running(process):
            return process
    return None


def has_started_at(process: psutil.Process, start_time: float) -> bool:
    """Return whether a process started at some time, and is not a later one with its number."""
    difference = abs(process.create_time() - start_time)
    return bool(difference < CLOCK_TOLERANCE_SECONDS)


def find_processes(pid: int, start_time: float) -> list[psutil.Process]:
    """Return the running processes of a command.

    These are the members of its session, even if the command itself has ended, and all
    processes that it has started and that have left the session.

    Args:
        pid: the number of the process of the command, and of its session.
        start_time: the time at which the process started.
    """
    found = set()
    # The number of a session is not given away before its last process has ended.
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if not has_started_at(process, start_time):
            return []  # The number was given away, so nothing is left of the session.
        found = {process, *process.children(recursive=True)}
    found.update(find_session(pid))
    return sorted((each for each in found if is_running(each)), key=lambda each: each.pid)


def find_by_variables(variables: dict[str, str]) -> list[psutil.Process]:
    """Return the running processes with some environment variables."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # It has ended, or is that of another user.
            if variables.items() <= process.environ().items() and is_running(process):
                found.append(process)
    return found


def find_session(leader: int) -> Iterator[psutil.Process]:
    """Yield the processes of a session. Windows has no sessions."""
    get_session: Any = getattr(os, "getsid", lambda pid: None)
    for pid in psutil.pids():
        with suppress(OSError, psutil.NoSuchProcess):
            if get_session(pid) == leader:
                yield psutil.Process(pid)


def is_running(process: psutil.Process) -> bool:
    """Return whether a process has not ended, even if its parent has not noticed that yet."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
