"""Features from the pretrained neural networks that the dataset's key `network` names.

They are the bytes that the stage `fetch` has stored, scaled to the same Euclidean norm. Models
that use them together with the pixels scale them in the same way, with `scale_networks`.
"""

from collections.abc import Sequence

from sklearn.pipeline import Pipeline

from digits.learning.network_features import scale_networks


def make_features(n_network_features: Sequence[int]) -> Pipeline:
    """Return the steps that scale the features. They take no pixels.

    Args:
        n_network_features: the number of features of each network of the dataset.
    """
    return Pipeline([("normalized", scale_networks(n_network_features))])
