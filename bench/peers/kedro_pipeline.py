"""The same DAG for Kedro: the pipeline's own functions as nodes in one process, their results in the same files.

Kedro has no cache: every run does everything. Run from the repository, with Kedro and the project's packages:
python bench/peers/kedro_pipeline.py
"""

import sys

sys.path.insert(1, "bench")
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import report
from kedro.io import AbstractDataset, DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

from bench import plain
from digits.common import cli, files, parameters, tables
from digits.common.tables import Pixels, Vector
from digits.learning import models
from digits.sources.readers import together
from stages import evaluate, fetch, split, train
from stages.binarize import Task, binarize

values = parameters.load()
seed = parameters.seed(values)


class File(AbstractDataset):  # type: ignore[misc]
    """A file, or a folder, with the pipeline's own way to write it and to read it."""

    def __init__(self, path: str, write: Callable[[Path, Any], None], read: Callable[[Path], Any]) -> None:
        self.path, self._write, self._read = Path(path), write, read

    def load(self) -> Any:
        """Read it."""
        return self._read(self.path)

    def save(self, data: Any) -> None:
        """Write it."""
        self._write(self.path, data)

    def _describe(self) -> dict[str, str]:
        return {"path": str(self.path)}


def parquet(path: str) -> File:
    """Return a dataset of a table."""
    return File(path, tables.write, tables.read)


def write_plots(folder: Path, plots: dict[str, Any]) -> None:
    """Write the tables of the plots."""
    for name, rows in plots.items():
        files.write_csv(folder / f"{name}.csv", evaluate.HEADERS[name], rows)


def fetched(name: str, block: fetch.Dataset) -> pa.Table:
    """Return a dataset's images."""
    images = fetch.fetch(name, block, os.environ.get("DATA_MIRROR"), 30, together)
    return tables.image_table(images.pixels, images.classes, block.form.shape)


def parted(block: split.Split, images: pa.Table) -> tuple[pa.Table, ...]:
    """Return the training and the test part of a split."""
    return tuple(
        images.take(tables.array(rows)).append_column("row", tables.array(rows))
        for rows in split.split_rows(len(images), block.test, seed)
    )


def labelled(positives: list[list[int] | None], *parts: pa.Table) -> list[pa.Table]:
    """Return each task's labels of each part."""
    return [
        tables.table({"row": tables.column(part, "row"), "label": binarize(tables.column(part, "class"), positive)})
        for positive in positives
        for part in parts
    ]


def pixels(part: pa.Table, most: int | None = None) -> Pixels:
    """Return the pixels of a part's first rows, or of all, as one array."""
    names = [name for name in part.column_names if name.startswith("pixel")]
    return np.stack([tables.column(part[:most], name) for name in names], axis=1)


def trained(block: train.Experiment, part: pa.Table, labels: pa.Table) -> tuple[Any, pa.Table]:
    """Return the model, and the out-of-fold scores."""
    answers = tables.column(labels, "label")
    model, crossval = train.train(train.build(block, seed), pixels(part), answers, block.folds)
    return model, tables.table({"row": tables.column(part, "row"), "label": answers, **(crossval or {})})


def judged(
    positive: list[int] | None,
    model: Any,
    crossval: pa.Table,
    train_part: pa.Table,
    test_part: pa.Table,
    train_labels: pa.Table,
    test_labels: pa.Table,
) -> tuple[Any, ...]:
    """Return the metrics, the tables of the plots, and the predictions."""
    answers: list[Vector] = [tables.column(labels, "label") for labels in (train_labels, test_labels)]
    folds = {name: tables.column(crossval, name) for name in crossval.column_names}
    first = pixels(train_part, tables.ROW_GROUP)
    with_folds = folds if "fold" in folds else None
    measured, plots, said, scores = plain.judge(model, pixels(test_part), answers[1], first, answers[0], with_folds)
    columns = {"row": tables.column(test_part, "row"), "label": answers[1], "prediction": said}
    return measured, plots, tables.prediction_table(columns, scores, model.classes_, positive and sorted(positive))


def reported(*_: Any) -> None:
    """Write the report, which reads the files that the other nodes have written."""
    sys.argv[1:] = ["metrics", "plots", "data/predictions", "data/raw", "models", "requirements.lock", "report.html"]
    report.main()


catalog: dict[str, AbstractDataset] = {}
nodes: list[Node] = []
for name, dataset in parameters.section(values, "datasets", fetch.Dataset).items():
    catalog[f"raw {name}"] = parquet(f"data/raw/{name}.parquet")
    nodes.append(Node(partial(fetched, name, dataset), None, f"raw {name}", name=f"fetch-{name}"))
tasks = parameters.section(values, "tasks", Task)
for name, block in parameters.section(values, "splits", split.Split).items():
    parts = [f"{name} {part}" for part in ("train", "test")]
    labels = [f"{name} {task} {part}" for task in tasks for part in ("train", "test")]
    catalog |= {part: parquet(f"data/split/{part.replace(' ', '/')}.parquet") for part in parts}
    catalog |= {label: parquet(f"data/labels/{label.replace(' ', '/')}.parquet") for label in labels}
    nodes.append(Node(partial(parted, block), f"raw {block.dataset}", parts, name=f"split-{name}"))
    positives = [task.positive for task in tasks.values()]
    nodes.append(Node(partial(labelled, positives), parts, labels, name=f"binarize-{name}"))
experiments = parameters.section(values, "experiments", train.Experiment)
for name, experiment in experiments.items():
    made = [f"model {name}", f"crossval {name}"]
    measured = [f"metrics {name}", f"plots {name}", f"predictions {name}"]
    catalog[made[0]] = File(f"models/{name}.joblib", models.save, joblib.load)
    catalog[made[1]] = parquet(f"data/crossval/{name}.parquet")
    catalog[measured[0]] = File(f"metrics/{name}.json", files.write_json, Path.read_text)
    catalog[measured[1]] = File(f"plots/{name}", write_plots, Path.iterdir)
    catalog[measured[2]] = parquet(f"data/predictions/{name}.parquet")
    parts = [f"{experiment.split} {part}" for part in ("train", "test")]
    labels = [f"{experiment.split} {experiment.task} {part}" for part in ("train", "test")]
    nodes.append(Node(partial(trained, experiment), [parts[0], labels[0]], made, name=f"train-{name}"))
    judge = partial(judged, tasks[experiment.task].positive)
    nodes.append(Node(judge, [*made, *parts, *labels], measured, name=f"evaluate-{name}"))
nodes.append(Node(reported, [f"metrics {name}" for name in experiments], None, name="report"))


def main() -> None:
    """Run it all."""
    cli.parser(__doc__, "bench/peers/kedro_pipeline.py").parse_args()
    SequentialRunner().run(Pipeline(nodes), DataCatalog(catalog))


if __name__ == "__main__":
    cli.run(main)
