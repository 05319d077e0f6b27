"""Where every file of the pipeline lies, as `dvc.yaml` declares it. `part` is `train` or `test`."""

from pathlib import Path


def raw(dataset: str) -> Path:
    """Images as fetched."""
    return Path("data", "raw", f"{dataset}.parquet")


def split(split: str, part: str) -> Path:
    """Images of one part of a split."""
    return Path("data", "split", split, f"{part}.parquet")


def task(task: str, part: str) -> Path:
    """Images of one part of a task's split with their labels, without those that the task leaves out."""
    return Path("data", "task", task, f"{part}.parquet")


def model(experiment: str) -> Path:
    """The model fitted on all of the training part."""
    return Path("models", f"{experiment}.skops")


def out_of_fold(experiment: str) -> Path:
    """Cross-validated predictions of the training part."""
    return Path("data", "crossval", f"{experiment}.parquet")


def predictions(experiment: str) -> Path:
    """Predictions of the test part."""
    return Path("data", "predictions", f"{experiment}.parquet")


def metrics(experiment: str) -> Path:
    """The metrics that branches are compared by."""
    return Path("metrics", f"{experiment}.json")


def plots(experiment: str) -> Path:
    """The folder of an experiment's plot tables."""
    return Path("plots", experiment)
