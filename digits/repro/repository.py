"""Ask DVC what it has to run, and keep dvc.lock in its order."""

from pathlib import Path

from digits.core.errors import PipelineError
from digits.repro.dvc_processes import describe_busy

from dvc.lock import LockError
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.utils.serialize import dump_yaml, load_yaml

LOCK_FILE = Path("dvc.lock")


def find_outdated_stages(targets: list[str]) -> set[str]:
    """Return the names of the stages that DVC would run, such as `train@digit-knn`.

    A stage that is outdated only because an outdated stage before it will write something else
    is not among them.

    Args:
        targets: the stages to look at, together with all stages before them. Without targets,
            all stages are looked at.

    Raises:
        PipelineError: another process of DVC is at work on one of the stages.
    """
    with Repo() as repository:
        try:
            return set(repository.status(targets=targets or None, with_deps=bool(targets)))
        except LockError as error:
            raise PipelineError(describe_busy(str(error)) or error) from None


def order_by_model_size(model_names: list[str]) -> list[str]:
    """Return the names of models, those first that probably take the longest to train.

    The larger the file of a model was in its last run, the longer its training took, roughly.
    A model that has not been trained before comes first.
    """
    sizes = {}
    with Repo() as repository:
        for name in model_names:
            [stage] = repository.stage.collect(f"train@{name}")
            model_file = stage.outs[0]
            sizes[name] = model_file.meta.size if model_file.meta else None
    return sorted(model_names, key=lambda name: (sizes[name] is not None, -(sizes[name] or 0)))


def read_lock_order() -> list[str]:
    """Return the names of the stages in dvc.lock, in their order."""
    if not LOCK_FILE.exists():
        return []
    return list(load_yaml(LOCK_FILE).get("stages", {}))


def restore_lock_order(previous_order: list[str], targets: list[str]) -> None:
    """Put the stages of dvc.lock into the order that `dvc repro` would have given them.

    DVC appends a stage that is new in dvc.lock when the stage has run. With several at a time,
    the order would depend on which one ends first.

    Args:
        previous_order: the order of the stages before the run.
        targets: the targets of the run.
    """
    with Repo() as repository, repository.lock:
        stages = collect_stages(repository, targets or ["dvc.yaml"])
        graph = get_active_graph(repository.index.graph)
        planned_order = [stage.addressing for stage in plan_repro(graph, stages)]
        content = load_yaml(LOCK_FILE)
        entries = content["stages"]
        order = dict.fromkeys(
            [*previous_order, *planned_order, *entries]
        )  # without repetitions
        content["stages"] = {name: entries[name] for name in order if name in entries}
        if list(content["stages"]) != list(entries):
            dump_yaml(LOCK_FILE, content)
