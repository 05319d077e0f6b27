"""Evaluate one experiment on the test part and out of fold.

Reads the model, the task's `test.parquet` and the out-of-fold predictions; writes `metrics/<experiment>.json`, the
tables of `plots/<experiment>/`, and `data/predictions/<experiment>.parquet`. Each accuracy comes with its baseline,
that of always predicting the majority class.
"""

import json

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage
from digits.evaluation import calibration, curves, metrics
from digits.evaluation.metrics import ALL
from digits.evaluation.part import Part, confusion, reliability
from digits.learning import model_file, scoring

import click
import pandas as pd
from sklearn.pipeline import Pipeline

DECIMALS = 6  # of every figure in Git: the last bits, which may differ between machines, do not show
TABLES = [metrics.figures, curves.roc, curves.precision_recall, confusion, reliability]  # plots/<experiment>/<name>.csv


def evaluate(parts: dict[str, Part], model: Pipeline) -> dict[str, pd.DataFrame]:
    """Measure a model's predictions of each part, `test` or `cross_validation`, and return the plot tables."""
    found = {}
    for table in TABLES:
        of_parts = {part: table(each) for part, each in parts.items()}
        found[table.__name__] = pd.concat(of_parts, names=["part"]).reset_index("part")
    facts = [("train", "accuracy", ALL, model.train_accuracy_)]
    if len(model.classes_) == 2:
        facts.append(("train", "threshold", ALL, scoring.threshold(model)))
    if "cross_validation" in parts:
        facts.append(("cross_validation", "temperature", ALL, parts["cross_validation"].temperature))
    found["figures"] = pd.concat([found["figures"], pd.DataFrame(facts, columns=["part", "figure", "of", "value"])])
    return found


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Load, score, measure, write."""
    task = params.find(params.load().experiments, name).task
    model = model_file.load(paths.model(name))
    images, out_of_fold = tables.read(paths.task(task, "test")), tables.read(paths.out_of_fold(name))
    if unknown := set(images["label"]).difference(model.classes_):
        raise PipelineError(f"{name} was trained on no image of label {min(unknown)}, which the test part has")
    with scoring.parallel_backend(model):
        scores = scoring.score(model, tables.pixels(images))
    predictions = scoring.table(images, model, scores, scoring.predict(model, scores))

    about = {"classes": model.classes_, "y_train": out_of_fold["label"].to_numpy(), "attrs": images.attrs}
    parts = {"test": Part(predictions, **about)}
    if "fold" in out_of_fold:
        parts["cross_validation"] = part = Part(out_of_fold, **about)
        part.temperature = calibration.fit_temperature(part.logits, part.columns)
        parts["test"].temperature = part.temperature
    found = evaluate(parts, model)

    tables.write(paths.predictions(name), predictions)
    paths.plots(name).mkdir(parents=True, exist_ok=True)
    for table, frame in found.items():
        frame.round(DECIMALS).to_csv(paths.plots(name) / f"{table}.csv", index=False, lineterminator="\n")
    figures = found["figures"]
    summary = metrics.summarize(figures[figures["part"] != "train"].round(DECIMALS))
    paths.metrics(name).parent.mkdir(exist_ok=True)
    paths.metrics(name).write_bytes((json.dumps(summary, indent=2, sort_keys=True) + "\n").encode())


if __name__ == "__main__":
    main()
