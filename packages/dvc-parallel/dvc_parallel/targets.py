"""Find the stages that a target names."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from dvc.dvcfile import PROJECT_FILE
from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage
from dvc.utils import parse_target

if TYPE_CHECKING:
    from .project import Options


def collect_stages(repo: Repo, target: str, options: Options) -> list[Stage]:
    """Return the stages that a target names.

    They are those of the index of the repository, so that no file is parsed again.

    Args:
        repo: the repository.
        target: a target of `dvc repro`, or a stage of dvc.yaml in the working directory. The
            part before `@` may be left out. The name may be a pattern.
        options: whether targets are recursive or patterns.

    Raises:
        DvcException: there is no such stage.
    """
    if options.recursive and Path(target).is_dir():
        return list(repo.stage.collect(target, recursive=True))
    by_file: dict[str, list[Stage]] = defaultdict(list)
    for stage in repo.index.stages:
        by_file[stage.path].append(stage)

    if not Path(target).is_file():
        stages = by_file[repo.fs.abspath(PROJECT_FILE)]
        # A stage, the stages of a matrix, or a stage of a matrix without the matrix's name
        for pattern in [target, f"{target}@*", f"*@{target}"]:
            matching = select(stages, pattern)
            if matching:
                return matching
    file, name = parse_target(target, isa_glob=options.glob)
    stages = by_file[repo.fs.abspath(file or PROJECT_FILE)]
    if name is None or not all(isinstance(stage, PipelineStage) for stage in stages):
        found = stages
    elif any(stage.raw_data.generated_from == name for stage in stages):
        found = [stage for stage in stages if stage.raw_data.generated_from == name]
    else:
        found = select(stages, name) if options.glob else named(stages, name)
    # DVC itself knows stages that are in no index, and why there are none.
    return found or list(repo.stage.collect(target, glob=options.glob))


def named(stages: list[Stage], name: str) -> list[Stage]:
    """Return the stages with a name."""
    return [stage for stage in stages if stage.name == name]


def select(stages: list[Stage], pattern: str) -> list[Stage]:
    """Return the stages whose names match a pattern."""
    return [stage for stage in stages if fnmatch.fnmatchcase(stage.name, pattern)]
