"""Format results as the commands, the report and the drawing page print them."""

import json
from collections.abc import Sequence

import click
import numpy as np
import pandas as pd
import tabulate

from digits.core.predictions import labels_of_scores, read_scores
from digits.data.summary import read_summary
from digits.messages.errors import UserError, echo, to_printable
from digits.results.differences import NO_TEST, Difference, PairedTest
from digits.settings.params import Params

NO_VALUE = "–"  # the text of a cell without a value

# The columns of a table of differences: the name of the model, then what `format_difference`
# returns.
DIFFERENCE_HEADINGS = [
    "model",
    "accuracy\nbefore",
    "accuracy\nafter",
    "difference\n(points)",
    "p",
    "fixed",
    "broken",
]


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
    """Check that each label that a model predicts has a name.

    Args:
        names: the names of the labels of its task.
        largest_label: the largest label that the model predicts. They are numbered from 0.
        model_name: the model.

    Raises:
        UserError: the dataset has changed after the model was trained.
    """
    if largest_label >= len(names):
        raise UserError(
            f"{model_name} predicts {largest_label + 1} labels, but its task has {len(names)} "
            f"now; run `digits repro {model_name}`"
        )


def calibration_warning(model_name: str) -> str:
    """Return the warning that the probabilities of a model are not calibrated."""
    return (
        f"not calibrated: {model_name} has no folds to fit its probabilities on, or has not "
        "been evaluated"
    )


def describe_prediction(
    label_name: str, probability: str, actual_name: str | None = None
) -> str:
    """Return a prediction in words, such as `8, predicted 8 (97 %)`.

    Args:
        label_name: the name of the predicted label.
        probability: the text in parentheses.
        actual_name: what the image shows, or None if it is unknown.
    """
    prediction = f"predicted {label_name} ({probability})"
    if actual_name is None:
        return prediction
    return f"{actual_name}, {prediction}"


def describe_predictions(
    predictions: pd.DataFrame,
    actual_names: Sequence[str],
    names: Sequence[str],
    temperature: float | None,
) -> list[str]:
    """Return each prediction in words, such as `8, predicted 8 (97 %)`.

    Args:
        predictions: a table of predictions.
        actual_names: what each image shows.
        names: the name of each label.
        temperature: the temperature of the calibration. If None, the probabilities are the
            model's own.
    """
    # SciPy is slow to import, and most commands need no probabilities.
    from digits.evaluation.calibration import calibrate, to_logits

    y_pred = predictions["prediction"].to_numpy()
    scores, response_method = read_scores(predictions)
    probabilities = calibrate(to_logits(scores, response_method), temperature)
    labels = labels_of_scores(predictions)
    # Find the column of `probabilities` that belongs to each prediction.
    if len(labels) == 1:  # only the second of two labels has a column of scores
        columns = (y_pred == labels[0]).astype(int)
    else:
        columns = np.searchsorted(labels, y_pred)
    confidences = probabilities[np.arange(len(y_pred)), columns]
    percents = [format_percent(confidence) for confidence in confidences]
    predicted_names = [names[label] for label in y_pred]
    parts = zip(predicted_names, percents, actual_names, strict=True)
    return [describe_prediction(*texts) for texts in parts]


def format_percent(probability: float) -> str:
    """Return a probability in percent. The text never says that something is certain."""
    if probability >= 0.995:
        return "> 99 %"
    if probability < 0.005:
        return "< 1 %"
    return f"{100 * probability:.0f} %"


def format_metric(value: float | None) -> str:
    """Return a metric with four decimals, or a dash if there is no value."""
    return NO_VALUE if pd.isna(value) else f"{value:.4f}"


def format_count(count: float) -> str:
    """Return a whole number with commas between the thousands."""
    return f"{count:,.0f}"


def format_difference(difference: Difference) -> list[str]:
    """Return a row of a table of differences, without the name of the model."""
    return [
        f"{difference.accuracy_before:.4f}",
        f"{difference.accuracy_after:.4f}",
        format_points(difference.points),
        format_p_value(difference.test.p_value),
        str(len(difference.fixed)),
        str(len(difference.broken)),
    ]


def format_points(points: float) -> str:
    """Return a difference in percentage points, always with its sign, or a dash."""
    return NO_VALUE if np.isnan(points) else f"{points:+z.2f}"  # z: no negative zero


def format_p_value(p_value: float) -> str:
    """Return a p-value with two digits, or a dash if there is no test."""
    if np.isnan(p_value):
        return NO_VALUE
    if p_value < 0.001:
        return "< 0.001"
    return f"{p_value:.2g}"


def describe_subset(difference: Difference) -> str:
    """Return which images two models were compared on."""
    if difference.is_cross_validated:
        return "in cross-validation"
    return "of the test set"


def format_verdict(difference: Difference) -> str:
    """Return in words whether a difference is significant, and in which test."""
    n_groups = len(difference.points_of_groups)
    if difference.test is NO_TEST:
        points = ", ".join(format_points(value) for value in difference.points_of_groups)
        return f"too few groups for a test: {n_groups} (differences {points} points)"
    test_name = f"a t-test over {n_groups} groups" if n_groups else "McNemar's exact test"
    return f"{format_significance(difference.test)} in {test_name}"


def format_significance(test: PairedTest) -> str:
    """Return in words whether a difference is significant, and its confidence interval."""
    if test.is_significant:
        conclusion = "the difference is significant"
    else:
        conclusion = "no significant difference"
    low = format_points(test.low)
    high = format_points(test.high)
    return f"{conclusion} (99 % interval {low} to {high} points)"


def print_table(
    table_format: str,
    data: pd.DataFrame,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: str = "",
) -> None:
    """Print a table for people, or its data for programs.

    Args:
        table_format: `table` and `markdown` are for people, `json` and `csv` for programs.
        data: what programs read: plain names and numbers. A missing value is null in JSON, and
            empty in CSV.
        headings: the headings of the columns for people. They can have several lines.
        rows: the text of each cell for people. If there are none, only the notes are printed.
        notes: what people read below the table.
    """
    if table_format == "json":
        values = data.astype(object).where(data.notna(), None)
        echo(json.dumps(values.to_dict("records"), indent=2))
    elif table_format == "csv":
        print_csv(data)
    else:
        paragraphs = [format_rows(headings, rows, table_format)] if rows else []
        if notes:
            paragraphs.append(notes)
        echo("\n\n".join(paragraphs))


def print_csv(data: pd.DataFrame) -> None:
    """Print a table as CSV in UTF-8, also if the terminal has another encoding."""
    text = to_printable(data.to_csv(index=False))
    # The name of a file may have bytes that are no text.
    click.echo(text.encode("utf-8", "surrogateescape"), nl=False)  # noqa: TID251


def format_rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], table_format: str = "table"
) -> str:
    """Return a table, whose first column is aligned to the left, and all others to the right.

    Args:
        headings: the headings of the columns.
        rows: the text of each cell.
        table_format: `table` or `markdown`.
    """
    rows = [[to_printable(cell) for cell in row] for row in rows]
    if table_format == "markdown":  # a heading is a single line
        headings = [heading.replace("\n", " ") for heading in headings]
        rows = [[cell.replace("\n", " ").replace("|", "\\|") for cell in row] for row in rows]
    padding = tabulate.MIN_PADDING
    tabulate.MIN_PADDING = 0  # a column is not wider than its heading and its values
    try:
        return tabulate.tabulate(
            rows,
            headings,
            "pipe" if table_format == "markdown" else "simple",
            colalign=["left"] + ["right"] * (len(headings) - 1),
            disable_numparse=True,
            preserve_whitespace=True,
        )
    finally:
        tabulate.MIN_PADDING = padding
