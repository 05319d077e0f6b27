"""Commands that a test disturbs: each runs in a session of its own, as in a terminal, and never outlives its test."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any


class Running(subprocess.Popen[str]):
    """A command that runs; its output and errors are one stream."""

    def wait_for_line(self, words: str) -> str:
        """Wait for a line that has these words in it, and return it; StopIteration if the command ends before."""
        return next(line for line in self.stdout or () if words in line)

    def end(self, number: signal.Signals) -> str:
        """Send a signal to all that runs, as a terminal does for Ctrl-C, and return what is then printed."""
        os.killpg(self.pid, number)
        return self.stdout.read() if self.stdout else ""


@contextmanager
def started(command: str, folder: Path, **environment: str) -> Iterator[Running]:
    """Start a command; kill what is left of it when the block ends."""
    env: dict[str, Any] = {"env": {**os.environ, **environment}, "cwd": folder, "text": True}
    output: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    # A shell lets the commands in its background ignore Ctrl-C, and they pass that on.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with Running(shlex.split(command), start_new_session=True, preexec_fn=heed, **env, **output) as running:
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
