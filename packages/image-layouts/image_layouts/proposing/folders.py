"""Propose layouts in which the paths of pictures say what they are."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from image_layouts.errors import LayoutError
from image_layouts.files import is_picture_file, list_visible
from image_layouts.layout.pattern import Pattern, escape, find_matches
from image_layouts.layout.place import Place
from image_layouts.layout.read_files import read_list
from image_layouts.proposing.families import (
    Family,
    build_layout,
    choose_families,
    find_families,
    list_folders,
)
from image_layouts.proposing.file_names import (
    NAMES,
    have_codes_of_folders,
    propose_names,
    propose_words,
)
from image_layouts.proposing.masks import find_masks
from image_layouts.proposing.name_groups import ORDINARY, list_patterns
from image_layouts.proposing.table_format import may_be_table
from image_layouts.proposing.words import (
    AUGMENTATION_WORDS,
    GROUP_WORDS,
    NEGATIONS,
    NUMBERED_WORD,
    UNLABELED_WORDS,
    are_numbered,
    find_subset,
    is_subset_name,
    split_words,
)
from image_layouts.proposing.writing import add_unused, unlist
from image_layouts.schema import as_list

NUMBERED_FOLDER = re.compile(r"([^\W\d_]+)[\s_-]?\d+")  # letter01
SUBSET_IN_NAME = re.compile(r"(?i:train_?val|train|test|val)")  # of a list: TestImages.txt
END = re.compile(r"[_-][^\W\d_]+$")  # of the name of a picture: `_B`

MIN_SHARE = 0.9  # the share of all pictures in a folder, so that the others may be no classes


def enter_folders(path: Path) -> Path:
    """Return a folder, or the folder inside it that has all files, as in an unpacked archive.

    A folder with pictures and without a table is not entered, because its name may be a class.
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


def propose(place: Place) -> list[Any]:
    """Return layouts for the pictures of a place.

    Masks, and pictures in folders such as `unlabeled`, are left out. If there is no layout
    without them, they may be images themselves: a folder `mask` may have photos of people. If
    there may be augmented pictures or thumbnails, there are also layouts without them.
    """
    names = place.pictures
    excluded = find_masks(names) | find_in_folders(names, is_unlabeled)
    layouts = propose_excluding(place, names, excluded)
    if not layouts:  # but no layout reads the excluded pictures alone
        remaining = [name for name in names if name not in excluded]
        layouts = [
            each for each in propose_excluding(place, names, {}) if fits_any(each, remaining)
        ]
    versions = find_in_folders(names, is_augmented) | find_twins(names)
    originals = [name for name in names if name not in versions]
    have_training_set = any(
        find_subset(posixpath.dirname(name)) != "test" for name in originals
    )
    if versions and have_training_set:
        layouts = propose_excluding(place, names, excluded | versions) + layouts
    return layouts


def fits_any(layout: Any, names: Sequence[str]) -> bool:
    """Return whether a picture fits one of the patterns of a layout."""
    patterns = [Pattern(text) for text in list_patterns(layout)]
    return any(pattern.fits(name) for name in names for pattern in patterns)


def is_unlabeled(folder: str) -> bool:
    """Return whether a folder has pictures without classes, by its name."""
    return not split_words(folder).isdisjoint(UNLABELED_WORDS)


def is_augmented(folder: str) -> bool:
    """Return whether a folder has augmented pictures, by its name."""
    words = split_words(folder)
    return bool(words & AUGMENTATION_WORDS) and not words & NEGATIONS


def find_twins(names: Iterable[str]) -> dict[str, str]:
    """Return pictures whose paths are those of others if one folder is removed from them.

    For example, `thumbs/cat/1.jpg` and `cat/thumbs/1.png` become `cat/1`, as `cat/1.jpg` does.
    More than half of the pictures in the folder must have such a twin. Each picture is returned
    with the pattern of the folder.
    """
    stems = {posixpath.splitext(name)[0] for name in names}
    by_folder: dict[tuple[int, str], list[str]] = defaultdict(list)
    n_twins: Counter[tuple[int, str]] = Counter()
    for name in names:
        *folders, file = name.split("/")
        stem, _ = posixpath.splitext(file)
        for level, folder in enumerate(folders):
            by_folder[level, folder].append(name)
            shorter = posixpath.join(*folders[:level], *folders[level + 1 :], stem)
            if shorter in stems:
                n_twins[level, folder] += 1
    twins: dict[str, str] = {}
    for (level, folder), same in by_folder.items():
        if n_twins[level, folder] > len(same) / 2:
            twins |= dict.fromkeys(same, f"{'*/' * level}{escape(folder)}/**/*")
    return twins


def find_in_folders(names: Iterable[str], is_meant: Callable[[str], bool]) -> dict[str, str]:
    """Return the pictures in folders with some names, with the pattern of each folder."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[posixpath.dirname(name)].append(name)
    found: dict[str, str] = {}
    for path, same in by_folder.items():
        folders = path.split("/")
        for level, folder in enumerate(folders, 1):
            if is_meant(folder):
                pattern = f"{escape('/'.join(folders[:level]))}/**/*"
                found |= dict.fromkeys(same, pattern)
                break
    return found


def propose_excluding(
    place: Place, pictures: Sequence[str], excluded: Mapping[str, str]
) -> list[Any]:
    """Return layouts for pictures without excluded ones, such as masks.

    Args:
        place: all files.
        pictures: the pictures.
        excluded: the pattern of each picture that the layouts leave out.
    """
    names = [name for name in pictures if name not in excluded]
    # The families with the fewest folders come first.
    found = sorted(find_families(names), key=lambda family: len(family.folders))
    families = choose_families(found)
    if not families:
        return []
    n_levels = families[0].n_levels  # the same for all families
    if n_levels == 0:
        layouts = propose_names(families)
    elif n_levels == 1:
        layouts = propose_one_level(families)
    elif n_levels == 2:
        layouts = propose_two_levels(families)
    else:
        layouts = propose_more_levels(families)
    if layouts and n_levels < 2:
        layouts += propose_lists(place, layouts[0])
    layouts += propose_flat_test_set(names)
    layouts += propose_first_level(names)
    layouts += propose_largest_folder(names)
    unused = sorted(set(excluded.values()))
    if find_matches(unused, names):  # these patterns would leave out other pictures, too
        unused = sorted(map(escape, excluded))
    return [add_unused(layout, unused) for layout in layouts]


def propose_one_level(families: list[Family]) -> list[Any]:
    """Return layouts of pictures in a folder for each class, or perhaps for each day."""
    layouts = [build_layout(families, ["{class}"])]
    [folders] = list_folders(families)
    # The names may have the class. Then the folders are groups, or are ignored if there are too
    # few of them.
    if are_numbered(folders):
        layouts += propose_names(families, ["{group}"]) + propose_names(families, ["*"])
    elif have_codes_of_folders(families):
        layouts += propose_words(families, ["{group}"]) + propose_words(families, ["*"])
    return layouts


def propose_two_levels(families: list[Family]) -> list[Any]:
    """Return layouts of pictures whose folders vary at two levels.

    The outer folders may be groups and the inner folders classes, or the other way round. There
    are also layouts without groups, because there may be too few groups. Both folders together
    may be a class, as in `oak/healthy`.
    """
    outer, inner = list_folders(families)
    inner_may_be_classes = are_numbered(outer) or not are_numbered(inner)
    outer_may_be_classes = are_numbered(inner) or not are_numbered(outer)
    orders = []
    if inner_may_be_classes:
        orders += [["{group}", "{class}"], ["*", "{class}"]]
    if outer_may_be_classes:
        orders += [["{class}", "{group}"], ["{class}", "*"]]
    layouts = [build_layout(families, fields) for fields in orders]
    layouts += propose_equal_folders(families)
    are_both_open = inner_may_be_classes and outer_may_be_classes and vary_inside(families)
    if are_numbered_parts(inner) or are_both_open:
        layouts.append(build_layout(families, ["{class}", "{class}"]))
    return layouts


def vary_inside(families: Iterable[Family]) -> bool:
    """Return whether most folders that vary have several folders inside that vary."""
    pairs: set[tuple[str, str]] = set()
    for family in families:
        outer, inner = family.list_folders()
        pairs.update(zip(outer, inner, strict=True))
    n_inner = Counter(folder for folder, _ in pairs)
    return sum(number > 1 for number in n_inner.values()) > len(n_inner) / 2


def propose_equal_folders(families: list[Family]) -> list[Any]:
    """Return a layout for each outer folder, if all outer folders have the same names of files.

    Then they have the same pictures in several forms, such as colour and grey, or divided into
    classes in several ways. A form may have only some of the pictures, and its own end of their
    names, as `BW/oak/7_B.png` beside `RGB/oak/7.jpg`.
    """
    by_outer: dict[str, list[Family]] = defaultdict(list)
    inner_paths: dict[str, set[str]] = defaultdict(set)  # of the pictures in each outer folder
    for family in families:
        level = family.folders.index("")  # of the outer folders
        names_by_outer: dict[str, list[str]] = defaultdict(list)
        for name in family.names:
            folders = name.split("/")
            outer, inner = folders[level], "/".join(folders[level + 1 :])
            names_by_outer[outer].append(name)
            inner_paths[outer].add(posixpath.splitext(inner)[0])
        for outer, names in names_by_outer.items():
            fixed = (*family.folders[:level], escape(outer), *family.folders[level + 1 :])
            by_outer[outer].append(Family(fixed, names, family.subset))
    paths = max(inner_paths.values(), key=len)
    are_parts = all(
        others <= paths or remove_end(others) <= paths for others in inner_paths.values()
    )
    have_ordinary_names = any(ORDINARY.fullmatch(posixpath.basename(path)) for path in paths)
    if have_ordinary_names or not are_parts:
        return []
    return [build_layout(same, ["{class}"]) for same in by_outer.values()]


def remove_end(paths: set[str]) -> set[str]:
    """Return paths without the end that all of them have, such as `_B`."""
    matches = [END.search(path) for path in paths]
    ends = {match[0] if match else "" for match in matches}
    return {END.sub("", path) for path in paths} if len(ends) == 1 else paths


def propose_more_levels(families: list[Family]) -> list[Any]:
    """Return layouts in which one of several levels that vary is the class.

    Levels of dates, or of numbered words such as `camera1`, are the group. There are also
    layouts without groups, because there may be too few groups.
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
    if are_numbered_parts(levels[-1]):
        fields = [*["*"] * (len(levels) - 2), "{class}", "{class}"]
        layouts.append(build_layout(families, fields))
    return layouts


def are_numbered_parts(folders: Collection[str]) -> bool:
    """Return whether folders may be parts of the class that the folder above names.

    In `greek/letter01/1.png` and `latin/letter01/2.png`, the classes may be greek/letter01 and
    latin/letter01. Numbered words such as `day1` are groups.
    """
    matches = [NUMBERED_FOLDER.fullmatch(name) for name in folders]
    words = {match[1].lower() for match in matches if match}
    return all(matches) and len(words) == 1 and not words & GROUP_WORDS


def name_class(folders: Collection[str]) -> list[str]:
    """Return patterns of folders of classes. `study1_positive` may be the class `positive`."""
    matches = [NUMBERED_WORD.fullmatch(name) for name in folders]
    if not all(matches) or len({match[1] for match in matches if match}) > 1:
        return ["{class}"]
    return ["{class}", "*_{class}"]


def propose_flat_test_set(names: Sequence[str]) -> list[Any]:
    """Return the layout whose test set is a folder in which the names have the class.

    For example, `training/cat/1.png` and `testset/cat_1.png`.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[posixpath.dirname(name)].append(name)
    folders_of_tests = [folder for folder in by_folder if find_subset(folder) == "test"]
    if len(folders_of_tests) != 1:
        return []
    [folder] = folders_of_tests
    others = [name for name in names if posixpath.dirname(name) != folder]
    families = choose_families(find_families(others))
    if not families or families[0].n_levels != 1:
        return []
    [classes] = list_folders(families)
    for pattern in NAMES:
        test = f"{escape(folder)}/{pattern}"
        try:
            matches = find_matches([test], by_folder[folder])
        except LayoutError:  # a name fits in two ways
            continue
        are_classes = {match["class"] for match in matches.values()} <= classes
        if len(matches) == len(by_folder[folder]) and are_classes:
            train = [family.write(["{class}"]) for family in families]
            return [{"train": unlist(train), "test": test}]
    return []


def propose_first_level(names: Sequence[str]) -> list[Any]:
    """Return layouts of pictures in folders of different depths.

    In `cats/1.png` and `dogs/husky/1.png`, the classes may be cats and dogs. In `a/abbey/1.png`
    and `a/church/inside/1.png`, they may also be abbey and church/inside. A folder that has all
    pictures is no class.
    """
    common = posixpath.commonpath(names)
    start = f"{escape(common)}/" if common else ""
    inner = [name.removeprefix(f"{common}/") for name in names]
    first_folders = {name.split("/")[0] for name in inner}
    depths = sorted({name.count("/") for name in inner})
    has_subsets = any(is_subset_name(folder) for folder in first_folders)
    if len(depths) < 2 or depths[0] == 0 or has_subsets:
        return []
    # `{class}/*`, `{class}/*/*` and so on.
    layouts = [[start + "{class}/" + "*/" * (depth - 1) + "*" for depth in depths]]
    lowest = depths[0]
    last_folders = {posixpath.dirname(name) for name in inner if name.count("/") > lowest}
    if lowest > 1 and len(set(map(posixpath.basename, last_folders))) > 1:
        # `*/{class}/*`, `*/{class}/{class}/*` and so on.
        above = start + "*/" * (lowest - 1)
        layouts.append([above + "{class}/" * (depth - lowest + 1) + "*" for depth in depths])
    return layouts


def propose_largest_folder(names: Sequence[str]) -> list[Any]:
    """Return layouts in which the names have the class, if one folder has most pictures.

    For example, nearly all pictures are called as `ships/1__17.png`, and a few are in `scenes`.
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
    # By the path without the set, because `train1.txt` belongs to `test1.txt`.
    train_lists: dict[str, list[str]] = defaultdict(list)
    test_lists: dict[str, list[str]] = defaultdict(list)
    for name in place.files:
        stem, ending = posixpath.splitext(posixpath.basename(name))
        subset = find_subset(stem.replace("trainval", "train"))
        if not subset or ending.lower() not in (".txt", ".lst"):
            continue
        try:
            read_list(place, name, names)
        except (LayoutError, OSError):  # it lists something else, or is a broken link
            continue
        without_set = SUBSET_IN_NAME.sub("", name)
        lists_of_subset = test_lists if subset == "test" else train_lists
        lists_of_subset[without_set].append(name)
    layouts = []
    for without_set, lists in train_lists.items():
        train = [{"list": name} for name in lists]
        if len(test_lists[without_set]) == 1:
            [test] = test_lists[without_set]
            layouts.append({"files": layout, "train": unlist(train), "test": {"list": test}})
    return layouts
