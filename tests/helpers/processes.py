"""Commands that a test disturbs. Each runs in a session of its own, as in a terminal."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

# rclone serves a folder as a bucket, or by WebDAV.
needs_rclone = pytest.mark.skipif(
    shutil.which("rclone") is None, reason="needs rclone: `make venv`"
)


class Running(subprocess.Popen[str]):
    """A command that runs until its `with` block ends, where it is killed.

    Its output and its errors are one stream.
    """

    def __init__(self, command: str, folder: Path, **environment: str) -> None:
        super().__init__(
            shlex.split(command),
            cwd=folder,
            env={**os.environ, **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )

    def __exit__(self, *details: Any) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(*details)

    def wait_for_line(self, words: str) -> str:
        """Wait for a line that contains some words, and return it.

        Raises:
            StopIteration: the command ends before.
        """
        return next(line for line in self.stdout or () if words in line)

    def end(self, number: signal.Signals) -> str:
        """Send a signal to all processes of the command, and return what they print then.

        A terminal sends SIGINT in this way for Ctrl-C.
        """
        os.killpg(self.pid, number)
        return self.stdout.read() if self.stdout else ""


def heed_ctrl_c() -> None:
    """Set the default handler of SIGINT.

    A shell lets the commands in its background ignore Ctrl-C, and they pass this on.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let this process write at most 50 bytes into a file, until the `with` block ends."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def find_address(server: Running) -> str:
    """Return the address at which rclone serves files."""
    line = server.wait_for_line("http://127.0.0.1:")
    return re.findall(r"http://127\.0\.0\.1:\d+", line)[0]
