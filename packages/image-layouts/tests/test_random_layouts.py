"""Random tables of pictures: each row is read as the layout says."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from digits.settings.params import DatasetParams
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import escape
from image_layouts.layout.reading import read_layout
from image_layouts.pipeline.new_images import read_new_images
from tests.helpers import tiny
from tests.helpers.variants import mark_variants

SEEDS = mark_variants([range(40), range(40, 80), range(80, 120)])

FOLDERS = ["", "images/", "a b/", "set #1/", "x[1]/", "{y}/", "été/"]
CLASSES = ["cat", "hot dog", "007", "NA", "Thé", "1.0", "a/b", "ja, nein"]
COLUMNS = ["label", "class name", "Klasse", "kind:"]
FORMS: list[dict[str, str]] = [
    {"ending": "csv"},
    {"ending": "csv", "separator": ";"},
    {"ending": "tsv", "separator": "\t"},
    {"ending": "csv", "encoding": "utf-16"},
    {"ending": "csv.gz"},
    {"ending": "parquet"},
    {"ending": "feather"},
]
SETS = [("train", "test"), ("True", "False"), ("0", "1"), ("fold 1", "fold 2")]


def make_rows(rng: random.Random) -> pd.DataFrame:
    """Return random images: a name, a class, a group and a set for each."""
    n_rows = rng.choice([6, 11, 14])
    classes = rng.sample(CLASSES, 3)
    return pd.DataFrame(
        {
            "name": rng.sample([f"{n:02}{'#é _'[n % 4]}x" for n in range(30)], n_rows),
            "class": [classes[n % 3] for n in range(n_rows)],
            "group": [f"00{n % 4}" for n in range(n_rows)],
            "set": ["train", "test", *rng.choices(["train", "test", "extra"], k=n_rows - 2)],
        }
    )


def write_table(root: Path, rng: random.Random, rows: pd.DataFrame) -> dict[str, Any]:
    """Write a table of pictures in a random form, and return its layout.

    The rows get a column `file`, the path of each picture.
    """
    folder = rng.choice(FOLDERS)
    (root / folder).mkdir(exist_ok=True)
    rows["file"] = folder + rows["name"] + ".png"
    for path in rows["file"]:
        (root / path).touch()

    train, test = rng.choice(SETS)
    words = {"train": train, "test": test, "extra": "extra"}
    table = pd.DataFrame({"who": rows["group"], "part of": rows["set"].map(words)})
    if "{" in folder:  # the key `file` cannot have a brace itself
        table["pic"], file = rows["name"], "*/{pic}.png"
    elif rng.random() < 0.5:
        table["pic"], file = rows["file"], "{pic}"
    else:
        table["pic"], file = rows["name"], f"{folder}{{pic}}.png"
    classes: Any = rng.choice(COLUMNS)
    if rng.random() < 0.3:  # a column for each class
        classes = sorted(set(rows["class"]))
        table = table.join(pd.get_dummies(rows["class"]).astype(int))
    else:
        table[classes] = rows["class"]
    table = table[rng.sample(list(table), table.shape[1])]

    keys: dict[str, Any] = rng.choice(FORMS)
    name = f"t #1.{keys['ending']}"
    if keys["ending"] == "parquet":
        table.to_parquet(root / name)
    elif keys["ending"] == "feather":
        table.to_feather(root / name)
    else:
        separator, encoding = keys.get("separator", ","), keys.get("encoding", "utf-8")
        table.to_csv(root / name, sep=separator, encoding=encoding, index=False)
    layout = {key: value for key, value in keys.items() if key != "ending"}
    layout |= {"table": escape(name), "file": file, "class": classes, "group": "who"}
    layout |= {
        "train": {"where": {"part of": train}},
        "test": {"where": {"part of": test}},
        "unused": [escape(path) for path in rows["file"][rows["set"] == "extra"]],
    }
    if layout["unused"]:
        layout["unused"].append({"where": {"part of": "extra"}})
    return layout


def write_datasets(
    folder: Path, seeds: range
) -> Iterator[tuple[int, Path, pd.DataFrame, dict[str, Any]]]:
    """Yield each seed with its folder, what is known of each picture, and the layout."""
    for seed in seeds:
        rng = random.Random(seed)
        root = folder / str(seed)
        root.mkdir()
        rows = make_rows(rng)
        yield seed, root, rows, write_table(root, rng, rows)


@pytest.mark.variant
@pytest.mark.parametrize("seeds", SEEDS)
def test_random_tables_of_pictures_are_read_as_their_layout_says(
    seeds: range, tmp_path: Path
) -> None:
    for seed, root, rows, layout in write_datasets(tmp_path, seeds):
        reading = read_layout(Folder(root), layout)
        found = reading.images.rows
        is_used = rows["set"] != "extra"
        expected = rows[is_used].sort_values("set", ascending=False, kind="stable")
        for column in ("file", "class", "group"):
            assert found[column].tolist() == expected[column].tolist(), (seed, column)
        assert found["test"].tolist() == (expected["set"] == "test").tolist(), seed
        assert reading.n_unused_rows == (~is_used).sum(), seed
        assert sorted(reading.unused_pictures) == sorted(rows["file"][~is_used]), seed
        assert not reading.unmatched, seed
        assert not reading.unused_files, seed


@pytest.mark.variant
@pytest.mark.parametrize("seeds", SEEDS)
def test_random_tables_of_new_pictures_are_read_as_that_of_the_dataset(
    seeds: range, tmp_path: Path
) -> None:
    for seed, root, rows, layout in write_datasets(tmp_path, seeds):
        names = sorted(set(rows["class"]))
        keys = {"layout": layout, "shape": [8, 8]}
        dataset = DatasetParams.model_validate(tiny.dataset({"files": "own"}) | keys)
        [path] = root.glob("t #1.*")
        found = read_new_images(path, dataset, names).rows
        for column in ("file", "class"):
            assert found[column].tolist() == rows[column].tolist(), (seed, column)
