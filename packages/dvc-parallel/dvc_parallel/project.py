"""What DVC does for a stage before and after its command.

DVC does all of it in one call, `Stage.reproduce`, and waits for the command in the middle. Here
are the part before and the part after the command, so that several commands can run at once.

All of DVC that this package uses is imported in this module. Little of it is documented, so a
new version of DVC may move it.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import networkx as nx
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import LockError, make_lock
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, rwlock
from dvc.stage import PipelineStage, Stage
from dvc.stage.cache import RunCacheNotFoundError, RunCacheNotSupported
from dvc.stage.run import (
    _enforce_cmd_list,
    _make_cmd,
    _pull_missing_deps,
    get_executable,
    prepare_kwargs,
)
from dvc.stage.serialize import to_lockfile
from dvc.utils.serialize import dumps_yaml, parse_yaml

# What a stage reads, by name: the value of a parameter, or the time and size of a file.
Inputs = dict[str, Any]


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
        pull: get missing files from the remote.
        allow_missing: a missing file alone does not make a stage outdated.
        no_commit: do not put outputs into the cache.
        no_run_cache: run the command even if the run cache has its outputs.
        ignore_errors: run the stages that depend on a stage that failed.
    """

    force: bool = False
    single_item: bool = False
    pipeline: bool = False
    all_pipelines: bool = False
    recursive: bool = False
    glob: bool = False
    downstream: bool = False
    force_downstream: bool = False
    pull: bool = False
    allow_missing: bool = False
    no_commit: bool = False
    no_run_cache: bool = False
    ignore_errors: bool = False


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
            DvcException: there is no such target, DVC cannot read dvc.yaml, or another process
                works on the files of a stage.
        """
        self.repo = repo
        self.options = options
        self.reproduced: list[Stage] = []
        self.is_stopped = False
        # The order of the entries of each dvc.lock before this run
        self._names_before: dict[Path, list[str]] = {}
        self._texts: dict[str, str] = {}  # of the entries of dvc.lock, in YAML
        with self.locked():
            remove_damaged_path_locks(repo)
            if options.pull and not options.no_run_cache:
                pull_run_cache(repo)
            active_graph = get_active_graph(repo.index.graph)
            # DVC plans the whole project, because its order for targets varies.
            self._all_stages = plan_repro(active_graph)
            needed = self._plan(active_graph, targets)
            changed = [each for each in needed if options.force or self._is_changed(each)]
        # The edges of the graph point to dependencies.
        dependents = all_descendants(active_graph.reverse(copy=False), changed)
        outdated = {*changed, *dependents}
        self.stages = [stage for stage in needed if stage in outdated]
        if self._is_single:
            self.graph = keep_order(self.stages, active_graph)
        else:
            self.graph = active_graph.subgraph(self.stages)

    def _plan(self, active_graph: nx.DiGraph, targets: Sequence[str]) -> list[Stage]:
        """Return the stages that the targets and options choose, in order."""
        options = self.options
        named: list[Stage] = []
        if not options.all_pipelines:
            found = [
                stage
                for target in targets or ["dvc.yaml"]
                for stage in collect_stages(self.repo, target, options)
            ]
            named = list(dict.fromkeys(found))  # without duplicates
        is_whole = options.all_pipelines or options.pipeline
        self._is_single = options.single_item and not is_whole
        self._dependencies = active_graph
        if self._is_single:
            active_graph.add_nodes_from(named)  # some may be in folders that DVC ignores
            self._dependencies = nx.create_empty_copy(active_graph)
            return named
        chosen = plan_repro(
            active_graph,
            named,
            pipeline=options.pipeline,
            downstream=options.downstream and not is_whole,
        )
        chosen_set = set(chosen)
        return [stage for stage in self._all_stages if stage in chosen_set]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the repository. `prepare` and `record` need it.

        Raises:
            LockError: `is_stopped` is set, and another process of DVC holds the lock.
        """
        with ExitStack() as stack:
            while True:
                # `Repo.pull` takes the lock again, unless `lock_repo` has. That is slower.
                lock = lock_repo(self.repo) if self.options.pull else self.repo.lock
                try:
                    stack.enter_context(lock)
                    break
                except LockError:  # DVC has tried it for three seconds
                    if self.is_stopped:
                        raise
            stack.enter_context(self.repo.scm_context(quiet=True))
            yield

    @contextmanager
    def locked_paths(self) -> Iterator[None]:
        """Keep other processes of DVC from the outputs of all stages.

        Dependencies are not locked, because `record` notices an edit of them.

        Raises:
            LockError: another process works on one of the files.
        """
        outs = [out for stage in self.stages for out in stage.outs if is_local(out)]
        with rwlock(
            self.repo.tmp_dir,
            self.repo.fs,
            " ".join(sys.argv),  # DVC locks under this name, so its own calls are not blocked
            read=[],
            write=[out.fs_path for out in outs],
            hardlink=uses_hardlinks(self.repo),
        ):
            yield

    def prepare(self, stage: Stage) -> Inputs | Preparation:
        """Bring a stage up to date without its command if possible.

        Returns:
            how that was possible. Otherwise the command must run: the outputs have been
            removed, and what the stage reads is returned.
        """
        options = self.options
        # The edges of the graph point to dependencies.
        upstream = list(self._dependencies.successors(stage))
        is_forced = options.force or (
            options.force_downstream and any(each in self.reproduced for each in upstream)
        )
        if stage.frozen or not stage.cmd:
            return self._reproduce_without_command(stage, upstream, is_forced)
        if not is_forced:
            if not self._is_changed(stage):
                return Preparation.UNCHANGED
            if options.pull:
                if self._pull_outputs(stage, upstream):
                    return Preparation.PULLED
                _pull_missing_deps(stage)
        inputs = self._read_inputs(stage, allow_missing=is_forced and options.allow_missing)
        stage.remove_outs(ignore_remove=False, force=False)
        if is_forced:
            return inputs
        try:
            self.repo.stage_cache.restore(
                stage, run_cache=not options.no_run_cache, pull=options.pull
            )
        except RunCacheNotFoundError:
            return inputs
        self.record(stage, inputs)
        return Preparation.CACHED

    def _reproduce_without_command(
        self, stage: Stage, upstream: list[Stage], is_forced: bool
    ) -> Preparation:
        """Let DVC do all of it for a stage that is frozen, imported or added."""
        is_done = stage.reproduce(
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

    def _is_changed(self, stage: Stage) -> bool:
        """Return whether a stage is outdated."""
        upstream = list(self._dependencies.successors(stage))
        return stage.changed(self.options.allow_missing, upstream)

    def _pull_outputs(self, stage: Stage, upstream: list[Stage]) -> bool:
        """Get the outputs of a stage from the remote if nothing but files is missing."""
        if stage.changed(True, upstream):
            return False
        try:
            self.repo.pull(stage.addressing)
            stage.checkout()
        except CheckoutError:
            return False
        return True

    def record(self, stage: Stage, inputs: Inputs) -> None:
        """Put the outputs of a stage into the cache, and its entry into dvc.lock.

        Args:
            stage: the stage, whose command has ended.
            inputs: what the stage was to read.

        Raises:
            DvcException: an output is missing, or one of the inputs was edited while the stage
                ran. DVC would record the new input (treeverse/dvc#11058).
        """
        allow_missing = self.options.allow_missing
        stage.save(allow_missing=allow_missing, run_cache=False)
        # This must follow `save`, which would record an edit that comes in between.
        inputs_now = self._read_inputs(stage, allow_missing)
        names = sorted({*inputs, *inputs_now})
        edited = [name for name in names if inputs.get(name) != inputs_now.get(name)]
        if edited:
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

    def _read_inputs(self, stage: Stage, allow_missing: bool) -> Inputs:
        """Return what a stage reads. The stage is not modified.

        Files are compared by time and size, so that an edit that was undone counts, too.

        Raises:
            DependencyDoesNotExistError: a file is missing, and that is not allowed.
        """
        inputs: Inputs = {}
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency):
                for key, value in dep.read_params().items():
                    inputs[f"{dep}: {key}"] = value
            elif not is_local(dep):
                inputs[str(dep)] = dep.get_hash()
            elif not dep.exists:
                if not allow_missing:
                    raise dep.DoesNotExistError(dep)
            else:
                for path in self._list_files(dep.fs_path):
                    status = path.stat()
                    inputs[os.path.relpath(path)] = (status.st_mtime_ns, status.st_size)
        return inputs

    def _list_files(self, path: str) -> list[Path]:
        """Return the files of a folder, or the path itself if it is a file."""
        if not Path(path).is_dir():
            return [Path(path)]
        files = [Path(file) for file in self.repo.dvcignore.find(self.repo.fs, path)]
        # Python writes into __pycache__ when it imports a module.
        return [file for file in files if "__pycache__" not in file.parts]

    def _write(self, stage: Stage) -> None:
        """Write a stage to dvc.lock, or to its .dvc file.

        New entries of dvc.lock are in the order in which `dvc repro` would have added them, not
        in the order in which the stages ended.
        """
        if not isinstance(stage, PipelineStage):
            stage.dump(update_pipeline=False)
            return
        path = lock_path(stage)
        old_text = path.read_text(encoding="utf-8") if path.exists() else ""
        # DVC itself reads dvc.lock with a parser that keeps comments, and is five times slower.
        content: dict[str, Any] = parse_yaml(old_text, path) or {"schema": "2.0"}
        entries = content.get("stages", {})
        names_before = self._names_before.setdefault(path, list(entries))
        entries.update(to_lockfile(stage))

        planned = [each.name for each in self._all_stages if lock_path(each) == path]
        order = dict.fromkeys([*names_before, *planned, *entries])  # without duplicates
        content["stages"] = {name: entries[name] for name in order if name in entries}
        text = self._dump(content)
        if text != old_text:
            # DVC would leave half of the file if it was killed.
            unfinished = Path(self.repo.tmp_dir, path.name)
            unfinished.write_text(text, encoding="utf-8", newline="\n")
            unfinished.replace(path)
            self.repo.scm_context.track_file(os.path.relpath(path))

    def _dump(self, content: dict[str, Any]) -> str:
        """Return the text of dvc.lock, as DVC writes it.

        The conversion to YAML is slow, so each entry is converted only once.
        """
        text = ""
        for section, entries in content.items():
            if section != "stages":
                text += dumps_yaml({section: entries})
                continue
            text += "stages:\n"
            for name, entry in entries.items():
                key = repr((name, entry))
                if key not in self._texts:
                    lines = dumps_yaml({"stages": {name: entry}})
                    self._texts[key] = lines.removeprefix("stages:\n")
                text += self._texts[key]
        return text


@contextmanager
def open_repository() -> Iterator[Repo]:
    """Open the repository of the working directory, until the `with` block ends.

    An error of DVC in the block becomes a ClickException.
    """
    try:
        with Repo() as repo:
            yield repo
    except LockError:  # DVC's message repeats itself for each file
        raise click.ClickException(
            "another process of DVC works on the files of these stages; run the same command "
            "again when it has ended (if there is none, delete .dvc/tmp/rwlock)"
        ) from None
    except DvcException as error:
        raise click.ClickException(describe_error(error)) from None


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


def collect_stages(repo: Repo, target: str, options: Options) -> list[Stage]:
    """Return the stages that a target names.

    Args:
        repo: the repository.
        target: a target of `dvc repro`, or a stage of dvc.yaml in the working directory. The
            part before `@` may be left out. The name may be a pattern.
        options: whether targets are recursive or patterns.

    Raises:
        DvcException: there is no such stage.
    """
    path = Path(target)
    if not path.is_file() and not (options.recursive and path.is_dir()):
        pipeline = str(Path.cwd() / "dvc.yaml")
        stages = [each for each in repo.index.stages if each.path == pipeline]
        # A stage, the stages of a matrix, or a stage of a matrix without the matrix's name
        for pattern in [target, f"{target}@*", f"*@{target}"]:
            matching = [each for each in stages if fnmatchcase(each.name, pattern)]
            if matching:
                return matching
    return list(repo.stage.collect(target, recursive=options.recursive, glob=options.glob))


def keep_order(stages: Sequence[Stage], graph: nx.DiGraph) -> nx.DiGraph:
    """Return a graph in which a stage follows all earlier ones that it is connected with."""
    connected = nx.transitive_closure_dag(graph)
    ordered = nx.DiGraph()
    ordered.add_nodes_from(stages)
    for earlier, later in combinations(stages, 2):
        if connected.has_edge(earlier, later) or connected.has_edge(later, earlier):
            ordered.add_edge(later, earlier)
    return ordered


def all_descendants(graph: nx.DiGraph, stages: Iterable[Stage]) -> set[Stage]:
    """Return the descendants of some stages."""
    return {each for stage in stages for each in nx.descendants(graph, stage)}


def command_arguments(
    stage: Stage, variables: dict[str, str]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the commands of a stage, with the arguments that DVC passes to `subprocess`.

    Args:
        stage: the stage.
        variables: environment variables to set.
    """
    options = prepare_kwargs(stage, run_env=variables)
    lines = _enforce_cmd_list(stage.cmd)
    return [(line, {"args": _make_cmd(get_executable(), line), **options}) for line in lines]


def lock_path(stage: Stage) -> Path:
    """Return the path of dvc.lock for a stage of dvc.yaml."""
    return Path(stage.path).with_suffix(".lock")


def is_local(item: Any) -> bool:
    """Return whether a dependency or an output is a file on this machine."""
    return item.fs is not None and item.fs.protocol == "local"


def uses_hardlinks(repo: Repo) -> bool:
    """Return whether DVC is configured to lock by hard links."""
    return repo.config["core"].get("hardlink_lock", False)


def remove_damaged_path_locks(repo: Repo) -> None:
    """Remove DVC's file of path locks if a killed process left it half written."""
    path = Path(repo.tmp_dir, RWLOCK_FILE)
    guard = make_lock(
        str(path.with_name(RWLOCK_LOCK)),
        tmp_dir=repo.tmp_dir,
        hardlink_lock=uses_hardlinks(repo),
    )
    with guard, suppress(FileNotFoundError):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            path.unlink()
