"""Propose layouts in which the paths of pictures say what they are."""

import filecmp
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digits.data.layout.listing import list_visible
from digits.data.layout.pattern import Pattern, find_matches, quote
from digits.data.layout.place import Place
from digits.data.layout.read_files import read_list
from digits.imaging.pictures import is_picture_file
from digits.proposing.table_format import may_be_table
from digits.proposing.words import are_numbered, are_sets, find_role, names_set
from digits.settings.errors import UserError

# How names of pictures may begin with the class. The first that fits is proposed.
NAMES = [
    "{class}__#.*",
    "{class}_#.*",
    "{class}.#.*",
    "{class}-#.*",
    "{class} #.*",
    "{class} (#).*",
    "{class}#.*",
    "{class}_*",
    "{class}.*",
    "{class}-*",
]
MIN_PER_CLASS = 4
N_COMPARED = 50  # files, to find out whether two folders have the same ones

# The name of a mask, which shows where something is in the picture beside it.
MASK_NAME = re.compile(r"(.+)_(mask|segmentation)(_\d+)?")
MASK_FOLDER = re.compile(r"(^|/)(masks|ground_truth)(?=/)", re.IGNORECASE)
SLASH = re.compile("/")

# Of two sets that have other names than `train` and `test`, the training set has so many times
# the pictures of the test set.
MIN_RATIO = 1.5


class Family(NamedTuple):
    """Pictures whose folders vary at the same levels.

    Attributes:
        folders: the pattern of each folder on their paths, or "" where they vary.
        names: their paths.
        role: the set that the folders name, or "".
    """

    folders: tuple[str, ...]
    names: list[str]
    role: str

    @property
    def n_levels(self) -> int:
        """The number of levels that vary."""
        return self.folders.count("")

    def write(self, fields: Sequence[str], name: str = "*") -> str:
        """Return the pattern in which the levels that vary are fields."""
        left = iter(fields)
        return "/".join([*(folder or next(left) for folder in self.folders), name])

    def count_names(self, level: int) -> Counter[str]:
        """Return the folders of a level that varies, and how many pictures they have."""
        index = [i for i, folder in enumerate(self.folders) if not folder][level]
        return Counter(name.split("/")[index] for name in self.names)


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


def propose(place: Place) -> list[Any]:
    """Return layouts for the pictures of a place, as they are written in params.yaml."""
    masks = find_masks(place.pictures)
    names = [name for name in place.pictures if name not in masks]
    found = drop_copies(find_families(names), place)
    families = choose_families(found)
    if not families:
        return []
    if families[0].n_levels == 0:
        layouts = propose_names(families)
    elif families[0].n_levels == 1:
        layouts = [assign(chosen, ["{class}"]) for chosen in choose_depths(families)]
        layouts += propose_lists(place, layouts[0])
        if are_numbered(set().union(*(family.count_names(0) for family in families))):
            layouts += propose_names(families, ["{group}"])
    elif families[0].n_levels == 2:
        layouts = propose_two_levels(families)
    else:
        layouts = propose_one_of_levels(families)
    layouts += propose_first_level([name for family in found for name in family.names])
    unused = sorted({generalize_mask(name) for name in masks})
    if find_matches(unused, names):  # others are called so, too
        unused = sorted(map(quote, masks))
    return [add_unused(layout, unused) for layout in layouts]


def add_unused(layout: Any, patterns: Sequence[str]) -> Any:
    """Return a layout with more patterns of unused pictures."""
    if not patterns:
        return layout
    keys = layout if isinstance(layout, dict) else {"files": layout}
    return keys | {"unused": [*keys.get("unused", []), *patterns]}


def find_masks(names: Iterable[str]) -> set[str]:
    """Return the masks among pictures.

    They are beside their pictures, such as `1_mask.png` and `1.png`, or in a folder `masks`
    beside a folder `images`, or in a folder `ground_truth`.
    """
    stems = {posixpath.splitext(name)[0] for name in names}
    folders = {name[: match.end()].lower() for name in names for match in SLASH.finditer(name)}
    found = set()
    for name in names:
        folder, file_name = posixpath.split(name)
        match = MASK_NAME.fullmatch(posixpath.splitext(file_name)[0])
        if match is not None and posixpath.join(folder, match[1]) in stems:
            found.add(name)
        for inner in MASK_FOLDER.finditer(name):
            images = f"{name[: inner.start(2)]}images/".lower()
            if inner[2].lower() == "ground_truth" or images in folders:
                found.add(name)
    return found


def generalize_mask(name: str) -> str:
    """Return the pattern of masks such as this one."""
    folder = MASK_FOLDER.search(name)
    if folder is not None:
        is_direct = name.count("/", folder.end()) == 1
        return f"**/{folder[2]}/*" if is_direct else f"**/{folder[2]}/**/*"
    match = MASK_NAME.fullmatch(posixpath.splitext(posixpath.basename(name))[0])
    assert match is not None
    number = "_#" if match[3] else ""
    return f"**/*_{match[2]}{number}.*"


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
        before: the patterns of the first folders, or "" where they vary.
        role: the set that the first folders name, or "".
    """
    level = len(before)
    if level == names[0].count("/"):
        return [Family(before, names, role)]
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[name.split("/")[level]].append(name)
    if len(by_folder) > 1 and not are_sets(list(by_folder)):
        return split(names, (*before, ""), role)
    # Beside `rps-test-set`, `rps` is the training set.
    other = "train" if len(by_folder) > 1 and not any(map(names_set, by_folder)) else role
    families = []
    for folder, inner in sorted(by_folder.items()):
        families += split(inner, (*before, quote(folder)), find_role(folder) or other)
    return families


def drop_copies(families: list[Family], place: Place) -> list[Family]:
    """Return families without those that have the same files as others, but deeper.

    An archive may have been unpacked twice.
    """
    kept: list[Family] = []
    seen: dict[tuple[str, int], Path] = {}  # by name and size
    for family in sorted(families, key=lambda each: len(each.folders)):
        is_deeper = bool(kept) and len(family.folders) > len(kept[0].folders)
        if is_deeper or len(families) > 1:
            paths = [place.files[name] for name in family.names]
            files = {(path.name, path.stat().st_size): path for path in paths}
            if is_deeper and files.keys() <= seen.keys() and are_equal(files, seen):
                continue
            seen |= files
        kept.append(family)
    return kept


def are_equal(files: Mapping[Any, Path], others: Mapping[Any, Path]) -> bool:
    """Return whether some files have the same content as others with the same keys."""
    sample = list(files)[:: max(1, len(files) // N_COMPARED)]
    return all(filecmp.cmp(files[key], others[key], shallow=False) for key in sample)


def choose_families(families: list[Family]) -> list[Family]:
    """Return the families that have classes: most pictures vary at so many levels.

    Without such families, all are returned.
    """
    counts: Counter[int] = Counter()
    for family in families:
        counts[family.n_levels] += len(family.names) if family.n_levels else 0
    if not counts.total():
        return families
    [(n_levels, _)] = counts.most_common(1)
    chosen = [family for family in families if family.n_levels == n_levels]
    for family in families:
        if family.n_levels == n_levels - 1:
            chosen += adopt(family, chosen)
    with_role = [family for family in chosen if family.role]
    n_with_role = sum(len(family.names) for family in with_role)
    n_others = sum(len(family.names) for family in chosen) - n_with_role
    return with_role if n_with_role > n_others else chosen


def adopt(family: Family, others: Sequence[Family]) -> list[Family]:
    """Return a family in which one more folder varies, as in others, if there are such others.

    A class may have fewer folders than the others, as `one/1.png` beside `two/images/1.png`, or
    be the only one of a set, as `train/good/1.png` beside `test/good/1.png`.
    """
    for level, folder in enumerate(family.folders):
        folders = (*family.folders[:level], "", *family.folders[level + 1 :])
        if folder and any(
            folders[: level + 1] == other.folders[: level + 1]
            or drop_sets(folders) == drop_sets(other.folders)
            for other in others
        ):
            return [family._replace(folders=folders)]
    return []


def drop_sets(folders: Iterable[str]) -> list[str]:
    """Return folders, of which those that name a set are all called the same."""
    return ["*" if folder and names_set(folder) else folder for folder in folders]


def choose_depths(families: list[Family]) -> list[list[Family]]:
    """Return all families and, if deeper ones may have thumbnails of others, these others."""
    depth = min(len(family.folders) for family in families)
    shallow = [family for family in families if len(family.folders) == depth]
    names = Counter(posixpath.basename(name) for family in shallow for name in family.names)
    deep = [
        posixpath.basename(name)
        for family in families
        for name in family.names
        if family not in shallow
    ]
    are_numbers = max(names.values()) > 1  # the pictures of each folder are only numbered
    n_same = sum(name in names for name in deep)
    return [families, shallow] if not are_numbers and n_same > len(deep) / 2 else [families]


def assign(families: Iterable[Family], fields: Sequence[str], name: str = "*") -> Any:
    """Return the layout in which the levels that vary are fields.

    The sets are those that the folders name, unless the training set would have one class.
    """
    by_role: dict[bool, list[Family]] = {False: [], True: []}
    for family in families:
        by_role[family.role == "test"].append(family)
    train, test = by_role[False], by_role[True]
    if not test or not vary(train):
        return write_patterns([*train, *test], fields, name)
    return {
        "train": write_patterns(train, fields, name),
        "test": write_patterns(test, fields, name),
    }


def vary(families: Sequence[Family]) -> bool:
    """Return whether there are families, and several folders at a level that varies, if any."""
    n_levels = families[0].n_levels if families else -1
    names = [
        set().union(*(family.count_names(level) for family in families))
        for level in range(n_levels)
    ]
    return n_levels == 0 or any(len(each) > 1 for each in names)


def write_patterns(families: Iterable[Family], fields: Sequence[str], name: str) -> Any:
    """Return the patterns of families, or the pattern of a single one."""
    patterns = [family.write(fields, name) for family in families]
    return patterns if len(patterns) > 1 else patterns[0]


def propose_lists(place: Place, layout: Any) -> list[Any]:
    """Return the layout with the test set that lists such as `meta/test.txt` name."""
    if isinstance(layout, dict):
        return []
    names = find_matches([layout] if isinstance(layout, str) else layout, place.pictures)
    by_kind: dict[str, dict[str, list[str]]] = {}
    for name in place.files:
        stem, ending = posixpath.splitext(posixpath.basename(name))
        role = find_role(stem.replace("trainval", "train"))
        if role and ending.lower() in (".txt", ".lst"):
            try:
                read_list(place, name, names)
            except UserError:
                continue  # it lists something else
            kinds = by_kind.setdefault(remove_role(name), {"train": [], "test": []})
            kinds[role].append(name)
    return [
        {
            "files": layout,
            "train": write_lists(lists["train"]),
            "test": {"list": lists["test"][0]},
        }
        for lists in by_kind.values()
        if lists["train"] and len(lists["test"]) == 1
    ]


def write_lists(names: list[str]) -> Any:
    """Return the parts of a training set that lists name. `trainval` has all of it."""
    whole = [name for name in names if "trainval" in name or "train_val" in name]
    parts = [{"list": name} for name in whole or names]
    return parts if len(parts) > 1 else parts[0]


def remove_role(name: str) -> str:
    """Return the name of a list without the set, so that `train1` and `test1` are the same."""
    return re.sub(r"train_?val|train|test|val", "", name)


def propose_two_levels(families: list[Family]) -> list[Any]:
    """Return layouts of pictures whose folders vary at two levels.

    Of the classes and the groups, either may be the outer folders. Of two outer folders, one
    may be a test set whose name is in another language. Outer folders with the same pictures
    may be versions of them, such as `color` and `grayscale`.
    """
    outer, inner = (
        set().union(*(family.count_names(level) for family in families)) for level in (0, 1)
    )
    # Without `{group}` if there are too few groups.
    orders = [
        [["{group}", "{class}"], ["*", "{class}"]],
        [["{class}", "{group}"], ["{class}", "*"]],
    ]
    if are_numbered(outer) != are_numbered(inner):
        return [assign(families, fields) for fields in orders[are_numbered(inner)]]
    layouts = [assign(families, fields) for order in orders for fields in order]
    if len(families) > 1 or families[0].role:
        return layouts
    [family] = families
    counts = family.count_names(0).most_common()
    if len(counts) == 2 and counts[0][1] >= MIN_RATIO * counts[1][1]:
        train, test = (family.write([quote(name), "{class}"]) for name, _ in counts)
        layouts.append({"train": train, "test": test})
    if are_versions(family):
        layouts += [family.write([quote(name), "{class}"]) for name in sorted(outer)]
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
    names = Counter(posixpath.basename(stem) for stem in first)
    if max(names.values()) > 1:  # the pictures of each folder are only numbered
        return False
    return all(len(stems & first) > len(first) / 2 for stems in others)


def propose_one_of_levels(families: list[Family]) -> list[Any]:
    """Return layouts in which one of several levels that vary is the class.

    Levels of dates, or of numbered cameras or the like, are the group.
    """
    n_levels = families[0].n_levels
    names = [
        set().union(*(family.count_names(level) for family in families))
        for level in range(n_levels)
    ]
    others = ["{group}" if are_numbered(each) else "*" for each in names]
    return [
        assign(families, [*others[:level], "{class}", *others[level + 1 :]])
        for level in range(n_levels)
    ]


def propose_first_level(names: list[str]) -> list[Any]:
    """Return the layout in which the first folder is the class, if the depths differ.

    In `cats/1.png` and `dogs/husky/1.png`, the classes are cats and dogs, or cats and huskies.
    """
    depths = sorted({name.count("/") for name in names})
    has_sets = any(names_set(name.split("/")[0]) for name in names)
    if len(depths) < 2 or depths[0] == 0 or has_sets:
        return []
    return [["{class}/" + "*/" * (depth - 1) + "*" for depth in depths]]


def propose_names(families: list[Family], fields: Sequence[str] = ()) -> list[Any]:
    """Return layouts of pictures whose names begin with the class.

    Args:
        families: the pictures.
        fields: those of the folders that vary.
    """
    n_pictures = sum(len(family.names) for family in families)
    layouts = []
    for name in NAMES:
        fitting = [family for family in families if fits(family, name, fields)]
        if sum(len(family.names) for family in fitting) >= n_pictures / 2:
            layouts.append(assign(fitting, fields, drop_common_end(fitting, name, fields)))
    return layouts or propose_words(families, fields)


def propose_words(families: list[Family], fields: Sequence[str]) -> list[Any]:
    """Return layouts in which one word of the names is the class, as in `0_anna_17.png`.

    All names have the same number of words.
    """
    names = [posixpath.basename(each) for family in families for each in family.names]
    for separator in ("__", "_", "-", "."):
        rows = [posixpath.splitext(name)[0].split(separator) for name in names]
        if len({len(words) for words in rows}) > 1 or len(rows[0]) < 2:
            continue
        columns = [set(words) for words in zip(*rows, strict=True)]
        patterns = [
            separator.join(["*"] * level + ["{class}"] + ["*"] * (len(columns) - level - 1))
            for level, words in enumerate(columns)
            if 2 <= len(words) <= len(names) / MIN_PER_CLASS
        ]
        if patterns:
            return [assign(families, fields, f"{pattern}.*") for pattern in patterns]
    return []


def fits(family: Family, name: str, fields: Sequence[str]) -> bool:
    """Return whether all pictures of a family fit a pattern, with enough of each class."""
    pattern = Pattern(family.write(fields, name))
    try:
        found = [pattern.match(each) for each in family.names]
    except UserError:
        return False
    matches = [match for match in found if match is not None]
    if len(matches) < len(found) or all(repeats_group(match) for match in matches):
        return False
    classes = {match["class"] for match in matches}
    have_dates = any(re.search(r"[_. -]\d{4}", name) for name in classes)
    return 2 <= len(classes) <= len(found) / MIN_PER_CLASS and not have_dates


def repeats_group(fields: Mapping[str, str]) -> bool:
    """Return whether the class is the group, as in `cat/cat_1.jpg`."""
    return fields["class"].rstrip("._- ") == fields.get("group")


def drop_common_end(families: Iterable[Family], name: str, fields: Sequence[str]) -> str:
    """Return a pattern without what is at the end of all classes, such as `.IMG`."""
    patterns = [family.write(fields, name) for family in families]
    names = [each for family in families for each in family.names]
    classes = {match["class"] for match in find_matches(patterns, names).values()}
    end = posixpath.commonprefix([each[::-1] for each in classes])[::-1]
    common = re.search(r"[._ -].*", end)
    return name.replace("{class}", "{class}" + quote(common.group())) if common else name
