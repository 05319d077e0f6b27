"""The features of the dataset's `network`, which was trained on other pictures.

They are the bytes that the stage `fetch` has stored, scaled to the same Euclidean norm.
"""

from collections.abc import Sequence

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer


def make_features(shape: Sequence[int], pixel_max: int) -> Pipeline:
    """Return the steps that scale the features. They take no pixels.

    Args:
        shape: has no effect.
        pixel_max: has no effect.
    """
    return Pipeline([("normalized", Normalizer())])
