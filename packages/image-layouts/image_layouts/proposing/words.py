"""What the words in a name say, such as `train`, `test_set` or `t10k`."""

import re
from collections.abc import Collection


def words(text: str) -> set[str]:
    """Return the words of a text."""
    return set(text.split())


# Words for the training set, for validation sets, and for the test set.
TRAIN_WORDS = words("train training trainset trainval trn development derivation")
VALIDATION_WORDS = words("val valid validation dev")
TEST_WORDS = words("test testing testset tst t10k eval evaluation holdout heldout")
SET_WORDS = TRAIN_WORDS | VALIDATION_WORDS | TEST_WORDS

# Words in the name of a column that says of which set an image is.
SPLIT_WORDS = words("split subset partition set fold kfold usage")

# Words of a folder that has all images, or a part of all images.
CONTAINER_WORDS = words("data dataset images image imgs img")
PART_WORDS = words("part batch") | CONTAINER_WORDS

# Words in the names of masks, and of folders of masks.
MASK_WORDS = words(
    "mask masks msk label labels gt groundtruth truth anno annotation annotations "
    "seg segmentation segmentations segmented contour contours trimap trimaps"
)

# Words of a folder whose pictures were made from other pictures, such as turned copies.
AUGMENTATION_WORDS = words("aug augmented augmentation augmentations rotated rotation flipped")
# Words at the end of the name of such a folder, as in `hole_noisy` beside `hole`.
COPY_WORDS = AUGMENTATION_WORDS | words("noise noisy blur blurred copy copies")
NEGATIONS = words("non no not without before")  # as in `without augmentation`

# Words that may stand beside a word for a set, as in `test_images` and `seg_train`.
WORDS_BESIDE_SETS = (
    CONTAINER_WORDS
    | AUGMENTATION_WORDS
    | words("set seg split folder dir my new final other another")
    | words("pictures photos public private mini")
)

# Words of a folder whose pictures have no class.
UNLABELED_WORDS = words("unlabeled unlabelled")

# Words for sensors. Folders with their names are no classes, but show the same things.
SENSOR_WORDS = words("rgb thermal infrared ir nir visible depth")

# Words in the names that cameras and programs give to pictures.
CAMERA_WORDS = words(
    "img dsc dscn dscf pxl image images photo picture pic frame scan screenshot p mvi vid "
    "download"
)

# Words of numbered folders whose pictures belong together.
GROUP_WORDS = words(
    "day date patient subject person participant writer user usr student speaker child "
    "actor signer driver camera cam session site batch fold part plant tree animal video "
    "clip scan visit run group"
)

# Words in the name of an array that say what kind of values it has.
CONTENT_WORDS = words(
    "images image imgs img pixels features labels label targets target classes x y data set "
    "dataset idx ubyte byte short int float double gz arr batch"
)

WORD = re.compile(r"t10k|[^\W\d_]+")  # `t10k` is MNIST's name of its test set
# The border between two words without a separator, as in `trainX`, `Xtrain` and `testdata`.
WORD_BORDER = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=\b[XYxy])(?=train|test|val)"
    r"|((?<=\btest)|(?<=\btrain))(?=data|target|label|image|list)"
)
DATE = re.compile(r"(19|20)\d\d[-_.]?\d\d([-_.]?\d\d)?")  # 2024-05-17, 202405
NUMBERED = re.compile(r"(\D*?)[\s_-]?\d+")  # day3, patient_17
NUMBERED_WORD = re.compile(r"(\D+)\d+[_-](\D+)")  # study1_positive
CODE = re.compile(r"([^\W\d_]+)(\d+)")  # AF01, apple10
SHORT_CODE = re.compile(r"[^\W\d_]{1,3}\d{2,}")
MIN_NUMBERS = 5  # different ones, if codes are not short, such as apple1 to apple10


def split_words(name: str) -> set[str]:
    """Return the words of a name, in lower case and without numbers."""
    return set(WORD.findall(WORD_BORDER.sub(" ", name).lower()))


def find_subset(name: str) -> str:
    """Return the subset that a name stands for, `train` or `test`, or "".

    A validation set belongs to the training set.
    """
    words = split_words(name)
    if words & TEST_WORDS and not words & TRAIN_WORDS:
        return "test"
    return "train" if words & SET_WORDS else ""


def is_subset_name(name: str) -> bool:
    """Return whether a name stands for a subset. `test tube` does not.

    Single letters are ignored, so that `testA` stands for a subset.
    """
    words = {word for word in split_words(name) if len(word) > 1}
    return bool(words & SET_WORDS) and words <= SET_WORDS | WORDS_BESIDE_SETS


def are_subset_names(names: list[str]) -> bool:
    """Return whether the names of folders are those of subsets.

    Examples are `train` and `test`, `rps` and `rps-test-set`, or `f_train` and `f_test`.
    """
    pure = [name for name in names if is_subset_name(name)]
    all_are_pure = len(pure) == len(names)
    has_both_subsets = len({find_subset(name) for name in pure}) == 2
    if all_are_pure or has_both_subsets:
        return True
    other_words = {frozenset(split_words(name) - SET_WORDS - {"set"}) for name in names}
    subsets = {find_subset(name) for name in names}
    return len(other_words) == 1 and len(subsets) > 1


def are_numbered(names: set[str]) -> bool:
    """Return whether names are numbered words, such as `day3` and `patient_17`."""
    matches = [NUMBERED.fullmatch(name) for name in names]
    starts = {match[1].lower() if match else "" for match in matches}
    return len(starts) == 1 and starts <= GROUP_WORDS


def are_codes(names: Collection[str]) -> bool:
    """Return whether names are codes of people or things, such as AF01, AF02 and BM01.

    More than half of all combinations of the letters and the numbers must exist. Codes with
    many letters must have many numbers.
    """
    codes = [match for match in map(CODE.fullmatch, names) if match]
    letters = {code[1] for code in codes}
    numbers = {code[2] for code in codes}
    n_combinations = len(letters) * len(numbers)
    all_are_codes = len(codes) == len(names)
    are_short = all(map(SHORT_CODE.fullmatch, names))
    if not all_are_codes or not (are_short or len(numbers) >= MIN_NUMBERS):
        return False
    return len(letters) > 1 and len(codes) > n_combinations / 2
