"""All of the pipeline's work in one plain script: no DVC, no second process, no file between the steps.

The same functions on the same tables, so what `dvc repro` takes longer is the price of its processes, files and
digests. Prints the seconds of each step last.
"""

import json
import time

from digits.core import params, tables
from digits.evaluation import calibration, metrics
from digits.evaluation.part import Part
from digits.learning import scoring
from stages.binarize import binarize
from stages.evaluate import evaluate
from stages.fetch import fetch
from stages.split import split_rows
from stages.train import train


def main() -> None:
    """Do it all, and print what each step took."""
    begin = time.perf_counter()
    settings = params.load()
    seconds, fetched, parts, labelled, trained = {}, {}, {}, {}, {}

    def lap(step: str) -> None:
        """Note what a step took: the time since the one before."""
        seconds[step] = time.perf_counter() - begin - sum(seconds.values())

    for name, dataset in settings.datasets.items():
        fetched[name] = fetch(name, dataset)
    lap("fetch")

    for name, split in settings.splits.items():
        images = fetched[split.dataset]
        classes, group = images["class"].to_numpy(), images.get("group")
        both = split_rows(split, settings.seed, classes, group, tables.pixels(images))
        parts[name] = [images.iloc[rows].assign(row=rows) for rows in both]
    lap("split")

    for name, task in settings.tasks.items():
        dataset = settings.datasets[settings.dataset_of(name)]
        sides = params.sides(name, task, dataset.names or range(dataset.classes))
        labelled[name] = [binarize(part, *sides) for part in parts[task.split]]
    lap("binarize")

    for name, experiment in settings.experiments.items():
        trained[name] = train(experiment, settings.seed, labelled[experiment.task][0])
    lap("train")

    for name, (model, out_of_fold) in trained.items():
        images = labelled[settings.experiments[name].task][1]
        with scoring.parallel_backend(model):
            scores = scoring.score(model, tables.pixels(images))
        predictions = scoring.table(images, model, scores, scoring.predict(model, scores))
        about = {"classes": model.classes_, "y_train": out_of_fold["label"].to_numpy(), "attrs": images.attrs}
        predicted = {"test": Part(predictions, **about)}
        if "fold" in out_of_fold:
            predicted["cross_validation"] = part = Part(out_of_fold, **about)
            part.temperature = calibration.fit_temperature(part.logits, part.columns)
            predicted["test"].temperature = part.temperature
        figures = evaluate(predicted, model)["figures"]
        accuracy = metrics.summarize(figures[figures["part"] != "train"])["accuracy"]
        print(f"{name}: test accuracy {accuracy:.6f}", flush=True)
    lap("evaluate")
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
