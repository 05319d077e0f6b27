"""Pictures in a folder that has a subfolder for each class.

The images of the dataset are sorted by file name, in natural order: 9.png before 10.png. They
are not sorted by class, so that the last images are of all classes.

- `7/1.png`: the name of the subfolder is the class.
- `7/anna/1.png`: if each class has subfolders, these are the groups, such as the writers of the
  pictures. The images of a group follow one another.
- `train/7/1.png`, `7/test/1.png`: folders with these names may be at any level. The pictures in
  `test` are the last images of the dataset.

For any other tree of folders, write a table of files (digits/data/sources/table.py).
"""

import re
import textwrap
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from digits.core.tables import Pixels
from digits.data.images import make_images
from digits.data.sources import NOT_FOUND, encode_classes, encode_groups
from digits.imaging import pictures
from digits.imaging.pictures import Picture
from digits.networks import describe_picture, import_network
from digits.settings.errors import UserError, warn
from digits.settings.params import DatasetParams

READS_PICTURES = True  # so a network can describe them

# The number of pictures that are read at a time.
BATCH_SIZE = 1_000

# Files that operating systems, Git and DVC write.
IGNORED_NAMES = re.compile(r"\..*|.*\.dvc|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)

# Folders that are neither a class nor a group.
TEST_FOLDERS = {"test", "testing"}
SUBSET_FOLDERS = {"train", "training", "val", "valid", "validation"} | TEST_FOLDERS


class PictureFile(NamedTuple):
    """A picture in a folder, and what the names of its subfolders say."""

    path: Path
    class_name: str
    group: str  # "" if there are no groups
    is_test: bool


def read(
    place: str,
    dataset: DatasetParams,
    convert: Callable[[Picture], Pixels] | None = None,
) -> tuple[Pixels, pd.DataFrame]:
    """Return the pictures of a folder.

    Args:
        place: the folder.
        dataset: the entry of params.yaml.
        convert: makes an image of the dataset's shape from a picture. If None, the picture is
            resized and padded.

    Raises:
        UserError: the folder was not found, has other subfolders than the docstring of this
            module describes, or a picture cannot be read.
    """
    root = Path(place)
    picture_files, other_files = list_pictures(root)
    warn_about_other_files(root, other_files)
    classes, class_names = encode_classes([file.class_name for file in picture_files])
    groups, group_names = encode_groups([file.group for file in picture_files])
    return read_pictures(
        root,
        [file.path.relative_to(root).as_posix() for file in picture_files],
        dataset,
        convert,
        classes=classes,
        names=class_names,
        groups=groups,
        group_names=group_names,
    )


def list_pictures(root: Path) -> tuple[list[PictureFile], list[Path]]:
    """Return the pictures of a folder, in the order of the dataset, and its other files.

    Raises:
        UserError: the folder was not found, or has other subfolders than the docstring of
            this module describes.
    """
    if not root.is_dir():
        raise UserError(NOT_FOUND)
    picture_files = []
    other_files = []
    for path in iterate_files(root):
        if path.suffix.lower() in pictures.SUFFIXES:
            picture_files.append(parse_path(root, path))
        else:
            other_files.append(path)
    with_group = [file for file in picture_files if file.group]
    if 0 < len(with_group) < len(picture_files):  # only some pictures have a group
        raise unexpected_place(root, with_group[0].path)
    return sort_pictures(picture_files), other_files


def iterate_files(folder: Path) -> Iterator[Path]:
    """Yield all files in a folder, at any depth, except those with ignored names.

    Raises:
        UserError: a folder is empty, or is a link to a folder above.
    """
    paths = [path for path in folder.iterdir() if not IGNORED_NAMES.fullmatch(path.name)]
    if not paths:
        raise UserError(f"{folder.name!r} has no pictures in it; delete it, or put some there")
    for path in sorted(paths):
        if not path.is_dir():
            yield path
        elif folder.resolve().is_relative_to(path.resolve()):
            raise UserError(f"{path.name!r} is a link to a folder that it lies in; delete it")
        else:
            yield from iterate_files(path)


def parse_path(root: Path, path: Path) -> PictureFile:
    """Return what the subfolders on the path of a picture say.

    Raises:
        UserError: they are not a class, or a class and a group.
    """
    folders = [normalize(name) for name in path.relative_to(root).parts[:-1]]
    names = [name for name in folders if name.lower() not in SUBSET_FOLDERS]
    if len(names) not in {1, 2}:
        raise unexpected_place(root, path)
    group = names[1] if len(names) == 2 else ""
    is_test = any(name.lower() in TEST_FOLDERS for name in folders)
    return PictureFile(path, names[0], group, is_test)


def normalize(name: str) -> str:
    """Return a name in which each letter with an accent is one character, as on Linux."""
    return unicodedata.normalize("NFC", name)


def unexpected_place(root: Path, path: Path) -> UserError:
    """Return the error for a picture in a place from which its class cannot be told."""
    return UserError(
        f"{path.relative_to(root)}: expected CLASS/{path.name}, or for all pictures "
        f"CLASS/GROUP/{path.name}; folders such as train and test are not classes; for any "
        "other tree of folders, write a table of files"
    )


def sort_pictures(picture_files: Sequence[PictureFile]) -> list[PictureFile]:
    """Return pictures in the order of the dataset, which the docstring of this module gives."""
    are_numbers = all(file.class_name.isdecimal() for file in picture_files)

    def sort_key(file: PictureFile) -> tuple[object, ...]:
        class_key = int(file.class_name) if are_numbers else file.class_name
        group_key = natural_key(file.group)
        name_key = natural_key(normalize(file.path.stem))
        return file.is_test, group_key, name_key, class_key, file.path

    return sorted(picture_files, key=sort_key)


def natural_key(name: str) -> list[str | int]:
    """Return a key that sorts names in natural order: their text and their numbers in turn."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def warn_about_other_files(root: Path, other_files: Sequence[Path]) -> None:
    """Print which files are left out, because their names do not end like those of pictures."""
    if other_files:
        names = ", ".join(str(path.relative_to(root)) for path in other_files)
        warn(f"{root}: no pictures, left out: {textwrap.shorten(names, 200)}")


def read_pictures(
    root: Path,
    files: Sequence[str],
    dataset: DatasetParams,
    convert: Callable[[Picture], Pixels] | None = None,
    **columns: Any,
) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of picture files, as `make_images` does.

    If the dataset has a network, and `convert` is None, the table also has the network's
    features of each picture.

    Args:
        root: the folder of the pictures.
        files: their paths in it.
        dataset: the entry of params.yaml.
        convert: as `read` describes it.
        columns: the other arguments of `make_images`.

    Raises:
        UserError: a picture cannot be read or converted.
    """
    network = None
    if dataset.network is not None and convert is None:
        network = import_network(dataset.network)
    checksums: list[str] = []
    descriptions: list[bytes | None] = []

    def read_batches() -> Iterator[Pixels]:
        read = partial(read_picture, dataset=dataset, convert=convert, network=network)
        starts = range(0, len(files), BATCH_SIZE)
        with ThreadPoolExecutor() as threads:
            for start in tqdm(starts, "thousands of pictures", disable=None, leave=False):
                paths = [root / file for file in files[start : start + BATCH_SIZE]]
                # Each thread changes and restores the filters of warnings, which all threads
                # share. This restores them at the end, whatever the order was.
                with warnings.catch_warnings(action="ignore"):
                    rows = threads.map(read, paths)
                    batch, checksums_of_batch, descriptions_of_batch = zip(*rows, strict=True)
                checksums.extend(checksums_of_batch)
                descriptions.extend(descriptions_of_batch)
                yield np.stack(batch).reshape(len(batch), -1)

    X, images = make_images(dataset, read_batches(), files=files, **columns)
    images["sha256"] = checksums
    if network is not None:
        images["network"] = pd.array(descriptions, dtype="binary[pyarrow]")
    return X, images


def read_picture(
    path: Path,
    dataset: DatasetParams,
    convert: Callable[[Picture], Pixels] | None,
    network: ModuleType | None,
) -> tuple[Pixels, str, bytes | None]:
    """Return the image of a picture file, the file's SHA-256, and its features.

    The image has the dataset's shape. The features are those of the network, if there is one.

    Raises:
        UserError: the picture cannot be read or converted.
    """
    try:
        content = path.read_bytes()
        if convert is None:
            image = pictures.read_resized(BytesIO(content), dataset.shape)
        else:
            image = convert(pictures.read(BytesIO(content)))
        description = None if network is None else describe_picture(network, content)
    except (OSError, UserError) as error:
        raise UserError(f"{path}: {error}") from None
    return image, sha256(content).hexdigest(), description
