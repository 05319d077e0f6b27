"""Commands that a test disturbs: each runs in a session of its own, as in a terminal, and never outlives its test."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Running(subprocess.Popen[str]):
    """A command that runs, and what it has printed."""

    output = ""

    def wait_for_line(self, words: str) -> str:
        """Wait for a line of output that has these words in it, and return it."""
        for line in self.stdout or ():
            self.output += line
            if words in line:
                return line
        raise AssertionError(f"it ended without printing {words!r}:\n{self.output}")

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the command and all that it has started, as a terminal does for Ctrl-C, and see its end."""
        os.killpg(self.pid, number)
        self.output += self.stdout.read() if self.stdout else ""
        self.wait()


@contextmanager
def started(command: str, folder: Path, **environment: str) -> Iterator[Running]:
    """Start a command; kill what is left of it when the block ends."""
    with Running(
        shlex.split(command),
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # A shell lets the commands in its background ignore Ctrl-C, and they pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
