"""Find masks: pictures that show where an object is in another picture."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from image_layouts.layout.pattern import escape
from image_layouts.proposing.words import (
    CONTAINER_WORDS,
    MASK_WORDS,
    SET_WORDS,
    WORD_BORDER,
    is_subset_name,
    split_words,
)

# The end of the name of a mask, as in `1_mask` and `1_mask_2`.
MASK_END = re.compile(
    rf"""
    (?P<before>.+?)
    (?P<end>[\s_.-]+({"|".join(MASK_WORDS)}))
    (?P<number>[\s_-]?\d+)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Words that are ignored in comparisons, because `masks/1.png` belongs to `images/1.png`.
IGNORED_WORDS = MASK_WORDS | CONTAINER_WORDS | SET_WORDS | {"ground", "set"}
NUMBER_OR_WORD = re.compile(r"\d+|[^\W\d_]+")

Words = tuple[str, ...]  # the words of a folder or of a name
Path = tuple[Words, ...]  # the words of each folder, and last of the name without its suffix


def find_masks(names: Iterable[str]) -> dict[str, str]:
    """Return the masks among pictures, with the pattern that each mask fits.

    The name or a folder of a mask has a word such as `mask`, and another picture belongs to the
    mask. All pictures that fit a pattern are masks if half of them belong to a picture.
    """
    by_pattern: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_pattern[find_mask_pattern(name)].append(name)
    pictures = [list_words(name) for name in by_pattern.pop("", [])]
    paths = {*pictures, *drop_common_words(pictures)}
    paths |= {path[-2:] for path in pictures}  # the last folder and the name are enough
    names_of_pictures = Counter(path[-1] for path in pictures)
    masks: dict[str, str] = {}
    for pattern, same in by_pattern.items():
        n_found = sum(belongs_to_picture(name, paths, names_of_pictures) for name in same)
        if n_found >= len(same) / 2:
            masks |= dict.fromkeys(same, pattern)
    return masks


def belongs_to_picture(
    name: str, pictures: Set[Path], names_of_pictures: Mapping[Words, int]
) -> bool:
    """Return whether a mask belongs to a picture.

    Args:
        name: the path of the mask.
        pictures: the words of the path of each picture, or of the end of this path.
        names_of_pictures: the number of pictures with each name.
    """
    *folders, stem = list_words(name)
    # The mask `1-cup` may belong to the picture `1`.
    starts = [stem[:length] for length in range(1, len(stem) + 1)]
    if any((*folders, start) in pictures for start in starts):
        return True
    # A picture with a name of several words may be in any folder, if no other has this name.
    if any(len(start) > 1 and names_of_pictures[start] == 1 for start in starts):
        return True
    match = MASK_END.fullmatch(posixpath.splitext(name)[0])
    return match is not None and list_words(f"{match['before']}.png") in pictures


def drop_common_words(pictures: Sequence[Path]) -> list[Path]:
    """Return paths without the words that all names have.

    `fish/fish_1/fish_10.png` becomes `1/10`. So does `mask/mask_1/mask_10.png`, because
    `mask` is ignored.
    """
    if not pictures:
        return []
    common = set.intersection(*(set(path[-1]) for path in pictures))
    return [drop_words(path, common) for path in pictures]


def drop_words(path: Path, dropped: Set[str]) -> Path:
    """Return a path without some words, and without the folders that then have no word."""
    *folders, name = [tuple(word for word in part if word not in dropped) for part in path]
    return (*(folder for folder in folders if folder), name)


def find_mask_pattern(name: str) -> str:
    """Return the pattern of masks that a picture fits, or "" if its path has no such word."""
    *folders, file = name.split("/")
    for level, folder in enumerate(folders):
        is_subset = is_subset_name(folder)  # for example `seg_train`
        if split_words(folder) & MASK_WORDS and not is_subset:
            is_last = level == len(folders) - 1
            inside = "*" if is_last else "**/*"
            return f"**/{escape(folder)}/{inside}"
    match = MASK_END.fullmatch(posixpath.splitext(file)[0])
    if match is None:
        return ""
    number = "*" if match["number"] else ""
    return f"**/*{escape(match['end'])}{number}.*"


def list_words(path: str) -> Path:
    """Return the words and numbers of each folder and of the name, without ignored words."""
    stem, _ = posixpath.splitext(path)
    divided = WORD_BORDER.sub(" ", stem).lower()
    parts = tuple(tuple(NUMBER_OR_WORD.findall(part)) for part in divided.split("/"))
    return drop_words(parts, IGNORED_WORDS)
