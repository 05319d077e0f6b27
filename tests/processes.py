"""Commands that a test disturbs: each runs in a session of its own, as in a terminal, and never outlives its test."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

POLL = 0.0005  # seconds between two looks: files of the tiny project are written in a few milliseconds
PATIENCE = 300  # seconds, which a busy machine may need; less than a hang is given (pyproject.toml)


class Running:
    """A command that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output = ""

    def wait_for_line(self, words: str) -> str:
        """Wait for a line of output that has these words in it, and return it."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return line
        pytest.fail(f"it ended without printing {words!r}:\n{self.output}")

    def script(self) -> psutil.Process:
        """Return the stage's process, once `dvc repro` has started it."""
        found: list[psutil.Process] = []

        def started() -> bool:
            with suppress(psutil.Error):
                children = psutil.Process(self.process.pid).children(recursive=True)
                # The shell that starts the script has its name too, but inside one word: the whole command.
                found[:] = [child for child in children if any(word.startswith("stages.") for word in child.cmdline())]
            return bool(found)

        until(started)
        return found[-1]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the command and all that it has started, as a terminal does for Ctrl-C."""
        os.killpg(self.process.pid, number)

    def end(self) -> int:
        """Wait for the end, keep the output, and return the exit status, negative for a signal."""
        self.output += self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode

    def left(self) -> list[psutil.Process]:
        """Return the processes of the command's session that have not ended."""
        found = []
        for process in psutil.process_iter():
            with suppress(ProcessLookupError, psutil.Error):
                if os.getsid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


@contextmanager
def started(command: str | list[str], folder: Path, **environment: str) -> Iterator[Running]:
    """Start a command as `tiny.run` does; kill what is left of it when the block ends."""
    with subprocess.Popen(
        shlex.split(command) if isinstance(command, str) else command,
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # A shell lets the commands in its background ignore Ctrl-C, and they pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        running = Running(process)
        try:
            yield running
        finally:
            for left in running.left():
                with suppress(psutil.Error):
                    left.kill()


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """Serve a folder's files by the standard library's web server, and return its address."""
    serve = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    with started(serve, folder) as server:
        (port,) = re.findall(r"port (\d+)", server.wait_for_line("Serving HTTP"))
        yield f"http://127.0.0.1:{port}"


def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened."""
    latest = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < latest, "it has not happened"
        time.sleep(POLL)
