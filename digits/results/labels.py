"""Name the labels of a task."""

from collections.abc import Sequence

from digits.fetching.summary import read_summary
from digits.messages.errors import UserError
from digits.settings.params import Params


def label_names(settings: Params, task_name: str) -> list[str]:
    """Return the name of each label of a task.

    If the task has no `positive` classes, these are the names of the classes. Otherwise the
    names of the labels 0 and 1 are, for example, `not 5` and `5`, or `another` and `0 or 1`.
    """
    task = settings.tasks[task_name]
    if task.positive is None:
        summary = read_summary(settings.dataset_name_of_task(task_name))
        return [str(name) for name in summary.class_names]

    positive_names = [str(name) for name in task.positive]
    if task.negative is not None:
        negative_name = " or ".join(str(name) for name in task.negative)
    elif len(positive_names) == 1:
        negative_name = f"not {positive_names[0]}"
    else:
        negative_name = "another"
    return [negative_name, " or ".join(positive_names)]


def check_labels(names: Sequence[str], largest_label: int, model_name: str) -> None:
    """Check that the largest label that a model predicts, counted from 0, has a name.

    Raises:
        UserError: the dataset has changed after the model was trained.
    """
    if largest_label >= len(names):
        raise UserError(
            f"{model_name} predicts {largest_label + 1} labels, but its task has {len(names)} "
            f"now; run `digits repro {model_name}`"
        )
