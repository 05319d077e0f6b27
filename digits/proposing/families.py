"""Divide pictures into families, whose folders vary at the same levels."""

import filecmp
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digits.data.layout.pattern import quote
from digits.data.layout.place import Place
from digits.proposing.words import are_subset_names, find_subset, is_subset_name
from digits.proposing.writing import unlist

N_COMPARED = 50  # files, to find out whether two folders have the same ones


class Family(NamedTuple):
    """Pictures whose folders vary at the same levels.

    Attributes:
        folders: the pattern of each folder on their paths, or "" where they vary.
        names: their paths.
        role: the set that the folders name, `train` or `test`, or "".
    """

    folders: tuple[str, ...]
    names: list[str]
    role: str

    @property
    def n_levels(self) -> int:
        """The number of levels at which the folders vary."""
        return self.folders.count("")

    def write(self, fields: Sequence[str], name: str = "*") -> str:
        """Return the pattern in which the levels that vary are fields."""
        left = iter(fields)
        return "/".join([*(folder or next(left) for folder in self.folders), name])

    def as_wildcards(self) -> str:
        """Return the pattern in which * stands for the levels that vary."""
        return self.write(["*"] * self.n_levels)

    def list_folders(self) -> list[list[str]]:
        """Return the folder of each picture at each level that varies."""
        levels = zip(*(name.split("/")[:-1] for name in self.names), strict=True)
        return [
            list(level)
            for level, folder in zip(levels, self.folders, strict=True)
            if not folder
        ]


def list_folders(families: Iterable[Family]) -> list[set[str]]:
    """Return the folders at each level at which families vary."""
    levels = zip(*(family.list_folders() for family in families), strict=True)
    return [set().union(*level) for level in levels]


def list_names(families: Iterable[Family]) -> list[str]:
    """Return the paths of all pictures of families."""
    return [name for family in families for name in family.names]


def write_families(families: Iterable[Family], fields: Sequence[str], name: str = "*") -> Any:
    """Return the layout in which the levels that vary are fields.

    The sets are those that the folders name, unless the training set would have one class.
    """
    by_role: dict[bool, list[Family]] = {False: [], True: []}
    for family in families:
        by_role[family.role == "test"].append(family)
    train, test = (
        [family.write(fields, name) for family in by_role[is_test]] for is_test in (False, True)
    )
    levels = list_folders(by_role[False])
    if train and test and (not levels or any(len(folders) > 1 for folders in levels)):
        return {"train": unlist(train), "test": unlist(test)}
    return unlist([*train, *test])


def find_families(names: Iterable[str]) -> list[Family]:
    """Return pictures by the folders that they have in common, and by their sets."""
    by_depth: dict[int, list[str]] = defaultdict(list)
    for name in names:
        by_depth[name.count("/")].append(name)
    return [family for same in by_depth.values() for family in split(same, (), "")]


def split(names: list[str], before: tuple[str, ...], role: str) -> list[Family]:
    """Return the families of pictures that have the same number of folders.

    Args:
        names: their paths.
        before: the patterns of their first folders, or "" where they vary.
        role: the set that the first folders name, or "".
    """
    level = len(before)
    if level == names[0].count("/"):
        return [Family(before, names, role)]
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[name.split("/")[level]].append(name)
    if len(by_folder) > 1 and not are_subset_names(list(by_folder)):
        return split(names, (*before, ""), role)
    # Beside `rps-test-set`, `rps` is the training set.
    other = "train" if len(by_folder) > 1 and not any(map(is_subset_name, by_folder)) else role
    return [
        family
        for folder, inner in sorted(by_folder.items())
        for family in split(inner, (*before, quote(folder)), find_subset(folder) or other)
    ]


def drop_copies(families: list[Family], place: Place) -> list[Family]:
    """Return families without those that have the same files as others, but deeper.

    An archive may have been unpacked twice.
    """
    kept: list[Family] = []
    seen: dict[tuple[str, int], Path] = {}  # by name and size
    for family in sorted(families, key=lambda each: len(each.folders)):
        paths = [place.files[name] for name in family.names]
        # A picture may be a link to nowhere, which is reported when it is read.
        files = {(path.name, path.stat().st_size): path for path in paths if path.exists()}
        is_deeper = bool(kept) and len(family.folders) > len(kept[0].folders)
        if not (is_deeper and are_copies(files, seen)):
            kept.append(family)
            seen |= files
    return kept


def are_copies(files: Mapping[Any, Path], others: Mapping[Any, Path]) -> bool:
    """Return whether there are other files with the same keys and the same content."""
    if not files.keys() <= others.keys():
        return False
    sample = list(files)[:: max(1, len(files) // N_COMPARED)]
    return all(filecmp.cmp(files[key], others[key], shallow=False) for key in sample)


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
            chosen += adopt(family, chosen)
    with_role = [family for family in chosen if family.role]
    have_roles = len(list_names(with_role)) > len(list_names(chosen)) / 2
    return with_role if have_roles else chosen


def adopt(family: Family, others: Sequence[Family]) -> list[Family]:
    """Return a family in which one more folder varies, as in others, if there are such others.

    A class may have fewer folders than the others, as `one/1.png` beside `two/images/1.png`, or
    be the only one of a set, as `train/good/1.png` beside `test/good/1.png`.
    """
    for level, folder in enumerate(family.folders):
        folders = (*family.folders[:level], "", *family.folders[level + 1 :])
        if folder and any(
            folders[: level + 1] == other.folders[: level + 1]
            or merge_sets(folders) == merge_sets(other.folders)
            for other in others
        ):
            return [family._replace(folders=folders)]
    return []


def merge_sets(folders: Iterable[str]) -> list[str]:
    """Return folders, of which those that name a set are all called `*`."""
    return ["*" if folder and is_subset_name(folder) else folder for folder in folders]
