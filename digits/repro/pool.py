"""Run processes of DVC, several at a time."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from digits.core.errors import UserError
from digits.repro.dvc_processes import describe_busy, end_processes, start_dvc

import joblib
from tqdm import tqdm

POLL_SECONDS = 0.1
SECONDS_TO_END = 2.0  # how long a process may take to stop before it is killed

# The output of DVC ends with hints on Git and on the remote, one of which comes first.
HINTS = ["To track the changes with git, run:", "Use `dvc push` to send your updates"]


@dataclass
class Run:
    """A process of DVC.

    Attributes:
        name: the model or the dataset whose stages it runs.
        process: the process.
        output: the file with what it prints.
        start_time: when it was started, in seconds.
    """

    name: str
    process: subprocess.Popen[str]
    output: IO[str]
    start_time: float = field(default_factory=time.monotonic)

    def has_ended(self) -> bool:
        """Return whether the process has ended."""
        return self.process.poll() is not None

    def read_output(self) -> str:
        """Return what the process has printed, without the hints of DVC."""
        self.output.seek(0)
        text = self.output.read()
        for hint in HINTS:
            text = text.partition(hint)[0]
        return text.strip()

    def describe(self) -> str:
        """Return the name and the running time, such as `digit-knn 0:12`."""
        minutes, seconds = divmod(int(time.monotonic() - self.start_time), 60)
        return f"{self.name} {minutes}:{seconds:02}"


def run_all(kind: str, commands: dict[str, list[str]], n_jobs: int) -> dict[str, str]:
    """Run `dvc repro` for several models or datasets, each in a process of its own.

    The lines that a process prints are shown together when it has ended. If one process fails,
    the others go on.

    Args:
        kind: "models" or "datasets".
        commands: the arguments of `dvc repro` for each model or dataset, by its name, in the
            order to start them.
        n_jobs: how many processes run at a time.

    Returns:
        The error of each model or dataset that failed, by its name.

    Raises:
        UserError: Ctrl-C was pressed, or SIGTERM was sent. All processes have ended.
    """
    n_jobs = min(n_jobs, len(commands))  # a single process gets all cores
    waiting = list(commands)
    running: list[Run] = []
    errors = {}
    # The bar is shown only in a terminal.
    bar = tqdm(total=len(commands), desc=kind, disable=None, leave=False)
    with bar, end_processes_on_exit(running):
        while waiting or running:
            while waiting and len(running) < n_jobs:
                name = waiting.pop(0)
                running.append(start_run(name, commands[name], n_jobs))

            ended = [run for run in running if run.has_ended()]
            for run in ended:
                running.remove(run)
                output = run.read_output()
                run.output.close()
                tqdm.write(f"{output}\n")
                if run.process.returncode != 0:
                    errors[run.name] = find_error(output, run.process.returncode)
                bar.update()

            bar.set_postfix_str(", ".join(run.describe() for run in running))
            time.sleep(POLL_SECONDS)
    return errors


def start_run(name: str, arguments: list[str], n_jobs: int) -> Run:
    """Start `dvc repro` with some arguments, with an equal part of the cores for each job."""
    output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    # The jobs share the cores: joblib takes the number of cores from this variable.
    n_cores = max(1, joblib.cpu_count() // n_jobs)
    command = ["--wait-for-lock", "repro", *arguments]
    process = start_dvc(command, output, LOKY_MAX_CPU_COUNT=str(n_cores))
    return Run(name, process, output)


def find_error(output: str, return_code: int) -> str:
    """Return why a process failed.

    It is the signal that ended it, or the error of the stage, or the process that blocks the
    stage, or the last line of the output.
    """
    if return_code < 0:
        return f"ended by {signal.Signals(-return_code).name}"
    lines = [line for line in output.splitlines() if line.strip()]
    errors_of_stage = [line for line in lines if line.startswith("Error: ")]
    if errors_of_stage:
        return errors_of_stage[-1].removeprefix("Error: ")
    busy = describe_busy(output)
    if busy is not None:
        return busy
    return lines[-1] if lines else f"ended with status {return_code}"


@contextmanager
def end_processes_on_exit(running: list[Run]) -> Iterator[None]:
    """End the processes in `running` when the block is left, also on Ctrl-C and SIGTERM."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise UserError("interrupted; run the same command again to continue") from None
    finally:
        end_processes([run.process for run in running], SECONDS_TO_END)
        signal.signal(signal.SIGTERM, previous)
