"""Propose layouts of arrays: images and labels of equal lengths, for each set."""

import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.array_file import HOW_TO_CONVERT
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import escape
from image_layouts.layout.reading import Reading
from image_layouts.proposing.pixels import (
    check_range,
    describe_axes,
    describe_scale,
    drop_irrelevant,
    find_image_shape,
    has_fractions,
    is_images,
    is_one_hot,
)
from image_layouts.proposing.sets import SET_WORDS, find_set, list_words
from image_layouts.proposing.writing import generalize_names, write_subsets

MIN_PER_CLASS = 2  # images, on average; a test set may be small
MAX_FILES = 50  # with arrays; more have one image each, which is not read

# By the name of an array of images: the part of a layout that reads this array.
PartsByArray = dict[str, dict[str, Any]]


def propose(folder: Folder) -> tuple[list[Reading], list[str]]:
    """Return the layouts of all arrays, and why there are none."""
    names = folder.array_files
    if len(names) > MAX_FILES:
        return [], [f"{names[0]} and others have one image each, or a part; {HOW_TO_CONVERT}"]
    try:
        arrays = drop_irrelevant(folder.load_arrays(names))
        if names and not arrays:
            reason = f"{shorten(names)}: no arrays of numbers; if there are cells or structures"
            return [], [f"{reason}, {HOW_TO_CONVERT}"]
        images = [name for name, array in arrays.items() if is_images(array)]
        layouts: list[Any] = []
        for name in images:
            check_range(arrays[name], name)
        for parts in pair(arrays, images):
            layouts += write_layouts(arrays, parts)
        if not layouts and len(images) == len(arrays) > 1:
            layouts.append(write_class_in_names(arrays, images))
    except LayoutError as error:
        return [], [error.message]
    if layouts or not arrays:
        return list(map(Reading, layouts)), []
    what = "has a class for each image" if images else "has images"
    listed = shorten([f"{name} {array.shape}" for name, array in arrays.items()])
    return [], [f"none of the arrays {listed} {what}; if an axis has classes, {HOW_TO_CONVERT}"]


def pair(arrays: Mapping[str, Any], images: Sequence[str]) -> list[PartsByArray]:
    """Return the parts of a layout for each kind of labels, such as `y` and `digit`.

    The labels of an array are of its set, as many, and in its file or folder if some are there.
    If several of one kind fit, as `arr_1` and `arr_3`, the first images get the first labels.

    Raises:
        LayoutError: rows are no images, or images of another width.
    """
    kinds: dict[Any, PartsByArray] = defaultdict(dict)
    for name in images:
        array = arrays[name]
        for n_images in dict.fromkeys([len(array), array.shape[-1]]):
            labels = find_labels(arrays, images, name, n_images)
            if not labels:
                continue
            part = {"images": escape(name)} | describe_axes(array, n_images)
            for label in labels:
                words = list_words(posixpath.basename(label)) - SET_WORDS - {"set"}
                parts = kinds[frozenset(words)]
                is_free = all(label != other["class"] for other in parts.values())
                if is_free and name not in parts:
                    parts[name] = part | {"class": label}
            break
    return list(kinds.values())


def find_labels(
    arrays: Mapping[str, Any], images: Sequence[str], name: str, n_images: int
) -> list[str]:
    """Return the arrays that may have the labels of `n_images` images in one of the arrays."""
    fitting = [
        each
        for each, array in arrays.items()
        if each not in images
        and find_set(each) == find_set(name)
        and are_labels(array, n_images)
    ]
    folder = posixpath.dirname(name)
    return [each for each in fitting if posixpath.dirname(each) == folder] or fitting


def are_labels(array: Any, n_images: int) -> bool:
    """Return whether an array has one label for each image, and several images per label."""
    if is_one_hot(array):
        return n_images in array.shape
    if array.size != n_images or array.ndim > 2:
        return False
    # MATLAB stores whole numbers as floats, too.
    are_decimals = array.dtype.kind == "f" and not np.array_equal(array, np.rint(array))
    return not are_decimals and 2 <= len(np.unique(array)) <= n_images / MIN_PER_CLASS


def write_layouts(arrays: Mapping[str, Any], parts: PartsByArray) -> list[Any]:
    """Return the layouts of arrays of images with one kind of labels.

    Raises:
        LayoutError: only some of them have fractions.
    """
    fractions = [name for name in parts if has_fractions(arrays[name])]
    if 0 < len(fractions) < len(parts):
        raise LayoutError(
            f"{shorten(fractions)}: fractions from 0 to 1, but others have larger numbers; "
            "write all pixels on one scale"
        )
    scale = describe_scale([arrays[name] for name in parts])
    scaled = {name: part | scale for name, part in parts.items()}
    if len({find_image_shape(arrays[name], part) for name, part in parts.items()}) > 1:
        return list(scaled.values())
    train = [part for name, part in scaled.items() if find_set(name) != "test"]
    test = [part for name, part in scaled.items() if find_set(name) == "test"]
    if not train:
        return []
    if len(scaled) > 1:
        layouts: list[Any] = [write_subsets(train, test)]
        if len(train) > 1 and not any(map(find_set, scaled)):  # may be two sets
            layouts.append(write_subsets(train[:-1], train[-1:]))
        return layouts
    array = arrays[next(iter(scaled))]
    is_cube = array.ndim == 3 and array.shape[0] == array.shape[2]
    # The images of a cube may also lie along the last axis.
    return [train[0], train[0] | {"axes": "h w n"}] if is_cube else train


def write_class_in_names(arrays: Mapping[str, Any], images: Sequence[str]) -> Any:
    """Return the layout of arrays without labels, whose names have the classes.

    Raises:
        LayoutError: rows are no images, or images of another width.
    """
    by_set: dict[str, list[str]] = defaultdict(list)
    for name in images:
        by_set[find_set(name)].append(escape(name))
    scale = describe_scale([arrays[name] for name in images])
    keys = describe_axes(arrays[images[0]], len(arrays[images[0]])) | scale
    if by_set.keys() != {"train", "test"}:
        by_set = {"": [escape(name) for name in images]}
    written = {
        subset: {"images": generalize_names(names, "{class}")} | keys
        for subset, names in by_set.items()
    }
    return written.get("") or write_subsets([written["train"]], [written["test"]])
