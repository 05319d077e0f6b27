"""What the words in a name say, such as `train`, `test_set` or `t10k`."""

import re
from collections.abc import Collection

TRAIN_WORDS = {"train", "training", "trn", "development", "derivation"}
VALIDATION_WORDS = {"val", "valid", "validation", "dev"}
TEST_WORDS = {"test", "testing", "tst", "t10k", "eval", "evaluation", "holdout", "heldout"}
SET_WORDS = TRAIN_WORDS | VALIDATION_WORDS | TEST_WORDS

# The words of a folder that has all images, or a part of them.
CONTAINER_WORDS = {"data", "dataset", "images", "image", "imgs", "img"}
PART_WORDS = {"part", "batch", *CONTAINER_WORDS}

# What folders of masks, and masks themselves, are called.
MASK_WORDS = {"mask", "masks", "label", "labels", "gt", "groundtruth", "truth", "anno", "seg"}
MASK_WORDS |= {"annotation", "annotations", "segmentation", "segmentations", "segmented"}
MASK_WORDS |= {"contour", "contours"}

# Words that may stand beside that of a set, as in `test_images` and `seg_train`.
WORDS_BESIDE_SETS = {"set", "seg", "split", "folder", "dir", "my", "new", "final"}
WORDS_BESIDE_SETS |= {"pictures", "photos", "public", "private", *CONTAINER_WORDS}

# What cameras and programs call pictures.
CAMERA_WORDS = {"img", "dsc", "dscn", "dscf", "pxl", "image", "photo", "picture", "pic"}
CAMERA_WORDS |= {"frame", "scan", "screenshot", "p", "mvi", "vid"}

# What a numbered folder with pictures that belong together is called.
GROUP_WORDS = {"day", "date", "patient", "subject", "person", "participant", "writer", "user"}
GROUP_WORDS |= {"usr", "student", "speaker", "child"}
GROUP_WORDS |= {"camera", "cam", "session", "site", "batch", "fold", "part", "plant", "tree"}
GROUP_WORDS |= {"animal", "video", "clip", "scan", "visit", "run", "group"}

# Words of an array's name that say what it holds, and not which images these are.
CONTENT_WORDS = {"images", "image", "imgs", "img", "pixels", "features", "labels", "label"}
CONTENT_WORDS |= {"targets", "target", "classes", "x", "y", "data", "set", "dataset"}
CONTENT_WORDS |= {"idx", "ubyte", "byte", "short", "int", "float", "double", "gz", "arr"}

WORD = re.compile(r"t10k|[^\W\d_]+")
# Where a word begins in camel case, as in `trainX`, and in `Xtrain`.
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=\b[XYxy])(?=train|test|val)")
DATE = re.compile(r"(19|20)\d\d[-_.]?\d\d([-_.]?\d\d)?")
NUMBERED = re.compile(r"(\D*?)[\s_-]?\d+")  # day3, patient_17
CODE = re.compile(r"([^\W\d_]{1,3})(\d{2,})")  # AF01


def split_words(name: str) -> set[str]:
    """Return the words of a name, in lower case and without numbers."""
    return set(WORD.findall(HUMP.sub(" ", name).lower()))


def find_role(name: str) -> str:
    """Return the set that a name stands for, `train` or `test`, or ""."""
    words = split_words(name)
    if words & TEST_WORDS and not words & TRAIN_WORDS:
        return "test"
    return "train" if words & SET_WORDS else ""


def names_set(name: str) -> bool:
    """Return whether a name stands for a set, and for nothing else. `test tube` is no set.

    `testA` and `testB` are sets, too.
    """
    words = {word for word in split_words(name) if len(word) > 1}
    return bool(words & SET_WORDS) and words <= SET_WORDS | WORDS_BESIDE_SETS


def are_sets(names: list[str]) -> bool:
    """Return whether folders are sets, as `train` and `test`, or `rps` and `rps-test-set`."""
    pure = [name for name in names if names_set(name)]
    if len(pure) == len(names) or len(set(map(find_role, pure))) == 2:
        return True
    # They differ in nothing but the words of a set.
    rests = {frozenset(split_words(name) - SET_WORDS - {"set"}) for name in names}
    return len(rests) == 1 and len(set(map(find_role, names))) > 1


def are_numbered(names: set[str]) -> bool:
    """Return whether names are dates, or numbered days, patients or the like."""
    if all(DATE.fullmatch(name) for name in names):
        return True
    starts = {match[1].lower() if (match := NUMBERED.fullmatch(name)) else "" for name in names}
    return len(starts) == 1 and GROUP_WORDS.issuperset(starts)


def are_codes(names: Collection[str]) -> bool:
    """Return whether names are codes of people or the like, such as AF01, AF02 and BM01."""
    codes = [match for name in names if (match := CODE.fullmatch(name))]
    n_combinations = len({code[1] for code in codes}) * len({code[2] for code in codes})
    n_starts = len({code[1] for code in codes})
    return len(codes) == len(names) > n_combinations / 2 and n_starts > 1
