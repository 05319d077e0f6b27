"""Find pictures that belong to others, such as masks, copies and details, by their names."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from image_layouts.layout.pattern import escape, find_matches
from image_layouts.layout.read_table import list_distinct
from image_layouts.proposing.name_groups import GROUPS_OF_TABLE, ORDINARY
from image_layouts.proposing.show import write_option
from image_layouts.proposing.writing import add_unused, unlist

# Names of companions: of `1_gt` for the picture `1`, and of `1_depth` for `1_crop`.
WITH_END = re.compile(r"(?P<base>.+)(?P<end>[_-][A-Za-z0-9]+)")
WITH_KIND = re.compile(r"(?P<base>.*\d)[_-][A-Za-z]{2,}")

FIELD = re.compile(r"\{\w+\}")  # {class}
SEPARATOR = re.compile(r"[\s_-]")
NUMBERED_END = re.compile(r"(?<=^\*)([_-])\d+\.\*$")  # such as `_2.*` in `*_2.*`; `#` fits all

IPHONE_EDITED = re.compile(r"IMG_E(\d+)")  # the edited version of `IMG_1234`

# The smallest shares of pictures that are companions, so that it is said, and so that the
# layout is doubtful. There must be a few of them in any case.
SHARE_FOR_HINT = 0.05
SHARE_FOR_DOUBT = 0.25
MIN_COMPANIONS = 3
MAX_OTHERS = 0.1  # the largest share of other pictures among those that a command leaves out
MAX_KINDS = 10  # the largest number of kinds of companions that are left out by a command


def hint_at_companions(
    files: list[str], layout: Any, *, has_groups: bool, min_share: float
) -> Iterator[str]:
    """Yield a hint if many pictures are called like others, with something added.

    Args:
        files: the pictures.
        layout: the layout if it has only patterns, None if it has a table.
        has_groups: whether it has groups.
        min_share: the smallest share of pictures that are companions.
    """
    companions = find_companions(files)
    if len(companions) < max(MIN_COMPANIONS, min_share * len(files)):
        return
    patterns = [pattern for pattern, _ in Counter(companions.values()).most_common()]
    keep_only = ""
    if layout is None:
        leave_out = f"write into the layout: unused: [{{where: {{COLUMN: '{patterns[0]}'}}}}]"
        remedy = GROUPS_OF_TABLE
    else:
        leave_out = leave_out_companions(files, layout, patterns, set(companions))
        keep_only = keep_only_companions(files, layout, set(companions))
        remedy = "let the pattern of the layout have {group} for the thing"
    groups = "" if has_groups else f"; if they are other views of one thing, {remedy}"
    added = patterns[0].removesuffix(".*").strip("*")
    place = "end" if patterns[0].startswith("*") else "beginning"
    yield (
        f"{len(companions)} pictures are called like others, with {added} or the like at the "
        f"{place}; if they are masks, copies or details, {leave_out}{keep_only}{groups}"
    )


def leave_out_companions(
    files: list[str], layout: Any, patterns: Sequence[str], companions: set[str]
) -> str:
    """Return what to do to leave out companions.

    Args:
        files: the pictures.
        layout: the layout.
        patterns: the patterns of the names of companions, the most frequent first.
        companions: the companions. Patterns that leave out many others are not advised.
    """
    general = [NUMBERED_END.sub(r"\1#.*", pattern) for pattern in patterns]
    in_all_folders = list_distinct([f"**/{pattern}" for pattern in general])
    # If there are too many kinds of companions, or if all pictures are companions of each
    # other, the most frequent kind is left out.
    for chosen in (in_all_folders, in_all_folders[:1]):
        left_out = find_matches(chosen, files).keys()
        n_others = len(left_out - companions)
        is_safe = n_others <= MAX_OTHERS * len(left_out) and len(left_out) < len(files)
        if len(chosen) <= MAX_KINDS and is_safe:
            return f"run: digits start {write_option(add_unused(layout, chosen))}"
    return "name them in the key `unused` of the layout"


def keep_only_companions(files: list[str], layout: Any, companions: set[str]) -> str:
    """Return how to use only the companions, if other patterns read all other pictures, or "".

    Args:
        files: the pictures.
        layout: the layout.
        companions: the pictures that are called like others, with something added.
    """
    if not isinstance(layout, list):
        return ""
    kept = [
        pattern for pattern in layout if find_matches([pattern], files).keys() <= companions
    ]
    others = [FIELD.sub("*", pattern) for pattern in layout if pattern not in kept]
    others_read_all_originals = find_matches(others, files).keys() == set(files) - companions
    if not kept or not others_read_all_originals:
        return ""
    option = write_option(add_unused(unlist(kept), others))
    return f"; if only they are your images, run: digits start {option}"


def find_companions(files: list[str]) -> dict[str, str]:
    """Return the companions of other pictures, each with a pattern for such names.

    These are companions:

    - `1.png` of `1.jpg`
    - `1_gt.png` of `1.jpg`, which is in the same folder or in the folder above
    - `3ceb_gt.png` of `3ceb.jpg` in any folder, because this is not an ordinary name
    - `1_crop.jpg` and `1_depth.jpg` of each other
    - `turned_by_5_3ceb.jpg` of `3ceb.jpg` in the same folder
    - `IMG_E0012.jpg` of `IMG_0012.jpg` in the same folder
    """
    companions: dict[str, str] = {}
    stems: dict[str, str] = {}  # the first picture of each path without suffix
    for file in files:
        stem, suffix = posixpath.splitext(file)
        if stem in stems:
            companions[file] = f"*{suffix}"
        stems.setdefault(stem, file)
    names = {posixpath.basename(stem) for stem in stems}
    special_names = {name for name in names if not ORDINARY.fullmatch(name)}
    kinds = [WITH_KIND.fullmatch(stem) for stem in stems]
    n_kinds = Counter(match["base"] for match in kinds if match)
    for stem, file in stems.items():
        folder, name = posixpath.split(stem)
        for separator in SEPARATOR.finditer(name):
            base = name[separator.end() :]
            if base in special_names and posixpath.join(folder, base) in stems:
                companions[file] = f"{escape(name[: separator.end()])}*"
        original = IPHONE_EDITED.sub(r"IMG_\1", name)
        if original != name and posixpath.join(folder, original) in stems:
            companions[file] = "IMG_E*"
        match = WITH_END.fullmatch(name)
        if match is None:
            continue
        base = match["base"]
        beside = posixpath.join(folder, base)
        above = posixpath.join(posixpath.dirname(folder), base)
        is_near = beside in stems or above in stems
        has_other_kinds = WITH_KIND.fullmatch(name) is not None and n_kinds[beside] > 1
        if is_near or base in special_names or has_other_kinds:
            companions[file] = f"*{match['end']}.*"
    return companions
