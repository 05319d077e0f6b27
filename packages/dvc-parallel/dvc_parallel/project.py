"""Do what DVC does for a stage before its command and after it.

DVC does both in one call, `Stage.reproduce`, which waits for the command in the middle. Here,
they are two methods, so that several commands can run at the same time.

DVC has no public interface for this, so a new version of DVC may move what is used here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from dvc import prompt
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage
from dvc.stage.cache import RunCacheNotFoundError, RunCacheNotSupported
from dvc.stage.loader import StageLoader
from dvc.stage.run import _pull_missing_deps
from dvc.stage.serialize import to_lockfile
from dvc_data.hashfile.hash_info import HashInfo

from .gitignore import IgnoredOutputs
from .lock_file import LockFile
from .options import Options
from .params_files import patch_dvc
from .path_locks import PathLocks
from .plan import Plan, make_plan
from .repository import describe_error, paused_garbage_collection
from .results import Outcome


class Done(NamedTuple):
    """Says how a stage was brought up to date without its command.

    Attributes:
        outcome: for the summary.
        message: for the line about the stage. Empty if DVC prints such a line.
    """

    outcome: Outcome
    message: str


UNCHANGED = Done(Outcome.SKIPPED, "didn't change, skipping")
RESTORED = Done(Outcome.RESTORED, "")
PULLED = Done(Outcome.PULLED, "was pulled - skipping run")
VERIFIED = Done(Outcome.RUN, "has no command to run")


class Project:
    """A DVC project, and its stages that may have to run.

    Attributes:
        repo: the repository.
        options: the options of `dvc repro`.
        plan: the stages that may have to run.
        path_locks: the locks of the files of the stages that run.
        reproduced: the stages that have been brought up to date, as `Repo.reproduce` returns
            them.
        is_stopped: whether to give up soon if another process of DVC holds the lock.
    """

    def __init__(self, repo: Repo, targets: Sequence[str], options: Options) -> None:
        """Find the stages that may have to run.

        Args:
            repo: the repository.
            targets: as for `make_plan`.
            options: the options of `dvc repro`.

        Raises:
            DvcException: there is no such target, or DVC cannot read dvc.yaml.
        """
        self.repo = repo
        self.options = options
        self.path_locks = PathLocks(repo)
        self.reproduced: list[Stage] = []
        self.is_stopped = False
        self._ignored = IgnoredOutputs(Path(repo.tmp_dir))
        self._is_index_old = False  # whether a stage was recorded since DVC has read all stages
        with self.locked(), paused_garbage_collection():
            self.path_locks.remove_damaged()
            if options.pull and not options.no_run_cache:
                try:
                    repo.stage_cache.pull(None)
                except RunCacheNotSupported as error:
                    reason = describe_error(error)
                    click.echo(f"The run cache was not pulled: {reason}", err=True)
            self.plan = make_plan(repo, targets, options)
            self._lock_files = open_lock_files(self.plan, Path(repo.tmp_dir))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the repository during a `with` block. All other methods need that.

        Waits as long as another process holds the lock.

        Raises:
            LockError: the run is stopped, and another process still holds the lock.
        """
        self._acquire_lock()
        self.repo._lock_depth += 1  # so that DVC's own functions do not lock it again
        try:
            scm_context = self.repo.scm_context(quiet=True)
            with self.path_locks.patch_dvc(), patch_dvc(), scm_context:
                yield
        finally:
            self.repo._lock_depth -= 1
            self.repo.lock.unlock()

    def _acquire_lock(self) -> None:
        """Wait for the lock of the repository. After a stop, wait as long as DVC does."""
        while True:
            was_stopped = self.is_stopped
            try:
                self.repo.lock.lock()
                return
            except LockError:  # DVC has tried it for three seconds
                if was_stopped:
                    raise

    def prepare(self, stage: Stage) -> Done | None:
        """Bring a stage up to date without its command if possible.

        Returns:
            how that was possible, or None. The command must run then: the outputs have been
            removed, and the files of the stage are locked.

        Raises:
            LockError: another process of DVC works on the files of the stage.
        """
        self._read_lock_file_again(stage)
        if stage.frozen or not stage.cmd:
            return self._reproduce_without_command(stage)
        is_forced = self._is_forced(stage)
        if not is_forced:
            upstream = self.plan.upstream[stage]
            if not stage.changed(self.options.allow_missing, upstream):
                return UNCHANGED
            lacks_only_files = self.options.pull and not stage.changed(True, upstream)
            if lacks_only_files and self._pull(stage):
                return PULLED
        self._ask(stage)
        self.path_locks.acquire(stage)
        try:
            if is_forced:
                stage.remove_outs(ignore_remove=False, force=False)
                return None
            return self._prepare_or_restore(stage)
        except BaseException:
            self.path_locks.release(stage)
            raise

    def _is_forced(self, stage: Stage) -> bool:
        """Return whether a stage must run even if it is up to date."""
        upstream = self.plan.upstream[stage]
        is_downstream = any(each in self.reproduced for each in upstream)
        return self.options.force or (self.options.force_downstream and is_downstream)

    def _pull(self, stage: Stage) -> bool:
        """Get the outputs of a stage from the remote. Return whether it has them."""
        if self._is_index_old:
            self.repo._reset()  # as DVC does after each command
            self._is_index_old = False
        try:
            self.repo.pull(stage.addressing)
            stage.checkout()
        except CheckoutError:
            return False
        return True

    def _ask(self, stage: Stage) -> None:
        """Ask whether to run a stage, if the user wants to be asked.

        Raises:
            DvcException: the answer is no.
        """
        question = f"Going to reproduce {stage}. Are you sure you want to continue?"
        if self.options.interactive and not prompt.confirm(question):
            raise DvcException("reproduction aborted by the user")

    def _prepare_or_restore(self, stage: Stage) -> Done | None:
        """Remove the outputs of a stage, and restore them from the run cache if it has them."""
        options = self.options
        if options.pull:
            _pull_missing_deps(stage)
        for dep in stage.deps:
            is_local = dep.fs is not None and dep.fs.protocol == "local"
            if is_local and not dep.exists:
                raise dep.DoesNotExistError(dep)
        stage.remove_outs(ignore_remove=False, force=False)
        try:
            self.repo.stage_cache.restore(
                stage, run_cache=not options.no_run_cache, pull=options.pull
            )
        except RunCacheNotFoundError:
            stage.save_deps()
            return None
        self.record(stage)
        return RESTORED

    def _reproduce_without_command(self, stage: Stage) -> Done:
        """Let DVC do all of it for a stage that is frozen, imported or added."""
        is_done = stage.reproduce(
            interactive=self.options.interactive,
            force=self._is_forced(stage),
            upstream=self.plan.upstream[stage],
            pull=self.options.pull,
            allow_missing=self.options.allow_missing,
            no_commit=self.options.no_commit,
        )
        if not is_done:
            return UNCHANGED
        self._write(stage)
        return VERIFIED

    def record(self, stage: Stage) -> None:
        """Put the outputs of a stage into the cache, and its entry into dvc.lock.

        Raises:
            DvcException: an output is missing.
        """
        allow_missing = self.options.allow_missing
        stage.save(allow_missing=allow_missing, run_cache=False)
        if not self.options.no_commit:
            files = [out for out in stage.outs if not (out.is_metric or out.is_plot)]
            if all(out.use_cache for out in files):  # the run cache cannot restore others
                self.repo.stage_cache.save(stage)
            stage.commit(allow_missing=allow_missing)
        self._write(stage)
        self._is_index_old = True

    def _write(self, stage: Stage) -> None:
        """Write a stage to dvc.lock, or to its .dvc file, and sort what Git ignores."""
        if isinstance(stage, PipelineStage):
            self._read_lock_file_again(stage, is_saved=True)
            path = lock_path(stage)
            entry = to_lockfile(stage)[stage.name]
            if self._lock_files[path].record(stage.name, entry):
                self.repo.scm_context.track_file(os.path.relpath(path))
        else:
            stage.dump(update_pipeline=False)
        self.reproduced.append(stage)
        place = self.plan.places.get(stage, len(self.plan.places))
        self._ignored.add(self.repo.scm_context.ignored_paths, place)

    def _read_lock_file_again(self, stage: Stage, is_saved: bool = False) -> None:
        """Read the dvc.lock of a stage again if another process has written it.

        Args:
            stage: the stage.
            is_saved: whether DVC has just computed the new entry of the stage. The old one in
                the file does not count then.
        """
        if not isinstance(stage, PipelineStage):
            return
        path = lock_path(stage)
        entries = self._lock_files[path].read_if_changed()
        if entries is None:
            return
        ours = [*self.reproduced, stage] if is_saved else self.reproduced
        for each in self.plan.stages:
            is_in_file = isinstance(each, PipelineStage) and lock_path(each) == path
            if is_in_file and each not in ours:
                fill_from_entry(each, entries.get(each.name))


def open_lock_files(plan: Plan, temporary_folder: Path) -> dict[Path, LockFile]:
    """Read each dvc.lock that a run may change."""
    names: dict[Path, list[str]] = {}
    for stage in plan.places:
        if isinstance(stage, PipelineStage):
            names.setdefault(lock_path(stage), []).append(stage.name)
    paths = {lock_path(stage) for stage in plan.stages if isinstance(stage, PipelineStage)}
    return {path: LockFile(path, names.get(path, []), temporary_folder) for path in paths}


def lock_path(stage: PipelineStage) -> Path:
    """Return the path of dvc.lock for a stage of dvc.yaml."""
    return Path(stage.path).with_suffix(".lock")


def fill_from_entry(stage: PipelineStage, entry: dict[str, Any] | None) -> None:
    """Let a stage be as if DVC had read it with an entry of dvc.lock, or without an entry."""
    if entry:
        stage.cmd_changed = entry["cmd"] != stage.cmd
        StageLoader.fill_from_lock(stage, entry)
        return
    stage.cmd_changed = False
    StageLoader.fill_from_lock(stage, {"cmd": stage.cmd})  # an entry without any file
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):  # DVC leaves what the entry does not have
            dep.hash_info = HashInfo()
