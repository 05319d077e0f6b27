"""The path of each file of the pipeline, as dvc.yaml declares it."""

from pathlib import Path


def raw(dataset: str) -> Path:
    """Return the path of a dataset's images."""
    return Path(f"data/raw/{dataset}.parquet")


def summary(dataset: str) -> Path:
    """Return the path of the summary of a dataset."""
    return Path(f"data/datasets/{dataset}.yaml")


def split(split_name: str, subset: str) -> Path:
    """Return the path of a split's `train` or `test` images."""
    return Path(f"data/split/{split_name}/{subset}.parquet")


def task(task_name: str, subset: str) -> Path:
    """Return the path of a task's `train` or `test` images, which have labels."""
    return Path(f"data/task/{task_name}/{subset}.parquet")


def model(model_name: str) -> Path:
    """Return the path of a model, fitted on all training images."""
    return Path(f"models/{model_name}.skops")


def cv_predictions(model_name: str) -> Path:
    """Return the path of a model's cross-validated predictions of the training images."""
    return Path(f"data/crossval/{model_name}.parquet")


def predictions(model_name: str) -> Path:
    """Return the path of a model's predictions of the test images."""
    return Path(f"data/predictions/{model_name}.parquet")


def metrics(model_name: str) -> Path:
    """Return the path of the metrics that `dvc metrics diff` compares."""
    return Path(f"metrics/{model_name}.json")


def plots(model_name: str) -> Path:
    """Return the path of the folder of a model's plot tables."""
    return Path(f"plots/{model_name}")
