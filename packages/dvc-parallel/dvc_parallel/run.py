"""Decide which stage runs when, and run it."""

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import joblib
import networkx as nx
from dvc.stage import Stage
from tqdm import tqdm

from .command import POLL_SECONDS, Command, end_commands
from .output import Output, print_above_bar
from .processes import Record, describe_leftovers
from .project import (
    Inputs,
    Options,
    Preparation,
    Project,
    command_arguments,
    describe_error,
    open_repository,
)

INTERACTIVE = "--interactive is not supported; run `dvc repro --interactive`"


class CommandError(Exception):
    """The command of a stage has failed."""


class Run:
    """A run of all stages of a project that have to run.

    Attributes:
        errors: why stages have failed.
    """

    def __init__(self, project: Project, n_jobs: int) -> None:
        """Prepare a run. Nothing is started yet.

        Args:
            project: the project.
            n_jobs: how many commands may run at a time. If it is 1, a command uses the terminal
                itself. Otherwise each line that it prints is behind the name of its stage.
        """
        self.errors: dict[Stage, Exception] = {}
        self._skipped: list[Stage] = []  # because they depend on a stage that failed
        self._signals: list[signal.Signals] = []  # that have told this process to stop
        self._is_ending = False
        self._project = project
        self._n_jobs = n_jobs
        self._waiting = list(project.stages) if n_jobs == 1 else order_by_work_behind(project)
        self._commands: dict[Stage, Command] = {}
        self._inputs: dict[Stage, Inputs] = {}  # of the stages whose commands run

    def run(self) -> None:
        """Run all stages. If one of them fails, those that do not depend on it go on.

        If `stop` is called, end the commands and return.
        """
        n_stages = len(self._waiting)
        # The bar is shown only in a terminal, which a single command has for itself.
        is_hidden = True if self._n_jobs == 1 else None
        bar = tqdm(total=n_stages, unit="stage", disable=is_hidden, leave=False)
        with self._project.locked_paths(), bar:
            try:
                while (self._waiting or self._commands) and not self._signals:
                    self._start_ready()
                    self._record_ended()
                    # `set_postfix_str` draws the bar.
                    bar.n = n_stages - len(self._waiting) - len(self._commands)
                    bar.set_postfix_str(self._describe_commands())
                    time.sleep(POLL_SECONDS)
            finally:
                self._is_ending = True
                self._end_commands()

    def _end_commands(self) -> None:
        """End the commands that run, by the signal that has told this process to stop."""
        if self._signals and self._commands:
            with suppress(OSError):  # the terminal was closed
                click.echo("Ending the running stages. Ctrl-C kills them at once.", err=True)
        number = self._signals[0] if self._signals else signal.SIGTERM
        end_commands(self._commands.values(), number, lambda: len(self._signals) > 1)

    def report(self) -> None:
        """Print how the run went.

        Raises:
            ClickException: a stage failed, or the run was interrupted.
        """
        is_ignored = self._project.options.ignore_errors
        for stage, error in self.errors.items():
            suffix = " (ignored)" if is_ignored else ""
            click.echo(f"{stage.addressing}: {describe_error(error)}{suffix}", err=True)
        if self._waiting or self._commands:
            raise click.ClickException("interrupted; run the same command again to continue")
        n_stages = len(self._project.stages)
        failed = f"{len(self.errors)} of {n_stages} stages failed"
        if self.errors and not is_ignored:
            raise click.ClickException(
                f"{failed}, and {len(self._skipped)} that depend on them did not run; to "
                "retry, run the same command again"
            )
        click.echo(f"{failed}." if self.errors else "All stages are up to date.")

    def stop(self, number: int, *_: Any) -> None:
        """Let the run end as soon as DVC has written what it is writing.

        A second signal interrupts DVC, or kills the commands that have not ended yet.
        """
        self._signals.append(signal.Signals(number))
        self._project.is_stopped = True
        if len(self._signals) > 1 and not self._is_ending:
            raise KeyboardInterrupt

    def _start_ready(self) -> None:
        """Start ready stages, as many at a time as are allowed."""
        ready = self._find_ready()
        while ready and len(self._commands) < self._n_jobs and not self._signals:
            stage = ready[0]
            self._waiting.remove(stage)
            # The commands share the cores.
            variables = self._describe_share(
                min(self._n_jobs, len(self._commands) + len(ready))
            )
            with self._note_error(stage), self._project.locked():
                found = self._project.prepare(stage)
                if found is Preparation.CACHED:
                    pass  # DVC has said so
                elif isinstance(found, Preparation):
                    self._say(stage, found.value)
                else:
                    self._inputs[stage] = found
                    self._commands[stage] = self._start(stage, variables)
            ready = self._find_ready()

    def _start(self, stage: Stage, variables: dict[str, str]) -> Command:
        """Start the commands of a stage, with some environment variables."""
        name = stage.addressing
        arguments = command_arguments(stage, variables)
        record = Record(Path(self._project.repo.tmp_dir))
        if self._n_jobs == 1:
            self._print(f"Running stage '{name}':")
            return Command(arguments, lambda line: self._print(f"> {line}"), None, record)
        output = Output(name)
        return Command(arguments, output.announce, output, record)

    def _describe_share(self, n_commands: int) -> dict[str, str]:
        """Return the environment variables for one of several commands that run at once."""
        # joblib reads the number of cores from this variable.
        variables = {"LOKY_MAX_CPU_COUNT": str(max(1, joblib.cpu_count() // n_commands))}
        if self._n_jobs > 1:
            # Otherwise Python keeps back what a command prints until it has printed much.
            variables["PYTHONUNBUFFERED"] = os.environ.get("PYTHONUNBUFFERED", "1")
        return variables

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

    def _find_ready(self) -> list[Stage]:
        """Return the waiting stages that depend on no stage that waits or runs."""
        unfinished = {*self._waiting, *self._commands}
        dependencies = self._project.graph.successors
        return [each for each in self._waiting if unfinished.isdisjoint(dependencies(each))]

    def _record_ended(self) -> None:
        """Record the stages whose commands have ended."""
        for stage, command in list(self._commands.items()):
            with self._note_error(stage):
                if not command.advance():
                    if command.is_unread:
                        self._stop_unread()
                    continue
                del self._commands[stage]
                inputs = self._inputs.pop(stage)
                word = "failed" if command.return_code else "ended"
                self._say(stage, f"{word} after {command.describe_time()}")
                if command.return_code != 0:
                    raise CommandError(command.describe_failure())
                with self._project.locked():
                    self._project.record(stage, inputs)

    @contextmanager
    def _note_error(self, stage: Stage) -> Iterator[None]:
        """Record any exception in a block of code as the failure of a stage."""
        try:
            yield
        except Exception as error:
            self._commands.pop(stage, None)
            if self._signals:  # The signal may be the cause.
                self._waiting.append(stage)
                return
            self.errors[stage] = error
            if not self._project.options.ignore_errors:
                self._skip_dependents(stage)

    def _skip_dependents(self, stage: Stage) -> None:
        """Do not run the stages that depend on a stage, which has failed."""
        dependents = nx.ancestors(self._project.graph, stage)  # the edges point to dependencies
        self._skipped += [each for each in self._waiting if each in dependents]
        self._waiting = [each for each in self._waiting if each not in dependents]

    def _describe_commands(self) -> str:
        """Return the names of the running stages and their times, such as `train@knn 00:12`."""
        commands = self._commands.items()
        return ", ".join(
            f"{stage.addressing} {each.describe_time()}" for stage, each in commands
        )


def order_by_work_behind(project: Project) -> list[Stage]:
    """Sort stages so that those with the most work behind them come first.

    Nobody knows how long a stage takes. Roughly, the larger its outputs were in the last run,
    the longer it took. Stages that have never run come first.
    """
    work_behind: dict[Stage, float] = {}
    # The edges point to dependencies, so the last stage of the pipeline comes first.
    for stage in nx.topological_sort(project.graph):
        behind = [work_behind[each] for each in project.graph.predecessors(stage)]
        sizes = [math.inf if out.meta.size is None else out.meta.size for out in stage.outs]
        work_behind[stage] = sum(sizes) + max(behind, default=0)
    return sorted(project.stages, key=work_behind.__getitem__, reverse=True)


def run_stages(
    targets: Sequence[str] = (),
    jobs: int = 1,
    *,
    dry: bool = False,
    check: Callable[[], None] | None = None,
    **options: bool,
) -> None:
    """Bring the project of the working directory up to date.

    Args:
        targets: the names of stages, as `Project` takes them.
        jobs: how many commands may run at a time.
        dry: whether to print the names of the stages, instead of running them.
        check: is called before the first stage runs. An error that it raises ends the run.
        options: the fields of `Options`.

    Raises:
        ClickException: a stage failed, the run was interrupted, or DVC refused it.
    """
    with open_repository() as repo:
        if repo.config["core"].get("interactive"):
            raise click.ClickException(
                f"core.interactive is set in the configuration, but {INTERACTIVE}"
            )
        leftovers = describe_leftovers(Path(repo.tmp_dir))
        if leftovers and not dry:
            raise click.ClickException(leftovers)
        project = Project(repo, targets, Options(**options))
        if not project.stages:
            click.echo("Nothing to do: all stages are up to date.")
        elif dry:
            click.echo("\n".join(stage.addressing for stage in project.stages))
        else:
            if check:
                check()
            run = Run(project, jobs)
            with call_on_signals(run.stop):
                run.run()
            run.report()


@contextmanager
def call_on_signals(stop: Callable[..., None]) -> Iterator[None]:
    """Call a function when this process is told to stop, until the `with` block ends.

    That is at Ctrl-C, at SIGTERM, and when the terminal is closed. A signal that is ignored, as
    after `nohup`, stays ignored.
    """
    names = ["SIGINT", "SIGTERM", "SIGHUP"]  # Windows has no SIGHUP.
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    previous = {number: signal.getsignal(number) for number in numbers}
    heeded = {
        number: handler for number, handler in previous.items() if handler != signal.SIG_IGN
    }
    for number in heeded:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)
