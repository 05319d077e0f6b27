"""Random datasets with known classes: `digits start` takes the right layout, or shows it."""

import random
import shlex
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.io

from image_layouts.errors import LayoutError
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import Reading
from image_layouts.proposing.choose import choose
from image_layouts.proposing.folders import enter_folders
from image_layouts.schema import parse_text
from tests.helpers.digit_files import LABELS, PIXELS
from tests.helpers.variants import mark_variants

SEEDS = mark_variants([range(10), range(10, 60)])

CLASSES = [
    ["cat", "dog"],
    ["normal", "pneumonia"],
    ["0", "1", "2", "3"],
    ["Grade 1", "Grade 2", "Grade 3"],
    ["n01440764", "n02102040", "n03394916"],
    ["Tomato___healthy", "Tomato___Leaf_Mold", "Potato___healthy"],
    ["Café", "Thé"],
]
GROUPS = [
    ["anna", "ben", "carl", "dora", "emil"],
    [f"patient{number}" for number in range(1, 7)],
    [f"2024-05-0{day}" for day in range(1, 8)],
    [f"site_{letter}" for letter in "abcde"],
]
SETS = [("train", "test"), ("Training", "Testing"), ("train_images", "test_images")]

# Folders and names of pictures. {c}, {g} and {s} stand for the class, the group and the set, {n}
# for a number, and {h} for a code.
FOLDERS = ["{c}", "data/{c}", "{s}/{c}", "{c}/{s}", "{g}/{c}", "{c}/{g}", "{s}/{c}/{g}", "."]
FILES = ["{n}.png", "IMG_{n}.JPG", "{h}.png", "{c}_{n}.png", "{c} ({n}).jpg"]
OTHERS = ["masks/{path}_mask.png", "thumbs/{path}.png", "unlabelled/{n}.png"]

# What is known of an image: its class, and whether it is of the test set.
Known = tuple[str, bool]


def write_pictures(root: Path, rng: random.Random) -> dict[str, Known]:
    """Write pictures into random folders, and return what is known of them by their paths."""
    folders = rng.choice(FOLDERS)
    file = rng.choice(FILES if "{c}" in folders else FILES[3:])
    groups = rng.choice(GROUPS)
    sets = rng.choice(SETS) if "{s}" in folders else ("train",)
    n_pictures = rng.choice([8, 15])
    numbers = count(1)
    known: dict[str, Known] = {}
    for class_name in rng.choice(CLASSES):
        for is_test, subset in enumerate(sets):
            for number in range(n_pictures):
                path = f"{folders}/{file}".format(
                    c=class_name,
                    g=groups[number % len(groups)],
                    s=subset,
                    n=next(numbers),
                    h=f"{rng.getrandbits(48):012x}",
                ).removeprefix("./")
                known[path] = (class_name, bool(is_test))
    pattern = rng.choice([*OTHERS, "", "", ""])
    others = [
        pattern.format(path=path.rpartition(".")[0], n=n)
        for n, path in enumerate(known)
        if pattern
    ]
    for name in [*known, *others]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return known


def list_readings(root: Path) -> tuple[list[Reading], bool]:
    """Return the layout that is taken, or those that are shown, and whether one is taken."""
    folder = Folder(root)
    try:
        return [choose(folder)], True
    except LayoutError as error:
        start = "  --layout "
        shown = [shlex.split(line)[1] for line in error.lines if line.startswith(start)]
        return [choose(folder, parse_text(text)) for text in shown], False


@pytest.mark.variant
@pytest.mark.parametrize("seeds", SEEDS)
def test_random_folders_are_understood_or_all_ways_are_shown(
    seeds: range, tmp_path: Path
) -> None:
    n_shown = 0
    for seed in seeds:
        root = tmp_path / str(seed)
        known = write_pictures(root, random.Random(seed))
        inner = enter_folders(root)
        found = []
        readings, is_taken = list_readings(inner)
        for reading in readings:
            rows = reading.rows
            paths = [(inner / name).relative_to(root).as_posix() for name in rows["file"]]
            values = zip(rows["class"], rows["test"], strict=True)
            found.append(dict(zip(paths, values, strict=True)))
        assert known in found or not is_taken, (seed, next(iter(known)))
        n_shown += known in found
    assert n_shown >= 0.9 * len(seeds)


def write_table(root: Path, rng: random.Random, images: Any, classes: list[str]) -> list[bool]:
    """Write a table of pixels in a random form, and return which rows are the test set."""
    prefix = rng.choice(["p", "pixel", "px_"])
    table = pd.DataFrame(images.reshape(len(images), -1)).add_prefix(prefix)
    position = rng.choice([0, table.shape[1] // 2, table.shape[1]])
    table.insert(position, rng.choice(["label", "class", "species", "y"]), classes)
    is_test = [False] * len(images)
    other = rng.choice(["", "id", "split", "is_test", "writer"])
    if other in ("split", "is_test"):
        is_test = [row % 4 == 0 for row in range(len(images))]
        words = ("train", "test") if other == "split" else (0, 1)
        table.insert(0, other, [words[each] for each in is_test])
    elif other:
        table.insert(
            0,
            other,
            [f"w{row % 12}" if other == "writer" else f"im{row}" for row in range(len(images))],
        )
    form = rng.choice([",", ";", "\t", "parquet"])
    if form == "parquet":
        table.to_parquet(root / "t.parquet")
    else:
        table.to_csv(root / ("t.tsv" if form == "\t" else "t.csv"), sep=form, index=False)
    return is_test


def write_arrays(root: Path, rng: random.Random, images: Any, classes: list[str]) -> list[bool]:
    """Write arrays in a random form, and return which images are the test set."""
    pixels = images / 255 if rng.random() < 0.3 else images
    axes = rng.choice(["n h w", "n (h w)", "h w n"])
    if axes == "n (h w)":
        pixels = pixels.reshape(len(images), -1)
    elif axes == "h w n":
        pixels = np.moveaxis(pixels, 0, -1)
    labels = np.array(classes)
    ids = {"ids": np.arange(len(images))} if rng.random() < 0.3 else {}
    x, y = rng.choice([("x", "y"), ("images", "labels"), ("img", "cls"), ("arr_0", "arr_1")])
    form = rng.choice(["npz", "npy", "mat", "sets"])
    is_test = [False] * len(images)
    if form == "sets" and axes != "h w n":
        half = len(images) // 2
        is_test = [row >= half for row in range(len(images))]
        train = {"x_train": pixels[:half], "y_train": labels[:half]}
        np.savez(root / "m.npz", **train, x_test=pixels[half:], y_test=labels[half:])
    elif form == "npy":
        np.save(root / f"{x}.npy", pixels)
        np.save(root / f"{y}.npy", labels)
    elif form == "mat":
        scipy.io.savemat(root / "m.mat", {x: pixels, y: labels.astype(int), **ids})
    else:
        arrays: dict[str, Any] = {x: pixels, y: labels, **ids}
        np.savez(root / "m.npz", **arrays)
    return is_test


@pytest.mark.variant
@pytest.mark.parametrize("write", [write_table, write_arrays])
@pytest.mark.parametrize("seeds", SEEDS)
def test_random_tables_and_arrays_are_understood_or_all_ways_are_shown(
    write: Any, seeds: range, tmp_path: Path
) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        root = tmp_path / str(seed)
        root.mkdir()
        n_classes = rng.choice([2, 3])
        chosen = np.flatnonzero(LABELS[:400] < n_classes)[: rng.choice([60, 80])]
        classes = [str(label) for label in LABELS[chosen]]
        is_test = np.array(write(root, rng, PIXELS[chosen], classes))
        order = np.argsort(is_test, kind="stable")  # the training set comes first
        found = []
        for reading in list_readings(root)[0]:
            blocks = reading.images.blocks
            assert blocks is not None
            pixels = np.concatenate(list(blocks()))
            found.append(
                (list(reading.rows["class"]), list(reading.rows["test"]), pixels.tolist())
            )
        flat = PIXELS[chosen].reshape(len(chosen), -1)
        known = ([classes[row] for row in order], list(is_test[order]), flat[order].tolist())
        assert known in found, seed
