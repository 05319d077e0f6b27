"""Predict what new images show, with a trained model.

No stage depends on this folder, because it changes no output.
"""

from digits.core import paths
from digits.entry_points import find_entry_points
from digits.fetching.summary import read_summary
from digits.messages.errors import UserError
from digits.messages.terminal import warn
from digits.predicting.predictor import Predictor
from digits.results.metrics import read_metrics
from digits.settings import params_file
from digits.settings.params import DatasetParams, Params


def load(name: str | None = None) -> Predictor:
    """Load a model that predicts pictures.

    Without a name, the best model is chosen, and named on stderr.

    Raises:
        UserError: there is no such model.
    """
    settings = params_file.load()
    if name is None:
        name = choose_model(settings)
        warn(f"the model is {name}; --model chooses another")
    dataset = settings.dataset_of_task(settings.models[name].task)
    return find_predictor_class(dataset).load(settings, name)


def choose_model(settings: Params) -> str:
    """Return the name of the best model.

    Accuracies on different datasets cannot be compared. Therefore only models of the largest
    dataset are compared, by their cross-validated accuracy. Models without folds are the last.
    Models of tasks with `positive` classes are left out, because they do not predict all
    classes.

    Raises:
        UserError: no such model has been evaluated.
    """
    dataset_of_model = {}  # the name of each dataset
    for name, model in settings.models.items():
        has_positive = settings.tasks[model.task].positive is not None
        is_evaluated = paths.model(name).exists() and paths.metrics(name).exists()
        if is_evaluated and not has_positive:
            dataset_of_model[name] = settings.dataset_name_of_task(model.task)
    if not dataset_of_model:
        raise UserError(
            "no model that predicts all classes is here; run `dvc pull` if one was shared, or "
            "`dvc repro`, or choose a --model"
        )
    datasets = dataset_of_model.values()
    largest = max(datasets, key=lambda dataset: read_summary(dataset).images)
    candidates = [name for name, dataset in dataset_of_model.items() if dataset == largest]
    return max(candidates, key=lambda name: read_metrics(name).get("cv_accuracy", 0))


def find_predictor_class(dataset: DatasetParams) -> type[Predictor]:
    """Return the class that converts pictures to images like those of a dataset."""
    if not Predictor.suits(dataset):
        for entry_point in find_entry_points("digits.predictors").values():
            predictor_class: type[Predictor] = entry_point.load()
            if predictor_class.suits(dataset):
                return predictor_class
    return Predictor
