"""The HTML of the report: its tables, its names and the data of its charts.

These tests need no browser. What they find is there without JavaScript, too.
"""

import contextlib
import json
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import pandas as pd
import pytest

import hostile
from digits.results.images import read_dataset
from digits.settings import params_file
from digits_report import charts
from digits_report.page import stretch
from digits_report.view import ModelView
from reading import (
    FOLDERS,
    find,
    find_by_text,
    read_data,
    read_page,
    read_predictions,
    read_table,
    text_of,
)
from tests.helpers import tiny
from tests.helpers.calls import call

# Vega is bundled once, in the project that the other tests copy.
pytestmark = pytest.mark.usefixtures("report")


@pytest.fixture
def page(report: Path) -> Element:
    return read_page(report)


@pytest.fixture
def hostile_page(hostile_project: Path) -> Element:
    return read_page(hostile_project / "report.html")


class Mistake(NamedTuple):
    """A wrong prediction of a test image."""

    row: int
    actual: str
    predicted: str
    file: str


def read_mistakes(hostile_project: Path, name: str) -> list[Mistake]:
    """Return the mistakes of a model of the hostile project."""
    predictions = read_predictions(hostile_project, name)
    mistakes = predictions[predictions["is_wrong"]]
    return [
        Mistake(row, hostile.CLASSES[label], hostile.CLASSES[predicted], hostile.name_file(row))
        for row, label, predicted in zip(
            mistakes["row"], mistakes["label"], mistakes["prediction"], strict=True
        )
    ]


def read_leaderboard(page: Element) -> Any:
    """Return the rows of all tasks of the leaderboard, each below the name of its task."""
    table = find(page, ".//section[@id='leaderboard']//table")
    headings = [text_of(cell) for cell in find(table, "thead/tr")]
    rows = [[text_of(cell) for cell in row] for row in table.findall("tbody/tr")]
    rows = [row + [""] * (len(headings) - len(row)) for row in rows]
    return pd.DataFrame(rows, columns=headings)


def find_model(page: Element, name: str) -> Element:
    return find(page, f".//details[@id='model-{name}']")


def find_matrix(model: Element, subset: str) -> Element:
    """Return the confusion matrix of the test set, or of the cross-validation."""
    caption = f"Confusion matrix, {subset} row actual, column predicted"
    return find_by_text(model, "table", "caption", caption)


def read_metrics(model: Element) -> Any:
    """Return the metrics of all classes together, by their captions and subsets."""
    table = read_table(find(model, ".//table[@class='metrics']"))
    return table.set_index("")


def find_folded(model: Element, summary: str) -> Element:
    """Return the table below a line that unfolds it."""
    return find(find_by_text(model, "details", "summary", summary), ".//table")


@pytest.mark.variant
def test_a_model_that_dvc_would_run_again_is_marked(project: Path) -> None:
    tiny.edit(project, {"models.five-sgd.hyperparameters.max_iter": 9})
    call(project, "report")
    page = read_page(project / "report.html")
    assert {"five-sgd !", "digit-logreg"} < set(read_leaderboard(page)["model"])
    for name, is_marked in [("five-sgd", True), ("digit-logreg", False)]:
        text = text_of(find(page, f".//details[@id='model-{name}']"))
        assert (f"Run digits repro {name}." in text) == is_marked


@pytest.mark.variant
def test_each_link_leads_to_its_element_also_of_a_model_called_best(
    hostile_page: Element,
) -> None:
    ids = [element.attrib["id"] for element in hostile_page.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    links = {text_of(link): link.attrib["href"] for link in hostile_page.iter("a")}
    assert {href.removeprefix("#") for href in links.values()} <= set(ids)
    for name in ["best", "menu"]:
        model = find(hostile_page, f".//*[@id='{links[name].removeprefix('#')}']")
        assert text_of(find(model, "summary/h3")) == name


def test_the_leaderboard_is_that_of_the_terminal(page: Element, made: Path) -> None:
    table = read_leaderboard(page)
    accuracies = table.set_index("model").pop("training accuracy")
    for name in ["five-sgd", "digit-logreg"]:
        metrics = pd.read_csv(made / f"plots/{name}/metrics.csv")
        of_training = metrics.query("subset == 'train' and metric == 'accuracy'")
        assert accuracies[name] == f"{of_training['value'].item():.4f}"
    table = table.drop(columns="training accuracy")
    lines = [line.split() for line in call(made, "leaderboard").stdout.splitlines()]
    rows = [" ".join(row).split() for row in table.to_numpy()]
    assert len(rows) == 6  # with the names of two tasks
    assert [line for line in lines if line in rows] == rows
    # The terminal has the headings in two lines, below the headings `task (split)` and `model`.
    words = ["task", "(split)", *" ".join(table).split()]
    assert sorted([*lines[0], *lines[1]]) == sorted(words)


@pytest.mark.parametrize("name", ["five-sgd", "digit-logreg"])
def test_the_matrices_and_metrics_are_those_of_the_predictions(
    page: Element, made: Path, name: str
) -> None:
    model = find_model(page, name)
    metrics = read_metrics(model)
    assert list(metrics) == (
        ["test set", "cross-validation"] if name == "five-sgd" else ["test set"]
    )
    for subset in metrics:
        predictions = read_predictions(made, name, subset)
        counts = pd.crosstab(predictions["label"], predictions["prediction"])
        matrix = read_table(find_matrix(model, subset)).set_index("").replace("·", "0")
        assert matrix.index.tolist() == matrix.columns.tolist()
        assert matrix.astype(int).to_numpy().tolist() == counts.to_numpy().tolist()
        accuracy = 1 - predictions["is_wrong"].mean()
        assert metrics.loc["accuracy", subset].startswith(f"{accuracy:.4f} ")


@pytest.mark.variant
def test_few_groups_and_missing_metrics_are_shown(project: Path) -> None:
    path = project / "plots/five-sgd/metrics.csv"
    table = pd.read_csv(path)
    is_test = table["subset"] == "test"
    table = table[~is_test | (table["metric"] != "roc_auc")]
    table.loc[is_test & (table["metric"] == "accuracy"), ["low", "high"]] = None
    group = {"subset": "test", "metric": "accuracy"}
    anna = group | {"slice": "group anna", "value": 1.0}
    ben = group | {"slice": "group ben", "value": 0.875}
    pd.concat([table, pd.DataFrame([anna, ben])]).to_csv(path, index=False)
    call(project, "report", "--models", "five-*")
    page = read_page(project / "report.html")
    bar = find(page, ".//td[@class='number interval']/span")
    place = float(find(bar, "i").attrib["style"].split()[1].removesuffix("%;"))
    assert place == pytest.approx(stretch(0.875), abs=0.1)
    row = read_leaderboard(page).iloc[1]
    assert row["95 % interval of test accuracy"] == "*0.8750 to 1.0000"
    legend = "* lowest and highest accuracy of the groups: fewer than six, or all equal"
    assert legend in text_of(find(page, ".//section[@id='leaderboard']"))
    model = find_model(page, "five-sgd")
    groups = read_table(find_folded(model, "Accuracy of each group"))
    assert groups.to_dict("list") == {
        "group": ["anna", "ben"],
        "predicted": ["test set", "test set"],
        "accuracy": ["1.0000", "0.8750"],
    }
    assert read_metrics(model).loc["area under the ROC curve", "test set"] == "–"


def test_each_chart_has_its_definition_and_the_results_of_its_model(
    page: Element, made: Path
) -> None:
    data = read_data(page)
    kinds_of_models: dict[str, set[str]] = {name: set() for name in data["models"]}
    for chart in page.findall(".//div[@class='chart']"):
        kind, name = chart.attrib["data-kind"], chart.attrib["data-names"]
        json.loads(data["definitions"][kind])
        kinds_of_models[name].add(kind)
    assert kinds_of_models == {
        "five-sgd": {"roc", "precision_recall", "reliability"},
        "digit-logreg": {"by_class", "roc", "precision_recall"},
    }
    # test_view.py compares these tables with the predictions.
    with contextlib.chdir(made):
        settings = params_file.load()
        dataset = read_dataset("tiny")
        for name, kinds in kinds_of_models.items():
            tables = data["models"][name]["tables"]
            assert tables.keys() == kinds
            assert tables == charts.make_tables(ModelView(name, settings, dataset))


def test_names_of_classes_groups_and_files_are_shown_as_they_are(
    hostile_page: Element, hostile_project: Path
) -> None:
    averages = hostile_page.findall(".//div[@class='averages']/div")
    assert [text_of(find(average, "b")) for average in averages] == hostile.CLASSES
    alternatives = [find(average, "img").attrib["alt"] for average in averages]
    assert alternatives == [f"The average {name} of tiny" for name in hostile.CLASSES]

    model = find_model(hostile_page, "menu")
    for subset in FOLDERS:
        matrix = read_table(find_matrix(model, subset)).set_index("")
        assert matrix.index.tolist() == matrix.columns.tolist() == hostile.CLASSES
    classes = read_table(find_folded(model, "Precision, recall and F1 of each class"))
    assert classes["class"].tolist() == hostile.CLASSES
    groups = read_table(find_folded(model, "Accuracy of each group"))
    assert set(groups["group"]) == set(hostile.GROUPS)

    mistakes = read_mistakes(hostile_project, "menu")
    described = {f"{mistake.actual}, predicted {mistake.predicted}" for mistake in mistakes}
    files = {mistake.file for mistake in mistakes}
    captions = model.findall(".//div[@class='gallery']//figcaption")
    assert len(captions) == min(12, len(mistakes)) > 3
    for caption in captions:
        assert caption.text
        assert caption.text.rpartition(" (")[0] in described
        assert text_of(find(caption, "small")) in files
    for confusion in model.findall(".//ol[@class='confusions']/li"):
        actual, _, predicted = text_of(find(confusion, ".//b")).partition(" predicted as ")
        assert f"{actual}, predicted {predicted}" in described
        images = {image.attrib["alt"] for image in confusion.iter("img")}
        assert images == {f"{actual} predicted as {predicted}"}
        assert {text_of(small) for small in confusion.findall(".//figcaption/small")} <= files


def test_the_scripts_get_the_mistakes_with_their_names(
    hostile_page: Element, hostile_project: Path
) -> None:
    for name, model in read_data(hostile_page)["models"].items():
        found = {
            (each["row"], each["actual"], each["predicted"], each["place"])
            for each in model["mistakes"]
        }
        assert found == set(read_mistakes(hostile_project, name))


def test_descriptions_and_tutorials_are_shown_as_they_are(hostile_page: Element) -> None:
    for name in ["best", "menu"]:
        model = find_model(hostile_page, name)
        [text] = [text_of(each) for each in model.findall("p") if "The task" in text_of(each)]
        assert text.startswith(f"{hostile.DESCRIPTION} ")
        assert text_of(find(model, "dl/dd")) == hostile.TUTORIAL
