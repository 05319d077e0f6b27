"""The path of each file of the pipeline, as `dvc.yaml` declares it. A part is `train` or `test`."""

from collections.abc import Callable
from pathlib import Path


def _path(form: str) -> Callable[..., Path]:
    return lambda *names: Path(form.format(*names))


raw = _path("data/raw/{}.parquet")  # of a dataset: images as fetched
split = _path("data/split/{}/{}.parquet")  # of a split and a part: its images
task = _path("data/task/{}/{}.parquet")  # of a task and a part: images with their labels
model = _path("models/{}.skops")  # of an experiment, as all that follow: fitted on all of the training part
out_of_fold = _path("data/crossval/{}.parquet")  # cross-validated predictions of the training part
predictions = _path("data/predictions/{}.parquet")  # of the test part
metrics = _path("metrics/{}.json")  # that branches are compared by
plots = _path("plots/{}")  # the folder of its plot tables
