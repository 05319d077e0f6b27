"""Find masks, which show where something is in another picture."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping

from digits.data.layout.pattern import quote
from digits.proposing.words import (
    CONTAINER_WORDS,
    MASK_WORDS,
    SET_WORDS,
    WORD_BORDER,
    is_subset_name,
    split_words,
)

# What the name of a mask ends in, as those of `1_mask` and `1_mask_2` do.
MASK_END = re.compile(
    rf"(?P<before>.+?)(?P<end>[\s_.-]+({'|'.join(MASK_WORDS)}))(?P<number>[\s_-]?\d+)?",
    re.IGNORECASE,
)
# Words that do not tell pictures from one another: `images/1.png` belongs to `masks/1.png`.
IDLE_WORDS = MASK_WORDS | CONTAINER_WORDS | SET_WORDS | {"ground"}
PIECE = re.compile(r"\d+|[^\W\d_]+")  # a number, or a word

Pieces = tuple[str, ...]


def find_masks(names: Iterable[str]) -> dict[str, str]:
    """Return the masks among pictures, and the pattern of each.

    The name or a folder of a mask says so, and there is a picture to which it belongs. If half
    of the pictures that fit a pattern are such masks, the others are masks, too.
    """
    by_pattern: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_pattern[describe_mask(name)].append(name)
    pictures = Counter(describe_picture(name) for name in by_pattern.pop("", []))
    stems = Counter(folders[-1] for folders in pictures.elements())
    masks: dict[str, str] = {}
    for pattern, same in by_pattern.items():
        n_found = sum(belongs_to_one(name, pictures, stems) for name in same)
        if n_found >= len(same) / 2:
            masks |= dict.fromkeys(same, pattern)
    return masks


def belongs_to_one(
    name: str, pictures: Container[tuple[Pieces, ...]], stems: Mapping[Pieces, int]
) -> bool:
    """Return whether a mask belongs to a picture.

    Args:
        name: the path of the mask.
        pictures: what tells each picture from others.
        stems: how many pictures have a name. If there is one, it may be in any folder, unless
            the name is a number, as in `mask/1.png` and `bare/1.png`.
    """
    described = describe_picture(name)
    stem = described[-1]
    if described in pictures or (len(stem) > 1 and stems[stem] == 1):
        return True
    match = MASK_END.fullmatch(posixpath.splitext(name)[0])
    return match is not None and describe_picture(f"{match['before']}.png") in pictures


def describe_mask(name: str) -> str:
    """Return the pattern of the pictures that are called as a mask is, or ""."""
    *folders, file = name.split("/")
    for level, folder in enumerate(folders):
        if split_words(folder) & MASK_WORDS and not is_subset_name(
            folder
        ):  # `seg_train` is a set
            inner = "**/" if level < len(folders) - 1 else ""
            return f"**/{quote(folder)}/{inner}*"
    match = MASK_END.fullmatch(posixpath.splitext(file)[0])
    if match is None:
        return ""
    return f"**/*{quote(match['end'])}{'*' if match['number'] else ''}.*"


def describe_picture(name: str) -> tuple[Pieces, ...]:
    """Return what tells a picture from others: the words and numbers of its path."""
    *folders, stem = (
        tuple(piece for piece in PIECE.findall(text) if piece not in IDLE_WORDS)
        for text in WORD_BORDER.sub(" ", posixpath.splitext(name)[0]).lower().split("/")
    )
    return (*filter(None, folders), stem)
