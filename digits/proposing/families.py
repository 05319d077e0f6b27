"""Divide pictures into families, whose folders vary at the same levels."""

import filecmp
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from digits.data.layout.pattern import escape
from digits.data.layout.place import Place
from digits.proposing.words import are_subset_names, find_subset, is_subset_name
from digits.proposing.writing import unlist

N_COMPARED = 50  # files, to find out whether two folders have the same ones


class Family(NamedTuple):
    """Pictures whose paths share a template such as `train/?/*`, in which ? varies.

    Attributes:
        folders: the pattern of each folder on their paths, or "" where they vary.
        names: their paths.
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
        """Return the pattern in which the levels that vary are fields."""
        remaining = iter(fields)
        written = [folder or next(remaining) for folder in self.folders]
        return "/".join([*written, name])

    def as_wildcards(self) -> str:
        """Return the pattern in which * stands for the levels that vary."""
        return self.write(["*"] * self.n_levels)

    def list_folders(self) -> list[list[str]]:
        """Return the folder of each picture at each level that varies."""
        paths = [name.split("/") for name in self.names]
        levels = [level for level, folder in enumerate(self.folders) if not folder]
        return [[path[level] for path in paths] for level in levels]


def list_folders(families: Iterable[Family]) -> list[set[str]]:
    """Return the folders at each level at which families vary."""
    levels = zip(*(family.list_folders() for family in families), strict=True)
    return [set().union(*level) for level in levels]


def list_names(families: Iterable[Family]) -> list[str]:
    """Return the paths of all pictures of families."""
    return [name for family in families for name in family.names]


def build_layout(families: Iterable[Family], fields: Sequence[str], name: str = "*") -> Any:
    """Return the layout in which the levels that vary are fields.

    The subsets are those that the folders name, unless the training set would have one class.
    """
    train: list[Family] = []
    test: list[Family] = []
    for family in families:
        (test if family.subset == "test" else train).append(family)
    train_patterns = [family.write(fields, name) for family in train]
    test_patterns = [family.write(fields, name) for family in test]
    levels = list_folders(train)
    has_one_class = bool(levels) and all(len(folders) == 1 for folders in levels)
    if train and test and not has_one_class:
        return {"train": unlist(train_patterns), "test": unlist(test_patterns)}
    return unlist([*train_patterns, *test_patterns])


def find_families(names: Iterable[str]) -> list[Family]:
    """Return pictures by the folders that they have in common, and by their subsets."""
    by_depth: dict[int, list[str]] = defaultdict(list)
    for name in names:
        by_depth[name.count("/")].append(name)
    families = []
    for same in by_depth.values():
        families += split(same, (), "")
    return families


def split(names: list[str], before: tuple[str, ...], subset: str) -> list[Family]:
    """Return the families of pictures that have the same number of folders.

    Args:
        names: their paths.
        before: the patterns of their first folders, or "" where they vary.
        subset: the subset that the first folders name, or "".
    """
    level = len(before)
    if level == names[0].count("/"):
        return [Family(before, names, subset)]
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[name.split("/")[level]].append(name)
    folders = sorted(by_folder)
    if len(folders) > 1 and not are_subset_names(folders):
        return split(names, (*before, ""), subset)
    if len(folders) > 1 and not any(is_subset_name(folder) for folder in folders):
        subset = "train"  # of `rps` beside `rps-test-set`
    families = []
    for folder in folders:
        own_subset = find_subset(folder) or subset
        families += split(by_folder[folder], (*before, escape(folder)), own_subset)
    return families


def drop_copies(families: list[Family], place: Place) -> list[Family]:
    """Return families without those that have the same files as the folder above.

    An archive may have been unpacked twice, as `pets/cat/1.jpg` beside `cat/1.jpg`. Those with
    fewer folders come first.
    """
    kept = [family for family in families if not is_copy(family, place)]
    return sorted(kept, key=lambda family: len(family.folders))


def is_copy(family: Family, place: Place) -> bool:
    """Return whether without their first folder, paths are those of equal files."""
    originals = [name.partition("/")[2] for name in family.names]
    if not all(original in place.files for original in originals):
        return False
    pairs = list(zip(family.names, originals, strict=True))
    step = max(1, len(pairs) // N_COMPARED)
    for name, original in pairs[::step]:
        path, other = place.files[name], place.files[original]
        are_there = path.exists() and other.exists()  # and no links to nowhere
        if not (are_there and filecmp.cmp(path, other, shallow=False)):
            return False
    return True


def choose_families(families: list[Family]) -> list[Family]:
    """Return the families that have classes: most pictures vary at so many levels.

    Without such families, all are returned.
    """
    counts: Counter[int] = Counter()
    for family in families:
        if family.n_levels:
            counts[family.n_levels] += len(family.names)
    if not counts:
        return families
    [(n_levels, _)] = counts.most_common(1)
    chosen = [family for family in families if family.n_levels == n_levels]
    for family in families:
        if family.n_levels == n_levels - 1:
            chosen += relax(family, chosen)
    with_subset = [family for family in chosen if family.subset]
    name_both_subsets = {family.subset for family in with_subset} == {"train", "test"}
    most_have_one = len(list_names(with_subset)) > len(list_names(chosen)) / 2
    return with_subset if name_both_subsets or most_have_one else chosen


def relax(family: Family, others: Sequence[Family]) -> list[Family]:
    """Return a family in which one more folder varies, as in others, if there are such others.

    A class may have fewer folders than the others, as `one/1.png` beside `two/images/1.png`, or
    be the only one of a subset, as `train/good/1.png` beside `test/good/1.png`.
    """
    for level, folder in enumerate(family.folders):
        if not folder:
            continue
        folders = (*family.folders[:level], "", *family.folders[level + 1 :])
        for other in others:
            begin_alike = folders[: level + 1] == other.folders[: level + 1]
            if begin_alike or merge_subsets(folders) == merge_subsets(other.folders):
                return [family._replace(folders=folders)]
    return []


def merge_subsets(folders: Iterable[str]) -> list[str]:
    """Return folders, of which those that name a subset are all called `*`."""
    return ["*" if folder and is_subset_name(folder) else folder for folder in folders]
