"""Collect what the report shows of a model."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from digits.core import paths
from digits.core.errors import UserError
from digits.core.params import Entry, ModelParams, Params, TaskParams
from digits.report.metrics import ModelMetrics
from digits.report.plots import Plots, read_plots
from digits.results import formatting
from digits.results.mistakes import rank_mistakes
from digits.results.read import (
    ImageDataset,
    read_metrics,
    read_metrics_table,
    read_predictions,
)

import pandas as pd
import yaml

MAX_CONFUSIONS = 6
MAX_IMAGES_OF_CONFUSION = 3


class ConfusionCount(NamedTuple):
    """How many images of a class were predicted as a wrong label, and how many it has."""

    n_confused: int
    n_images: int


class Confusion(NamedTuple):
    """A class whose images were predicted as a wrong label.

    Attributes:
        description: the class and the label.
        counts: how many of its images these are, by subset.
        rows: the row numbers in the dataset of the most confident of these mistakes.
    """

    description: str
    counts: dict[str, ConfusionCount]
    rows: list[int]


class Mistake(NamedTuple):
    """A test image that was predicted as a wrong label.

    Attributes:
        row: its row number in the dataset.
        actual: the name of its label.
        predicted: the name of the predicted label.
        description: a line such as `8, predicted 3 (97 %)`.
    """

    row: int
    actual: str
    predicted: str
    description: str


@dataclass(frozen=True)
class ModelReport:
    """What the report shows of a model.

    Attributes:
        name: its name.
        params: its entry of params.yaml.
        task: the entry of its task.
        dataset: the images of its dataset.
        label_names: the names of its labels, by their number.
        summary: the content of metrics/<model>.json.
        metrics: all its metrics.
        plots: its plot tables.
        n_test_images: the number of test images.
        has_groups: whether the test images have groups.
        confusions: the most frequent confusions in the test set.
        mistakes: its mistakes in the test set, the most confident first.
        params_text: its entry of params.yaml as YAML, without the descriptions.
        checksums: the MD5 checksums of its files, by path.
    """

    name: str
    params: ModelParams
    task: TaskParams
    dataset: ImageDataset
    label_names: Sequence[str]
    summary: Mapping[str, float]
    metrics: ModelMetrics
    plots: Plots
    n_test_images: int
    has_groups: bool
    confusions: list[Confusion]
    mistakes: list[Mistake]
    params_text: str
    checksums: dict[str, str]

    @property
    def has_positive(self) -> bool:
        """Whether the task has positive classes."""
        return self.task.positive is not None

    @property
    def error(self) -> float:
        """The proportion of test images that were predicted as a wrong label, 0 to 1."""
        return len(self.mistakes) / self.n_test_images

    @property
    def error_interval(self) -> tuple[float, float] | None:
        """The ends of the 95 % confidence interval of the error, if it has one."""
        accuracy_interval = self.metrics.interval("test", "accuracy")
        if accuracy_interval is None:
            return None
        low, high = accuracy_interval
        return 1 - high, 1 - low

    @property
    def group_errors(self) -> list[float]:
        """The error of each group of test images."""
        accuracies = self.metrics.accuracies("group")
        return [1 - value for (subset, _), value in accuracies.items() if subset == "test"]

    @property
    def lowest_recall(self) -> tuple[str, float]:
        """The class with the lowest recall on the test set, and the recall."""
        recalls = {}
        for class_key, class_name in self.plots.class_names.items():
            recall = self.metrics.value("test", "recall", class_key)
            if recall is not None:
                recalls[class_name] = recall
        lowest = min(recalls, key=recalls.__getitem__)
        return lowest, recalls[lowest]

    @property
    def threshold_rule(self) -> dict[str, float | str]:
        """The rule of params.yaml that chose the threshold; empty if there is none."""
        threshold = self.params.hyperparameters.threshold
        return threshold.model_dump() if isinstance(threshold, Entry) else {}


def describe_model(name: str, settings: Params, dataset: ImageDataset) -> ModelReport:
    """Return what the report shows of a model.

    Args:
        name: the name of the model.
        settings: the content of params.yaml.
        dataset: the images of its dataset.

    Raises:
        UserError: a file is missing or damaged, or the files are from different runs.
    """
    params = settings.models[name]
    task = settings.tasks[params.task]
    label_names = formatting.label_names(settings, params.task)
    summary = read_metrics(name)
    metrics_table = read_metrics_table(name)
    metrics = ModelMetrics.from_table(metrics_table)

    predictions = {"test": read_predictions_and_classes(name, "test", dataset)}
    if "cv_accuracy" in summary and paths.crossval(name).exists():
        crossval = read_predictions_and_classes(name, "train", dataset)
        predictions["cross_validation"] = crossval
    test_predictions = predictions["test"]
    mistakes = test_predictions.iloc[rank_mistakes(test_predictions)]
    check_same_run(name, len(mistakes) / len(test_predictions), summary)

    has_positive = task.positive is not None
    plots = read_plots(name, metrics, label_names, has_positive=has_positive)
    confusions = list_confusions(mistakes, predictions, dataset, label_names)
    temperature = metrics.value("cross_validation", "temperature")
    return ModelReport(
        name=name,
        params=params,
        task=task,
        dataset=dataset,
        label_names=label_names,
        summary=summary,
        metrics=metrics,
        plots=plots,
        n_test_images=len(test_predictions),
        has_groups="group" in test_predictions,
        confusions=confusions,
        mistakes=list_mistakes(mistakes, dataset, label_names, temperature),
        params_text=format_params(params),
        checksums=compute_checksums(name),
    )


def read_predictions_and_classes(name: str, subset: str, dataset: ImageDataset) -> pd.DataFrame:
    """Read the predictions of a model, and add the column `class` of their images.

    Raises:
        UserError: the file is missing or damaged, or belongs to other images.
    """
    predictions = read_predictions(name, subset)
    rows = predictions["row"].to_numpy()
    if rows.max() >= len(dataset.classes):
        raise UserError(
            f"the predictions of {name} have images that {paths.raw(dataset.name)} does not "
            "have; run `dvc repro`"
        )
    return predictions.assign(**{"class": dataset.classes[rows]})


def check_same_run(name: str, error: float, summary: Mapping[str, float]) -> None:
    """Check that the predictions of a model have the accuracy in its metrics.

    Args:
        name: the name of the model.
        error: the error of the predictions, 0 to 1.
        summary: the content of metrics/<model>.json.

    Raises:
        UserError: they have not, so they are from different runs.
    """
    difference = abs(1 - error - summary["accuracy"])
    if difference > 1e-6:  # the metrics are rounded
        raise UserError(
            f"{paths.predictions(name)} and {paths.metrics(name)} are not of the same run; run "
            "`dvc checkout` or `dvc repro`"
        )


def list_confusions(
    mistakes: pd.DataFrame,
    predictions: Mapping[str, pd.DataFrame],
    dataset: ImageDataset,
    label_names: Sequence[str],
) -> list[Confusion]:
    """Return the most frequent confusions in the test set.

    Args:
        mistakes: the mistakes in the test set, the most confident first.
        predictions: all predictions, by subset.
        dataset: the images of the dataset.
        label_names: the names of the labels, by their number.
    """
    rows_by_pair = mistakes.groupby(["class", "prediction"])["row"]
    n_of_pair = rows_by_pair.size().sort_values(ascending=False, kind="stable")
    confusions = []
    for class_number, label in n_of_pair.index[:MAX_CONFUSIONS]:
        class_name = dataset.class_names[class_number]
        counts = {}
        for subset, table in predictions.items():
            counts[subset] = count_confusion(table, class_number, label)
        rows = rows_by_pair.get_group((class_number, label)).tolist()
        confusion = Confusion(
            description=f"{class_name} predicted as {label_names[label]}",
            counts=counts,
            rows=rows[:MAX_IMAGES_OF_CONFUSION],
        )
        confusions.append(confusion)
    return confusions


def count_confusion(predictions: pd.DataFrame, class_number: int, label: int) -> ConfusionCount:
    """Count the images of a class that were predicted as a label."""
    is_class = predictions["class"] == class_number
    is_confused = is_class & (predictions["prediction"] == label)
    return ConfusionCount(int(is_confused.sum()), int(is_class.sum()))


def list_mistakes(
    mistakes: pd.DataFrame,
    dataset: ImageDataset,
    label_names: Sequence[str],
    temperature: float | None,
) -> list[Mistake]:
    """Return mistakes as the report shows them.

    Args:
        mistakes: rows of a table of predictions, with a column `class`.
        dataset: the images of the dataset.
        label_names: the names of the labels, by their number.
        temperature: the temperature of the calibration, if the model is calibrated.
    """
    class_names = [dataset.class_names[number] for number in mistakes["class"]]
    descriptions = formatting.describe_predictions(
        mistakes, class_names, label_names, temperature
    )
    listed = []
    columns = mistakes[["row", "label", "prediction"]].itertuples(index=False, name=None)
    for (row, label, prediction), text in zip(columns, descriptions, strict=True):
        # No line ends inside the brackets at the end.
        before, bracket, inside = text.rpartition("(")
        description = before + bracket + inside.replace(" ", "\N{NO-BREAK SPACE}")
        mistake = Mistake(row, label_names[label], label_names[prediction], description)
        listed.append(mistake)
    return listed


def format_params(params: ModelParams) -> str:
    """Return the entry of a model as YAML, without its descriptions."""
    values = params.model_dump(exclude={"description", "tutorial"}, exclude_unset=True)
    return yaml.safe_dump(values, sort_keys=False)


def compute_checksums(name: str) -> dict[str, str]:
    """Return the MD5 checksums of the files of a model, by path."""
    checksums = {}
    for path in [paths.model(name), paths.predictions(name), paths.metrics(name)]:
        if path.exists():
            checksum = hashlib.md5(path.read_bytes())
            checksums[path.as_posix()] = checksum.hexdigest()
    return checksums
