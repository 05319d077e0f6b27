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
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click
import networkx as nx
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.lock import LockError, make_lock
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, rwlock
from dvc.stage import PipelineStage, Stage
from dvc.stage.cache import RunCacheNotFoundError
from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs
from dvc.stage.serialize import to_lockfile
from dvc.utils.serialize import dumps_yaml, parse_yaml

# What a stage reads, by name: the value of a parameter, or the time and size of a file.
Inputs = dict[str, Any]


class Project:
    """A DVC project and its stages that have to run.

    Attributes:
        stages: the stages that are outdated, and those that depend on them, in the order in
            which `dvc repro` runs them.
        graph: these stages, with an edge from each stage to the stages that it depends on.
    """

    def __init__(
        self, repo: Repo, targets: Sequence[str], *, force: bool, single_item: bool
    ) -> None:
        """Find the stages that have to run.

        Args:
            repo: the repository.
            targets: as for `dvc repro`, or patterns such as `train@small-*`. Without targets,
                the stages of dvc.yaml in the working directory are brought up to date.
            force: whether to run stages that are up to date, too.
            single_item: whether to leave out the stages that the targets depend on.

        Raises:
            DvcException: there is no such target, DVC cannot read dvc.yaml, or another process
                works on the files of a stage.
        """
        self.repo = repo
        self._force = force
        # The order of the entries of each dvc.lock before this run
        self._names_before: dict[Path, list[str]] = {}
        self._texts: dict[str, str] = {}  # of the entries of dvc.lock, in YAML
        with self.locked():
            remove_damaged_path_locks(repo)
            active_graph = get_active_graph(repo.index.graph)
            # DVC plans the whole project, because its order for targets varies.
            self._all_stages = plan_repro(active_graph)
            named = [collect_stages(repo, target) for target in targets or ["dvc.yaml"]]
            needed = {stage for stages in named for stage in stages}
            if not single_item:
                needed |= all_descendants(active_graph, needed)
            changed = [each for each in needed if force or each.changed()]
        # The edges of the graph point to dependencies.
        dependents = all_descendants(active_graph.reverse(copy=False), changed)
        outdated = needed & {*changed, *dependents}
        self.stages = [stage for stage in self._all_stages if stage in outdated]
        self.graph = active_graph.subgraph(self.stages)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the repository. `prepare` and `record` need it."""
        with self.repo.lock, self.repo.scm_context(quiet=True):
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

    def prepare(self, stage: Stage) -> Inputs | None:
        """Bring a stage up to date without its command, for example from the run cache.

        Returns:
            None if that was possible. Otherwise the command must run: the outputs have been
            removed, and what the stage reads is returned.
        """
        if stage.frozen or not stage.cmd:
            if stage.reproduce(force=self._force):
                self._write(stage)
            return None
        if not self._force and not stage.changed():
            return None
        inputs = self._read_inputs(stage)
        stage.remove_outs(ignore_remove=False, force=False)
        if self._force:
            return inputs
        try:
            self.repo.stage_cache.restore(stage)
        except RunCacheNotFoundError:
            return inputs
        self.record(stage, inputs)
        return None

    def record(self, stage: Stage, inputs: Inputs) -> None:
        """Put the outputs of a stage into the cache, and its entry into dvc.lock.

        Args:
            stage: the stage, whose command has ended.
            inputs: what the stage was to read.

        Raises:
            DvcException: an output is missing, or one of the inputs was edited while the stage
                ran. DVC would record the new input (treeverse/dvc#11058).
        """
        stage.save(run_cache=False)
        # This must follow `save`, which would record an edit that comes in between.
        inputs_now = self._read_inputs(stage)
        names = sorted({*inputs, *inputs_now})
        edited = [name for name in names if inputs.get(name) != inputs_now.get(name)]
        if edited:
            raise DvcException(
                f"{', '.join(edited)}: edited while the stage ran, so its outputs may come "
                "from either version; run it again"
            )

        files = [out for out in stage.outs if not (out.is_metric or out.is_plot)]
        if all(out.use_cache for out in files):  # the run cache cannot restore others
            self.repo.stage_cache.save(stage)
        stage.commit()
        self._write(stage)

    def _read_inputs(self, stage: Stage) -> Inputs:
        """Return what a stage reads. The stage is not modified.

        Files are compared by time and size, so that an edit that was undone counts, too.

        Raises:
            DependencyDoesNotExistError: a file is missing.
        """
        inputs: Inputs = {}
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency):
                for key, value in dep.read_params().items():
                    inputs[f"{dep}: {key}"] = value
            elif not is_local(dep):
                inputs[str(dep)] = dep.get_hash()
            elif not dep.exists:
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
        with Repo(_wait_for_lock=True) as repo:
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


def collect_stages(repo: Repo, target: str) -> list[Stage]:
    """Return the stages that a target names.

    Args:
        repo: the repository.
        target: a target of `dvc repro`, or a stage of dvc.yaml in the working directory. The
            part before `@` may be left out. The name may be a pattern.

    Raises:
        DvcException: there is no such stage.
    """
    pipeline = str(Path.cwd() / "dvc.yaml")
    stages = [each for each in repo.index.stages if each.path == pipeline]
    patterns = [target, f"*@{target}"]
    matching = [each for each in stages if any(fnmatchcase(each.name, p) for p in patterns)]
    return matching or list(repo.stage.collect(target))


def all_descendants(graph: nx.DiGraph, stages: Iterable[Stage]) -> set[Stage]:
    """Return the descendants of some stages."""
    return {each for stage in stages for each in nx.descendants(graph, stage)}


def command_arguments(stage: Stage, variables: dict[str, str]) -> list[dict[str, Any]]:
    """Return the arguments with which DVC passes the commands of a stage to `subprocess`.

    Args:
        stage: the stage.
        variables: environment variables to set.
    """
    options = prepare_kwargs(stage, run_env=variables)
    lines = _enforce_cmd_list(stage.cmd)
    return [{"args": _make_cmd(get_executable(), line), **options} for line in lines]


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
