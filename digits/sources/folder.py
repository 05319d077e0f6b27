"""Pictures of your own in a folder with a subfolder for each class, as Keras, torchvision and `load_files` have them.

They come in the natural order of their file names, 9.png before 10.png, whatever their class. Where each class has
subfolders (`7/anna/1.png`), these are groups, such as who wrote the pictures, which then stand together. The pictures
in folders called test, above or below those and beside train, come last. Other trees need a table of files.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from digits import pictures
from digits.core.errors import PipelineError, note
from digits.core.params import Dataset
from digits.core.tables import Pixels
from digits.pictures import Picture
from digits.sources import NOT_HERE, images, number

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from tqdm.contrib.concurrent import thread_map

LOCAL = True
IGNORED = re.compile(r"\..*|.*\.dvc|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)  # left by systems, Git, DVC
TEST = {"test", "testing"}
PARTS = {"train", "training", "val", "valid", "validation"} | TEST
composed = partial(normalize, "NFC")  # some systems take letters and accents apart


class Found(NamedTuple):
    """A picture of a folder, and what the names of its folders say."""

    path: Path
    class_name: str
    group: str  # "" without one
    is_test: bool


def read(place: str, dataset: Dataset, draw: Callable[[Picture], Pixels] | None = None) -> pd.DataFrame:
    """Return the pictures of a folder; a note names the files in it that are none. `draw` is that of `draw_all`."""
    root = Path(place)
    found, others = find(root)
    note_others(root, others)
    numbered = number([each.class_name for each in found], [each.group for each in found])
    return images(dataset, draw_all(root, [each.path for each in found], dataset, draw), **numbered)


def draw_all(
    root: Path, paths: Sequence[Path], dataset: Dataset, draw: Callable[[Picture], Pixels] | None = None
) -> Pixels:
    """Return pictures, shape (pictures, height * width), each as `draw` makes it, or fitted, if that is None."""

    def drawn(path: Path) -> Pixels:
        try:
            picture = pictures.read(path)
            return (draw(picture) if draw else fit(picture.grey, *dataset.shape)).ravel()
        except (OSError, PipelineError) as error:
            shown = path.as_posix().removeprefix(f"{root.as_posix()}/")
            raise PipelineError(f"{shown}: {getattr(error, 'strerror', None) or error}") from None

    # Warnings are off around all threads, because their own `catch_warnings` restore each other's filters.
    with warnings.catch_warnings(action="ignore"):
        return np.stack(thread_map(drawn, paths, desc="pictures", disable=None, leave=False))


def fit(grey: Pixels, height: int, width: int) -> Pixels:
    """Scale a picture into a height and width; what is left free becomes the median of its outermost pixels."""
    background = int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return np.asarray(ImageOps.pad(Image.fromarray(grey), (width, height), color=background))


def find(root: Path) -> tuple[list[Found], list[Path]]:
    """Return the pictures of a folder, in the dataset's order, and its other files."""
    if not root.is_dir():
        raise PipelineError(NOT_HERE)
    found: list[Found] = []
    others = []
    for path in _files(root):
        folders = [*map(composed, path.relative_to(root).parts[:-1])]
        class_name, *group = [name for name in folders if name.lower() not in PARTS] or [""]
        if path.suffix.lower() not in pictures.SUFFIXES:
            others.append(path)
        elif not class_name or len(group) > 1 or (found and bool(group) != bool(found[0].group)):
            expected = "expected CLASS/, or for all CLASS/GROUP/; of other trees write a table of files"
            raise PipelineError(f"{path.relative_to(root).as_posix()!r} lies in {'/'.join(folders)!r}, {expected}")
        else:
            is_test = any(name.lower() in TEST for name in folders)
            found.append(Found(path, class_name, "".join(group), is_test))
    in_order = int if all(each.class_name.isdecimal() for each in found) else str
    found.sort(key=lambda a: (a.is_test, _natural(a.group), _natural(a.path.stem), in_order(a.class_name), a.path))
    return found, others


def note_others(root: Path, others: Sequence[Path]) -> None:
    """Note which files of a folder are left out, because their names are not those of pictures."""
    if others:
        note(f"{root}: no pictures, left out: {', '.join(path.relative_to(root).as_posix() for path in others):.200}")


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, at any depth, but for what is ignored; a PipelineError if one has nothing in it."""
    inside = sorted(path for path in folder.iterdir() if not IGNORED.fullmatch(path.name))
    if not inside:
        raise PipelineError(f"{folder.name!r} has no pictures in it; delete it, or put some there")
    for path in inside:
        yield from _files(path) if path.is_dir() else [path]


def _natural(name: str) -> list[str | int]:
    """Return what puts names in natural order: text and, at every second place, numbers."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split("([0-9]+)", composed(name)))]
