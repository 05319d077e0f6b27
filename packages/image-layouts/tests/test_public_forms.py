"""Images in forms in which they are published: what `digits start` reads, asks and refuses.

Each form is made with a few images, and what is read is compared with these.
"""

import base64
import bz2
import gzip
import io
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import yaml
from PIL import Image
from scipy.spatial.distance import cdist

from digits.messages import errors as digits_errors
from digits.pinning.values import compute_pinned_values
from image_layouts import errors as layout_errors
from image_layouts.layout.axes import arrange
from image_layouts.layout.place import Place
from image_layouts.pipeline.source import to_collection
from image_layouts.proposing.arrays import describe_colors
from image_layouts.proposing.choose import Choice, ChoiceError, choose, describe
from image_layouts.proposing.show import write
from tests.helpers.digit_files import (
    LABELS,
    NAMES,
    PIXELS,
    TEST,
    TRAIN,
    make_table,
    write_flat,
    write_picture,
)
from tests.helpers.hugging_face import write_pictures

UserError: Any = (digits_errors.UserError, layout_errors.LayoutError)

pytestmark = pytest.mark.variant  # the forms of the page are in test_forms.py

ALL = slice(0, 240)
NAMED = [NAMES[label] for label in LABELS[:240]]
RANDOM = np.random.default_rng(0)


def write_named(folder: Path, rows: slice, pattern: str) -> list[str]:
    """Write pictures, and return their paths, in which {n} is a number and {name} its class."""
    paths = [pattern.format(n=n, name=NAMED[n]) for n in range(rows.start, rows.stop)]
    for path, pixels in zip(paths, PIXELS[rows], strict=True):
        write_picture(folder / path, pixels)
    return paths


def write_csv(path: Path, columns: dict[str, Any], **options: Any) -> None:
    """Write a CSV file."""
    pd.DataFrame(columns).to_csv(path, **{"index": False} | options)


def paths_in_sets(place: Path, name: str = "labels.csv", column: str = "path") -> None:
    paths = write_named(place, TRAIN, "train/{n}.png") + write_named(
        place, TEST, "test/{n}.png"
    )
    write_csv(place / name, {column: paths, "label": NAMED})


def beside_folders(
    place: Path, rows: slice = ALL, pattern: str = "{name}/{n}.png", **columns: Any
) -> None:
    """Write pictures whose folders are the classes, and a table that says more of some."""
    paths = write_named(place, ALL, pattern)[rows]
    table = {"file": paths, "class": NAMED[rows]}
    write_csv(place / "t.csv", table | {name: values[rows] for name, values in columns.items()})


def sets_in_folders(
    place: Path, n_train: int, train: str = "train", test: str = "test"
) -> None:
    """Write pictures in two folders, and a table that says which ones are the training set."""
    paths = write_named(place, TRAIN, train + "/{n}.png")
    paths += write_named(place, TEST, test + "/{n}.png")
    sets = ["train"] * n_train + ["test"] * (240 - n_train)
    write_csv(place / "t.csv", {"path": paths, "label": NAMED, "set": sets})


def names_of_another_set(place: Path, suffix: str = ".png") -> None:
    write_named(place, TRAIN, "test/{n}.png")
    paths = [f"train/{n}{suffix}" for n in range(200)]
    write_csv(place / "t.csv", {"file": paths, "class": NAMED[:200]})


def paths_with_starts(place: Path, train: str, test: str) -> None:
    """Write a table whose paths say the set by their beginning."""
    paths = write_named(place, TRAIN, train + "{n}.png")
    paths += write_named(place, TEST, test + "{n}.png")
    write_csv(place / "labels.csv", {"path": paths, "label": NAMED})


def three_folders(place: Path) -> None:
    paths = write_named(place, slice(0, 100), "more/{n}.png")
    paths += write_named(place, slice(100, 200), "train/{n}.png")
    paths += write_named(place, TEST, "test/{n}.png")
    write_csv(place / "labels.csv", {"path": paths, "label": NAMED})


def birds(place: Path) -> None:
    paths = []
    sets = []
    for subset, rows in [("train", slice(180)), ("valid", slice(180, 200)), ("test", TEST)]:
        rows = slice(rows.start or 0, rows.stop)
        paths += write_named(place, rows, subset + "/{name}/{n}.jpg")
        sets += [subset] * (rows.stop - rows.start)
    columns = {"filepaths": paths, "labels": NAMED, "data set": sets}
    write_csv(place / "birds.csv", columns | {"scientific name": NAMED})


def column_of_sets(place: Path, name: str, train: Any, test: Any) -> None:
    files = write_flat(place / "images", ALL)
    sets = [train] * 200 + [test] * 40
    write_csv(place / "t.csv", {"file": files, "label": NAMED, name: sets})


def vertex(place: Path, other: str = "VALIDATION") -> None:
    files = [f"gs://bucket/flowers/{file}" for file in write_flat(place / "flowers", ALL)]
    sets = ["TRAIN"] * 180 + [other] * 20 + ["TEST"] * 40
    write_csv(place / "all_data.csv", {"1": sets, "2": files, "3": NAMED}, header=False)


def food_101(place: Path, train: str = "train") -> None:
    write_named(place, ALL, "food-101/images/{name}/{n}.jpg")
    (place / "food-101/meta").mkdir()
    for subset, rows in [(train, range(200)), ("test", range(200, 240))]:
        lines = "".join(f"{NAMED[n]}/{n}\n" for n in rows)
        (place / f"food-101/meta/{subset}.txt").write_text(lines)
    (place / "food-101/meta/classes.txt").write_text("\n".join(NAMES))


def palms(place: Path, test_has_classes: bool = True) -> None:
    """Write a training set with a score, and a test set in a folder of its own."""
    files = write_named(place / "train_images", TRAIN, "{n}.png")
    columns = {"image_id": files, "palm": NAMED[:200], "score": RANDOM.random(200)}
    write_csv(place / "Training_set.csv", columns)
    files = write_named(place / "test_images", TEST, "{n}.png")
    classes = {"palm": NAMED[200:240]} if test_has_classes else {}
    write_csv(place / "Testing_set.csv", {"image_id": files} | classes)


def two_words(place: Path, separator: str, name: str, template: str = "{n}.png") -> None:
    """Write a table without a header. Without blanks in the names, a class is `not zero`."""
    zero = "zero" if " " in template else "not zero"
    files = write_named(place, TRAIN, template)
    lines = [
        f"{file}{separator}{zero if NAMED[n] == 'zero' else NAMED[n]}"
        for n, file in enumerate(files)
    ]
    (place / name).write_text("\n".join(lines))


def rotated_cars(place: Path) -> None:
    """Write a validation set whose pictures are called like those of the training set."""
    for name, rows in [("train", slice(0, 160)), ("val", slice(160, 200)), ("test", TEST)]:
        write_named(place / name, slice(0, rows.stop - rows.start), "{n}.png")
        for n, row in enumerate(range(rows.start, rows.stop)):
            write_picture(place / f"{name}/{n}.png", PIXELS[row])
        if name != "test":
            write_csv(place / f"{name}.csv", {"ImageID": range(n + 1), "label": LABELS[rows]})


def planes(place: Path) -> None:
    """Write a table with names of the classes, whose numbers are in the names of the pictures."""
    files = [f"P{n // 4}_Plane{LABELS[n]}_{n}.png" for n in range(200)]
    for n, file in enumerate(files):
        write_picture(place / file, PIXELS[n])
    write_csv(
        place / "t.csv", {"Image_name": files, "Plane": NAMED[:200], "Who": LABELS[TRAIN] % 3}
    )


def lego(place: Path) -> None:
    """Write a table with a validation set, and the table of the test set."""
    paths = write_named(place, TRAIN, "star-wars/{n}.jpg")
    validation = np.where(LABELS[TRAIN] % 3 == 0, "valid", "train")
    columns = {"path": paths, "class_id": LABELS[TRAIN], "train-valid": validation}
    write_csv(place / "index.csv", columns)
    paths = write_named(place, TEST, "test/{n}.jpg")
    write_csv(place / "test.csv", {"path": paths, "class_id": LABELS[TEST]})


def chinese_signs(place: Path) -> None:
    for subset, rows in [("Train", TRAIN), ("Test", TEST)]:
        files = write_named(place / subset, rows, "{n}.png")
        lines = [
            f"{file};60;80;{label};" for file, label in zip(files, LABELS[rows], strict=True)
        ]
        (place / f"Signs{subset}Annotation.txt").write_text("\n".join(lines))


def cub_200(place: Path) -> None:
    write_named(place, ALL, "images/{name}/{n}.jpg")
    lines = {
        "images": [f"{n + 1} {NAMED[n]}/{n}.jpg" for n in range(240)],
        "train_test_split": [f"{n + 1} {int(n < 200)}" for n in range(240)],
    }
    for name, texts in lines.items():
        (place / f"{name}.txt").write_text("\n".join(texts))


def pets(place: Path) -> None:
    write_named(place, TRAIN, "images/{name}_{n}.jpg")
    for number in (100, 101, 102):
        scipy.io.savemat(place / f"images/x_{number}.mat", {"x": np.zeros((56, 3))})


def embeddings(place: Path, values: Any) -> None:
    write_named(place, TRAIN, "{name}_{n}.jpg")
    np.save(place / "embeddings.npy", values)
    np.save(place / "labels.npy", LABELS[TRAIN])


def ham_10000(place: Path) -> None:
    for number, rows in [(1, slice(0, 100)), (2, slice(100, 200))]:
        write_named(place / f"HAM10000_images_part_{number}", rows, "ISIC_{n}.jpg")
    columns = {
        "lesion_id": [f"HAM_{n // 2}" for n in range(200)],
        "image_id": [f"ISIC_{n}" for n in range(200)],
        "dx": NAMED[:200],
        "sex": np.resize(["male", "female", "female"], 200),
    }
    write_csv(place / "HAM10000_metadata.csv", columns)


def ham_10000_twice(place: Path) -> None:
    """Write also the copies that Kaggle has, in folders whose names are in lower case."""
    ham_10000(place)
    for number in (1, 2):
        folder = place / f"HAM10000_images_part_{number}"
        shutil.copytree(folder, place / f"ham10000_images_part_{number}")


def roboflow(place: Path) -> None:
    for copy in ["0a", "0b"]:
        write_named(place, TRAIN, "train/{name}/IMG_{n}_jpg.rf." + copy + ".jpg")


def gtsrb(place: Path) -> None:
    for name, rows in [("Train", TRAIN), ("Test", TEST)]:
        pattern = "Train/{name}/{n}.png" if name == "Train" else "Test/{n}.png"
        paths = write_named(place, rows, pattern)
        columns = {"Width": 8, "Height": 8, "ClassId": LABELS[rows], "Path": paths}
        write_csv(place / f"{name}.csv", columns)
    pictograms = write_named(place, slice(0, 10), "Meta/{n}.png")
    write_csv(place / "Meta.csv", {"Path": pictograms, "ClassId": range(10), "ShapeId": 0})


def pictures_without_a_row(place: Path) -> None:
    files = write_flat(place / "images", ALL)[:200]
    write_csv(place / "t.csv", {"file": files, "label": NAMED[:200]})


def leading_zeros(place: Path) -> None:
    ids = [file.removesuffix(".png") for file in write_flat(place / "train", TRAIN)]
    write_csv(place / "train.csv", {"Id": ids, "label": [f"{n:03d}" for n in LABELS[TRAIN]]})


def dogs_and_cats(place: Path) -> None:
    write_named(place, TRAIN, "train/train/{name}.{n}.jpg")
    write_named(place, TEST, "test1/test1/{n}.jpg")
    write_csv(place / "sampleSubmission.csv", {"id": [1, 2], "label": 0})


def named_by_table(place: Path, name: str, first: str = "", **options: Any) -> None:
    """Write pictures and a table, whose first line begins with a text."""
    files = write_flat(place / "p", TRAIN)
    columns = {f"{first}file": files, "class": NAMED[:200]}
    write_csv(place / name, columns, **options)


def latin_in_the_last_byte(place: Path) -> None:
    files = write_flat(place / "p", TRAIN)
    table = pd.DataFrame({"file": files, "class": NAMED[:200], "note": "-"})
    text = table.to_csv(index=False).removesuffix("-\n") + "é"
    (place / "table.csv").write_bytes(text.encode("latin1"))


def fractions_in_arrays(place: Path) -> None:
    np.save(place / "X.npy", PIXELS[TRAIN].astype(np.float32) / 255)
    np.save(place / "Y.npy", np.eye(10)[LABELS[TRAIN]])


def covidx(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        files = write_flat(place / subset, rows)
        columns = {"a": np.arange(len(files)) // 3, "b": files, "c": NAMED[rows]}
        columns["d"] = np.resize(["source1", "source2"], len(files))
        write_csv(place / f"{subset}_split.txt", columns, sep=" ", header=False)


def melanoma(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        files = write_flat(place / f"jpeg/{subset}", rows)
        columns: dict[str, Any] = {
            "image_name": [file.removesuffix(".png") for file in files],
            "patient_id": [f"IP_{n // 4}" for n in range(len(files))],
            "sex": np.resize(["male", "female", "female"], len(files)),
        }
        columns |= {"target": LABELS[rows]} if subset == "train" else {}
        write_csv(place / f"{subset}.csv", columns)


def blank_rows(place: Path) -> None:
    named_by_table(place, "sheet.csv")
    with (place / "sheet.csv").open("a") as file:
        file.write(",\n" * 200)


def names_of_other_files(place: Path) -> None:
    files = [f"{Path(name).stem}.dcm" for name in write_flat(place / "p", TRAIN)]
    write_csv(place / "t.csv", {"file": files, "label": NAMED[:200]})


def title_line(place: Path) -> None:
    named_by_table(place, "sheet.csv")
    text = (place / "sheet.csv").read_text().replace("\n", ",\n")
    (place / "sheet.csv").write_text(f"Survey 2024,,\n{text}")


def decomposed_names(place: Path) -> None:
    names = [f"schön_{n}.png" for n in range(200)]
    for name, pixels in zip(names, PIXELS[TRAIN], strict=True):
        write_picture(place / "bilder" / unicodedata.normalize("NFD", name), pixels)
    write_csv(place / "t.csv", {"file": names, "class": NAMED[:200]})


def unpacked_twice(place: Path) -> None:
    for folder in [place / "chest", place / "chest/chest"]:
        write_named(folder, TRAIN, "train/{name}/{n}.jpeg")
        write_named(folder, TEST, "test/{name}/{n}.jpeg")


def fashion_products(place: Path) -> None:
    for folder in [place, place / "myntradataset"]:
        files = write_flat(folder / "images", TRAIN)
        columns = {"id": [Path(file).stem for file in files], "gender": np.arange(200) % 3}
        write_csv(folder / "styles.csv", columns | {"articleType": LABELS[TRAIN]})


def sign_language(place: Path) -> None:
    write_named(place, TRAIN, "asl_train/asl_train/{name}/{name}{n}.jpg")
    write_named(place, slice(200, 210), "asl_test/asl_test/{name}_test.jpg")


def edge_impulse(place: Path) -> None:
    write_named(place, TRAIN, "training/{name}.IMG_{n}.jpg.3l1k.jpg")
    write_named(place, TEST, "testing/{name}.IMG_{n}.jpg.3l1k.jpg")


def letters_without_header(place: Path) -> None:
    table = make_table(TRAIN)
    table["label"] = NAMED[:200]
    table.to_csv(place / "letters.csv", header=False, index=False)


def semeion(place: Path) -> None:
    one_hot = np.eye(10)[LABELS[TRAIN]]
    rows = np.c_[PIXELS[TRAIN].reshape(200, -1), one_hot]
    np.savetxt(place / "semeion.data", rows, fmt="%.4f")
    (place / "semeion.names").write_text("1. Title: Semeion Handwritten Digit")


def only_the_test_pictures(place: Path) -> None:
    write_named(place, TRAIN, "test/{n}.png")
    write_csv(place / "train.csv", {"id": range(200), "breed": NAMED[:200]})


def soft_labels(place: Path) -> None:
    files = write_flat(place, TRAIN)
    shares = np.eye(10)[LABELS[TRAIN]]
    shares[60, :3] = [0.4, 0.3, 0.3]
    write_csv(place / "t.csv", {"file": files} | dict(zip(NAMES, shares.T, strict=True)))


def same_file_names(place: Path) -> None:
    (place / "default").mkdir()
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        write_pictures(place / f"default/{subset}/0000.parquet", rows, LABELS[rows])


def train_and_eval(place: Path) -> None:
    make_table(TRAIN).to_csv(place / "train.csv", index=False)
    make_table(TEST).to_csv(place / "eval.csv", index=False)


def color_planes(place: Path) -> None:
    planes = np.stack([PIXELS[TRAIN], PIXELS[TRAIN] // 2, PIXELS[TRAIN] // 4], axis=1)
    table = pd.DataFrame(planes.reshape(200, -1)).add_prefix("p")
    table.insert(0, "label", LABELS[TRAIN])
    table.to_csv(place / "t.csv", index=False)


def class_only_in_the_test_set(place: Path) -> None:
    train, test = make_table(TRAIN), make_table(TEST)
    train["label"] = [f"0{label}" for label in LABELS[TRAIN]]
    test["label"] = [*(f"0{label}" for label in LABELS[TEST][1:]), "x1"]
    train.to_csv(place / "train.csv", index=False)
    test.to_csv(place / "test.csv", index=False)


def equal_ids(place: Path) -> None:
    table = make_table(TRAIN)
    table.insert(0, "id", 7)
    table.to_csv(place / "t.csv", index=False)


def table_that_contradicts(place: Path) -> None:
    paths = write_named(place, TRAIN, "{name}/{n}.png")
    write_csv(place / "clean.csv", {"file": paths, "class": ["eight", *NAMED[1:200]]})


def medmnist(place: Path, *names: str) -> None:
    for name in names:
        arrays: dict[str, Any] = {}
        for subset, rows in [
            ("train", slice(0, 150)),
            ("val", slice(150, 200)),
            ("test", TEST),
        ]:
            arrays[f"{subset}_images"] = PIXELS[rows]
            arrays[f"{subset}_labels"] = LABELS[rows, np.newaxis]
        np.savez(place / f"{name}.npz", **arrays)


def encode(pixels: Any, ending: str = "png") -> dict[str, Any]:
    """Return a picture as Hugging Face stores it."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, ending)
    return {"bytes": content.getvalue(), "path": None}


def mask_and_image(place: Path) -> None:
    columns = {"mask": PIXELS[TRAIN] // 99, "image": PIXELS[TRAIN]}
    table = {name: [encode(each) for each in images] for name, images in columns.items()}
    pq.write_table(pa.table(table | {"label": NAMED[:200]}), place / "t.parquet")


def cifar_100(place: Path) -> None:
    images = [encode(pixels) for pixels in PIXELS[TRAIN]]
    labels = {"fine_label": LABELS[TRAIN], "coarse_label": LABELS[TRAIN] // 5}
    pq.write_table(pa.table({"img": images} | labels), place / "train.parquet")


def aircraft(place: Path, kinds: list[str]) -> None:
    """Write the lists of FGVC-Aircraft, whose names of classes have blanks."""
    files = write_flat(place / "images", ALL)
    sets = {"train": slice(150), "val": slice(150, 200), "trainval": TRAIN, "test": TEST}
    for number, kind in enumerate(kinds):
        names = [f"Boeing 7{label >> number}7" if label else "DH-82" for label in LABELS[:240]]
        for subset, rows in sets.items():
            pairs = zip(files[rows], names[rows], strict=True)
            lines = [f"{file.removesuffix('.png')} {name}" for file, name in pairs]
            (place / f"images_{kind}_{subset}.txt").write_text("\n".join(lines))


def celeba(place: Path) -> None:
    files = write_flat(place / "img_align_celeba", TRAIN)
    labels = {"Male": LABELS[TRAIN] % 2, "Young": LABELS[TRAIN] // 5}
    write_csv(place / "list_attr_celeba.csv", {"image_id": files} | labels)
    partition = {"image_id": files, "partition": np.repeat([0, 1, 2], [150, 25, 25])}
    write_csv(place / "list_eval_partition.csv", partition)


def unlabelled_test_set(place: Path) -> None:
    write_pictures(place / "train.parquet", TRAIN, LABELS[TRAIN])
    write_pictures(place / "test.parquet", TEST, [-1] * 40)


def missing_labels(place: Path) -> None:
    files = write_flat(place / "p", TRAIN)
    write_csv(place / "t.csv", {"file": files, "label": [""] * 30 + NAMED[30:200]})


def metadata_in_each_set(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        files = write_flat(place / subset, rows)
        write_csv(place / subset / "metadata.csv", {"file_name": files, "label": NAMED[rows]})


def plants(place: Path) -> None:
    files = write_flat(place / "p", TRAIN)
    write_csv(
        place / "t.csv", {"file": files, "class": NAMED[:200], "plant_id": np.arange(200) // 5}
    )


def numbered_rows(place: Path) -> None:
    """Write a table whose numbers are also the names of other pictures."""
    names = [f"{(n + 7) % 200}.png" for n in range(200)]
    for name, pixels in zip(names, PIXELS[TRAIN], strict=True):
        write_picture(place / "p" / name, pixels)
    write_csv(place / "t.csv", {"id": range(200), "name": names, "label": NAMED[:200]})


def shards(place: Path) -> None:
    for number in range(5):
        rows = slice(40 * number, 40 * number + 40)
        write_pictures(place / f"data/train-0000{number}-of-00005.parquet", rows, LABELS[rows])
    write_pictures(place / "data/test-00000-of-00001.parquet", TEST, LABELS[TEST])


def names_without_endings(place: Path) -> None:
    files = write_flat(place / "images", TRAIN)
    stems = [file.removesuffix(".png") for file in files]
    write_csv(
        place / "labels.csv", {"a": [f"im_{n}" for n in stems], "b": NAMED[:200]}, header=False
    )
    for file in files:
        (place / "images" / file).rename(place / f"images/im_{file}")


def lists_of_three_sets(place: Path) -> None:
    write_named(place, ALL, "images/{name}/{n}.jpg")
    for subset, rows in [
        ("train", range(150)),
        ("val", range(150, 200)),
        ("test", range(200, 240)),
    ]:
        lines = "".join(f"{NAMED[n]}/{n}.jpg\n" for n in rows)
        (place / f"{subset}.txt").write_text(lines)


def lists_of_a_part(place: Path) -> None:
    write_named(place, ALL, "Images/{name}/{n}.jpg")
    for name, rows in [("TrainImages", range(160)), ("TestImages", range(160, 220))]:
        lines = "".join(f"{NAMED[n]}/{n}.jpg\n" for n in rows)
        (place / f"{name}.txt").write_text(lines)


def truth_beside_thumbnails(place: Path) -> None:
    """Write a table of the pictures in some folders, and pictures that it does not name."""
    write_named(place, TRAIN, "Photos/{name}/{name}{n}.tif")
    truth = "".join(f"{NAMED[n]}{n}.tif,{NAMED[n]}\n" for n in range(200))
    (place / "Photos/truth.csv").write_text(truth)
    for n in range(200, 206):
        write_picture(place / f"WSI/thumbnails/A{n}.png", PIXELS[n])


def converted_hdf5(place: Path) -> None:
    """Write the beginning of an HDF5 file, which Pillow takes for a picture, and an array."""
    (place / "usps.h5").write_bytes(b"\x89HDF\r\n\x1a\n".ljust(512))
    np.savez(place / "usps.h5.npz", x=np.array(["data", "target"]))


def converted_excel(place: Path) -> None:
    (place / "a.xlsx").touch()
    (place / "a.xlsx.one.csv").touch()


def binary_files_and_folds(place: Path) -> None:
    (place / "train_X.bin").write_bytes(PIXELS.tobytes())
    (place / "train_y.bin").write_bytes(bytes(240))
    rows = " ".join(map(str, range(24)))
    (place / "fold_indices.txt").write_text(f"{rows}\n" * 10)


def faces(place: Path) -> None:
    rows = PIXELS[TRAIN].reshape(200, 64)
    scipy.io.savemat(
        place / "Yale_8x8.mat", {"fea": rows, "gnd": LABELS[TRAIN, np.newaxis] + 1}
    )


def drawings(place: Path) -> None:
    for number in range(10):
        name = f"full_numpy_bitmap_{['ant', 'apple', 'axe'][number % 3]}{number}.npy"
        np.save(place / name, PIXELS[TRAIN][LABELS[TRAIN] == number].reshape(-1, 64))


def drawings_and_list(place: Path) -> None:
    drawings(place)
    names = sorted(path.stem for path in place.iterdir())
    write_csv(place / "classes.csv", {"number": range(10), "name": names})


def folder_called_pictures(place: Path) -> None:
    paths = write_named(place, TRAIN, "pictures/{name}/{n}.png")
    write_csv(place / "labels.csv", {"path": paths, "label": NAMED[:200]})


def digits_by_set(place: Path, name: str) -> None:
    """Write an array for each class and set."""
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        for number, class_name in enumerate(NAMES):
            images = PIXELS[rows][LABELS[rows] == number]
            np.save(place / name.format(subset=subset, name=class_name), images)


def missing_diagnoses(place: Path) -> None:
    files = write_flat(place / "images", TRAIN)
    diagnoses = [name if n % 20 else "" for n, name in enumerate(NAMED[:200])]
    columns = {"image": files, "diagnosis": diagnoses, "sex": np.resize(["n", "s", "s"], 200)}
    write_csv(place / "table.csv", columns)


def sorted_as_texts(place: Path) -> None:
    table = make_table(TRAIN)
    table[sorted(map(str, table))].to_csv(place / "train.csv", index=False)


def cyrillic(place: Path) -> None:
    files = write_flat(place / "img", TRAIN)
    classes = np.resize(["кошка", "собака"], 200)
    write_csv(place / "t.csv", {"file": files, "class": classes}, encoding="cp1251")


def booleans(place: Path) -> None:
    files = write_flat(place, TRAIN)
    columns = {name: LABELS[TRAIN] == number for number, name in enumerate(NAMES)}
    write_csv(place / "t.tsv", {"file": files} | columns, sep="\t")


def parts_of_a_set(place: Path) -> None:
    for number, rows in [(1, slice(0, 100)), (2, slice(100, 200))]:
        files = write_flat(place / f"images_{number}", rows)
        write_csv(place / f"part{number}.csv", {"Image Index": files, "Finding": NAMED[rows]})


def alternating_folders(place: Path) -> None:
    files = write_named(place / "part_1", TRAIN, "ISIC_{n}.png")
    for file in files[::2]:
        (place / "part_2").mkdir(exist_ok=True)
        (place / "part_1" / file).rename(place / "part_2" / file)
    ids = [file.removesuffix(".png") for file in files]
    write_csv(place / "m.csv", {"image_id": ids, "dx": NAMED[:200]})


def letters_of_kaggle(place: Path) -> None:
    table = make_table(TRAIN)
    table.columns = ["0", *(f"0.{number}" for number in range(1, 65))]
    table.to_csv(place / "A_Z.csv", index=False)


def code_of_the_class(place: Path) -> None:
    make_table(TRAIN).rename(columns={"label": "code"}).to_csv(place / "t.csv", index=False)


def columns_without_names(place: Path) -> None:
    files = write_named(place / "p", TRAIN, "img_{n}.png")
    table = {"": range(200), "Image": files, "Category": NAMED[:200], " ": ""}
    write_csv(place / "labels.csv", table)


def two_copies_of_a_table(place: Path) -> None:
    (place / "again").mkdir()
    for folder in [place, place / "again"]:
        make_table(TRAIN).to_csv(folder / "digits.csv", index=False)


def two_pictures_in_a_table(place: Path, first: str, second: str) -> None:
    """Write two pictures of each thing, with these ends of their names, and a table."""
    paths = [
        path for end in (first, second) for path in write_named(place, TRAIN, f"x{{n}}{end}")
    ]
    write_csv(place / "t.csv", {"file": paths, "class": [*NAMED[:200], *NAMED[:200]]})


def array_per_sample(place: Path, names: list[str], shape: tuple[int, ...]) -> None:
    """Write an array for each sample, and a table of their classes."""
    for name in names:
        path = place / f"train/{name[0]}/{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, RANDOM.normal(size=shape).astype(np.float16))
    if len(names) < 50:
        write_csv(place / "train_labels.csv", {"id": names, "target": LABELS[: len(names)] % 2})


def kannada(place: Path) -> None:
    for name, rows in [("train", slice(0, 150)), ("Dig-MNIST", slice(150, 200))]:
        make_table(rows).to_csv(place / f"{name}.csv", index=False)
    make_table(TEST, labelled=False).to_csv(place / "test.csv", index_label="id")


def configurations(place: Path) -> None:
    for folder in ["0.25", "1.25"]:
        (place / folder).mkdir()
        for subset, rows in [("train", TRAIN), ("validation", TEST)]:
            path = place / folder / f"{subset}-00000-of-00001.parquet"
            write_pictures(path, rows, (LABELS[rows] + int(folder[0])) % 10)


def shards_with_hashes(place: Path) -> None:
    for name, rows in [
        ("0-of-2-1a2b3c4d5e6f7a8b", slice(0, 100)),
        ("1-of-2-ffeeddccbbaa0011", slice(100, 200)),
    ]:
        write_pictures(place / f"train-{name}.parquet", rows, LABELS[rows])


def glas(place: Path) -> None:
    paths = write_named(place, TRAIN, "train_{n}.bmp")
    paths += write_named(place, slice(200, 220), "testA_{n}.bmp")
    paths += write_named(place, slice(220, 240), "testB_{n}.bmp")
    names = [path.removesuffix(".bmp") for path in paths]
    columns = {"name": names, " patient ID": np.arange(240) // 4, " grade (GlaS)": NAMED}
    write_csv(place / "Grade.csv", columns)


def beside_pixels(place: Path, name: str) -> None:
    table = make_table(TRAIN)
    table.insert(1, name, [f"x{n // 7}" for n in range(200)])
    table.to_csv(place / "t.csv", index=False)


def conser_vision(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        files = write_flat(place / f"{subset}_features", rows)
        ids = [file.removesuffix(".png") for file in files]
        columns = {"id": ids, "filepath": [f"{subset}_features/{file}" for file in files]}
        write_csv(
            place / f"{subset}_features.csv", columns | {"site": np.arange(len(ids)) // 9}
        )
    flags = {name: (LABELS[TRAIN] == number) * 1.0 for number, name in enumerate(NAMES)}
    ids = [f"{n:05d}" for n in range(200)]
    write_csv(place / "train_labels.csv", {"id": ids} | flags)


def lesions(place: Path, n_per_lesion: int) -> None:
    files = write_flat(place / "images", TRAIN)
    lesion = np.arange(200) // n_per_lesion
    columns = {"patient_id": np.arange(200) // 4, "lesion_id": lesion, "img_id": files}
    write_csv(place / "metadata.csv", columns | {"diagnostic": NAMED[:200]})


def test_few_shares_are_classes_if_the_owner_says_so(tmp_path: Path) -> None:
    files = write_flat(tmp_path / "images", TRAIN)
    columns = {"file": files, "chance": LABELS[TRAIN] % 4 / 3, "weight": LABELS[TRAIN] / 3}
    write_csv(tmp_path / "labels.csv", columns)
    rows = choose(Place(tmp_path), columns={"class": "chance"}).rows
    assert sorted(set(rows["class"].str[:4])) == ["0.0", "0.33", "0.66", "1.0"]
    with pytest.raises(ChoiceError, match="weight is a quantity"):
        choose(Place(tmp_path), columns={"class": "weight"})
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path))
    assert "    doubt: fractions would be classes, which may be a quantity" in error.value.lines


def test_a_table_of_a_test_set_without_classes_is_no_list_of_test_images(
    tmp_path: Path,
) -> None:
    palms(tmp_path, test_has_classes=False)
    said = "\n".join(describe(choose(Place(tmp_path), columns={"class": "palm"})))
    assert "Testing_set.csv" in said
    assert "may say which images are a test set" not in said
    assert "are people or days" not in said


def test_ids_within_groups_are_no_groups(tmp_path: Path) -> None:
    for name, n_per_lesion in [("finer", 2), ("coarser", 9)]:
        (tmp_path / name).mkdir()
        lesions(tmp_path / name, n_per_lesion)
        choice = choose(Place(tmp_path / name), columns={"class": "diagnostic"})
        assert choice.layout["group"] == "patient_id"
        said = "\n".join(describe(choice))
        assert ("digits start --class diagnostic --group lesion_id" in said) == (
            name == "coarser"
        )


def leafsnap(place: Path, species: list[str]) -> None:
    files = write_named(place, TRAIN, "dataset/{n}.png")
    names = np.array(species)[LABELS[TRAIN]]
    columns = {"file_id": range(200), "image_path": files, "species": names}
    write_csv(place / "images.txt", columns | {"source": "my lab"}, sep="\t")


def stray_pictures(place: Path) -> None:
    for name, rows in [("sign_mnist_train", TRAIN), ("sign_mnist_test", TEST)]:
        make_table(rows).to_csv(place / f"{name}.csv", index=False)
    write_named(place, slice(0, 3), "amer_sign{n}.png")


def in_each_set(place: Path, training: str, testing: str) -> None:
    """Write a table of each set, which names the pictures by the same numbers."""
    sets = {"Training": (training, TRAIN), "Testing": (testing, TEST)}
    for name, (folder, rows) in sets.items():
        numbers = range(1, rows.stop - rows.start + 1)
        for number, pixels in zip(numbers, PIXELS[rows], strict=True):
            write_picture(place / folder / f"{name} Set/A_{number}.png", pixels)
        columns = {"Image name": [f"A_{number}" for number in numbers], "grade": NAMED[rows]}
        columns |= {"": [""] * len(numbers)} if name == "Training" else {}
        write_csv(place / folder / f"{name} Labels.csv", columns)


def folds_of_bus(place: Path) -> None:
    files = write_flat(place / "Images", TRAIN)
    columns = {"ID": [file.removesuffix(".png") for file in files], "Pathology": NAMED[:200]}
    write_csv(place / "5-fold-cv.csv", columns | {"kFold": np.arange(200) % 5})
    write_csv(place / "bus_data.csv", columns | {"Case": np.arange(200) // 3, "Side": "left"})


def galaxy(place: Path) -> None:
    (place / "Galaxy10.h5").touch()
    columns: dict[str, Any] = {
        "ans": LABELS[TRAIN],
        "ra": RANDOM.random(200),
        "redshift": LABELS[TRAIN] / 9,
    }
    np.savez(place / "Galaxy10.h5.npz", images=PIXELS[TRAIN], **columns)


def exams(place: Path) -> None:
    """Write arrays of three planes for each exam, and tables without a header."""
    for number in range(30):
        for plane in ["axial", "coronal", "sagittal"]:
            (place / plane).mkdir(exist_ok=True)
            np.save(place / plane / f"{number:04d}.npy", np.zeros((20, 8, 8)))
    columns = {"a": range(1130, 1160), "b": LABELS[:30] % 2}
    write_csv(place / "valid-abnormal.csv", columns, header=False)


def mat_per_image(place: Path) -> None:
    for number in range(40):
        arrays = {"image": PIXELS[number], "label": LABELS[number]}
        scipy.io.savemat(place / f"{number}.mat", arrays)


def galaxy_zoo(place: Path) -> None:
    files = write_flat(place / "images", TRAIN)
    ids = [file.removesuffix(".png") for file in files]
    for name, factor in [("all_ones_benchmark", 0), ("solutions", 1)]:
        first = np.linspace(0.25, 0.75, 200) ** factor
        shares = {"Class1.1": first, "Class1.2": 1 - first}
        write_csv(place / f"{name}.csv", {"GalaxyID": ids} | shares)


def pan_nuke(place: Path) -> None:
    for number, rows in [(1, slice(0, 100)), (2, slice(100, 200))]:
        folder = place / f"Fold {number}/images/fold{number}"
        folder.mkdir(parents=True)
        np.save(folder / "images.npy", PIXELS[rows])
        np.save(folder / "types.npy", NAMED[rows])


def mhsma(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        np.save(place / f"x_64_{subset}.npy", PIXELS[rows])
        for name, number in [("acrosome", 2), ("head", 3)]:
            np.save(place / f"y_{name}_{subset}.npy", LABELS[rows] % number)


def labels_of_equal_sets(place: Path) -> None:
    test, train = slice(100, 200), slice(0, 100)
    np.savez(
        place / "a.npz",
        x_train=PIXELS[train],
        x_test=PIXELS[test],
        digit_test=LABELS[test],
        digit_train=LABELS[train],
        odd_train=LABELS[train] % 2,
        odd_test=LABELS[test] % 2,
    )


def without_endings(place: Path) -> None:
    for name in write_named(place, TRAIN, "{name}/{n}.png"):
        (place / name).rename(place / name.removesuffix(".png"))


def belgian_signs(place: Path) -> None:
    paths = write_named(place, TRAIN, "{name}/{n}.ppm")
    for number, name in enumerate(NAMES):
        files = [Path(path).name for path in paths if path.startswith(name)]
        columns = {"Filename": files, "Width": 8, "ClassId": number}
        write_csv(place / name / f"GT-{number}.csv", columns, sep=";")


def chinese_mnist(place: Path) -> None:
    rows = [(n % 3 + 1, n // 3 + 1, label) for label in range(10) for n in range(18)]
    for n, (suite, sample, label) in enumerate(rows):
        pixels = PIXELS[TRAIN][LABELS[TRAIN] == label][n % 18]
        write_picture(place / f"data_2/input_{suite}_{sample}_{label + 1}.png", pixels)
    suites, samples, labels = map(np.array, zip(*rows, strict=True))
    columns = {"suite_id": suites, "sample_id": samples, "code": labels + 1}
    write_csv(place / "t.csv", columns | {"character": np.array(NAMES)[labels]})


def contest(place: Path, labelled: list[str], blank: str = "") -> None:
    """Write pixels of which only some sets have labels. `blank` is before each word of a set."""
    table = make_table(slice(0, 240)).assign(label=NAMED)
    table["Usage"] = ["Training"] * 200 + ["PublicTest"] * 20 + ["PrivateTest"] * 20
    table.loc[~table["Usage"].isin(labelled), "label"] = ""
    table["Usage"] = blank + table["Usage"]
    table.to_csv(place / "train.csv", index=False)


def ships(place: Path) -> None:
    """Write names with class and scene, and a few pictures of whole scenes beside them."""
    names = [f"{n % 2}__scene{n // 40}__-{n}_{n + 7}.png" for n in range(240)]
    for name, pixels in zip(names, PIXELS[ALL], strict=True):
        write_picture(place / "ships/ships" / name, pixels)
    for n in range(8):
        write_picture(place / f"scenes/scenes/bay_{n}.png", PIXELS[240 + n])


def deep_fashion(place: Path) -> None:
    """Write a list whose first line is the number of its rows, and folders that are products."""
    paths = [f"img/Dress_{n % 20}/img_{n:08}.jpg" for n in range(200)]
    for path, pixels in zip(paths, PIXELS[TRAIN], strict=True):
        write_picture(place / path, pixels)
    rows = [f"{path}    {label + 1}" for path, label in zip(paths, LABELS[TRAIN], strict=True)]
    text = "\n".join(["200", "image_name  category_label", *rows, ""])
    (place / "list_category_img.txt").write_text(text)


def list_with_blanks(place: Path) -> None:
    """Write a list of paths, of which some have a blank, and classes."""
    paths = write_named(place, slice(0, 5), "p/{n} (1).PNG")
    paths += write_named(place, slice(5, 200), "p/{n}.png")
    lines = [f"{path} {name}" for path, name in zip(paths, NAMED[:200], strict=True)]
    (place / "list.txt").write_text("\n".join(lines))


def orl(place: Path) -> None:
    """Write images, labels that are floats, and another file with numbers of rows."""
    labels = LABELS[TRAIN, None] + 1.0
    scipy.io.savemat(place / "ORL.mat", {"fea": PIXELS[TRAIN].reshape(200, 64), "gnd": labels})
    scipy.io.savemat(place / "split.mat", {"trainIdx": np.arange(5), "testIdx": np.arange(3)})


def letters_of_matlab(place: Path, name: str) -> None:
    """Write columns of pixels and of flags, and those of the test set under joined names."""
    flags = np.eye(10)[LABELS]
    content = {"data": PIXELS[TRAIN].reshape(200, 64).T, "target": flags[TRAIN].T}
    content |= {f"test{name}": PIXELS[TEST].reshape(40, 64).T, "testtarget": flags[TEST].T}
    scipy.io.savemat(place / "chardata.mat", content)


def amat(place: Path) -> None:
    """Write rows of pixels and the class at the end, in exponents, which are long."""
    for name, rows in {"train": TRAIN, "test": TEST}.items():
        images = (PIXELS[rows] / 255).repeat(3, axis=1).repeat(3, axis=2).reshape(-1, 576)
        np.savetxt(place / f"{name}.amat", np.c_[images, LABELS[rows]], fmt="   %.7e")


def batches(place: Path) -> None:
    for name, rows in {
        "train_data_batch_1": slice(0, 150),
        "val_data": slice(150, 240),
    }.items():
        np.savez(place / f"{name}.npz", data=PIXELS[rows], labels=LABELS[rows])


def trimaps(place: Path) -> None:
    """Write photos and trimaps of the same names, and lists of both sets."""
    for folder in ["images", "annotations/trimaps"]:
        write_named(place, ALL, folder + "/{name}_{n}.png")
    for name, rows in {"trainval": TRAIN, "test": TEST}.items():
        numbers = range(rows.start, rows.stop)
        lines = [f"{NAMED[n]}_{n} {LABELS[n] + 1} {n % 2}" for n in numbers]
        (place / f"annotations/{name}.txt").write_text("\n".join(lines))


def flat_test_set(place: Path) -> None:
    """Write folders of classes, and a test set whose names have the classes."""
    write_named(place, TRAIN, "pictures/{name}/pic_{n}.png")
    write_named(place, TEST, "my_testset/my_testset/{name}_{n}.png")


def lists_of_names(place: Path) -> None:
    """Write names with classes, and lists of both sets beside a list of everything."""
    names = write_named(place / "p", ALL, "{name}_{n}.png")
    for name, rows in {"train": TRAIN, "test": TEST, "all": ALL}.items():
        lines = [f"{file} {LABELS[n]}" for n, file in list(enumerate(names))[rows]]
        (place / f"{name}.txt").write_text("\n".join(lines))


def paths_with_a_slash(place: Path) -> None:
    """Write a list whose paths begin with a slash."""
    paths = write_named(place / "data", TRAIN, "p/{n}.png")
    lines = [f"/{path} {LABELS[n]}" for n, path in enumerate(paths)]
    (place / "train.txt").write_text("\n".join(lines))


def resized_copies(place: Path) -> None:
    """Write folders of classes, one in a wrong encoding, and flat copies beside them."""
    for n in range(200):
        name = "D├╝rer" if NAMED[n] == "one" else NAMED[n]
        write_picture(place / f"images/images/{name}/{name}_{n}.png", PIXELS[n])
        write_picture(place / f"resized/resized/{name}_{n}.png", PIXELS[n])


def letters_of_alphabets(place: Path) -> None:
    """Write the numbered letters of two alphabets."""
    for n in range(200):
        alphabet = ["greek", "latin"][n // 100]
        write_picture(place / f"{alphabet}/letter{n % 5:02d}/{n}.png", PIXELS[n])


def few_faces(place: Path) -> None:
    """Write many people, of whom only two have several pictures."""
    for n in range(240):
        name = f"person {n}" if n < 200 else ["ann", "bob"][n % 2]
        write_picture(place / name / f"{n}.png", PIXELS[n])


def groups_in_another_table(place: Path) -> None:
    files = write_flat(place / "p", TRAIN)
    write_csv(place / "classes.csv", {"file": files, "label": NAMED[:200]})
    write_csv(place / "more.csv", {"file": files, "lesion_id": np.arange(200) // 4})


def one_hot_and_others(place: Path, **others: Any) -> None:
    """Write a table with one column per class, and other columns."""
    flags = {name: (LABELS[TRAIN] == number) * 1.0 for number, name in enumerate(NAMES)}
    files = write_flat(place / "p", TRAIN)
    write_csv(place / "t.csv", {"image": files} | flags | others)


def usual_name_behind_others(place: Path) -> None:
    """Write a table in which two columns name pictures of several rows."""
    files = write_flat(place / "p", TRAIN)
    left = [files[n - n % 2] for n in range(200)]
    right = [files[n - n % 2 + 1] for n in range(200)]
    columns = {"left": left, "right": right, "filename": files, "label": NAMED[:200]}
    write_csv(place / "t.csv", columns)


def camera_traps(place: Path) -> None:
    """Write a table with the folders of pictures and their names, which repeat."""
    numbers = range(200)
    folders = [f"station{n % 4}\\recn" for n in numbers]
    names = [f"img{n // 4}.png" for n in numbers]
    for folder, name, pixels in zip(folders, names, PIXELS[TRAIN], strict=True):
        write_picture(place / folder.replace("\\", "/") / name, pixels)
    write_csv(place / "t.csv", {"File": names, "Path": folders, "Species": NAMED[:200]})


def two_trees_with_tables(place: Path) -> None:
    """Write the same pictures in two folders, each with tables of three sets."""
    for tree in ["rgb", "bands"]:
        for name, rows in {
            "train": slice(0, 180),
            "validation": slice(180, 200),
            "test": TEST,
        }.items():
            files = write_named(place / tree, rows, f"p/{tree}{{n}}.png")
            write_csv(place / tree / f"{name}.csv", {"file": files, "label": NAMED[rows]})


def numbered_plants(place: Path) -> None:
    """Write names with a state, the number of a plant, and the number of a picture."""
    for n in range(200):
        state = "healthy" if n < 100 else "rust"
        write_picture(place / f"{state}_{n // 10}_{n % 10}.png", PIXELS[n])


def sides(place: Path, names: Sequence[str] = ("left", "right")) -> None:
    for n in range(200):
        write_picture(place / f"{n // 2}_{names[n % 2]}.png", PIXELS[n])


def people_and_codes(place: Path) -> None:
    """Write a folder for each person, with names in which nothing separates the class."""
    for n in range(240):
        person = ["AF01", "AF02", "AM01", "AM02"][n % 4]
        write_picture(place / person / f"{person}AN{'HS'[n // 120]}L{n}.png", PIXELS[n])


def annotations_beside_pictures(place: Path) -> None:
    write_flat(place / "images", TRAIN)
    (place / "annotations").mkdir()
    for n in range(200):
        np.save(place / f"annotations/{n}_exp.npy", np.array(str(LABELS[n])))


def resize(height: int, width: int) -> Any:
    """Return rows of pixels of images that are not square."""
    pictures = [Image.fromarray(pixels) for pixels in PIXELS[:200]]
    return np.array([np.asarray(each.resize((width, height))).ravel() for each in pictures])


def write_rows(path: Path, pixels: Any) -> None:
    """Write a table of pixels with classes."""
    table = pd.DataFrame(pixels).add_prefix("p")
    table.assign(label=LABELS[:200]).to_csv(path, index=False)


def write_targas(place: Path) -> None:
    for name in "ab":
        (place / name).mkdir()
        for number in range(9):
            Image.fromarray(PIXELS[number]).save(place / name / f"{number}.tga")


def patches(place: Path) -> None:
    """Write an HDF5 file beside a table about its images."""
    (place / "train_x.h5").write_bytes(b"\x89HDF")
    columns = {"coord_x": np.arange(200), "coord_y": np.arange(200) + 300, "tumor": 1}
    write_csv(place / "train_meta.csv", columns)


def blank_classes(place: Path) -> None:
    files = write_flat(place / "p", TRAIN)
    taxa = [name if n % 4 else "" for n, name in enumerate(NAMED[:200])]
    write_csv(place / "t.csv", {"file": files, "class": taxa, "common_name": NAMED[:200]})


def paths_from_above(place: Path) -> None:
    """Write a table whose paths begin with the name of the folder in which it lies."""
    paths = write_named(place, TRAIN, "train/patient{n}/view1.png")
    write_csv(
        place / "train.csv",
        {"Path": [f"{place.name}/{path}" for path in paths], "Label": NAMED[:200]},
    )


def several_defects(place: Path) -> None:
    """Write images, and a column of flags for each of several labels, without names."""
    flags = np.unpackbits(np.arange(200, dtype=np.uint8)[:, None], axis=1)
    unnamed_arrays(place, PIXELS[TRAIN], flags)


def unnamed_arrays(place: Path, *arrays: Any) -> None:
    """Write arrays that NumPy calls arr_0, arr_1 and so on."""
    np.savez(place / "d.npz", *arrays)


def unnamed_arrays_of_two_sets(place: Path, order: str, n_train: int) -> None:
    """Write images (x) and labels (y) of two sets without names, in an order such as xyxy."""
    rows = {"x": PIXELS[:240], "y": LABELS[:240]}
    sets = {letter: iter([rows[letter][:n_train], rows[letter][n_train:]]) for letter in "xy"}
    unnamed_arrays(place, *(next(sets[letter]) for letter in order[:4]))


def pixels_and_names(place: Path) -> None:
    table = make_table(TRAIN, labelled=False)
    table.insert(0, "img_name", [f"{n}.jpg" for n in range(200)])
    table.insert(1, "digit_name", NAMED[:200])
    table.to_csv(place / "t.csv", index=False)


def packed_and_named(place: Path) -> None:
    packed = [" ".join(map(str, pixels.ravel())) for pixels in PIXELS[TRAIN]]
    names = [f"{n}.jpg" for n in range(200)]
    write_csv(
        place / "age_gender.csv",
        {"img_name": names, "kind": LABELS[TRAIN], "age": LABELS[TRAIN] * 9, "pixels": packed},
    )


def columns_of_two_labels(place: Path) -> None:
    """Write pixels whose columns are numbers, and two columns of classes before them."""
    table = make_table(TRAIN, labelled=False).rename(columns=lambda name: name[5:])
    table.insert(0, "image_id", [f"Train_{n}" for n in range(200)])
    table.insert(1, "root", LABELS[TRAIN])
    table.insert(2, "vowel", LABELS[TRAIN] % 3)
    table.to_csv(place / "t.csv", index=False)


def lists_in_parquet(place: Path, *, nested: bool, ending: str) -> None:
    images = [pixels.tolist() if nested else pixels.ravel() for pixels in PIXELS[TRAIN]]
    table = pa.table({"label": LABELS[TRAIN], "image": images})
    pq.write_table(table, place / f"t.{ending}")


def typed_lists_in_parquet(place: Path, kind: Any) -> None:
    images = pa.array([pixels.ravel() for pixels in PIXELS[TRAIN]], kind)
    pq.write_table(pa.table({"label": LABELS[TRAIN], "image": images}), place / "t.parquet")


def base_64(place: Path, start: str) -> None:
    ending = "jpeg" if "jpeg" in start else "png"
    files = [encode(pixels, ending)["bytes"] for pixels in PIXELS[TRAIN]]
    texts = [start + base64.b64encode(file).decode() for file in files]
    write_csv(place / "t.csv", {"image": texts, "label": NAMED[:200]})


def four_channels(place: Path) -> None:
    """Write images with infrared along the last axis, and a column of labels for each."""
    images = np.repeat(PIXELS[TRAIN][:, :, :, None], 4, axis=3)
    one_hot = np.eye(10, dtype=np.uint8)[LABELS[TRAIN]]
    content = {"train_x": images.transpose(1, 2, 3, 0), "train_y": one_hot.T}
    scipy.io.savemat(place / "sat.mat", content)


def zip_code(place: Path) -> None:
    rows = np.c_[LABELS[TRAIN], PIXELS[TRAIN].reshape(200, -1) / 120 - 1]
    np.savetxt(place / "zip.train.gz", rows, fmt="%.4f")


def header_called_like_a_picture(place: Path) -> None:
    paths = write_named(place, TRAIN, "img/{n}.png")
    write_picture(place / "other/label.png", PIXELS[200])
    write_csv(place / "t.csv", {"file": paths, "label": NAMED[:200]})


def names_of_classes(place: Path) -> None:
    """Write two columns of classes, of which each value of one is a value of the other."""
    files = write_flat(place / "p", TRAIN)
    write_csv(
        place / "t.csv", {"file": files, "class": NAMED[:200], "symbol_id": LABELS[TRAIN] + 31}
    )


def recordings(place: Path, name: str, n_groups: int = 40) -> None:
    groups = np.arange(200) * n_groups // 200
    files = write_flat(place / "p", TRAIN)
    write_csv(place / "t.csv", {"file": files, "class": NAMED[:200], name: groups})


def ids_in_two_tables(place: Path) -> None:
    table = make_table(TRAIN)
    table.insert(0, "image_id", [f"Train_{n}" for n in range(200)])
    table[["image_id", "label"]].to_csv(place / "train.csv", index=False)
    table.drop(columns="label").to_parquet(place / "train_0.parquet")


def arrays_in_folders(place: Path) -> None:
    """Write an .npz file whose arrays have a slash in their names."""
    content: dict[str, Any] = {"train/x": PIXELS[TRAIN], "train/y": LABELS[TRAIN]}
    content |= {"test/x": PIXELS[TEST], "test/y": LABELS[TEST]}
    np.savez(place / "d.npz", **content)


def blank_classes_in_sets(place: Path, subsets: Sequence[str]) -> None:
    for name, rows in [("train", TRAIN), ("test", TEST)]:
        table = make_table(rows, labelled=False)
        classes = pd.Series(NAMED[rows])
        if name in subsets:
            classes[::20] = ""
        table.insert(0, "number", classes)
        table.to_csv(place / f"{name}.csv", index=False)


def tables_of_the_same_size_and_time(place: Path) -> None:
    for name, rows in [("train", slice(0, 40)), ("test", TEST)]:
        path = place / f"{name}.csv"
        write_csv(path, {"file": write_flat(place / "p", rows), "class": LABELS[rows]})
        os.utime(path, (1_700_000_000, 1_700_000_000))


class Read(NamedTuple):
    """A form that is read.

    Attributes:
        write: writes a few images in this form.
        layout: the layout.
        n_test: the number of images in the test set.
        said: what is said about files or columns that are not used.
    """

    write: Callable[[Path], None]
    layout: str
    n_test: int = 0
    said: str = ""


WHERE_PATH = '{where: {path: "train/*"}}, test: {where: {path: "test/*"}}'
READ = {
    "paths in two sets": Read(
        paths_in_sets,
        f'{{table: labels.csv, file: "{{path}}", class: label, train: {WHERE_PATH}}}',
        n_test=40,
    ),
    **{
        f"paths that begin with {train} and {test}": Read(
            partial(paths_with_starts, train=train, test=test),
            '{table: labels.csv, file: "{path}", class: label, '
            f'train: {{where: {{path: "{train}*"}}}}, test: {{where: {{path: "{test}*"}}}}}}',
            n_test=40,
        )
        for train, test in [
            ("rps/", "rps-test-set/"),
            ("rps/", "rps test set/"),
            ("my-train/", "my-test/"),
            ("train_", "test_"),
            ("train_", "testB_"),
        ]
    },
    "groups in a table beside folders": Read(
        partial(beside_folders, writer=np.arange(240) // 5),
        '{table: t.csv, file: "{file}", class: class, group: writer}',
    ),
    "sets in a table beside folders": Read(
        partial(beside_folders, split=["train"] * 200 + ["test"] * 40),
        '{table: t.csv, file: "{file}", class: class, train: {where: {split: train}}, '
        "test: {where: {split: test}}}",
        n_test=40,
    ),
    "a table of some pictures beside folders": Read(
        partial(beside_folders, rows=TRAIN), '"{class}/*"'
    ),
    "a table that says what the folders say": Read(beside_folders, '"{class}/*"'),
    "a column of the sets that are the folders": Read(
        partial(sets_in_folders, n_train=200),
        '{table: t.csv, file: "{path}", class: label, train: {where: {set: train}}, '
        "test: {where: {set: test}}}",
        n_test=40,
    ),
    "a folder that is called test, but is no set": Read(
        partial(sets_in_folders, n_train=200, train="test"),
        '{table: t.csv, file: "{path}", class: label, train: {where: {set: train}}, '
        "test: {where: {set: test}}}",
        n_test=40,
    ),
    "paths in three folders": Read(
        three_folders,
        '{table: labels.csv, file: "{path}", class: label, '
        'train: {where: {path: ["more/*", "train/*"]}}, test: {where: {path: "test/*"}}}',
        n_test=40,
    ),
    "metadata.csv of Hugging Face": Read(
        partial(paths_in_sets, name="metadata.csv", column="file_name"),
        '{table: metadata.csv, file: "{file_name}", class: label, '
        f"train: {WHERE_PATH.replace('path', 'file_name')}}}",
        n_test=40,
    ),
    "metadata.csv in each set": Read(
        metadata_in_each_set,
        '{file: "{file_name}", class: label, train: {table: train/metadata.csv}, '
        "test: {table: test/metadata.csv}}",
        n_test=40,
    ),
    "birds": Read(
        birds,
        '{train: ["train/{class}/*", "valid/{class}/*"], test: "test/{class}/*"}',
        n_test=40,
    ),
    "a column set": Read(
        partial(column_of_sets, name="set", train="train", test="test"),
        '{table: t.csv, file: "images/{file}", class: label, train: {where: {set: train}}, '
        "test: {where: {set: test}}}",
        n_test=40,
    ),
    "a column is_test": Read(
        partial(column_of_sets, name="is_test", train=0, test=1),
        '{table: t.csv, file: "images/{file}", class: label, '
        'train: {where: {is_test: "0"}}, test: {where: {is_test: "1"}}}',
        n_test=40,
    ),
    "a column is_valid": Read(
        partial(column_of_sets, name="is_valid", train=False, test=True),
        '{table: t.csv, file: "images/{file}", class: label}',
        said="the column is_valid, False, True, may say which images are the test set",
    ),
    "Vertex AI": Read(
        vertex,
        '{table: all_data.csv, header: false, file: "flowers/{2.name}", class: "3", '
        'train: {where: {"1": [TRAIN, VALIDATION]}}, test: {where: {"1": TEST}}}',
        n_test=40,
    ),
    "Vertex AI with images of no set": Read(
        partial(vertex, other="UNASSIGNED"),
        '{table: all_data.csv, header: false, file: "flowers/{2.name}", class: "3", '
        'train: {where: {"1": [TRAIN, UNASSIGNED]}}, test: {where: {"1": TEST}}}',
        n_test=40,
    ),
    "Food-101": Read(
        food_101,
        '{files: "food-101/images/{class}/*", train: {list: food-101/meta/train.txt}, '
        "test: {list: food-101/meta/test.txt}}",
        n_test=40,
    ),
    "a list called train_val": Read(
        partial(food_101, train="train_val"),
        '{files: "food-101/images/{class}/*", train: {list: food-101/meta/train_val.txt}, '
        "test: {list: food-101/meta/test.txt}}",
        n_test=40,
    ),
    "classes of which some have two words": Read(
        partial(two_words, separator=",", name="labels.csv"),
        '{table: labels.csv, header: false, file: "{1}", class: "2"}',
    ),
    "a list of classes of which some have two words": Read(
        partial(two_words, separator=" ", name="list.txt"),
        '{table: list.txt, separator: first blank, header: false, file: "{1}", class: "2"}',
    ),
    "names of two words, and a class": Read(
        partial(two_words, separator=" ", name="list.txt", template="my {n}.png"),
        '{table: list.txt, separator: last blank, header: false, file: "{1}", class: "2"}',
    ),
    "a training set with a column more than the test set": Read(
        palms,
        "{class: palm, "
        'train: {table: Training_set.csv, file: "train_images/{image_id}"}, '
        'test: {table: Testing_set.csv, file: "test_images/{image_id}"}}',
        n_test=40,
    ),
    "a table of a validation set": Read(
        rotated_cars,
        '{class: label, train: [{table: train.csv, file: "train/{ImageID}.png"}, '
        '{table: val.csv, file: "val/{ImageID}.png"}], unused: ["test/*"]}',
    ),
    "LEGO minifigures": Read(
        lego,
        '{file: "{path}", class: class_id, train: {table: index.csv}, test: {table: test.csv}}',
        n_test=40,
    ),
    "Chinese traffic signs": Read(
        chinese_signs,
        '{separator: ";", header: false, class: "4", '
        'train: {table: SignsTrainAnnotation.txt, file: "Train/{1}"}, '
        'test: {table: SignsTestAnnotation.txt, file: "Test/{1}"}}',
        n_test=40,
    ),
    "CUB-200": Read(
        cub_200, '"images/{class}/*"', said="train_test_split.txt may say which images are"
    ),
    "Oxford's pets": Read(pets, '"images/{class}_#.*"', said="not used: other files: 3 .mat"),
    "pictures and their embeddings": Read(
        partial(embeddings, values=RANDOM.normal(size=(200, 64))),
        '"{class}_#.*"',
        said="embeddings.npy has numbers from",
    ),
    "copies of Roboflow": Read(
        partial(roboflow),
        '"train/{class}/*"',
        said="and may show only 200 things, such as IMG_0; if so, run: digits start",
    ),
    "German traffic signs on Kaggle": Read(
        gtsrb,
        '{file: "{Path}", class: ClassId, train: {table: Train.csv}, test: {table: Test.csv}, '
        'unused: ["Meta/*"]}',
        n_test=40,
        said="not used: pictures: 10, first Meta/0.png",
    ),
    "pictures without a row": Read(
        pictures_without_a_row,
        '{table: t.csv, file: "images/{file}", class: label, unused: ["images/*"]}',
        said="not used: pictures: 40, first images/00200.png",
    ),
    "leading zeros": Read(
        leading_zeros, '{table: train.csv, file: "train/{Id}.png", class: label}'
    ),
    "dogs and cats": Read(
        dogs_and_cats,
        '{files: "train/train/{class}.#.*", unused: ["test1/test1/*"]}',
        said="not used: pictures: 40",
    ),
    "a table whose last byte is in Latin-1": Read(
        latin_in_the_last_byte,
        '{table: table.csv, encoding: latin-1, file: "p/{file}", class: class}',
    ),
    "a table in UTF-16, big end first": Read(
        partial(named_by_table, name="t.csv", encoding="utf-16-be", first="\ufeff"),
        '{table: t.csv, encoding: utf-16, file: "p/{file}", class: class}',
    ),
    "a table in UTF-16": Read(
        partial(named_by_table, name="t.csv", sep="\t", encoding="utf-16"),
        '{table: t.csv, encoding: utf-16, separator: "\\t", file: "p/{file}", class: class}',
    ),
    "a table with tabs": Read(
        partial(named_by_table, name="t.txt", sep="\t"),
        '{table: t.txt, separator: "\\t", file: "p/{file}", class: class}',
    ),
    "a table in gzip with an ending in capitals": Read(
        partial(named_by_table, name="T.CSV.GZ"),
        '{table: T.CSV.GZ, file: "p/{file}", class: class}',
    ),
    "two tables of the same size and time": Read(
        tables_of_the_same_size_and_time,
        '{file: "p/{file}", class: class, train: {table: train.csv}, test: {table: test.csv}}',
        n_test=40,
    ),
    "a table in gzip": Read(
        partial(named_by_table, name="t.csv.gz"),
        '{table: t.csv.gz, file: "p/{file}", class: class}',
    ),
    "fractions in arrays": Read(
        fractions_in_arrays, "{images: X.npy, class: Y.npy, scale: 255}"
    ),
    "a contest with a column target": Read(
        melanoma,
        '{table: train.csv, file: "jpeg/train/{image_name}.png", class: target, '
        'group: patient_id, unused: ["jpeg/test/*"]}',
        said="other files: 1 .csv, first test.csv",
    ),
    "blank rows": Read(
        blank_rows,
        '{table: sheet.csv, file: "p/{file}", class: class}',
        said="not used: 200 rows of tables, which are blank or unused",
    ),
    "sets with blanks around them": Read(
        partial(column_of_sets, name="part", train="train ", test=" test"),
        '{table: t.csv, file: "images/{file}", class: label, train: {where: {part: train}}, '
        "test: {where: {part: test}}}",
        n_test=40,
    ),
    "names with the suffix of another file": Read(
        names_of_other_files, '{table: t.csv, file: "p/{file.stem}.png", class: label}'
    ),
    "names from a Mac": Read(
        decomposed_names, '{table: t.csv, file: "bilder/{file}", class: class}'
    ),
    "an archive that was unpacked twice": Read(
        unpacked_twice,
        '{train: "chest/train/{class}/*", test: "chest/test/{class}/*", '
        'unused: ["chest/chest/test/*/*", "chest/chest/train/*/*"]}',
        n_test=40,
    ),
    "sign language": Read(
        sign_language,
        '{train: "asl_train/asl_train/{class}/*", test: "asl_test/asl_test/{class}_*"}',
        n_test=6,
    ),
    "Edge Impulse": Read(
        edge_impulse,
        '{train: "training/{class}.IMG_#.*", test: "testing/{class}.IMG_#.*"}',
        n_test=40,
    ),
    "letters without a header": Read(
        letters_without_header,
        '{table: letters.csv, header: false, pixels: "2 to 65", class: "1"}',
    ),
    "Semeion": Read(
        semeion,
        '{table: semeion.data, separator: blanks, header: false, pixels: "1 to 64", '
        'class: ["65", "66", "67", "68", "69", "70", "71", "72", "73", "74"]}',
    ),
    "parquet files with the same names": Read(
        same_file_names,
        "{picture: image, class: label, train: {table: default/train/0000.parquet}, "
        "test: {table: default/test/0000.parquet}}",
        n_test=40,
    ),
    "train.csv and eval.csv": Read(
        train_and_eval,
        "{pixels: pixel0 to pixel63, class: label, train: {table: train.csv}, "
        "test: {table: eval.csv}}",
        n_test=40,
    ),
    "planes of colours in a table": Read(
        color_planes, '{table: t.csv, pixels: p0 to p191, axes: "n (c h w)", class: label}'
    ),
    "MedMNIST": Read(
        lambda place: medmnist(place, "blood"),
        "{train: [{images: blood.npz/train_images, class: blood.npz/train_labels}, "
        "{images: blood.npz/val_images, class: blood.npz/val_labels}], "
        "test: {images: blood.npz/test_images, class: blood.npz/test_labels}}",
        n_test=40,
    ),
    "FGVC Aircraft": Read(
        partial(aircraft, kinds=["family"]),
        '{separator: first blank, header: false, file: "images/{1}.png", class: "2", '
        "train: {table: images_family_trainval.txt}, test: {table: images_family_test.txt}}",
        n_test=40,
    ),
    "a test set without labels": Read(
        unlabelled_test_set,
        "{table: train.parquet, picture: image, class: label}",
        said="test.parquet: it has no classes; `digits predict` classifies its images",
    ),
    "rows with numbers": Read(numbered_rows, '{table: t.csv, file: "p/{name}", class: label}'),
    "shards of Hugging Face": Read(
        shards,
        '{picture: image, class: label, train: {table: "data/train-*.parquet"}, '
        'test: {table: "data/test-*.parquet"}}',
        n_test=40,
    ),
    "shards with hashes": Read(
        shards_with_hashes,
        "{table: [train-0-of-2-1a2b3c4d5e6f7a8b.parquet, train-1-of-2-ffeeddccbbaa0011.parquet], picture: image, class: label}",
    ),
    "GlaS": Read(
        glas,
        '{table: Grade.csv, file: "{name}.bmp", class: "grade (GlaS)", group: patient ID, '
        'train: {where: {name: "train_*"}}, test: {where: {name: ["testA_*", "testB_*"]}}}',
        n_test=40,
    ),
    "Conser-vision": Read(
        conser_vision,
        '{table: train_labels.csv, file: "train_features/{id}.png", class: [zero, one, two, '
        'three, four, five, six, seven, eight, nine], unused: ["test_features/*"]}',
        said="train_features.csv names the pictures, and its column site may have their groups; "
        "if so, see “Add the groups of another table” in image-layouts/docs/your-own.md",
    ),
    "a header that is called like a picture": Read(
        header_called_like_a_picture,
        '{table: t.csv, file: "{file}", class: label, unused: [other/label.png]}',
    ),
    "a flat test set": Read(
        flat_test_set,
        '{train: "pictures/{class}/*", test: "my_testset/my_testset/{class}_#.*"}',
        n_test=40,
    ),
    "names and lists": Read(
        lists_of_names,
        '{files: "p/{class}_#.*", train: {list: train.txt}, test: {list: test.txt}}',
        n_test=40,
    ),
    "paths with a slash": Read(
        paths_with_a_slash,
        '{table: train.txt, separator: blanks, header: false, file: "data/{1}", class: "2"}',
    ),
    "groups in another table": Read(
        groups_in_another_table,
        '{table: classes.csv, file: "p/{file}", class: label}',
        said="look: more.csv names the pictures, and its column lesion_id may have their groups",
    ),
    "one-hot classes and weights, as in ISIC 2019": Read(
        partial(one_hot_and_others, score_weight=1.0),
        f'{{table: t.csv, file: "p/{{image}}", class: [{", ".join(NAMES)}]}}',
    ),
    "one-hot classes and lesions": Read(
        partial(one_hot_and_others, lesion=np.arange(200) // 2),
        '{table: t.csv, file: "p/{image}", class: [zero, one, two, three, four, five, six, '
        "seven, eight, nine]}",
        said="the column lesion has 100 values for 200 images",
    ),
    "a usual name behind others": Read(
        usual_name_behind_others, '{table: t.csv, file: "p/{filename}", class: label}'
    ),
    **{
        f"a column {name}": Read(
            partial(beside_pixels, name=name),
            "{table: t.csv, pixels: pixel0 to pixel63, class: label}",
            said=f"run: digits start --group {name}",
        )
        for name in ["scanid", "artist"]
    },
    "a text file with tabs and blanks": Read(
        partial(leafsnap, species=[f"Abies {name}" for name in ["c", *NAMES[1:]]]),
        '{table: images.txt, separator: "\\t", file: "{image_path}", class: species}',
    ),
    "three pictures beside pixels": Read(
        stray_pictures,
        "{pixels: pixel0 to pixel63, class: label, train: {table: sign_mnist_train.csv}, test: "
        "{table: sign_mnist_test.csv}, unused: [amer_sign0.png, amer_sign1.png, "
        "amer_sign2.png]}",
        n_test=40,
        said="not used: pictures: 3, first amer_sign0.png",
    ),
    "IDRiD": Read(
        partial(in_each_set, training="", testing=""),
        '{class: grade, train: {table: Training Labels.csv, file: "Training Set/{Image name}.png"}, '
        'test: {table: Testing Labels.csv, file: "Testing Set/{Image name}.png"}}',
        n_test=40,
    ),
    "RFMiD": Read(
        partial(in_each_set, training="Training_Set", testing="Evaluation_Set"),
        '{class: grade, train: {table: Training_Set/Training Labels.csv, file: "Training Set/{Image name}.png"}, '
        'test: {table: Evaluation_Set/Testing Labels.csv, file: "Testing Set/{Image name}.png"}}',
        n_test=40,
    ),
    "BUS-BRA": Read(
        folds_of_bus,
        '{table: bus_data.csv, file: "Images/{ID}.png", class: Pathology}',
        said="run: digits start --class Pathology --group Case",
    ),
    "Galaxy10": Read(
        galaxy,
        "{images: Galaxy10.h5.npz/images, class: Galaxy10.h5.npz/ans}",
        said="the arrays Galaxy10.h5.npz/ra, Galaxy10.h5.npz/redshift",
    ),
    "PanNuke": Read(
        pan_nuke,
        "{train: [{images: Fold 1/images/fold1/images.npy, class: Fold 1/images/fold1/types.npy}, "
        "{images: Fold 2/images/fold2/images.npy, class: Fold 2/images/fold2/types.npy}]}",
    ),
    "Belgian traffic signs": Read(
        belgian_signs,
        '"{class}/*"',
        said="classes: 1 (8), allowed: 2 to 256 (9 more like this)",
    ),
    "names without endings": Read(
        names_without_endings,
        '{table: labels.csv, header: false, file: "images/{1}.png", class: "2"}',
    ),
    "a contest whose test set has no labels": Read(
        partial(contest, labelled=["Training"]),
        '{table: train.csv, pixels: pixel0 to pixel63, class: label, unused: [{where: {label: ""}}]}',
        said="not used",
    ),
    **{
        f"a contest of which a part of the test set has labels{note}": Read(
            partial(contest, labelled=["Training", "PublicTest"], blank=blank),
            "{table: train.csv, pixels: pixel0 to pixel63, class: label, "
            'unused: [{where: {label: ""}}], train: {where: {Usage: Training}}, '
            "test: {where: {Usage: [PrivateTest, PublicTest]}}}",
            n_test=20,
        )
        for note, blank in {"": "", ", with blanks": " "}.items()
    },
    "lists of three sets": Read(
        lists_of_three_sets,
        '{files: "images/{class}/*", train: [{list: train.txt}, {list: val.txt}], '
        "test: {list: test.txt}}",
        n_test=40,
    ),
    "MNIST of mldata": Read(
        lambda place: scipy.io.savemat(
            place / "mnist-original.mat",
            {"data": PIXELS[TRAIN].reshape(200, 64).T, "label": LABELS[np.newaxis, TRAIN]},
        ),
        '{images: mnist-original.mat/data, class: mnist-original.mat/label, axes: "(h w) n"}',
    ),
    "faces of Yale": Read(
        faces,
        '{images: Yale_8x8.mat/fea, class: Yale_8x8.mat/gnd, axes: "n (h w)"}',
    ),
    "drawings": Read(drawings, '{images: "full_numpy_bitmap_{class}.npy", axes: "n (h w)"}'),
    "drawings and a list of their classes": Read(
        drawings_and_list, '{images: "full_numpy_bitmap_{class}.npy", axes: "n (h w)"}'
    ),
    "a folder called pictures": Read(folder_called_pictures, '"pictures/{class}/*"'),
    "a column pcr_test": Read(
        partial(column_of_sets, name="pcr_test", train=0, test=1),
        '{table: t.csv, file: "images/{file}", class: label}',
        said="the column pcr_test, 0, 1, may say which images are the test set",
    ),
    "an array for each set and class": Read(
        partial(digits_by_set, name="{subset}_{name}.npy"),
        '{train: {images: "train_{class}.npy"}, test: {images: "test_{class}.npy"}}',
        n_test=40,
    ),
    "an array for each class and set": Read(
        partial(digits_by_set, name="{name}_{subset}.npy"),
        '{train: {images: "{class}_train.npy"}, test: {images: "{class}_test.npy"}}',
        n_test=40,
    ),
    "a column for each class with True and False": Read(
        booleans,
        '{table: t.tsv, separator: "\\t", file: "{file}", class: [zero, one, two, three, four, '
        "five, six, seven, eight, nine]}",
    ),
    "parts of a set": Read(
        parts_of_a_set,
        '{table: [part1.csv, part2.csv], file: "images_*/{Image Index}", class: Finding}',
    ),
    "pictures in alternating folders": Read(
        alternating_folders, '{table: m.csv, file: "part_*/{image_id}.png", class: dx}'
    ),
    "letters of Kaggle": Read(
        letters_of_kaggle, '{table: A_Z.csv, pixels: "0.1 to 0.64", class: "0"}'
    ),
    "a column with another name than pixels": Read(
        code_of_the_class, "{table: t.csv, pixels: pixel0 to pixel63, class: code}"
    ),
    "columns without names": Read(
        columns_without_names, '{table: labels.csv, file: "p/{Image}", class: Category}'
    ),
    "two copies of a table": Read(
        two_copies_of_a_table,
        "{table: digits.csv, pixels: pixel0 to pixel63, class: label}",
        said="again/digits.csv is not used, because it is a copy of another table",
    ),
    "turned copies in a table, as in HiRISE": Read(
        partial(two_pictures_in_a_table, first=".jpg", second="-r90.jpg"),
        '{table: t.csv, file: "{file}", class: class}',
        said="write into the layout: unused: [{where: {COLUMN: '*-r90.*'}}]",
    ),
    "several pictures of a thing in a table": Read(
        partial(two_pictures_in_a_table, first="_{n}.png", second="_1{n}.png"),
        '{table: t.csv, file: "{file}", class: class}',
        said="may show only 200 things, such as x0; if so, add a column of groups to the table; "
        "see “Add groups to a table” in image-layouts/docs/your-own.md",
    ),
    "paths that begin above the table, as of CheXpert": Read(
        paths_from_above, '{table: train.csv, file: "../{Path}", class: Label}'
    ),
    "a list of paths with blanks": Read(
        list_with_blanks,
        '{table: list.txt, separator: last blank, header: false, file: "{1}", class: "2"}',
    ),
    "faces of MATLAB, and rows of a test set": Read(
        orl,
        '{images: ORL.mat/fea, axes: "n (h w)", class: ORL.mat/gnd}',
        said="split.mat may say which images are a test set",
    ),
    "letters of MATLAB": Read(
        partial(letters_of_matlab, name="data"),
        '{axes: "(h w) n", train: {images: chardata.mat/data, class: chardata.mat/target}, '
        "test: {images: chardata.mat/testdata, class: chardata.mat/testtarget}}",
        n_test=40,
        said="images may lie on their side; if they do below, write the axes '(w h) n' for "
        "'(h w) n'",
    ),
    "batches and a validation set": Read(
        batches,
        "{train: [{images: train_data_batch_1.npz/data, class: train_data_batch_1.npz/labels}, "
        "{images: val_data.npz/data, class: val_data.npz/labels}]}",
    ),
    "pixels and names of pictures": Read(
        pixels_and_names, "{table: t.csv, pixels: pixel0 to pixel63, class: digit_name}"
    ),
    "lists in parquet": Read(
        partial(lists_in_parquet, nested=False, ending="pq"),
        "{table: t.pq, pixels: image, class: label}",
    ),
    "lists of lists in parquet": Read(
        partial(lists_in_parquet, nested=True, ending="parquet"),
        "{table: t.parquet, pixels: image, class: label}",
    ),
    "large lists in parquet, as Polars writes them": Read(
        partial(typed_lists_in_parquet, kind=pa.large_list(pa.uint8())),
        "{table: t.parquet, pixels: image, class: label}",
    ),
    "lists of decimals in parquet": Read(
        partial(typed_lists_in_parquet, kind=pa.list_(pa.float32())),
        "{table: t.parquet, pixels: image, class: label}",
    ),
    **{
        f"pictures in base64 after {start!r}": Read(
            partial(base_64, start=start), "{table: t.csv, picture: image, class: label}"
        )
        for start in ["", "data:image/png;base64,", "data:image/jpeg;base64,"]
    },
    "images and a column per class without names": Read(
        lambda place: unnamed_arrays(place, PIXELS[TRAIN], np.eye(10)[LABELS[TRAIN]]),
        "{images: d.npz/arr_0, class: d.npz/arr_1}",
    ),
    "arrays in folders": Read(
        arrays_in_folders,
        "{train: {images: d.npz/train/x, class: d.npz/train/y}, "
        "test: {images: d.npz/test/x, class: d.npz/test/y}}",
        n_test=40,
    ),
    "blank classes in the training set": Read(
        partial(blank_classes_in_sets, subsets=["train"]),
        "{pixels: pixel0 to pixel63, class: number, train: {table: train.csv}, "
        'test: {table: test.csv}, unused: [{where: {number: ""}}]}',
        n_test=40,
    ),
    "blank classes in the test set": Read(
        partial(blank_classes_in_sets, subsets=["test"]),
        "{pixels: pixel0 to pixel63, class: number, train: {table: train.csv}, "
        'test: {table: test.csv}, unused: [{where: {number: ""}}]}',
        n_test=38,
    ),
    "blank classes in both sets": Read(
        partial(blank_classes_in_sets, subsets=["train", "test"]),
        '{pixels: pixel0 to pixel63, class: number, unused: [{where: {number: ""}}], '
        "train: {table: train.csv}, test: {table: test.csv}}",
        n_test=38,
    ),
    "arrays whose name has a sign of patterns": Read(
        lambda place: np.savez(place / "scans #1.npz", x=PIXELS[TRAIN], y=LABELS[TRAIN]),
        '{images: "scans [#]1.npz/x", class: "scans #1.npz/y"}',
    ),
    "one more name for each class": Read(
        names_of_classes, '{table: t.csv, file: "p/{file}", class: class}'
    ),
    **{
        f"a column {name}": Read(
            partial(recordings, name=name),
            '{table: t.csv, file: "p/{file}", class: class}',
            said=f"run: digits start --group {name}",
        )
        for name in ["src_file", "recording"]
    },
    "plants": Read(
        plants,
        '{table: t.csv, file: "p/{file}", class: class}',
        said="run: digits start --group plant_id",
    ),
}

# Forms with several readings, and the options that are shown.
ASKED: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "names of classes in a table, as of fetal planes": (
        planes,
        [
            "--layout '{group}_{class}_*.*'",
            "--layout '{table: t.csv, file: \"{Image_name}\", class: Plane}'",
            "--layout '{table: t.csv, file: \"{Image_name}\", class: Who}'",
        ],
    ),
    "ships": (
        ships,
        [
            "--layout '*/{class}/*'",
            "--layout 'ships/ships/{class}__-*'",
            "--layout 'ships/ships/{class}__{group}__-*'",
            "--layout 'ships/ships/*__{class}__-*'",
        ],
    ),
    **{
        f"arrays without names in the order {order}": (
            partial(unnamed_arrays_of_two_sets, order=order, n_train=n_train),
            [
                f"--layout '{{train: [{{images: d.npz/arr_{a}, class: d.npz/arr_{b}}}, "
                f"{{images: d.npz/arr_{c}, class: d.npz/arr_{d}}}]}}'",
                f"--layout '{{train: {{images: d.npz/arr_{a}, class: d.npz/arr_{b}}}, "
                f"test: {{images: d.npz/arr_{c}, class: d.npz/arr_{d}}}}}'",
            ],
        )
        for order, n_train, (a, b, c, d) in [
            ("xyxy", 200, (0, 1, 2, 3)),
            ("xyxy of equal lengths", 120, (0, 1, 2, 3)),
            ("xxyy", 200, (0, 2, 1, 3)),
            ("xxyy of equal lengths", 120, (0, 2, 1, 3)),
        ]
    },
    "a table and pictures that are there twice, as in Fashion Product Images": (
        fashion_products,
        ["--class gender", "--class articleType"],
    ),
    "lists of a part of the pictures, as in MIT Indoor": (
        lists_of_a_part,
        [
            "--layout 'Images/{class}/*'",
            '--layout \'{files: "Images/{class}/*", train: {list: TrainImages.txt}, '
            "test: {list: TestImages.txt}}'",
        ],
    ),
    "a table of pictures beside thumbnails, as in BACH": (
        truth_beside_thumbnails,
        [
            "--layout '*/{class}/*'",
            "--layout '{class}/*/*'",
            '--layout \'{table: Photos/truth.csv, header: false, file: "*/{1}", class: "2"}\'',
        ],
    ),
    "lists of DeepFashion": (
        deep_fashion,
        [
            "--layout 'img/{class}/*'",
            "--layout '{table: list_category_img.txt, separator: blanks, "
            'file: "{image_name}", class: category_label}\'',
        ],
    ),
    "FGVC Aircraft with two kinds of classes": (
        partial(aircraft, kinds=["family", "manufacturer"]),
        [
            f'--layout \'{{separator: first blank, header: false, file: "images/{{1}}.png", '
            f'class: "2", train: {{table: images_{kind}_trainval.txt}}, '
            f"test: {{table: images_{kind}_test.txt}}}}'"
            for kind in ("family", "manufacturer")
        ],
    ),
    "camera traps": (
        camera_traps,
        [
            "--layout '{class}/recn/*'",
            "--layout '{table: t.csv, file: \"{Path}/{File}\", class: Species}'",
        ],
    ),
    "trimaps beside photos": (
        trimaps,
        [
            '--layout \'{files: "images/{class}_#.*", train: {list: annotations/trainval.txt}, '
            'test: {list: annotations/test.txt}, unused: ["**/annotations/**/*"]}\'',
            '--layout \'{separator: blanks, header: false, file: "../images/{1}.png", '
            'class: "3", train: {table: annotations/trainval.txt}, '
            "test: {table: annotations/test.txt}}'",
        ],
    ),
    "two trees with tables": (
        two_trees_with_tables,
        [
            "--layout '{class}/p/*'",
            '--layout \'{file: "{file}", class: label, train: {table: [bands/train.csv, '
            "bands/validation.csv, rgb/train.csv, rgb/validation.csv]}, "
            "test: {table: [bands/test.csv, rgb/test.csv]}}'",
        ],
    ),
    "letters of alphabets": (
        letters_of_alphabets,
        [
            "--layout '*/{class}/*'",
            "--layout '{class}/{group}/*'",
            "--layout '{class}/{class}/*'",
        ],
    ),
    "resized copies": (
        resized_copies,
        [
            "--layout 'images/images/{class}/*'",
            '--layout \'["*/{class}/*", "*/{class}/{class}/*"]\'',
        ],
    ),
    "numbered plants": (
        numbered_plants,
        ["--layout '{class}_#.*'", "--layout '{class}_{group}_#.*'"],
    ),
    "pixels and several columns of classes": (
        packed_and_named,
        ["--class kind", "--class age"],
    ),
    "columns of two labels": (columns_of_two_labels, ["--class root", "--class vowel"]),
    "pixels beside pictures": (
        partial(embeddings, values=PIXELS[TRAIN].reshape(200, 64).astype(int)),
        [
            "--layout '{class}_#.*'",
            "--layout '{images: embeddings.npy, class: labels.npy, axes: \"n (h w)\"}'",
        ],
    ),
    "missing diagnoses": (missing_diagnoses, ["--class diagnosis", "--class sex"]),
    "lists of COVIDx": (covidx, ["--class 3", "--class 4"]),
    "HAM10000 as on Kaggle": (ham_10000_twice, ["--class dx", "--class sex"]),
    "HAM10000": (ham_10000, ["--class dx", "--class sex"]),
    "Chinese MNIST": (
        chinese_mnist,
        [
            "--layout 'data_2/*_{class}_{group}_#.*'",
            "--layout 'data_2/*_*_{class}_#.*'",
        ],
    ),
    "CIFAR-100": (cifar_100, ["--class fine_label", "--class coarse_label"]),
    "a table that contradicts the folders": (
        table_that_contradicts,
        [
            "--layout '{class}/*'",
            "--layout '{table: clean.csv, file: \"{file}\", class: class}'",
        ],
    ),
    "groups of some pictures in a table beside folders": (
        partial(beside_folders, rows=TRAIN, writer=np.arange(240) // 5),
        [
            "--layout '{class}/*'",
            "--layout '{table: t.csv, file: \"{file}\", class: class, group: writer}'",
        ],
    ),
    "other groups in a table than in the folders": (
        partial(beside_folders, pattern="day{n}/{name}/{n}.png", writer=np.arange(240) // 5),
        [
            "--layout '{group}/{class}/*'",
            "--layout '{table: t.csv, file: \"{file}\", class: class, group: writer}'",
        ],
    ),
    # The folder control is no training set.
    "pictures in the folders control and test": (
        partial(paths_with_starts, train="control/", test="test/"),
        [
            "--layout '{class}/*'",
            "--layout '{table: labels.csv, file: \"{path}\", class: label}'",
        ],
    ),
    "Kannada-MNIST": (
        kannada,
        [
            "--layout '{table: [Dig-MNIST.csv, train.csv], pixels: pixel0 to pixel63, class: label}'",
            "--layout '{table: Dig-MNIST.csv, pixels: pixel0 to pixel63, class: label}'",
            "--layout '{table: train.csv, pixels: pixel0 to pixel63, class: label}'",
        ],
    ),
    "two configurations of Hugging Face": (
        configurations,
        [
            f'--layout \'{{table: ["{folder}/train-*.parquet", '
            f'"{folder}/validation-*.parquet"], picture: image, class: label}}\''
            for folder in ["0.25", "1.25"]
        ],
    ),
    "MHSMA": (
        mhsma,
        [
            f"--layout '{{train: {{images: x_64_train.npy, class: y_{name}_train.npy}}, "
            f"test: {{images: x_64_test.npy, class: y_{name}_test.npy}}}}'"
            for name in ["acrosome", "head"]
        ],
    ),
    "labels of two kinds, of which one is one-hot": (
        lambda place: np.savez(
            place / "a.npz",
            x=PIXELS[TRAIN],
            y_digit=np.eye(10)[LABELS[TRAIN]],
            y_odd=LABELS[TRAIN] % 2,
        ),
        [
            f"--layout '{{images: a.npz/x, class: a.npz/{label}}}'"
            for label in ["y_digit", "y_odd"]
        ],
    ),
    "labels of two kinds of two sets of the same size": (
        labels_of_equal_sets,
        [
            f"--layout '{{train: {{images: a.npz/x_train, class: a.npz/{label}_train}}, "
            f"test: {{images: a.npz/x_test, class: a.npz/{label}_test}}}}'"
            for label in ["digit", "odd"]
        ],
    ),
    "masks beside images in a table": (
        mask_and_image,
        [
            "--layout '{table: t.parquet, picture: mask, class: label}'",
            "--layout '{table: t.parquet, picture: image, class: label}'",
        ],
    ),
}


def tags(place: Path) -> None:
    """Write the tags of Planet's pictures of the Amazon, of which each has several."""
    combinations = [
        "clear primary",
        "clear primary road",
        "clear primary water",
        "clear primary road water",
        "clear agriculture primary",
        "clear agriculture primary road",
        "haze primary",
        "haze primary road",
        "haze primary water",
        "cloudy",
    ]
    names = [combinations[label] for label in LABELS[:240]]
    write_csv(place / "train.csv", {"file": write_flat(place / "jpg", ALL), "tags": names})


def days(place: Path) -> None:
    for n in range(60):
        write_picture(place / f"garden_202405{10 + n % 5}_{n}.jpg", PIXELS[n])
    (place / "poster.pdf").write_bytes(b"%PDF-1.7")  # has no table of classes


def wells(place: Path) -> None:
    """Write pictures of two sites in each well of a plate, and the substances of the wells."""
    for n in range(96):
        write_picture(
            place / f"P1_{'ABCDEF'[n % 6]}{n // 12:02}_s{n // 6 % 2 + 1}_w1.png", PIXELS[n]
        )
    (place / "platemap.txt").write_text("well\tsubstance\nA00\tDMSO\nB00\ttaxol\n")


LIBSVM = b"7 1:-1 2:-0.8 256:-1 \n3 1:-1 2:0.5 256:-1 \n" * 30


def pickles_and_names(place: Path) -> None:
    for name in ["train.p", "test.p"]:
        (place / name).write_bytes(b"\x80\x03")
    (place / "names.csv").write_text("ClassId,SignName\n0,stop\n1,yield\n")


def exams_and_other_format(place: Path) -> None:
    exams(place)
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (place / "cvind.mat").write_bytes(header.ljust(512) + b"\x89HDF\r\n\x1a\n")


def a_blank_pixel_in_each_row(place: Path) -> None:
    pixels = np.arange(60 * 64).reshape(60, 64) % 256
    table = pd.DataFrame(pixels, columns=[f"pixel{number}" for number in range(64)]).astype(str)
    for row in range(60):
        table.iloc[row, row % 5] = ""
    table.insert(0, "label", np.resize(["a", "b"], 60))
    table.to_csv(place / "t.csv", index=False)


# Forms that are refused, and the reason.
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "pictures without endings": (
        without_endings,
        " is a picture, but its name does not say so; add the ending .png to the names",
    ),
    "a file that begins like a picture": (
        lambda place: (place / "notes.bad").write_bytes(b"P5\n"),
        "files such as notes.bad are not read; load them in Python",
    ),
    "tables of numbers with other endings": (
        lambda place: (place / "digits.tra").write_text(" 0, 16," * 32 + "7\n"),
        "digits.tra has a row of numbers in each line; if it has the pixels and the classes, add "
        "the ending .csv, or _train.csv and _test.csv for two sets",
    ),
    "a converted HDF5 file without images": (
        converted_hdf5,
        "if that is wrong, say what the files mean by `digits start --layout`",
    ),
    "a converted Excel file without images": (
        converted_excel,
        "a.xlsx.one.csv: No columns to parse from file; if that is wrong",
    ),
    "binary files and a list of folds, as of STL-10": (
        binary_files_and_folds,
        "files such as train_X.bin are not read; load them in Python",
    ),
    "wafers with several defects": (
        several_defects,
        "d.npz/arr_1 has several labels for an image: this project classifies images, with one",
    ),
    "cells of MATLAB": (
        lambda place: scipy.io.savemat(
            place / "a.mat", {"dat": np.array([[1, "a"], ["b", 2]], dtype=object)}
        ),
        "a.mat: no arrays of numbers; if there are cells or structures, load them in Python",
    ),
    "four channels": (
        four_channels,
        "has 4 colours, expected 1 or 3; write only those into a new array, such as "
        "numpy.take(images, [0, 1, 2], axis=2)",
    ),
    "zip codes from -1 to 1": (
        zip_code,
        "zip.train.gz: the column 2 has -1.0, but pixels are whole numbers from 0 to 255",
    ),
    "a table of ids and classes, and one of ids and pixels": (
        ids_in_two_tables,
        "if train.csv has the classes of train_0.parquet, see “Join tables by a column” in "
        "image-layouts/docs/your-own.md about image_id",
    ),
    "a parquet file without rows": (
        lambda place: pd.DataFrame(columns=["a", "b", "label"]).to_parquet(place / "t.parquet"),
        "t.parquet: it has no rows",
    ),
    "a blank pixel in each row": (
        a_blank_pixel_in_each_row,
        "t.csv: each of its first 60 rows has a blank pixel",
    ),
    "pickles beside a list of classes": (
        pickles_and_names,
        "for files such as test.p, see “Convert pickles” in image-layouts/docs/your-own.md",
    ),
    "tensors of PyTorch": (
        lambda place: (place / "training.pt").write_bytes(b"PK\3\4"),
        "files such as training.pt are not read; load them by torch.load in Python, and write",
    ),
    "a packed pickle": (
        lambda place: (place / "mnist.pkl.gz").write_bytes(gzip.compress(b"\x80\x03")),
        "for files such as mnist.pkl.gz, see “Convert pickles”",
    ),
    "a packed file": (
        lambda place: (place / "usps.bz2").write_bytes(bz2.compress(LIBSVM)),
        "for files such as usps.bz2, see “Unpack archives”",
    ),
    "the format of LIBSVM": (
        lambda place: (place / "usps").write_bytes(LIBSVM),
        "usps has the format of LIBSVM; load it by sklearn.datasets.load_svmlight_file, and write",
    ),
    "an array for each exam, and one in another format": (
        exams_and_other_format,
        "cvind.mat: MATLAB's format 7.3 cannot be read",
    ),
    "a title line": (title_line, "sheet.csv: its first line has one value; if it is a title"),
    "only the pictures of another set": (
        only_the_test_pictures,
        "train.csv: its pictures are those of another set, as test/{id}.png says",
    ),
    "names of pictures of another set": (
        names_of_another_set,
        "t.csv: its column file names pictures, such as train/0.png, which are not in",
    ),
    "names of pictures of another set, with capitals": (
        partial(names_of_another_set, suffix=".PNG"),
        "t.csv: its column file names pictures, such as train/0.PNG, which are not in",
    ),
    "training images in the folder of the test set": (
        partial(sets_in_folders, n_train=203),
        "doubt: 3 pictures lie in a folder of the other set, first test/200.png",
    ),
    "test images in the folder of the training set": (
        partial(sets_in_folders, n_train=197),
        "doubt: 3 pictures lie in a folder of the other set, first train/197.png",
    ),
    "pixels whose columns are sorted as texts": (
        sorted_as_texts,
        "train.csv: the column pixel10 stands before pixel2, so the pixels are not in the order",
    ),
    "another encoding": (cyrillic, "may be in another encoding than latin-1, such as gbk"),
    "soft labels": (soft_labels, "t.csv: row 61 has 0.4, 0.3, 1.0, 0.0 in the columns of the"),
    "a class only in the test set": (
        class_only_in_the_test_set,
        "only the test set has the classes x1; to leave them out, write into the layout: "
        "unused: [{class: [NAME, …]}]",
    ),
    "equal ids": (equal_ids, "199 images have the id of another one, first 7"),
    "arrays of SETI": (
        partial(array_per_sample, names=[f"0{n:03d}a" for n in range(8)], shape=(6, 9, 8)),
        "0000a.npy and 7 more arrays have one image each, which is not read; see “Join arrays”",
    ),
    "a flat array for each sample": (
        partial(array_per_sample, names=["ash", "elm", "fir", "oak"], shape=(24, 24)),
        "ash.npy and 3 more arrays have one image each",
    ),
    "MRNet": (
        exams,
        "axial/0000.npy and 89 more arrays have one image each, which is not read; see “Join",
    ),
    "pixels around 0": (
        lambda place: np.savez(
            place / "a.npz", x=PIXELS[TRAIN].astype(np.int16) - 128, y=LABELS[TRAIN]
        ),
        "a.npz/x has numbers from -128 to 112; pixels are whole numbers from 0 to 255, or",
    ),
    "QMNIST": (
        lambda place: np.savez(
            place / "q.npz", x=PIXELS[TRAIN], y=np.tile(LABELS[:200, None], 8)
        ),
        "if its first column has the classes, write labels[:, 0] into an array of its own",
    ),
    "Statoil": (
        lambda place: (place / "train.json").write_text("[]"),
        "files such as train.json are not read; load them in Python, and write the images as",
    ),
    "scans in NIfTI files": (
        lambda place: (place / "ill.nii.gz").write_bytes(gzip.compress(b"a scan")),
        "files such as ill.nii.gz are not read; load them in Python, and write the images as PNG",
    ),
    "KolektorSDD2": (
        lambda place: write_flat(place / "train", TRAIN),
        "write a table labels.csv with the columns file and class",
    ),
    "an image in each file of MATLAB": (
        mat_per_image,
        "0.mat and 39 more arrays have one image each, which is not read; load them in Python",
    ),
    "Galaxy Zoo": (galaxy_zoo, "solutions.csv: Class1.1 is a quantity, such as 0.25"),
    "arrays without a table": (
        partial(array_per_sample, names=[f"exam_{n}" for n in range(50)], shape=(30, 8, 8)),
        "exam_0.npy and 49 more arrays have one image each",
    ),
    "tags": (
        tags,
        'train.csv, file: "jpg/{file}", class: tags}: tags has several labels in one',
    ),
    "sites in wells": (
        wells,
        "doubt: the numbers s1, s2 inside the names of pictures would be",
    ),
    "attributes of CelebA": (celeba, "the columns Male, Young are labels, of which row"),
    "missing labels": (
        missing_labels,
        "30 images have no class, first p/00000.png; delete their rows, or run: digits start "
        '--layout \'{table: t.csv, file: "p/{file}", class: label, unused: [{where: {label: '
        '""}}]}\'; if another column has the classes, run: digits start --class COLUMN',
    ),
    "blank classes beside names": (
        blank_classes,
        "if another column has the classes, run: digits start --class COLUMN",
    ),
    "sides": (sides, "doubt: left, right would be classes"),
    "sides with capitals": (
        partial(sides, names=("Left", "Right")),
        "doubt: Left, Right would be classes",
    ),
    "days in the names": (
        days,
        "if you know the classes, write a table labels.csv with the columns file and class",
    ),
    "people and codes": (
        people_and_codes,
        "write a table labels.csv with the columns file and class",
    ),
    "annotations beside pictures": (
        annotations_beside_pictures,
        "write a table labels.csv with the columns file and class",
    ),
    "few faces": (
        few_faces,
        "most classes have fewer than 4 images: ann 20, bob 20, person 0 1, person 1 1, ",
    ),
    "rare classes": (
        few_faces,
        "to leave out classes with few images, run: digits start --min-",
    ),
    "patches": (patches, "for files such as train_x.h5, see “Convert HDF5 files”"),
    "points of a pen, as of pendigits": (
        lambda place: write_rows(place / "pendigits.csv", RANDOM.integers(0, 101, (200, 16))),
        "pendigits.csv: 16 columns of numbers are too few for the pixels of an image: ",
    ),
    "a thermal camera of 24 × 32": (
        lambda place: write_rows(place / "t.csv", resize(24, 32)),
        "t.csv: rows of 768 values look like images of 24 × 32 values, but rows are read as",
    ),
    "a film of 36 × 64": (
        lambda place: write_rows(place / "t.csv", resize(36, 64)),
        "t.csv: rows of 2304 values look like images of 36 × 64 values, but rows are read as",
    ),
    "four channels of SAT-6": (
        lambda place: np.savez(
            place / "sat.npz", x=resize(28, 28).repeat(4, axis=1), y=LABELS[:200]
        ),
        "rows of 3136 values look like images of 28 × 112 values, but rows are read as square",
    ),
    "pictures in a format that is not read": (
        write_targas,
        "0.tga is a picture in a format that is not read; write such files as PNG files",
    ),
    "two arrays of labels of the same name": (
        lambda place: np.savez(
            place / "a.npz", images=PIXELS[TRAIN], labels=LABELS[TRAIN], targets=LABELS[TRAIN]
        ),
        "no images among the arrays a.npz/images (200, 8, 8), a.npz/labels (200,), a.npz/targ",
    ),
    "an array that has no label for each image": (
        lambda place: np.savez(place / "a.npz", faces=PIXELS[TRAIN], ages=LABELS[TEST]),
        "none of the arrays a.npz/faces (200, 8, 8), a.npz/ages (40,) has a class for each",
    ),
    "a column of three groups": (
        partial(recordings, name="group", n_groups=3),
        "class eight has too few groups (3, expected 4); add groups, or, to leave them out, run: digits "
        "start --layout '{table: t.csv, file: \"p/{file}\", class: class}'",
    ),
    "an axis of classes": (
        lambda place: np.savez(place / "a.npz", data=PIXELS[:200].reshape(10, 20, 8, 8)),
        "if an axis has the classes, load them in Python, write them with numpy.savez",
    ),
}


def read(choice: Choice) -> Any:
    """Return the pixels and the table of the images of a choice."""
    images = choice.reading.images
    entry = {
        "sources": [{"files": "."}],
        "layout": choice.layout,
        "shape": images.shape or [8, 8],
    }
    return compute_pinned_values("own", entry, to_collection(images))


@pytest.mark.parametrize("form", READ.values(), ids=READ)
def test_a_form_is_read(form: Read, tmp_path: Path) -> None:
    form.write(tmp_path)
    choice = choose(Place(tmp_path))
    assert write(choice.layout) == form.layout
    lines = describe(choice)
    assert form.said in "\n".join(lines)
    assert len(set(lines)) == len(lines)
    assert "most classes have fewer than" not in "\n".join(lines)  # of another layout
    _, X, images = read(choice)
    # Each image has the class, and is in the set, of the picture that it shows.
    shades = X.reshape(len(X), 64, -1) if "c h w" not in form.layout else X.reshape(-1, 64, 3)
    known = PIXELS[:240].reshape(-1, 64)
    shown = cdist(shades[..., 0], known).argmin(axis=1)
    names = images.attrs.get("names", range(10))
    if set(names) == set(NAMES):
        assert [names[number] for number in images["class"]] == [NAMED[row] for row in shown]
    classes = pd.Series(LABELS[shown]).groupby(images["class"].to_numpy()).nunique()
    assert classes.tolist() == [1] * 10
    is_test = images["test"] if "test" in images else pd.Series(False, index=images.index)
    assert is_test.sum() == form.n_test
    assert ((shown >= 200) == is_test).all() or not form.n_test


@pytest.mark.parametrize(("write_form", "options"), ASKED.values(), ids=ASKED)
def test_a_form_with_several_readings_is_asked_for(
    write_form: Callable[[Path], None], options: list[str], tmp_path: Path
) -> None:
    write_form(tmp_path)
    with pytest.raises(
        ChoiceError, match="so nothing was changed; run the right command"
    ) as error:
        choose(Place(tmp_path))
    start = "  digits start "
    shown = [line.removeprefix(start) for line in error.value.lines if line.startswith(start)]
    assert shown == options


@pytest.mark.parametrize(("write_form", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_form_is_refused_with_its_reason(
    write_form: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    write_form(tmp_path)
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path))
    assert reason in "\n".join([*error.value.lines, str(error.value)])


def test_the_column_of_groups_that_was_chosen_stays_in_the_options(tmp_path: Path) -> None:
    ham_10000(tmp_path)
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path), columns={"group": "lesion_id"})
    options = [line for line in error.value.lines if line.startswith("  digits start")]
    assert options == [
        "  digits start --class dx --group lesion_id",
        "  digits start --class sex --group lesion_id",
    ]


def test_tables_with_pictures_are_no_unused_folders(tmp_path: Path) -> None:
    for name, rows in [("train-a09bef", slice(0, 60)), ("valid-7c1eda", slice(60, 90))]:
        table = pd.DataFrame({"label": LABELS[rows] % 3})
        table["image"] = pd.Series([encode(pixels) for pixels in PIXELS[rows]], dtype=object)
        table.to_parquet(tmp_path / f"{name}.parquet")
    layout = {"table": "*.parquet", "picture": "image", "class": "label"}
    choice = choose(Place(tmp_path), layout)
    assert len(choice.rows) == 90
    assert not any("are not used" in line for line in describe(choice))


def test_classes_that_are_rare_in_the_training_set_are_left_out(tmp_path: Path) -> None:
    for name, n_train, n_test in [("a", 9, 3), ("b", 9, 3), ("c", 2, 5)]:
        for number in range(n_train):
            write_picture(tmp_path / "train" / name / f"{number}.png", PIXELS[number])
        for number in range(n_test):
            write_picture(tmp_path / "test" / name / f"{number}.png", PIXELS[20 + number])
    choice = choose(Place(tmp_path), min_images=4)
    assert choice.layout["unused"] == [{"class": "c"}]


def test_rare_classes_are_left_out(tmp_path: Path) -> None:
    few_faces(tmp_path)
    choice = choose(Place(tmp_path), min_images=4)
    unused = choice.layout["unused"]
    assert choice.layout == {"files": "{class}/*", "unused": unused}
    assert [sorted(item) for item in unused] == [["class"]]
    assert len(unused[0]["class"]) == 200
    _, X, images = read(choice)
    assert images.attrs["names"] == ["ann", "bob"]
    assert np.array_equal(X, PIXELS[200:240].reshape(40, 64))
    lines = describe(choice)
    assert "not used: pictures: 200, first person 0/0.png" in lines
    assert lines[0].startswith('layout: {files: "{class}/*", unused: [{class: [person 0,')
    assert lines[0].endswith(" [...]")


def test_broken_files_beside_pictures_are_said(tmp_path: Path) -> None:
    write_named(tmp_path, TRAIN, "{name}/{n}.png")
    (tmp_path / "train.txt").symlink_to(tmp_path / "nothing")
    packed = gzip.compress(b"file,class\n" + b"1.png,a\n" * 99)
    (tmp_path / "labels.csv.gz").write_bytes(packed[:-20])
    choice = choose(Place(tmp_path))
    assert choice.layout == "{class}/*"
    assert any("labels.csv.gz: " in reason for reason in choice.not_used)


def test_an_empty_key_unused_gets_patterns(tmp_path: Path) -> None:
    write_named(tmp_path, TRAIN, "{name}/{n}.png")
    write_picture(tmp_path / "1.png", PIXELS[0])
    choice = choose(Place(tmp_path), {"files": "{class}/*", "unused": None})
    assert choice.layout == {"files": "{class}/*", "unused": ["1.png"]}


@pytest.mark.parametrize("name", ["90°", "ä", "ä ö"])
def test_a_degree_or_an_accent_is_no_other_encoding(tmp_path: Path, name: str) -> None:
    for n in range(200):
        write_picture(tmp_path / ["0", name][n % 2] / f"{n}.png", PIXELS[n])
    assert choose(Place(tmp_path)).layout == "{class}/*"


def test_rows_without_a_class_are_left_out_by_the_printed_layout(tmp_path: Path) -> None:
    missing_labels(tmp_path)
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path))
    assert "write a table" not in str(error.value)
    [layout] = re.findall(r"digits start --layout '(.+)'", str(error.value))
    rows = choose(Place(tmp_path), yaml.safe_load(layout)).rows
    assert rows["class"].tolist() == list(NAMED[30:200])


def test_two_datasets_in_one_folder_are_asked_for(tmp_path: Path) -> None:
    medmnist(tmp_path, "blood", "path")
    with pytest.raises(ChoiceError, match="in these 2 ways"):
        choose(Place(tmp_path))


def test_the_shown_layout_with_another_encoding_is_read(tmp_path: Path) -> None:
    cyrillic(tmp_path)
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path))
    [layout] = re.findall(r"digits start --layout '(.+)'", "\n".join(error.value.lines))
    right = yaml.safe_load(layout.replace("latin-1", "cp1251"))
    assert set(choose(Place(tmp_path), right).rows["class"]) == {"кошка", "собака"}
    wrong = choose(Place(tmp_path), columns={"class": "class"})
    assert set(wrong.rows["class"]) == {"êîøêà", "ñîáàêà"}


def test_images_of_16_bits_have_one_scale(tmp_path: Path) -> None:
    bright = PIXELS[TRAIN].astype(np.uint16) * 16  # up to 3,840, in 12 bits
    np.savez(tmp_path / "scans.npz", x=bright, y=LABELS[TRAIN])
    _, X, _ = read(choose(Place(tmp_path)))
    expected = np.rint(bright.reshape(200, 64) * (255 / 4095))
    assert np.array_equal(X, expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64])
def test_arrays_of_0_and_1_stay_0_and_1(dtype: Any, tmp_path: Path) -> None:
    images = (PIXELS[TRAIN] > 100).astype(dtype)
    np.savez(tmp_path / "a.npz", x=images, y=LABELS[TRAIN])
    choice = choose(Place(tmp_path))
    assert choice.layout == {"images": "a.npz/x", "class": "a.npz/y"}
    _, X, _ = read(choice)
    assert np.array_equal(X, images.reshape(200, 64))


def test_columns_of_0_and_1_stay_0_and_1(tmp_path: Path) -> None:
    table = make_table(TRAIN)
    table.iloc[:, 1:] //= 128
    table.to_csv(tmp_path / "t.csv", index=False)
    _, X, _ = read(choose(Place(tmp_path)))
    assert np.array_equal(X, table.iloc[:, 1:])


@pytest.mark.parametrize(
    ("largest", "scale"),
    [(255, 1), (256, 255 / 511), (511, 255 / 511), (512, 255 / 1023), (65535, 255 / 65535)],
)
def test_the_scale_of_arrays_is_that_of_the_bits_of_the_largest_value(
    largest: int, scale: float, tmp_path: Path
) -> None:
    images = PIXELS[TRAIN].astype(np.uint16)
    images[7, 3, 3] = largest
    np.savez(tmp_path / "a.npz", x=images, y=LABELS[TRAIN])
    assert choose(Place(tmp_path)).layout.get("scale", 1) == scale


# The factors of the training images and of the test images, and the scale of both.
SCALES: dict[str, tuple[Any, Any, float]] = {
    "a darker test set": (np.uint16(16), np.uint16(4), 255 / 4095),
    "a darker training set": (np.uint16(4), np.uint16(16), 255 / 4095),
    "a test set of 8 bits": (np.uint16(16), np.uint16(1), 255 / 4095),
    "fractions": (1 / 255, 1 / 510, 255),
    "8 bits": (np.uint8(1), np.uint8(1), 1),
}


@pytest.mark.parametrize(("train", "test", "scale"), SCALES.values(), ids=SCALES)
def test_both_sets_of_arrays_have_the_same_scale(
    train: Any, test: Any, scale: float, tmp_path: Path
) -> None:
    sets = {"x_train": PIXELS[TRAIN] * train, "x_test": PIXELS[TEST] * test}
    np.savez(tmp_path / "a.npz", **sets, y_train=LABELS[TRAIN], y_test=LABELS[TEST])
    _, X, _ = read(choose(Place(tmp_path)))
    expected = [np.rint(images.reshape(-1, 64) * scale) for images in sets.values()]
    assert np.array_equal(X, np.concatenate(expected))


def test_the_arrays_of_all_classes_have_the_same_scale(tmp_path: Path) -> None:
    arrays = [PIXELS[:20].astype(np.uint16) * factor for factor in (1, 4, 16)]
    for name, images in zip("abc", arrays, strict=True):
        np.save(tmp_path / f"{name}.npy", images)
    _, X, _ = read(choose(Place(tmp_path)))
    expected = np.rint(np.concatenate(arrays).reshape(-1, 64) * (255 / 4095))
    assert np.array_equal(X, expected)


@pytest.mark.parametrize("height", [8, 6])
def test_as_many_images_as_columns_can_be_read_in_two_ways(height: int, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", images=PIXELS[:8, :height], labels=np.arange(8) % 2)
    with pytest.raises(ChoiceError, match="in these 2 ways") as error:
        choose(Place(tmp_path))
    assert "axes: h w n" in "\n".join(error.value.lines)


def test_arrays_that_may_be_groups_or_sets_are_named(tmp_path: Path) -> None:
    others: dict[str, Any] = {"subject": np.arange(200) // 9, "is_test": np.arange(200) > 150}
    np.savez(tmp_path / "own.npz", X=PIXELS[TRAIN], y=LABELS[TRAIN], **others)
    said = "\n".join(describe(choose(Place(tmp_path))))
    assert "the array own.npz/subject may be the groups" in said
    assert "the array own.npz/is_test may say which images are the test set" in said


@pytest.mark.parametrize("planes", [False, True], ids=["side by side", "planes"])
def test_grey_images_with_three_equal_colours_keep_their_pixels(planes: bool) -> None:
    # They have black borders, so that most neighbours are equal in a wrong arrangement, too.
    images = np.pad(PIXELS, [(0, 0), (10, 10), (10, 10)])
    values = images.reshape(len(images), -1)
    rows = np.tile(values, 3) if planes else np.repeat(values, 3, axis=1)
    keys = describe_colors(rows)
    assert keys == {"axes": "n (c h w)" if planes else "n (h w c)"}
    assert (arrange(rows, keys["axes"]) == images[..., np.newaxis]).all()


def test_a_damaged_text_in_base64_is_named(tmp_path: Path) -> None:
    base_64(tmp_path, "")
    table = pd.read_csv(tmp_path / "t.csv")
    table.loc[7, "image"] = str(table.loc[7, "image"])[:33]
    table.to_csv(tmp_path / "t.csv", index=False)
    choice = choose(Place(tmp_path), {"table": "t.csv", "picture": "image", "class": "label"})
    with pytest.raises(UserError, match="t/8: not a picture"):
        read(choice)


def test_labels_of_bytes_are_read_as_utf_8(tmp_path: Path) -> None:
    names = np.array([name.encode() for name in ["café", "thé"]])
    np.savez(tmp_path / "a.npz", x=PIXELS[TRAIN], y=names[np.arange(200) % 2])
    assert set(choose(Place(tmp_path)).rows["class"]) == {"café", "thé"}
    np.savez(
        tmp_path / "a.npz", x=PIXELS[TRAIN], y=np.array([b"a", b"\xff"])[np.arange(200) % 2]
    )
    with pytest.raises(UserError, match=r"a\.npz/y has bytes that are not in UTF-8"):
        choose(Place(tmp_path), {"images": "a.npz/x", "class": "a.npz/y"})


def test_a_column_with_two_words_for_one_class_has_no_names_of_classes(tmp_path: Path) -> None:
    table = make_table(ALL)
    table["word"] = [name + "!" * (n % 2) for n, name in enumerate(NAMED)]
    table.to_csv(tmp_path / "t.csv", index=False)
    said = "\n".join(describe(choose(Place(tmp_path))))
    assert "has a name for each class" not in said


def test_a_name_for_each_class_is_seen_if_the_sets_are_mixed(tmp_path: Path) -> None:
    table = make_table(ALL)
    table["word"] = NAMED
    table["split"] = np.where(np.arange(240) % 3, "train", "test")
    table.to_csv(tmp_path / "t.csv", index=False)
    said = "\n".join(describe(choose(Place(tmp_path))))
    assert "the column word has a name for each class" in said


@pytest.mark.parametrize(("others", "n_doubts"), [([1], 0), ([1, 2], 1), ([0, 1], 1)])
def test_minus_one_may_stand_for_no_class_but_beside_1(
    others: list[int], n_doubts: int, tmp_path: Path
) -> None:
    table = make_table(TRAIN)
    table["label"] = np.resize([-1, *others], 200)
    table.to_csv(tmp_path / "t.csv", index=False)
    layout = {"table": "t.csv", "pixels": "pixel0 to pixel63", "class": "label"}
    assert len(choose(Place(tmp_path), layout).doubts) == n_doubts


def test_rows_in_exponents_are_a_table_without_header(tmp_path: Path) -> None:
    amat(tmp_path)
    choice = choose(Place(tmp_path))
    assert write(choice.layout) == (
        '{separator: blanks, header: false, pixels: "1 to 576", scale: 255, class: "577", '
        "train: {table: train.amat}, test: {table: test.amat}}"
    )
    assert set(choice.rows["class"]) == set("0123456789")
