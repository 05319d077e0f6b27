"""Decide which stage runs when, and run it."""

import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import joblib
import networkx as nx
from dvc.stage import Stage
from tqdm import tqdm

from .command import Command, end_commands
from .project import Inputs, Project, command_arguments, describe_error, open_repository

POLL_SECONDS = 0.05


class Run:
    """A run of all stages of a project that have to run."""

    def __init__(self, project: Project, n_jobs: int) -> None:
        """Prepare a run. Nothing is started yet."""
        self._errors: dict[Stage, str] = {}
        self._skipped: list[Stage] = []  # because they depend on a stage that failed
        self._is_stopped = False
        self._project = project
        self._n_jobs = n_jobs
        self._waiting = order_by_work_behind(project)
        self._commands: dict[Stage, Command] = {}
        self._inputs: dict[Stage, Inputs] = {}  # of the stages whose commands run

    def run(self) -> None:
        """Run all stages. If one of them fails, those that do not depend on it go on.

        If `stop` is called, kill the commands and return.
        """
        # The bar is shown only in a terminal.
        n_stages = len(self._waiting)
        bar = tqdm(total=n_stages, unit="stage", disable=None, leave=False)
        with self._project.locked_paths(), bar:
            try:
                while (self._waiting or self._commands) and not self._is_stopped:
                    self._start_ready()
                    self._record_ended()
                    # `set_postfix_str` draws the bar.
                    bar.n = n_stages - len(self._waiting) - len(self._commands)
                    bar.set_postfix_str(self._describe_commands())
                    time.sleep(POLL_SECONDS)
            finally:
                end_commands(self._commands.values())

    def report(self) -> None:
        """Print how the run went.

        Raises:
            ClickException: a stage failed, or the run was interrupted.
        """
        for stage, error in self._errors.items():
            click.echo(f"{stage.addressing}: {error}", err=True)
        if self._is_stopped and (self._waiting or self._commands):
            raise click.ClickException("interrupted; run the same command again to continue")
        if self._errors:
            n_stages = len(self._project.stages)
            raise click.ClickException(
                f"{len(self._errors)} of {n_stages} stages failed, and {len(self._skipped)} "
                "that depend on them did not run; to retry, run the same command again"
            )
        print("All stages are up to date.")

    def stop(self, *_: Any) -> None:
        """Let the run end as soon as DVC has written what it is writing."""
        self._is_stopped = True
        # A second Ctrl-C interrupts at once.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _start_ready(self) -> None:
        """Start ready stages, as many at a time as are allowed."""
        ready = self._find_ready()
        while ready and len(self._commands) < self._n_jobs and not self._is_stopped:
            stage = ready[0]
            self._waiting.remove(stage)
            # The commands share the cores. joblib reads their number from this variable.
            n_commands = min(self._n_jobs, len(self._commands) + len(ready))
            n_cores = max(1, joblib.cpu_count() // n_commands)
            variables = {"LOKY_MAX_CPU_COUNT": str(n_cores)}
            with self._note_error(stage), self._project.locked():
                inputs = self._project.prepare(stage)
                if inputs is not None:
                    self._commands[stage] = Command(command_arguments(stage, variables))
                    self._inputs[stage] = inputs
            ready = self._find_ready()

    def _find_ready(self) -> list[Stage]:
        """Return the waiting stages that depend on no stage that waits or runs."""
        unfinished = {*self._waiting, *self._commands}
        dependencies = self._project.graph.successors
        return [each for each in self._waiting if unfinished.isdisjoint(dependencies(each))]

    def _record_ended(self) -> None:
        """Print the output of the stages whose commands have ended, and record the stages."""
        for stage, command in list(self._commands.items()):
            if not command.advance():
                continue
            del self._commands[stage]
            output = command.read_output()
            title = f"Stage '{stage.addressing}' ended after {command.describe_time()}"
            with tqdm.external_write_mode():  # the bar is not in the way
                click.echo(f"{title}\n{output}".rstrip())
            if command.return_code != 0:
                self._note_failure(stage, describe_failure(command.return_code, output))
                continue
            with self._note_error(stage), self._project.locked():
                self._project.record(stage, self._inputs.pop(stage))

    @contextmanager
    def _note_error(self, stage: Stage) -> Iterator[None]:
        """Record any exception in a block of code as the failure of a stage."""
        try:
            yield
        except Exception as error:
            self._note_failure(stage, describe_error(error))

    def _note_failure(self, stage: Stage, error: str) -> None:
        """Record the failure of a stage, and skip the stages that depend on it."""
        self._errors[stage] = error
        dependents = nx.ancestors(self._project.graph, stage)  # the edges point to dependencies
        self._skipped += [each for each in self._waiting if each in dependents]
        self._waiting = [each for each in self._waiting if each not in dependents]

    def _describe_commands(self) -> str:
        """Return the names of the running stages and their times, such as `train@knn 00:12`."""
        commands = self._commands.items()
        return ", ".join(
            f"{stage.addressing} {each.describe_time()}" for stage, each in commands
        )


def describe_failure(return_code: int, output: str) -> str:
    """Return why a command failed: the signal that ended it, or the last line of its output."""
    if return_code < 0:
        return f"ended by {signal.Signals(-return_code).name}"
    lines = output.splitlines()
    last_line = lines[-1] if lines else ""
    return last_line.removeprefix("Error: ") or f"ended with status {return_code}"


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
    targets: Sequence[str],
    jobs: int,
    *,
    force: bool,
    single_item: bool,
    dry: bool,
    check: Callable[[], None] | None = None,
) -> None:
    """Bring the project of the working directory up to date.

    Args:
        targets: the names of stages, as `Project` takes them.
        jobs: how many commands may run at a time.
        force: whether to run stages that are up to date, too.
        single_item: whether to leave out the stages that the targets depend on.
        dry: whether to print the names of the stages, instead of running them.
        check: is called before the first stage runs. An error that it raises ends the run.

    Raises:
        ClickException: a stage failed, the run was interrupted, or DVC refused it.
    """
    with open_repository() as repo:
        project = Project(repo, targets, force=force, single_item=single_item)
        if not project.stages:
            print("Nothing to do: all stages are up to date.")
        elif dry:
            print("\n".join(stage.addressing for stage in project.stages))
        else:
            if check:
                check()
            run = Run(project, jobs)
            with call_on_signals(run.stop):
                run.run()
            run.report()


@contextmanager
def call_on_signals(stop: Callable[..., None]) -> Iterator[None]:
    """Call a function at Ctrl-C and at SIGTERM, until the `with` block ends."""
    signals = [signal.SIGINT, signal.SIGTERM]
    previous = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
