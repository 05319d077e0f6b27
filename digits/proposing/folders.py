"""Propose layouts in which the paths of pictures say what they are."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from digits.data.layout.listing import list_visible
from digits.data.layout.pattern import find_matches, quote
from digits.data.layout.place import Place
from digits.data.layout.read_files import read_list
from digits.imaging.pictures import is_picture_file
from digits.proposing.families import (
    Family,
    choose_families,
    drop_copies,
    find_families,
    list_folders,
    list_names,
    write_families,
)
from digits.proposing.file_names import have_more_fields, propose_names, propose_words
from digits.proposing.masks import find_masks
from digits.proposing.table_format import may_be_table
from digits.proposing.words import are_codes, are_numbered, find_subset, is_subset_name
from digits.proposing.writing import add_unused, unlist
from digits.settings.errors import UserError

# Of two sets that have other names than `train` and `test`, the training set has at least so
# many times the pictures of the test set.
MIN_RATIO = 1.5


def enter_folders(path: Path) -> Path:
    """Return the folder, or the one inside it that has everything, as that of an archive.

    A folder that has pictures, but no table, is not entered, because its name is a class.
    """
    while True:
        inside = list_visible(path)
        if len(inside) != 1 or not inside[0].is_dir():
            return path
        inner = list_visible(inside[0])
        has_tables = any(each.is_file() and may_be_table(each.name, each) for each in inner)
        if any(map(is_picture_file, inner)) and not has_tables:
            return path
        [path] = inside


def propose(place: Place) -> tuple[list[Any], list[str]]:
    """Return layouts for the pictures of a place. Nothing is said about others.

    If nothing is left without what seem to be masks, they are pictures, as in a folder `mask`
    with photos of people beside a folder `bare`.
    """
    masks = find_masks(place.pictures)
    return propose_without(place, masks) or propose_without(place, {}), []


def propose_without(place: Place, masks: Mapping[str, str]) -> list[Any]:
    """Return layouts for the pictures of a place that are no masks.

    Args:
        place: the pictures.
        masks: the pattern of each mask.
    """
    names = [name for name in place.pictures if name not in masks]
    found = drop_copies(find_families(names), place)
    families = choose_families(found)
    if not families:
        return []
    proposers = {0: propose_names, 1: propose_one_level, 2: propose_two_levels}
    layouts = proposers.get(families[0].n_levels, propose_more_levels)(families)
    if families[0].n_levels == 1:
        layouts += propose_lists(place, layouts[0])
    layouts += propose_first_level(list_names(found))
    unused = sorted(set(masks.values()))
    if find_matches(unused, names):  # other pictures are called so, too
        unused = sorted(map(quote, masks))
    return [add_unused(layout, unused) for layout in layouts]


def propose_one_level(families: list[Family]) -> list[Any]:
    """Return layouts of pictures in a folder for each class, or perhaps for each day.

    Deeper folders may have thumbnails of the pictures above. There is a layout without them.
    """
    layouts = [write_families(families, ["{class}"])]
    depth = min(len(family.folders) for family in families)
    shallow = [family for family in families if len(family.folders) == depth]
    deep = [family for family in families if len(family.folders) > depth]
    names = set(map(posixpath.basename, list_names(shallow)))
    is_repeated = [posixpath.basename(name) in names for name in list_names(deep)]
    if have_own_names(list_names(shallow)) and sum(is_repeated) > len(is_repeated) / 2:
        layouts.append(write_families(shallow, ["{class}"]))
    [folders] = list_folders(families)
    # Without `{group}` if there are too few groups.
    for field in ("{group}", "*"):
        if are_numbered(folders):
            layouts += propose_names(families, [field])
        elif are_codes(folders) or have_more_fields(families):
            layouts += propose_words(families, [field])
    return layouts


def propose_two_levels(families: list[Family]) -> list[Any]:
    """Return layouts of pictures whose folders vary at two levels.

    Of the classes and the groups, either may be the outer folders. Of two outer folders, one
    may be a test set whose name is in another language. Outer folders with the same pictures
    may be versions of them, such as `color` and `grayscale`.
    """
    outer, inner = list_folders(families)
    # Without `{group}` if there are too few groups.
    outer_groups = [["{group}", "{class}"], ["*", "{class}"]]
    inner_groups = [["{class}", "{group}"], ["{class}", "*"]]
    orders = [*outer_groups, *inner_groups]
    if are_numbered(outer) != are_numbered(inner):
        orders = inner_groups if are_numbered(inner) else outer_groups
        return [write_families(families, fields) for fields in orders]
    layouts = [write_families(families, fields) for fields in orders]
    if len(families) > 1 or families[0].role:
        return layouts
    [family] = families
    patterns = {name: family.write([quote(name), "{class}"]) for name in outer}
    if len(outer) == 2:
        counts = Counter(family.list_folders()[0])
        (larger, n_larger), (smaller, n_smaller) = counts.most_common()
        if n_larger >= MIN_RATIO * n_smaller:
            layouts.append({"train": patterns[larger], "test": patterns[smaller]})
    if are_versions(family):
        layouts += [patterns[name] for name in sorted(outer)]
    return layouts


def are_versions(family: Family) -> bool:
    """Return whether each outer folder has a picture of each name."""
    index = family.folders.index("")
    stems_by_folder: dict[str, set[str]] = defaultdict(set)
    for name in family.names:
        folders = posixpath.splitext(name)[0].split("/")
        outer = folders.pop(index)
        stems_by_folder[outer].add("/".join(folders))
    first, *others = stems_by_folder.values()
    are_repeated = all(len(stems & first) > len(first) / 2 for stems in others)
    return are_repeated and have_own_names(first)


def have_own_names(paths: Collection[str]) -> bool:
    """Return whether no two pictures have one name, as numbered ones of several folders do."""
    return len(set(map(posixpath.basename, paths))) == len(paths)


def propose_more_levels(families: list[Family]) -> list[Any]:
    """Return layouts in which one of several levels that vary is the class.

    Levels of dates, or of numbered cameras or the like, are the group.
    """
    others = ["{group}" if are_numbered(each) else "*" for each in list_folders(families)]
    return [
        write_families(families, [*others[:level], "{class}", *others[level + 1 :]])
        for level in range(len(others))
    ]


def propose_first_level(names: Sequence[str]) -> list[Any]:
    """Return the layout in which the first folder is the class, if the depths differ.

    In `cats/1.png` and `dogs/husky/1.png`, the classes are cats and dogs, or cats and huskies.
    A folder around all of them is no class.
    """
    common = posixpath.commonpath(names)
    start = f"{quote(common)}/" if common else ""
    inner = [name.removeprefix(f"{common}/") for name in names]
    depths = sorted({name.count("/") for name in inner})
    has_sets = any(is_subset_name(name.split("/")[0]) for name in inner)
    if len(depths) < 2 or depths[0] == 0 or has_sets:
        return []
    return [[start + "{class}/" + "*/" * (depth - 1) + "*" for depth in depths]]


def propose_lists(place: Place, layout: Any) -> list[Any]:
    """Return the layout with the test set that lists such as `meta/test.txt` name."""
    if isinstance(layout, dict):  # the folders name a test set
        return []
    names = find_matches([layout] if isinstance(layout, str) else layout, place.pictures)
    # `train1` belongs to `test1`. `trainval` has all of the training set.
    by_kind: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"train": [], "test": []})
    for name in place.files:
        stem, ending = posixpath.splitext(posixpath.basename(name))
        role = find_subset(stem.replace("trainval", "train"))
        if not role or ending.lower() not in (".txt", ".lst"):
            continue
        try:
            read_list(place, name, names)
        except UserError:  # it lists something else
            continue
        by_kind[re.sub(r"train_?val|train|test|val", "", name)][role].append(name)
    layouts = []
    for lists in by_kind.values():
        whole = [name for name in lists["train"] if re.search("train_?val", name)]
        train = [{"list": name} for name in whole or lists["train"]]
        if train and len(lists["test"]) == 1:
            [test] = lists["test"]
            layouts.append({"files": layout, "train": unlist(train), "test": {"list": test}})
    return layouts
