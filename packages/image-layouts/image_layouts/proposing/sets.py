"""Words for sets, as the package `datasets` of Hugging Face finds them in names, and dates."""

import re

TRAIN_WORDS = {"train", "training", "trainval"}
VALIDATION_WORDS = {"validation", "valid", "val", "dev"}
TEST_WORDS = {"test", "testing", "eval", "evaluation", "t10k"}
SET_WORDS = TRAIN_WORDS | VALIDATION_WORDS | TEST_WORDS

WORD = re.compile(r"t10k|[^\W\d_]+")
WORD_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])")  # TrainImages
DATE = re.compile(r"(?<!\d)(19|20)\d\d[-_.]?\d\d([-_.]?\d\d)?(?!\d)")
SUBMISSION = re.compile(r"(?i)submission|submit")


def list_words(name: str) -> set[str]:
    """Return the words of a name, in lower case and without numbers."""
    return set(WORD.findall(WORD_BORDER.sub(" ", name).lower()))


def list_set_words(name: str) -> frozenset[str]:
    """Return the words for sets in a name, in lower case."""
    return frozenset(list_words(name) & SET_WORDS)


def find_set(name: str) -> str:
    """Return `train` or `test` if a name has words for exactly this set, otherwise "".

    A validation set belongs to the training set.
    """
    words = list_words(name)
    is_test = bool(words & TEST_WORDS)
    is_train = bool(words & (TRAIN_WORDS | VALIDATION_WORDS))
    if is_test == is_train:
        return ""
    return "test" if is_test else "train"


def are_sets(names: set[str]) -> bool:
    """Return whether all names are those of sets, and one is that of a training set."""
    has_train = any(list_words(name) & TRAIN_WORDS for name in names)
    return has_train and all(map(find_set, names))


def are_test_and_rest(names: set[str]) -> bool:
    """Return whether two names differ in a word for a test set: `rps` and `rps-test-set`."""
    rest, *tests = sorted(map(list_words, names), key=lambda words: bool(words & TEST_WORDS))
    has_one = len(tests) == 1 and not tests[0].isdisjoint(TEST_WORDS)
    return has_one and tests[0] - {*TEST_WORDS, "set"} == rest != set()
