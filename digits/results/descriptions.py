"""What the leaderboard, the report and the pages say about each metric.

digits/evaluation/metrics.py computes the metrics. No stage depends on this module, so an edit
of its words evaluates no model again.
"""

from typing import NamedTuple


class Column(NamedTuple):
    """The column of a metric in the leaderboard.

    Attributes:
        name: the name of the column in JSON and CSV.
        heading: its heading. It can have two lines.
        help: what is in the column.
        subset: the subset whose metric it is.
        only_if_imbalanced: whether it only has values for tasks with imbalanced classes.
    """

    name: str
    heading: str
    help: str
    subset: str = "test"
    only_if_imbalanced: bool = False


class Description(NamedTuple):
    """What is said about a metric.

    Attributes:
        text: its definition.
        caption: the caption of its row in the report, or None if it has no row.
        column: its column in the leaderboard, or None if it has no column.
    """

    text: str
    caption: str | None = None
    column: Column | None = None


# Each metric by its name in plots/<model>/metrics.csv.
DESCRIPTIONS = {
    "cv_accuracy": Description(
        "The mean of the folds' accuracies in cross-validation.",
        column=Column(
            "cv_accuracy",
            "CV\naccuracy",
            "The mean accuracy of the folds, in cross-validation on the training set. Use it "
            "to choose a model. The rows are sorted by it. Models without folds come last.",
            subset="cross_validation",
        ),
    ),
    "cv_std": Description("The standard deviation of the folds' accuracies."),
    "accuracy": Description(
        "The proportion of the images that are classified correctly.",
        caption="accuracy",
        column=Column(
            "accuracy",
            "test\naccuracy",
            "The accuracy on the test set, which no model was trained on. Once you have chosen "
            "a model, report this accuracy.",
        ),
    ),
    "baseline": Description(
        "The accuracy of always predicting the most frequent label of the training set."
    ),
    "precision": Description(
        "The proportion of correct predictions among the images predicted as the label.",
        caption="precision",
    ),
    "recall": Description(
        "The proportion of correct predictions among the images that have the label.",
        caption="recall",
        column=Column(
            "cv_balanced_accuracy",
            "CV balanced\naccuracy",
            "The mean recall of the classes, in cross-validation.",
            subset="cross_validation",
            only_if_imbalanced=True,
        ),
    ),
    "f1": Description(
        "The harmonic mean of precision and recall.",
        caption="F1",
        column=Column(
            "cv_f1",
            "CV\nmean F1",
            "The mean F1 score of the classes, in cross-validation.",
            subset="cross_validation",
            only_if_imbalanced=True,
        ),
    ),
    "roc_auc": Description(
        "The area under the ROC curve.",
        caption="area under the ROC curve",
    ),
    "average_precision": Description(
        "The average precision, which summarizes the precision-recall curve.",
        caption="average precision",
    ),
    "log_loss": Description(
        "The mean negative logarithm of the calibrated probability of the true label.",
        caption="log loss",
    ),
    "support": Description("The number of images that have the label."),
    "temperature": Description("The number that calibrates the probabilities."),
    "threshold": Description(
        "The decision threshold: the lowest score at which the label 1 is predicted. Only for "
        "two labels."
    ),
}


def list_columns() -> dict[str, Column]:
    """Return the leaderboard's columns by their metrics, those of the test set last."""
    columns = {
        metric: description.column
        for metric, description in DESCRIPTIONS.items()
        if description.column is not None
    }
    return dict(sorted(columns.items(), key=lambda item: item[1].subset == "test"))
