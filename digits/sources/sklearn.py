"""Datasets that ship inside scikit-learn; `digits` is the one made of images."""

from collections.abc import Iterator

from digits.sources import Batch, SourceError, as_bytes
from digits.support.parameters import Dataset

from sklearn.datasets import load_digits

LOCAL = True


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of the dataset called `place`."""
    if place != "digits":
        raise SourceError(f"scikit-learn ships no images called {place!r}, only 'digits'")
    bunch = load_digits()
    yield Batch(as_bytes(bunch.data), as_bytes(bunch.target))
