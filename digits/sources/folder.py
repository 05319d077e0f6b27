"""Pictures of your own in a folder with a subfolder for each class, as Keras, torchvision and `load_files` have them.

Each picture becomes grey, transparent parts laid over white, and is scaled to fit into the dataset's `shape`, its
aspect kept. What that leaves free on two sides is filled with the median of the picture's outermost pixels.

Pictures come in the natural order of their file names, 9.png before 10.png, whatever subfolder they are in: the last
ones, which a split by count tests on, are those with the highest numbers. Of equal names the first class comes first.

Where each class has subfolders again (`7/anna/1.png`, `3/anna/1.png`), these are the groups: who wrote the pictures, or
the like. A group's pictures stand together then, and the groups are in the natural order of their names.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from digits.io.tables import Pixels
from digits.sources import NOT_HERE, Batch, Labels, SourceError, number_classes, number_groups
from digits.support import cli, pictures
from digits.support.errors import show
from digits.support.parameters import Dataset
from digits.support.pictures import Picture, PictureError

import joblib
import numpy as np
from PIL import Image, ImageOps

LOCAL = True
BATCH = 1_000  # pictures
IGNORED = re.compile(r"\..*|.*\.dvc|Thumbs\.db|desktop\.ini", re.IGNORECASE)  # what systems, Git and DVC leave behind


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the pictures of a folder."""
    return read_drawn(place, lambda picture: fit(picture.grey, *dataset.shape))


def labels(place: str) -> Labels:
    """Return the label of each picture, the classes' names, and the pictures' groups."""
    return _list_pictures(Path(place))[1]


def fit(grey: Pixels, height: int, width: int) -> Pixels:
    """Scale a picture into a height and width, and fill up what is left free with its background."""
    background = int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return np.asarray(ImageOps.pad(Image.fromarray(grey), (width, height), color=background))


def read_drawn(place: str, draw: Callable[[Picture], Pixels]) -> Iterator[Batch]:
    """Yield the pictures of a folder, each as `draw` makes it; a SourceError names one that cannot be used."""
    root = Path(place)
    paths, (classes, names, group) = _list_pictures(root)

    def pixels(path: Path) -> Pixels:
        try:
            return draw(pictures.read(path)).ravel()
        except (OSError, PictureError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SourceError(f"{path.relative_to(root).as_posix()}: {reason}") from None

    # A thread for each core: Pillow decodes without Python's lock.
    with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor(joblib.cpu_count()) as threads:
        for start in cli.progress(range(0, len(paths), BATCH), -(-len(paths) // BATCH), "thousand pictures"):
            batch = slice(start, start + BATCH)
            drawn = np.stack(list(threads.map(pixels, paths[batch])))
            yield Batch(drawn, classes[batch], group=None if group is None else group[batch], names=names)


def list_classes(root: Path) -> dict[str, list[Path]]:
    """Return the pictures of each class of a folder, whatever group; a SourceError if it is no folder of folders."""
    if not root.is_dir():
        raise SourceError(NOT_HERE)
    of_class: dict[str, list[Path]] = {}
    for folder in _entries(root):
        shown = show(folder.relative_to(root).as_posix())
        if not folder.is_dir():
            raise SourceError(f"{shown} lies beside the classes' folders; move it elsewhere")
        entries = _entries(folder)
        of_class[_name(folder)] = [path for each in entries for path in (_entries(each) if each.is_dir() else [each])]
        if not of_class[_name(folder)]:
            raise SourceError(f"{shown} has no pictures in it")
    return of_class


def _list_pictures(root: Path) -> tuple[list[Path], Labels]:
    """Return the pictures of a folder in order, and what they show."""
    of_class = list_classes(root)
    by_name, names = number_classes(of_class)
    found = sorted(
        (_natural(_group(path, root)), _natural(_name(path.with_suffix(""))), by_name[name], _name(path), path)
        for name, paths in of_class.items()
        for path in paths
    )
    paths = [path for *_, path in found]
    group_of = [_group(path, root) for path in paths]
    if any(group_of) and not all(group_of):  # "", which comes first
        raise SourceError(f"{show(paths[0].relative_to(root).as_posix())} is in no group's folder, but others are")
    classes = np.array([label for *_, label, _, _ in found], np.uint8)
    return paths, (classes, names, number_groups(group_of) if any(group_of) else None)


def _group(path: Path, root: Path) -> str:
    """Return the name of the group's folder that a picture is in, "" if it is in that of its class."""
    return "" if path.parent.parent == root else _name(path.parent)


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted, but for what is ignored."""
    return sorted(path for path in folder.iterdir() if not IGNORED.fullmatch(path.name))


def _name(path: Path) -> str:
    """Return a name with its accents composed, which some systems take apart."""
    return unicodedata.normalize("NFC", path.name)


def _natural(name: str) -> list[str | int]:
    """Return what puts names in natural order: text and numbers in turn."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split("([0-9]+)", name))]
