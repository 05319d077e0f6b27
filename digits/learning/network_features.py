"""Use the features that the dataset's networks have computed, alone or beside the pixels.

A model takes the networks' features if its `features` are `network`. It takes them together
with the pixels if its `feature_parameters` have `weight_beside_network`. Each row of its input
is then the features of the first network, of the next and so on, and the pixels, as uint8.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import PositiveFloat
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer

from digits.core.images import Images
from digits.core.on_disk import READ_BYTES, concatenate_on_disk, rows_per_block
from digits.core.pixels import Pixels
from digits.messages.errors import UserError
from digits.settings.params import ModelParams

NETWORK = "network"  # the name of the set of features, and of their column in a table of images
WEIGHT = "weight_beside_network"


def takes_network(model_params: ModelParams) -> bool:
    """Return whether a model takes the features of the dataset's networks."""
    return model_params.features == NETWORK or WEIGHT in model_params.feature_parameters


def takes_pixels(model_params: ModelParams) -> bool:
    """Return whether a model takes the pixels."""
    return model_params.features != NETWORK


def check_network(model_params: ModelParams, *, has_network: bool) -> None:
    """Check that a model takes a network's features only if the dataset has a network."""
    if takes_network(model_params) and not has_network:
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
        UserError: the model takes a network's features, and the dataset has none.
    """
    check_network(model_params, has_network=bool(images.n_network_features))
    if not takes_network(model_params):
        return images.X
    content = b"".join(images.table[NETWORK])
    features = np.frombuffer(content, np.uint8).reshape(len(images), -1)
    if not takes_pixels(model_params):
        return features
    # Like the pixels, both together need not fit into memory.
    n_rows = rows_per_block(READ_BYTES, images.X.shape[1])
    blocks = [slice(start, start + n_rows) for start in range(0, len(images), n_rows)]
    return concatenate_on_disk(np.hstack([features[rows], images.X[rows]]) for rows in blocks)


def scale_networks(n_features: Sequence[int]) -> Normalizer | ColumnTransformer:
    """Return the unfitted step that scales the features of each network to the norm 1.

    Of several networks, the one with the larger features would otherwise count more.
    """
    if len(n_features) < 2:
        return Normalizer()
    stops = np.cumsum(n_features).tolist()
    parts = []
    for number, (n, stop) in enumerate(zip(n_features, stops, strict=True), start=1):
        parts.append((f"network {number}", Normalizer(), slice(stop - n, stop)))
    return ColumnTransformer(parts)


def with_network(
    other_features: Pipeline,
    weight_beside_network: PositiveFloat,
    n_values: int,
    n_network_features: Sequence[int] = (),
) -> ColumnTransformer:
    """Return the unfitted step that puts the networks' features beside other features.

    Both are scaled to the norm 1. The other features are then multiplied by the weight.

    Args:
        other_features: unfitted steps that compute them from the pixels, and learn nothing.
        weight_beside_network: the weight.
        n_values: the number of values of an image, which are the last ones of each row.
        n_network_features: the number of features of each network.
    """
    other = Pipeline([*other_features.steps, ("normalized", Normalizer())])
    parts = [
        ("network", scale_networks(n_network_features), slice(None, -n_values)),
        ("other", other, slice(-n_values, None)),
    ]
    # The result is always dense, as the networks' features are.
    weights = {"other": weight_beside_network}
    return ColumnTransformer(parts, transformer_weights=weights, sparse_threshold=0)
