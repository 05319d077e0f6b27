"""Refuse a model whose values would let compiled code read outside of its arrays.

The file of a model can be damaged or altered. scikit-learn's compiled code follows the numbers
in trees and sparse matrices without a check, so a wrong number could end the process.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse


def check_values(value: Any, n_features: float = np.inf) -> None:
    """Check a value of a model, and all values in it.

    Args:
        value: such as the classifier.
        n_features: the number of features that the object around the value takes.

    Raises:
        ValueError: a number is out of range.
    """
    # A classifier in another one may take fewer features.
    n_features = min(n_features, getattr(value, "n_features_in_", n_features))
    type_name = type(value).__name__  # the import of the types themselves takes long
    if type_name == "Tree":
        nodes = value.__getstate__()["nodes"]
        parents = np.flatnonzero(nodes["left_child"] != -1)
        # A child comes after its parent, so that every walk ends.
        check_range(nodes["left_child"][parents], parents + 1, len(nodes))
        check_range(nodes["right_child"][parents], parents + 1, len(nodes))
        check_range(nodes["feature"][parents], 0, n_features)
    elif type_name == "TreePredictor":
        nodes = value.nodes
        parents = np.flatnonzero(nodes["is_leaf"] == 0)
        check_range(nodes["left"][parents], parents + 1, len(nodes))
        check_range(nodes["right"][parents], parents + 1, len(nodes))
        check_range(nodes["feature_idx"][parents], 0, n_features)
        is_categorical = nodes["is_categorical"] != 0
        check_range(nodes["bitset_idx"][is_categorical], 0, len(value.raw_left_cat_bitsets))
    elif type_name in {"BallTree", "KDTree"}:
        check_neighbors_tree(value)
    elif sparse.issparse(value):
        value.check_format(full_check=True)
    elif hasattr(value, "_fit_X") and hasattr(value, "_y"):
        # Nearest neighbours: _y indexes classes_.
        check_range(value._y, 0, len(value.classes_))
    for part in list_parts(value):
        check_values(part, n_features)


def list_parts(value: Any) -> Iterator[Any]:
    """Yield the objects in an object of a model."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple | set):
        yield from value
    elif isinstance(value, np.ndarray) and value.dtype == object:
        yield from value.flat
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        yield from vars(value).values()


def check_neighbors_tree(tree: Any) -> None:
    """Raise a ValueError unless scikit-learn makes the same tree of the images in it."""
    # Only the structure is compared, because predictions change the counts that follow it.
    *structure, _trims, _leaves, _splits, _calls, metric, _weights = tree.__getstate__()
    images, _order, _nodes, _bounds, leaf_size, _n_levels, _n_nodes = structure
    expected = type(tree)(images, leaf_size=leaf_size, metric=metric).__getstate__()
    if not all(map(np.array_equal, structure, expected)):
        raise ValueError("its tree is not the one of its images")


def check_range(numbers: Any, low: Any, high: float) -> None:
    """Raise a ValueError unless all numbers are at least `low`, and below `high`."""
    if np.any(numbers < low) or np.any(numbers >= high):
        raise ValueError(f"a number is not in the range from {np.min(low)} to {high}")
