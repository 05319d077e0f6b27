"""Why a layout is probably not what the owner of the images means."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

import pandas as pd

from image_layouts.errors import shorten
from image_layouts.layout.place import Place
from image_layouts.layout.reading import LayoutReading
from image_layouts.proposing.columns import are_picture_names
from image_layouts.proposing.words import (
    CAMERA_WORDS,
    CONTAINER_WORDS,
    COPY_WORDS,
    DATE,
    NUMBERED_WORD,
    PART_WORDS,
    SENSOR_WORDS,
    UNLABELED_WORDS,
    are_codes,
    are_numbered,
    are_subset_names,
    find_subset,
    is_subset_name,
    split_words,
)
from image_layouts.schema import Part, TablePart

# The end of the name of a part, as in `faces_part1`.
NUMBERED_PART = re.compile(r"(?i:(?<![^\W\d_])(part|batch)[\s_-]?\d+$)")

# Letters and two numbers, as in `IMG_2024_17`.
TWO_NUMBERS = re.compile(r"[^\W\d].*\d\D+\d")
FIRST_LETTERS = re.compile(r"[^\W\d_]*")

NUMBER_OR_SITE = re.compile(r"[^\W\d_]?\d+")  # 2, s2

FRACTION = re.compile(r"\d*[.,]\d*[1-9]\d*")  # 0.5, but not 1.0

# If text of another encoding is read as Latin-1, most characters are signs or have accents.
SIGN = re.compile("[\x80-\xaf\xb1-\xbf]")  # but `90°` has a sign
ACCENT = re.compile("[\xc0-\xff]")


def find_doubts(place: Place, parts: Sequence[Part], reading: LayoutReading) -> list[str]:
    """Return why a layout is doubtful. A doubtful layout is never chosen alone.

    Args:
        place: all files.
        parts: the parts of the layout.
        reading: what the layout says of the images.
    """
    rows = reading.images.rows
    names = sorted(rows["class"].unique())
    doubts = list(doubt_names(names))
    doubts += doubt_encoding(names, parts)
    doubts += doubt_minus_one(names)
    doubts += doubt_fractions(names)
    doubts += doubt_subsets(rows)
    doubts += doubt_names_of_subsets(rows)
    doubts += doubt_test_set(rows)
    doubts += doubt_unused_test_set(rows, reading.unmatched)
    doubts += doubt_folders_of_test_set(rows)
    doubts += doubt_unused_folders(rows, reading.unmatched)
    doubts += doubt_ids(rows, place, reading.unused_files)
    doubts += doubt_class_files(rows, reading.unused_files)
    return doubts


def doubt_names(names: list[str]) -> Iterator[str]:
    """Yield a doubt if the names of classes look like those of other things, such as days."""
    words = [split_words(name) for name in names]
    all_words = set.union(*words)
    without_numbers = {re.sub(r"\d+", "", name) for name in names}
    differ_in_numbers = len(names) > 1 and len(without_numbers) == 1
    subsets = {find_subset(name) for name in names}
    name_both_subsets = subsets == {"train", "test"}  # such as `train_cat` and `test_dog`
    are_days = are_numbered(set(names)) or all(DATE.match(name) for name in names)
    are_cameras = all(each and each <= CAMERA_WORDS for each in words)  # `IMG` and `DSC`
    are_parts = any(map(NUMBERED_PART.search, names)) or (
        differ_in_numbers and not all_words.isdisjoint(PART_WORDS)
    )
    # Such as `study1_negative`, `study1_positive` and `study2_positive`.
    repeat_words = 1 < len(without_numbers) < len(names) and are_numbered_words(names)
    # Such as `images` beside `masks` or `resized`.
    are_containers = any(each and each <= CONTAINER_WORDS for each in words)
    are_sensors = all(each and each <= SENSOR_WORDS for each in words)
    are_sides = {name.lower() for name in names} == {"left", "right"}
    are_pictures = differ_in_numbers and all(TWO_NUMBERS.search(name) for name in names)
    are_no_classes = (
        are_subset_names(names)
        or name_both_subsets
        or not all_words.isdisjoint(UNLABELED_WORDS)
        or are_days
        or are_codes(names)
        or are_cameras
        or are_sensors
        or are_sides
        or are_twins(names)
        or are_parts
        or repeat_words
        or are_pictures
        or are_containers
    )
    if are_no_classes:
        yield f"{shorten(names)} would be classes"


def are_twins(names: Sequence[str]) -> bool:
    """Return whether half of the names are those of copies, as `hole_rotation` of `hole`."""
    ends = [
        twin.removeprefix(name)
        for name, twin in permutations(names, 2)
        if twin.startswith(f"{name}_")
    ]
    have_same_end = len(set(ends)) == 1 and len(names) == 2 * len(ends)
    return have_same_end and bool(split_words(ends[0]) & COPY_WORDS)


def are_numbered_words(names: Sequence[str]) -> bool:
    """Return whether each name is a numbered word and another word, as `study1_positive` is."""
    matches = [NUMBERED_WORD.fullmatch(name) for name in names]
    return all(matches) and len({match[1] for match in matches if match}) == 1


def doubt_encoding(names: list[str], parts: Sequence[Part]) -> Iterator[str]:
    """Yield a doubt if a class of a table that was read as Latin-1 may be in another encoding.

    The names of folders are in UTF-8.
    """
    if not any(isinstance(part, TablePart) and part.encoding == "latin-1" for part in parts):
        return
    wrong = [
        name
        for name in names
        if SIGN.search(name) or len(ACCENT.findall(name)) > max(1, len(name) / 2)
    ]
    if wrong:
        yield f"the class {wrong[0]} may be in another encoding than latin-1, such as gbk"


def doubt_minus_one(names: list[str]) -> Iterator[str]:
    """Yield a doubt if the class -1 may stand for no class."""
    others = [name for name in names if name != "-1"]
    are_flags = others == ["1"]  # -1 and 1 stand for no and yes
    if len(others) < len(names) and all(map(str.isdecimal, others)) and not are_flags:
        yield "the class -1 may stand for none; if so, name its rows in the key `unused`"


def doubt_fractions(names: list[str]) -> Iterator[str]:
    """Yield a doubt if classes are fractions, as probabilities and grades are."""
    if any(map(FRACTION.fullmatch, names)):
        yield "fractions would be classes, which may be a quantity"


def doubt_subsets(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a doubt if pictures of a subset lie in a folder of the other one."""
    if "file" not in rows:
        return
    subset = rows["file"].map(posixpath.dirname).map(find_subset)
    in_test_folder = subset == "test"
    if in_test_folder.all() or not in_test_folder.any():  # the word is not about a subset
        return
    wrong_test = rows["test"] & (subset == "train")
    wrong_train = ~rows["test"] & in_test_folder
    wrong = rows["file"][wrong_test | wrong_train]
    if wrong.empty:
        return
    doubt = f"{len(wrong)} pictures lie in a folder of the other set, first {wrong.iloc[0]}"
    classes = rows["class"][subset == "train"].unique()
    if len(classes) == 1:
        doubt += f"; the folder of the training set has only the class {classes[0]}"
    yield doubt


def doubt_names_of_subsets(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a doubt if the names of some training images begin with a word for a test set."""
    files = list(rows["file"][~rows["test"]]) if "file" in rows else []
    found = [name for name in files if is_called_test(posixpath.basename(name))]
    if 0 < len(found) < len(files):
        yield (
            f"{len(found)} pictures of the training set are called like a test set, first "
            f"{found[0]}; if they are one, write their pattern into the key `test`"
        )


def is_called_test(name: str) -> bool:
    """Return whether a name begins with a word for a test set, as `testA_1.bmp` does."""
    match = FIRST_LETTERS.match(name)
    start = match[0] if match else ""
    return is_subset_name(start) and find_subset(start) == "test"


def doubt_test_set(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a doubt if the test set has a single class."""
    names = rows["class"][rows["test"]].unique()
    if len(names) == 1:
        yield f"all images of the test set are of class {names[0]}"


def doubt_unused_test_set(rows: pd.DataFrame, unused: list[str]) -> Iterator[str]:
    """Yield a doubt if a test set with folders of classes is not used.

    The test set of a contest is not meant: it has no such folders.
    """
    if rows["test"].any():
        return
    inner_folders_of = defaultdict(set)  # by the name of a folder of a test set
    for name in unused:
        *path, _ = name.split("/")
        for folder, inner in pairwise(path):
            if is_subset_name(folder) and find_subset(folder) == "test":
                inner_folders_of[folder].add(inner)
    for folder, inner_folders in inner_folders_of.items():
        if len(inner_folders) > 1:
            listed = shorten(sorted(inner_folders))
            yield f"the pictures in {folder}, in the folders {listed}, are not used"
            return


def doubt_folders_of_test_set(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a doubt if a test set has folders that are neither used nor in the training set.

    In `bottle/train/good`, `bottle/test/good` and `bottle/test/broken`, the classes are
    probably good and broken, and not bottle.
    """
    if "file" not in rows:
        return
    paths = pd.DataFrame({"path": rows["file"].map(posixpath.dirname), "class": rows["class"]})
    paths["group"] = rows.get("group", rows["class"])
    unused: dict[str, set[str]] = {"train": set(), "test": set()}
    for path, class_name, group in paths.drop_duplicates().itertuples(index=False):
        for folder, inner in pairwise(path.split("/")):
            if is_subset_name(folder) and class_name not in inner and group not in inner:
                unused[find_subset(folder)].add(inner)
    if unused["train"] and unused["train"] < unused["test"]:
        listed = shorten(sorted(unused["test"] - unused["train"]))
        yield f"the folders {listed} are only in the test set, and are not used"


def doubt_unused_folders(rows: pd.DataFrame, unused: list[str]) -> Iterator[str]:
    """Yield a doubt if unused pictures lie in folders beside the folders of classes."""
    if "file" not in rows:
        return
    parents = set()  # the folders that have a folder of a class
    for file, class_name in zip(rows["file"], rows["class"], strict=True):
        folders = file.split("/")[:-1]
        if class_name in folders:
            parents.add(tuple(folders[: folders.index(class_name)]))
    classes = set(rows["class"])
    beside = set()
    for file in unused:
        *parent, name = posixpath.dirname(file).split("/")
        if name and tuple(parent) in parents and name not in classes:
            beside.add(name)
    if beside:
        yield f"the folders {shorten(sorted(beside))}, beside those of classes, are not used"


def doubt_ids(rows: pd.DataFrame, place: Place, unused_files: list[str]) -> Iterator[str]:
    """Yield a doubt if the classes look like ids, whose classes are in an unused table.

    In `train/17/1.png`, for example, 17 is a patient, and the table has a class per patient.
    """
    classes = set(rows["class"])
    paths = rows["file"].map(posixpath.dirname).unique() if "file" in rows else ()
    folders = {folder for path in paths for folder in path.split("/")}
    if not classes <= folders:
        return
    for file in unused_files:
        for table in place.list_opened_tables(file):
            column = find_column_of_ids(table.cached_columns, classes)
            if column:
                yield (
                    f"the classes are ids in the column {column} of {file}, which may have "
                    "their classes; if so, write a table labels.csv with the columns file and "
                    "class"
                )
                return


def find_column_of_ids(table: pd.DataFrame, names: set[str]) -> str:
    """Return the column that has all names, or "". Another column may have their classes.

    A table that names pictures has no ids of other things.
    """
    texts = {str(column): table[column].str.strip() for column in table}
    if any(are_picture_names(values).any() for values in texts.values()):
        return ""
    n_values = {column: values.nunique() for column, values in texts.items()}
    for column, values in texts.items():
        are_most_ids = names <= set(values) and len(names) >= n_values[column] / 2
        may_have_classes = any(2 <= number < len(names) for number in n_values.values())
        if are_most_ids and may_have_classes:
            return column
    return ""


def doubt_class_files(rows: pd.DataFrame, unused_files: list[str]) -> Iterator[str]:
    """Yield a doubt if pictures have files with their classes, as a WebDataset has `1.cls`."""
    found = [name for name in unused_files if name.endswith(".cls")]
    if len(found) > len(rows) / 2:
        yield (
            f"{len(found)} files such as {found[0]} probably have the classes; write a table "
            "labels.csv with the columns file and class"
        )


def doubt_numbers_in_names(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a doubt if the classes are numbers inside the names of pictures.

    In `a7f3_1.png` and `a7f3_2.png`, 1 and 2 are probably no classes, and neither are the sites
    s1 and s2 in `A01_s1_w1.png`. In `0_17.png`, 0 is one.
    """
    names = sorted(rows["class"].unique())
    files = rows["file"].map(posixpath.basename)
    pairs = list(zip(files, rows["class"], strict=True))
    are_inside = all(name in file and not file.startswith(name) for file, name in pairs)
    if are_inside and all(map(NUMBER_OR_SITE.fullmatch, names)):
        yield f"the numbers {shorten(names)} inside the names of pictures would be classes"
