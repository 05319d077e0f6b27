"""The images that go from stage to stage, and the format of their files.

The file is a parquet table with the column `pixels`. docs/pipeline.md describes it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from digits.core.files import atomic_write
from digits.core.on_disk import READ_BYTES, concatenate_on_disk, rows_per_block, select_rows
from digits.core.pixels import Pixels, Vector
from digits.core.tables import explain_damage
from digits.messages.errors import check_exists

PIXELS = "pixels"  # the name of the column

# How many bytes of pixels one parquet row group holds. A row group is in memory while it is
# written.
ROW_GROUP_BYTES = 64 * 2**20


class ImageFormat(NamedTuple):
    """What all images of a dataset share.

    Attributes:
        shape: the height and width of the images and, if they are in colour, the number 3.
        pixel_max: the largest value that a pixel can have.
        n_network_features: the number of features that each network extracts from an image.
    """

    shape: Sequence[int]
    pixel_max: int
    n_network_features: Sequence[int] = ()


@dataclass(frozen=True, eq=False)
class Images:
    """Images, and what is known about them. Row i of the table belongs to X[i].

    Attributes:
        X: the pixels, shape (n_images, n_values), 0 to `format.pixel_max`. They are mapped from
            a temporary file, and need not fit into memory.
        table: all other columns, such as `class`, `group` and `label`, with the index 0 to
            n_images - 1. Values that all images share, such as their shape, are in its `attrs`,
            which are stored in the file.
    """

    X: Pixels
    table: pd.DataFrame

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.table)

    @property
    def format(self) -> ImageFormat:
        """What all images of the dataset share."""
        attrs = self.table.attrs
        n_features = attrs.get("n_network_features", [])
        return ImageFormat(attrs["shape"], attrs["pixel_max"], n_features)

    @property
    def class_names(self) -> list[str] | None:
        """The names of the classes, or None if they have only numbers."""
        return self.table.attrs.get("names")

    @property
    def group_names(self) -> list[str] | None:
        """The names of the groups, or None if they have only numbers."""
        return self.table.attrs.get("group_names")

    @property
    def pixels(self) -> Pixels:
        """The pixels, shape (n_images, height, width) or, in colour, (…, height, width, 3)."""
        return self.X.reshape(-1, *self.format.shape)

    @property
    def classes(self) -> Vector:
        """The number of the class of each image, shape (n_images,)."""
        return self.table["class"].to_numpy()

    @property
    def files(self) -> pd.Series | None:
        """The file that each image was read from, or None if the source has no pictures."""
        return self.table.get("file")

    @property
    def y(self) -> Vector:
        """The labels of a task, shape (n_images,)."""
        return self.table["label"].to_numpy()

    @property
    def groups(self) -> pd.Series | None:
        """The group of each image, such as its writer, or None."""
        return self.table.get("group")

    def select(self, rows: Vector) -> Self:
        """Return some of the images, in any order.

        Args:
            rows: the numbers of the rows, shape (n_selected,).
        """
        table = self.table.iloc[rows].reset_index(drop=True)
        return replace(self, X=select_rows(self.X, rows), table=table)


def list_classes(*parts: Images) -> Sequence[int | str]:
    """Return the names of the classes of a dataset, or their numbers if they have no names.

    Args:
        parts: all images of the dataset, or those of its training set and of its test set,
            because one of the two may lack a class.
    """
    if parts[0].class_names:
        return parts[0].class_names
    largest = max(images.classes.max(initial=0) for images in parts)
    return range(int(largest) + 1)  # in uint8, 255 + 1 would be 0


def read_images(path: Path) -> Images:
    """Read images.

    Raises:
        UserError: the file is missing or damaged, or the temporary file cannot be written.
    """
    check_exists(path)
    with explain_damage(path), pa.memory_map(str(path)) as file:
        other_columns = [name for name in pq.read_schema(file).names if name != PIXELS]
        # The pixels are copied to a temporary file, because in a parquet file they are
        # compressed, so that a row cannot be read alone.
        X = concatenate_on_disk(read_pixels(file))
        table = pd.read_parquet(file, columns=other_columns, page_checksum_verification=True)
        return Images(X, table)


def read_pixels(source: pa.NativeFile) -> Iterator[Pixels]:
    """Yield the pixels of a parquet file in blocks of a few megabytes.

    Raises:
        OSError, ValueError: the file is damaged.
    """
    with pq.ParquetFile(source, page_checksum_verification=True) as file:
        n_values = file.schema_arrow.field(PIXELS).type.byte_width
        # Without this block, the array of an empty table would have no width.
        yield np.empty((0, n_values), dtype=np.uint8)
        n_rows = rows_per_block(READ_BYTES, n_values)
        for batch in file.iter_batches(n_rows, columns=[PIXELS]):
            values = b"".join(batch.column(PIXELS).to_pylist())
            yield np.frombuffer(values, np.uint8).reshape(-1, n_values)


def write_images(path: Path, images: Images) -> None:
    """Write images, and create the folder. The same images give the same bytes."""
    n_images, n_values = images.X.shape
    group_size = rows_per_block(ROW_GROUP_BYTES, n_values)
    # An empty table is enough for the schema.
    schema = to_arrow(images.X[:0], images.table.iloc[:0]).schema
    with atomic_write(path) as temporary:
        # A dictionary of values would save nothing, because images hardly repeat.
        options = {"compression": "zstd", "use_dictionary": False, "write_page_checksum": True}
        with pq.ParquetWriter(temporary, schema, **options) as file:
            # `pandas.to_parquet` would convert all rows at once.
            for start in range(0, n_images, group_size):
                rows = slice(start, start + group_size)
                file.write_table(to_arrow(images.X[rows], images.table.iloc[rows]))


def to_arrow(pixels: Pixels, table: pd.DataFrame) -> pa.Table:
    """Return images with all their columns in a form that `pandas.read_parquet` can read."""
    column = pa.array([image.tobytes() for image in pixels], pa.binary(pixels.shape[1]))
    arrow = pa.Table.from_pandas(table, preserve_index=False).add_column(0, PIXELS, column)
    # pandas reads the attrs from this key, which `from_pandas` does not write.
    metadata = {**arrow.schema.metadata, "PANDAS_ATTRS": json.dumps(table.attrs)}
    return arrow.replace_schema_metadata(metadata)


def checksum_prefixes(images: Images) -> Vector:
    """Return the first 64 bits of the SHA-256 of each image's file or, without one, its pixels.

    `fetch` finds equal images by these integers, and `split` chooses test images by them. The
    probability that any two of a million different images have the same bits is 3e-8.
    """
    checksums: Iterable[int]
    if "sha256" in images.table:
        checksums = (int(hexdigest[:16], base=16) for hexdigest in images.table["sha256"])
    else:
        checksums = (int.from_bytes(sha256(pixels).digest()[:8]) for pixels in images.X)
    return np.fromiter(checksums, dtype=np.uint64, count=len(images))
