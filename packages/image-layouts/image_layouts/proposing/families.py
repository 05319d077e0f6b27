"""Divide pictures into families: pictures whose folders vary at the same levels.

For example, `train/cat/1.png` and `train/dog/2.png` are a family, whose folders vary at the
second level. `test/cat/3.png` is of another family, because `test` names another subset.
"""

import filecmp
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from image_layouts.layout.pattern import escape
from image_layouts.layout.place import Place
from image_layouts.proposing.words import are_subset_names, find_subset, is_subset_name
from image_layouts.proposing.writing import unlist

COPY_LEVELS = 2  # copies of folders are found at so many levels of folders
MAX_COPIES = 10  # among more folders, only copies of the folder above are found
N_COMPARED = 50  # the number of files that are compared to find a copy of a folder


class Family(NamedTuple):
    """Pictures whose folders vary at the same levels.

    Attributes:
        folders: the folder at each level, as a pattern, or "" if the folders vary at this
            level: ("train", "") for `train/cat/1.png` and `train/dog/2.png`.
        names: the paths of the pictures.
        subset: the subset that the folders name, `train` or `test`, or "".
    """

    folders: tuple[str, ...]
    names: list[str]
    subset: str

    @property
    def n_levels(self) -> int:
        """The number of levels at which the folders vary."""
        return self.folders.count("")

    def write(self, fields: Sequence[str], name: str = "*") -> str:
        """Return the pattern of the pictures, with a field for each level that varies."""
        remaining = iter(fields)
        written = [folder or next(remaining) for folder in self.folders]
        return "/".join([*written, name])

    def as_wildcards(self) -> str:
        """Return the pattern of the pictures, with * for each level that varies."""
        return self.write(["*"] * self.n_levels)

    def list_folders(self) -> list[list[str]]:
        """Return the folder of each picture at each level that varies."""
        paths = [name.split("/") for name in self.names]
        levels = [level for level, folder in enumerate(self.folders) if not folder]
        return [[path[level] for path in paths] for level in levels]


def list_folders(families: Iterable[Family]) -> list[set[str]]:
    """Return the different folders of several families, at each level that varies.

    All families must vary at the same number of levels.
    """
    folders_of_families = [family.list_folders() for family in families]
    return [set().union(*level) for level in zip(*folders_of_families, strict=True)]


def list_names(families: Iterable[Family]) -> list[str]:
    """Return the paths of all pictures of families."""
    return [name for family in families for name in family.names]


def build_layout(families: Iterable[Family], fields: Sequence[str], name: str = "*") -> Any:
    """Return the layout with a field for each level that varies.

    It has the subsets that the folders name, unless the training set would have one class.
    """
    families = list(families)
    train = [family for family in families if family.subset != "test"]
    test = [family for family in families if family.subset == "test"]
    train_patterns = [family.write(fields, name) for family in train]
    test_patterns = [family.write(fields, name) for family in test]
    levels = list_folders(train)
    has_one_class = bool(levels) and all(len(folders) == 1 for folders in levels)
    if train and test and not has_one_class:
        return {"train": unlist(train_patterns), "test": unlist(test_patterns)}
    return unlist([*train_patterns, *test_patterns])


def find_families(names: Iterable[str]) -> list[Family]:
    """Divide pictures by the number of their folders, and by the subsets that folders name."""
    by_depth: dict[int, list[str]] = defaultdict(list)
    for name in names:
        by_depth[name.count("/")].append(name)
    families = []
    for same in by_depth.values():
        families += split_folders(same, (), "")
    return families


def split_folders(names: list[str], before: tuple[str, ...], subset: str) -> list[Family]:
    """Return the families of pictures that have the same number of folders.

    The function looks at one level of folders, and calls itself for the next one.

    Args:
        names: the paths of the pictures.
        before: `Family.folders` of the levels that have been looked at.
        subset: the subset that these folders name, or "".
    """
    level = len(before)
    if level == names[0].count("/"):
        return [Family(before, names, subset)]
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[name.split("/")[level]].append(name)
    folders = sorted(by_folder)
    if len(folders) > 1 and not are_subset_names(folders):
        return split_folders(names, (*before, ""), subset)
    if len(folders) > 1 and not any(is_subset_name(folder) for folder in folders):
        subset = "train"  # unless a folder names a test set, as `rps-test-set` beside `rps`
    families = []
    for folder in folders:
        own_subset = find_subset(folder) or subset
        families += split_folders(by_folder[folder], (*before, escape(folder)), own_subset)
    return families


def drop_copies(place: Place) -> Place:
    """Return a place whose pictures are without those in folders that are copies of others.

    Its attribute `files` still has all files. An archive may have been unpacked twice, as
    `pets/cat/1.jpg` beside `cat/1.jpg`, or may have the same pictures in `a/cat/1.jpg` and
    `b/cat/1.jpg`.
    """
    copies = find_copies(place)
    if not copies:
        return place
    without_copies = copy(place)
    without_copies.pictures = [name for name in place.pictures if not name.startswith(copies)]
    # If it is cached, it is of all pictures. It is computed again when it is needed.
    vars(without_copies).pop("pictures_by_end", None)
    return without_copies


def find_copies(place: Place) -> tuple[str, ...]:
    """Return the folders that are copies of other folders, with a slash at the end."""
    # The pictures in each folder, by their paths inside it. A copy may differ in case.
    pictures: dict[str, dict[str, str]] = defaultdict(dict)
    for name in place.pictures:
        parts = name.split("/")
        n_folders = len(parts) - 1
        for level in range(min(n_folders, COPY_LEVELS) + 1):
            folder = "/".join(parts[:level])
            path = "/".join(parts[level:])
            pictures[folder][path.casefold()] = name
    by_parent: dict[str, list[str]] = defaultdict(list)
    for folder in sorted(pictures, reverse=True):  # of two equal folders, the first one stays
        if folder:
            by_parent[posixpath.dirname(folder)].append(folder)
    copies: list[str] = []
    for parent, folders in by_parent.items():
        for folder in folders:
            others = [parent]
            if len(folders) <= MAX_COPIES:
                # A test set may have the pictures of the training set by mistake.
                others += [each for each in folders if find_subset(each) == find_subset(folder)]
            originals = [other for other in others if other not in (folder, *copies)]
            if any(is_copy(pictures[folder], pictures[other], place) for other in originals):
                copies.append(folder)
    return tuple(f"{folder}/" for folder in copies)


def is_copy(pictures: Mapping[str, str], originals: Mapping[str, str], place: Place) -> bool:
    """Return whether pictures are equal to others with the same paths in another folder.

    They must be in folders of their own, because pictures of two classes may be called alike.

    Args:
        pictures: the name of each picture, by its path inside its folder.
        originals: that of the pictures in the other folder.
        place: all files.
    """
    are_in_folders = all("/" in path for path in pictures)
    if not are_in_folders or not pictures.keys() <= originals.keys():
        return False
    step = max(1, len(pictures) // N_COMPARED)
    for path in list(pictures)[::step]:
        picture, original = place.files[pictures[path]], place.files[originals[path]]
        are_there = picture.exists() and original.exists()  # a broken link does not exist
        if not (are_there and filecmp.cmp(picture, original, shallow=False)):
            return False
    return True


def choose_families(families: list[Family]) -> list[Family]:
    """Return the families that have classes.

    They vary at the number of levels at which most pictures vary. If both subsets are named, or
    if most pictures are of a subset, families without a subset are dropped.
    """
    n_pictures: Counter[int] = Counter()  # by the number of levels
    for family in families:
        if family.n_levels:
            n_pictures[family.n_levels] += len(family.names)
    if not n_pictures:
        return families
    n_levels = max(n_pictures, key=lambda number: n_pictures[number])
    chosen = [family for family in families if family.n_levels == n_levels]
    for family in families:
        if family.n_levels == n_levels - 1:
            chosen += vary_at_one_more_level(family, chosen)
    with_subset = [family for family in chosen if family.subset]
    name_both_subsets = {family.subset for family in with_subset} == {"train", "test"}
    most_have_subset = len(list_names(with_subset)) > len(list_names(chosen)) / 2
    return with_subset if name_both_subsets or most_have_subset else chosen


def vary_at_one_more_level(family: Family, others: Sequence[Family]) -> list[Family]:
    """Return the family with one more level that varies, if another family varies there, or [].

    A subset may have a single class, as `train/good/1.png` beside `test/good/1.png` and
    `test/bad/2.png`. A class may also have fewer folders than other classes, as `one/1.png`
    beside `two/images/1.png`.
    """
    for level, folder in enumerate(family.folders):
        if not folder:
            continue
        folders = (*family.folders[:level], "", *family.folders[level + 1 :])
        for other in others:
            begin_alike = folders[: level + 1] == other.folders[: level + 1]
            differ_in_subsets = merge_subsets(folders) == merge_subsets(other.folders)
            if begin_alike or differ_in_subsets:
                return [family._replace(folders=folders)]
    return []


def merge_subsets(folders: Iterable[str]) -> list[str]:
    """Return folders, with `*` for each folder that names a subset."""
    return ["*" if folder and is_subset_name(folder) else folder for folder in folders]
