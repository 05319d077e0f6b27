"""Pictures of your own in a folder with a subfolder for each class, as Keras, torchvision and `load_files` have them.

Each picture becomes grey, transparent parts laid over white, and is scaled to fit into the dataset's `shape`, its
aspect kept. What that leaves free on two sides is filled with the median of the picture's outermost pixels.

Pictures come in the natural order of their file names, 9.png before 10.png, whatever subfolder they are in: the last
ones, which a split by count tests on, are those with the highest numbers. Of equal names the first class comes first.

Where each class has subfolders again (`7/anna/1.png`, `3/anna/1.png`), these are the groups: who wrote the pictures, or
the like. A group's pictures stand together then, and the groups are in the natural order of their names.

Other trees need `levels` in the dataset's block: what each level of folders says, from the top, `class`, `group`,
`part` (train or test: the pictures of `test` come last, those of `val` are trained on) or `-` for nothing. Files that
are no pictures by their names are left out.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from statistics import mode
from typing import Any, NamedTuple

from digits import pictures
from digits.core.errors import PipelineError, note
from digits.core.params import Dataset
from digits.core.tables import Pixels
from digits.pictures import Picture, PictureError
from digits.sources import NOT_HERE, images, number

import joblib
import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from tqdm import tqdm

LOCAL = True
IGNORED = re.compile(r"\..*|.*\.dvc|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)  # left by systems, Git, DVC
TEST = {"test", "testing"}
PARTS = {"train", "training", "val", "valid", "validation"} | TEST
NUMBERED = re.compile(r"(user|person|subject|participant|writer|student|session|day)s?[ ._-]*\d+", re.IGNORECASE)


class Found(NamedTuple):
    """A picture of a folder, and what the names of its folders say."""

    path: Path
    class_name: str
    group: str  # "" without one
    is_test: bool

    @property
    def says(self) -> str:
        """What the names of its folders say, in words."""
        return f"of the class {self.class_name}" + (f" by {self.group}" if self.group else "")


def read(place: str, dataset: Dataset, draw: Callable[[Picture], Pixels] | None = None) -> pd.DataFrame:
    """Return the pictures of a folder; a note names the files in it that are none. `draw` is that of `draw_all`."""
    root = Path(place)
    found, others = find(root, dataset.levels)
    note_others(root, others)
    numbered = _number(found)
    return images(dataset, draw_all(root, [each.path for each in found], dataset, draw), **numbered)


def labels(place: str, dataset: Dataset) -> dict[str, Any]:
    """Return what `number` gives for the pictures of a folder, without reading them."""
    return _number(find(Path(place), dataset.levels)[0])


def draw_all(
    root: Path, paths: Sequence[Path], dataset: Dataset, draw: Callable[[Picture], Pixels] | None = None
) -> Pixels:
    """Return pictures, shape (pictures, height * width), each as `draw` makes it; None scales it to fit.

    A PipelineError names the first that cannot be used, from the folder `root` on.
    """

    def drawn(path: Path) -> Pixels:
        try:
            picture = pictures.read(path)
            return (draw(picture) if draw else fit(picture.grey, *dataset.shape)).ravel()
        except (OSError, PictureError) as error:
            shown = path.relative_to(root) if path.is_relative_to(root) else path
            raise PipelineError(f"{shown.as_posix()}: {getattr(error, 'strerror', None) or error}") from None

    # A thread for each core: Pillow decodes without Python's lock. Warnings are off around all of them, because the
    # threads' own `catch_warnings` restore each other's filters.
    with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor(joblib.cpu_count()) as threads:
        return np.stack([*tqdm(threads.map(drawn, paths), "pictures", len(paths), disable=None, leave=False)])


def fit(grey: Pixels, height: int, width: int) -> Pixels:
    """Scale a picture into a height and width, and fill up what is left free with its background."""
    background = int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return np.asarray(ImageOps.pad(Image.fromarray(grey), (width, height), color=background))


def find(root: Path, levels: Sequence[str] | None = None) -> tuple[list[Found], list[Path]]:
    """Return the pictures of a folder, in the dataset's order, and the other files in it.

    Raises:
        PipelineError: it is not here, or a folder in it is empty, or a picture lies in more or fewer folders than there
            are levels. Without `levels` these are the class, and its groups where most pictures lie deeper.
    """
    pictures_here, others, depth = _look(root)
    levels = levels or ["class", "group"][: max(depth, 1)]
    found = []
    for path, names in pictures_here.items():
        if len(names) != len(levels):
            lies = f"{path.relative_to(root).as_posix()!r} lies in {len(names)} folders"
            raise PipelineError(f"{lies}, not in {len(levels)} ({', '.join(levels)}); move it, or set `levels`")
        part = names[levels.index("part")].lower() if "part" in levels else "train"
        if part not in PARTS:
            raise PipelineError(f"{part!r} is where a part's folder is expected; allowed: {', '.join(sorted(PARTS))}")
        group = "/".join(name for name, level in zip(names, levels, strict=True) if level == "group")
        found.append(Found(path, names[levels.index("class")], group, part in TEST))
    is_number = all(each.class_name.isdecimal() for each in found)

    def order(each: Found) -> tuple[Any, ...]:
        class_name = int(each.class_name) if is_number else each.class_name
        return each.is_test, _natural(each.group), _natural(each.path.stem), class_name, each.path

    return sorted(found, key=order), others


def note_others(root: Path, others: Sequence[Path]) -> None:
    """Note which files of a folder are left out, because their names are not those of pictures."""
    if others:
        note(f"{root}: no pictures, left out: {', '.join(path.relative_to(root).as_posix() for path in others):.200}")


def guess_levels(place: str) -> list[str] | None:
    """Guess what each level of a folder's folders says; None where it is the class alone, or cannot be guessed.

    A name that all pictures share says nothing; train and test are parts. Of the levels that are left one is the class,
    the first of two levels, as in CLASS/GROUP, of more the last one, but none of names such as user7.
    """
    folders: list[list[str]] = []
    with suppress(PipelineError):  # which `read` raises again
        pictures_here, _, depth = _look(Path(place))
        folders = [names for names in pictures_here.values() if len(names) == depth > 1]
    names = [{*level} for level in zip(*folders, strict=True)]
    levels = ["-" if len(each) == 1 else "part" if {*map(str.lower, each)} <= PARTS else "group" for each in names]
    left = [i for i, level in enumerate(levels) if level == "group"]
    if not left:
        return None
    likeliest = min(left, key=lambda i: (all(map(NUMBERED.fullmatch, names[i])), i if len(levels) == 2 else -i))
    levels[likeliest] = "class"
    return levels


def names_of_groups(found: Sequence[Found]) -> list[str]:
    """Return what in the files' names looks like groups, as `u13` in cross.u13.png and line.u13.png; [] if nothing.

    It is the first or the last word of the names, no number, shared by several classes, in five pictures on average.
    """
    classes = pd.Series([each.class_name for each in found])
    for place in (0, -1):
        words = [re.split(r"[ ._-]+", each.path.stem)[place] for each in found]
        shared = classes.groupby(words).nunique()
        if shared.min() > 1 and 2 <= len(shared) <= len(found) / 5 and not any(map(str.isdecimal, words)):
            return sorted(shared.index, key=_natural)
    return []


def _number(found: Sequence[Found]) -> dict[str, Any]:
    groups = [each.group for each in found]
    return number([each.class_name for each in found], groups if any(groups) else [])


def _look(root: Path) -> tuple[dict[Path, list[str]], list[Path], int]:
    """Return the pictures in a folder with their folders' names, its other files, and how deep most pictures lie.

    Names have their accents composed, which some systems take apart.
    """
    if not root.is_dir():
        raise PipelineError(NOT_HERE)
    files = [*_files(root)]
    found = {
        path: [unicodedata.normalize("NFC", name) for name in path.relative_to(root).parts[:-1]]
        for path in files
        if path.suffix.lower() in pictures.SUFFIXES
    }
    return found, [path for path in files if path not in found], mode([*map(len, found.values())] or [0])


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, at any depth, but for what is ignored; a PipelineError if one has nothing in it."""
    inside = sorted(path for path in folder.iterdir() if not IGNORED.fullmatch(path.name))
    if not inside:
        raise PipelineError(f"{folder.name!r} has no pictures in it; delete it, or put some there")
    for path in inside:
        yield from _files(path) if path.is_dir() else [path]


def _natural(name: str) -> list[str | int]:
    """Return what puts names in natural order: text, its accents composed, and numbers in turn."""
    parts = re.split("([0-9]+)", unicodedata.normalize("NFC", name))
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]
