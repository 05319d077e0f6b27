"""Run the stages of a plan, several at a time.

`Run` starts commands, waits for them and records their stages. All of DVC's work is done in the
main thread, one stage after another, because DVC is not made for several threads.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from dvc.lock import LockError
from dvc.stage import Stage
from tqdm import tqdm

from .command import (
    POLL_SECONDS,
    Command,
    command_arguments,
    terminate,
    wait_until,
)
from .cores import share_cores
from .limits import FILE, Limits, read_limits
from .mixed_stages import check_stages
from .options import Options
from .order import ReadyStages, order_by_work_behind
from .output import CommandOutput, log_path, print_above_bar
from .processes import FOLDER, PidFile, describe_leftovers
from .project import Project
from .repository import describe_error, open_repository
from .results import Outcome, Results

SHORTEST_POLL_SECONDS = 0.001
BUSY_SECONDS = 1  # until a stage is tried again if another process of DVC has locked its files


class CommandError(Exception):
    """The command of a stage has failed."""


class Run:
    """A run of the stages of a project that have to run.

    Attributes:
        results: how the stages have ended, as far as they have.
    """

    def __init__(self, project: Project, n_jobs: int, limits: Limits) -> None:
        """Prepare a run. Nothing is started yet.

        Args:
            project: the project.
            n_jobs: how many commands may run at a time. If it is 1, a command uses the terminal
                itself. Otherwise each line that it prints is behind the name of its stage.
            limits: how many stages of a kind may run at a time.
        """
        plan = project.plan
        order = plan.stages if n_jobs == 1 else order_by_work_behind(plan)
        self.results = Results(order)
        self._project = project
        self._n_jobs = n_jobs
        self._limits = limits
        self._ready = ReadyStages(order, plan.waits_for)
        # When to try stages again whose files another process of DVC has locked
        self._retry_times: dict[Stage, float] = {}
        self._commands: dict[Stage, Command] = {}
        self._signals: list[signal.Signals] = []  # that have told this process to stop
        self._is_terminating = False

    def run(self) -> None:
        """Run all stages. If one of them fails, those that do not depend on it go on.

        If `stop` is called, end the commands and return.
        """
        # None shows the bar only in a terminal. A single command has the terminal for itself.
        is_bar_hidden = True if self._n_jobs == 1 else None
        n_stages = len(self.results.stages)
        bar = tqdm(total=n_stages, unit="stage", disable=is_bar_hidden, leave=False)
        pause = SHORTEST_POLL_SECONDS
        with bar:
            try:
                while (self._ready or self._commands) and not self._signals:
                    has_started = self._start_ready()
                    if self._collect_commands() or has_started:
                        pause = SHORTEST_POLL_SECONDS
                    else:
                        pause = min(2 * pause, POLL_SECONDS)
                    bar.n = len(self.results.outcomes)
                    bar.set_postfix_str(self._describe_commands())  # draws the bar, too
                    time.sleep(pause)
            finally:
                self._shut_down()

    # Before the command of a stage

    def _start_ready(self) -> bool:
        """Start ready stages, as many at a time as are allowed. Return whether one started."""
        has_started = False
        while len(self._commands) < self._n_jobs and not self._signals:
            stage = self._choose_ready()
            if stage is None:
                break
            self._ready.take(stage)
            has_started = True
            with self._errors_noted(stage):
                self._start(stage)
        return has_started

    def _choose_ready(self) -> Stage | None:
        """Return the first ready stage that may start now, if there is one."""
        now = time.monotonic()
        for stage in self._ready:
            is_busy = self._retry_times.get(stage, now) > now
            if not is_busy and self._limits.count_startable([stage]) == 1:
                return stage
        return None

    def _start(self, stage: Stage) -> None:
        """Bring a stage up to date without its command, or start the command."""
        with self._project.locked():
            try:
                done = self._project.prepare(stage)
            except LockError:
                self._wait_for_other_dvc(stage)
                return
            if done is None:
                self._commands[stage] = self._start_command(stage)
                return
            if done.message:
                self._say(stage, done.message)
            self._finish(stage, done.outcome)

    def _wait_for_other_dvc(self, stage: Stage) -> None:
        """Try a stage again later, because another process of DVC works on its files."""
        if stage not in self._retry_times:
            self._say(stage, "waits for another process of DVC, which works on its files")
        self._retry_times[stage] = time.monotonic() + BUSY_SECONDS
        self._ready.put_back(stage)

    def _start_command(self, stage: Stage) -> Command:
        """Start the commands of a stage."""
        folder = Path(self._project.repo.tmp_dir, FOLDER)
        leftovers = describe_leftovers(folder)  # of another run that was killed since the start
        if leftovers:
            raise CommandError(leftovers)
        pid_file = PidFile(folder)
        variables, prefix = self._choose_environment(stage)
        commands = command_arguments(stage, variables, prefix)
        if self._n_jobs == 1:
            self._print(f"Running stage '{stage.addressing}':")
            return Command(commands, lambda line: self._print(f"> {line}"), None, pid_file)
        log = folder / "logs" / log_path(stage)
        self.results.logs[stage] = log
        log.parent.mkdir(parents=True, exist_ok=True)
        output = CommandOutput(stage.addressing, log.open("wb", buffering=0))
        return Command(commands, output.announce, output, pid_file)

    def _choose_environment(self, stage: Stage) -> tuple[dict[str, str], list[str]]:
        """Return the environment variables of a stage, and the words before its commands."""
        job_variables, prefix = self._limits.take(stage)
        # Stages that the limits do not let start beside this one need no cores.
        n_others = len(self._commands) + self._limits.count_startable(self._ready)
        n_commands = min(self._n_jobs, n_others + 1)
        variables = {**share_cores(n_commands), **job_variables}
        if self._n_jobs > 1:
            # Otherwise Python keeps back what a command prints until it has printed much.
            variables["PYTHONUNBUFFERED"] = os.environ.get("PYTHONUNBUFFERED", "1")
        return variables, prefix

    # After the command of a stage

    def _collect_commands(self) -> bool:
        """Record the stages whose commands have ended. Return whether there were any."""
        has_ended = False
        for stage, command in list(self._commands.items()):
            with self._errors_noted(stage):
                if command.advance():
                    has_ended = True
                    del self._commands[stage]
                    self._record(stage, command)
                elif command.is_unread:
                    self._stop_unread()
        return has_ended

    def _record(self, stage: Stage, command: Command) -> None:
        """Record a stage whose commands have ended.

        Raises:
            CommandError: the last command has failed.
        """
        self._limits.give_back(stage)
        self.results.seconds[stage] = round(command.seconds, 3)
        word = "failed" if command.return_code else "ended"
        self._say(stage, f"{word} after {command.describe_time()}")
        if command.return_code:
            raise CommandError(command.describe_failure())
        try:
            with self._project.locked():
                self._project.record(stage)
        except LockError as error:
            self._say(stage, f"has ended, but is not recorded: {describe_error(error)}")
            raise
        self._finish(stage, Outcome.RUN)

    def _finish(self, stage: Stage, outcome: Outcome) -> None:
        """Note that a stage has ended, so that those that depend on it can start."""
        self.results.outcomes[stage] = outcome
        self._project.path_locks.release(stage)
        self._ready.finish(stage)

    @contextmanager
    def _errors_noted(self, stage: Stage) -> Iterator[None]:
        """Note any exception in a `with` block as the failure of a stage."""
        try:
            yield
        except Exception as error:
            self._commands.pop(stage, None)
            self._limits.give_back(stage)
            self._project.path_locks.release(stage)
            if not self._signals:  # Otherwise the signal may be the cause.
                self._fail(stage, error)

    def _fail(self, stage: Stage, error: Exception) -> None:
        """Note that a stage has failed, and that those that depend on it will not run."""
        self.results.errors[stage] = error
        options = self._project.options
        # With these options, DVC also runs the stages that depend on this one.
        if options.ignore_errors or options.is_single_item:
            self._finish(stage, Outcome.FAILED)
            return
        self.results.outcomes[stage] = Outcome.FAILED
        for dependent in self._project.plan.find_dependents(stage):
            self.results.outcomes.setdefault(dependent, Outcome.NOT_RUN)

    # At the end, and after a signal

    def stop(self, number: int, *_: Any) -> None:
        """Let the run end as soon as DVC has written what it is writing.

        A second signal kills the commands that have not ended yet, or interrupts DVC.
        """
        self._signals.append(signal.Signals(number))
        self._project.is_stopped = True
        if len(self._signals) > 1 and not self._is_terminating:
            raise KeyboardInterrupt

    def _shut_down(self) -> None:
        """End the commands that still run, and record the stages whose commands had ended."""
        try:
            finished = {
                stage: command
                for stage, command in self._commands.items()
                if command.has_succeeded()
            }
            for stage in finished:
                del self._commands[stage]
            self._terminate_commands()
            if len(self._signals) == 1:  # A second one asks to end without that.
                for stage, command in finished.items():
                    wait_until(command.advance)  # for the rest of its output
                    with self._errors_noted(stage):
                        self._record(stage, command)
        finally:
            self._project.path_locks.release_all()

    def _terminate_commands(self) -> None:
        """End the commands that run, by the signal that has told this process to stop."""
        if self._signals and self._commands:
            with suppress(OSError):  # the terminal was closed
                click.echo("Ending the running stages. Ctrl-C kills them at once.", err=True)
        number = self._signals[0] if self._signals else signal.SIGTERM
        self._is_terminating = True
        terminate(self._commands.values(), number, lambda: len(self._signals) > 1)
        self._is_terminating = False

    # What the user sees

    def report(self) -> None:
        """Print how the run went.

        Raises:
            ClickException: a stage failed, or the run was interrupted.
        """
        results = self.results
        is_ignored = self._project.options.ignore_errors
        with suppress(OSError):  # nobody reads it
            click.echo(results.summarize())
        for line in results.list_failures(suffix=" (ignored)" if is_ignored else ""):
            click.echo(line, err=True)
        if len(results.outcomes) < len(results.stages):
            raise click.ClickException("interrupted; run the same command again to continue")
        n_not_run = list(results.outcomes.values()).count(Outcome.NOT_RUN)
        failed = f"{len(results.errors)} of {len(results.stages)} stages failed"
        if results.errors and not is_ignored:
            raise click.ClickException(
                f"{failed}, and {n_not_run} that depend on them did not run; to retry, run the "
                "same command again"
            )
        click.echo(f"{failed}." if results.errors else "All stages are up to date.")

    def _describe_commands(self) -> str:
        """Return the names of the running stages and their times, such as `train@knn 00:12`."""
        commands = self._commands.items()
        return ", ".join(
            f"{stage.addressing} {command.describe_time()}" for stage, command in commands
        )

    def _say(self, stage: Stage, text: str) -> None:
        """Print a line about a stage."""
        name = f"Stage '{stage.addressing}'" if self._n_jobs == 1 else f"{stage.addressing}:"
        self._print(f"{name} {text}")

    def _print(self, line: str) -> None:
        """Print a line. If nobody reads it, such as after `| head`, stop the run."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:
            print_above_bar(f"{line}\n".encode(encoding, errors="replace"))
        except OSError:
            self._stop_unread()

    def _stop_unread(self) -> None:
        """Stop the run, because nobody reads its output."""
        if not self._signals:
            self.stop(signal.SIGTERM)


def run_stages(
    targets: Sequence[str] = (),
    jobs: int = 1,
    *,
    dry: bool = False,
    json_file: str | None = None,
    check: Callable[[], None] | None = None,
    **options: bool,
) -> None:
    """Bring the project of the working directory up to date.

    Args:
        targets: the names of stages, as `make_plan` takes them.
        jobs: how many commands may run at a time.
        dry: whether to print the names of the stages, instead of running them.
        json_file: the path of a file that tells a program how each stage has ended. With `dry`,
            none has run.
        check: is called before the first stage runs. An error that it raises ends the run.
        options: the fields of `Options`.

    Raises:
        ClickException: a stage failed, the run was interrupted, or DVC refused it. Or a merge
            has mixed a stage of dvc.lock, or the JSON file cannot be written.
    """
    check_json_file(json_file)
    with open_repository() as repo:
        leftovers = describe_leftovers(Path(repo.tmp_dir, FOLDER))
        if leftovers and not dry:
            raise click.ClickException(leftovers)
        limits = read_limits(Path(repo.root_dir))
        if repo.config["core"].get("interactive"):
            options["interactive"] = True
        project = Project(repo, targets, Options(**options))
        check_stages(repo.index.stages)
        stages = project.plan.stages
        if not stages:
            write_json(json_file, {"seconds": 0, "stages": []})
            click.echo("Nothing to do: all stages are up to date.")
            return
        if dry:
            write_json(json_file, Results(stages).as_json())
            click.echo("\n".join(stage.addressing for stage in stages))
            return
        for pattern in limits.find_unmatched(repo.index.stages):
            click.echo(f"Warning: {FILE}: no stage matches {pattern!r}", err=True)
        if check:
            check()
        run = Run(project, jobs, limits)
        with call_on_signals(run.stop):
            run.run()
        try:
            write_json(json_file, run.results.as_json())
        finally:  # The user wants to know how the run went, even if the disk is full.
            run.report()


def check_json_file(path: str | None) -> None:
    """Refuse a JSON file that could not be written, before any stage runs.

    Raises:
        ClickException: the path is that of a folder, or its folder does not exist.
    """
    if not path:
        return
    folder = Path(path).parent
    if not folder.is_dir():
        raise click.ClickException(f"--json {path}: there is no folder {folder}")
    if Path(path).is_dir():
        raise click.ClickException(f"--json {path}: is a folder")


def write_json(path: str | None, content: dict[str, Any]) -> None:
    """Write a JSON file if the user wants one.

    Raises:
        ClickException: the file cannot be written.
    """
    if not path:
        return
    text = json.dumps(content, indent=2)
    try:
        Path(path).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"--json {path}: {error.strerror}") from None


@contextmanager
def call_on_signals(stop: Callable[..., None]) -> Iterator[None]:
    """Call a function when this process is told to stop, until the `with` block ends.

    That is at Ctrl-C, at SIGTERM, and when the terminal is closed. A signal that is ignored, as
    after `nohup`, stays ignored.
    """
    names = ["SIGINT", "SIGTERM", "SIGHUP"]  # Windows has no SIGHUP.
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heeded = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    handlers = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
