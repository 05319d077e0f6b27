"""What DVC does for a stage before and after its command.

DVC does all of it in one call, `Stage.reproduce`, and waits for the command in the middle. Here
are the part before and the part after the command, so that several commands can run at once.

Little of DVC that this package uses is documented, so a new version of DVC may move it.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from dvc import prompt
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import PipelineStage, Stage
from dvc.stage.cache import RunCacheNotFoundError, RunCacheNotSupported
from dvc.stage.loader import StageLoader
from dvc.stage.run import (
    _enforce_cmd_list,
    _make_cmd,
    _pull_missing_deps,
    get_executable,
    prepare_kwargs,
)
from dvc.stage.serialize import to_lockfile
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.tree import Tree

from .gitignore import IgnoredOutputs
from .kept_files import KeptFiles
from .lock_file import LockFile
from .path_locks import PathLocks
from .targets import collect_stages

if TYPE_CHECKING:
    import networkx as nx

# What the dependencies of a stage were, in their order: the hash, and the files of a folder.
Inputs = list[tuple[Any, Any]]


@dataclass(frozen=True)
class Options:
    """Options of `dvc repro`, under DVC's names. Without them, only outdated stages run.

    Attributes:
        force: run stages that are up to date, too.
        single_item: leave out the stages that the targets depend on.
        pipeline: add all stages that are connected with the targets.
        all_pipelines: run all stages of the repository. There are no targets.
        recursive: a target can be a folder, and stands for all stages in it.
        glob: a target can be a pattern also behind the path of another dvc.yaml.
        downstream: run the targets and the stages that depend on them.
        force_downstream: run all stages that depend on a stage that ran.
        interactive: ask before each stage.
        pull: get missing files from the remote.
        allow_missing: a missing file alone does not make a stage outdated.
        no_commit: do not put outputs into the cache.
        no_run_cache: run the command even if the run cache has its outputs.
        ignore_errors: run the stages that depend on a stage that failed.
        refuse_edits: fail a stage if what it reads is edited while it runs. DVC has no such
            option.
    """

    force: bool = False
    single_item: bool = False
    pipeline: bool = False
    all_pipelines: bool = False
    recursive: bool = False
    glob: bool = False
    downstream: bool = False
    force_downstream: bool = False
    interactive: bool = False
    pull: bool = False
    allow_missing: bool = False
    no_commit: bool = False
    no_run_cache: bool = False
    ignore_errors: bool = False
    refuse_edits: bool = False


class Preparation(Enum):
    """What `Project.prepare` has done for a stage whose command need not run."""

    UNCHANGED = "didn't change, skipping"
    CACHED = "is cached - skipping run, checking out outputs"
    PULLED = "was pulled - skipping run"
    VERIFIED = "has no command to run"


class Project:
    """A DVC project and its stages that may have to run.

    Attributes:
        options: the options of `dvc repro`.
        stages: the stages that are outdated, and those that depend on them, in the order in
            which `dvc repro` runs them.
        graph: these stages, with an edge from each stage to the stages that must end before.
        path_locks: the locks of the files of the stages that run.
        reproduced: the stages that have been brought up to date, as `Repo.reproduce` returns
            them.
        is_stopped: whether to give up if another process of DVC holds the lock.
    """

    def __init__(self, repo: Repo, targets: Sequence[str], options: Options) -> None:
        """Find the stages that may have to run.

        Args:
            repo: the repository.
            targets: as for `dvc repro`, or patterns such as `train@small-*`. Without targets,
                the stages of dvc.yaml in the working directory are brought up to date.
            options: the options of `dvc repro`.

        Raises:
            DvcException: there is no such target, or DVC cannot read dvc.yaml.
        """
        self.repo = repo
        self.options = options
        self.path_locks = PathLocks(repo)
        self.reproduced: list[Stage] = []
        self.is_stopped = False
        self._kept_files = KeptFiles()
        self._lock_files: dict[Path, LockFile] = {}
        self._ignored = IgnoredOutputs(Path(repo.tmp_dir))
        self._is_index_old = False  # because a command has run since DVC has read the stages
        self._changes: dict[Stage, bool] = {}  # of the stages that the plan has looked at
        self.stages: list[Stage] = []
        with self.locked(), paused_garbage_collection():
            self.path_locks.remove_damaged()
            if options.pull and not options.no_run_cache:
                pull_run_cache(repo)
            named = self._find_named(targets)
            if not self._is_all_unchanged(named):
                self._plan(named)

    def _find_named(self, targets: Sequence[str]) -> list[Stage]:
        """Return the stages that the targets name, or all stages of the repository."""
        if self.options.all_pipelines:
            return list(self.repo.index.stages)
        found = [
            stage
            for target in targets or ["dvc.yaml"]
            for stage in collect_stages(self.repo, target, self.options)
        ]
        return list(dict.fromkeys(found))  # without duplicates

    def _is_all_unchanged(self, named: Sequence[Stage]) -> bool:
        """Return whether no stage of the repository is outdated.

        That is the most frequent case, and needs no graph. False if the targets are not all
        stages, because the others may have large files that nobody has asked for.
        """
        options = self.options
        is_simple = not (options.force or options.allow_missing)
        if not is_simple or set(named) != set(self.repo.index.stages):
            return False
        return not any(self._may_be_changed(stage, []) for stage in named)

    def _plan(self, named: Sequence[Stage]) -> None:
        """Find the outdated stages among those that are needed for some stages."""
        active_graph = get_active_graph(self.repo.index.graph)
        # DVC plans the whole project, because its order for targets varies.
        self._all_stages = plan_repro(active_graph)
        self._ranks = {stage: rank for rank, stage in enumerate(self._all_stages)}
        needed = self._find_needed(active_graph, named)
        outdated = self._find_outdated(needed, active_graph)
        self.stages = [stage for stage in needed if stage in outdated]
        if self._is_single:
            self.graph = keep_order(self.stages, active_graph)
        else:
            self.graph = active_graph.subgraph(self.stages)
        self._read_lock_files()

    def _find_needed(self, active_graph: nx.DiGraph, named: Sequence[Stage]) -> list[Stage]:
        """Return the stages that the options choose for some stages, in order."""
        options = self.options
        is_whole = options.all_pipelines or options.pipeline
        self._is_single = options.single_item and not is_whole
        self._dependencies = active_graph
        if self._is_single:
            active_graph.add_nodes_from(named)  # some may be in folders that DVC ignores
            self._dependencies = active_graph.copy()
            self._dependencies.remove_edges_from(active_graph.edges)
            return list(named)
        chosen = plan_repro(
            active_graph,
            [] if options.all_pipelines else list(named),
            pipeline=options.pipeline,
            downstream=options.downstream and not is_whole,
        )
        return sorted(chosen, key=self._ranks.__getitem__)

    def _find_outdated(self, needed: Sequence[Stage], active_graph: nx.DiGraph) -> set[Stage]:
        """Return the stages that are outdated, and those that depend on them."""
        if self._is_single:  # in the order of the user, not in that of the graph
            needed = sorted(needed, key=lambda stage: self._ranks.get(stage, -1))
        outdated: set[Stage] = set()
        for stage in needed:
            # The edges of the graph point to dependencies.
            upstream = list(active_graph.successors(stage))
            is_behind = not outdated.isdisjoint(upstream)
            if is_behind or self.options.force or self._may_be_changed(stage, upstream):
                outdated.add(stage)
        return outdated

    def _may_be_changed(self, stage: Stage, upstream: list[Stage]) -> bool:
        """Return whether a stage is outdated, or cannot be read, which its turn will show."""
        if stage not in self._changes:
            try:
                self._changes[stage] = stage.changed(self.options.allow_missing, upstream)
            except (DvcException, OSError):
                self._changes[stage] = True
        return self._changes[stage]

    def _read_lock_files(self) -> None:
        """Read each dvc.lock of the stages, which another process may write from now on."""
        planned: dict[Path, list[str]] = {}
        for stage in self._all_stages:
            if isinstance(stage, PipelineStage):
                planned.setdefault(lock_path(stage), []).append(stage.name)
        for path in {
            lock_path(each) for each in self.stages if isinstance(each, PipelineStage)
        }:
            names = planned.get(path, [])
            self._lock_files[path] = LockFile(path, names, Path(self.repo.tmp_dir))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the repository. `prepare` and `record` need it.

        Raises:
            LockError: `is_stopped` is set, and another process of DVC holds the lock.
        """
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(self.repo.lock)
                    break
                except LockError:  # DVC has tried it for three seconds
                    if self.is_stopped:
                        raise
            self.repo._lock_depth += 1  # DVC's own calls need not take the lock again
            stack.callback(self._decrement_lock_depth)
            stack.enter_context(self.path_locks.spare_dvc())
            stack.enter_context(self._kept_files.spare_dvc())
            stack.enter_context(self.repo.scm_context(quiet=True))
            yield

    def _decrement_lock_depth(self) -> None:
        self.repo._lock_depth -= 1

    def prepare(self, stage: Stage) -> Inputs | Preparation:
        """Bring a stage up to date without its command if possible.

        Returns:
            how that was possible. Otherwise the command must run: the outputs have been
            removed, the files of the stage are locked, and what it reads is returned.

        Raises:
            LockError: another process of DVC works on the files of the stage.
        """
        self._take_over_changes(stage)
        options = self.options
        # The edges of the graph point to dependencies.
        upstream = list(self._dependencies.successors(stage))
        is_forced = options.force or (
            options.force_downstream and any(each in self.reproduced for each in upstream)
        )
        if stage.frozen or not stage.cmd:
            return self._reproduce_without_command(stage, upstream, is_forced)
        if not is_forced:
            if not stage.changed(options.allow_missing, upstream):
                return Preparation.UNCHANGED
            if options.pull and self._pull_outputs(stage, upstream):
                return Preparation.PULLED
        self._ask(stage)
        self.path_locks.acquire(stage)
        try:
            return self._prepare_command(stage, is_forced)
        except BaseException:
            self.path_locks.release(stage)
            raise

    def _prepare_command(self, stage: Stage, is_forced: bool) -> Inputs | Preparation:
        """Remove the outputs of a stage, or restore them from the run cache."""
        options = self.options
        if is_forced:
            stage.remove_outs(ignore_remove=False, force=False)
            for dep in stage.deps:
                with suppress(DvcException, OSError):  # DVC does not look before the command
                    dep.save()
            return read_inputs(stage)
        if options.pull:
            _pull_missing_deps(stage)
        for dep in stage.deps:
            if is_local(dep) and not dep.exists:
                raise dep.DoesNotExistError(dep)
        stage.remove_outs(ignore_remove=False, force=False)
        try:
            self.repo.stage_cache.restore(
                stage, run_cache=not options.no_run_cache, pull=options.pull
            )
        except RunCacheNotFoundError:
            stage.save_deps()
            return read_inputs(stage)
        self.record(stage, None)
        return Preparation.CACHED

    def _ask(self, stage: Stage) -> None:
        """Ask whether to run a stage, if the user wants to be asked.

        Raises:
            DvcException: the answer is no.
        """
        question = f"Going to reproduce {stage}. Are you sure you want to continue?"
        if self.options.interactive and not prompt.confirm(question):
            raise DvcException("reproduction aborted by the user")

    def _take_over_changes(self, stage: Stage, is_recorded: bool = False) -> None:
        """Take over what another process has recorded in dvc.lock since this one has read it.

        Args:
            stage: a stage of this dvc.lock.
            is_recorded: whether to leave this stage as it is, because it will be recorded now.
        """
        if not isinstance(stage, PipelineStage):
            return
        path = lock_path(stage)
        entries = self._lock_files[path].read_if_changed()
        if entries is None:
            return
        for each in self.stages:
            if not isinstance(each, PipelineStage) or lock_path(each) != path:
                continue
            is_own = each in self.reproduced or (is_recorded and each == stage)
            if not is_own:
                take_over_entry(each, entries.get(each.name))

    def _reproduce_without_command(
        self, stage: Stage, upstream: list[Stage], is_forced: bool
    ) -> Preparation:
        """Let DVC do all of it for a stage that is frozen, imported or added."""
        is_done = stage.reproduce(
            interactive=self.options.interactive,
            force=is_forced,
            upstream=upstream,
            pull=self.options.pull,
            allow_missing=self.options.allow_missing,
            no_commit=self.options.no_commit,
        )
        if not is_done:
            return Preparation.UNCHANGED
        self._write(stage)
        self.reproduced.append(stage)
        return Preparation.VERIFIED

    def _pull_outputs(self, stage: Stage, upstream: list[Stage]) -> bool:
        """Get the outputs of a stage from the remote if nothing but files is missing."""
        if self._is_index_old:
            self.repo._reset()  # as DVC does after each command
            self._is_index_old = False
        if stage.changed(True, upstream):
            return False
        try:
            self.repo.pull(stage.addressing)
            stage.checkout()
        except CheckoutError:
            return False
        return True

    def record(self, stage: Stage, inputs: Inputs | None) -> list[str]:
        """Put the outputs of a stage into the cache, and its entry into dvc.lock.

        Args:
            stage: the stage, whose command has ended.
            inputs: what the stage was to read, or None if no command has run.

        Returns:
            which of the inputs were edited while the stage ran. As by DVC, their new versions
            are recorded (treeverse/dvc#11058).

        Raises:
            DvcException: an output is missing, or an input was edited and that is refused.
        """
        allow_missing = self.options.allow_missing
        stage.save(allow_missing=allow_missing, run_cache=False)
        edited = [] if inputs is None else find_edits(stage, inputs)
        if edited and self.options.refuse_edits:
            raise DvcException(
                f"{', '.join(edited)}: edited while the stage ran, so its outputs may come "
                "from either version; run it again"
            )

        if not self.options.no_commit:
            files = [out for out in stage.outs if not (out.is_metric or out.is_plot)]
            if all(out.use_cache for out in files):  # the run cache cannot restore others
                self.repo.stage_cache.save(stage)
            stage.commit(allow_missing=allow_missing)
        self._write(stage)
        self.reproduced.append(stage)
        self._is_index_old = True
        return edited

    def _write(self, stage: Stage) -> None:
        """Write a stage to dvc.lock, or to its .dvc file, and sort what Git ignores."""
        if isinstance(stage, PipelineStage):
            self._take_over_changes(stage, is_recorded=True)
            path = lock_path(stage)
            entry = to_lockfile(stage)[stage.name]
            if self._lock_files[path].record(stage.name, entry):
                self.repo.scm_context.track_file(os.path.relpath(path))
        else:
            stage.dump(update_pipeline=False)
        ignored_paths = self.repo.scm_context.ignored_paths
        self._ignored.add(ignored_paths, self._ranks.get(stage, len(self._ranks)))


@contextmanager
def open_repository() -> Iterator[Repo]:
    """Open the repository of the working directory, until the `with` block ends.

    An error of DVC in the block becomes a ClickException.
    """
    try:
        with paused_garbage_collection():
            repo = Repo()
        with repo:
            yield repo
    except DvcException as error:
        raise click.ClickException(describe_error(error)) from None


@contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Let Python not look for garbage among the objects of a `with` block, nor afterwards.

    DVC makes many objects when it reads a project, and uses them until the end. Looking through
    them again and again takes a fourth of the time of a run without work.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def describe_error(error: Exception) -> str:
    """Return the message of an error, and that of its cause, as one line."""
    messages = [str(error) or type(error).__name__]
    if error.__cause__ is not None:
        messages.append(str(error.__cause__))
    words = ": ".join(messages).split()
    return " ".join(words)


def pull_run_cache(repo: Repo) -> None:
    """Get the run cache from the remote, if the remote can hold one."""
    try:
        repo.stage_cache.pull(None)
    except RunCacheNotSupported as error:
        click.echo(f"The run cache was not pulled: {describe_error(error)}", err=True)


def keep_order(stages: Sequence[Stage], graph: nx.DiGraph) -> nx.DiGraph:
    """Return a graph in which a stage follows all earlier ones that it is connected with."""
    import networkx as nx  # here, because its import takes as long as DVC for 30 stages

    connected = nx.transitive_closure_dag(graph)
    ordered = nx.DiGraph()
    ordered.add_nodes_from(stages)
    for earlier, later in combinations(stages, 2):
        if connected.has_edge(earlier, later) or connected.has_edge(later, earlier):
            ordered.add_edge(later, earlier)
    return ordered


def read_inputs(stage: Stage) -> Inputs:
    """Return what DVC has computed for the dependencies of a stage."""
    # Databases and datasets have no such attributes.
    return [(getattr(dep, "hash_info", None), getattr(dep, "obj", None)) for dep in stage.deps]


def find_edits(stage: Stage, inputs: Inputs) -> list[str]:
    """Return the files and parameters that a stage reads and whose content has changed.

    Args:
        stage: the stage, after DVC has computed the hashes of its dependencies again.
        inputs: what they were before.
    """
    edited: list[str] = []
    for dep, (hash_before, content_before) in zip(stage.deps, inputs):  # noqa: B905
        if not hash_before or dep.hash_info == hash_before:
            continue
        if isinstance(dep, ParamsDependency):
            before, now = hash_before.value, dep.hash_info.value
            keys = find_differences(before, now)
            edited += [f"{dep}: {key}" for key in keys]
        elif isinstance(content_before, Tree) and isinstance(dep.obj, Tree):
            files = find_differences(list_tree(content_before), list_tree(dep.obj))
            # Python writes into __pycache__ when it imports a module.
            edited += [
                f"{dep}/{file}" for file in files if "__pycache__" not in Path(file).parts
            ]
        else:
            edited.append(str(dep))
    return sorted(edited)


def find_differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the keys of two dictionaries whose values are not the same."""
    return [key for key in {**before, **now} if before.get(key) != now.get(key)]


def list_tree(tree: Tree) -> dict[str, Any]:
    """Return the hashes of the files of a folder, by their paths in the folder."""
    return {"/".join(key): hash_info for key, _, hash_info in tree}


def command_arguments(
    stage: Stage, variables: dict[str, str], prefix: list[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the commands of a stage, with the arguments that DVC passes to `subprocess`.

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


def take_over_entry(stage: PipelineStage, entry: dict[str, Any] | None) -> None:
    """Let a stage be as if DVC had read it with an entry of dvc.lock, or without any entry."""
    if entry:
        stage.cmd_changed = entry["cmd"] != stage.cmd
        StageLoader.fill_from_lock(stage, entry)
        return
    stage.cmd_changed = False
    StageLoader.fill_from_lock(stage, {"cmd": stage.cmd})  # with no hash of any file
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):  # DVC leaves those that the entry does not have
            dep.hash_info = HashInfo()


def lock_path(stage: Stage) -> Path:
    """Return the path of dvc.lock for a stage of dvc.yaml."""
    return Path(stage.path).with_suffix(".lock")


def is_local(item: Any) -> bool:
    """Return whether a dependency or an output is a file on this machine."""
    return item.fs is not None and item.fs.protocol == "local"
