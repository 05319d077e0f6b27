"""Run the commands of a stage, and end them."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from typing import IO, Any

import psutil
from tqdm import tqdm

GRACE_SECONDS = 0.5  # how long a command may take to stop before it is killed

# Ctrl-C, which Windows cannot send to a process.
STOP_SIGNAL = signal.SIGINT if os.name == "posix" else signal.SIGTERM


class Command:
    """The commands of a stage, which run one after another until one fails.

    Attributes:
        return_code: the status of the last command that has ended.
    """

    def __init__(self, commands: list[dict[str, Any]]) -> None:
        """Start the first command.

        Args:
            commands: the arguments of `subprocess.Popen` for each command.
        """
        self.return_code = 0
        self._waiting = list(commands)
        self._start_time = time.monotonic()
        # The commands write bytes to the file, and `read_output` reads text from it.
        self._output: IO[str] = tempfile.TemporaryFile(  # noqa: SIM115
            "w+", encoding="utf-8", errors="replace"
        )
        self._process = self._start_next()

    def _start_next(self) -> subprocess.Popen[bytes]:
        """Start the next command, in a session of its own, so that Ctrl-C does not reach it."""
        arguments = self._waiting.pop(0)
        return subprocess.Popen(
            **arguments,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )

    def advance(self) -> bool:
        """Start the next command if the current one has ended. Return whether all have."""
        if self._process.poll() is None:
            return False
        self.return_code = self._process.returncode
        if self.return_code == 0 and self._waiting:
            self._process = self._start_next()
            return False
        return True

    def read_output(self) -> str:
        """Return what the commands have printed. Call it once, after they have ended."""
        with self._output:
            self._output.seek(0)
            return self._output.read().strip()

    def describe_time(self) -> str:
        """Return for how long the commands have run, such as `00:12`."""
        return tqdm.format_interval(time.monotonic() - self._start_time)

    def processes(self) -> list[psutil.Process]:
        """Return the running process, and all processes that it has started."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._process.pid)
            return [*process.children(recursive=True), process]
        return []

    def close(self) -> None:
        """Release the process, which has ended. Otherwise Python warns of it."""
        self._process.wait()
        self._output.close()


def end_commands(commands: Collection[Command]) -> None:
    """Interrupt commands, as Ctrl-C does, and kill those that do not end."""
    processes = [process for command in commands for process in command.processes()]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(STOP_SIGNAL)
    _, alive = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive)
    for command in commands:
        command.close()
