"""Features from the pretrained neural networks that the dataset's key `network` names.

`fetch` stores them as uint8. Here each image's features are scaled to norm 1, for each network
separately. Models that use them together with the pixels scale them in the same way.
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
