"""Collect what the report shows of a model."""

import re
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd
import yaml

from digits.core import paths
from digits.core.images import Images
from digits.messages.errors import UserError
from digits.results.descriptions import DESCRIPTIONS
from digits.results.images import list_class_names
from digits.results.labels import check_labels, label_names
from digits.results.metrics import OVERALL, read_metrics, read_metrics_table, report_damage
from digits.results.predictions import describe_predictions, rank_mistakes, read_predictions
from digits.settings.params import Entry, Params

# The metrics in the table of a model, and their captions there.
CAPTIONS = {
    metric: description.caption
    for metric, description in DESCRIPTIONS.items()
    if description.caption is not None
}

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
CLASS_METRICS = ["support", "precision", "recall", "f1"]
MAX_CONFUSIONS = 6
MAX_IMAGES_OF_CONFUSION = 3


class Confusion(NamedTuple):
    """A class whose images were predicted as a wrong label.

    Attributes:
        description: the class and the label.
        n_images: how many test images these are.
        rows: the row numbers in the dataset of the most confident of these mistakes.
    """

    description: str
    n_images: int
    rows: list[int]


class ModelView:
    """What the report shows of a model.

    Attributes:
        name: its name.
        params: its entry of params.yaml.
        task: the entry of its task.
        images: the images of its dataset.
        class_names: the names of their classes.
        label_names: the names of its labels, by their number. In a task with positive classes
            they are made of the name of the task, such as `not five` and `five`, as in
            `dvc plots` (.dvc/plots/page.html).
        label_classes: the classes that each label stands for, such as `not 5` and `5`.
        summary: the content of metrics/<model>.json.
        metrics: the content of plots/<model>/metrics.csv.
        confusion: the content of plots/<model>/confusion.csv, with a column `strength`: the
            opacity of the colour of a mistake, 0 to 1.
        names: the name of each class by its name in the plot tables. A task with positive
            classes has the classes 0 and 1 there.
        predictions: its predictions and the column `class` of their images, by subset.
        mistakes: its wrong predictions of test images, the most confident first. The columns
            `actual` and `predicted` are names of labels, `place` is the file of the image or
            its row, and `description` is a line such as `8, predicted 3 (97 %)`.
    """

    def __init__(self, name: str, settings: Params, images: Images) -> None:
        """Read the results of a model.

        Raises:
            UserError: a file is missing or damaged, or belongs to other images.
        """
        self.name = name
        self.params = settings.models[name]
        self.task = settings.tasks[self.params.task]
        self.images = images
        self.class_names = list_class_names(images)
        self.label_classes = label_names(settings, self.params.task)
        self.label_names = self.label_classes
        if self.has_positive:
            self.label_names = [f"not {self.params.task}", self.params.task]
        self.summary = read_metrics(name)
        self.metrics = read_metrics_table(name)
        self.confusion = self.read_confusion()
        self.names = {actual: actual for actual in self.confusion["actual"].unique()}
        if self.has_positive:
            self.names = {"0": self.label_names[0], "1": self.label_names[1]}
        self.predictions = {"test": self.read_predictions("test")}
        if "cv_accuracy" in self.summary:
            self.predictions["cross_validation"] = self.read_predictions("train")
        self.mistakes = self.describe_mistakes()

    def read_confusion(self) -> pd.DataFrame:
        """Read the confusion matrices.

        Raises:
            UserError: the file is missing or damaged.
        """
        confusion = self.read_plot("confusion").astype({"count": int})
        counts = confusion["count"].where(confusion["actual"] != confusion["predicted"], 0)
        largest = counts.groupby(confusion["subset"]).transform("max")
        return confusion.assign(strength=counts / largest)

    def read_plot(self, plot: str) -> pd.DataFrame:
        """Read a plot table with all values as text, because a class may be called `null`.

        Raises:
            UserError: the file is missing or damaged.
        """
        path = paths.plots(self.name) / f"{plot}.csv"
        with report_damage(path, self.name):
            return pd.read_csv(path, dtype=str, keep_default_na=False)

    def read_predictions(self, subset: str) -> pd.DataFrame:
        """Read the predictions, and add the column `class` of their images.

        Raises:
            UserError: the file is missing or damaged, or belongs to other images.
        """
        predictions = read_predictions(self.name, subset)
        classes = self.images.classes
        if predictions["row"].max() >= len(classes):
            raise UserError(
                f"the predictions of {self.name} have images that its dataset in data/raw does "
                "not have; run `dvc repro`"
            )
        largest_label = predictions[["label", "prediction"]].to_numpy().max()
        check_labels(self.label_names, largest_label, self.name)
        predictions["class"] = classes[predictions["row"]]
        return predictions

    def describe_mistakes(self) -> pd.DataFrame:
        """Return the wrong predictions of test images in words, the most confident first."""
        predictions = self.predictions["test"]
        mistakes = predictions.iloc[rank_mistakes(predictions)]
        classes = [self.class_names[number] for number in mistakes["class"]]
        temperature = self.metric("cross_validation", "temperature")
        descriptions = describe_predictions(mistakes, classes, self.label_names, temperature)
        # No line ends inside a number such as `> 99 %`.
        descriptions = [
            re.sub("(?<=[<>]) | (?=%)", NO_BREAK_SPACE, text) for text in descriptions
        ]
        return mistakes.assign(
            actual=[self.label_names[label] for label in mistakes["label"]],
            predicted=[self.label_names[label] for label in mistakes["prediction"]],
            place=[name_image(self.images, row) for row in mistakes["row"]],
            description=descriptions,
        )

    @property
    def has_positive(self) -> bool:
        """Whether the task has positive classes."""
        return self.task.positive is not None

    @property
    def subsets(self) -> list[str]:
        """The subsets that have a confusion matrix: `test`, and maybe `cross_validation`."""
        return self.confusion["subset"].unique().tolist()

    @property
    def is_calibrated(self) -> bool:
        """Whether the probabilities are calibrated."""
        return self.metric("cross_validation", "temperature") is not None

    @property
    def threshold_rule(self) -> dict[str, float | str]:
        """The rule of params.yaml that chose the threshold; empty if there is none."""
        threshold = self.params.hyperparameters.threshold
        return threshold.model_dump() if isinstance(threshold, Entry) else {}

    @property
    def params_text(self) -> str:
        """The entry of params.yaml as YAML, without its descriptions."""
        values = self.params.model_dump(exclude={"description", "tutorial"}, exclude_unset=True)
        return yaml.safe_dump(values, sort_keys=False)

    def metric(self, subset: str, metric: str) -> float | None:
        """Return a metric, or None if the model doesn't have it."""
        return self.metrics["value"].get((subset, metric, OVERALL))

    def accuracies(self, kind: str) -> dict[Any, float]:
        """Return the accuracy of each `fold` or `group`, by its subset and slice."""
        accuracies = self.metrics["value"].xs("accuracy", level="metric")
        is_kind = accuracies.index.get_level_values("slice").str.startswith(f"{kind} ")
        return accuracies[is_kind].to_dict()

    @cached_property
    def overall(self) -> pd.DataFrame:
        """The metrics of all classes together.

        There is a row for each metric of CAPTIONS that the model has, and there are the columns
        `value`, `low` and `high` of each subset.
        """
        rows = self.metrics.query("slice == @OVERALL").droplevel("slice").reset_index()
        table = rows.pivot(index="metric", columns="subset")
        return table.reindex([metric for metric in CAPTIONS if metric in table.index])

    @cached_property
    def classes(self) -> pd.DataFrame:
        """The metrics of each class that has images, with a column per subset and metric."""
        table = self.metrics["value"].unstack(["subset", "metric"])
        columns = pd.MultiIndex.from_product([self.subsets, CLASS_METRICS])
        table = table.reindex(index=list(self.names), columns=columns)
        return table.dropna(how="all").rename(self.names)

    @cached_property
    def confusions(self) -> list[Confusion]:
        """The most frequent confusions in the test set."""
        rows_by_pair = self.mistakes.groupby(["class", "prediction"])["row"]
        pairs = rows_by_pair.agg(["size", list]).nlargest(MAX_CONFUSIONS, "size").reset_index()
        confusions = []
        for number, label, n_images, rows in pairs.itertuples(index=False):
            names = f"{self.class_names[number]} predicted as {self.label_names[label]}"
            confusions.append(Confusion(names, n_images, rows[:MAX_IMAGES_OF_CONFUSION]))
        return confusions


def name_image(images: Images, row: int) -> str:
    """Return the file of an image, or else its row number, such as `row 18`."""
    return f"row {row}" if images.files is None else images.files[row]
