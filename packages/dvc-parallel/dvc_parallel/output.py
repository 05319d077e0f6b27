"""Print the output of several commands at once, each line behind the name of its stage."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import click
from dvc.stage import Stage
from tqdm import tqdm

CHUNK_BYTES = 2**16
MAX_LINE_BYTES = 2**16  # A longer line is printed in pieces.
PROGRESS_SECONDS = 10  # how often a progress bar is printed, which redraws its line
IDLE_SECONDS = 1  # how long an ended command's output is waited for if a process keeps it open


class CommandOutput:
    """The output of the commands of a stage, which a thread reads and prints line by line.

    The thread reads also while DVC records another stage. Otherwise a command that prints much
    would have to wait.

    Attributes:
        last_line: the last line that is not empty.
        is_closed: whether nobody reads what is printed, because the terminal was closed.
    """

    def __init__(self, stage: str, log: BinaryIO | None = None) -> None:
        """Open a pipe for the output, and start to read it.

        Args:
            stage: the name of the stage.
            log: an open file that gets all of the output, as it comes.
        """
        self.last_line = ""
        self.is_closed = False
        self._prefix = f"{stage}: ".encode()
        self._log = log
        self._announced = b""  # the line with the command that runs
        self._unfinished_line = b""
        self._print_time = self._read_time = time.monotonic()
        self._read_end, self.write_end = os.pipe()
        self._is_finished = False
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def announce(self, command: str) -> None:
        """Print a command before it starts, and after the output of earlier commands."""
        self._announced = f"> {command}".encode()
        os.write(self.write_end, self._announced + b"\n")

    def finish(self) -> bool:
        """Tell that no further command writes. Return whether all that was written is printed.

        A process that a command has left in the background may keep the pipe open. Its output
        is printed as long as the run goes on.
        """
        if not self._is_finished:
            self._is_finished = True
            os.close(self.write_end)
            self._read_time = time.monotonic()
        is_idle = time.monotonic() - self._read_time > IDLE_SECONDS
        return is_idle or not self._thread.is_alive()

    def _read(self) -> None:
        """Print what comes through the pipe, until all processes have closed it."""
        while chunk := os.read(self._read_end, CHUNK_BYTES):
            self._read_time = time.monotonic()
            self._write_log(chunk)
            self._print(self._split_lines(chunk))
        os.close(self._read_end)
        if self._unfinished_line:
            self._print(self._split_lines(b"\n"))
        if self._log:
            self._log.close()

    def _write_log(self, chunk: bytes) -> None:
        """Write a piece of the output to the log, as long as the disk has room for it."""
        if self._log:
            try:
                self._log.write(chunk)
            except OSError:
                self._log.close()
                self._log = None

    def _split_lines(self, chunk: bytes) -> list[bytes]:
        """Return the lines that a piece of the output completes."""
        *lines, rest = (self._unfinished_line + chunk).split(b"\n")
        has_waited_long = time.monotonic() - self._print_time > PROGRESS_SECONDS
        is_progress_bar = b"\r" in rest
        if len(rest) > MAX_LINE_BYTES or (is_progress_bar and has_waited_long):
            lines.append(rest)
            rest = b""
        self._unfinished_line = rest
        return [newest_state(line) for line in lines]

    def _print(self, lines: list[bytes]) -> None:
        """Print some lines, each behind the name of the stage."""
        if not lines:
            return
        self._print_time = time.monotonic()
        for line in lines:
            if line.strip() and line != self._announced:
                self.last_line = line.decode(errors="replace").strip()
        text = b"".join((self._prefix + line).rstrip() + b"\n" for line in lines)
        try:
            print_above_bar(text)
        except (OSError, ValueError):  # The command must be able to go on, so reading goes on.
            self.is_closed = True


def log_path(stage: Stage) -> Path:
    """Return the path of the log of a stage in the folder of the logs."""
    folder = Path(stage.path_in_repo).parent
    name = getattr(stage, "name", None) or Path(stage.path).name  # a .dvc file has no name
    return folder / f"{name.replace(os.sep, '_')}.log"


def newest_state(line: bytes) -> bytes:
    r"""Return the last text of a line that a progress bar redraws, each time after `\r`."""
    states = [state for state in line.split(b"\r") if state.strip()]
    return states[-1] if states else b""


def print_above_bar(text: bytes) -> None:
    """Print text with its line ends, and draw the progress bar of the run again below it."""
    with tqdm.external_write_mode(file=sys.stdout):
        if hasattr(sys.stdout, "buffer"):
            click.echo(text, nl=False)
        else:  # The output of a notebook takes no bytes.
            click.echo(text.decode(errors="replace"), nl=False)
