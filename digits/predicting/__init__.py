"""Predict what new images show, with a trained model."""

from digits.core import paths
from digits.plugins import find_plugins
from digits.predicting.predictor import Predictor
from digits.results.read import read_metrics
from digits.settings import params
from digits.settings.errors import UserError, warn
from digits.settings.params import DatasetParams, Params


def load(name: str | None = None) -> Predictor:
    """Load a model that predicts pictures.

    Args:
        name: the name of the model. If None, the best model is chosen, and named on stderr.

    Raises:
        UserError: there is no such model.
    """
    settings = params.load()
    if name is None:
        name = choose_model(settings)
    dataset = settings.dataset_of_task(settings.models[name].task)
    return find_predictor_class(dataset).load(settings, name)


def choose_model(settings: Params) -> str:
    """Return the name of the best model, and print it on stderr, with equally good ones.

    Accuracies on different datasets cannot be compared. Therefore only models of the largest
    dataset are compared, by their cross-validated accuracy. Models of tasks with
    `positive` classes are left out, because they do not tell all classes apart.

    Raises:
        UserError: no such model has been evaluated.
    """
    ranks = {}
    for name, model in settings.models.items():
        dataset = settings.dataset_of_task(model.task)
        has_positive = settings.tasks[model.task].positive is not None
        is_evaluated = paths.model(name).exists() and paths.metrics(name).exists()
        if is_evaluated and not has_positive:
            ranks[name] = (dataset.images, read_metrics(name).get("cv_accuracy", 0))
    if not ranks:
        raise UserError(
            "no model that predicts all classes is here; run `dvc pull` if one was shared, or "
            "`dvc repro`, or choose a --model"
        )
    best = max(ranks, key=ranks.__getitem__)
    tied = [name for name, rank in ranks.items() if rank == ranks[best] and name != best]
    and_tied = f", whose cross-validated accuracy {' and '.join(tied)} also has" if tied else ""
    warn(f"the model is {best}{and_tied}; --model chooses another")
    return best


def find_predictor_class(dataset: DatasetParams) -> type[Predictor]:
    """Return the class that converts pictures to images like those of a dataset."""
    if not Predictor.suits(dataset):
        for plugin in find_plugins("digits.predictors").values():
            predictor_class: type[Predictor] = plugin.load()
            if predictor_class.suits(dataset):
                return predictor_class
    return Predictor
