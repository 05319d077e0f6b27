"""Propose layouts of arrays."""

import math
import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from image_layouts.checking import one_class
from image_layouts.collection import MAX_CLASSES
from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.array_file import HOW_TO_CONVERT
from image_layouts.layout.axes import arrange
from image_layouts.layout.pattern import escape
from image_layouts.layout.place import Place
from image_layouts.layout.read_arrays import has_single_ones
from image_layouts.proposing.single_images import find_single_images, refuse_single_images
from image_layouts.proposing.words import (
    CONTENT_WORDS,
    GROUP_WORDS,
    SET_WORDS,
    find_subset,
    split_words,
)
from image_layouts.proposing.writing import generalize_names, write_subsets

MIN_PIXELS = 4  # of an image
MIN_PER_CLASS = 4  # images, on average
N_IMAGES = 100  # the number of images that are looked at
MIN_ROWS = 4  # of an image whose neighbours are compared
# The variation of neighbours, as a share of that of random pixels. In 36 public sets of photos,
# scans and drawings, it was at most 0.67, also at 8 × 8 pixels.
MAX_OF_RANDOM = 0.85
# The variation with another width, as a share of that with the right one. There it was at least
# 1.37.
MIN_OF_RIGHT_WIDTH = 0.7

ENDING = re.compile(r"\.(npz|npy|mat|gz)\b|idx\d")  # `.npz`, or `idx3` in the name of IDX files

# By the name of an array of images: the part of a layout that reads this array.
PartsByArray = dict[str, dict[str, Any]]


def propose(place: Place) -> tuple[list[Any], list[str]]:
    """Return layouts for the arrays of a place, and why other arrays are not used."""
    single_images = find_single_images(place)
    names = [name for name in place.array_files if name not in single_images]
    reasons = [refuse_single_images(single_images)] if single_images else []
    if not names:
        return [], reasons
    try:
        arrays = drop_irrelevant(place.load_arrays(names))
    except LayoutError as error:
        return [], [error.message]
    if not arrays:
        reason = f"{shorten(names)}: no arrays of numbers; if there are cells or structures"
        return [], [*reasons, f"{reason}, {HOW_TO_CONVERT}"]
    parts, reasons_of_arrays = describe_arrays(arrays)
    reasons = [*reasons_of_arrays, *reasons]
    if not parts:
        return [], reasons
    have_labels = any("class" in part for part in parts.values())
    kinds_of_labels = [parts] if have_labels else label_by_name(arrays, parts)
    layouts: list[Any] = []
    for labelled_parts in kinds_of_labels:
        layouts += write_layouts(arrays, labelled_parts)
    if not kinds_of_labels:
        shapes = {find_image_shape(arrays[name], part) for name, part in parts.items()}
        if len(parts) > 1 and len(shapes) == 1:
            layouts = [read_class_in_names(add_scale(arrays, parts))]
        elif several_labels := find_several_labels(arrays):
            reasons.append(
                f"{several_labels} has several labels for an image: {one_class.ONE_CLASS}; for "
                "several labels, use another tool, or write a number for each combination"
            )
        else:
            listed = describe_shapes(arrays)
            reasons.append(
                f"none of the arrays {listed} has a class for each image; if an axis has the "
                f"classes, {HOW_TO_CONVERT}"
            )
    return [*layouts, *turn_cubes(arrays, layouts)], reasons


def drop_irrelevant(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays without single numbers, and without `a.gz` beside the unpacked file `a`."""
    unpacked = {f"{name}.gz" for name in arrays}
    return {
        name: array for name, array in arrays.items() if array.size > 1 and name not in unpacked
    }


def describe_arrays(arrays: Mapping[str, Any]) -> tuple[PartsByArray, list[str]]:
    """Return the parts of a layout that read arrays, and why other arrays are not images."""
    parts: PartsByArray = {}
    reasons = []
    for names in group_by_name(arrays):
        try:
            parts |= describe_pair(arrays, names)
        except LayoutError as error:
            reasons.append(error.message)
    if not parts:
        reasons.append(f"no images among the arrays {describe_shapes(arrays)}")
    return parts, reasons


def describe_shapes(arrays: Mapping[str, Any]) -> str:
    """Return the names and shapes of arrays, such as `a.npz/x (200, 8, 8)`."""
    return shorten([f"{name} {array.shape}" for name, array in arrays.items()])


def group_by_name(arrays: Mapping[str, Any]) -> list[list[str]]:
    """Return the names of arrays that belong together: images, and optionally their labels."""
    if len(arrays) == 2 and have_one_label_each(*arrays.values()):  # the names do not matter
        return [list(arrays)]
    groups: dict[Any, list[str]] = defaultdict(list)
    for name in arrays:
        without_ending = ENDING.sub(" ", name.lower()).replace("t10k", "")
        numbers = sorted(re.findall(r"\d+", without_ending))
        # `x_train_1` belongs to `y_train_1`, because they have the same words and numbers.
        groups[find_words(name), tuple(numbers)].append(name)
    return list(groups.values())


def have_one_label_each(first: Any, second: Any) -> bool:
    """Return whether one of two arrays has a label for each image in the other one."""
    labels, images = sorted([first, second], key=lambda array: array.size)
    return not is_images(labels) and count_labels(labels, images) in images.shape


def find_words(name: str) -> frozenset[str]:
    """Return the words of an array's name that say which images it is about."""
    return frozenset(split_words(ENDING.sub(" ", name)) - CONTENT_WORDS)


def describe_pair(arrays: Mapping[str, Any], names: Sequence[str]) -> PartsByArray:
    """Return the part of a layout that reads an array of images, and optionally its labels.

    Args:
        arrays: all arrays.
        names: the arrays that belong together. If there are more than two, or none with images,
            the result is empty.

    Raises:
        LayoutError: the largest array has no pixels.
    """
    images = [name for name in names if is_images(arrays[name])]
    if not images or len(names) > 2:
        return {}
    name = max(images, key=lambda each: arrays[each].size)
    array = arrays[name]
    check_range(array, name)
    part = {"images": escape(name)}
    n_images = len(array)
    other_names = [other for other in names if other != name]
    if other_names:
        [labels] = other_names
        part["class"] = labels
        n_images = count_labels(arrays[labels], array)
    return {name: part | describe_axes(array, n_images)}


def is_images(array: Any) -> bool:
    """Return whether an array may have images, and not labels or names."""
    n_long_axes = sum(length > 1 for length in array.shape)
    if array.dtype.kind not in "buif" or n_long_axes < 2 or is_one_hot(array):
        return False
    return bool(array[0].size >= MIN_PIXELS)


def is_one_hot(array: Any) -> bool:
    """Return whether each row of an array, or each column, has a single 1."""
    if array.ndim != 2 or min(array.shape) > MAX_CLASSES:
        return False
    return has_single_ones(array) or has_single_ones(array.T)


def find_several_labels(arrays: Mapping[str, Any]) -> str:
    """Return the array with a column of 0 and 1 for each label of the images, or ""."""
    for name, array in arrays.items():
        belongs_to_images = any(
            other.ndim > array.ndim and len(other) == len(array) for other in arrays.values()
        )
        if array.ndim == 2 and belongs_to_images and np.isin(array, (0, 1)).all():
            return name
    return ""


def check_range(images: Any, name: str) -> None:
    """Check that an array may have pixels: whole numbers from 0 on, or fractions from 0 to 1.

    Raises:
        LayoutError: it has other numbers.
    """
    low, high = images.min(), images.max()
    are_whole = images.dtype.kind != "f" or np.array_equal(images, np.rint(images))
    are_fractions = low >= 0 and high <= 1
    if not (are_fractions or (low >= 0 and are_whole)):
        raise LayoutError(
            f"{name} has numbers from {low:.3g} to {high:.3g}; pixels are whole numbers from 0 "
            "to 255, or fractions from 0 to 1; if these are pixels, scale or clip them, "
            "and write them by numpy.savez"
        )


def count_labels(labels: Any, images: Any) -> int:
    """Return the number of labels in an array, which may be one-hot encoded."""
    if labels.ndim == 1 or 1 in labels.shape:
        return max(labels.shape)
    return max((length for length in labels.shape if length in images.shape), default=0)


def describe_axes(images: Any, n_images: int) -> dict[str, Any]:
    """Return the key `axes` of an array, if it is not `n h w`."""
    images_are_last = len(images) != n_images and images.shape[-1] == n_images
    if images.ndim == 2:
        if images_are_last:
            return {"axes": "(h w) n"}
        return {"axes": "n (h w)"} | describe_colors(images)
    if images.ndim == 3:
        return {"axes": "h w n"} if images_are_last else {}
    if images_are_last:
        return {"axes": "h w c n"}
    n_colors = (1, 3)
    if images.ndim == 4 and images.shape[1] in n_colors and images.shape[3] not in n_colors:
        return {"axes": "n c h w"}
    return {"axes": "n h w c"}


def describe_colors(rows: Any) -> dict[str, Any]:
    """Return the key `axes` of rows of pixels, or {} for grey images.

    The values of a pixel may be side by side, or each colour may be a plane. Images are smooth,
    so the arrangement with the smaller total variation is right.

    Args:
        rows: shape (n_images, n_values).

    Raises:
        LayoutError: as `check_neighbours`.
    """
    n_values = rows.shape[1]
    side = math.isqrt(n_values)
    if side**2 == n_values:
        check_neighbours(rows, side)
        return {}
    side = math.isqrt(n_values // 3)
    if 3 * side**2 != n_values:
        return {}
    side_by_side = measure_total_variation(rows, "n (h w c)")
    in_planes = measure_total_variation(rows, "n (c h w)")
    if side_by_side <= in_planes:
        check_neighbours(rows, 3 * side, step=3)
        return {"axes": "n (h w c)"}
    check_neighbours(rows, side)
    return {"axes": "n (c h w)"}


def check_neighbours(rows: Any, width: int, step: int = 1) -> None:
    """Check that rows are images of a width.

    Neighbouring pixels must be more alike than random ones, which features of another kind are
    not. No other width may make pixels much more like those below them. For example, a grey
    image of 24 × 32 has as many values as three colours of 16 × 16.

    Args:
        rows: shape (n_images, n_values).
        width: the number of values in a row of an image.
        step: the number of values from a pixel to the next one in its row.

    Raises:
        LayoutError: the rows have other features, or images of another width.
    """
    n_values = rows.shape[1]
    if n_values < MIN_ROWS * width:
        return
    images = rows[:N_IMAGES].astype(float)
    beside = measure_variation(images, step)
    below = measure_variation(images, width)
    shuffled = images[:, np.random.default_rng(0).permutation(n_values)]
    if min(beside, below) > MAX_OF_RANDOM * measure_variation(shuffled, 1):
        raise one_class.make_features_error(
            f"in rows of {n_values} values, neighbours are no more alike than other values",
            "say so by `digits start --layout`",
        )
    widths = [
        other for other in range(max(2, width // 2), 2 * width + 1) if n_values % other == 0
    ]
    # Values that are less than a width apart are often in the same row of pixels, and so more
    # alike. Therefore the variation counts more for smaller widths.
    variations = {
        other: measure_variation(images, other) / min(1, other / width) for other in widths
    }
    smoothest = min(widths, key=lambda other: variations[other])
    if variations[smoothest] < MIN_OF_RIGHT_WIDTH * below:
        height = n_values // smoothest
        raise LayoutError(
            f"rows of {n_values} values look like images of {height} × {smoothest} values, but "
            "rows are read as square images, grey or with three colours; write the images by "
            f"numpy.savez as an array of the shape (n, {height}, {smoothest}), or with three "
            "channels, if these are more"
        )


def measure_variation(rows: Any, distance: int) -> float:
    """Return the mean absolute difference of the values at a distance in each row."""
    return float(np.abs(rows[:, distance:] - rows[:, :-distance]).mean())


def measure_total_variation(rows: Any, axes: str) -> float:
    """Return the mean total variation of the first images: how much neighbours differ.

    Neighbours are above each other or side by side. Both are needed, because in grey images
    with three equal colours, a wrong arrangement makes neighbours in a row more alike.

    Args:
        rows: shape (n_images, n_values).
        axes: the arrangement of the values in a row.
    """
    images = arrange(rows[:N_IMAGES], axes).astype(float)
    in_columns = np.abs(np.diff(images, axis=1)).mean()
    in_rows = np.abs(np.diff(images, axis=2)).mean()
    return float(in_columns + in_rows)


def label_by_name(arrays: Mapping[str, Any], parts: PartsByArray) -> list[PartsByArray]:
    """Return the parts once for each kind of labels, such as `y_head` and `y_tail`.

    An array of labels is in the same file or folder as the images, and of the same subset. If
    several arrays fit, as `arr_1` and `arr_3`, the first images get the first labels.
    """
    parts_by_kind: dict[Any, PartsByArray] = defaultdict(dict)
    for name, part in parts.items():
        images = arrays[name]
        n_images = len(images)
        fitting = find_labels(arrays, name, n_images)
        if not fitting:  # MATLAB has the images along the last axis
            n_images = images.shape[-1]
            fitting = find_labels(arrays, name, n_images)
        for kind, labels in fitting.items():
            labelled = parts_by_kind[kind]
            taken = {other["class"] for other in labelled.values()}
            free = [label for label in labels if label not in taken]
            axes = describe_axes(images, n_images)
            labelled[name] = part | axes | {"class": (free or labels)[0]}
    return list(parts_by_kind.values())


def find_labels(
    arrays: Mapping[str, Any], name: str, n_images: int
) -> dict[frozenset[str], list[str]]:
    """Return the arrays that have a label for each of `n_images` images, by their kind.

    Args:
        arrays: all arrays.
        name: the array of the images.
        n_images: their number.
    """
    fitting: dict[frozenset[str], list[str]] = defaultdict(list)
    for label, array in arrays.items():
        is_near = posixpath.dirname(label) == posixpath.dirname(name)
        is_same_set = find_words(label) & SET_WORDS == find_words(name) & SET_WORDS
        if is_near and is_same_set and are_labels(label, array, n_images):
            fitting[find_words(label) - SET_WORDS].append(label)
    return fitting


def are_labels(name: str, array: Any, n_images: int) -> bool:
    """Return whether an array has one label for each image, and several images per label."""
    words = split_words(posixpath.basename(name))
    has_groups_or_sets = words & (GROUP_WORDS | {"id", "is", "split"})
    if has_groups_or_sets:
        return False
    if is_one_hot(array):
        return n_images in array.shape
    # MATLAB stores whole numbers as floats, too.
    are_decimals = array.dtype.kind == "f" and not np.array_equal(array, np.rint(array))
    if array.size != n_images or are_decimals:
        return False
    return 2 <= len(np.unique(array)) <= n_images / MIN_PER_CLASS


def write_layouts(arrays: Mapping[str, Any], parts: PartsByArray) -> list[Any]:
    """Return the layouts of arrays of images with labels.

    Arrays whose names have other words, or whose images have another shape, are another layout.
    """
    kinds: dict[Any, PartsByArray] = defaultdict(dict)
    for name, part in parts.items():
        words = find_words(name) - SET_WORDS
        kinds[words, find_image_shape(arrays[name], part)][name] = part
    layouts: list[Any] = []
    for same in kinds.values():
        scaled = add_scale(arrays, same)
        labelled = {name: part for name, part in scaled.items() if "class" in part}
        train, test = split_by_subset(labelled)
        if len(train) == 1 and not test:
            layouts += train
        elif train:
            layouts.append(write_subsets(train, test))
        if len(train) > 1 and not test and are_numbered_in_file(labelled):
            layouts.append(write_subsets(train[:-1], train[-1:]))
    return layouts


def are_numbered_in_file(names: Collection[str]) -> bool:
    """Return whether arrays of one file differ only in a number, so that one may be a test set.

    NumPy calls them `arr_0`, `arr_1` and so on, if they are saved without names.
    """
    files = {posixpath.dirname(name) for name in names}
    names_without_numbers = {re.sub(r"\d+", "", name) for name in names}
    return len(files) == 1 and len(names_without_numbers) == 1


def find_image_shape(array: Any, part: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of the images of a part, or () if the axes do not fit."""
    try:
        return tuple(arrange(array, part.get("axes", "n h w")).shape[1:])
    except LayoutError:
        return ()


def add_scale(arrays: Mapping[str, Any], parts: PartsByArray) -> PartsByArray:
    """Return parts with the same key `scale`, so that equal values are equally bright."""
    scale = describe_scale([arrays[name] for name in parts])
    return {name: part | scale for name, part in parts.items()}


def describe_scale(arrays: Sequence[Any]) -> dict[str, Any]:
    """Return the key `scale` of fractions from 0 to 1, or of pixels with more than 8 bits.

    The largest possible value becomes 255, such as 4095 for pixels with 12 bits.
    """
    low = min(pixels.min() for pixels in arrays)
    high = max(pixels.max() for pixels in arrays)
    if low >= 0 and high <= 1 and any((pixels % 1).any() for pixels in arrays):
        return {"scale": 255}
    if high <= 255:
        return {}
    n_bits = int(high).bit_length()
    return {"scale": 255 / (2**n_bits - 1)}


def split_by_subset(parts: PartsByArray) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the parts of the training set and the parts of the test set, by their names."""
    is_test = {name: find_subset(ENDING.sub(" ", name)) == "test" for name in parts}
    train = [part for name, part in parts.items() if not is_test[name]]
    test = [part for name, part in parts.items() if is_test[name]]
    return train, test


def read_class_in_names(parts: PartsByArray) -> dict[str, Any]:
    """Return the layout of arrays without labels, whose names have the classes."""
    train, test = split_by_subset(parts)
    if len(train) < 2 or len(test) < 2:
        return write_class_pattern(list(parts.values()))
    return write_subsets([write_class_pattern(train)], [write_class_pattern(test)])


def write_class_pattern(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a part in which {class} replaces the words that differ in the names of arrays."""
    names = [part["images"] for part in parts]
    return parts[0] | {"images": generalize_names(names, "{class}")}


def turn_cubes(arrays: Mapping[str, Any], layouts: Sequence[Any]) -> list[Any]:
    """Return layouts with the images along the last axis, for arrays that fit both ways.

    An array of the shape (28, 28, 28) may have the axes `n h w` or `h w n`.
    """
    cubes = [
        escape(name)
        for name, array in arrays.items()
        if array.ndim == 3 and array.shape[0] == array.shape[2]
    ]
    return [layout | {"axes": "h w n"} for layout in layouts if layout.get("images") in cubes]
