"""Print the output of several commands at once, each line behind the name of its stage."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import click
from tqdm import tqdm

CHUNK_BYTES = 2**16
MAX_LINE_BYTES = 2**16  # A longer line is printed in pieces.
PROGRESS_SECONDS = 10  # how often a progress bar is printed, which redraws its line
IDLE_SECONDS = 1  # how long an ended command's output is waited for if a process keeps it open


class Output:
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
        self._log = log
        self.last_line = ""
        self.is_closed = False
        self._prefix = f"{stage}: ".encode()
        self._announced = b""
        self._rest = b""  # of the line that has not ended yet
        self._print_time = self._read_time = time.monotonic()
        self._read_end, self.write_end = os.pipe()
        self._is_complete = False
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
        if not self._is_complete:
            os.close(self.write_end)
            self._is_complete = True
            self._read_time = time.monotonic()
        is_idle = time.monotonic() - self._read_time > IDLE_SECONDS
        return is_idle or not self._thread.is_alive()

    def _read(self) -> None:
        """Print what comes through the pipe, until all processes have closed it."""
        while chunk := os.read(self._read_end, CHUNK_BYTES):
            self._read_time = time.monotonic()
            self._write_log(chunk)
            self._print_lines(chunk)
        os.close(self._read_end)
        if self._rest:
            self._print_lines(b"\n")
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

    def _print_lines(self, chunk: bytes) -> None:
        """Print the lines that a piece of the output completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        lines = [newest_state(line) for line in lines]
        is_time = time.monotonic() - self._print_time > PROGRESS_SECONDS
        if len(self._rest) > MAX_LINE_BYTES or (b"\r" in self._rest and is_time):
            lines.append(newest_state(self._rest))
            self._rest = b""
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


def open_log(path: Path) -> BinaryIO:
    """Return a new file for the output of a stage, which replaces that of an earlier run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb", buffering=0)


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
