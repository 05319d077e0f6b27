"""Ask whether pictures of one name, of two classes, are versions of one picture.

Classes may number their pictures alike. Then `cat/1.jpg` is no more like `dog/1.jpg` than like
other dogs. A photo is more like its mask, depth or sketch than like those of other photos. The
pixels tell these cases apart.
"""

import posixpath
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from PIL import Image

from image_layouts import files as pictures
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import Reading
from image_layouts.proposing.writing import write_option

WRITE_GROUPS = "write labels.csv, with a `group` for each person or object"

MAX_FOLDERS = 32  # of which all are compared
N_PAIRS = 20  # that are compared, spread over the folder
MIN_PAIRS = 5  # fewer decide nothing
SHARE = 0.9  # of the names of a folder
SIDE = 24  # the height and the width of a reduced picture, in pixels
MIN_SPREAD = 0.05  # of the values of a picture that is not blank
# The mean likeness of pairs, in standard deviations of all likenesses, from which a question is
# asked. In sets of ordinary pairs it was at
# least 1.2, and in 90 % of the draws of 26 sets of classes at most 1.0. Many folders make many
# comparisons, and so need more, as few pairs do.
MIN_LIKENESS = 1.1
MIN_OF_MANY_FOLDERS = 1.25
MIN_TIMES_ROOT = 3  # the likeness times the square root of the number of pairs

# Before a number, they say that pictures are of one person, whatever they look like.
PERSONS = {"patient", "pat", "person", "subject", "sub"}
TOKEN = re.compile(r"[^\W\d_]+|\d+")
GREY, EDGES, COLORS = slice(576), slice(576, 1_152), slice(1_152, 1_216)  # 24², 24² and 64


def ask_about_versions(folder: Folder, reading: Reading) -> Iterator[str]:
    """Yield a question if two classes have pictures of one name that look alike.

    If too few pairs can be compared, this is a question, too.
    """
    rows = reading.rows
    folders = rows["file"].map(posixpath.dirname)
    places: list[Any] = [
        (*key, list_keys(files))
        for key, files in rows["file"].groupby([rows["class"], folders])
    ]
    least = MIN_LIKENESS if len(places) == 2 else MIN_OF_MANY_FOLDERS
    doubts = []
    undecided, unlike = {}, set()  # by their classes, which may be in both sets
    for (class_a, path_a, a), (class_b, path_b, b) in list_comparisons(places):
        paths = zip(posixpath.split(path_a), posixpath.split(path_b), strict=True)
        if class_a == class_b or all(level != other for level, other in paths):
            continue
        keys = [key for key in a if key in b]
        pairs = [(a[key], b[key]) for key in keys[:N_PAIRS]]
        if len(pairs) < MIN_PAIRS and len(pairs) <= SHARE * min(len(a), len(b)):
            continue
        if sum(map(is_person, keys)) >= MIN_PAIRS:
            doubts.append((*pairs[0], "are called alike"))
            continue
        looks = np.array([[look(folder, name) for name in pair] for pair in pairs])
        looks = looks[np.all(looks[:, :, COLORS].any(axis=2), axis=1)]
        if len(looks) < MIN_PAIRS:
            undecided[class_a, class_b] = (*pairs[0], "are called alike")
        elif measure_likeness(looks) >= max(least, MIN_TIMES_ROOT / len(looks) ** 0.5):
            doubts.insert(0, (*pairs[0], "are called alike, and look alike"))
        else:
            unlike.add((class_a, class_b))
    doubts += [doubt for classes, doubt in undecided.items() if classes not in unlike]
    for first, second, why in doubts[:1]:
        remedy = WRITE_GROUPS
        if reading.layout == "{class}/*" and Path(first).stem == Path(second).stem:
            remedy = f"run {write_option('{class}/{group}.*')}"
        yield (
            f"{first} and {second} {why}: do they show two different persons or objects? If "
            f"they show one, {remedy}; if one is a mask, move such files elsewhere"
        )


def list_comparisons(places: list[Any]) -> Iterator[Any]:
    """Yield all pairs of folders, or, of many, those that begin or end almost alike."""
    if len(places) <= MAX_FOLDERS:
        yield from combinations(places, 2)
        return
    for step in (1, -1):
        ordered = sorted(places, key=lambda place: place[1][::step])
        for distance in (1, 2):
            yield from zip(ordered, ordered[distance:], strict=False)


def is_person(key: str) -> bool:
    """Return whether pictures may be called like a person, such as `anna` or `patient 7`."""
    return not re.search(r"\d", key) or not PERSONS.isdisjoint(key.split())


def list_keys(files: pd.Series) -> dict[str, str]:
    """Return the pictures of a folder by what tells their names apart, sorted by checksums.

    This is `7` for `img_007_mask`, if the others are called `img_008_mask` and so on.
    """
    stems = files.map(lambda name: posixpath.splitext(posixpath.basename(name))[0].lower())
    tokens = [[each.lstrip("0") or "0" for each in TOKEN.findall(stem)] for stem in stems]
    counts = Counter(token for each in tokens for token in set(each))
    common = {token for token, number in counts.items() if number > SHARE * len(tokens)}
    common -= PERSONS
    keys = [" ".join(token for token in each if token not in common) for each in tokens]
    named = {key: name for key, name in zip(keys, files, strict=True) if key}
    return dict(sorted(named.items(), key=lambda item: crc32(item[0].encode())))


def look(folder: Folder, name: str) -> Any:
    """Return the greys, edges and colours of a picture. They are 0 if it is blank.

    A picture that cannot be read is blank, too. Whoever reads all of them reports it.
    """
    if name not in folder.looks:
        small = read_small(folder.files[name])
        values = np.zeros(COLORS.stop, np.float32)
        if small.std(axis=(0, 1)).max() > MIN_SPREAD:  # not blank, also not plain red
            grey = small.mean(axis=2)
            for place, view in ((GREY, grey), (EDGES, np.hypot(*np.gradient(grey)))):
                values[place] = (view - view.mean()).ravel() / (view.std() * SIDE + 1e-9)
            colors = (small // 64).astype(int) @ [16, 4, 1]
            values[COLORS] = np.sqrt(np.bincount(colors.ravel(), minlength=64)) / SIDE
        folder.looks[name] = values
    return folder.looks[name]


def read_small(path: Path) -> Any:
    """Return a picture in colour, shape (24, 24, 3), or zeros if it cannot be read."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(path, formats=pictures.FORMATS) as file,
        ):
            file.draft(None, (4 * SIDE, 4 * SIDE))  # a JPEG is then read several times faster
            picture: Image.Image = file
            if file.mode.startswith(("I", "F")):  # Pillow would clip values above 255
                values = np.asarray(file, float)
                spread = np.ptp(values) or 1
                picture = Image.fromarray(np.uint8(255 * (values - values.min()) / spread))
            if picture.has_transparency_data:
                grey = Image.new("RGBA", picture.size, "grey")
                picture = Image.alpha_composite(grey, picture.convert("RGBA"))
            return np.asarray(picture.convert("RGB").resize((SIDE, SIDE)), np.float32)
    except Exception:  # what a damaged file raises can be anything
        return np.zeros((SIDE, SIDE, 3), np.float32)


def measure_likeness(looks: Any) -> float:
    """Return how much more alike pairs are than other pictures, in standard deviations.

    It is the highest value of those of the greys, the edges and the colours.

    What a picture has with all others is left out, such as one background. `looks` has the
    shape (n_pairs, 2, n_values).
    """
    found = []
    for view in (GREY, EDGES, COLORS):
        likeness = looks[:, 0, view] @ looks[:, 1, view].T
        likeness -= likeness.mean(axis=0)
        likeness -= likeness.mean(axis=1, keepdims=True)
        found.append(likeness.diagonal().mean() / (likeness.std() + 1e-9))
    return float(max(found))
