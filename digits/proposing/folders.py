"""Propose layouts in which the paths of pictures say what they are."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from digits.data.layout.listing import list_visible
from digits.data.layout.pattern import escape, find_matches
from digits.data.layout.place import Place
from digits.data.layout.read_files import read_list
from digits.imaging.pictures import is_picture_file
from digits.proposing.families import (
    Family,
    build_layout,
    choose_families,
    drop_copies,
    find_families,
    list_folders,
    list_names,
)
from digits.proposing.file_names import have_more_fields, propose_names, propose_words
from digits.proposing.masks import find_masks
from digits.proposing.series import ORDINARY
from digits.proposing.table_format import may_be_table
from digits.proposing.words import (
    NUMBERED_WORD,
    are_numbered,
    find_subset,
    is_subset_name,
)
from digits.proposing.writing import add_unused, unlist
from digits.settings.errors import UserError
from digits.settings.layout import as_list

MIN_SHARE = 0.9  # of all pictures, in one folder beside which others may be no classes


def enter_folders(path: Path) -> Path:
    """Return the folder, or the one inside it that has everything, as that of an archive.

    A folder that has pictures, but no table, is not entered, because its name is a class.
    """
    inside = list_visible(path)
    if len(inside) != 1 or not inside[0].is_dir():
        return path
    inner = list_visible(inside[0])
    has_tables = any(each.is_file() and may_be_table(each.name, each) for each in inner)
    has_pictures = any(is_picture_file(each) for each in inner)
    if has_pictures and not has_tables:
        return path
    return enter_folders(inside[0])


def propose(place: Place) -> tuple[list[Any], list[str]]:
    """Return layouts for the pictures of a place. Nothing is said about others.

    If nothing is left without what seem to be masks, they are pictures, as in a folder `mask`
    with photos of people beside a folder `bare`.
    """
    masks = find_masks(place.pictures)
    return propose_excluding(place, masks) or propose_excluding(place, {}), []


def propose_excluding(place: Place, masks: Mapping[str, str]) -> list[Any]:
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
    match families[0].n_levels:
        case 0:
            layouts = propose_names(families)
        case 1:
            layouts = propose_one_level(families)
            layouts += propose_lists(place, layouts[0])
        case 2:
            layouts = propose_two_levels(families)
        case _:
            layouts = propose_more_levels(families)
    layouts += propose_first_level(list_names(found))
    layouts += propose_largest_folder(list_names(found))
    unused = sorted(set(masks.values()))
    if find_matches(unused, names):  # other pictures are called so, too
        unused = sorted(map(escape, masks))
    return [add_unused(layout, unused) for layout in layouts]


def propose_one_level(families: list[Family]) -> list[Any]:
    """Return layouts of pictures in a folder for each class, or perhaps for each day.

    Deeper folders may have thumbnails of the pictures above. There is a layout without them.
    """
    layouts = [build_layout(families, ["{class}"])]
    depth = min(len(family.folders) for family in families)
    shallow = [family for family in families if len(family.folders) == depth]
    deep = [family for family in families if len(family.folders) > depth]
    names = [posixpath.basename(path) for path in list_names(shallow)]
    deep_names = [posixpath.basename(path) for path in list_names(deep)]
    n_repeated = sum(name in set(names) for name in deep_names)
    if len(set(names)) == len(names) and n_repeated > len(deep_names) / 2:
        layouts.append(build_layout(shallow, ["{class}"]))
    [folders] = list_folders(families)
    # The names of the pictures may have the class, and the folders may be groups, or nothing if
    # there are too few.
    for field in ("{group}", "*"):
        if are_numbered(folders):
            layouts += propose_names(families, [field])
        elif have_more_fields(families):
            layouts += propose_words(families, [field])
    return layouts


def propose_two_levels(families: list[Family]) -> list[Any]:
    """Return layouts of pictures whose folders vary at two levels.

    Of the classes and the groups, either may be the outer folders. There are layouts without
    groups, too, for the case that there are too few.
    """
    outer, inner = list_folders(families)
    orders = []
    if are_numbered(outer) or not are_numbered(inner):
        orders += [["{group}", "{class}"], ["*", "{class}"]]
    if are_numbered(inner) or not are_numbered(outer):
        orders += [["{class}", "{group}"], ["{class}", "*"]]
    layouts = [build_layout(families, fields) for fields in orders]
    return [*layouts, *propose_equal_folders(families)]


def propose_equal_folders(families: list[Family]) -> list[Any]:
    """Return a layout for each of the outer folders, if all have pictures of the same names.

    They are the same pictures in other forms, such as in colour and grey, or divided in another
    way.
    """
    by_outer: dict[str, list[Family]] = defaultdict(list)
    inner_paths: dict[str, set[str]] = defaultdict(set)
    for family in families:
        level = family.folders.index("")
        before, after = family.folders[:level], family.folders[level + 1 :]
        of_family: dict[str, list[str]] = defaultdict(list)
        for name in family.names:
            folders = name.split("/")
            of_family[folders[level]].append(name)
            inner = "/".join(folders[level + 1 :])
            inner_paths[folders[level]].add(posixpath.splitext(inner)[0])
        for outer, names in of_family.items():
            fixed = (*before, escape(outer), *after)
            by_outer[outer].append(Family(fixed, names, family.subset))
    first, *others = inner_paths.values()
    have_ordinary_names = any(ORDINARY.fullmatch(posixpath.basename(path)) for path in first)
    if have_ordinary_names or not all(paths == first for paths in others):
        return []
    return [build_layout(same, ["{class}"]) for same in by_outer.values()]


def propose_more_levels(families: list[Family]) -> list[Any]:
    """Return layouts in which one of several levels that vary is the class.

    Levels of dates, or of numbered cameras or the like, are the group. There are layouts
    without groups, too, for the case that there are too few.
    """
    levels = list_folders(families)
    with_groups = ["{group}" if are_numbered(folders) else "*" for folders in levels]
    without_groups = ["*"] * len(levels)
    layouts = []
    for others in (with_groups, without_groups):
        for level, folders in enumerate(levels):
            for name in name_class(folders):
                fields = list(others)
                fields[level] = name
                layouts.append(build_layout(families, fields))
    return layouts


def name_class(folders: Collection[str]) -> list[str]:
    """Return what stands for folders in which the class is, or may be, as `study1_positive`."""
    matches = [NUMBERED_WORD.fullmatch(name) for name in folders]
    if not all(matches) or len({match[1] for match in matches if match}) > 1:
        return ["{class}"]
    return ["{class}", "*_{class}"]


def propose_first_level(names: Sequence[str]) -> list[Any]:
    """Return layouts of pictures in folders of different depths.

    In `cats/1.png` and `dogs/husky/1.png`, the classes are cats and dogs, or cats and huskies.
    In `a/abbey/1.png` and `a/church/inside/1.png`, they may be abbey and church/inside.
    A folder around all of them is no class.
    """
    common = posixpath.commonpath(names)
    start = f"{escape(common)}/" if common else ""
    inner = [name.removeprefix(f"{common}/") for name in names]
    first_folders = {name.split("/")[0] for name in inner}
    depths = sorted({name.count("/") for name in inner})
    has_subsets = any(is_subset_name(folder) for folder in first_folders)
    if len(depths) < 2 or depths[0] == 0 or has_subsets:
        return []
    layouts = [[start + "{class}/" + "*/" * (depth - 1) + "*" for depth in depths]]
    last_folders = {posixpath.dirname(name) for name in inner if name.count("/") > depths[0]}
    if depths[0] > 1 and len(set(map(posixpath.basename, last_folders))) > 1:
        above = start + "*/" * (depths[0] - 1)
        layouts.append([above + "{class}/" * (depth - depths[0] + 1) + "*" for depth in depths])
    return layouts


def propose_largest_folder(names: Sequence[str]) -> list[Any]:
    """Return the layouts in which the names have the class, if one folder has most pictures.

    Beside `ships/1__17.png` and `ships/0__18.png`, the folder `scenes` may be no class.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[posixpath.dirname(name)].append(name)
    largest = max(by_folder, key=lambda folder: len(by_folder[folder]))
    if len(by_folder) == 1 or len(by_folder[largest]) < MIN_SHARE * len(names):
        return []
    folders = tuple(escape(folder) for folder in largest.split("/") if folder)
    return propose_names([Family(folders, by_folder[largest], "")])


def propose_lists(place: Place, layout: Any) -> list[Any]:
    """Return the layout with the test set that lists such as `meta/test.txt` name."""
    if isinstance(layout, dict):  # the folders name a test set
        return []
    names = find_matches(as_list(layout), place.pictures)
    # The lists of the training set and of the test set, by the rest of their names: `train1`
    # belongs to `test1`.
    train_lists: dict[str, list[str]] = defaultdict(list)
    test_lists: dict[str, list[str]] = defaultdict(list)
    for name in place.files:
        stem, ending = posixpath.splitext(posixpath.basename(name))
        subset = find_subset(stem.replace("trainval", "train"))
        if not subset or ending.lower() not in (".txt", ".lst"):
            continue
        try:
            read_list(place, name, names)
        except UserError:  # it lists something else
            continue
        lists = test_lists if subset == "test" else train_lists
        lists[re.sub(r"train_?val|train|test|val", "", name)].append(name)
    layouts = []
    for kind, names_of_lists in train_lists.items():
        whole = [name for name in names_of_lists if re.search("train_?val", name)]
        train = [{"list": name} for name in whole or names_of_lists]
        if len(test_lists[kind]) == 1:
            [test] = test_lists[kind]
            layouts.append({"files": layout, "train": unlist(train), "test": {"list": test}})
    return layouts
