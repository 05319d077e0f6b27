"""Files of images that are damaged, or made to do harm: each is one line, and none is waited for."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import scipy.sparse

from digits.fetching.conversion import make_images
from digits.imaging import pictures
from digits.messages import errors as digits_errors
from digits.settings.params import DatasetParams
from image_layouts import errors as layout_errors
from image_layouts.layout.folder import Folder
from image_layouts.pipeline.own_files import open_files, to_collection
from image_layouts.proposing.choose import choose
from tests.helpers import tiny

UserError: Any = (digits_errors.UserError, layout_errors.LayoutError)

IMAGES = (np.arange(12 * 49) % 251).astype(np.uint8).reshape(12, 7, 7)
LABELS = np.arange(12) % 2
DATASET = DatasetParams.model_validate(
    {**tiny.dataset({"files": "images"}), "shape": [7, 7], "pixel_max": 255}
)


def npz() -> bytes:
    """Return an .npz file of images and labels."""
    file = io.BytesIO()
    np.savez(file, x=IMAGES, y=LABELS)
    return file.getvalue()


def huge_npy() -> bytes:
    """Return the head of an .npy file of more values than fit into any memory."""
    file = io.BytesIO()
    head = {"descr": "<f8", "fortran_order": False, "shape": (10**14,)}
    np.lib.format.write_array_header_1_0(file, head)
    return file.getvalue()


def mat(**variables: Any) -> bytes:
    """Return a MATLAB file."""
    file = io.BytesIO()
    scipy.io.savemat(file, variables)
    return file.getvalue()


def parquet(metadata: dict[str, Any] | None = None, **columns: Any) -> bytes:
    """Return a parquet file of a table with metadata."""
    table = pa.table(columns)
    encoded = {key: json.dumps(value) for key, value in (metadata or {}).items()}
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(encoded), file)
    return file.getvalue()


PIXELS: dict[str, Any] = {f"p{number}": range(12) for number in range(49)}
LABELLED = {"label": LABELS, **PIXELS}


def hugging_face(label: Any) -> bytes:
    """Return a parquet file whose metadata describe the column of labels."""
    description = {"info": {"features": {"label": label}}}
    return parquet(**LABELLED, metadata={"huggingface": description})


# The name of each file, its content, and a part of the error.
DAMAGED: dict[str, tuple[str, bytes, str]] = {
    "an .npz file cut off": ("a.npz", npz()[:300], "a.npz: File is not a zip file; load them"),
    "a page instead of an .npz file": (
        "a.npz",
        b"<!DOCTYPE html>",
        "File is not a zip file; load",
    ),
    "an .npy file that says it has 728 TiB": ("a.npy", huge_npy(), "Unable to allocate 728"),
    "a sparse matrix": ("a.mat", mat(x=scipy.sparse.eye(12)), ": no arrays of numbers"),
    "pixels that are missing": (
        "a.mat",
        mat(x=IMAGES / np.nan, y=LABELS),
        "a.mat/x: numbers from nan to nan; pixels are whole numbers",
    ),
    "fewer names of classes than classes": (
        "a.parquet",
        hugging_face({"names": ["zero"]}),
        "6 rows have the label 1, which stands for no class; leave them out by the key",
    ),
    "numbers as the bytes of pictures": (
        "a.parquet",
        parquet(label=LABELS, image=[{"bytes": 5}] * 12),
        "a.parquet",
    ),
}


@pytest.mark.parametrize(("name", "content", "reason"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_named_in_one_line(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        make_images(to_collection(choose(Folder(tmp_path)).images, DATASET), DATASET)
    assert reason in "\n".join([*getattr(caught.value, "lines", []), str(caught.value)])


class Payload:
    """An object whose pickle makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.pkl"])
def test_a_pickle_is_refused_and_not_run(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "mark"
    array = np.array([Payload(mark)] * 12, dtype=object)
    file = io.BytesIO()
    match Path(name).suffix:
        case ".npy":
            np.save(file, array)
        case ".npz":
            np.savez(file, x=array)
        case _:
            file.write(pickle.dumps(array))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / name).write_bytes(file.getvalue())
    with pytest.raises(UserError):
        choose(Folder(tmp_path / "own"))
    assert not mark.exists()
    pickle.loads(pickle.dumps(array))  # which would run it
    assert mark.exists()


POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    b"size 12345\n"
)


@pytest.mark.parametrize(
    "name",
    ["cat/1.png", "a.csv", "a.csv.gz", "list.txt", "a.parquet", "a.npy", "a.mat", "a.onnx"],
)
def test_a_file_that_git_lfs_has_not_downloaded_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(POINTER)
    line = rf"{name} is a pointer of Git LFS; run `git lfs pull`"
    for given in (tmp_path, path):
        with pytest.raises(UserError, match=line):
            open_files(str(given), DATASET)


def test_a_picture_that_git_lfs_has_not_downloaded_says_so() -> None:
    with pytest.raises(pictures.PictureError, match="pointer of Git LFS; run `git lfs pull`"):
        pictures.read(io.BytesIO(POINTER))


def test_damaged_metadata_of_pandas_are_not_read(tmp_path: Path) -> None:
    content = parquet(**LABELLED, metadata={"pandas": {"index_columns": []}})
    (tmp_path / "a.parquet").write_bytes(content)
    images = make_images(to_collection(choose(Folder(tmp_path)).images, DATASET), DATASET)
    assert images.X.tolist() == [[number] * 49 for number in range(12)]


def test_a_table_that_exceeds_the_memory_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label\n1\n")
    table = Folder(tmp_path).open_table("a.csv")
    with (
        pytest.raises(UserError, match=r"^a\.csv: Unable to allocate 7\.11 PiB"),
        table.report_unreadable(),
    ):
        np.zeros(10**15)


def test_a_link_to_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("nowhere")
    with pytest.raises(UserError, match=r"a\.csv: .+No such file"):
        choose(Folder(tmp_path))


def test_labels_that_hugging_face_says_nothing_about_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(hugging_face([]))
    rows = choose(Folder(tmp_path)).rows
    assert rows["class"].tolist() == [str(label) for label in LABELS]


def test_a_parquet_file_of_pictures_that_is_damaged_later_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(image=[b"P1 1 1 0"] * 12, label=LABELS))
    images = choose(Folder(path)).images
    path.write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"^a\.parquet: "):
        make_images(to_collection(images, DATASET), DATASET)


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="this system has no /proc")
def test_a_link_to_a_file_of_the_system_is_not_waited_for() -> None:
    with pytest.raises(pictures.PictureError, match="the file is empty"):
        pictures.read(Path("/proc/kmsg"))
