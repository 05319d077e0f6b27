"""What the report's page says of a dataset, and of the versions that made it."""

import hashlib
import re
from typing import Any

from digits.io import parquet, paths
from digits.io.tables import IMAGES, Pixels, Vector
from digits.results import drawing
from digits.support.errors import PipelineError

import numpy as np

SAMPLES = 10  # of each digit on the sample sheet
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


def describe_dataset(name: str) -> dict[str, Any]:
    """Return what the page says of a dataset, with its images and classes for the galleries."""
    path = paths.raw(name)
    images = parquet.read_pixels(path).reshape(-1, *parquet.image_shape(path))
    classes = parquet.read_column(path, IMAGES, "class")
    present, counts = np.unique(classes, return_counts=True)
    return {
        "name": name,
        "images": images,
        "classes": classes,
        "shape": images.shape[1:],
        "digits": [
            {"label": label, "count": count, "average": drawing.in_page(average[None])}
            for label, count, average in zip(present.tolist(), counts.tolist(), averages(images, classes), strict=True)
        ],
        "sha256": hashlib.sha256(images.tobytes()).hexdigest(),
        "samples": drawing.in_page(samples(images, classes, SAMPLES), columns=SAMPLES),
    }


def averages(images: Pixels, classes: Vector) -> Pixels:
    """Return the mean image of each class, shape (classes, height, width)."""
    return np.stack([images[classes == label].mean(axis=0) for label in np.unique(classes)]).astype(np.uint8)


def samples(images: Pixels, classes: Vector, count: int) -> Pixels:
    """Return the first `count` images of each class, class by class, shape (classes * count, height, width).

    Where a class has fewer, black ones follow, so that the next class begins at its place.
    """
    first = [images[classes == label][:count] for label in np.unique(classes)]
    return np.concatenate([np.pad(batch, [(0, count - len(batch)), (0, 0), (0, 0)]) for batch in first])
