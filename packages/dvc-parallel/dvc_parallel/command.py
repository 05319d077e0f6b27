"""Run the commands of a stage, and end them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import psutil
from dvc.stage import Stage
from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs
from tqdm import tqdm

from .output import CommandOutput
from .processes import PidFile, find_processes, identify, is_running

GRACE_SECONDS = 5  # how long a command may take to stop before it is killed
POLL_SECONDS = 0.05
KILL = signal.SIGKILL if os.name == "posix" else signal.SIGTERM


class Command:
    """The commands of a stage, which run one after another until one fails.

    Attributes:
        return_code: the status of the last command that has ended.
    """

    def __init__(
        self,
        commands: Sequence[tuple[str, dict[str, Any]]],
        announce: Callable[[str], None],
        output: CommandOutput | None,
        pid_file: PidFile,
    ) -> None:
        """Start the first command.

        Args:
            commands: each command, and the arguments of `subprocess.Popen` for it.
            announce: is called with each command before it starts.
            output: where the output goes. Without it, the commands use the terminal, or
                whatever input and output this process has.
            pid_file: the file that names the running command.
        """
        self.return_code = 0
        self._waiting = list(commands)
        self._announce = announce
        self._output = output
        self._pid_file = pid_file
        self._start_time = time.monotonic()
        self._signalled: set[psutil.Process] = set()  # processes that were sent a signal
        self._start_next()

    def _start_next(self) -> None:
        """Start the next command, in a session of its own, so that Ctrl-C does not reach it."""
        line, arguments = self._waiting.pop(0)
        self._announce(line)
        if self._output:
            pipe = self._output.write_end
            arguments |= {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe}
        try:
            self._pid_file.write(arguments["env"], None)
            self._process = subprocess.Popen(**arguments, start_new_session=True)
        except OSError:  # such as a shell that does not exist
            self._forget()
            raise
        try:
            # A process that has ended is still there, because nobody has waited for it.
            process = psutil.Process(self._process.pid)
            self._identity = identify(process)
            self._pid_file.write(arguments["env"], process)
        except BaseException:  # such as a full disk: nobody would end the command later
            self._kill()
            self._forget()
            raise

    def _kill(self) -> None:
        """Kill the command that has just started, with all that it has started."""
        if os.name == "posix":
            os.killpg(self._process.pid, KILL)
        self._process.kill()
        self._process.wait()

    def _forget(self) -> None:
        """Remove what is there for a command that runs, because none does."""
        self._pid_file.remove()
        if self._output:
            self._output.finish()

    def advance(self) -> bool:
        """Start the next command if the current one has ended. Return whether all have."""
        if self._process.poll() is None:
            return False
        self.return_code = self._process.returncode
        if self.return_code == 0 and self._waiting:
            self._start_next()
            return False
        if self._output and not self._output.finish():
            return False
        self._pid_file.remove()
        return True

    def has_succeeded(self) -> bool:
        """Return whether all commands have ended without a failure, even if not yet noticed."""
        return not self._waiting and self._process.poll() == 0

    def describe_failure(self) -> str:
        """Return why the command failed: the signal that ended it, or its last line."""
        if self.return_code < 0:
            return f"ended by {name_signal(-self.return_code)}"
        last_line = self._output.last_line if self._output else ""
        return last_line.removeprefix("Error: ") or f"ended with status {self.return_code}"

    @property
    def seconds(self) -> float:
        """For how long the commands have run."""
        return time.monotonic() - self._start_time

    def describe_time(self) -> str:
        """Return for how long the commands have run, such as `00:12`."""
        return tqdm.format_interval(self.seconds)

    @property
    def is_unread(self) -> bool:
        """Whether nobody reads the output, because the terminal was closed."""
        return self._output is not None and self._output.is_closed

    def is_running(self) -> bool:
        """Return whether a process of the command runs, even if the command has ended."""
        self._process.poll()  # otherwise it stays in the table of processes
        self._signalled = {each for each in self._signalled if is_running(each)}
        return bool(self._signalled) or bool(find_processes(*self._identity))

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the command, and to all that they have started."""
        if os.name != "posix":
            number = signal.SIGTERM  # Windows can send no other signal.
        self._signalled.update(find_processes(*self._identity))
        for process in self._signalled:
            with suppress(psutil.Error):  # it has ended, or belongs to another user
                process.send_signal(number)

    def close(self) -> None:
        """Forget the command. If it could not be killed, its file tells the next run."""
        if self._output:
            wait_until(self._output.finish)
        if not self.is_running():
            self._pid_file.remove()


def command_arguments(
    stage: Stage, variables: dict[str, str], prefix: list[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the commands of a stage, each with the arguments that DVC passes to `Popen`.

    Args:
        stage: the stage.
        variables: environment variables to set.
        prefix: words in front of the shell that runs a command.
    """
    options = prepare_kwargs(stage, run_env=variables)
    commands = []
    for line in _enforce_cmd_list(stage.cmd):
        words = _make_cmd(get_executable(), line)
        if isinstance(words, str):  # on Windows
            args: Any = " ".join([*prefix, words])
        else:
            args = [*prefix, *words]
        commands.append((line, {"args": args, **options}))
    return commands


def terminate(
    commands: Collection[Command], number: signal.Signals, is_urgent: Callable[[], bool]
) -> None:
    """Send a signal to commands, and kill what has not ended after some seconds.

    Args:
        commands: the running commands.
        number: the signal.
        is_urgent: returns whether to kill them at once.
    """

    def have_ended() -> bool:
        return not any(command.is_running() for command in commands)

    for command in commands:
        command.send_signal(number)
    wait_until(lambda: have_ended() or is_urgent())
    deadline = time.monotonic() + GRACE_SECONDS
    while not have_ended() and time.monotonic() < deadline:
        for command in commands:  # again and again: a process may start another one meanwhile
            command.send_signal(KILL)
        time.sleep(POLL_SECONDS)
    for command in commands:
        command.close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true, but not longer than `GRACE_SECONDS`."""
    deadline = time.monotonic() + GRACE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def name_signal(number: int) -> str:
    """Return the name of a signal, such as `SIGKILL`. Most real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
