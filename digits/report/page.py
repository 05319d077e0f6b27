"""The page: what it says of all datasets and experiments, by the templates of this folder."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from digits.evaluation.metrics import METRICS
from digits.report import figures, plots
from digits.report.board import Axis
from digits.report.content import read_dataset
from digits.report.experiment import describe
from digits.results.measured import HEADINGS
from digits.support import cli
from digits.support.parameters import Parameters

import jinja2

PACKAGES = ["dvc", "joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"]  # that results depend on


def render(params: Parameters, names: Sequence[str]) -> str:
    """Return the page on some experiments, all of them evaluated; the largest dataset comes first.

    Raises:
        PipelineError: a file of an experiment is missing or damaged, or its files are not of the same run.
    """
    dataset_of = {name: params.dataset_of(name) for name in names}
    described = map(read_dataset, dict.fromkeys(dataset_of.values()))
    datasets = {each.name: each for each in sorted(described, key=lambda each: -each.images.size)}
    order = list(datasets)
    experiments = [
        describe(name, params, datasets[dataset_of[name]]) for name in cli.progress(names, len(names), "experiments")
    ]
    experiments.sort(key=lambda each: (order.index(each.dataset.name), each.result.rank(each.block)))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["spaced"] = lambda number: f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
    environment.filters["share"] = lambda value: "–" if value is None else f"{value:.4f}"
    environment.filters["number"] = plots.number
    return environment.get_template("page.html").render(
        title=" and ".join(names) if len(names) <= 2 else f"{len(names)} experiments on {' and '.join(order)}",
        columns=HEADINGS,
        axis=Axis.of([each.errors for each in experiments]),
        experiments=experiments,
        datasets=list(datasets.values()),
        part_names=figures.PARTS,
        captions={metric.name: metric.caption for metric in METRICS if metric.caption},
        versions={package: version(package) for package in PACKAGES},
        seed=params.seed,
    )
