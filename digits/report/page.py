"""Render the page from the templates of this folder."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from digits.core.params import Params
from digits.report.model import ModelReport, describe_model
from digits.report.pictures import (
    N_COLUMNS,
    ClassAverage,
    Sheet,
    draw_averages,
    draw_mistakes,
    draw_samples,
)
from digits.report.plots import SUBSET_NAMES
from digits.report.scripts import make_data, pack
from digits.report.vega import vega_script
from digits.results import formatting, leaderboard
from digits.results.read import ImageDataset

import jinja2
from tqdm import tqdm

TEMPLATES = Path(__file__).parent

# The packages that results depend on. The page lists their versions.
PACKAGES = ["dvc", "joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"]


@dataclass(frozen=True)
class DatasetReport:
    """What the report shows of a dataset.

    Attributes:
        dataset: its images.
        models: its models, task by task, the best of each task first.
        averages: the mean image of each class.
        samples: a picture of the first images of each class.
        mistakes: the sheet of the models' mistakes.
    """

    dataset: ImageDataset
    models: list[ModelReport]
    averages: list[ClassAverage]
    samples: str
    mistakes: Sheet


class ErrorAxis:
    """The logarithmic axis of the chart of the best models, for errors from 0 to 1.

    Attributes:
        has_zero: whether an error is 0, which has no place on a logarithmic axis.
        n_decades: the number of decades up to an error of 1.
        ticks: the ends of the decades, in percent.
    """

    def __init__(self, errors: Sequence[float]) -> None:
        self.has_zero = 0 in errors
        smallest = min((error for error in errors if error > 0), default=0.1)
        # Without the subtraction, a rounding error could add a decade.
        decades = -math.log10(smallest) - 1e-9
        self.n_decades = max(math.ceil(decades), 1)
        exponents = range(self.n_decades, -1, -1)
        self.ticks = [f"{100 / 10**exponent:g}" for exponent in exponents]

    def position(self, error: float) -> float:
        """Return the position of an error in percent of the axis; 0 is at the left end."""
        if error <= 0:
            return 0.0
        position = 100 * (1 + math.log10(error) / self.n_decades)
        return round(max(position, 0.0), 2)


def render_page(settings: Params, model_names: Sequence[str]) -> str:
    """Return the HTML page about some models, which must have been evaluated.

    Raises:
        UserError: a file is missing or damaged, or the files of a model are from different
            runs.
    """
    datasets = describe_datasets(settings, model_names)
    models = [model for dataset in datasets for model in dataset.models]
    models_by_task: dict[str, list[ModelReport]] = {}
    for model in models:
        models_by_task.setdefault(model.params.task, []).append(model)
    best_models = [models_of_task[0] for models_of_task in models_by_task.values()]
    sheets = {report.dataset.name: report.mistakes for report in datasets}

    results = leaderboard.make_leaderboard(settings, model_names)
    data = make_data(models_by_task, sheets)
    versions = {package: version(package) for package in PACKAGES}

    template = make_environment().get_template("page.html")
    return template.render(
        title=make_title(model_names, datasets),
        datasets=datasets,
        models=models,
        models_by_name={model.name: model for model in models},
        best_models=best_models,
        axis=make_error_axis(best_models),
        headings=leaderboard.ALL_HEADINGS,
        leaderboard=results.to_dict("records"),
        legends=leaderboard.list_legends(results),
        subset_names=SUBSET_NAMES,
        n_columns=N_COLUMNS,
        settings=settings,
        versions=versions,
        data=pack(data),
        vega=pack(vega_script()),
    )


def describe_datasets(settings: Params, model_names: Sequence[str]) -> list[DatasetReport]:
    """Return what the report shows of the datasets of some models, the largest first."""
    names_by_dataset: dict[str, list[str]] = {}
    for name in sort_models(settings, model_names):
        dataset_name = settings.dataset_name_of_task(settings.models[name].task)
        names_by_dataset.setdefault(dataset_name, []).append(name)

    reports = []
    with tqdm(total=len(model_names), desc="models", disable=None, leave=False) as progress:
        for dataset_name, names in names_by_dataset.items():
            dataset = ImageDataset.read(dataset_name)
            models = []
            for name in names:
                models.append(describe_model(name, settings, dataset))
                progress.update()
            report = DatasetReport(
                dataset=dataset,
                models=models,
                averages=draw_averages(dataset),
                samples=draw_samples(dataset),
                mistakes=draw_mistakes(dataset, models),
            )
            reports.append(report)
    return sorted(reports, key=lambda report: report.dataset.pixels.size, reverse=True)


def sort_models(settings: Params, model_names: Sequence[str]) -> list[str]:
    """Return models in the order of the leaderboard: task by task, the best of each first."""
    names: list[str] = []
    for task_name in settings.tasks:
        names.extend(
            name for name in leaderboard.rank_models(settings, task_name) if name in model_names
        )
    return names


def make_title(model_names: Sequence[str], datasets: Sequence[DatasetReport]) -> str:
    """Return the title of the page."""
    if len(model_names) <= 2:
        return " and ".join(model_names)
    dataset_names = [report.dataset.name for report in datasets]
    return f"{len(model_names)} models on {' and '.join(dataset_names)}"


def make_error_axis(best_models: Sequence[ModelReport]) -> ErrorAxis:
    """Return an axis on which the errors of some models fit, and their intervals or groups."""
    errors = []
    for model in best_models:
        errors.append(model.error)
        errors.extend(model.error_interval or model.group_errors)
    return ErrorAxis(errors)


def make_environment() -> jinja2.Environment:
    """Return the environment of the templates, with the formats of numbers as filters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["format_cells"] = leaderboard.format_cells
    environment.filters["format_metric"] = formatting.format_metric
    environment.filters["format_count"] = formatting.format_count
    environment.filters["format_threshold"] = formatting.format_threshold
    return environment
