"""Find the stages that the targets of the command name.

DVC would parse dvc.yaml and dvc.lock again for each target. Here, the stages are looked up in
the index of the repository, which DVC has made from these files.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from dvc.dvcfile import PROJECT_FILE
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage
from dvc.utils import parse_target

from .options import Options


def find_named_stages(repo: Repo, targets: Sequence[str], options: Options) -> list[Stage]:
    """Return the stages that some targets name.

    Args:
        repo: the repository.
        targets: the targets. Without targets, those are all stages of dvc.yaml in the working
            directory.
        options: whether to return all stages, and whether targets are folders or patterns.

    Raises:
        DvcException: there is no such target.
    """
    if options.all_pipelines:
        return list(repo.index.stages)
    found: list[Stage] = []
    for target in targets or [PROJECT_FILE]:
        found += find_stages(repo, target, options)
    return list(dict.fromkeys(found))  # without duplicates


def find_stages(repo: Repo, target: str, options: Options) -> list[Stage]:
    """Return the stages that a target names.

    Args:
        repo: the repository.
        target: a target of `dvc repro`, or a stage of dvc.yaml in the working directory. The
            part before `@` may be left out. The name may be a pattern.
        options: whether the target is a folder or a pattern.

    Raises:
        DvcException: there is no such stage.
    """
    if options.recursive and Path(target).is_dir():
        return list(repo.stage.collect(target, recursive=True))
    found: list[Stage] = []
    if not Path(target).is_file():
        found = find_by_pattern(list_stages(repo, PROJECT_FILE), target)
    if not found:
        file, name = parse_target(target, isa_glob=options.glob)
        found = find_by_name(list_stages(repo, file or PROJECT_FILE), name, options.glob)
    if found:
        return found
    if "*" in target and not options.glob:
        raise DvcException(
            f"no stage matches {target!r} in dvc.yaml of this folder; with --glob, a target "
            "can be a pattern behind the path of another one, such as 'FOLDER/dvc.yaml:train*'"
        )
    # DVC itself also finds stages that are not in the index, or says why there are none.
    return list(repo.stage.collect(target, glob=options.glob))


def list_stages(repo: Repo, file: str) -> list[Stage]:
    """Return the stages of a dvc.yaml, or the stage of a .dvc file."""
    path = repo.fs.abspath(file)
    return [stage for stage in repo.index.stages if stage.path == path]


def find_by_pattern(stages: list[Stage], target: str) -> list[Stage]:
    """Return the stages of dvc.yaml in the working directory that a target names.

    A target that names a stage does not stand for a part of a name as well.
    """
    whole_name, matrix, part_of_matrix = target, f"{target}@*", f"*@{target}"
    for pattern in [whole_name, matrix, part_of_matrix]:
        matching = match_names(stages, pattern)
        if matching:
            return matching
    return []


def find_by_name(stages: list[Stage], name: str | None, is_pattern: bool) -> list[Stage]:
    """Return the stages that a name behind the path of a file names.

    Args:
        stages: the stages of the file.
        name: the name of a stage, of a matrix or of a `foreach`. Without a name, all stages.
        is_pattern: whether the name can be a pattern.
    """
    is_dvc_yaml = all(isinstance(stage, PipelineStage) for stage in stages)
    if name is None or not is_dvc_yaml:  # the stage of a .dvc file has no name
        return stages
    generated = [stage for stage in stages if stage.raw_data.generated_from == name]
    if generated:
        return generated
    if is_pattern:
        return match_names(stages, name)
    return [stage for stage in stages if stage.name == name]


def match_names(stages: list[Stage], pattern: str) -> list[Stage]:
    """Return the stages whose names match a pattern."""
    return [stage for stage in stages if fnmatch.fnmatchcase(stage.name, pattern)]
