"""What the owner of images should look at, although a layout is probably right."""

import posixpath
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import yaml

from image_layouts.errors import shorten
from image_layouts.layout.pattern import escape
from image_layouts.layout.reading import LayoutReading
from image_layouts.proposing.column_hints import hint_at_columns
from image_layouts.proposing.columns import depends_on, is_one_to_one
from image_layouts.proposing.companions import SHARE_FOR_HINT, hint_at_companions
from image_layouts.proposing.file_names import (
    SEPARATORS,
    list_stems,
    may_be_classes,
    split_evenly,
)
from image_layouts.proposing.name_groups import GROUPS_OF_TABLE, add_groups, find_name_groups
from image_layouts.proposing.show import write, write_option
from image_layouts.proposing.words import (
    CAMERA_WORDS,
    GROUP_WORDS,
    MASK_WORDS,
    SET_WORDS,
    TEST_WORDS,
    TRAIN_WORDS,
    VALIDATION_WORDS,
    are_subset_names,
    find_subset,
    split_words,
)
from image_layouts.proposing.writing import unlist
from image_layouts.schema import ArrayPart, Part, TablePart, as_list, parse

# Names of pictures of several kinds, such as `rgb_0001` and `depth_0001`.
WITH_START = re.compile(r"(?P<start>[A-Za-z]{2,}[_-])(?P<base>.*\d.*)")

# The end of the name of a folder with a part of a set, as in `images_part_1`, `imagesa` and
# `flowers-20240501T101010Z-001`, which Google Drive writes.
PART = re.compile(
    r"(?i:(?<![^\W\d_])(part|batch|images|imgs|data)[\s_-]?(\d+|[a-z]))$|\dZ(-\d+)?-\d{3}$"
)

LAST_NUMBER = re.compile(r"[\W_]*\d+$")  # as in `cat_17`
LETTER = re.compile(r"[^\W\d_]")

# Words for pictures that are kept, beside depths and the like.
ORDINARY_KINDS = CAMERA_WORDS | {"rgb", "color", "colour"}

MIN_OTHER_FILES = 0.5  # the smallest number of files with the names of pictures, per picture

# Tables of a contest, which do not say which images are a test set.
ORDINARY_FILE = re.compile(r"(.*/)?(test|sample_?submission)\.csv", re.IGNORECASE)
PEOPLE_WORDS = {"subject", "person", "speaker"}  # people may be classes, as in face recognition
# The endings of files with the same picture in another form.
OTHER_VERSIONS = (".arw", ".cr2", ".cr3", ".dcm", ".dng", ".nef")
LIST_ENDINGS = (".csv", ".json", ".lst", ".mat", ".tsv", ".txt", ".xml")


def find_hints(reading: LayoutReading, layout: Any) -> list[str]:
    """Return what may be wrong with the images of a layout, or with what it does not use."""
    parts = parse(layout).parts
    is_table = any(isinstance(part, TablePart) for part in parts)
    rows = reading.images.rows
    hints = list(hint_at_columns(reading, layout))
    files = list(rows.get("file", []))
    if files:
        patterns = None if is_table else layout
        has_groups = "group" in rows
        # `train/17` is no file, but the picture in row 17 of train.parquet.
        are_in_cells = any(isinstance(part, TablePart) and part.picture for part in parts)
        if not are_in_cells:
            hints += hint_at_folders(rows, patterns)
        companions = list(
            hint_at_companions(files, patterns, has_groups=has_groups, min_share=SHARE_FOR_HINT)
        )
        companions += hint_at_kinds(files, set(rows["class"]))
        hints += companions
        if not companions and not has_groups:
            series = list(hint_at_series(rows, patterns))
            hints += series
            if not series and not is_table:
                hints += hint_at_words(rows)
        hints += hint_at_files_of_pictures(files, reading.unused_files)
        hints += hint_at_unused_folders(rows, reading.unused_pictures)
        hints += hint_at_people(rows, layout)
    for name in reading.unused_arrays:
        hints += hint_at_array(name)
    hints += hint_at_matlab(parts)
    hints += hint_at_test_sets(layout)
    if not rows["test"].any():
        hints += hint_at_lists(reading.unused_files, parts)
        hints += hint_at_validation_set(layout)
    return hints


def hint_at_matlab(parts: Sequence[Part]) -> Iterator[str]:
    """Yield a hint if images are rows of an array of MATLAB, which stores columns first."""
    arrays = [part for part in parts if isinstance(part, ArrayPart)]
    rows = [part for part in arrays if ".mat" in part.images.lower() and "(" in part.axes]
    if rows:
        axes = rows[0].axes
        turned = axes.replace("h w", "w h")
        if turned != axes:
            yield (
                "in a file of MATLAB, images may lie on their side; if they do below, write "
                f"the axes {turned!r} for {axes!r}"
            )


def hint_at_array(name: str) -> Iterator[str]:
    """Yield a hint if an unused array may have sets or groups."""
    words = split_words(posixpath.basename(name))
    if words & SET_WORDS and words & {"is", "split", "set", "fold", "partition"}:
        yield f"the array {name} may say which images are the test set"
    elif words & GROUP_WORDS or words & {"id", "ids"}:
        yield f"the array {name} may be the groups; if so, write `group` into the layout"


def hint_at_series(rows: pd.DataFrame, layout: Any) -> Iterator[str]:
    """Yield a hint if several pictures show the same thing, as their names say.

    Args:
        rows: the images.
        layout: the layout, if it has patterns, and None if it has a table.
    """
    groups = find_name_groups(rows)
    if groups is None:
        return
    sizes = Counter(groups.values.values())
    several = [name for name, value in groups.values.items() if sizes[value] > 1]
    # One of the smallest group, because the largest may be of other pictures.
    name = min(several, key=lambda each: sizes[groups.values[each]])
    value = groups.values[name]
    with_groups = add_groups(layout, groups) if layout and groups.pattern else None
    things = rows["file"].map(groups.values)
    # Equal values in different folders may be the same thing, or not.
    counts = sorted({things.nunique(), groups.n_groups})
    are_the_same_in_all_folders = things.nunique() == groups.n_groups
    if are_the_same_in_all_folders and rows["test"].groupby(things).nunique().max() > 1:
        remedy = "the training set and the test set share some of them"
    elif layout is None:
        remedy = GROUPS_OF_TABLE
    elif with_groups:
        remedy = f"run: digits start {write_option(with_groups)}"
    else:
        remedy = f"let the pattern of the layout have {{group}} for {value}"
    yield (
        f"{len(groups.values)} pictures are called like {posixpath.basename(name)}, and may "
        f"show only {' to '.join(map(str, counts))} things, such as {value}; if so, {remedy}"
    )


def hint_at_words(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a hint if each word in the names of pictures is in several classes.

    In `anna/cat_1.png`, `ben/cat_2.png`, `carl/dog_3.png` and `dora/dog_4.png`, the folders
    were taken for classes, but these may be cat and dog. If each word stands for a folder, as
    in `train/cat/tr_1.png` and `eval/cat/ev_1.png`, it is no class.
    """
    stems = list_stems(rows["file"])
    folders = [posixpath.dirname(name).split("/") for name in rows["file"]]
    levels = [pd.Series(folders_of_level) for folders_of_level in zip(*folders, strict=False)]
    candidates = [tuple(LAST_NUMBER.sub("", stem) for stem in stems)]
    for separator in SEPARATORS:
        candidates += split_evenly(stems, separator)
    for words in candidates:
        distinct = sorted(set(words))
        have_letters = all(map(LETTER.search, distinct))
        are_of_cameras = all(split_words(word) <= CAMERA_WORDS for word in distinct)
        pairs = set(zip(words, rows["class"], strict=True))
        n_classes_by_word = Counter(word for word, _ in pairs)
        are_shared = min(n_classes_by_word.values()) > 1
        are_usual = are_of_cameras or are_subset_names(distinct)
        are_folders = any(is_one_to_one(pd.Series(words), level) for level in levels)
        are_known = are_usual or are_folders
        if may_be_classes(words) and have_letters and are_shared and not are_known:
            yield (
                f"the names of pictures in several classes have the words {shorten(distinct)}; "
                "let the pattern of the layout have {class} for them if they are the classes, "
                "and {group} if pictures with the same word belong together"
            )
            return


def hint_at_kinds(files: list[str], classes: set[str]) -> Iterator[str]:
    """Yield a hint if most pictures are of several kinds, as their first words say.

    Args:
        files: the pictures.
        classes: the classes. A beginning of one of them is no kind.
    """
    starts: dict[str, set[str]] = defaultdict(set)  # by the path without the first word
    for file in files:
        folder, name = posixpath.split(file)
        match = WITH_START.fullmatch(posixpath.splitext(name)[0])
        if match:
            starts[posixpath.join(folder, match["base"])].add(match["start"])
    several = [each for each in starts.values() if len(each) > 1]
    n_several = sum(map(len, several))
    if n_several <= len(files) / 2:
        return
    kinds = sorted(set.union(*several))
    with_separators = [f"{name}{separator}" for name in classes for separator in "_-"]
    others = [
        kind
        for kind in kinds
        if not split_words(kind) & ORDINARY_KINDS
        and not any(name.startswith(kind) for name in with_separators)
    ]
    if others and not any(map(find_subset, kinds)):
        yield (
            f"{n_several} pictures differ only in the beginnings {shorten(kinds)} of their "
            "names; if some of them are depths, masks or the like, write into the layout: "
            f"unused: '**/{others[0]}*'"
        )


def hint_at_folders(rows: pd.DataFrame, layout: Any) -> Iterator[str]:
    """Yield a hint if folders are not used, and may be groups or the real classes.

    A level of folders is skipped if its folders are parts of a set, or if, in each set, it
    follows from the classes or the groups.

    Args:
        rows: the images.
        layout: the layout, if it has patterns, and None if it has a table.
    """
    paths = [posixpath.dirname(name).split("/") for name in rows["file"]]
    if len(set(map(len, paths))) > 1:
        return
    sets = rows["test"].astype(str)
    known = [rows[name] + sets for name in ("class", "group") if name in rows]
    if layout is None:
        advice = f"if they are people or days, {GROUPS_OF_TABLE}"
    else:
        advice = (
            "if they are classes, people or days, let the pattern of the layout have {class} "
            "or {group} for them"
        )
    for level, folders_of_level in enumerate(zip(*paths, strict=True)):
        names = sorted(set(folders_of_level) - {""})  # "" if a picture is in no folder
        if are_subset_names(names) or all(map(PART.search, names)):
            continue
        folders = pd.Series(folders_of_level, rows.index)
        if any(depends_on(folders, values) for values in known):
            continue
        pairs = zip(folders_of_level, rows["class"], strict=True)
        if all(class_name in folder for folder, class_name in pairs):  # by `*_{class}`
            continue
        subsets = [name for name in names if find_subset(name) and not is_of_training(name)]
        if subsets and layout is None:  # the table says which images are of which set
            continue
        if subsets:
            advice = f"if {subsets[0]} is the test set, give its pattern by `--test`; {advice}"
        else:
            advice = advise_two_sets(folders, rows["class"], layout, level) + advice
        yield f"the folders {shorten(names[:5])} are not used; {advice}"
        return


def is_of_training(name: str) -> bool:
    """Return whether the name of a folder has a word for a training set."""
    return not split_words(name).isdisjoint(TRAIN_WORDS)


def advise_two_sets(folders: pd.Series, classes: pd.Series, layout: Any, level: int) -> str:
    """Return how to make the smaller one of two folders the test set, or "".

    Each folder must have all classes. Words for sets are known only in English.

    Args:
        folders: the folder of each image.
        classes: the class of each image.
        layout: the layout.
        level: how many folders are above the two.
    """
    names = layout.split("/") if isinstance(layout, str) else []
    n_classes = classes.groupby(folders).nunique()
    if names[level : level + 1] != ["*"] or n_classes.tolist() != [classes.nunique()] * 2:
        return ""
    larger, smaller = folders.value_counts().index
    train, test = (
        "/".join([*names[:level], escape(name), *names[level + 1 :]])
        for name in (larger, smaller)
    )
    return (
        f"if {smaller} is the test set, run: digits start {write_option(train)} --test "
        f"{shlex.quote(test)}; "
    )


def hint_at_unused_folders(rows: pd.DataFrame, unused: list[str]) -> Iterator[str]:
    """Yield a hint if unused pictures are in folders with the names of classes."""
    classes = set(rows["class"])
    used = {tuple(name.split("/")[-2:]) for name in rows["file"]}  # such as ("cat", "1.jpg")
    found = []
    for name in unused:
        folder, file = posixpath.split(name)
        class_name = posixpath.basename(folder)
        is_mask = bool(split_words(name) & MASK_WORDS)
        is_copy = (class_name, file) in used  # probably
        if class_name in classes and not is_mask and not is_copy:
            found.append(name)
    if found:
        yield f"{len(found)} pictures in folders of classes are not used, first {found[0]}"


def hint_at_people(rows: pd.DataFrame, layout: Any) -> Iterator[str]:
    """Yield a hint if the groups are people, who may be the classes themselves.

    In datasets for face recognition, each person has pictures in each class.
    """
    text = write(layout)
    if "{group}" not in text or "{class}" not in text or "group" not in rows:
        return
    groups = set(rows["group"])
    pairs = rows[["class", "group"]].drop_duplicates()
    has_all_pairs = len(pairs) == len(groups) * rows["class"].nunique()
    if has_all_pairs and all(split_words(name) & PEOPLE_WORDS for name in groups):
        swapped = text.replace("{group}", "{G}").replace("{class}", "{group}")
        swapped = swapped.replace("{G}", "{class}")
        yield (
            f"if the groups, such as {rows['group'].iloc[0]}, are the classes, run: "
            f"digits start {write_option(yaml.safe_load(swapped))}"
        )


def hint_at_files_of_pictures(pictures: list[str], files: list[str]) -> Iterator[str]:
    """Yield a hint if many pictures have another file, such as `1.json` or `1.jpg.json`."""
    names = {posixpath.basename(picture) for picture in pictures}
    names_and_stems = names | {posixpath.splitext(name)[0] for name in names}
    stems = {file: posixpath.splitext(posixpath.basename(file))[0] for file in files}
    found = [
        file
        for file, stem in stems.items()
        if stem in names_and_stems and not file.lower().endswith(OTHER_VERSIONS)
    ]
    if len(found) >= MIN_OTHER_FILES * len(pictures):
        yield (
            f"{len(found)} files are called like pictures, first {found[0]}; if they say the "
            "classes, write a table with the columns file and class"
        )


def hint_at_lists(files: list[str], parts: Sequence[Part]) -> Iterator[str]:
    """Yield a hint if unused files may say which images are a test set.

    `Testing_set.csv` beside the table `Training_set.csv` has other pictures, without classes.

    Args:
        files: the unused files.
        parts: the parts of the layout. With tables, it cannot have the key `list`.
    """
    tables = [name for part in parts if isinstance(part, TablePart) for name in part.table]
    words_of_tables = [split_words(name) - SET_WORDS for name in tables]
    set_words = TEST_WORDS | {"split", "partition", "setid", "te"}
    found = [
        name
        for name in files
        if name.lower().endswith(LIST_ENDINGS)
        and split_words(posixpath.splitext(posixpath.basename(name))[0]) & set_words
        and not ORDINARY_FILE.fullmatch(name)
        and split_words(name) - SET_WORDS not in words_of_tables
    ]
    if found:
        remedy = ""
        if tables:
            remedy = "; if so, add a column with the words train and test to the table"
        elif all(name.lower().endswith((".lst", ".txt")) for name in found):
            remedy = (
                "; if they list paths, see `list` in image-layouts/docs/layout.md; "
                "if they list ids, see "
                "“Add the test set of a list of ids” in image-layouts/docs/your-own.md"
            )
        yield f"{shorten(found)} may say which images are a test set{remedy}"


def hint_at_test_sets(layout: Any) -> Iterator[str]:
    """Yield a hint if several folders are a test set, as `test` and `auto_test`."""
    patterns = as_list(layout.get("test", [])) if isinstance(layout, dict) else []
    if len(patterns) > 1 and all(isinstance(pattern, str) for pattern in patterns):
        yield (
            f"the test set is that of {shorten(patterns)}; if one has the pictures of another "
            "in another form, write it into the key `unused`"
        )


def hint_at_validation_set(layout: Any) -> Iterator[str]:
    """Yield a hint if folders of a validation set are read as training images."""
    keys = layout if isinstance(layout, dict) else {"files": layout}
    patterns = as_list(keys.get("files", []))
    validation = [pattern for pattern in patterns if split_words(pattern) & VALIDATION_WORDS]
    train = [pattern for pattern in patterns if pattern not in validation]
    if validation and train:
        others = {key: value for key, value in keys.items() if key != "files"}
        sets = {"train": unlist(train), "test": unlist(validation)}
        yield (
            f"the validation set, {validation[0]}, is read as training images; to make it the "
            f"test set, run: digits start {write_option(sets | others)}"
        )
