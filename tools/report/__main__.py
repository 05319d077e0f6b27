"""Put everything that has been measured into one page.

Reads the metrics, the plot tables, the predictions, the images, the models' digests and the locked versions; writes
`report.html`, one file that needs nothing else. The one decision: nothing of the moment or of the machine goes in, so
that the same inputs give the same page.
"""

import fnmatch
import hashlib
import math
import re
from operator import itemgetter
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml

from digits.common import cli, files, parameters, tables
from digits.common.cli import ParameterError, PipelineError
from tools.report import figures, images
from tools.report.measured import rank, read
from tools.report.mistakes import surest_first
from tools.report.sections import Experiment, Split

MISTAKES = 12  # in an experiment's gallery
SAMPLES = 10  # of each digit on the sample sheet
POINTS = 12  # of the ROC curve, in numbers
ROUNDING = 1e-6  # of the figures in metrics/
PACKAGES = ["dvc", "joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"]


def locked_versions(requirements: str) -> dict[str, str]:
    """Return the versions that requirements.lock pins for the packages that results depend on.

    Raises:
        PipelineError: one is not pinned.
    """
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", requirements, flags=re.MULTILINE))
    if missing := {*PACKAGES} - {*pinned}:
        raise PipelineError(f"requirements.lock does not pin {min(missing)}; take it from Git again")
    return {name: pinned[name] for name in PACKAGES}


def describe_dataset(name: str, path: Path) -> dict[str, Any]:
    """Return what the page says of a dataset, and its images and classes for the galleries."""
    pixels = tables.read_pixels(path)
    classes = tables.column(tables.read(path, ["class"]), "class")
    shape = tables.image_shape(path)
    present, counts = np.unique(classes, return_counts=True)
    return {
        "name": name,
        "pixels": pixels,
        "classes": classes,
        "shape": shape,
        "counts": dict(zip(present.tolist(), counts.tolist(), strict=True)),
        "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
        "averages": images.picture(images.averages(pixels, classes), shape, columns=len(present)),
        "samples": images.picture(images.samples(pixels, classes, SAMPLES), shape, columns=SAMPLES),
    }


def describe_experiment(
    name: str, block: Experiment, dataset: dict[str, Any], folders: dict[str, Path]
) -> dict[str, Any]:
    """Return what the page says of an experiment, from its block of params.yaml and its files in `folders`.

    Raises:
        PipelineError: a file is missing or damaged, or they are not of the same run.
    """
    sources = [
        folders["models"] / f"{name}.joblib",
        folders["predictions"] / f"{name}.parquet",
        folders["metrics"] / f"{name}.json",
    ]
    again = f"`dvc repro --force evaluate@{name}` makes them again"
    predictions = tables.read_predictions(sources[1], dataset["classes"])
    positive = tables.positive(predictions)
    measured = read(sources[2])
    all_figures = measured.model_dump(exclude_none=True)
    try:
        charts = _charts(folders["plots"] / name, all_figures["test"], positive is not None)
    except (ValueError, LookupError, TypeError, NameError, RecursionError) as error:  # edited or merged by hand
        raise PipelineError(f"the plots of {name} are damaged ({error}); {again}") from None
    rows, labels, said = (tables.column(predictions, key) for key in ("row", "label", "prediction"))
    if abs((labels == said).mean() - measured.test.accuracy) > ROUNDING:
        raise PipelineError(f"{sources[1]} and {sources[2]} are not of the same run; {again}")
    wrong, surer = surest_first(predictions)
    return {
        "name": name,
        "block": block,
        "rank": rank(block, measured),
        "figures": all_figures,
        "parameters": yaml.safe_dump(block.model_dump(exclude={"description", "tutorial"}), sort_keys=False),
        "dataset": dataset["name"],
        "positive": positive,
        "wrong": len(wrong),
        "tested": len(labels),
        "mistakes": [
            {
                "row": rows[i],
                "label": labels[i],
                "prediction": said[i],
                "surer": share,
                "digit": dataset["classes"][rows[i]],
                "picture": images.picture(dataset["pixels"][[rows[i]]], dataset["shape"]),
            }
            for i, share in zip(wrong[:MISTAKES], surer[:MISTAKES], strict=True)
        ],
        "digests": {  # a table in several files has none of its own
            path: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            for path in sources
            if path.is_file()
        },
        **charts,
    }


def _charts(folder: Path, test: dict[str, Any], yes_or_no: bool) -> dict[str, Any]:
    """Draw an experiment's figures; for two classes, also give some points of the ROC curve as numbers."""
    confusion = pd.read_csv(folder / "confusion.csv").query("part == 'test'")
    charts = {f"confusion_{column}": figures.confusion(confusion, column, yes_or_no) for column in ("count", "share")}
    charts["reliability"] = figures.reliability(pd.read_csv(folder / "reliability.csv"))
    if isinstance(test["recall"], dict):
        return {"charts": charts | {"recall": figures.recall(test["recall"])}, "thresholds": []}
    roc, precision_recall = (pd.read_csv(folder / f"{kind}.csv") for kind in ("roc", "precision_recall"))
    charts["roc"] = figures.curves(roc, "roc")
    charts["precision_recall"] = figures.curves(precision_recall, "precision_recall")
    tested = roc.query("part == 'test'")
    some = tested.iloc[:: max(1, math.ceil(len(tested) / POINTS))]
    return {"charts": charts, "thresholds": some.to_dict("records")}


def main() -> None:
    """Read, draw, write."""
    parser = cli.parser(
        __doc__,
        "-m tools.report metrics plots data/predictions data/raw models requirements.lock report.html",
    )
    for folder in ("metrics", "plots", "predictions", "raw", "models"):
        parser.add_argument(folder, type=Path, help=f"the folder of the {folder}")
    parser.add_argument("requirements", type=Path, help="the locked versions")
    parser.add_argument("page", type=Path, help="the HTML file to write")
    parser.add_argument("--experiments", default="*", metavar="PATTERN", help="which to report on (default: all)")
    arguments = parser.parse_args()

    values = parameters.load()
    blocks = parameters.section(values, "experiments", Experiment)
    names = fnmatch.filter(blocks, arguments.experiments)
    if not names:
        raise ParameterError(f"no experiment is called {arguments.experiments!r}")
    if missing := [name for name in names if not (arguments.metrics / f"{name}.json").exists()]:
        raise PipelineError(f"{missing[0]} has not been evaluated; `dvc repro evaluate@{missing[0]}` does it")
    folders = {key: getattr(arguments, key) for key in ("metrics", "plots", "predictions", "models")}
    dataset_of = {name: parameters.block(values, "splits", blocks[name].split, Split).dataset for name in names}
    datasets = {
        key: describe_dataset(key, arguments.raw / f"{key}.parquet") for key in dict.fromkeys(dataset_of.values())
    }
    experiments = [
        describe_experiment(name, blocks[name], datasets[dataset_of[name]], folders)
        for name in cli.progress(names, len(names), "experiments")
    ]
    experiments.sort(key=itemgetter("rank"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    try:
        page = environment.get_template("page.html").render(
            experiments=experiments,
            datasets=list(datasets.values()),
            versions=locked_versions(arguments.requirements.read_text(encoding="utf-8")),
            seed=parameters.seed(values),
        )
    except (jinja2.UndefinedError, TypeError) as error:
        raise PipelineError(
            f"a figure of metrics/ is missing or no number ({error}); `dvc repro` makes it again"
        ) from None
    files.write_text(arguments.page, page)


if __name__ == "__main__":
    cli.run(main)
