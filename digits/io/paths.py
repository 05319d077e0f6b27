"""Where every file of the pipeline lies, as `dvc.yaml` declares it. `part` is `train` or `test`."""

from pathlib import Path


def raw(dataset: str) -> Path:
    """Images as fetched."""
    return Path("data", "raw", f"{dataset}.parquet")


def split(split: str, part: str) -> Path:
    """Images of the training or the test part of a split."""
    return Path("data", "split", split, f"{part}.parquet")


def labels(experiment: str, part: str) -> Path:
    """Labels of the training or the test part, in the images' order."""
    return Path("data", "labels", experiment, f"{part}.parquet")


def out_of_fold(experiment: str) -> Path:
    """Cross-validated predictions of the training part."""
    return Path("data", "crossval", f"{experiment}.parquet")


def model(experiment: str) -> Path:
    """The model fitted on all of the training part."""
    return Path("models", f"{experiment}.skops")


def predictions(experiment: str) -> Path:
    """Predictions of the test part."""
    return Path("data", "predictions", f"{experiment}.parquet")


def metrics(experiment: str) -> Path:
    """The metrics that branches are compared by."""
    return Path("metrics", f"{experiment}.json")


def plots(experiment: str) -> Path:
    """The folder of an experiment's plot tables."""
    return Path("plots", experiment)
