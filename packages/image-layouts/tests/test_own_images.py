"""Your own images as a dataset: all kinds of pictures, and the source `files`."""

import io
import os
import re
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from digits.fetching.conversion import make_images, transpose
from digits.fetching.fetch import compute_checksums, fetch_images
from digits.imaging import picture_files, pictures
from digits.imaging.pictures import PictureError
from digits.messages.errors import UserError
from digits.running.storage import find_target
from digits.settings.params import DatasetParams
from digits.sources import load_source
from tests.helpers import tiny

PIXELS, CLASSES = tiny.digits()

# A black picture with a white T.
INK = np.zeros((100, 120), dtype=np.uint8)
INK[30:36, 40:82] = 255
INK[36:72, 60:66] = 255


def encode(image: Any, file_format: str = "PNG", **options: Any) -> io.BytesIO:
    """Return the file of a picture."""
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, file_format, **options)
    file.seek(0)
    return file


def write(path: Path, pixels: Any, **options: Any) -> None:
    """Write a picture, and create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **options)


def one_grey(value: int = 0) -> Any:
    """Return the pixels of a picture that has one grey value."""
    return np.full((28, 28), value)


def read(layout: Any, path: Path, **changes: Any) -> pd.DataFrame:
    """Read images of 28 × 28 pixels by their layout."""
    entry = tiny.dataset({"files": str(path)})
    entry |= {"shape": [28, 28], "pixel_max": 255}
    entry |= changes | ({} if layout is None else {"layout": layout})
    dataset = DatasetParams.model_validate(entry)
    images = make_images(load_source("files").open(str(path), dataset), dataset)
    n_values = images.X.shape[1]
    pixels = pd.DataFrame(images.X, columns=[f"pixel{n}" for n in range(1, n_values + 1)])
    table = pixels.join(images.table)
    table.attrs = images.table.attrs
    return table


def on_transparent(ink: int) -> io.BytesIO:
    color = np.full_like(INK, ink)
    return encode(np.dstack([color, color, color, INK]))


def transparent_palette() -> io.BytesIO:
    image = Image.fromarray((INK > 0).astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 20, 20, 90])
    return encode(image, transparency=0)


def sixteen_bits_with_a_transparent_value() -> io.BytesIO:
    black = np.where(INK > 0, np.uint16(1_000), np.uint16(40_000))
    content = encode(Image.fromarray(black)).getvalue()
    chunk = b"tRNS" + (40_000).to_bytes(2, "big")
    chunk = (2).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    start = content.index(b"IDAT") - 4
    return io.BytesIO(content[:start] + chunk + content[start:])


def other_mode(mode: str) -> io.BytesIO:
    return encode(Image.fromarray(INK).convert("RGB").convert(mode), "TIFF")


def two_frames() -> io.BytesIO:
    second = Image.fromarray(np.zeros_like(INK))
    return encode(INK, "GIF", save_all=True, append_images=[second])


def damaged_exif() -> io.BytesIO:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x011A] = 72.0
    # The name of the camera's maker is a number, which Pillow cannot write.
    damaged = exif.tobytes().replace(b"\x01\x1a", b"\x01\x0f")
    return encode(INK, "JPEG", quality=95, exif=damaged)


@pytest.mark.parametrize(
    "make_file",
    [
        partial(on_transparent, 0),
        partial(on_transparent, 255),
        transparent_palette,
        sixteen_bits_with_a_transparent_value,
        partial(other_mode, "CMYK"),
        partial(other_mode, "YCbCr"),
        partial(other_mode, "LA"),
        two_frames,
        damaged_exif,
    ],
)
def test_ink_stands_out_in_all_kinds_of_pictures(make_file: Callable[[], io.BytesIO]) -> None:
    grey = pictures.read(make_file()).grey.astype(int)
    contrast = np.abs(grey - grey[0, 0])
    assert contrast.max() >= 100
    is_ink = contrast > contrast.max() / 2
    assert (is_ink == (INK > 0)).all()


def tiff(values: Any, photometric: int, *, is_compressed: bool) -> io.BytesIO:
    """Return a TIFF file in the byte order of the values. Pillow can write few of them."""
    content = values.tobytes()
    if is_compressed:
        content = zlib.compress(content)
    height, width = values.shape
    sample_format = {"u": 1, "f": 3}[values.dtype.kind]
    tags = {256: width, 257: height, 258: 8 * values.itemsize, 259: 8 if is_compressed else 1}
    tags |= {262: photometric, 273: 8, 277: 1, 278: height, 279: len(content)}
    tags |= {339: sample_format}
    order = values.dtype.str[0].replace("|", "<")
    name = b"II" if order == "<" else b"MM"
    file = struct.pack(f"{order}2sHI", name, 42, 8 + len(content)) + content
    file += struct.pack(f"{order}H", len(tags))
    for tag, value in tags.items():
        file += struct.pack(f"{order}HHII", tag, 4, 1, value)
    return io.BytesIO(file + bytes(4))


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("dtype", "white"),
    [("u1", 255), ("u2", 4_095), ("u2", 65_535), ("u4", 2**32 - 1), ("f4", 1)],
)
def test_a_tiff_file_is_read_in_each_depth_and_byte_order_also_if_0_is_white(
    dtype: str, white: int, order: str, *, is_compressed: bool
) -> None:
    values = INK * (white / 255)
    for photometric, stored in [(1, values), (0, white - values)]:
        file = tiff(stored.astype(order + dtype), photometric, is_compressed=is_compressed)
        assert np.array_equal(pictures.read(file).grey, INK)


def test_the_first_page_of_a_picture_is_read_whatever_is_behind_it() -> None:
    file = io.BytesIO()
    pages = [Image.new("L", size, 255) for size in [(60, 40), (6, 4)]]
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    file.seek(0)
    assert pictures.read(file).grey.shape == (40, 60)


def test_the_largest_value_of_12_bits_is_white_in_a_file_of_16_bits() -> None:
    overexposed = np.where(INK > 0, np.uint16(4_095), np.uint16(0))
    assert np.array_equal(pictures.read(encode(overexposed)).grey, INK)


def test_a_faint_picture_of_floats_stays_faint() -> None:
    faint = Image.fromarray(INK / np.float32(1020))  # up to a quarter of white
    assert pictures.read(encode(faint, "TIFF")).grey.max() == 64


def test_values_that_are_no_brightness_are_black() -> None:
    values = np.array([[-4, 0, 0.5], [1, np.inf, 0], [np.nan, -np.inf, 0]], np.float32)
    picture = pictures.read(encode(Image.fromarray(values), "TIFF"))
    assert picture.grey.tolist() == [[0, 0, 128], [255, 0, 0], [0, 0, 0]]


def test_values_above_that_of_white_are_white() -> None:
    values = np.array([[0, 500], [1_000, 1_500]], np.uint16)
    image = pictures.read_resized(encode(Image.fromarray(values)), [2, 2], white=1_000)
    assert image.tolist() == [[0, 128], [255, 255]]


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_a_picture_with_several_negative_values_is_refused(dtype: Any) -> None:
    scan = Image.fromarray((np.arange(64).reshape(8, 8) * 40 - 1_024).astype(dtype))
    with pytest.raises(PictureError, match="it has negative values, such as -1024; add a"):
        pictures.read(encode(scan, "TIFF"))


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_values_up_to_255_are_those_of_8_bits_in_a_file_of_more_bits_too(dtype: Any) -> None:
    file_format = "PNG" if dtype is np.uint16 else "TIFF"
    stored = encode(Image.fromarray(INK.astype(dtype)), file_format)
    assert np.array_equal(pictures.read(stored).grey, INK)


def test_a_turned_photo_is_turned_back_and_a_large_one_is_reduced() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn it clockwise"
    # Pillow can decode a JPEG that is so large at half its size.
    large = np.kron(np.rot90(INK), np.ones((40, 40), np.uint8))
    picture = pictures.read(encode(large, "JPEG", exif=exif))
    assert picture.grey.shape == (1000, 1200)
    assert picture.scale == 4
    expected = np.kron(INK, np.ones((10, 10)))
    assert np.abs(picture.grey - expected).mean() < 3


def test_pictures_are_the_same_however_many_are_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        write(tmp_path / f"{'ab'[number % 2]}/{number}.png", one_grey(number))
    for batch_size in [1_000, 3, 4]:
        monkeypatch.setattr(picture_files, "BATCH_SIZE", batch_size)
        assert read("{class}/*", tmp_path)["pixel1"].tolist() == list(range(8))


@pytest.mark.parametrize("side", [8_000, 14_000])  # Pillow refuses the larger one itself
def test_a_picture_that_is_too_large_is_refused(side: int) -> None:
    with pytest.raises(PictureError, match="too large; at most 50 megapixels"):
        pictures.read(encode(Image.new("1", (side, side))))


def test_a_file_that_is_too_large_for_a_picture_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "disk.png"
    with path.open("wb") as file:
        file.truncate(10**12)  # it takes no space on the disk
    with pytest.raises(PictureError, match="too large; at most 400 MB"):
        pictures.read(path)


PICTURE_NAMES = [f"own/{label}/{index}.png" for index, label in enumerate(CLASSES)]


def write_pictures(folder: Path) -> None:
    """Write the tiny dataset as pictures, the last one first."""
    for name, pixels in reversed(list(zip(PICTURE_NAMES, PIXELS, strict=True))):
        write(folder / name, pixels.reshape(tiny.SHAPE))


def test_pictures_give_the_pinned_dataset(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    hidden = ".DS_Store 1/Thumbs.db data.dvc .cache/x .thumbnails/1.png __MACOSX/3/._1.png"
    for name in hidden.split():
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no picture")
    entry = tiny.dataset({"files": str(tmp_path / "own")})
    expected = entry.pop("sha256")
    checksums = compute_checksums(fetch_images("tiny", DatasetParams.model_validate(entry)))
    assert checksums.items() > expected.items()
    entry["sha256"] = checksums  # those of the picture files, too
    fetch_images("tiny", DatasetParams.model_validate(entry))


def test_a_table_of_pictures_gives_the_same_images_as_their_folder(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    groups = ["zoe", "al"] * (tiny.IMAGES // 2)
    table = pd.DataFrame({"file": PICTURE_NAMES, "class": CLASSES, "group": groups})
    table.to_csv(tmp_path / "own.csv", index=False)
    layout = {"table": "own.csv", "file": "{file}", "class": "class", "group": "group"}
    images = read(layout, tmp_path)
    of_folder = read("own/{class}/*", tmp_path)
    assert images["file"].tolist() == of_folder["file"].tolist() == PICTURE_NAMES
    assert images.drop(columns="group").equals(of_folder)
    assert images["group"].tolist() == [0, 1] * (tiny.IMAGES // 2)
    assert images.attrs["group_names"] == ["zoe", "al"]


@pytest.mark.parametrize(
    ("folders", "classes", "names"),
    [
        (["2", "0", "1"], [0, 1, 2], None),
        (["255", "9", "10"], [0, 1, 2], ["9", "10", "255"]),
        (["2", "1", "01"], [0, 1, 2], ["01", "1", "2"]),
        (["e\u0301te\u0301", "a b"], [0, 1], ["a b", "\u00e9t\u00e9"]),
    ],
)
def test_classes_are_numbered(
    tmp_path: Path, folders: list[str], classes: list[int], names: list[str] | None
) -> None:
    for name in folders:
        write(tmp_path / name / "1.png", one_grey())
    images = read("{class}/*", tmp_path)
    assert images["class"].tolist() == classes
    assert images.attrs.get("names") == names


@pytest.mark.parametrize(
    ("folders", "written", "names"),
    [
        (["0", "1"], ["no", "yes"], ["no", "yes"]),
        (["4", "7"], ["no", "yes"], ["no", "yes"]),
        (["no", "yes"], ["no", "yes"], ["no", "yes"]),
    ],
    ids=["0 and 1", "other numbers", "the same names"],
)
def test_names_in_params_yaml_replace_numbers_of_folders(
    tmp_path: Path, folders: list[str], written: list[str], names: list[str]
) -> None:
    for name in folders:
        write(tmp_path / name / "1.png", one_grey())
    assert read("{class}/*", tmp_path, names=written).attrs["names"] == names


def test_a_picture_keeps_its_aspect_ratio(tmp_path: Path) -> None:
    wide = np.full((100, 400, 3), 255)
    wide[:, 200:] = [0, 0, 255]
    write(tmp_path / "a" / "1.jpg", wide, quality=95)
    write(tmp_path / "b" / "2.png", one_grey())
    image = read("{class}/*", tmp_path).filter(like="pixel").to_numpy()[0]
    image = image.reshape(28, 28).astype(int)
    # The median of white, 255, and blue, 29, is the colour above and below.
    assert (np.abs(image[:10] - 142) < 4).all()
    assert (np.abs(image[11:17, :12] - 255) < 4).all()
    assert (np.abs(image[11:17, 16:] - 29) < 4).all()


@pytest.mark.parametrize("shape", [[14, 30], [30, 14], [14, 30, 3]])
def test_a_picture_of_the_shape_of_the_images_stays_as_it_is(shape: list[int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(pictures.read_resized(encode(pixels), shape), pixels)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_a_large_picture_hardly_differs_from_one_resized_in_one_step(file_format: str) -> None:
    small = Image.fromarray(16 * PIXELS[0].reshape(tiny.SHAPE))
    large = small.resize((1500, 1500))
    image = pictures.read_resized(encode(large, file_format), [28, 28])
    difference = image.astype(int) - np.asarray(large.resize((28, 28)))
    assert np.abs(difference).max() <= 10


def test_what_is_transparent_lies_on_white_paper(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png", one_grey())
    alpha = np.eye(28) * 255
    write(tmp_path / "b" / "2.png", np.dstack([one_grey(), alpha]))
    image = read("{class}/*", tmp_path).filter(like="pixel").to_numpy()[1].reshape(28, 28)
    assert np.array_equal(image, 255 - alpha)


def test_without_a_layout_two_levels_of_folders_are_classes_and_groups(tmp_path: Path) -> None:
    for name in ["1/al/1.png", "2/bo/1.png"]:
        write(tmp_path / name, one_grey())
    images = read(None, tmp_path)
    assert images.attrs["names"] == ["1", "2"]
    assert images.attrs["group_names"] == ["al", "bo"]


def write_pixel(path: Path) -> None:
    write(path, [[0]])


def write_text(path: Path) -> None:
    path.write_text("<svg></svg>")


def link_to_each_other(path: Path) -> None:
    path.symlink_to("../3")
    (path.parent.parent / "3/back").symlink_to("../2")


def write_pages(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    page = Image.new("L", (8, 8))
    page.save(path, save_all=True, append_images=[page])


BAD_FOLDERS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a reserved name": ("all/1.png", write_pixel, "the name of the class 'all' is reserved"),
    "several pages": ("3/2.tif", write_pages, "3/2.tif: the file has several pages"),
    "a pipe": ("3/2.png", os.mkfifo, "'2.png' is neither a file nor a folder; delete it"),
    "a class that is not UTF-8": ("\udcff/1.png", write_pixel, "1 names of files are not in"),
    "no picture": ("3/notes.png", write_text, "3/notes.png: not a picture, or not one in PNG"),
    "links to each other": (
        "2/there",
        link_to_each_other,
        "'back' is a link to a folder that it lies in; delete it",
    ),
}


@pytest.mark.parametrize(("name", "make", "reason"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_what_makes_a_folder_no_dataset_is_named(
    tmp_path: Path, name: str, make: Callable[[Path], None], reason: str
) -> None:
    write_pixel(tmp_path / "2/1.png")
    write_pixel(tmp_path / "3/1.png")
    make(tmp_path / name)
    with pytest.raises(UserError, match=re.escape(reason)):
        read("{class}/*", tmp_path)


@pytest.mark.variant
def test_all_damaged_pictures_among_many_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = encode(Image.new("L", (8, 8))).getvalue()
    for folder in ["even", "odd"]:
        (tmp_path / folder).mkdir()
    for number in range(1, 1_003):  # pictures are read a thousand at a time
        path = tmp_path / ("odd" if number % 2 else "even") / f"{number}.png"
        path.write_bytes(b"" if number in {4, 1_001} else content)
    with pytest.raises(UserError, match=r"^2 of 1002 pictures cannot be read, those above;"):
        read("{class}/*", tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["even/4.png", "odd/1001.png"]


def read_table(folder: Path, pixels: list[float], pixel_max: int = 255) -> pd.DataFrame:
    """Read a table of two images of one pixel."""
    table = pd.DataFrame({"label": [3.0, 12.0], "p": pixels})
    table.to_csv(folder / "own.csv", index=False)
    layout = {"table": "own.csv", "pixels": "p", "class": "label"}
    return read(layout, folder, shape=[1, 1], pixel_max=pixel_max)


def test_colour_images_that_lie_on_their_side_are_set_upright() -> None:
    upright = np.arange(2 * 3 * 5 * 3).reshape(2, 3, 5, 3)
    lying = upright.swapaxes(1, 2).reshape(2, -1)
    assert np.array_equal(transpose(lying, [3, 5, 3]), upright.reshape(2, -1))


def test_pixels_above_the_largest_value_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="up to 255; expected images of 1 × 1 values from 0 to"):
        read_table(tmp_path, [0, 255], pixel_max=254)


@pytest.mark.parametrize("value", [np.nan, np.inf, 254.99999999, -1.5])
def test_pixels_that_are_not_whole_are_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(UserError, match=r"are not all whole|of different lengths"):
        read_table(tmp_path, [1, value])


def test_images_in_the_folder_of_the_project_need_no_folder_data() -> None:
    assert find_target(Path()) == Path()
    assert find_target(Path("data/own/archive")) == Path("data/own")
