"""The page: what it says of all datasets and experiments, by the templates of this folder."""

import math
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from digits.commands.leaderboard import COLUMNS, is_alike
from digits.core.params import Params
from digits.evaluation.metrics import METRICS
from digits.report import pictures, plots, scripts, vega
from digits.report.experiment import describe
from digits.results import read
from digits.results.read import Images

import jinja2
from tqdm import tqdm

PACKAGES = ["dvc", "joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"]  # that results depend on


class Axis:
    """The logarithmic axis of the chart of the best, of errors from 0 to 1; its last decade ends at 100 %."""

    def __init__(self, errors: Iterable[float]) -> None:
        errors = list(errors)
        self.has_zero = 0 in errors  # which a logarithmic axis has no place for
        smallest = min((error for error in errors if error > 0), default=0.1)
        self.decades = max(1, math.ceil(-math.log10(smallest) - 1e-9))
        self.ticks = [f"{100 / 10**i:g}" for i in range(self.decades, -1, -1)]

    def place(self, error: float) -> float:
        """Return where an error lies, in percent of the axis; 0 lies on its left end."""
        return round(max(0.0, 100 * (1 + math.log10(error) / self.decades)), 2) if error > 0 else 0.0


def render(settings: Params, names: Sequence[str]) -> str:
    """Return the page on experiments that have been evaluated; the largest dataset comes first."""
    datasets = {name: settings.dataset_of(settings.experiments[name].task) for name in names}
    read_once = {dataset: Images.read(dataset) for dataset in dict.fromkeys(datasets.values())}
    tasks = [*settings.tasks]

    def place(name: str) -> tuple[int, int, float]:
        size, task = read_once[datasets[name]].pixels.size, settings.experiments[name].task
        return -size, tasks.index(task), -read.metrics(name).get("cv_accuracy", 0)

    progress = tqdm(sorted(names, key=place), "experiments", disable=None, leave=False)
    experiments = [describe(name, settings, read_once[datasets[name]]) for name in progress]
    shown = [*{e["images"].name: e["images"] for e in experiments}.values()]
    by_task = {task: [*of_task] for task, of_task in groupby(experiments, lambda e: e["block"].task)}
    best = [of_task[0] for of_task in by_task.values()]
    alike = {e["name"] for first, *others in by_task.values() for e in others if is_alike(first["name"], e["name"])}
    sheets = {each.name: pictures.mistakes(each, [e for e in experiments if e["images"] is each]) for each in shown}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["spaced"] = plots.spaced
    environment.filters["share"] = lambda value: "–" if value is None else f"{value:.4f}"
    environment.filters["number"] = plots.number
    return environment.get_template("page.html").render(
        title=" and ".join(names) if len(names) <= 2 else f"{len(names)} experiments on {' and '.join(sheets)}",
        columns=COLUMNS,
        axis=Axis(error for e in best for error in (e["error"], *(e["interval"] or e["group_errors"]))),
        best=best,
        alike=alike,
        experiments=experiments,
        datasets=shown,
        pictures=pictures,
        sheets=sheets,
        places={name: {row: i for i, row in enumerate(sheet.rows)} for name, sheet in sheets.items()},
        data=scripts.packed(scripts.data(by_task, sheets)),
        vega=scripts.packed(vega.script()),
        part_names=plots.PARTS,
        captions={metric.name: metric.caption for metric in METRICS if metric.caption},
        versions={package: version(package) for package in PACKAGES},
        settings=settings,
    )
