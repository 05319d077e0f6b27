"""Ask DVC which stages are outdated, and keep the order of dvc.lock."""

import math
from pathlib import Path
from typing import Any

from digits.core import paths
from digits.core.errors import UserError
from digits.repro.dvc_processes import describe_busy

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.utils.serialize import dump_yaml, load_yaml

LOCK_FILE = Path("dvc.lock")


def find_outdated_stages(targets: list[str]) -> set[str]:
    """Return the names of the stages that `dvc status` lists, such as `train@digit-knn`.

    Stages that are outdated only because of an outdated stage before them are not included.

    Args:
        targets: the stages to look at, together with all stages before them. Without targets,
            all stages are looked at.

    Raises:
        UserError: another process of DVC is at work on one of the stages, or DVC cannot read
            `dvc.yaml`.
    """
    try:
        with Repo() as repository:
            if targets:
                status = repository.status(targets=targets, with_deps=True)
            else:
                status = repository.status()
    except LockError as error:
        message = describe_busy(str(error)) or str(error)
        raise UserError(message) from None
    except DvcException as error:
        raise UserError(error) from None
    return set(status)  # its keys are the names of stages


def order_by_model_size(model_names: list[str]) -> list[str]:
    """Sort models so that those that probably take the longest to train come first.

    Roughly, the larger the file of a model is, the longer its training took. Models that have
    not been trained before come first.
    """
    stages = read_locked_stages()
    sizes = dict.fromkeys(model_names, math.inf)
    for name in model_names:
        outputs = stages.get(f"train@{name}", {}).get("outs", [])
        for output in outputs:
            if output["path"] == paths.model(name).as_posix():
                sizes[name] = output["size"]
    return sorted(model_names, key=sizes.__getitem__, reverse=True)


def read_locked_stages() -> dict[str, dict[str, Any]]:
    """Return the entries of the stages in dvc.lock by their names, in their order."""
    if not LOCK_FILE.exists():
        return {}
    stages: dict[str, dict[str, Any]] = load_yaml(LOCK_FILE).get("stages", {})
    return stages


def restore_lock_order(previous_order: list[str]) -> None:
    """Put the stages of dvc.lock into the order that `dvc repro` would have given them.

    DVC appends each new stage to dvc.lock when it has ended. With several stages at a time,
    their order would depend on which one ends first.

    Args:
        previous_order: the order of the stages before the run.
    """
    if set(read_locked_stages()) <= set(previous_order):  # no stage is new
        return
    with Repo() as repository, repository.lock:
        # The order is that of the whole pipeline, because for several targets, DVC's order
        # varies from run to run.
        stages = collect_stages(repository, ["dvc.yaml"])
        graph = get_active_graph(repository.index.graph)
        planned_order = [stage.addressing for stage in plan_repro(graph, stages)]
        content = load_yaml(LOCK_FILE)
        entries = content.get("stages", {})
        # Without repetitions: a stage stands where it occurs first.
        order = dict.fromkeys([*previous_order, *planned_order, *entries])
        content["stages"] = {name: entries[name] for name in order if name in entries}
        if list(content["stages"]) != list(entries):
            dump_yaml(LOCK_FILE, content)
