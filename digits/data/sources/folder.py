"""Pictures in a folder that has a subfolder for each class.

The images of the dataset are sorted by file name, in natural order: 9.png before 10.png. They
are not sorted by class, so that the last images are of all classes.

- `7/1.png`: the name of the subfolder is the class.
- `7/anna/1.png`: if each class has subfolders, these are the groups, such as the writers of the
  pictures. The images of a group follow one another. With the key `layout` of the dataset, the
  outer folder can be the group instead.
- `train/7/1.png`, `7/test_set/1.png`: folders with such names may be at any level. The pictures
  in test folders are the test set that came with the images, and are the last ones. Pictures in
  a test folder that have no class are left out.

For any other tree of folders, write a table of files (digits/data/sources/table.py).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from digits.core.tables import Pixels
from digits.data.intake import subsets
from digits.data.intake.collection import Collection, read_collection, shorten
from digits.data.sources import NOT_FOUND, check_not_special
from digits.imaging import pictures
from digits.imaging.pictures import Picture
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams

READS_PICTURES = True  # so a network can describe them

# The name of a mask, which shows where something is in the picture beside it.
MASK_NAME = re.compile(r"(.+)_(mask|segmentation)(_\d+)?")

# Files that operating systems, Git and DVC write.
IGNORED_NAMES = re.compile(r"\..*|.*\.dvc|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)


class PictureFile(NamedTuple):
    """A picture in a folder, and what the names of its subfolders say."""

    path: Path
    class_name: str  # "" if there is none
    group: str  # "" if there is none
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
    if dataset.layout is not None:
        raise UserError(
            f"the key `layout` is one of the source `files`; write `files: {place}`"
        )
    return read_collection(open_place(Path(place)), dataset, convert)


def open_place(root: Path) -> Collection:
    """Return the pictures of a folder. Without classes, if no picture is in a subfolder.

    Args:
        root: the folder.

    Raises:
        UserError: the folder was not found, has no pictures, or has other subfolders than the
            docstring of this module describes.
    """
    if not root.is_dir():
        raise UserError(NOT_FOUND)
    paths, other_files = list_pictures(root)
    if not paths:
        listed = shorten([path.relative_to(root) for path in other_files[:5]])
        raise UserError(f"{root} has no pictures, but {listed}")
    masks = find_masks(paths)
    parsed = parse_paths(root, [path for path in paths if path not in masks])
    files = sort_pictures(parsed)
    notes = describe_left_out(root, other_files)
    if masks:
        notes.append(f"left out: {len(masks)} masks, such as {min(masks).relative_to(root)}")
    has_classes = any(file.class_name for file in files)
    if has_classes:
        unlabelled = [file for file in files if not file.class_name]
        for file in unlabelled:
            if not any(map(subsets.names_subset, file.path.relative_to(root).parts)):
                raise unexpected_place(root, file.path)
        if unlabelled:
            folders = sorted({str(file.path.parent) for file in unlabelled})
            notes.append(
                f"left out: {len(unlabelled)} pictures without a class; `digits predict "
                f"{shorten(folders)}` classifies them"
            )
        files = [file for file in files if file.class_name]

    names = [file.path.relative_to(root).as_posix() for file in files]
    rows = pd.DataFrame({"id": names, "file": names}, dtype=object)  # not all are UTF-8
    rows["test"] = [file.is_test for file in files]
    if has_classes:
        rows["class"] = pd.Series([file.class_name for file in files], dtype=object)
    if any(file.group for file in files):
        rows["group"] = pd.Series([file.group for file in files], dtype=object)
    return Collection(
        rows,
        pictures=lambda: (file.path for file in files),
        notes=notes,
        missing_classes=explain_places(files[0].path) if files else "",
    )


def list_pictures(root: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures in a folder, at any depth, and its other files.

    Raises:
        UserError: a folder is empty, or is a link to a folder above.
    """
    picture_files: list[Path] = []
    other_files: list[Path] = []
    for path in iterate_files(root):
        is_picture = pictures.is_picture_file(path)
        (picture_files if is_picture else other_files).append(path)
    return picture_files, other_files


def find_masks(paths: Sequence[Path]) -> set[Path]:
    """Return the masks among pictures.

    They are beside their pictures, such as `1_mask.png` and `1.png`, or each class has a folder
    `masks`, as it has a folder `images`.
    """
    with_stems = {path.with_suffix("") for path in paths}
    folders = {path.parent for path in paths}
    masks = set()
    for path in paths:
        match = MASK_NAME.fullmatch(path.stem)
        is_beside = match is not None and path.with_name(match[1]) in with_stems
        parent = path.parent
        is_in_folder = parent.name == "masks" and parent.with_name("images") in folders
        if is_beside or is_in_folder:
            masks.add(path)
    return masks


def list_visible(folder: Path) -> list[Path]:
    """Return the files and folders in a folder, except those with ignored names, sorted."""
    return sorted(path for path in folder.iterdir() if not IGNORED_NAMES.fullmatch(path.name))


def iterate_files(folder: Path, *, may_be_empty: bool = False) -> Iterator[Path]:
    """Yield all files in a folder, at any depth, except those with ignored names.

    Args:
        folder: the folder.
        may_be_empty: whether it and the folders in it may have no files.

    Raises:
        UserError: a folder is empty, or is a link to a folder above, or there is a pipe.
    """
    paths = list_visible(folder)
    if not paths and not may_be_empty:
        raise UserError(f"{folder.name!r} has no pictures in it; delete it, or put some there")
    for path in paths:
        check_not_special(path)
        if not path.is_dir():
            yield path
        elif folder.resolve().is_relative_to(path.resolve()):
            raise UserError(f"{path.name!r} is a link to a folder that it lies in; delete it")
        else:
            yield from iterate_files(path, may_be_empty=may_be_empty)


def parse_paths(root: Path, paths: Sequence[Path]) -> list[PictureFile]:
    """Return what the subfolders on the path of each picture say.

    Raises:
        UserError: they say more than a class and a group, only some pictures have a group, or
            the classes seem to be a training set and a test set.
    """
    names_of_paths = []
    for path in paths:
        folders = [normalize(name) for name in path.relative_to(root).parts[:-1]]
        names_of_paths.append([name for name in folders if not is_container(name)])
    drop_wrappers(names_of_paths)

    files = []
    for path, names in zip(paths, names_of_paths, strict=True):
        if len(names) > 2:
            raise unexpected_place(root, path)
        class_name, group, *_ = [*names, "", ""]
        is_test = any(
            subsets.names_subset(name) and subsets.names_test_set(name)
            for name in path.relative_to(root).parts[:-1]
        )
        files.append(PictureFile(path, class_name, group, is_test))
    check_groups(root, files)
    check_class_names({file.class_name for file in files})
    return files


def is_container(name: str) -> bool:
    """Return whether a folder, such as `train` or `images`, is neither a class nor a group."""
    return subsets.names_subset(name) or subsets.names_container(name)


def drop_wrappers(names_of_paths: list[list[str]]) -> None:
    """Remove the first folder of all paths, if it is the same, and not the last one."""
    while all(len(names) > 1 for names in names_of_paths):
        if len({names[0] for names in names_of_paths}) > 1:
            return
        for names in names_of_paths:
            del names[0]


def check_groups(root: Path, files: Sequence[PictureFile]) -> None:
    """Check that all pictures with a class have a group, or none.

    Raises:
        UserError: only some have a group.
    """
    labelled = [file for file in files if file.class_name]
    with_group = [file for file in labelled if file.group]
    if 0 < len(with_group) < len(labelled):
        raise unexpected_place(root, with_group[0].path)


def check_class_names(class_names: set[str]) -> None:
    """Check that the classes are not sets of images, such as `my_train_2` and `my_test_2`.

    Raises:
        UserError: all classes are named like training sets and test sets, or like parts of a
            set, such as `images_1` and `images_2`.
    """
    named = sorted(class_names - {""})
    words = subsets.SUBSET_WORDS
    are_parts = len({re.sub(r"\d+", "", name) for name in named}) == 1 < len(named)
    if are_parts and not subsets.PART_WORDS.isdisjoint(subsets.split_words(named[0])):
        raise UserError(
            f"the classes would be {shorten(named)}; move the pictures into a subfolder for "
            "each class, or write a table of files"
        )
    if named and all(any(word in name.lower() for word in words) for name in named):
        raise UserError(
            f"the classes would be {shorten(named)}; rename these folders to train and test "
            "if they are a training set and a test set"
        )


def normalize(name: str) -> str:
    """Return a name in which each letter with an accent is one character, as on Linux."""
    return unicodedata.normalize("NFC", name)


def unexpected_place(root: Path, path: Path) -> UserError:
    """Return the error for a picture in a place from which its class cannot be told."""
    return UserError(
        f"{path.relative_to(root)}: expected CLASS/{path.name}, or for all pictures "
        f"CLASS/GROUP/{path.name}, and no other folders but those such as train and test; "
        "delete or move the others. For any other tree of folders, write a table of files"
    )


def explain_places(path: Path) -> str:
    """Return what to do with pictures like this one, which has no class."""
    first_word = re.split(r"[._-]", path.name)[0]
    class_name = '"${f%%[._-]*}"'
    if not any(character.isdecimal() for character in first_word):  # as in `great_auk (1).jpg`
        class_name = '"${f%%[0-9]*}"; d="${d%[ ._(-]}"; d="${d%[ ._(-]}"'
    move_files = f'for f in *.*; do d={class_name}; mkdir -p "$d" && mv "$f" "$d/"; done'
    return (
        f"expected CLASS/{path.name}, or for all pictures CLASS/GROUP/{path.name}; folders "
        "such as train and test are not classes. If the names of the files begin with the "
        f"class, run: (cd '{path.parent}' && {move_files}). For any other tree of folders, "
        "write a table of files"
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


def describe_left_out(root: Path, other_files: Sequence[Path]) -> list[str]:
    """Return a sentence about the files that are no pictures by their names, if any."""
    if not other_files:
        return []
    endings = Counter(
        "folders" if path.is_dir() else path.suffix.lower() or "without an ending"
        for path in other_files
    )
    counts = shorten([f"{count} {ending}" for ending, count in endings.most_common()])
    first = other_files[0].relative_to(root)
    return [f"left out, because they are no pictures: {counts}; the first is {first}"]
