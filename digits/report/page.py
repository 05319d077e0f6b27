"""The page: what it says of all datasets and experiments, by the templates of this folder."""

import json
import math
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from digits.evaluation.metrics import METRICS
from digits.report import plots, scripts
from digits.report.content import read_dataset
from digits.report.experiment import describe
from digits.results import vega
from digits.results.measured import BY_IMAGES, COSTS, HEADINGS
from digits.results.predictions import not_told_apart
from digits.support import cli
from digits.support.parameters import Parameters

import jinja2

PACKAGES = ["dvc", "joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"]  # that results depend on


class Axis:
    """The leaderboard's logarithmic axis, of errors from 0 to 1; its last decade ends at 100 %."""

    def __init__(self, errors: Iterable[float]) -> None:
        errors = list(errors)
        self.has_zero = 0 in errors  # which a logarithmic axis has no place for
        smallest = min((error for error in errors if error > 0), default=0.1)
        self.decades = max(1, math.ceil(-math.log10(smallest) - 1e-9))
        self.ticks = [f"{100 / 10**i:g}" for i in range(self.decades, -1, -1)]

    def place(self, error: float) -> float:
        """Return where an error lies, in percent of the axis; 0 lies on its left end."""
        return round(max(0.0, 100 * (1 + math.log10(error) / self.decades)), 2) if error > 0 else 0.0


def render(params: Parameters, names: Sequence[str]) -> str:
    """Return the page on some experiments, all of them evaluated; the largest dataset comes first.

    Raises:
        PipelineError: a file of an experiment is missing or damaged, or its files are not of the same run.
    """
    dataset_of = {name: params.dataset_of(name) for name in names}
    read = sorted(map(read_dataset, dict.fromkeys(dataset_of.values())), key=lambda each: -each.images.size)
    datasets = {each.name: each for each in read}
    order = list(datasets)
    experiments = [
        describe(name, params, datasets[dataset_of[name]]) for name in cli.progress(names, len(names), "experiments")
    ]
    experiments.sort(key=lambda e: (order.index(e["dataset"].name), e["result"].rank(e["block"])))
    by_task: dict[str, list[dict[str, Any]]] = {}
    for e in experiments:
        by_task.setdefault(e["task"], []).append(e)
    best = [of_task[0] for of_task in by_task.values()]
    sheets = {each.name: scripts.sheet(each, [e for e in experiments if e["dataset"] is each]) for each in read}
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
        title=" and ".join(names) if len(names) <= 2 else f"{len(names)} experiments on {' and '.join(order)}",
        columns=HEADINGS,
        axis=Axis(error for e in best for error in (e["interval"][0], 1 - e["result"].accuracy)),
        best=best,
        experiments=experiments,
        sheets=sheets,
        places={name: {row: i for i, row in enumerate(sheet.rows)} for name, sheet in sheets.items()},
        sheet_columns=scripts.COLUMNS,
        data=scripts.packed(scripts.data(by_task, sheets)),
        vega=scripts.packed(vega.script()),
        costs=json.loads(COSTS.read_text(encoding="utf-8")) if COSTS.exists() else {},
        datasets=read,
        part_names=plots.PARTS,
        captions={metric.name: metric.caption for metric in METRICS if metric.caption},
        versions={package: version(package) for package in PACKAGES},
        seed=params.seed,
        by_images=BY_IMAGES,
        pairs={
            task: found for task, of_task in by_task.items() if (found := not_told_apart([e["name"] for e in of_task]))
        },
    )
