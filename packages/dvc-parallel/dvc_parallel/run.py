"""Decide which stage runs when, and run it."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import click
from dvc.lock import LockError
from dvc.stage import Stage
from tqdm import tqdm

from .command import POLL_SECONDS, Command, end_commands
from .cores import count_cores
from .limits import FILE, Limits, read_limits
from .output import Output, open_log, print_above_bar
from .processes import FOLDER, Record, describe_leftovers
from .project import (
    Inputs,
    Options,
    Preparation,
    Project,
    command_arguments,
    describe_error,
    open_repository,
)
from .storing import Storing, has_large_outputs

SHORTEST_POLL_SECONDS = 0.001
BUSY_SECONDS = 1  # after which a stage is tried again on whose files another DVC works

# The variables by which libraries limit their threads: OpenMP, with PyTorch and scikit-learn,
# then three libraries for linear algebra, and numexpr.
THREADS = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
]


class CommandError(Exception):
    """The command of a stage has failed."""


class Outcome(Enum):
    """How a stage has ended, as the summary says it."""

    RUN = "run"
    RESTORED = "restored"
    PULLED = "pulled"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not run"


OUTCOMES = {
    Preparation.UNCHANGED: Outcome.SKIPPED,
    Preparation.CACHED: Outcome.RESTORED,
    Preparation.PULLED: Outcome.PULLED,
    Preparation.VERIFIED: Outcome.RUN,
}


class Run:
    """A run of all stages of a project that have to run.

    Attributes:
        errors: why stages have failed.
        outcomes: how stages have ended.
    """

    def __init__(self, project: Project, n_jobs: int, limits: Limits) -> None:
        """Prepare a run. Nothing is started yet.

        Args:
            project: the project.
            n_jobs: how many commands may run at a time. If it is 1, a command uses the terminal
                itself. Otherwise each line that it prints is behind the name of its stage.
            limits: how many stages of a kind may run at a time.
        """
        self.errors: dict[Stage, Exception] = {}
        self.outcomes: dict[Stage, Outcome] = {}
        self._start_time = time.monotonic()
        self._seconds: dict[Stage, float] = {}  # of the commands that have ended
        self._signals: list[signal.Signals] = []  # that have told this process to stop
        self._is_ending = False
        self._project = project
        self._n_jobs = n_jobs
        self._limits = limits
        stages = project.stages if n_jobs == 1 else order_by_work_behind(project)
        self._ranks = {stage: rank for rank, stage in enumerate(stages)}
        # The edges of the graph point to dependencies.
        self._sorter = TopologicalSorter(
            {stage: list(project.graph.successors(stage)) for stage in stages}
        )
        self._sorter.prepare()
        self._ready: list[Stage] = []
        self._add_ready(*self._sorter.get_ready())
        self._busy: dict[Stage, float] = {}  # when to try again, because of another DVC
        self._commands: dict[Stage, Command] = {}
        self._inputs: dict[Stage, Inputs] = {}  # of the stages whose commands run or have run
        self._storing: dict[Stage, Storing] = {}
        self._logs: dict[Stage, Path] = {}

    def run(self) -> None:
        """Run all stages. If one of them fails, those that do not depend on it go on.

        If `stop` is called, end the commands and return.
        """
        # The bar is shown only in a terminal, which a single command has for itself.
        is_hidden = True if self._n_jobs == 1 else None
        bar = tqdm(total=len(self._ranks), unit="stage", disable=is_hidden, leave=False)
        pause = SHORTEST_POLL_SECONDS
        with bar:
            try:
                while (self._ready or self._commands or self._storing) and not self._signals:
                    has_started = self._start_ready()
                    has_ended = self._record_ended()
                    # `set_postfix_str` draws the bar.
                    bar.n = len(self.outcomes)
                    bar.set_postfix_str(self._describe_commands())
                    is_idle = not (has_started or has_ended)
                    pause = min(2 * pause, POLL_SECONDS) if is_idle else SHORTEST_POLL_SECONDS
                    time.sleep(pause)
            finally:
                self._is_ending = True
                self._end_commands()
                self._project.path_locks.release_all()

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
        with suppress(OSError):  # nobody reads it
            click.echo(self._describe_outcomes())
        for stage, error in self.errors.items():
            log = self._logs.get(stage)
            suffix = " (ignored)" if is_ignored else ""
            where = f" (all of its output: {os.path.relpath(log)})" if log else ""
            message = f"{stage.addressing}: {describe_error(error)}{suffix}{where}"
            click.echo(message, err=True)
        if len(self.outcomes) < len(self._ranks):
            raise click.ClickException("interrupted; run the same command again to continue")
        failed = f"{len(self.errors)} of {len(self._ranks)} stages failed"
        if self.errors and not is_ignored:
            n_skipped = list(self.outcomes.values()).count(Outcome.NOT_RUN)
            raise click.ClickException(
                f"{failed}, and {n_skipped} that depend on them did not run; to "
                "retry, run the same command again"
            )
        click.echo(f"{failed}." if self.errors else "All stages are up to date.")

    def _describe_outcomes(self) -> str:
        """Return how many stages have ended in which way: `3 stages: 3 run, in 5.0 s`."""
        counts = Counter(self.outcomes.values())
        parts = [f"{counts[each]} {each.value}" for each in Outcome if counts[each]]
        seconds = time.monotonic() - self._start_time
        n_stages = len(self._ranks)
        noun = "stage" if n_stages == 1 else "stages"
        return f"{n_stages} {noun}: {', '.join([*parts, f'in {seconds:.1f} s'])}"

    def describe(self) -> dict[str, Any]:
        """Return how the run went, for a program."""
        seconds = round(time.monotonic() - self._start_time, 3)
        return {"seconds": seconds, "stages": [self._describe(stage) for stage in self._ranks]}

    def _describe(self, stage: Stage) -> dict[str, Any]:
        """Return how a stage has ended, for a program. What does not apply is None."""
        error = self.errors.get(stage)
        log = self._logs.get(stage)
        return {
            "stage": stage.addressing,
            "outcome": self.outcomes.get(stage, Outcome.NOT_RUN).value,
            "seconds": self._seconds.get(stage),
            "error": None if error is None else describe_error(error),
            "log": None if log is None else os.path.relpath(log),
        }

    def stop(self, number: int, *_: Any) -> None:
        """Let the run end as soon as DVC has written what it is writing.

        A second signal interrupts DVC, or kills the commands that have not ended yet.
        """
        self._signals.append(signal.Signals(number))
        self._project.is_stopped = True
        if len(self._signals) > 1 and not self._is_ending:
            raise KeyboardInterrupt

    def _start_ready(self) -> bool:
        """Start ready stages, as many at a time as are allowed. Return whether one started."""
        has_started = False
        while len(self._commands) < self._n_jobs and not self._signals:
            stage = self._choose_ready()
            if stage is None:
                break
            self._ready.remove(stage)
            has_started = True
            with self._note_error(stage), self._project.locked():
                try:
                    found = self._project.prepare(stage)
                except LockError:
                    self._wait_for_other_dvc(stage)
                    continue
                if isinstance(found, Preparation):
                    if found is not Preparation.CACHED:  # DVC has said so
                        self._say(stage, found.value)
                    self._finish(stage, OUTCOMES[found])
                else:
                    self._inputs[stage] = found
                    self._commands[stage] = self._start(stage)
        return has_started

    def _choose_ready(self) -> Stage | None:
        """Return the first ready stage that may start now, if there is one."""
        now = time.monotonic()
        for stage in self._ready:
            if self._busy.get(stage, now) <= now and self._limits.allow(stage):
                return stage
        return None

    def _wait_for_other_dvc(self, stage: Stage) -> None:
        """Try a stage again later, because another process of DVC works on its files."""
        if stage not in self._busy:
            self._say(stage, "waits for another process of DVC, which works on its files")
        self._busy[stage] = time.monotonic() + BUSY_SECONDS
        self._add_ready(stage)

    def _finish(self, stage: Stage, outcome: Outcome) -> None:
        """Note that a stage has ended, so that those that depend on it can start."""
        self.outcomes[stage] = outcome
        self._project.path_locks.release(stage)
        self._sorter.done(stage)
        self._add_ready(*self._sorter.get_ready())

    def _add_ready(self, *stages: Stage) -> None:
        """Add stages that have become ready to the others, in their order."""
        self._ready = sorted([*self._ready, *stages], key=self._ranks.__getitem__)

    def _start(self, stage: Stage) -> Command:
        """Start the commands of a stage."""
        name = stage.addressing
        # The commands share the cores.
        n_commands = min(self._n_jobs, len(self._commands) + 1 + len(self._ready))
        variables, prefix = self._limits.take(stage)
        variables = {**describe_share(n_commands), **variables}
        if self._n_jobs > 1:
            # Otherwise Python keeps back what a command prints until it has printed much.
            variables["PYTHONUNBUFFERED"] = os.environ.get("PYTHONUNBUFFERED", "1")
        arguments = command_arguments(stage, variables, prefix)
        folder = Path(self._project.repo.tmp_dir, FOLDER)
        leftovers = describe_leftovers(folder)  # of another run that was killed since the start
        if leftovers:
            raise CommandError(leftovers)
        record = Record(folder)
        if self._n_jobs == 1:
            self._print(f"Running stage '{name}':")
            return Command(arguments, lambda line: self._print(f"> {line}"), None, record)
        self._logs[stage] = folder / "logs" / log_name(stage)
        output = Output(name, open_log(self._logs[stage]))
        return Command(arguments, output.announce, output, record)

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

    def _record_ended(self) -> bool:
        """Record the stages whose commands have ended. Return whether there were any."""
        has_ended = False
        for stage, command in list(self._commands.items()):
            with self._note_error(stage):
                if not command.advance():
                    if command.is_unread:
                        self._stop_unread()
                    continue
                has_ended = True
                del self._commands[stage]
                self._limits.give_back(stage)
                self._seconds[stage] = round(command.seconds, 3)
                word = "failed" if command.return_code else "ended"
                self._say(stage, f"{word} after {command.describe_time()}")
                if command.return_code != 0:
                    raise CommandError(command.describe_failure())
                if has_large_outputs(stage):
                    self._storing[stage] = Storing(stage, self._project.options.no_commit)
                else:
                    self._record(stage)
        for stage, storing in list(self._storing.items()):
            if not storing.is_alive():
                has_ended = True
                del self._storing[stage]
                with self._note_error(stage):
                    self._record(stage)
        return has_ended

    def _record(self, stage: Stage) -> None:
        """Record a stage whose commands have ended, and say what was edited meanwhile."""
        with self._project.locked():
            edited = self._project.record(stage, self._inputs.pop(stage))
        if edited:
            self._say(
                stage,
                f"warning: {', '.join(edited)}: edited while the stage ran; as by `dvc repro`, "
                "the new version is recorded (--refuse-edits fails the stage)",
            )
        self._finish(stage, Outcome.RUN)

    @contextmanager
    def _note_error(self, stage: Stage) -> Iterator[None]:
        """Record any exception in a block of code as the failure of a stage."""
        try:
            yield
        except Exception as error:
            self._commands.pop(stage, None)
            self._limits.give_back(stage)
            self._project.path_locks.release(stage)
            if self._signals:  # The signal may be the cause.
                return
            self.errors[stage] = error
            if self._project.options.ignore_errors:
                self._finish(stage, Outcome.FAILED)
                return
            self.outcomes[stage] = Outcome.FAILED
            for dependent in find_dependents(self._project, stage):
                self.outcomes.setdefault(dependent, Outcome.NOT_RUN)

    def _describe_commands(self) -> str:
        """Return the names of the running stages and their times, such as `train@knn 00:12`."""
        commands = self._commands.items()
        return ", ".join(
            f"{stage.addressing} {each.describe_time()}" for stage, each in commands
        )


def find_dependents(project: Project, stage: Stage) -> set[Stage]:
    """Return the stages that depend on a stage, directly or through others."""
    import networkx as nx  # here, because a run without work does not need it

    dependents: set[Stage] = nx.ancestors(project.graph, stage)  # edges point to dependencies
    return dependents


def describe_share(n_commands: int) -> dict[str, str]:
    """Return the environment variables for one of several commands that share the cores.

    What the user has set is left as it is. A command that runs alone gets no variables.
    """
    if n_commands == 1:
        return {}
    share = str(max(1, count_cores() // n_commands))
    variables = {name: share for name in THREADS if name not in os.environ}
    # joblib takes this variable for the number of cores, and so does `count_cores`.
    return variables | {"LOKY_MAX_CPU_COUNT": share}


def log_name(stage: Stage) -> Path:
    """Return the path of the log of a stage in the folder of the logs."""
    folder = Path(stage.path_in_repo).parent
    name = getattr(stage, "name", None) or Path(stage.path).name
    return folder / f"{name.replace(os.sep, '_')}.log"


def order_by_work_behind(project: Project) -> list[Stage]:
    """Sort stages so that those with the most work behind them come first.

    Nobody knows how long a stage takes. Roughly, the larger its outputs were in the last run,
    the longer it took. Stages that have never run come first.
    """
    import networkx as nx  # here, because a run without work does not need it

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
    json_file: str | None = None,
    check: Callable[[], None] | None = None,
    **options: bool,
) -> None:
    """Bring the project of the working directory up to date.

    Args:
        targets: the names of stages, as `Project` takes them.
        jobs: how many commands may run at a time.
        dry: whether to print the names of the stages, instead of running them.
        json_file: the path of a file that tells a program how each stage has ended.
        check: is called before the first stage runs. An error that it raises ends the run.
        options: the fields of `Options`.

    Raises:
        ClickException: a stage failed, the run was interrupted, or DVC refused it.
    """
    with open_repository() as repo:
        leftovers = describe_leftovers(Path(repo.tmp_dir, FOLDER))
        if leftovers and not dry:
            raise click.ClickException(leftovers)
        limits = read_limits(Path(repo.root_dir))
        if repo.config["core"].get("interactive"):
            options["interactive"] = True
        project = Project(repo, targets, Options(**options))
        if not project.stages:
            write_json(json_file, {"seconds": 0, "stages": []})
            click.echo("Nothing to do: all stages are up to date.")
            return
        if dry:
            click.echo("\n".join(stage.addressing for stage in project.stages))
            return
        for pattern in limits.find_unmatched(repo.index.stages):
            click.echo(f"Warning: {FILE}: no stage matches {pattern!r}", err=True)
        if check:
            check()
        run = Run(project, jobs, limits)
        with call_on_signals(run.stop):
            run.run()
        write_json(json_file, run.describe())
        run.report()


def write_json(path: str | None, content: dict[str, Any]) -> None:
    """Write a JSON file if the user wants one."""
    if path:
        text = json.dumps(content, indent=2)
        Path(path).write_text(f"{text}\n", encoding="utf-8")


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
