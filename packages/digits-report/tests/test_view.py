"""The numbers, pictures and tables of the report are those of the images and predictions."""

import base64
import io
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
    precision_recall_fscore_support,
)

from digits.core import tables
from digits.core.images import Images
from digits.results.images import read_dataset
from digits.results.leaderboard import BASELINE
from digits.results.numbers import format_percent
from digits.settings import params_file
from digits_report import charts
from digits_report import images as report_images
from digits_report.images import DatasetView
from digits_report.page import compare, compare_all
from digits_report.view import ModelView
from tests.helpers import tiny
from tests.helpers.calls import call

FOLDERS = {"test": "predictions", "cross_validation": "crossval"}


@pytest.fixture
def dataset(made: Path, monkeypatch: pytest.MonkeyPatch) -> Images:
    monkeypatch.chdir(made)
    return read_dataset("tiny")


@pytest.fixture
def views(dataset: Images) -> dict[str, ModelView]:
    settings = params_file.load()
    return {name: ModelView(name, settings, dataset) for name in settings.models}


@pytest.fixture
def worse_views(
    project: Path, dataset: Images, monkeypatch: pytest.MonkeyPatch
) -> dict[str, ModelView]:
    """Return the models with mistakes in some predictions of test images."""
    monkeypatch.chdir(project)
    settings = params_file.load()
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
        names = ["not five", "five"] if mistake["label"] else ["five", "not five"]
        assert [mistake["predicted"], mistake["actual"]] == names
        digit = tiny.digits()[1][mistake["row"]]
        assert mistake["description"].startswith(f"{digit}, predicted {names[0]} (")
        score = scores[mistake["row"]]
        percent = format_percent(expit(score if names[0] == "five" else -score))
        # No line ends inside the number.
        text = percent.replace(" ", "\N{NO-BREAK SPACE}")
        assert mistake["description"].endswith(f" ({text})")


@pytest.mark.parametrize("name", ["five-sgd", "digit-logreg"])
def test_the_most_frequent_confusions_are_counted(
    worse_views: dict[str, ModelView], name: str
) -> None:
    view = worse_views[name]
    mistakes = view.mistakes
    n_mistakes = []
    for confusion in view.confusions:
        actual, _, predicted = confusion.description.partition(" predicted as ")
        label = view.label_names.index(predicted)
        # The pictures are of the most confident ones.
        is_pair = (mistakes["class"] == int(actual)) & (mistakes["prediction"] == label)
        assert confusion.rows == mistakes["row"][is_pair][:3].tolist()
        assert confusion.n_images == is_pair.sum()
        n_mistakes.append(confusion.n_images)
    assert n_mistakes == mistakes.value_counts(["class", "prediction"]).tolist()[:6]


def test_the_colour_of_a_mistake_follows_its_count(
    project: Path, dataset: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    path = Path("plots/five-sgd/confusion.csv")
    pd.read_csv(path).assign(count=[50, 2, 4, 90, 500, 25, 100, 1500]).to_csv(path, index=False)
    view = ModelView("five-sgd", params_file.load(), dataset)
    assert view.confusion["strength"].tolist() == [0, 0.5, 1, 0, 0, 0.25, 1, 0]


@pytest.mark.parametrize("name", ["five-sgd", "digit-logreg"])
def test_metrics_are_those_of_the_predictions(views: dict[str, ModelView], name: str) -> None:
    view = views[name]
    names = list(view.names.values())
    assert names == (["not five", "five"] if name == "five-sgd" else list("0123456789"))
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
    project: Path, dataset: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    path = Path("plots/five-sgd/metrics.csv")
    metrics = pd.read_csv(path, dtype=str)
    metrics[(metrics["slice"] != "1") | (metrics["subset"] != "test")].to_csv(path, index=False)
    view = ModelView("five-sgd", params_file.load(), dataset)
    assert view.classes.index.tolist() == ["not five", "five"]
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
    ("probability", "text"),
    [(0, "< 1 %"), (0.004, "< 1 %"), (0.006, "1 %"), (0.994, "99 %"), (0.996, "> 99 %")],
)
def test_a_probability_is_never_0_or_100_percent(probability: float, text: str) -> None:
    assert format_percent(probability) == text


def test_pictures_show_the_pixels(dataset: Images, views: dict[str, ModelView]) -> None:
    section = DatasetView("tiny", dataset, list(views.values()))
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

    samples = decode(section.samples)
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
    table = pd.DataFrame({"class": classes})
    names = [f"class {number}" for number in range(n_classes)]
    table.attrs = {"shape": list(shape[1:]), "pixel_max": 255, "names": names}
    images = Images(pixels.reshape(len(pixels), -1), table)
    rows = np.arange(len(pixels))[::-1]
    mistakes = pd.DataFrame({"row": rows, "class": classes[rows], "prediction": rows % 2})
    model: Any = SimpleNamespace(mistakes=mistakes)
    return DatasetView("noise", images, [model, model])


@pytest.mark.parametrize(
    ("shape", "has_mean"), [((4, 32, 32), True), ((4, 8, 33), False), ((4, 32, 32, 3), False)]
)
def test_only_small_images_without_colour_have_a_mean(
    shape: tuple[int, ...], has_mean: bool
) -> None:
    averages = make_view(shape, 2).averages
    assert [(name, count) for name, count, _ in averages] == [("class 0", 2), ("class 1", 2)]
    assert [picture is not None for _, _, picture in averages] == [has_mean] * 2


def test_the_most_confident_mistakes_of_each_kind_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = make_view((40, 8, 8), 2)
    monkeypatch.setattr(report_images, "MAX_MISTAKES", 4)
    # The last images are the most confident mistakes, of class 1 and of class 0.
    assert sorted(view.mistakes) == [36, 37, 38, 39]
    assert view.n_mistakes_left_out == 36


def test_each_model_is_compared_with_the_better_ones(made: Path, dataset: Images) -> None:
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
