"""Features from pretrained neural networks, alone or together with the pixels.

A model uses the features of the dataset's networks if its `features` are `network`. It uses
them together with the pixels if its `feature_parameters` have `weight_beside_network`. Each row
of its input then has the features of each network in turn, and the pixels, as uint8.
"""

import math
from collections.abc import Sequence

import numpy as np
from pydantic import PositiveFloat
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer

from digits.core.images import ImageFormat, Images
from digits.core.on_disk import READ_BYTES, concatenate_on_disk, rows_per_block
from digits.core.pixels import Pixels
from digits.learning.stateless import separate_stateless_steps
from digits.messages.errors import UserError
from digits.settings.params import ModelParams

NETWORK = "network"  # the name of the set of features
WEIGHT = "weight_beside_network"


def uses_network(model_params: ModelParams) -> bool:
    """Return whether a model uses the features of the dataset's networks."""
    return model_params.features == NETWORK or WEIGHT in model_params.feature_parameters


def uses_pixels(model_params: ModelParams) -> bool:
    """Return whether a model uses the pixels."""
    return model_params.features != NETWORK


def check_network(model_params: ModelParams, *, has_network: bool) -> None:
    """Check that a model uses a network's features only if the dataset has a network."""
    if uses_network(model_params) and not has_network:
        key = "features: network" if model_params.features == NETWORK else WEIGHT
        raise UserError(
            f"{key} needs a dataset with the key `network`, such as `network: "
            "efficientnet_lite0`"
        )


def select_input(model_params: ModelParams, images: Images) -> Pixels:
    """Return the input of a model: the pixels, the features of the networks, or both.

    Returns:
        An array of the shape (n_images, n_values).

    Raises:
        UserError: the model uses a network's features, and the dataset has none.
    """
    check_network(model_params, has_network=bool(images.format.n_network_features))
    if not uses_network(model_params):
        return images.X
    # The column `network` has one bytes object of uint8 features per row.
    content = b"".join(images.table["network"])
    features = np.frombuffer(content, np.uint8).reshape(len(images), -1)
    if not uses_pixels(model_params):
        return features
    # Like the pixels, both together need not fit into memory.
    n_rows = rows_per_block(READ_BYTES, images.X.shape[1])
    blocks = [slice(start, start + n_rows) for start in range(0, len(images), n_rows)]
    return concatenate_on_disk(np.hstack([features[rows], images.X[rows]]) for rows in blocks)


def scale_networks(n_features: Sequence[int]) -> Normalizer | ColumnTransformer:
    """Return the unfitted step that scales the features of each network to the norm 1.

    Otherwise, the network with the larger values would dominate.
    """
    if len(n_features) < 2:
        return Normalizer()
    stops = np.cumsum(n_features).tolist()
    parts = []
    for number, (n, stop) in enumerate(zip(n_features, stops, strict=True), start=1):
        parts.append((f"network {number}", Normalizer(), slice(stop - n, stop)))
    return ColumnTransformer(parts)


def combine_with_network(
    features: Pipeline, weight_beside_network: PositiveFloat, image_format: ImageFormat
) -> Pipeline:
    """Return unfitted steps that combine features of the pixels with the networks' features.

    Both are scaled to the norm 1. The features of the pixels are then multiplied by the weight.
    The steps of `features` that learn from data, such as principal components, come last.

    Args:
        features: unfitted steps that compute features of the pixels.
        weight_beside_network: the weight.
        image_format: what all images of the dataset share.
    """
    stateless_steps, learning_steps = separate_stateless_steps(features)
    other = Pipeline([*stateless_steps.steps, ("normalized", Normalizer())])
    n_values = math.prod(image_format.shape)  # the last values of each row are the pixels
    parts = [
        ("network", scale_networks(image_format.n_network_features), slice(None, -n_values)),
        ("other", other, slice(-n_values, None)),
    ]
    # The result is always dense, as the networks' features are.
    weights = {"other": weight_beside_network}
    both = ColumnTransformer(parts, transformer_weights=weights, sparse_threshold=0)
    return Pipeline([("features", both), *learning_steps.steps])
