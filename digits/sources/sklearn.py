"""Datasets that ship inside scikit-learn; `digits` is the one made of images."""

from collections.abc import Iterator

from digits.sources import Images, SourceError, as_bytes
from digits.support.parameters import Dataset

from sklearn.datasets import load_digits

LOCAL = True


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Images]:
    """Yield the images of the dataset called `place`."""
    if place != "digits":
        raise SourceError(f"scikit-learn ships no images called {place!r}, only 'digits'")
    bunch = load_digits()
    yield Images(as_bytes(bunch.data), as_bytes(bunch.target))
