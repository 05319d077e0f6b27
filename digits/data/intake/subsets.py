"""Tell training sets and test sets by their names, such as `train`, `test_set` or `t10k`."""

import re

TEST_WORDS = {"test", "testing", "tst", "t10k", "pred"}
SUBSET_WORDS = {"train", "training", "trn", "val", "valid", "validation", "dev", *TEST_WORDS}

# The words of a folder that has all images. `photos` is not among them: it may be a class.
CONTAINER_WORDS = {"data", "dataset", "images", "image", "imgs", "img"}

# The words of a folder that has a part of the images, if a number follows.
PART_WORDS = {"part", "batch", *CONTAINER_WORDS}

# Words that may stand beside the name of a subset, as in `test_images` and `seg_train`.
OTHER_WORDS = {
    "set",
    "seg",
    "split",
    "folder",
    "dir",
    "my",
    "new",
    "final",
    "pictures",
    "photos",
}
OTHER_WORDS |= CONTAINER_WORDS

WORD = re.compile(r"t10k|[^\W\d_]+")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # of camel case, as in `trainX`


def split_words(name: str) -> list[str]:
    """Return the words of a name, in lower case and without numbers.

    `seg_train1` and `segTrain` have the words `seg` and `train`.
    """
    return WORD.findall(HUMP.sub(" ", name).lower())


def names_test_set(name: str) -> bool:
    """Return whether one of the words of a name stands for a test set."""
    return not TEST_WORDS.isdisjoint(split_words(name))


def names_container(name: str) -> bool:
    """Return whether a name is that of a folder with all images, and of nothing else."""
    words = split_words(name)
    return bool(words) and CONTAINER_WORDS.issuperset(words)


def names_subset(name: str) -> bool:
    """Return whether a name is that of a training, validation or test set, and of nothing else.

    `test_images` is one. `test tube` may be a class.
    """
    words = set(split_words(name))
    return not words.isdisjoint(SUBSET_WORDS) and words <= SUBSET_WORDS | OTHER_WORDS
