"""Arrays of images and labels: .npz, .npy, .mat and IDX files, alone or in a folder.

The names of arrays, files and folders say which arrays belong together, such as `x_train` and
`y_train`, or `letters-train-images` and `letters-train-labels`, or `train/x` and `train/y`. Of
two arrays that belong together, the one with more values has the pixels. Arrays whose names
have a word such as `test` are the test set that came with the images. All arrays must fit into
memory.

Pickles are refused, because they can run code.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.io

from digits.core.tables import Pixels
from digits.data.images import to_names
from digits.data.intake import one_class, subsets
from digits.data.intake.collection import Collection, read_collection, shorten
from digits.data.intake.columns import is_one_hot
from digits.data.sources import check_place, folder, idx
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams

SUFFIXES = (".npz", ".npy", ".mat")
IDX_NAME = re.compile(r".*idx\d-(ubyte|byte|short|int|float|double)(\.gz)?")

# Words of a name that say what an array holds, and not which images these are.
CONTENT_WORDS = {"images", "image", "imgs", "img", "pixels", "features", "labels", "label"}
CONTENT_WORDS |= {"targets", "target", "classes", "x", "y", "data", "set", "dataset"}
CONTENT_WORDS |= {"idx", "ubyte", "byte", "short", "int", "float", "double", "gz", "arr"}

# What makes arrays usable that this source cannot read.
CONVERT = (
    "load them in Python, and write them with numpy.savez('data/own/images.npz', x_train=…, "
    "y_train=…, x_test=…, y_test=…)"
)


class Part(NamedTuple):
    """Images of a set.

    Attributes:
        name: the words that the names of its arrays have in common.
        images: shape (n_images, height, width) or (n_images, height, width, 3).
        labels: shape (n_images,), or None.
    """

    name: tuple[str, ...]
    images: Any
    labels: Any

    @property
    def is_test(self) -> bool:
        """Whether this is the test set that came with the images."""
        return not subsets.TEST_WORDS.isdisjoint(self.name)


def read(place: str, dataset: DatasetParams) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of all arrays.

    Args:
        place: a file, or a folder with files.
        dataset: the entry of params.yaml.

    Raises:
        UserError: a file cannot be read, or it is not clear which arrays belong together.
    """
    return read_collection(open_place(Path(place)), dataset)


def open_place(path: Path) -> Collection:
    """Return the images of a file or folder, the test set last.

    Raises:
        UserError: a file cannot be read, or it is not clear which arrays belong together.
    """
    parts = make_parts(load(path))
    if len(parts) > 1 and all(part.labels is None and not part.is_test for part in parts):
        parts = name_by_class(parts)
    notes = []
    labelled = [part for part in parts if part.labels is not None]
    if labelled and len(labelled) < len(parts):
        names = [" ".join(part.name) for part in parts if part.labels is None]
        notes.append(f"left out, because they have no labels: {shorten(names)}")
    chosen = sorted(labelled or parts, key=lambda part: part.is_test)
    check_same_kind(chosen)

    lengths = [len(part.images) for part in chosen]
    rows = pd.DataFrame({"id": [str(number + 1) for number in range(sum(lengths))]})
    rows["test"] = np.repeat([part.is_test for part in chosen], lengths)
    if labelled:
        labels = pd.Series(np.concatenate([part.labels for part in chosen]))
        one_class.check_classes("the array of labels", labels)
        rows["class"] = to_names(labels)

    def read_blocks() -> Iterator[Any]:
        for part in chosen:
            yield part.images.reshape(len(part.images), -1)

    shape = list(chosen[0].images.shape[1:])
    return Collection(rows, blocks=read_blocks, shape=shape, notes=notes)


def load(path: Path) -> dict[str, Any]:
    """Return the arrays of numbers or texts in a file or folder, by their names.

    Raises:
        UserError: a file was not found, or cannot be read.
    """
    check_place(path)
    arrays: dict[str, Any] = {}
    for file in list_files(path):
        try:
            loaded = load_file(file)
        except Exception as error:  # a damaged file can make the readers raise any exception
            raise UserError(f"{file}: {explain(error)}") from None
        # Files in several folders may have the same name, such as train/x.npy and test/x.npy.
        prefix = f"{file.relative_to(path).with_suffix('')} " if path.is_dir() else ""
        for name, array in loaded.items():
            arrays[f"{prefix}{name}"] = array
    return {
        name: array
        for name, array in arrays.items()
        # Other objects are for example sparse matrices. A single number or name is no images.
        if isinstance(array, np.ndarray) and array.dtype.kind in "buifU" and array.size > 1
    }


def list_files(path: Path) -> list[Path]:
    """Return the files with arrays in a folder. Of an IDX file and its copy in gzip, one.

    Raises:
        UserError: there is a pipe, or a link to a folder above.
    """
    if not path.is_dir():
        return [path]
    files = {}
    for file in sorted(folder.iterate_files(path, may_be_empty=True)):
        if is_array_file(file):
            name = file.name.removesuffix(".gz").removesuffix(".GZ")
            files[file.with_name(name)] = file
    return list(files.values())


def is_array_file(path: Path) -> bool:
    """Return whether the name of a file is that of a file with arrays."""
    is_hidden = path.name.startswith(".")
    return not is_hidden and (
        path.suffix.lower() in SUFFIXES or IDX_NAME.fullmatch(path.name.lower()) is not None
    )


def load_file(path: Path) -> dict[str, Any]:
    """Return the arrays in a file by their names. An IDX or .npy file has a single array.

    Raises:
        Exception: the file is damaged, or holds a pickle.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        # NumPy would leave a damaged file open.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return dict(file)
    if suffix == ".npy":
        return {"": np.load(path, allow_pickle=False)}
    if suffix == ".mat":
        variables = scipy.io.loadmat(path)
        return {name: variables[name] for name in variables if not name.startswith("__")}
    return {"": idx.parse(path.read_bytes())}


def explain(error: Exception) -> str:
    """Return why a file cannot be read, and what to do."""
    if isinstance(error, NotImplementedError):  # scipy.io cannot read HDF5
        return f"MATLAB's format 7.3 cannot be read; {CONVERT}"
    if "allow_pickle" in str(error):
        return f"it holds a pickle, which can run any code; if you trust it, {CONVERT}"
    return f"{error}; {CONVERT}"


def make_parts(arrays: dict[str, Any]) -> list[Part]:
    """Return the sets of images among arrays.

    Raises:
        UserError: it is not clear which arrays belong together.
    """
    described = [f"{name} {array.shape}" for name, array in arrays.items()]
    names_by_part: dict[tuple[str, ...], list[str]] = {}
    for name in arrays:
        names_by_part.setdefault(find_part_name(name), []).append(name)
    lengths = {len(array) for array in arrays.values()}
    if len(arrays) == 2 and len(lengths) == 1:  # whatever their names are, such as `fea`, `gnd`
        names_by_part = {(): list(arrays)}

    parts = []
    for key, names in names_by_part.items():
        if len(names) > 2:
            raise UserError(
                f"{shorten(described)}: it is not clear which arrays are images, and which are "
                f"their labels; {CONVERT}"
            )
        *labels, images = sorted((arrays[name] for name in names), key=lambda each: each.size)
        is_list = sum(size > 1 for size in images.shape) < 2  # of labels or names
        if not is_list and images.dtype.kind in "buif":
            parts.append(Part(key, *match(images, labels[0] if labels else None)))
    if not parts:
        raise UserError(f"no images among the arrays {shorten(described)}; {CONVERT}")
    return parts


def name_by_class(parts: list[Part]) -> list[Part]:
    """Return sets of images without labels, such as `cat` and `dog`, with these as labels.

    Words that are in all names are no part of a label.
    """
    common = set.intersection(*(set(part.name) for part in parts))
    labelled = []
    for part in parts:
        label = " ".join(word for word in part.name if word not in common)
        labelled.append(Part((), part.images, np.full(len(part.images), label)))
    return labelled


def find_part_name(name: str) -> tuple[str, ...]:
    """Return the words and numbers in the name of an array that say which images it is about.

    They are `train` and `32` for `train_32x32 X`.
    """
    without_dimensions = re.sub(r"idx\d", "", name.lower())
    words = set(subsets.split_words(name)) - CONTENT_WORDS
    numbers = set(re.findall(r"\d+", without_dimensions.replace("t10k", "")))
    return (*sorted(words), *sorted(numbers))


def match(images: Any, labels: Any) -> tuple[Any, Any]:
    """Return images with the shape that a `Part` has, and one label for each.

    Args:
        images: the pixels, with the images along the first axis or, as in MATLAB, the last one.
        labels: their labels, as numbers, text or one-hot vectors, or None.

    Raises:
        UserError: the numbers differ, or an image has several labels.
    """
    if labels is not None:
        labels = decode_labels(labels, images)
        if images.shape[0] != len(labels) == images.shape[-1]:
            images = np.moveaxis(images, -1, 0)
        if len(images) != len(labels):
            raise UserError(f"images of shape {images.shape}, but {len(labels)} labels")
    if images.ndim == 2:  # one row of pixels per image
        images = fold(images)
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
        images = np.moveaxis(images, 1, 3)  # the colours last
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim not in (3, 4):
        raise UserError(f"images of shape {images.shape}; {CONVERT}")
    check_range(images)
    return images, labels


def decode_labels(labels: Any, images: Any) -> Any:
    """Return labels, which may be one-hot vectors, as one number or text per image.

    Raises:
        UserError: an image has several labels.
    """
    if labels.ndim == 2 and 1 not in labels.shape:
        rows = labels if len(labels) in (images.shape[0], images.shape[-1]) else labels.T
        if not is_one_hot(rows):
            raise UserError(
                f"labels of shape {labels.shape}: {one_class.ONE_CLASS}; for several labels, "
                f"use another tool; otherwise {CONVERT}"
            )
        return rows.argmax(axis=1)
    return labels.reshape(-1)


def fold(rows: Any) -> Any:
    """Return rows of pixels as square images.

    The three colours of a pixel may be side by side, or in three planes. Images are smooth, so
    of the two the arrangement in which neighbours differ less is right.

    Args:
        rows: shape (n_images, n_values).

    Raises:
        UserError: the images cannot be square.
    """
    n_images, n_values = rows.shape
    side = math.isqrt(n_values)
    if side**2 == n_values:
        return rows.reshape(n_images, side, side)
    side = math.isqrt(n_values // 3)
    if 3 * side**2 != n_values:
        raise UserError(
            f"images of {n_values} values are not square; {CONVERT}, in their shape"
        )
    side_by_side = rows.reshape(n_images, side, side, 3)
    in_planes = np.moveaxis(rows.reshape(n_images, 3, side, side), 1, 3)
    return min(side_by_side, in_planes, key=roughness)


def roughness(images: Any) -> float:
    """Return how much neighbours differ on average, in the first images.

    Neighbours are in a row or in a column of pixels. In grey images whose three colours are
    equal, those in a row alone would differ less in the wrong arrangement.
    """
    sample = images[:100].astype(float)
    return float(sum(np.abs(np.diff(sample, axis=axis)).mean() for axis in (1, 2)))


def check_range(images: Any) -> None:
    """Check that pixels are not fractions.

    Raises:
        UserError: they are, as those from 0 to 1, or some are missing.
    """
    if not np.isfinite(images).all():
        raise UserError(f"some of its pixels are missing or infinite; {CONVERT}")
    if images.dtype.kind == "f" and not np.array_equal(images, np.rint(images)):
        low, high = images.min(), images.max()
        raise UserError(
            f"its pixels are fractions from {low:.3g} to {high:.3g}, expected whole numbers "
            f"from 0 to 255; {CONVERT}, with numpy.interp(x, [{low:.3g}, {high:.3g}], [0, "
            "255]).round() for x"
        )


def check_same_kind(parts: list[Part]) -> None:
    """Check that all images have the same shape, and belong to the same dataset.

    Raises:
        UserError: they don't.
    """
    shapes = {part.images.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise UserError(f"images of several shapes: {shorten(sorted(shapes))}; leave one in")
    names = set()
    for part in parts:
        words = [word for word in part.name if not word.isdecimal()]
        names.add(" ".join(word for word in words if word not in subsets.SUBSET_WORDS))
    if len(names) > 1:
        raise UserError(
            f"{len(names)} sets of images: {shorten(sorted(names))}; leave one of them in, and "
            "move the others elsewhere"
        )
