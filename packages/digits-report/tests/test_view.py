"""The numbers, pictures and tables of the report are those of the images and predictions."""

import base64
import io
import re
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image
from scipy.special import expit
from sklearn.metrics import (
    precision_recall_curve,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)

from digits.core import tables
from digits.results.formatting import format_percent, format_threshold
from digits.results.leaderboard import BASELINE
from digits.results.read import ImageDataset
from digits.settings import params
from digits_report import charts
from digits_report import images as report_images
from digits_report.images import DatasetView
from digits_report.page import compare, compare_all, render_page
from digits_report.view import ModelView
from tests.helpers import tiny
from tests.helpers.calls import call

FOLDERS = {"test": "predictions", "cross_validation": "crossval"}


@pytest.fixture
def dataset(made: Path, monkeypatch: pytest.MonkeyPatch) -> ImageDataset:
    monkeypatch.chdir(made)
    return ImageDataset.read("tiny")


@pytest.fixture
def views(dataset: ImageDataset) -> dict[str, ModelView]:
    settings = params.load()
    return {name: ModelView(name, settings, dataset) for name in settings.models}


@pytest.fixture
def worse_views(
    project: Path, dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> dict[str, ModelView]:
    """Return the models with mistakes in some predictions of test images."""
    monkeypatch.chdir(project)
    settings = params.load()
    views = {}
    for name, n_labels in [("five-sgd", 2), ("digit-logreg", 10)]:
        predictions = read_predictions(name)
        wrong_labels = (predictions["label"] + 1) % n_labels
        predictions.loc[::3, "prediction"] = wrong_labels[::3]
        predictions.to_parquet(f"data/predictions/{name}.parquet")
        views[name] = ModelView(name, settings, dataset)
    return views


def read_predictions(name: str, subset: str = "test") -> pd.DataFrame:
    return pd.read_parquet(f"data/{FOLDERS[subset]}/{name}.parquet")


def is_wrong(predictions: pd.DataFrame) -> pd.Series:
    return predictions["label"] != predictions["prediction"]


def decode(picture: str) -> npt.NDArray[np.uint8]:
    """Return the pixels of a `data:` address."""
    _, content = picture.split(";base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def test_mistakes_are_described_in_words(worse_views: dict[str, ModelView]) -> None:
    mistakes = worse_views["five-sgd"].mistakes
    predictions = read_predictions("five-sgd")
    scores = predictions.set_index("row")["decision_1"]
    temperature = worse_views["five-sgd"].metric("cross_validation", "temperature")
    assert temperature is not None
    scores /= temperature
    assert len(mistakes) == is_wrong(predictions).sum() > 30
    for mistake in mistakes.to_dict("records"):
        names = ["not 5", "5"] if mistake["label"] else ["5", "not 5"]
        assert [mistake["predicted"], mistake["actual"]] == names
        digit = tiny.digits()[1][mistake["row"]]
        assert mistake["description"].startswith(f"{digit}, predicted {names[0]} (")
        score = scores[mistake["row"]]
        percent = format_percent(expit(score if names[0] == "5" else -score))
        # No line ends inside the number.
        text = percent.replace(" ", "\N{NO-BREAK SPACE}")
        assert mistake["description"].endswith(f" ({text})")


@pytest.mark.parametrize("name", ["five-sgd", "digit-logreg"])
def test_confusions_are_counted_among_the_images_of_their_class(
    worse_views: dict[str, ModelView], name: str
) -> None:
    view = worse_views[name]
    mistakes = view.mistakes
    n_mistakes = []
    for confusion in view.confusions:
        actual, _, predicted = confusion.description.partition(" predicted as ")
        label = view.label_names.index(predicted)
        assert list(confusion.counts) == view.subsets
        for subset, text in confusion.counts.items():
            predictions = read_predictions(name, subset)
            of_class = predictions[tiny.digits()[1][predictions["row"]] == int(actual)]
            n_confused = (of_class["prediction"] == label).sum()
            assert text == f"{n_confused} of {len(of_class)}"
        # The pictures are of the most confident ones.
        is_pair = (mistakes["class"] == int(actual)) & (mistakes["prediction"] == label)
        assert confusion.rows == mistakes["row"][is_pair][:3].tolist()
        n_mistakes.append(is_pair.sum())
    assert n_mistakes == mistakes.value_counts(["class", "prediction"]).tolist()[:6]


def test_the_colour_of_a_mistake_follows_its_count(
    project: Path, dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    path = Path("plots/five-sgd/confusion.csv")
    pd.read_csv(path).assign(count=[50, 2, 4, 90, 500, 25, 100, 1500]).to_csv(path, index=False)
    view = ModelView("five-sgd", params.load(), dataset)
    assert view.confusion["strength"].tolist() == [0, 0.5, 1, 0, 0, 0.25, 1, 0]


@pytest.mark.parametrize("name", ["five-sgd", "digit-logreg"])
def test_metrics_are_those_of_the_predictions(views: dict[str, ModelView], name: str) -> None:
    view = views[name]
    names = list(view.names.values())
    assert names == (["not 5", "5"] if name == "five-sgd" else list("0123456789"))
    for subset in view.subsets:
        predictions = read_predictions(name, subset)
        accuracy = view.overall.loc["accuracy"].xs(subset, level="subset")
        assert accuracy["value"] == pytest.approx(1 - is_wrong(predictions).mean(), abs=1e-6)
        assert accuracy["low"] < accuracy["value"] <= accuracy["high"]
        scores = precision_recall_fscore_support(
            predictions["label"], predictions["prediction"], zero_division=0
        )
        table = view.classes[subset]
        assert table.index.tolist() == names
        metrics = ["precision", "recall", "f1", "support"]
        for metric, expected in zip(metrics, scores, strict=True):
            assert table[metric].to_numpy() == pytest.approx(expected, abs=1e-6)


def test_a_class_without_test_images_is_shown(
    project: Path, dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    path = Path("plots/five-sgd/metrics.csv")
    metrics = pd.read_csv(path, dtype=str)
    metrics[(metrics["slice"] != "1") | (metrics["subset"] != "test")].to_csv(path, index=False)
    view = ModelView("five-sgd", params.load(), dataset)
    assert view.classes.index.tolist() == ["not 5", "5"]
    names = view.classes.columns.get_level_values(1)  # no metric is there that a class lacks
    assert list(dict.fromkeys(names)) == ["support", "precision", "recall", "f1"]


def test_folds_have_their_own_accuracies(views: dict[str, ModelView]) -> None:
    predictions = read_predictions("five-sgd", "cross_validation")
    expected = 1 - is_wrong(predictions).groupby(predictions["fold"]).mean()
    accuracies = list(views["five-sgd"].accuracies("fold").values())
    assert accuracies == pytest.approx(expected.tolist(), abs=1e-6)
    assert views["digit-logreg"].accuracies("fold") == {}
    assert [view.is_calibrated for view in views.values()] == [True, False]
    # Only of two classes, one is predicted from a threshold on.
    assert [view.metric("train", "threshold") for view in views.values()] == [0, None]


def test_thresholds_reach_their_recalls(views: dict[str, ModelView]) -> None:
    predictions = read_predictions("five-sgd", "cross_validation")
    label = predictions["label"]
    thresholds = views["five-sgd"].thresholds
    assert thresholds["recall"].is_monotonic_increasing
    assert thresholds["recall"].max() >= 0.999
    for threshold, recall, precision in thresholds.itertuples(index=False):
        is_positive = predictions["decision_1"] >= threshold
        assert recall == recall_score(label, is_positive)
        assert precision == precision_score(label, is_positive)
    precision, recall, _ = precision_recall_curve(label, predictions["decision_1"])
    for found in thresholds.itertuples():
        assert found.precision == precision[recall >= found.recall].max()


def test_a_threshold_may_reach_a_recall_exactly(
    made: Path, tmp_path: Path, dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tiny.copy(made, tmp_path / "copy")
    path = project / "data/crossval/five-sgd.parquet"
    table = pd.read_parquet(path)
    # Half of the fives have the highest scores, and the others the lowest ones.
    fives = np.flatnonzero(table["label"])
    scores = np.zeros(len(table))
    scores[fives[::2]] = 1.0
    scores[fives[1::2]] = -1.0
    recall = len(fives[::2]) / len(fives)
    monkeypatch.setattr("digits_report.view.RECALLS", [recall])
    tables.write(path, table.assign(decision_1=scores))
    monkeypatch.chdir(project)
    view = ModelView("five-sgd", params.load(), dataset)
    [best] = view.thresholds.to_dict("records")
    assert best == {"threshold": 1.0, "recall": recall, "precision": 1.0}


def test_of_equally_precise_thresholds_the_highest_is_shown(
    made: Path, tmp_path: Path, dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tiny.copy(made, tmp_path / "copy")
    path = project / "data/crossval/five-sgd.parquet"
    table = pd.read_parquet(path)
    monkeypatch.setattr("digits_report.view.RECALLS", [0.1])
    n_fives = table["label"].sum()
    scores = np.zeros(len(table))
    scores[np.flatnonzero(table["label"])] = np.arange(1, n_fives + 1)
    tables.write(path, table.assign(decision_1=scores))
    monkeypatch.chdir(project)
    [best] = ModelView("five-sgd", params.load(), dataset).thresholds.to_dict("records")
    n_found = np.ceil(0.1 * n_fives)
    assert best["threshold"] == n_fives - n_found + 1


def read_csv(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype={"class": str}, keep_default_na=False)


def test_a_subset_without_images_of_a_label_has_no_operating_point(
    project: Path, dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    path = Path("plots/five-sgd/metrics.csv")
    metrics = pd.read_csv(path, dtype=str, keep_default_na=False)
    is_recall = (metrics["metric"] == "recall") & (metrics["slice"] == "1")
    metrics[~(is_recall & (metrics["subset"] == "test"))].to_csv(path, index=False)
    points = charts.list_operating_points(ModelView("five-sgd", params.load(), dataset))
    assert list(points["subset"]) == ["cross_validation"]


def test_the_operating_point_is_that_of_the_predictions(
    project: Path, dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a low threshold, no prediction would be a false positive.
    tiny.edit(project, {"models.five-sgd.hyperparameters.threshold": -7})
    for stage in ["train", "evaluate"]:
        call(project, stage, "five-sgd")
    monkeypatch.chdir(project)
    view = ModelView("five-sgd", params.load(), dataset)
    tables = charts.make_tables(view)
    assert list(tables) == ["roc", "precision_recall", "reliability"]
    for chart in ["roc", "precision_recall"]:
        table = read_csv(tables[chart])
        assert set(table["class"]) == {"5"}
        points = table[table["operating"] != ""].set_index("subset")
        assert sorted(points.index) == ["cross_validation", "test"]
        for subset, point in points.iterrows():
            predictions = read_predictions("five-sgd", str(subset))
            label, prediction = predictions["label"], predictions["prediction"]
            rates = {
                "false_positive_rate": prediction[label == 0].mean(),
                "true_positive_rate": prediction[label == 1].mean(),
                "recall": prediction[label == 1].mean(),
                "precision": label[prediction == 1].mean(),
            }
            assert 0 < rates["false_positive_rate"] < 1 - rates["precision"]
            for column in {*rates} & {*table.columns}:
                assert float(point[column]) == pytest.approx(rates[column], abs=1e-5)
            assert float(point["threshold"]) == view.metric("train", "threshold") == -7


def test_the_charts_of_ten_classes_are_the_plot_tables(views: dict[str, ModelView]) -> None:
    tables = charts.make_tables(views["digit-logreg"])
    plots = {"by_class": "metrics", "roc": "roc", "precision_recall": "precision_recall"}
    assert tables.keys() == plots.keys()  # no folds, so it is not calibrated
    for chart, plot in plots.items():
        assert tables[chart] == Path(f"plots/digit-logreg/{plot}.csv").read_text()


def test_the_script_of_the_charts_is_that_of_the_installed_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    installed = version("vl-convert-python")
    folder = tmp_path / ".dvc/tmp"
    folder.mkdir(parents=True)
    for name, text in [("vega", "old"), ("vega-0.1", "old"), (f"vega-{installed}", "new")]:
        (folder / f"{name}.js").write_text(text)
    assert charts.vega_script() == "new"


@pytest.mark.parametrize(
    ("threshold", "text"), [(12345.6, "12350"), (0.123456, "0.1235"), (-0.00001, "-0.00001")]
)
def test_a_threshold_has_no_exponent(threshold: float, text: str) -> None:
    assert format_threshold(threshold) == text


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0, "< 1 %"), (0.004, "< 1 %"), (0.006, "1 %"), (0.994, "99 %"), (0.996, "> 99 %")],
)
def test_a_probability_is_never_0_or_100_percent(probability: float, text: str) -> None:
    assert format_percent(probability) == text


def test_pictures_show_the_pixels(dataset: ImageDataset, views: dict[str, ModelView]) -> None:
    section = DatasetView(dataset, list(views.values()))
    wrong_rows = {row for view in views.values() for row in view.mistakes["row"]}
    assert section.mistakes.keys() == wrong_rows
    for row, picture in section.mistakes.items():
        # The largest value of all images, not of this one, is white.
        expected = dataset.pixels[row] * (255 / tiny.PIXEL_MAX)
        assert (decode(picture) == expected.astype(int)).all()

    digits = tiny.digits()[1]
    for number, (name, n_images, average) in enumerate(section.averages):
        assert (name, n_images) == (str(number), (digits == number).sum())
        mean = dataset.pixels[digits == number].mean(axis=0) * (255 / tiny.PIXEL_MAX)
        assert average is not None
        assert np.abs(decode(average) - mean).max() <= 1

    samples = decode(section.samples.picture)
    assert samples.shape == (90, 90)  # 10 x 10 images of 8 x 8 pixels, one pixel apart
    third_three = np.flatnonzero(digits == 3)[2]
    expected = dataset.pixels[third_three] * (255 / tiny.PIXEL_MAX)
    assert (samples[27:35, 18:26] == expected.astype(int)).all()


def make_view(shape: tuple[int, ...], n_classes: int) -> DatasetView:
    """Return a dataset of noise, whose pictures are as large as pictures can be.

    A model misclassifies all images, each class as the class 0 and as the class 1 in turn.
    """
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    classes = np.arange(len(pixels)) % n_classes
    names = [f"class {number}" for number in range(n_classes)]
    rows = np.arange(len(pixels))[::-1]
    mistakes = pd.DataFrame({"row": rows, "class": classes[rows], "prediction": rows % 2})
    model: Any = SimpleNamespace(mistakes=mistakes)
    return DatasetView(ImageDataset("noise", pixels, None, classes, names), [model, model])


@pytest.mark.parametrize(
    ("shape", "n_classes", "n_samples"),
    [((810, 64, 64, 3), 81, 2), ((60, 224, 224, 3), 3, 10), ((512, 96, 96), 256, 1)],
)
def test_the_pictures_of_a_dataset_fit_into_a_page(
    shape: tuple[int, ...], n_classes: int, n_samples: int
) -> None:
    view = make_view(shape, n_classes)
    assert len(view.samples.picture) <= 800_000
    assert view.samples.n_images == n_samples
    side = min(shape[1], 96) + 1  # the images are one pixel apart
    height, width = decode(view.samples.picture).shape[:2]
    assert (height, width) == (view.samples.n_classes * side, n_samples * side)
    assert sum(map(len, view.mistakes.values())) <= 1_000_000
    assert len(view.mistakes) + view.n_mistakes_left_out == len(view.dataset.pixels)


@pytest.mark.parametrize(
    ("shape", "file_format"), [((2, 32, 8), "png"), ((2, 8, 33), "jpeg"), ((2, 9, 9, 3), "png")]
)
def test_small_pictures_keep_each_pixel(shape: tuple[int, ...], file_format: str) -> None:
    view = make_view(shape, 2)
    assert view.draw(view.dataset.pixels[0]).startswith(f"data:image/{file_format};base64,")


@pytest.mark.parametrize(
    ("shape", "has_mean"), [((4, 32, 32), True), ((4, 8, 33), False), ((4, 32, 32, 3), False)]
)
def test_only_small_images_without_colour_have_a_mean(
    shape: tuple[int, ...], has_mean: bool
) -> None:
    averages = make_view(shape, 2).averages
    assert [(name, count) for name, count, _ in averages] == [("class 0", 2), ("class 1", 2)]
    assert [picture is not None for _, _, picture in averages] == [has_mean] * 2


def test_images_without_any_ink_are_drawn_black() -> None:
    view = make_view((2, 8, 8), 2)
    black = ImageDataset(
        "black", view.dataset.pixels * 0, None, view.dataset.classes, ["a", "b"]
    )
    [(_, _, first), _] = DatasetView(black).averages
    assert first is not None
    assert not decode(first).any()


def test_the_most_confident_mistakes_of_each_kind_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = make_view((40, 8, 8), 2)
    one_picture = len(view.draw(view.dataset.pixels[0]))
    monkeypatch.setattr(report_images, "MAX_MISTAKES_SIZE", 4.5 * one_picture)
    # The last images are the most confident mistakes, of class 1 and of class 0.
    assert sorted(view.mistakes) == [36, 37, 38, 39]
    assert view.n_mistakes_left_out == 36


def test_the_report_says_how_many_pictures_are_left_out(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made)
    settings = params.load()
    complete = " ".join(render_page(settings, list(settings.models)).split())
    assert "The first 10 images of each class, one row per class." in complete
    assert "left out" not in complete
    monkeypatch.setattr(report_images, "MAX_SAMPLES_SIZE", 1_500)
    monkeypatch.setattr(report_images, "MAX_MISTAKES_SIZE", 300)
    short = " ".join(render_page(settings, list(settings.models)).split())
    assert re.search(r"The first [1-9] images of each class", short)
    assert re.search(r"this page small, \d+ mistakes have no picture", short)


def test_each_model_is_compared_with_the_better_ones(made: Path, dataset: ImageDataset) -> None:
    models = ["five-sgd", "five-sgd", "digit-logreg", "digit-logreg", BASELINE]
    results = pd.DataFrame({"task": [*"abbbb"], "model": models})
    # Models of different images cannot be compared.
    compared = {worse: list(better) for worse, better in compare_all(results).items()}
    assert compared == {"digit-logreg": ["digit-logreg"]}
    comparison = compare("digit-logreg", "digit-logreg")
    assert comparison["cells"][2:] == ["+0.00", "1", "0", "0"]
    printed = call(made, "compare", "--between", "digit-logreg", "digit-logreg").stdout
    assert comparison["verdict"] in " ".join(printed.split())


def test_a_better_model_gains_on_a_worse_one(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = tables.read(made / "data/crossval/five-sgd.parquet")
    n_correct = {"better": len(table), "worse": len(table) - 30}
    for name, n in n_correct.items():
        wrong = np.where(np.arange(len(table)) < n, table["label"], 1 - table["label"])
        tables.write(Path(f"data/crossval/{name}.parquet"), table.assign(prediction=wrong))
    results = pd.DataFrame({"task": ["five", "five"], "model": list(n_correct)})
    comparison = compare_all(results)["worse"]["better"]
    assert comparison["cells"][2:] == ["+10.00", "< 0.001", "30", "0"]


def test_both_models_are_compared_by_the_tables_of_the_reader(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The report reads each table once, although it compares a model with several others.
    monkeypatch.chdir(tmp_path)  # without tables
    comparison = compare("digit-logreg", "digit-logreg", lambda path: tables.read(made / path))
    assert comparison["verdict"].startswith("100 images of the test set: ")
