"""Pictures of your own in a folder with a subfolder for each class, as Keras, torchvision and `load_files` have them.

Each picture becomes grey, transparent parts laid over white, and is scaled to fit into the dataset's `shape`, its
aspect kept. What that leaves free on two sides is filled with the median of the picture's outermost pixels.

Pictures come in the natural order of their file names, 9.png before 10.png, whatever subfolder they are in: the last
ones, which a split by count tests on, are those with the highest numbers. Of equal names the first class comes first.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from digits.io.tables import Pixels
from digits.sources import NOT_HERE, Batch, SourceError, number_classes
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


def labels(place: str) -> tuple[Pixels, list[str] | None]:
    """Return the label of each picture, and the classes' names."""
    return _list_pictures(Path(place))[1:]


def fit(grey: Pixels, height: int, width: int) -> Pixels:
    """Scale a picture into a height and width, and fill up what is left free with its background."""
    background = int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return np.asarray(ImageOps.pad(Image.fromarray(grey), (width, height), color=background))


def read_drawn(place: str, draw: Callable[[Picture], Pixels]) -> Iterator[Batch]:
    """Yield the pictures of a folder, each as `draw` makes it; a SourceError names one that cannot be used."""
    root = Path(place)
    paths, classes, names = _list_pictures(root)

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
            yield Batch(np.stack(list(threads.map(pixels, paths[batch]))), classes[batch], names=names)


def list_classes(root: Path) -> dict[str, list[Path]]:
    """Return the pictures of each class of a folder, sorted by name; a SourceError if it is no folder of folders."""
    if not root.is_dir():
        raise SourceError(NOT_HERE)
    of_class: dict[str, list[Path]] = {}
    for folder in _entries(root):
        shown = show(folder.relative_to(root).as_posix())
        if not folder.is_dir():
            raise SourceError(f"{shown} lies beside the classes' folders; move it elsewhere")
        of_class[_name(folder)] = paths = _entries(folder)
        if not paths:
            raise SourceError(f"{shown} has no pictures in it")
    return of_class


def _list_pictures(root: Path) -> tuple[list[Path], Pixels, list[str] | None]:
    """Return the pictures of a folder in order, their labels, and the names of the classes."""
    of_class = list_classes(root)
    by_name, names = number_classes(of_class)
    found = sorted(
        (_natural(_name(path.with_suffix(""))), by_name[name], _name(path), path)
        for name, paths in of_class.items()
        for path in paths
    )
    return [path for *_, path in found], np.array([label for _, label, *_ in found], np.uint8), names


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted, but for what is ignored."""
    return sorted(path for path in folder.iterdir() if not IGNORED.fullmatch(path.name))


def _name(path: Path) -> str:
    """Return a name with its accents composed, which some systems take apart."""
    return unicodedata.normalize("NFC", path.name)


def _natural(name: str) -> list[str | int]:
    """Return what puts names in natural order: text and numbers in turn."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split("([0-9]+)", name))]
