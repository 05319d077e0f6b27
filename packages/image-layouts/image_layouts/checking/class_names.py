"""Find names of classes that may mean the same."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import filterfalse

# The zeros before the first digit of a number, such as `00` in `007`, but not a lone `0`.
LEADING_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)")

# The blanks between two numbers, as in `1 1`. They count, because `11` is another number.
BETWEEN_NUMBERS = re.compile(r"(?<=\d)[\s_]+(?=\d)")

# What is written for another blank. A `-` before a digit or at the end is a sign.
BLANKS = re.compile(r"[\s_]+|(?<=\w)[-.']+(?=[^\W\d])")


def find_equal_names(class_names: Sequence[str]) -> list[str]:
    """Return classes that look alike, or may mean the same, such as `'Cat' and 'cat'`.

    They differ only by case, accents, blanks, zeros, or characters that cannot be seen.
    """
    names_by_letters: dict[str, list[str]] = defaultdict(list)
    for name in class_names:
        # NFKD divides `é` into `e` and an accent.
        decomposed = unicodedata.normalize("NFKD", name).casefold()
        visible = "".join(each for each in decomposed if unicodedata.category(each) != "Cf")
        without_accents = "".join(filterfalse(unicodedata.combining, visible))
        without_zeros = LEADING_ZEROS.sub("", without_accents)
        with_separators = BETWEEN_NUMBERS.sub("-", without_zeros)
        names_by_letters[BLANKS.sub("", with_separators)].append(name)
    return [
        " and ".join(repr(name) for name in names)
        for names in names_by_letters.values()
        if len(names) > 1
    ]
