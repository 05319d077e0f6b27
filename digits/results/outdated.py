"""Models whose results are older than their code, parameters or data."""

import warnings
from collections.abc import Collection
from typing import Any

import networkx as nx
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage

from digits.messages.terminal import warn

# What DVC says of files that are not there, for example because nobody has pulled them. Results
# are not outdated because of them.
ABSENT = ["deleted", "not in cache"]


def find_outdated_models(names: Collection[str]) -> set[str]:
    """Return the evaluated models of which `dvc repro` would run a stage.

    Missing files do not count. If DVC cannot tell, for example while it runs stages, a warning
    says so, and no model is returned.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Repo() as repository, repository.lock:
            outdated = find_outdated_stages(repository)
            return {name for name in names if f"evaluate@{name}" in outdated}
    except NotDvcRepoError:
        return set()
    except DvcException as error:
        warn(f"models that are not up to date are not marked: {error}")
        return set()


def find_outdated_stages(repository: Repo) -> set[str]:
    """Return the names of the stages that have changed, and of all that depend on them."""
    graph = repository.index.graph  # its edges go from a stage to those that it depends on
    outdated = set()
    for stage in filter(has_only_local_files, graph):
        changes = stage.status().get(stage.addressing, [])
        if is_outdated(changes):
            outdated |= {stage, *nx.ancestors(graph, stage)}
    return {stage.addressing for stage in outdated}


def has_only_local_files(stage: Stage) -> bool:
    """Return whether a stage is one of `dvc.yaml`, and DVC finds its state without a remote.

    A `.dvc` file can depend on a file of a remote. To connect to a remote, DVC can run a
    command of `.dvc/config`.
    """
    files = [*stage.deps, *stage.outs]
    return isinstance(stage, PipelineStage) and all(file.protocol == "local" for file in files)


def is_outdated(changes: list[dict[str, Any] | str]) -> bool:
    """Return whether the changes that DVC has found in a stage are more than absent files.

    They are such as `[{"changed deps": {"data/raw/mnist.parquet": "deleted"}}]`.
    """
    for change in changes:
        if isinstance(change, str):  # such as `changed command`
            return True
        for states in change.values():
            # A state is a text, or, of params.yaml, the states of parameters.
            if any(state not in ABSENT for state in states.values()):
                return True
    return False
