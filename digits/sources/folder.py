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
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from digits.io.tables import Pixels
from digits.sources import NOT_HERE, Batch, Labels, SourceError, number_classes
from digits.support import cli, pictures
from digits.support.errors import shorten, show
from digits.support.parameters import Dataset
from digits.support.pictures import Picture, PictureError

import joblib
import numpy as np
from PIL import Image, ImageOps

LOCAL = True
BATCH = 1_000  # pictures
IGNORED = re.compile(r"\..*|.*\.dvc|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)  # left by systems, Git, DVC
USUAL = [["class"], ["class", "group"]]  # levels that a block need not name
PARTS = {"train": False, "training": False, "val": False, "valid": False, "validation": False}  # is it for the test?
PARTS |= {"test": True, "testing": True}
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


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the pictures of a folder."""
    return read_drawn(place, dataset, lambda picture: fit(picture.grey, *dataset.shape))


def labels(place: str, dataset: Dataset) -> Labels:
    """Return the label of each picture, the classes' names, and the pictures' groups."""
    return _in_order(find(Path(place), dataset.levels)[0])[1]


def fit(grey: Pixels, height: int, width: int) -> Pixels:
    """Scale a picture into a height and width, and fill up what is left free with its background."""
    background = int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return np.asarray(ImageOps.pad(Image.fromarray(grey), (width, height), color=background))


def read_drawn(place: str, dataset: Dataset, draw: Callable[[Picture], Pixels]) -> Iterator[Batch]:
    """Yield the pictures of a folder, each as `draw` makes it; a SourceError names one that cannot be used."""
    root = Path(place)
    found, others = find(root, dataset.levels)
    name_others(root, others)
    return draw_pictures(root, *_in_order(found), draw)


def draw_pictures(root: Path, paths: Sequence[Path], of: Labels, draw: Callable[[Picture], Pixels]) -> Iterator[Batch]:
    """Yield pictures below a folder, each as `draw` makes it; a SourceError names one that cannot be used."""

    def pixels(path: Path) -> Pixels:
        try:
            return draw(pictures.read(path)).ravel()
        except (OSError, PictureError) as error:
            reason = getattr(error, "strerror", None) or error
            shown = path.relative_to(root) if path.is_relative_to(root) else path
            raise SourceError(f"{shown.as_posix()}: {reason}") from None

    # A thread for each core: Pillow decodes without Python's lock.
    with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor(joblib.cpu_count()) as threads:
        for start in cli.progress(range(0, len(paths), BATCH), -(-len(paths) // BATCH), "thousand pictures"):
            batch = slice(start, start + BATCH)
            drawn = np.stack(list(threads.map(pixels, paths[batch])))
            yield of.batch(drawn, batch)


def find(root: Path, levels: Sequence[str] | None = None) -> tuple[list[Found], list[Path]]:
    """Return the pictures of a folder, and the other files in it; a SourceError if its folders have other levels."""
    if not root.is_dir():
        raise SourceError(NOT_HERE)
    files = [*_files(root)]
    folders = _folders(root, files)
    depth = _usual_depth(folders)
    said = levels or USUAL[depth > 1]
    found = []
    for path, names_above in folders.items():
        parts = [_nfc(part) for part in names_above]
        if len(parts) != len(said):
            lies = f"{show(path.relative_to(root).as_posix())} lies in {len(parts)} folders"
            is_guessed = levels is None and len(parts) == depth > 0
            remedy = "move it" + (", or edit `levels`" if levels else "")
            remedy = "`digits pin` guesses what they are, and writes `levels`" if is_guessed else remedy
            raise SourceError(f"{lies}, not in {len(said)} ({', '.join(said)}); {remedy}")
        names = {
            level: "/".join(part for each, part in zip(said, parts, strict=True) if each == level) for level in said
        }
        part = names.get("part", "train")
        if part.lower() not in PARTS:
            raise SourceError(f"{show(part)} is where a part's folder is expected; allowed: {', '.join(PARTS)}")
        found.append(Found(path, names["class"], names.get("group", ""), PARTS[part.lower()]))
    return found, [path for path in files if not _is_picture(path)]


def guess_levels(place: str) -> list[str] | None:
    """Guess what each level of a folder's folders says; None where it is the class alone, or cannot be guessed.

    A name that all pictures share says nothing; train and test are parts. Of the levels that are left one is the class,
    and the others are groups, above all those of names such as user7. The class is the first of two levels, as in
    CLASS/GROUP; of more it is the last one, but for those that have each name below a single one of another level.
    """
    root = Path(place)
    all_folders = _folders(root, _files(root)) if root.is_dir() else {}
    depth = _usual_depth(all_folders)
    folders = {each for each in all_folders.values() if len(each) == depth}
    names = [set(level) for level in zip(*folders, strict=True)]
    levels = ["-" if len(each) == 1 else "part" if {*map(str.lower, each)} <= {*PARTS} else "group" for each in names]
    open_levels = [i for i, level in enumerate(levels) if level == "group"]

    def claim(i: int) -> tuple[bool, bool, int]:
        """Return what is least for the class."""
        is_numbered = all(map(NUMBERED.fullmatch, names[i]))
        pairs = ({(each[i], each[j]) for each in folders} for j in open_levels if j != i)
        is_inside = len(names) > 2 and any(len(each) == len(names[i]) for each in pairs)
        return is_numbered, is_inside, i if len(names) == 2 else -i

    if not open_levels:
        return None
    levels[min(open_levels, key=claim)] = "class"
    return levels if len(levels) > 1 else None


def names_of_groups(found: Sequence[Found]) -> list[str]:
    """Return what in the files' names looks like groups, as `u13` in cross.u13.png and line.u13.png; [] if nothing.

    It is the first or the last word of every name, no number, shared by several classes, and each has five pictures on
    average.
    """
    words = [re.split(r"[ ._-]+", each.path.stem) for each in found]
    for place in (0, -1) if all(len(parts) > 1 for parts in words) else ():
        classes_of = defaultdict(set)
        for each, parts in zip(found, words, strict=True):
            classes_of[parts[place]].add(each.class_name)
        is_shared = all(len(classes) > 1 and not word.isdecimal() for word, classes in classes_of.items())
        if is_shared and 2 <= len(classes_of) <= len(found) / 5:
            return sorted(classes_of, key=_natural)
    return []


def name_others(root: Path, others: Sequence[Path]) -> None:
    """Say which files of a folder are left out, because their names are not those of pictures."""
    if others:
        names = shorten(", ".join(show(path.relative_to(root).as_posix()) for path in others), 200)
        cli.note(f"{root}: left out, for they are no pictures: {names}")


def _in_order(found: Sequence[Found]) -> tuple[list[Path], Labels]:
    """Return the pictures in the dataset's order, and what they show."""
    by_name, _ = number_classes(each.class_name for each in found)
    order = sorted(
        (each.is_test, _natural(each.group), _natural(_nfc(each.path.stem)), by_name[each.class_name], each.path, each)
        for each in found
    )
    in_order = [each for *_, each in order]
    groups = [each.group for each in in_order]
    of = Labels.of([each.class_name for each in in_order], groups if any(groups) else [])
    return [each.path for each in in_order], of


def _files(entry: Path) -> Iterator[Path]:
    """Yield the files in a folder, at any depth, but for what is ignored; a SourceError if one has nothing in it."""
    if not entry.is_dir():
        yield entry
        return
    inside = sorted(path for path in entry.iterdir() if not IGNORED.fullmatch(path.name))
    if not inside:
        raise SourceError(f"{show(entry.name)} has no pictures in it; delete it, or put some there")
    for each in inside:
        yield from _files(each)


def _folders(root: Path, files: Iterable[Path]) -> dict[Path, tuple[str, ...]]:
    """Return the names of the folders, from the top, that each picture lies in."""
    return {path: path.relative_to(root).parts[:-1] for path in files if _is_picture(path)}


def _usual_depth(folders: Mapping[Path, Sequence[str]]) -> int:
    """Return in how many folders most pictures lie."""
    depths = [*map(len, folders.values())]
    return max({*depths}, key=depths.count, default=0)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in pictures.SUFFIXES


def _nfc(name: str) -> str:
    """Return a name with its accents composed, which some systems take apart."""
    return unicodedata.normalize("NFC", name)


def _natural(name: str) -> list[str | int]:
    """Return what puts names in natural order: text and numbers in turn."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split("([0-9]+)", name))]
