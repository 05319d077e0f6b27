"""Propose layouts of arrays."""

import math
import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from digits.data.intake.collection import shorten
from digits.data.layout.axes import arrange
from digits.data.layout.pattern import quote
from digits.data.layout.place import Place
from digits.proposing.parts import write_sets
from digits.proposing.samples import find_samples, refuse
from digits.proposing.words import CONTENT_WORDS, GROUP_WORDS, SET_WORDS, find_role, split_words
from digits.settings.errors import UserError

MIN_PIXELS = 4

ENDING = re.compile(r"\.(npz|npy|mat|gz)\b|idx\d")
TOKEN = re.compile(r"[^\W\d_]+|\d+|.")  # a word, a number or another character

Parts = dict[
    str, dict[str, Any]
]  # the parts of layouts, by the names of their arrays of images


def propose(place: Place) -> tuple[list[Any], list[str]]:
    """Return layouts for the arrays of a place, and why others are not used."""
    samples = find_samples(place)
    names = [name for name in place.array_files if name not in samples]
    if not names:
        return [], [refuse(samples)] if samples else []
    try:
        arrays = drop_copies(place.load_arrays(names))
    except UserError as error:
        return [], [error.message]
    parts: Parts = {}
    reasons = []
    for names in pair(arrays):
        try:
            parts |= describe(arrays, names)
        except UserError as error:
            reasons.append(error.message)
    if not arrays:
        reasons.append("the files have no arrays of numbers")
    elif not parts:
        described = [f"{name} {array.shape}" for name, array in arrays.items()]
        reasons.append(f"no images among the arrays {shorten(described)}")
    if samples and not parts:
        reasons.append(refuse(samples))
    ways = [parts]
    if not any("class" in part for part in parts.values()):
        ways = label_by_name(arrays, parts)
        if len(parts) > 1 and not ways:
            return [name_by_class(add_scale(arrays, parts))], reasons
    layouts = [layout for way in ways for layout in join_kinds(arrays, way)]
    # The images of a cube may be along its first or its last axis.
    cubes = {quote(name) for name, array in arrays.items() if is_cube(array)}
    lying = [layout | {"axes": "h w n"} for layout in layouts if layout.get("images") in cubes]
    return [*layouts, *lying], reasons


def join_kinds(arrays: Mapping[str, Any], parts: Parts) -> list[Any]:
    """Return a layout for each kind of images, by their names and shape."""
    kinds: dict[Any, Parts] = defaultdict(dict)
    for name, part in parts.items():
        kinds[find_words(name) - SET_WORDS, find_shape(arrays[name], part)][name] = part
    return [layout for same in kinds.values() for layout in join(add_scale(arrays, same))]


def label_by_name(arrays: Mapping[str, Any], parts: Parts) -> list[Parts]:
    """Return parts with labels whose names differ from those of the images.

    There are several ways if the images have several labels, as `y_head` and `y_tail`. Labels
    are of the same file or folder, and of the same set.
    """
    ways: dict[Any, Parts] = defaultdict(dict)
    for name, part in parts.items():
        for label, array in arrays.items():
            is_near = posixpath.dirname(label) == posixpath.dirname(name)
            is_same_set = find_words(label) & SET_WORDS == find_words(name) & SET_WORDS
            if is_near and is_same_set and are_labels(label, array, len(arrays[name])):
                ways[find_words(label) - SET_WORDS][name] = part | {"class": label}
    return list(ways.values())


def are_labels(name: str, array: Any, n_images: int) -> bool:
    """Return whether an array has one label for each image, of which several are equal."""
    is_whole = array.dtype.kind in "buiUS"
    words = split_words(posixpath.basename(name))
    if array.size != n_images or not is_whole or words & (GROUP_WORDS | {"id", "is", "split"}):
        return False
    return 2 <= len(np.unique(array)) <= n_images / 4


def drop_copies(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays without single numbers, and without files in gzip that are there twice."""
    return {
        name: array
        for name, array in arrays.items()
        if array.size > 1 and not (name.endswith(".gz") and name.removesuffix(".gz") in arrays)
    }


def pair(arrays: Mapping[str, Any]) -> list[list[str]]:
    """Return the names of arrays that belong together: images, and perhaps their labels."""
    if len(arrays) == 2 and have_one_label_each(*arrays.values()):  # whatever their names are
        return [list(arrays)]
    groups: dict[Any, list[str]] = defaultdict(list)
    for name in arrays:
        numbers = re.findall(r"\d+", ENDING.sub(" ", name.lower()).replace("t10k", ""))
        groups[find_words(name), tuple(sorted(numbers))].append(name)
    return list(groups.values())


def have_one_label_each(first: Any, second: Any) -> bool:
    """Return whether one of two arrays has a label for each image in the other one."""
    labels, images = sorted((first, second), key=lambda array: array.size)
    return not is_images(labels) and labels.size in images.shape


def find_words(name: str) -> frozenset[str]:
    """Return the words of an array's name that say which images it is about."""
    return frozenset(split_words(ENDING.sub(" ", name)) - CONTENT_WORDS)


def describe(arrays: Mapping[str, Any], names: Sequence[str]) -> Parts:
    """Return the part of a layout with some arrays, if it is clear which is which.

    Raises:
        UserError: the largest array has no pixels.
    """
    images = [name for name in names if is_images(arrays[name])]
    if not images or len(names) > 2:
        return {}
    name = max(images, key=lambda each: arrays[each].size)
    array = arrays[name]
    check_range(array, name)
    labels = [other for other in names if other != name]
    n_images = count_labels(arrays[labels[0]]) if labels else len(array)
    part = {"images": quote(name)} | ({"class": labels[0]} if labels else {})
    return {name: part | describe_axes(array, n_images)}


def is_images(array: Any) -> bool:
    """Return whether an array may have images, and not labels or names."""
    is_list = sum(size > 1 for size in array.shape) < 2
    return array.dtype.kind in "buif" and not is_list and array[0].size >= MIN_PIXELS


def is_cube(array: Any) -> bool:
    """Return whether an array has as many images as they have columns."""
    return array.ndim == 3 and array.shape[0] == array.shape[2]


def check_range(images: Any, name: str) -> None:
    """Check that an array may have pixels: whole numbers from 0 on, or fractions from 0 to 1.

    Raises:
        UserError: it has other numbers.
    """
    low, high = images.min(), images.max()
    are_whole = images.dtype.kind != "f" or np.array_equal(images, np.rint(images))
    if not (low >= 0 and (are_whole or high <= 1)):
        raise UserError(
            f"{name} has numbers from {low:.3g} to {high:.3g}; pixels are whole numbers from 0 "
            "to 255, or fractions from 0 to 1"
        )


def count_labels(labels: Any) -> int:
    """Return the number of labels, of which an array may have a column for each class."""
    return max(labels.shape) if labels.ndim == 1 or 1 in labels.shape else len(labels)


def describe_axes(images: Any, n_images: int) -> dict[str, Any]:
    """Return the key `axes` of an array, if it is not `n h w`."""
    is_last = len(images) != n_images == images.shape[-1]
    if images.ndim == 2 and is_last:
        return {"axes": "(h w) n"}
    if images.ndim == 2:
        return {"axes": "n (h w)"} | describe_flat(images[:100])
    if images.ndim == 3:
        return {"axes": "h w n"} if is_last else {}
    if is_last:
        return {"axes": "h w c n"}
    are_first = images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3)
    return {"axes": "n c h w" if are_first else "n h w c"}


def describe_flat(rows: Any) -> dict[str, Any]:
    """Return the key `axes` of rows of pixels, if the images are in colour.

    Images are smooth, so that of two arrangements of the colours the one in which neighbours
    differ less is right.

    Args:
        rows: shape (n_images, n_values).
    """
    n_values = rows.shape[1]
    side = math.isqrt(n_values // 3)
    if math.isqrt(n_values) ** 2 == n_values or 3 * side**2 != n_values:
        return {}
    smoothest = min(("n (h w c)", "n (c h w)"), key=lambda axes: roughness(arrange(rows, axes)))
    return {"axes": smoothest}


def roughness(images: Any) -> float:
    """Return how much neighbours differ on average, in the first images.

    Neighbours are in a row or in a column of pixels. In grey images whose three colours are
    equal, those in a row alone would differ less in the wrong arrangement.

    Args:
        images: shape (n_images, height, width, 3).
    """
    sample = images[:100].astype(float)
    return float(sum(np.abs(np.diff(sample, axis=axis)).mean() for axis in (1, 2)))


def add_scale(arrays: Mapping[str, Any], parts: Parts) -> Parts:
    """Return parts with the key `scale`, so that equal values are equally bright in all."""
    scale = describe_scale([arrays[name] for name in parts])
    return {name: part | scale for name, part in parts.items()}


def describe_scale(arrays: Sequence[Any]) -> dict[str, Any]:
    """Return the key `scale` of fractions from 0 to 1, and of pixels of more than 8 bits.

    The largest value that a pixel of so many bits can have becomes 255.
    """
    low = min(pixels.min() for pixels in arrays)
    high = max(pixels.max() for pixels in arrays)
    if high <= 1 and low >= 0 and any((pixels % 1).any() for pixels in arrays):
        return {"scale": 255}
    if high <= 255:
        return {}
    n_bits = int(high).bit_length()
    return {"scale": 255 / (2**n_bits - 1)}


def find_shape(array: Any, part: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of the images of a part, or () if the axes do not fit."""
    try:
        return tuple(arrange(array, part.get("axes", "n h w")).shape[1:])
    except UserError:
        return ()


def join(parts: Parts) -> list[Any]:
    """Return the layout of the arrays with labels among those that have images of one kind."""
    train, test = divide({name: part for name, part in parts.items() if "class" in part})
    if not train:
        return []
    is_single = len(train) == 1 and not test
    return train if is_single else [write_sets({"train": train, "test": test})]


def name_by_class(parts: Parts) -> dict[str, Any]:
    """Return the layout of arrays without labels, each of which is of the class in its name."""
    train, test = divide(parts)
    if len(train) < 2 or len(test) < 2:
        return generalize_by_class(list(parts.values()))
    sets = {"train": train, "test": test}
    return write_sets({role: [generalize_by_class(same)] for role, same in sets.items()})


def divide(parts: Parts) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the parts of the training set, and those of the test set, by their names."""
    roles = {name: find_role(ENDING.sub(" ", name)) for name in parts}
    train = [part for name, part in parts.items() if roles[name] != "test"]
    test = [part for name, part in parts.items() if roles[name] == "test"]
    return train, test


def generalize_by_class(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the part in which {class} stands for the words that differ in names of arrays."""
    names = [TOKEN.findall(part["images"]) for part in parts]
    start = posixpath.commonprefix(names)
    end = posixpath.commonprefix([name[len(start) :][::-1] for name in names])[::-1]
    return parts[0] | {"images": f"{''.join(start)}{{class}}{''.join(end)}"}
