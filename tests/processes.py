"""Commands that a test disturbs: each runs in a session of its own, as in a terminal, and never outlives its test."""

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any


class Running(subprocess.Popen[str]):
    """A command that runs until its block ends, where it is killed; its output and errors are one stream."""

    def __init__(self, command: str, folder: Path, **environment: str) -> None:
        # A shell lets the commands in its background ignore Ctrl-C, and they pass that on.
        heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        options: dict[str, Any] = {"cwd": folder, "env": {**os.environ, **environment}, "text": True}
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        super().__init__(shlex.split(command), start_new_session=True, preexec_fn=heed, **options, **streams)

    def __exit__(self, *details: Any) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(*details)

    def wait_for_line(self, words: str) -> str:
        """Wait for a line that has these words in it, and return it; StopIteration if the command ends before."""
        return next(line for line in self.stdout or () if words in line)

    def end(self, number: signal.Signals) -> str:
        """Send a signal to all that runs, as a terminal does for Ctrl-C, and return what is then printed."""
        os.killpg(self.pid, number)
        return self.stdout.read() if self.stdout else ""
