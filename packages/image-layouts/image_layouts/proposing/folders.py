"""Propose layouts in which the folders, or the names, of pictures have the class.

Each level of folders is constant, or names the sets, or varies. One level that varies has the
classes. Several can be read in several ways, which are all shown.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from image_layouts.errors import LayoutError
from image_layouts.files import is_picture_file, list_visible
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import Pattern, escape, find_matches
from image_layouts.layout.reading import Reading
from image_layouts.proposing.sets import (
    DATE,
    SET_WORDS,
    are_sets,
    are_test_and_rest,
    find_set,
)
from image_layouts.proposing.table_format import may_be_table
from image_layouts.proposing.writing import unlist

# Names of pictures that have the class. `questions` says which of them are taken.
NAMES = ["{class}_#.*", "{class}.#.*", "{class}-#.*", "{class} #.*", "{class} (#).*"]
NAMES += ["{class}#.*", "{class}_#*.*", "{class}-#*.*", "{class}_*", "{class}-*"]
# Names of folders that begin or end with a set: `train_cat`, `cat-test`.
SET_OF_CLASS = re.compile(
    rf"(?i)((?:{'|'.join(SET_WORDS)})[\W_]+)?(?:.+?)([\W_]+(?:{'|'.join(SET_WORDS)}))?"
)
SIGNS = re.compile(r"([\W_]+)")
STAR = re.compile(r"(?<![*\[])\*(?![*\]])")
MAX_FIELDS = 8  # of a name
MIN_PER_CLASS = 4  # pictures, on average
MIN_PER_FOLDER = 2  # pictures of a class in a folder, on average
MAX_DEPTHS = 3
MAX_LEVELS = 4  # more levels that vary are not read


class Tree(NamedTuple):
    """Pictures in folders of one depth.

    Attributes:
        names: their paths.
        folders: the different names at each level of folders.
        is_set: whether the names of a level are those of sets.
    """

    names: list[str]
    folders: list[set[str]]
    is_set: list[bool]

    @property
    def varying(self) -> list[int]:
        """The levels that may have classes or groups."""
        levels = enumerate(zip(self.folders, self.is_set, strict=True))
        return [level for level, (names, is_set) in levels if len(names) > 1 and not is_set]

    def write(self, fields: dict[int, str], file: str = "*") -> Any:
        """Return the layout with a field at each level that varies, and parts for the sets."""
        sets = [level for level, is_set in enumerate(self.is_set) if is_set]
        seen = {tuple(name.split("/")[level] for level in sets) for name in self.names}
        parts: dict[str, list[str]] = {"train": [], "test": []}
        for chosen in sorted(seen):
            by_level = dict(zip(sets, map(escape, chosen), strict=True)) | fields
            levels = [
                by_level.get(level, escape(min(names)))
                for level, names in enumerate(self.folders)
            ]
            is_test = find_set(" ".join(chosen)) == "test"
            parts["test" if is_test else "train"].append("/".join([*levels, file]))
        if parts["train"] and parts["test"]:
            return {name: unlist(patterns) for name, patterns in parts.items()}
        return unlist(parts["train"] + parts["test"])


def enter_folders(path: Path) -> Path:
    """Return a folder, or the folder inside it that has all files, as archives have."""
    inside = list_visible(path)
    if len(inside) != 1 or not inside[0].is_dir():
        return path
    inner = list_visible(inside[0])
    has_tables = any(each.is_file() and may_be_table(each.name, each) for each in inner)
    if any(map(is_picture_file, inner)) and not has_tables:  # its name may be a class
        return path
    return enter_folders(inside[0])


def propose(folder: Folder) -> list[Reading]:
    """Return layouts of pictures, for each collection of them."""
    trees = map(make_tree, list_collections(folder.pictures))
    layouts = [layout for tree in trees for layout in propose_tree(tree)]
    tops = {name.split("/")[0] for name in folder.pictures}
    inner = {level for name in folder.pictures for level in name.split("/")[1:-1]}
    has_depths = len({name.count("/") for name in folder.pictures}) > 1
    if has_depths and tops.isdisjoint(inner) and not any(map(find_set, tops)):
        layouts.append("{class}/**/*")  # of `cat/1.jpg` and `dog/anna/1.jpg`
    lists = find_lists(list(folder.files))
    with_lists = [
        {name: {"files": pattern, "list": each} for name, each in lists.items()}
        for pattern in layouts
        if isinstance(pattern, str) and lists
    ]
    return list(map(Reading, [*layouts, *with_lists]))


def find_lists(names: Sequence[str]) -> dict[str, Any]:
    """Return text files such as `meta/train.txt` and `meta/test.txt` by their set, or none."""
    lists: dict[str, list[str]] = {"train": [], "test": []}
    for name in names:
        which = find_set(posixpath.basename(name))
        if which and name.endswith(".txt"):
            lists[which].append(name)
    return {name: unlist(each) for name, each in lists.items()} if all(lists.values()) else {}


def list_collections(names: list[str]) -> Iterator[list[str]]:
    """Yield the pictures of one depth, those in folders of sets, and those in one folder."""
    by_depth: dict[int, list[str]] = defaultdict(list)
    for name in names:
        by_depth[name.count("/")].append(name)
    # Of equally many pictures, those in fewer folders come first.
    for depth in sorted(by_depth, key=lambda each: (-len(by_depth[each]), each))[:MAX_DEPTHS]:
        yield by_depth[depth]
        yield from list_parts(by_depth[depth])


def list_parts(names: list[str]) -> Iterator[list[str]]:
    """Yield the pictures in folders of sets, those of the training set, and of one folder."""
    for level in range(names[0].count("/")):
        by_folder: dict[str, list[str]] = defaultdict(list)
        for name in names:
            by_folder[name.split("/")[level]].append(name)
        if len(by_folder) == 1:
            continue
        by_set: dict[str, list[str]] = defaultdict(list)
        for folder, inside in by_folder.items():
            by_set[find_set(folder)] += inside
        if by_set.keys() >= {"train", "test"}:
            if "" in by_set:
                yield by_set["train"] + by_set["test"]
            yield by_set["train"]  # the test set may have no classes
        if not are_sets(set(by_folder)) and names[0].count("/") > level + 1:
            yield max(by_folder.values(), key=len)
        return


def make_tree(names: list[str]) -> Tree:
    """Return the tree of pictures that have the same number of folders."""
    levels = list(zip(*(name.split("/")[:-1] for name in names), strict=True))
    folders = [set(level) for level in levels]
    is_set = [len(level) > 1 and are_sets(level) for level in folders]
    for number, level in enumerate(folders[:-1]):  # the last one may have classes
        is_set[number] |= are_test_and_rest(level)
    return Tree(names, folders, is_set)


def propose_tree(tree: Tree) -> Iterator[Any]:
    """Yield the layouts of a tree."""
    levels = tree.varying
    if len(levels) > MAX_LEVELS:
        return
    if tree.is_set == [True]:
        yield from write_sets_in_classes(tree.folders[0])
    if not levels:
        files = list(map(posixpath.basename, tree.names))
        for name in find_names(tree.names):
            for each in [name, *dict(list_groups(name, files))]:
                yield tree.write({}, each)
        return
    if len(levels) == 1:
        yield from propose_level(tree, levels[0])
        return
    for level in reversed(levels):  # the folder that a picture lies in comes first
        others = [other for other in levels if other != level]
        for fields in product(["{group}", "*"], repeat=len(others)):
            if fields.count("{group}") <= 1:
                yield tree.write(dict(zip(others, fields, strict=True)) | {level: "{class}"})
    yield tree.write(dict.fromkeys(levels[-2:], "{class}") | dict.fromkeys(levels[:-2], "*"))


def propose_level(tree: Tree, level: int) -> Iterator[Any]:
    """Yield the layouts of a tree in which a single level of folders varies."""
    files = list(map(posixpath.basename, tree.names))
    yield tree.write({level: "{class}"})
    for name, _ in list_groups(next(list_fields(files, "*"), ""), files):
        yield tree.write({level: "{class}"}, name)
    for name in find_names(tree.names, level):
        yield tree.write({level: "{group}"}, name)
        yield tree.write({level: "*"}, name)


def write_sets_in_classes(folders: set[str]) -> Iterator[Any]:
    """Yield the layout of folders whose names have a class and its set, such as `cat_test`."""
    patterns: dict[str, list[str]] = {"train": [], "test": []}
    for name in sorted(folders):
        match = SET_OF_CLASS.fullmatch(name)
        if match is None or not any(match.groups()):
            return
        pattern = f"{escape(match[1] or '')}{{class}}{escape(match[2] or '')}/*"
        patterns[find_set(name)].append(pattern)
    if all(patterns.values()):
        yield {name: unlist(list(dict.fromkeys(each))) for name, each in patterns.items()}


def find_names(names: Sequence[str], level: int | None = None) -> Iterator[str]:
    """Yield the patterns of names with which all names have a class.

    If the folders of a level may have the classes, too, only classes in several are meant.
    """
    files = {name: posixpath.basename(name) for name in names}
    seen: set[Any] = set()
    for text in [*NAMES, *list_fields(list(files.values()))]:
        pattern = Pattern(text)
        try:
            matches = {name: pattern.match(file) for name, file in files.items()}
        except LayoutError:  # a name fits in two ways
            continue
        classes = {name: match["class"] for name, match in matches.items() if match}
        counts = Counter(classes.values())
        if len(classes) < len(names) or not 2 <= len(counts) <= len(names) / MIN_PER_CLASS:
            continue
        if all(map(DATE.search, counts)):  # when a camera has made the pictures
            continue
        if level is not None:
            in_folders = {(each, posixpath.dirname(name)) for name, each in classes.items()}
            is_running = len(in_folders) > len(names) / MIN_PER_FOLDER  # a picture's number
            pairs = {(each, name.split("/")[level]) for name, each in classes.items()}
            n_folders = Counter(class_name for class_name, _ in pairs)
            are_one = all(min(counts, key=len) in name for name in counts)  # `IMG_`, `IMG_E`
            if is_running or are_one or min(n_folders.values()) == 1:
                continue
        if tuple(classes.values()) in seen:
            continue
        seen.add(tuple(classes.values()))
        common_end = posixpath.commonprefix([each[::-1] for each in counts])[::-1]
        end = re.search("[._ -].*", common_end)  # such as `.IMG` in `cat.IMG_1.jpg`
        yield text.replace("{class}", "{class}" + (escape(end[0]) if end else ""))


def list_groups(pattern: str, names: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield a pattern with {group} in place of a `*` whose texts repeat, and these by the name.

    Such as `{group}_{class}_*.*` for `*_{class}_*.*`. The last `*` stands for an ending, or for
    what differs in each name.
    """
    for star in list(STAR.finditer(pattern))[:-1]:
        text = f"{pattern[: star.start()]}{{group}}{pattern[star.end() :]}"
        with suppress(LayoutError):
            found = find_matches([text], names)
            groups = {name: fields["group"] for name, fields in found.items()}
            if 1 < len(set(groups.values())) <= len(groups) / MIN_PER_FOLDER:
                yield text, groups


def list_fields(files: Iterable[str], field: str = "{class}") -> Iterator[str]:
    """Yield the patterns in which one of the fields of names that are alike has the class.

    Such as `*_{class}_*.*`, if all names have two lines between their fields.
    """
    forms = {tuple(SIGNS.findall(posixpath.splitext(file)[0])) for file in files}
    if len(forms) > 1 or not 0 < len(min(forms)) < MAX_FIELDS:
        return
    signs = [*map(escape, min(forms)), ".*"]
    for position in range(len(signs)):
        fields = [field if each == position else "*" for each in range(len(signs))]
        yield "".join(field + sign for field, sign in zip(fields, signs, strict=True))
