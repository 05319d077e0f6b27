"""Refuse a model whose values would let compiled code read outside of its arrays.

The file of a model can be damaged or altered. scikit-learn's compiled code follows the numbers
in trees and sparse matrices without a check, so a wrong number could end the process.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

# The state of a KDTree begins with its arrays, and its numbers of levels and nodes.
N_PARTS_OF_STATE = 7


def check_values(value: Any, n_features: float = np.inf) -> None:
    """Check a value of a model, and all values in it.

    Args:
        value: such as the classifier.
        n_features: the number of features that the object around the value takes.

    Raises:
        ValueError: a number is out of range.
    """
    n_features = min(n_features, getattr(value, "n_features_in_", n_features))
    kind = type(value).__name__  # the import of the types themselves takes long
    if kind == "Tree":
        nodes = value.__getstate__()["nodes"]
        is_inner = nodes["left_child"] != nodes["right_child"]  # both are -1 in a leaf
        check_nodes(nodes, is_inner, ["left_child", "right_child"], "feature", n_features)
    elif kind == "TreePredictor":
        nodes = value.nodes
        check_nodes(nodes, nodes["is_leaf"] == 0, ["left", "right"], "feature_idx", n_features)
        is_categorical = nodes["is_categorical"] != 0
        check_range(nodes["bitset_idx"][is_categorical], 0, len(value.raw_left_cat_bitsets))
    elif kind in {"BallTree", "KDTree"}:
        state = value.__getstate__()
        again = type(value)(state[0], leaf_size=state[4], metric=state[-2])
        for part, expected in zip(state, again.__getstate__()[:N_PARTS_OF_STATE], strict=False):
            if not np.array_equal(part, expected):
                raise ValueError("its tree is not the one of its images")
    elif sparse.issparse(value):
        value.check_format(full_check=True)
    elif hasattr(value, "_fit_X"):  # nearest neighbours, which have the numbers of classes
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


def check_nodes(
    nodes: Any, is_inner: Any, children: list[str], feature: str, n_features: float
) -> None:
    """Check that the nodes of a tree lead to later nodes, and to existing features.

    Args:
        nodes: the nodes, an array of records.
        is_inner: whether each node has children.
        children: the names of the fields with the number of a child.
        feature: the name of the field with the number of a feature.
        n_features: how many features there are.

    Raises:
        ValueError: a number is out of range.
    """
    numbers = np.flatnonzero(is_inner)
    for child in children:
        check_range(nodes[child][is_inner], numbers + 1, len(nodes))
    check_range(nodes[feature][is_inner], 0, n_features)


def check_range(numbers: Any, low: Any, high: float) -> None:
    """Check that numbers are at least `low`, and below `high`.

    Raises:
        ValueError: one is not.
    """
    if np.any(numbers < low) or np.any(numbers >= high):
        raise ValueError(f"a number is not in the range from {np.min(low)} to {high}")
