"""Pictures of your own in a folder with a subfolder for each class, as Keras, torchvision and `load_files` have them.

Each picture becomes grey, transparent parts laid over white, and is scaled to fit into the dataset's `shape`, its
aspect kept. What that leaves free on two sides is filled with the picture's own background, the median of its outermost
pixels. A picture that has the shape already is taken as it is.

Pictures come in the natural order of their file names, 9.png before 10.png, whatever subfolder they are in; of equal
names the first class comes first. So pictures that are named by number keep the order of their dataset, and the last
ones are those with the highest numbers.
"""

import os
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from digits.io.tables import Pixels
from digits.sources import NOT_HERE, Images, Labels, SourceError, number_classes
from digits.support import cli, pictures
from digits.support.errors import show
from digits.support.parameters import Dataset
from digits.support.pictures import Picture, PictureError

import joblib
import numpy as np
from PIL import Image, ImageOps

LOCAL = True
BATCH = 1_000  # pictures
Draw = Callable[[Picture], Pixels]

IGNORED = re.compile(r"\..*|.*\.dvc|Thumbs\.db|desktop\.ini", re.IGNORECASE)  # what systems, Git and DVC leave behind
# A name on every system: in UTF-8, no device of Windows, without what it forbids, and no space or dot at the end.
DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\ud800-\udfff]|[ .]$')
IN_CACHE = re.compile(r"files/md5/[0-9a-f]{2}/[0-9a-f]{30}")  # of DVC, which may put links in the place of files


class Listing(NamedTuple):
    """The pictures in order, the label of each, of shape (pictures,), and the names of the classes."""

    paths: list[Path]
    classes: Pixels
    names: list[str] | None


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Images]:
    """Yield the pictures of a folder."""
    return read_drawn(place, lambda picture: fit(picture.grey, *dataset.shape))


def labels(place: str) -> Labels:
    """Return the label of each picture."""
    listing = list_pictures(Path(place))
    return Labels(listing.classes, listing.names)


def fit(grey: Pixels, height: int, width: int) -> Pixels:
    """Scale a picture into a height and width, and fill up what is left free with its background."""
    background = int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return np.asarray(ImageOps.pad(Image.fromarray(grey), (width, height), color=background))


def read_drawn(place: str, draw: Draw) -> Iterator[Images]:
    """Yield the pictures of a folder, each as `draw` makes it, of the same shape (height, width).

    Raises:
        SourceError: as `list_pictures` does; or a picture cannot be used, and is named.
    """
    root = Path(place)
    paths, classes, names = list_pictures(root)
    images = iter(cli.progress(_draw_all(root, paths, draw), len(paths), "pictures"))
    for start in range(0, len(paths), BATCH):
        of_batch = classes[start : start + BATCH]
        yield Images(np.stack([next(images).ravel() for _ in of_batch]), of_batch, names=names)


def list_pictures(root: Path) -> Listing:
    """Find the pictures of a folder, without opening them.

    Raises:
        SourceError: as `list_classes` does, or as `number_classes` does.
    """
    of_class = list_classes(root)
    labels, names = number_classes(of_class)
    pictures = sorted(
        (_natural(_name(path.with_suffix(""))), labels[name], _name(path), path)
        for name, paths in of_class.items()
        for path in paths
    )
    classes = np.array([label for _, label, *_ in pictures], np.uint8)
    return Listing([path for *_, path in pictures], classes, names)


def list_classes(root: Path) -> dict[str, list[Path]]:
    """Return the pictures of each class of a folder, sorted by name, without opening them.

    Raises:
        SourceError: it is not here; or it is no folder of folders of files, each with a name that every system allows,
            and nothing of it elsewhere.
    """
    if not root.is_dir():
        raise SourceError(NOT_HERE)
    of_class: dict[str, list[Path]] = {}
    for folder in _entries(root, root):
        shown = show(_relative(folder, root))
        if not folder.is_dir():
            raise SourceError(f"{shown} lies beside the classes' folders; move it elsewhere")
        of_class[_name(folder)] = paths = _entries(folder, root)
        if not paths:
            raise SourceError(f"{shown} has no pictures in it")
        if strange := [path for path in paths if not path.is_file()]:
            raise SourceError(f"{show(_relative(strange[0], root))} is no file; a class's folder holds pictures alone")
    return of_class


def _entries(folder: Path, root: Path) -> list[Path]:
    """Return what is in a folder, sorted, but for what is ignored."""
    try:
        with os.scandir(folder) as found:
            entries = sorted((each for each in found if not IGNORED.fullmatch(each.name)), key=lambda each: each.name)
    except OSError as error:
        raise SourceError(f"{show(_relative(folder, root))}: {error.strerror}") from None
    twins: dict[str, str] = {}
    for entry in entries:
        name, shown = _name(entry), show(_relative(entry, root))
        if DEVICE.fullmatch(name) or FORBIDDEN.search(name):
            raise SourceError(f"{shown} is no name on every system; rename it")
        if (twin := twins.setdefault(name.casefold(), entry.name)) != entry.name:
            raise SourceError(f"{shown} and {show(twin)} are one name on some systems; rename one")
        if entry.is_symlink():
            target = Path(os.path.realpath(entry.path))
            if not target.is_relative_to(root.resolve()) and not IN_CACHE.fullmatch("/".join(target.parts[-4:])):
                raise SourceError(f"{shown} is a link out of the folder; put a copy in its place")
    return [folder / entry.name for entry in entries]


def _relative(path: os.PathLike[str], root: Path) -> str:
    return Path(path).relative_to(root).as_posix()


def _name(path: Path | os.DirEntry[str]) -> str:
    """Return a name whatever the locale, as UTF-8, and with its accents composed, which some systems take apart."""
    return unicodedata.normalize("NFC", os.fsencode(path.name).decode("utf-8", "surrogateescape"))


def _natural(name: str) -> list[str | int]:
    """Return what puts names in natural order: text and numbers in turn."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split("([0-9]+)", name))]


def _draw_all(root: Path, paths: list[Path], draw: Draw) -> Iterator[Pixels]:
    """Yield the pictures in order, drawn by a thread for each core: Pillow decodes without Python's lock."""
    with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor(joblib.cpu_count()) as threads:
        for start in range(0, len(paths), BATCH):
            yield from threads.map(partial(_draw, root, draw), paths[start : start + BATCH])


def _draw(root: Path, draw: Draw, path: Path) -> Pixels:
    try:
        return draw(pictures.read(path))
    except OSError as error:
        reason = error.strerror or str(error)
    except PictureError as error:
        reason = str(error)
    raise SourceError(f"{_relative(path, root)}: {reason}")
