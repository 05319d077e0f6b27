"""Why a layout is probably not what the owner of the images means."""

import posixpath
import re
from collections.abc import Iterator

import pandas as pd

from digits.data.intake.collection import shorten
from digits.data.layout.reading import Reading
from digits.proposing.words import (
    CAMERA_WORDS,
    DATE,
    PART_WORDS,
    SET_WORDS,
    are_numbered,
    are_subset_names,
    find_subset,
    is_subset_name,
    split_words,
)

# Such as `IMG_2024_17`, of which only the numbers differ.
TWO_NUMBERS = re.compile(r"[^\W\d].*\d\D+\d")


def find_doubts(reading: Reading) -> list[str]:
    """Return why a layout is doubtful. A doubtful layout is never chosen alone.

    Args:
        reading: what the layout says of the images.
    """
    rows = reading.images.rows
    names = sorted(rows["class"].unique())
    return [
        *doubt_names(names),
        *doubt_encoding(names),
        *doubt_sets(rows),
        *doubt_names_of_sets(rows),
        *doubt_test_set(rows),
        *doubt_left_out(rows, reading.rest),
    ]


def doubt_names(names: list[str]) -> Iterator[str]:
    """Yield a doubt if the names of classes are those of sets, days, cameras or the like."""
    words = [split_words(name) for name in names]
    all_words = set.union(*words)
    roles = {find_subset(name) for name in names}
    # As in `train_cat` and `test_dog`. `train` and `test` are sets already.
    name_sets = all(each & SET_WORDS for each in words) and len(roles) == 2
    are_halves = {"labeled", "unlabeled"} <= all_words
    are_days = are_numbered(set(names)) or all(map(DATE.match, names))
    are_cameras = all(each and each <= CAMERA_WORDS for each in words)  # `IMG` and `DSC`
    differ_in_numbers = len({re.sub(r"\d+", "", name) for name in names}) == 1 < len(names)
    are_parts = differ_in_numbers and not all_words.isdisjoint(PART_WORDS)
    are_pictures = differ_in_numbers and all(map(TWO_NUMBERS.search, names))
    is_odd = are_subset_names(names) or name_sets or are_halves or are_days
    if is_odd or are_cameras or are_parts or are_pictures:
        yield f"{shorten(names)} would be classes"


def doubt_encoding(names: list[str]) -> Iterator[str]:
    """Yield a doubt if a class may be in a wrong encoding, or may stand for no class.

    In Latin-1, bytes of another encoding are mostly signs, or letters with accents.
    """
    for name in names:
        signs = re.findall("[\x80-\xbf]", name)
        accents = re.findall("[\xc0-\xff]", name)
        if signs or len(accents) > len(name) / 2:
            yield f"the class {name} may be in another encoding than latin-1, such as gbk"
            return
    if "-1" in names and all(name.isdecimal() for name in names if name != "-1"):
        yield "the class -1 may stand for none; if so, name its rows in the key `unused`"


def doubt_sets(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a doubt if pictures of a set lie in a folder of the other set."""
    if "file" not in rows:
        return
    role = rows["file"].map(posixpath.dirname).map(find_subset)
    in_test_folder = role == "test"
    if in_test_folder.all() or not in_test_folder.any():  # the word means something else
        return
    wrong = rows[(rows["test"] & (role == "train")) | (~rows["test"] & in_test_folder)]
    if len(wrong):
        first = wrong["file"].iloc[0]
        yield f"{len(wrong)} pictures lie in a folder of the other set, first {first}"


def doubt_names_of_sets(rows: pd.DataFrame) -> Iterator[str]:
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
    [start] = re.findall(r"^[^\W\d_]*", name)
    return is_subset_name(start) and find_subset(start) == "test"


def doubt_left_out(rows: pd.DataFrame, rest: list[str]) -> Iterator[str]:
    """Yield a doubt if pictures that are not used lie in folders beside those of classes."""
    if "file" not in rows:
        return
    classes = set(rows["class"])
    paths = zip("/" + rows["file"], rows["class"], strict=True)
    parents = {path.split(f"/{name}/")[0] for path, name in paths if f"/{name}/" in path}
    folders = map(posixpath.split, {posixpath.dirname(f"/{name}") for name in rest} - {"/"})
    beside = sorted(
        name
        for parent, name in folders
        if parent.rstrip("/") in parents and name not in classes
    )
    if beside:
        yield f"the folders {shorten(beside)}, beside those of classes, are not used"


def doubt_test_set(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a doubt if the test set has a single class."""
    names = rows["class"][rows["test"]].unique()
    if len(names) == 1:
        yield f"all images of the test set are of class {names[0]}"
