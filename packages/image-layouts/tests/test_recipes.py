"""Images in the forms in which people have them: understood, or refused with what helps.

Each form that image-layouts/docs/your-own.md lists is tried on a few images in exactly that form.
"""

import base64
import gzip
import json
import pickle
import re
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pydicom
import pytest
import scipy.io
import yaml
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris, load_wine

from digits.core.tables import Pixels
from digits.data.pinned_values import compute_pinned_values
from digits.settings import errors as digits_errors
from image_layouts import errors as layout_errors
from image_layouts import schema as layout
from image_layouts.checking import one_class
from image_layouts.collection import Collection
from image_layouts.layout.place import Place
from image_layouts.pipeline import start
from image_layouts.pipeline.source import to_collection
from image_layouts.proposing import advice
from image_layouts.proposing.choose import ChoiceError, choose
from image_layouts.proposing.folders import enter_folders
from test_public_forms import READ, cub_200
from tests.helpers import pages, tiny
from tests.helpers.digit_files import (
    LABELS,
    NAMES,
    PIXELS,
    TEST,
    TRAIN,
    make_table,
    write_flat,
    write_picture,
    write_tree,
)
from tests.helpers.hugging_face import write_pictures

UserError: Any = (digits_errors.UserError, layout_errors.LayoutError)

PAGE = "packages/image-layouts/docs/your-own.md"


def write_idx(path: Path, values: Any) -> None:
    """Write an IDX file, which is gzipped if its name says so."""
    content = tiny.idx_bytes(np.asarray(values, np.uint8))
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def subfolders(place: Path) -> None:
    write_tree(place / "flowers", TRAIN)
    (place / "flowers/notes.txt").touch()
    (place / "__MACOSX").mkdir()


def subsets(place: Path) -> None:
    write_tree(place / "archive/training_set", TRAIN)
    write_tree(place / "archive/test_set", TEST)


def subsets_without_classes(place: Path) -> None:
    write_tree(place / "seg_train/seg_train", TRAIN)
    write_tree(place / "seg_test/seg_test", TEST)
    write_flat(place / "seg_pred/seg_pred", slice(240, 250))


def kaggle(place: Path) -> None:
    make_table(TRAIN).to_csv(place / "train.csv", index=False)
    make_table(TEST, labelled=False).to_csv(place / "test.csv", index=False)
    submission = pd.DataFrame({"ImageId": range(1, 41), "Label": 0})
    submission.to_csv(place / "sample_submission.csv", index=False)


def two_tables(place: Path) -> None:
    make_table(TRAIN).to_csv(place / "mnist_train.csv")  # with the index of pandas
    make_table(TEST).to_csv(place / "mnist_test.csv")


def packed(place: Path) -> None:
    usage = np.where(np.arange(240) < 200, "Training", "PublicTest")
    texts = [" ".join(map(str, pixels.ravel())) for pixels in PIXELS[:240]]
    table = pd.DataFrame({"emotion": LABELS[:240], "pixels": texts, "Usage": usage})
    table.to_csv(place / "fer2013.csv", index=False)


def hugging_face(place: Path) -> None:
    (place / "README.md").touch()
    write_pictures(place / "data/train-00000-of-00001.parquet", TRAIN, LABELS[TRAIN])
    write_pictures(place / "data/test-00000-of-00001.parquet", TEST, LABELS[TEST])


def saved_to_disk(place: Path) -> None:
    """Write what `save_to_disk` of Hugging Face does: a folder for each set."""
    for name, rows in [("train", TRAIN), ("test", TEST)]:
        write_pictures(place / name / "data-00000-of-00001.arrow", rows, LABELS[rows])
        (place / name / "state.json").write_text("{}")
    (place / "dataset_dict.json").write_text("{}")


def named_pictures(place: Path) -> None:
    names = write_flat(place / "train", TRAIN)
    write_flat(place / "test", TEST)
    ids = [name.removesuffix(".png") for name in names]
    table = pd.DataFrame({"id": ids, "breed": [NAMES[label] for label in LABELS[TRAIN]]})
    table.to_csv(place / "labels.csv", index=False)


def spelled(place: Path) -> None:
    """Write a table as a program on Windows would."""
    names = write_flat(place / "pictures", TRAIN)
    files = [f"C:\\work\\pictures\\{name}" for name in names]
    table = pd.DataFrame({" File Name": files, "Label ": LABELS[TRAIN]})
    table.to_csv(place / "table.csv", index=False, sep=";", encoding="utf-8-sig")


def one_hot(place: Path) -> None:
    names = write_flat(place, TRAIN)
    table = pd.DataFrame(np.eye(10, dtype=int)[LABELS[TRAIN]], columns=NAMES)
    table.insert(0, "filename", names)
    table.to_csv(place / "_classes.csv", index=False)


def with_split(place: Path) -> None:
    names = write_flat(place, slice(0, 240))
    split = np.where(np.arange(240) < 200, "train", "test")
    table = pd.DataFrame({"path": names, "label": LABELS[:240], "split": split})
    table.to_parquet(place / "table.parquet")


def npz(place: Path) -> None:
    np.savez(
        place / "mnist.npz",
        x_train=PIXELS[TRAIN],
        y_train=LABELS[TRAIN],
        x_test=PIXELS[TEST],
        y_test=LABELS[TEST],
    )


def npy(place: Path) -> None:
    np.save(place / "X.npy", PIXELS[TRAIN])
    np.save(place / "Y.npy", np.eye(10)[LABELS[TRAIN]])


def mat(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        images = np.stack([PIXELS[rows]] * 3, axis=3)
        labels = LABELS[rows, np.newaxis]
        arrays = {"X": np.moveaxis(images, 0, -1), "y": np.where(labels == 0, 10, labels)}
        scipy.io.savemat(place / f"{subset}_32x32.mat", arrays)


def idx(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("t10k", TEST)]:
        write_idx(place / f"{subset}-images-idx3-ubyte", PIXELS[rows])
        write_idx(place / f"{subset}-labels-idx1-ubyte", LABELS[rows])
    shutil.copy(place / "t10k-labels-idx1-ubyte", place / "t10k-labels-idx1-ubyte.gz")


def emnist(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        start = f"emnist-letters-{subset}"
        write_idx(place / f"{start}-images-idx3-ubyte.gz", PIXELS[rows].swapaxes(1, 2))
        write_idx(place / f"{start}-labels-idx1-ubyte.gz", LABELS[rows] + 1)


# A white stroke in HEIC, which no package here can write.
HEIC = (
    "AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAAXZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0"
    "AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABmgABAAAAAAAAADsAAAAjaWluZgAAAAAA"
    "AQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA9mlwcnAAAADWaXBjbwAAAHFodmND"
    "AQQIAAAAn/gAAAAAHvAA/Pz4+AAADwNgAAEAF0ABDAH//wQIAAADAJ/4AAADAAAeugJAYQABACZCAQEE"
    "CAAAAwCf+AAAAwAAHsCCBBZbqrprmwIAAAMAMgAAAwACEGIAAQAGRAHBc8GJAAAAE2NvbHJuY2x4AAEA"
    "DQAGgAAAABRpc3BlAAAAAAAAAEAAAABAAAAAKGNsYXAAAAAQAAAAAQAAABAAAAAB////0AAAAAL////Q"
    "AAAAAgAAAA5waXhpAAAAAAEIAAAAGGlwbWEAAAAAAAAAAQABBYECAwWEAAAAQ21kYXQAAAA3KAGuMkM+"
    "MHD10M4IJ0INRF2gjJc9vWVRthmCVse7nQAioQfn9zsXGObUK4xpwJChdwM0lO+osA=="
)


def phone(place: Path) -> None:
    write_tree(place, TRAIN, "avif")
    min(place.glob("one/*")).unlink()
    (place / "one/photo.HEIC").write_bytes(base64.b64decode(HEIC))


def archive(place: Path) -> None:
    write_tree(place / "unpacked", TRAIN)
    with ZipFile(place / "pictures.zip", "w") as file:
        for path in sorted(place.glob("unpacked/**/*.png")):
            file.write(path, path.relative_to(place / "unpacked"))
    shutil.rmtree(place / "unpacked")


def class_in_name(place: Path) -> None:
    for number in range(200):
        write_picture(place / f"train/{NAMES[LABELS[number]]}.{number}.jpg", PIXELS[number])


def without_header(place: Path) -> None:
    make_table(TRAIN).to_csv(place / "A_Z Handwritten Data.csv", index=False, header=False)


def fractions(place: Path) -> None:
    table = make_table(TRAIN).astype(float)
    table.iloc[:, 1:] /= 255
    table["label"] = LABELS[TRAIN]
    table.to_csv(place / "train.csv", index=False)


def latin(place: Path) -> None:
    names = write_flat(place, TRAIN)
    table = pd.DataFrame({"file": names, "class": [f"é{label}" for label in LABELS[TRAIN]]})
    table.to_csv(place / "table.csv", index=False, encoding="latin1")


def whales(place: Path) -> None:
    """Write a table whose column `Id` is that of the class."""
    names = write_flat(place / "train", TRAIN)
    table = pd.DataFrame({"Image": names, "Id": [f"w_{label}" for label in LABELS[TRAIN]]})
    table.to_csv(place / "train.csv", index=False)


def traffic_signs(place: Path) -> None:
    """Write a table for each class, in whose folders pictures have the same names."""
    for number in range(10):
        folder = place / f"GTSRB/Final_Training/Images/{number:05d}"
        write_signs(folder, np.flatnonzero(LABELS[TRAIN] == number))
    write_signs(place / "GTSRB/Final_Test/Images", range(TEST.start, TEST.stop))


def write_signs(folder: Path, rows: Any) -> None:
    """Write pictures and their table, as the German traffic signs have them."""
    names = [f"{number:05d}.ppm" for number in range(len(rows))]
    for name, row in zip(names, rows, strict=True):
        write_picture(folder / name, PIXELS[row])
    table = pd.DataFrame({"Filename": names, "Width": 8, "ClassId": LABELS[list(rows)]})
    table.to_csv(folder / "GT.csv", index=False, sep=";")


def lists(place: Path) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        names = write_flat(place / f"all images/{subset}", rows)
        lines = [
            f"all images/{subset}/{name} {label}\n"
            for name, label in zip(names, LABELS[rows], strict=True)
        ]
        (place / f"{subset}_list.txt").write_text("".join(lines))


def masks(place: Path) -> None:
    """Write masks beside the pictures of one class, and in the folders of all others."""
    for number in range(200):
        name = NAMES[LABELS[number]]
        inner = "" if name == "one" else "images/"
        write_picture(place / f"scans/{name}/{inner}{number} (1).png", PIXELS[number])
        mask = f"{number} (1)_mask.png" if name == "one" else f"masks/{number} (1).png"
        write_picture(place / f"scans/{name}/{mask}", PIXELS[number] // 200)


def wnids(place: Path) -> None:
    """Write the folders of Tiny ImageNet."""
    for number in range(200):
        name = NAMES[LABELS[number]]
        write_picture(place / f"tiny/train/{name}/images/{name}_{number}.jpg", PIXELS[number])
    for subset, rows in [("val", TEST), ("test", slice(240, 250))]:
        write_flat(place / f"tiny/{subset}/images", rows)


def annotations(place: Path) -> None:
    """Write pictures beside arrays that are no images."""
    write_tree(place / "101_ObjectCategories", TRAIN)
    for name in NAMES:
        (place / f"Annotations/{name}").mkdir(parents=True)
        arrays = {"box_coord": [[1, 2, 3, 4]], "obj_contour": np.zeros((2, 20))}
        scipy.io.savemat(place / f"Annotations/{name}/annotation_0001.mat", arrays)


def array_per_class(place: Path) -> None:
    for number, name in enumerate(NAMES):
        images = PIXELS[TRAIN][LABELS[TRAIN] == number]
        np.save(place / f"full_numpy_bitmap_{name}.npy", images.reshape(-1, 64))


def archive_per_class(place: Path) -> None:
    write_tree(place, TRAIN)
    for name in NAMES:
        with ZipFile(place / f"{name}.zip", "w") as file:
            for path in sorted(place.glob(f"{name}/*.png")):
                file.write(path, path.name)
        shutil.rmtree(place / name)


def contest_archives(place: Path) -> None:
    names = write_flat(place / "train", TRAIN)
    table = pd.DataFrame({"id": names, "has_cactus": LABELS[TRAIN]})
    table.to_csv(place / "train.csv", index=False)
    with ZipFile(place / "train.zip", "w") as file:
        for name in names:
            file.write(place / "train" / name, f"train/{name}")
    shutil.rmtree(place / "train")


def json_lines(place: Path) -> None:
    """Write pictures whose names are the same in both subsets."""
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        for number, pixels in enumerate(PIXELS[rows]):
            write_picture(place / f"{subset}/{number:04d}.png", pixels)
        lines = [
            json.dumps({"file_name": f"{number:04d}.png", "label": NAMES[label]}) + "\n"
            for number, label in enumerate(LABELS[rows])
        ]
        (place / f"{subset}/metadata.jsonl").write_text("".join(lines))


def coco(place: Path) -> None:
    """Write annotations, of which two are of one picture, and a file with other facts."""
    files = write_flat(place / "photos", TRAIN)
    numbers = range(len(files))
    annotations = [{"image_id": n, "category_id": int(LABELS[n])} for n in [*numbers, 7]]
    content = {
        "annotations": [{"id": n} | each for n, each in enumerate(annotations)],
        "images": [{"id": n, "file_name": files[n], "camera": n % 9} for n in numbers],
        "categories": [{"id": label, "name": name} for label, name in enumerate(NAMES)],
    }
    (place / "train.json").write_text(json.dumps(content))
    (place / "info.json").write_text(json.dumps([{"images": 200}]))


def arff(place: Path) -> None:
    lines = [f"@attribute pixel{number} numeric" for number in range(64)]
    lines = ["@relation digits", *lines, "@attribute class {0,1,2,3,4,5,6,7,8,9}", "@data"]
    for pixels, label in zip(PIXELS[TRAIN], LABELS[TRAIN], strict=True):
        lines.append(",".join(map(str, [*pixels.ravel(), label])))
    (place / "digits.arff").write_text("\n".join(lines))


def excel(place: Path) -> None:
    """Write a file with a sheet for each set, and an empty one."""
    with pd.ExcelWriter(place / "labels.xlsx") as workbook:
        for subset, rows in [("train", TRAIN), ("test", TEST)]:
            table = pd.DataFrame({"file": write_flat(place / "photos", rows)})
            table["class"] = [f"{label:02d}" for label in LABELS[rows]]
            table.to_excel(workbook, sheet_name=subset, index=False)
        pd.DataFrame().to_excel(workbook, sheet_name="notes")


def hdf5(place: Path) -> None:
    """Write the groups of USPS, with pixels from 0 to 1."""
    with h5py.File(place / "usps.h5", "w") as file:
        for subset, rows in [("train", TRAIN), ("test", TEST)]:
            file[f"{subset}/data"] = PIXELS[rows].reshape(-1, 64) / np.float32(255)
            file[f"{subset}/target"] = LABELS[rows]


def dicom(place: Path) -> None:
    """Write scans in Hounsfield units, which scanners store in different ways.

    Some have five frames, of which the others are black.
    """
    for number, pixels in enumerate(PIXELS[TRAIN].astype(int)):
        if number % 4 == 0:
            black = np.zeros_like(pixels)
            pixels = np.array([black, black, pixels, black, black])
        path = place / f"scans/{NAMES[LABELS[number]]}/{number:03d}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_scan(
            path, 4 * pixels - 400, is_signed=number % 3 == 0, is_negative=number % 3 == 1
        )


def write_scan(path: Path, values: Any, *, is_signed: bool, is_negative: bool) -> None:
    """Write a DICOM file with values from -1024 to 3071."""
    intercept = 0 if is_signed else -1024
    stored = values - intercept
    scan = pydicom.Dataset()
    scan.SOPClassUID = SecondaryCaptureImageStorage
    scan.SOPInstanceUID = "1.2"
    scan.Rows, scan.Columns = values.shape[-2:]
    if values.ndim == 3:
        scan.NumberOfFrames = len(values)
    scan.SamplesPerPixel = 1
    scan.PhotometricInterpretation = "MONOCHROME1" if is_negative else "MONOCHROME2"
    scan.BitsAllocated, scan.BitsStored, scan.HighBit = 16, 12, 11
    scan.PixelRepresentation = int(is_signed)
    scan.RescaleSlope, scan.RescaleIntercept = 1, intercept
    scan.PixelData = (4095 - stored if is_negative else stored).astype("<i2").tobytes()
    scan.file_meta = FileMetaDataset()
    scan.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    scan.save_as(path, enforce_file_format=True)


def pickles(place: Path) -> None:
    for name, rows in [("data_batch_1", TRAIN), ("test_batch", TEST)]:
        batch = {"data": PIXELS[rows].reshape(-1, 64), "labels": LABELS[rows].tolist()}
        (place / name).write_bytes(pickle.dumps(batch))


def array_per_image(place: Path) -> None:
    (place / "arrays").mkdir()
    names = [f"{number:04d}" for number in range(200)]
    for name, pixels in zip(names, PIXELS[TRAIN], strict=True):
        np.save(place / f"arrays/{name}.npy", pixels)
    table = pd.DataFrame({"id": names, "label": LABELS[TRAIN]})
    table.to_csv(place / "labels.csv", index=False)


def labels_and_pixels(place: Path) -> None:
    table = make_table(TRAIN)
    table[["label"]].to_csv(place / "labels.csv", index=False)
    table.drop(columns="label").to_csv(place / "pixels.csv", index=False)


def ids_in_two_tables(place: Path) -> None:
    table = make_table(TRAIN)
    table.insert(0, "image_id", [f"Train_{n}" for n in range(200)])
    table[["image_id", "label"]].sample(frac=1, random_state=0).to_csv(
        place / "train.csv", index=False
    )
    table = table.drop(columns="label")
    table[:100].to_parquet(place / "train_0.parquet")
    table[100:].to_parquet(place / "train_1.parquet")


class Form(NamedTuple):
    """A form of images, and what is understood.

    Attributes:
        write: writes a few images in this form.
        n_classes: how many classes are found.
        n_test: how many images of a test set are found.
        recipe: the heading of the page that the message names which refuses the images. Its
            command converts them. "" if they are understood.
    """

    write: Callable[[Path], None]
    n_classes: int = 10
    n_test: int = 0
    recipe: str = ""


# What the page lists.
FORMS = {
    "pictures in a subfolder for each class": Form(subfolders),
    "pictures in folders such as `train` and `test_set`, in a subfolder for each class": Form(
        subsets, n_test=40
    ),
    "pictures in a subfolder for each class, and others without a class": Form(
        subsets_without_classes, n_test=40
    ),
    "pictures, and their masks": Form(masks),
    "pictures, and other files, such as the annotations of Caltech 101": Form(annotations),
    "the folders of Tiny ImageNet": Form(wnids),
    "photos in HEIC or AVIF": Form(phone),
    "pictures, and a table with their names, such as `id,breed`": Form(named_pictures),
    "pictures, and a table with backslashes in its paths, or with semicolons between its columns": Form(
        spelled
    ),
    "pictures, and a table with one column per class": Form(one_hot),
    "pictures, and a table with the columns `Image,Id`, where `Id` is the class": Form(whales),
    "pictures, and a table with a column `split`": Form(with_split, n_test=40),
    "a table in each folder, as in the German Traffic Sign dataset": Form(
        traffic_signs, n_test=40
    ),
    "`train_list.txt` and `test_list.txt`, with paths and classes": Form(lists, n_test=40),
    "`train.csv` and `test.csv` of a contest, with pixels": Form(kaggle),
    "`mnist_train.csv` and `mnist_test.csv`, with pixels": Form(two_tables, n_test=40),
    "`fer2013.csv`, with all pixels in one column": Form(packed, n_test=40),
    "parquet files of Hugging Face, or with lists of pixels": Form(hugging_face, n_test=40),
    "Arrow files that `save_to_disk` of Hugging Face writes, or Feather files": Form(
        saved_to_disk, n_test=40
    ),
    "`mnist.npz` of Keras, or MedMNIST": Form(npz, n_test=40),
    "`X.npy` and `Y.npy`": Form(npy),
    "an .npy file for each class, as in Quick, Draw!": Form(array_per_class),
    "`train_32x32.mat` and `test_32x32.mat` of SVHN": Form(mat, n_test=40),
    "IDX files of MNIST, Fashion-MNIST or KMNIST": Form(idx, n_test=40),
    "IDX files of EMNIST": Form(emnist, n_test=40),
    "pictures with the class in their names, such as `cat.1.jpg`": Form(class_in_name),
    "a CSV file without a header": Form(without_header),
    "pixels that are fractions from 0 to 1": Form(fractions),
    "a table in Latin-1, UTF-16 or gzip": Form(latin),
    "an archive": Form(archive, recipe="Unpack archives"),
    "an archive for each class": Form(archive_per_class, recipe="Unpack archives"),
    "`train.csv` and `train.zip` of a contest": Form(
        contest_archives, recipe="Unpack archives"
    ),
    "`metadata.jsonl` of Hugging Face": Form(
        json_lines, n_test=40, recipe="Convert JSON lines"
    ),
    "annotations in the format of COCO, with one class per picture": Form(
        coco, recipe="Convert COCO annotations"
    ),
    "an ARFF file": Form(arff, recipe="Convert ARFF files"),
    "an Excel file": Form(excel, n_test=40, recipe="Convert Excel files"),
    "HDF5 files, such as `usps.h5`": Form(hdf5, n_test=40, recipe="Convert HDF5 files"),
    "DICOM files in a subfolder for each class": Form(dicom, recipe="Convert DICOM files"),
    "the pickles of CIFAR-10": Form(pickles, n_test=40, recipe="Convert pickles"),
    "a table of labels and a table of pixels": Form(
        labels_and_pixels, recipe="Join two tables"
    ),
    "a table of ids and classes, and parquet files of ids and pixels": Form(
        ids_in_two_tables, recipe="Join tables by a column"
    ),
    "an .npy file for each image, and a table of their names": Form(
        array_per_image, recipe="Join arrays"
    ),
}


def labels(place: Path, **columns: Any) -> None:
    """Write pictures, and a table with columns beside that of their names."""
    names = write_flat(place, TRAIN)
    pd.DataFrame({"file": names, **columns}).to_csv(place / "labels.csv", index=False)


def decimals(place: Path) -> None:
    labels(place, weight=LABELS[TRAIN] + 0.25)


def decimal_commas(place: Path) -> None:
    labels(place, weight=[f"{label},25" for label in LABELS[TRAIN]])


def two_quantities(place: Path) -> None:
    labels(place, weight=LABELS[TRAIN] / 4, length=LABELS[TRAIN] / 8)


def prices(place: Path) -> None:
    write_flat(place, slice(0, 300))
    files = [f"{number:05d}.png" for number in range(300)]
    table = pd.DataFrame({"file": files, "price": range(1_000, 301_000, 1_000)})
    table.to_csv(place / "labels.csv", index=False)


def decimals_in_arrays(place: Path) -> None:
    np.savez(place / "own.npz", x=PIXELS[TRAIN], y=LABELS[TRAIN] + 0.5)


def several_columns(place: Path) -> None:
    columns = {"even": LABELS[TRAIN] % 2 == 0, "by 3": LABELS[TRAIN] % 3 == 0}
    labels(place, **{name: values.astype(int) for name, values in columns.items()})


def attributes(place: Path) -> None:
    """Write labels 1 and -1, as CelebA has them."""
    columns = {"Male": LABELS[TRAIN] % 2 == 0, "Smiling": LABELS[TRAIN] > 4}
    labels(place, **{name: np.where(values, 1, -1) for name, values in columns.items()})


def several_arrays(place: Path) -> None:
    y = np.column_stack([LABELS[TRAIN] % 2, LABELS[TRAIN] // 5])
    np.savez(place / "own.npz", x=PIXELS[TRAIN], y=y)


def several_in_a_value(place: Path, both: str, others: Sequence[str] = ("cat", "dog")) -> None:
    labels(place, label=np.resize([*others, both], 200))


def rows_per_class(place: Path) -> None:
    names = write_flat(place, TRAIN)
    files = [*names, names[3]]
    table = pd.DataFrame({"file": files, "class": np.resize(["cat", "dog"], 201)})
    table.to_csv(place / "labels.csv", index=False)


def iris(place: Path) -> None:
    load_iris(as_frame=True).frame.to_csv(place / "iris.csv", index=False)


def wine(place: Path) -> None:
    """Write a number of columns that is no square."""
    load_wine(as_frame=True).frame.to_csv(place / "wine.csv", index=False)


def housing(place: Path) -> None:
    """Write no classes, but two columns of text."""
    table = {"rooms": [880, 7099], "price": [4.5, 3.6], "sea": ["near"] * 2, "bay": ["far"] * 2}
    pd.DataFrame(table).to_csv(place / "housing.csv", index=False)


def animals(place: Path) -> None:
    """Write features that are whole numbers."""
    names = ["hair", "eggs", "milk", "legs"]
    table = pd.DataFrame(PIXELS[TRAIN].reshape(200, 64)[:, 2:6], columns=names)
    table.insert(0, "type", [NAMES[label] for label in LABELS[TRAIN]])
    table.to_csv(place / "zoo.csv", index=False)


def feature(place: Path, column: int, value: float) -> None:
    """Write a value that no pixel has into a row of one column, and blanks into another row."""
    table = make_table(TRAIN).astype(object)
    table.iloc[57, column] = value
    table.iloc[3, 1:] = ""
    table.to_csv(place / "t.csv", index=False)


def shares_and_more(place: Path) -> None:
    """Write columns of shares, and one that has a larger value, too."""
    table = pd.DataFrame(
        {"label": LABELS[TRAIN], "p1": 0.5, "p2": 0.25, "p3": 0.125, "p4": 0.0}
    )
    table.loc[150, "p4"] = 1.5
    table.to_csv(place / "t.csv", index=False)


ONE_CLASS = "this project classifies images, with one class for each image"
NO_QUANTITY = (
    f"{ONE_CLASS}, and estimates no numbers; replace them by classes, such as ranges, or use "
    "another tool"
)
SEVERAL = f"{ONE_CLASS}; for several labels, use another tool"
NO_FEATURES = f"{ONE_CLASS}; for a table of features, use another tool; if these are pixels"
NO_PIXEL = "but pixels are whole numbers from 0 to 255"

# What is for other tools, and the line that says so.
OTHERS = {
    "decimals": (
        decimals,
        f"weight is a quantity, such as {LABELS[0]}.25: {NO_QUANTITY}",
    ),
    "decimal commas": (
        decimal_commas,
        f"weight is a quantity, such as {LABELS[0]},25: {NO_QUANTITY}",
    ),
    "two quantities": (
        two_quantities,
        f"weight is a quantity, such as {LABELS[1] / 4}: {NO_QUANTITY}",
    ),
    "more numbers than classes": (
        prices,
        "price has 300 different numbers, such as 1000, and there may be 256 "
        f"classes: {NO_QUANTITY}",
    ),
    "decimals in arrays": (
        decimals_in_arrays,
        f"own.npz/y is a quantity, such as {LABELS[0]}.5: {NO_QUANTITY}",
    ),
    "several columns of labels": (
        several_columns,
        f"the columns even, by 3 are labels, of which row 1 has 2: {SEVERAL}; "
        "for a single one, run `digits start --class even`",
    ),
    "attributes": (
        attributes,
        "the columns Male, Smiling are labels, of which row 7 has 2: "
        f"{SEVERAL}; for a single one, run `digits start --class Male`",
    ),
    "several labels in arrays": (
        several_arrays,
        f"own.npz/y has the shape (200, 2), but not a single 1 in each row: {ONE_CLASS}; "
        "if its first column has the classes, write labels[:, 0] into an array of its own by "
        "numpy.save, instead of this one",
    ),
    **{
        f"several labels in a value such as {both}": (
            partial(several_in_a_value, both=both),
            f"label has several labels in one value, such as '{both}', where 'cat' "
            f"is a class, too: {SEVERAL}; if '{both}' is one class, write 'cat_dog'",
        )
        for both in ["cat|dog", "cat;dog", "cat, dog", "cat dog", "['cat', 'dog']"]
    },
    "several labels, each with its end": (
        partial(several_in_a_value, both="cat;dog;", others=["cat;", "dog;"]),
        f"label has several labels in one value, such as 'cat;dog;', where 'cat' is a class, "
        f"too: {SEVERAL}; if 'cat;dog;' is one class, write 'cat_dog'",
    ),
    "a row for each label": (
        rows_per_class,
        "1 pictures have several classes, first 00003.png with dog and cat: "
        f"{ONE_CLASS}; keep one row of each picture, or use another tool",
    ),
    "iris": (
        iris,
        f"iris.csv: the column sepal length (cm) has 5.1, {NO_PIXEL}: {NO_FEATURES}, scale and "
        "round them",
    ),
    "wine": (
        wine,
        f"wine.csv: the column alcohol has 14.23, {NO_PIXEL}: {NO_FEATURES}, scale and round "
        "them",
    ),
    "housing": (
        housing,
        f"housing.csv: the column rooms has 880, {NO_PIXEL}: {NO_FEATURES}, scale and round "
        "them",
    ),
    **{
        f"{value} in a column of pixels": (
            partial(feature, column=column, value=value),
            f"t.csv: the column pixel{column - 1} has {value}, {NO_PIXEL}: {NO_FEATURES}, scale "
            "and round them",
        )
        for column, value in [(1, 256), (30, -1), (31, 12.5), (64, 300)]
    },
    "shares and more": (
        shares_and_more,
        f"t.csv: the column p1 has 0.5, {NO_PIXEL}: {NO_FEATURES}, scale and round them",
    ),
    "animals": (
        animals,
        "zoo.csv: the columns hair, eggs, milk, legs have no digit in their names, as pixels "
        f"have: {NO_FEATURES}, rename them to pixel1, pixel2 and so on",
    ),
}


def understand() -> tuple[dict[str, Any], Pixels, pd.DataFrame]:
    """Return what `digits start` understands of data/own. Pictures keep their size."""
    place, choice = start.choose_layout(None, {})
    images = choice.reading.images
    entry = {
        "sources": [{"files": str(place)}],
        "layout": choice.layout,
        "shape": images.shape or [8, 8],
    }
    return compute_pinned_values("own", entry, to_collection(images))


def check_pixels(X: Pixels, images: pd.DataFrame) -> None:
    """Check that the pixels of each image are those of its class, whatever its name is."""
    grey = X.reshape(len(X), 64, -1).mean(axis=2)  # the colours are equal
    known = PIXELS[: len(X)]
    lying = known.swapaxes(1, 2)  # as in EMNIST
    distances = cdist(grey, np.concatenate([known, lying]).reshape(-1, 64))
    shown = np.tile(LABELS[: len(X)], 2)[distances.argmin(axis=1)]
    counts = pd.crosstab(shown, images["class"]).to_numpy()
    assert counts.shape == (10, 10)
    n_other = 1  # the photo in HEIC
    assert counts.max(axis=0).sum() >= len(X) - n_other
    assert counts.max(axis=1).sum() >= len(X) - n_other


def follow(recipe: str, folder: Path, names: str = "") -> None:
    """Run the command that stands under a heading of the page.

    The packages that it installs are those of the tests.

    Args:
        recipe: the heading.
        folder: the current folder of the command.
        names: the pattern that replaces that of the files, or "".
    """
    [command] = re.findall(r"```text\n(.*?)```", pages.read_section(PAGE, recipe), re.DOTALL)
    if names:
        command = re.sub(r"(?<=rglob\(')[^']+", names, command)
    tiny.run(["bash", "-ec", command], folder, PIP_NO_INDEX="1")


OTHER_RECIPES = ["Join two tables", "Join tables by a column", "Join arrays"]


def test_no_advice_is_given_about_what_describes_arrow_files(tmp_path: Path) -> None:
    table = pa.table({"c": [1, 2]})
    with pa.ipc.new_stream(tmp_path / "data.arrow", table.schema) as stream:
        stream.write_table(table)
    (tmp_path / "state.json").write_text("{}")
    assert advice.find_advice(sorted(tmp_path.iterdir())) == ""
    (tmp_path / "data.arrow").unlink()
    assert advice.find_advice(sorted(tmp_path.iterdir())).startswith("files such as state.json")


def test_each_recipe_is_a_heading_of_the_page() -> None:
    section = pages.read_section(PAGE, "Convert other files")
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert headings == [*advice.RECIPES, *OTHER_RECIPES]


def test_groups_are_added_to_a_table(tmp_path: Path) -> None:
    place = tmp_path / "data/own"
    place.mkdir(parents=True)
    pd.DataFrame({"file": ["p/p17_1.jpg", "p/p17_2.jpg", "2.jpg"]}).to_csv(place / "labels.csv")
    follow("Add groups to a table", tmp_path)
    table = pd.read_csv(place / "labels.csv", keep_default_na=False)
    assert table["group"].tolist() == ["p17", "p17", ""]


def test_groups_of_another_table_are_added(tmp_path: Path) -> None:
    place = tmp_path / "data/own"
    place.mkdir(parents=True)
    names = ["1.jpg", "2.jpg", "3.jpg"]
    pd.DataFrame({"image": names}).to_csv(place / "labels.csv", index=False)
    metadata = pd.DataFrame({"image": names[::-1], "lesion_id": ["x", "y", "x"]})
    metadata.to_csv(place / "metadata.csv", index=False)
    follow("Add the groups of another table", tmp_path)
    assert pd.read_csv(place / "labels.csv")["group"].tolist() == ["x", "y", "x"]


@pytest.mark.variant
def test_damaged_pictures_are_moved_away(tmp_path: Path) -> None:
    place = tmp_path / "data/own"
    write_tree(place, TRAIN)
    damaged = sorted(place.glob("one/*"))[:3]
    for path in damaged:
        path.write_bytes(path.read_bytes()[:60])
    follow("Move damaged pictures away", tmp_path)
    assert not any(path.exists() for path in damaged)
    assert len(list(place.rglob("*.png"))) == 197
    assert len(list((tmp_path / "data/damaged/one").iterdir())) == 3


@pytest.mark.variant
def test_a_table_with_too_many_separators_is_repaired(tmp_path: Path) -> None:
    place = tmp_path / "data/own"
    files = write_flat(place, TRAIN)
    lines = [f'{file},{NAMES[n % 10]},"Shoes, old"' for n, file in enumerate(files)]
    lines[50] = lines[50].replace('"', "")
    lines[70] = f"{lines[70]}, black"
    (place / "styles.csv").write_text("\n".join(["file,class,text", *lines]))
    with pytest.raises(ChoiceError, match="line 52 has 4 values, expected 3; put quotation"):
        choose(Place(place))
    follow("Repair a table with too many separators", tmp_path)
    rows = choose(Place(place)).rows
    assert rows["class"].tolist() == NAMES * 20


@pytest.mark.variant
def test_the_test_set_of_a_list_of_ids_is_added(tmp_path: Path) -> None:
    folder = tmp_path / "data/own/CUB"
    cub_200(folder)
    follow("Add the test set of a list of ids", tmp_path)
    rows = choose(Place(folder)).rows
    assert rows["test"].sum() == 40
    assert rows["class"].nunique() == 10


@pytest.mark.variant
def test_scans_are_converted_with_one_scale(tmp_path: Path) -> None:
    dicom(tmp_path / "data/own")
    follow("Convert DICOM files", tmp_path)
    paths = sorted(tmp_path.rglob("*.png"), key=lambda path: path.name)
    scans = [np.asarray(Image.open(path)) for path in paths]
    assert np.array_equal(scans, np.rint(PIXELS[TRAIN] * (255 / 240)))


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, marks=pytest.mark.variant if form.recipe else [])
        for form in FORMS.values()
    ],
    ids=FORMS,
)
def test_images_are_understood_or_refused_with_what_helps(
    form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Path("data/own")
    place.mkdir(parents=True)
    form.write(place)
    if form.recipe:
        before = tiny.files(tmp_path)
        page = PAGE.removeprefix("packages/")
        with pytest.raises(UserError, match=f"see “{form.recipe}” in {page}"):
            understand()
        assert tiny.files(tmp_path) == before
        follow(form.recipe, tmp_path)
    values, X, images = understand()
    n_test = images["test"].sum() if "test" in images else 0
    expected_images = {0: 200, 40: 240}[form.n_test]
    assert (len(images), values["classes"], n_test) == (
        expected_images,
        form.n_classes,
        form.n_test,
    )
    counts = np.bincount(LABELS[: len(images)])
    assert sorted(images["class"].value_counts())[0] == sorted(counts)[0]
    if form.n_test:
        assert images["test"].tolist() == [False] * 200 + [True] * 40
    check_pixels(X, images)


@pytest.mark.variant
def test_the_pickles_of_cifar_100_are_converted(tmp_path: Path) -> None:
    place = tmp_path / "data/own/cifar-100-python"
    place.mkdir(parents=True)
    for name, rows in [("train", TRAIN), ("test", TEST)]:
        labels = {
            "fine_labels": LABELS[rows].tolist(),
            "coarse_labels": [0] * len(LABELS[rows]),
        }
        batch = {"data": PIXELS[rows].reshape(-1, 64)} | labels
        (place / name).write_bytes(pickle.dumps(batch))
    (place / "meta").write_bytes(pickle.dumps({"fine_label_names": NAMES}))
    follow("Convert pickles", tmp_path, names="t*")
    images = choose(Place(place)).rows
    assert images["class"].astype(int).tolist() == LABELS[:240].tolist()
    assert images["test"].sum() == 40


def test_files_that_are_only_in_icloud_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(Path("data/own"), TRAIN)
    for number in (1, 2):
        Path(f"data/own/one/.{number}.jpg.icloud").touch()
    start.choose_layout(None, {})
    assert capsys.readouterr().err == (
        "files only in iCloud: 2, first data/own/one/.1.jpg.icloud; download them first\n"
    )


@pytest.mark.parametrize(("write", "line"), OTHERS.values(), ids=OTHERS)
def test_what_is_for_other_tools_is_named(
    write: Callable[[Path], None], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Path("data/own")
    place.mkdir(parents=True)
    write(place)
    with pytest.raises(UserError) as refused:
        understand()
    assert str(refused.value).endswith(line)


def test_a_single_one_of_several_labels_can_be_chosen(tmp_path: Path) -> None:
    several_columns(tmp_path)
    rows = choose(Place(tmp_path), columns={"class": "by 3"}).rows
    assert rows["class"].tolist() == [str(int(label % 3 == 0)) for label in LABELS[TRAIN]]


@pytest.mark.parametrize(
    "names",
    [
        ["mountain bike", "bike"],
        ["left hand", "right hand", "left foot", "right foot", "hand"],
        ["tench, Tinca tinca", "goldfish, Carassius auratus"],
        ["1,000", "2,000"],
    ],
)
def test_a_class_of_several_words_is_no_list_of_labels(
    names: list[str], tmp_path: Path
) -> None:
    labels(tmp_path, label=np.resize(names, 200))
    found = choose(Place(tmp_path)).rows["class"]
    assert found.nunique() == len(names)


QUANTITIES = {
    "ages": range(20, 32),
    "nearly all ages": [1, *range(3, 80), 84, 90],
    "ten ages": range(20, 30),
    "years": range(1990, 2005),
    "angles": range(0, 360, 15),
    "temperatures": range(-4, 8),
}
NO_QUANTITIES = {
    "digits": range(10),
    "letters": range(1, 27),
    "some digits": [0, 1, 7],
    "nine ages": range(20, 29),
    "speed limits": [20, 30, 50, 60, 70, 80, 100, 120],
    "some of 43 signs": [0, 3, 7, 11, 12, 17, 25, 33, 38, 40, 42],
    "numbers with gaps of 4 and 6": [20, 24, 30, 34, 40, 44, 50, 54, 60, 64],
    "codes of fruit": [3023, 3283, 4011, 4012, 4046, 4062, 4065, 4081, 4087, 4225, 4593],
    "names": [*range(20, 40), "older"],
    "dates": [f"2020_{month:02d}" for month in range(1, 13)],
}


@pytest.mark.parametrize("numbers", QUANTITIES.values(), ids=QUANTITIES)
def test_classes_that_may_be_a_quantity_are_doubted(numbers: Sequence[int]) -> None:
    [line] = one_class.describe_quantity(numbers)
    assert line.startswith(
        f"the classes are {len(numbers)} numbers from {min(numbers)} to {max(numbers)}; if "
    )


@pytest.mark.parametrize("names", NO_QUANTITIES.values(), ids=NO_QUANTITIES)
def test_classes_with_other_numbers_are_not_doubted(names: Sequence[object]) -> None:
    assert one_class.describe_quantity(names) == []


def read_arrays(folder: Path) -> tuple[Collection, Any]:
    """Return the images of arrays, and their pixels."""
    images = choose(Place(folder)).reading.images
    assert images.blocks is not None
    return images, np.concatenate(list(images.blocks()))


def test_the_first_axis_is_that_of_the_images_also_if_an_image_is_as_wide(
    tmp_path: Path,
) -> None:
    np.savez(tmp_path / "own.npz", x=PIXELS[:8, :, :6], y=np.arange(8) % 2)
    _, pixels = read_arrays(tmp_path)
    assert np.array_equal(pixels, PIXELS[:8, :, :6].reshape(8, 48))


@pytest.mark.parametrize(("n_colors", "shape"), [(1, [8, 6]), (3, [8, 6, 3])])
def test_the_colours_may_be_before_the_rows_as_in_pytorch(
    tmp_path: Path, n_colors: int, shape: list[int]
) -> None:
    images = np.stack([PIXELS[:20, :, :6] // number for number in (1, 2, 4)[:n_colors]], axis=3)
    np.savez(tmp_path / "own.npz", x=np.moveaxis(images, 3, 1), y=LABELS[:20] % 2)
    found, pixels = read_arrays(tmp_path)
    assert found.shape == shape
    assert np.array_equal(pixels, images.reshape(20, -1))


@pytest.mark.parametrize("name", ["{subset}/{content}.npy", "{content}/{subset}.npy"])
def test_arrays_with_the_same_names_in_several_folders_are_all_read(
    tmp_path: Path, name: str
) -> None:
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        for content, values in [("images", PIXELS[rows]), ("labels", LABELS[rows])]:
            path = tmp_path / name.format(subset=subset, content=content)
            path.parent.mkdir(exist_ok=True)
            np.save(path, values)
    found, pixels = read_arrays(tmp_path)
    assert found.rows["test"].tolist() == [False] * 200 + [True] * 40
    assert found.rows["class"].astype(int).tolist() == LABELS[:240].tolist()
    assert np.array_equal(pixels, PIXELS[:240].reshape(-1, 64))


def test_a_column_that_the_user_names_is_taken_and_not_the_folders(tmp_path: Path) -> None:
    write_tree(tmp_path, slice(0, 40))
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*.png"))
    table = pd.DataFrame({"file": files, "by": ["anna", "bo"] * 20})
    table["paper"] = ["plain", "plain", "ruled", "ruled"] * 10
    table.to_csv(tmp_path / "pages.csv", index=False)
    rows = choose(Place(tmp_path), columns={"class": "paper"}).rows
    assert rows["class"].tolist() == table["paper"].tolist()


def test_the_page_lists_each_form() -> None:
    section, _, _ = pages.read_section(PAGE, "What you can put into `data/own`").partition(
        "\nSome details:"
    )
    forms = re.findall(r"^- (.+?)(?:\. .+)?$", section, re.MULTILINE)
    assert forms == [*FORMS]


SETS_OF_PIXELS = {"pixels": "pixel0 to pixel63", "class": "label"}

# The layout of each form that image-layouts/docs/your-own.md lists.
LAYOUTS: dict[str, Any] = {
    "subfolders": "{class}/*",
    "subsets": {
        "train": "training_set/{class}/*",
        "test": "test_set/{class}/*",
    },
    "subsets_without_classes": {
        "train": "seg_train/seg_train/{class}/*",
        "test": "seg_test/seg_test/{class}/*",
        "unused": "seg_pred/seg_pred/*",
    },
    "masks": {
        "files": ["{class}/images/*", "{class}/*"],
        "unused": ["**/masks/*", "**/*_mask.*"],
    },
    "annotations": "101_ObjectCategories/{class}/*",
    "wnids": {
        "files": "train/{class}/images/*",
        "unused": ["val/images/*", "test/images/*"],
    },
    "phone": "{class}/*",
    "named_pictures": {
        "table": "labels.csv",
        "file": "train/{id}.png",
        "class": "breed",
        "unused": "test/*",
    },
    "spelled": {
        "table": "table.csv",
        "separator": ";",
        "file": "pictures/{File Name.name}",
        "class": "Label",
    },
    "one_hot": {"table": "_classes.csv", "file": "{filename}", "class": NAMES},
    "whales": {"table": "train.csv", "file": "train/{Image}", "class": "Id"},
    "with_split": {
        "table": "table.parquet",
        "file": "{path}",
        "class": "label",
        "train": {"where": {"split": "train"}},
        "test": {"where": {"split": "test"}},
    },
    "traffic_signs": {
        "separator": ";",
        "file": "{Filename}",
        "class": "ClassId",
        "train": {"table": "Final_Training/Images/*/GT.csv"},
        "test": {"table": "Final_Test/Images/GT.csv"},
    },
    "lists": {
        "separator": "last blank",
        "header": False,
        "file": "{1}",
        "class": 2,
        "train": {"table": "train_list.txt"},
        "test": {"table": "test_list.txt"},
    },
    "kaggle": {"table": "train.csv"} | SETS_OF_PIXELS,
    "two_tables": SETS_OF_PIXELS
    | {"train": {"table": "mnist_train.csv"}, "test": {"table": "mnist_test.csv"}},
    "packed": {
        "table": "fer2013.csv",
        "pixels": "pixels",
        "class": "emotion",
        "train": {"where": {"Usage": "Training"}},
        "test": {"where": {"Usage": "*Test"}},
    },
    "hugging_face": {
        "picture": "image",
        "class": "label",
        "train": {"table": "data/train-*.parquet"},
        "test": {"table": "data/test-*.parquet"},
    },
    "saved_to_disk": {
        "picture": "image",
        "class": "label",
        "train": {"table": "train/data-*.arrow"},
        "test": {"table": "test/data-*.arrow"},
    },
    "npz": {
        "train": {"images": "mnist.npz/x_train", "class": "mnist.npz/y_train"},
        "test": {"images": "mnist.npz/x_test", "class": "mnist.npz/y_test"},
    },
    "npy": {"images": "X.npy", "class": "Y.npy"},
    "array_per_class": {"images": "full_numpy_bitmap_{class}.npy", "axes": "n (h w)"},
    "mat": {
        "axes": "h w c n",
        "train": {"images": "train_32x32.mat/X", "class": "train_32x32.mat/y"},
        "test": {"images": "test_32x32.mat/X", "class": "test_32x32.mat/y"},
    },
    "idx": {
        "train": {"images": "train-images-idx3-ubyte", "class": "train-labels-idx1-ubyte"},
        "test": {"images": "t10k-images-idx3-ubyte", "class": "t10k-labels-idx1-ubyte"},
    },
    "emnist": {
        "train": {
            "images": "emnist-letters-train-images-idx3-ubyte.gz",
            "class": "emnist-letters-train-labels-idx1-ubyte.gz",
        },
        "test": {
            "images": "emnist-letters-test-images-idx3-ubyte.gz",
            "class": "emnist-letters-test-labels-idx1-ubyte.gz",
        },
    },
    "archive": "{class}/*",
    "archive_per_class": "{class}/*",
    "contest_archives": {
        "table": "train.csv",
        "file": "train/train/{id}",
        "class": "has_cactus",
    },
    "json_lines": {
        "file": "{file_name}",
        "class": "label",
        "train": {"table": "train/metadata.jsonl.csv"},
        "test": {"table": "test/metadata.jsonl.csv"},
    },
    "coco": {"table": "train.json.csv", "file": "photos/{file_name}", "class": "class"},
    "arff": {"table": "digits.arff.csv", "pixels": "pixel0 to pixel63", "class": "class"},
    "excel": {
        "file": "photos/{file}",
        "class": "class",
        "train": {"table": "labels.xlsx.train.csv"},
        "test": {"table": "labels.xlsx.test.csv"},
    },
    "hdf5": {
        "scale": 255,
        "axes": "n (h w)",
        "train": {"images": "usps.h5.npz/train_data", "class": "usps.h5.npz/train_target"},
        "test": {"images": "usps.h5.npz/test_data", "class": "usps.h5.npz/test_target"},
    },
    "dicom": "{class}/*.png",
    "pickles": {
        "axes": "n (h w)",
        "train": {"images": "data_batch_1.npz/x", "class": "data_batch_1.npz/y"},
        "test": {"images": "test_batch.npz/x", "class": "test_batch.npz/y"},
    },
    "labels_and_pixels": {"table": "joined.csv"} | SETS_OF_PIXELS,
    "ids_in_two_tables": {"table": "joined.parquet"} | SETS_OF_PIXELS,
    "array_per_image": {"images": "joined.npz/x", "class": "joined.npz/y"},
    "class_in_name": "train/{class}.#.*",
    "without_header": {"table": "*.csv", "header": False, "pixels": "2 to 65", "class": 1},
    "fractions": {"table": "train.csv", "scale": 255} | SETS_OF_PIXELS,
    "latin": {"table": "table.csv", "encoding": "latin-1", "file": "{file}", "class": "class"},
}


def read(written: Any, shape: list[int]) -> Any:
    """Return what `digits pin` records of data/own."""
    place = enter_folders(Path("data/own"))
    entry = {"sources": [{"files": str(place)}], "layout": written, "shape": shape}
    return compute_pinned_values("own", entry)


# A form of each kind: folders, a table of names, of pixels and of packed pixels, and arrays.
READ_FIRST = [subfolders, named_pictures, two_tables, packed, npz]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, marks=[] if form.write in READ_FIRST else pytest.mark.variant)
        for form in FORMS.values()
    ],
    ids=FORMS,
)
def test_a_layout_reads_each_form_as_it_is_understood(
    form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)
    form.write(Path("data/own"))
    if form.recipe:
        follow(form.recipe, tmp_path)
    expected, X, images = understand()
    values, X_read, images_read = read(LAYOUTS[form.write.__name__], images.attrs["shape"])
    assert values == expected
    pd.testing.assert_frame_equal(images_read, images)
    assert np.array_equal(X, X_read)


def load(text: str) -> Any:
    """Return a layout from its text in YAML. A pattern may begin with a bracket."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


LAYOUT_PAGE = (tiny.ROOT / "packages/image-layouts/docs/layout.md").read_text(encoding="utf-8")
_, _, TABLE = LAYOUT_PAGE.partition("## Forms and their layouts")


def test_each_layout_of_the_page_is_one_that_reads_a_form() -> None:
    known = [layout.parse(written) for written in LAYOUTS.values()]
    known += [layout.parse(load(form.layout)) for form in READ.values()]
    known.append(layout.parse(LAYOUTS["emnist"] | {"axes": "n w h"}))
    written = re.findall(r"^\| .+ \| `(.+)` \|$", TABLE, re.MULTILINE)
    assert len(written) >= 40
    for text in written:
        assert layout.parse(load(text)) in known, text
