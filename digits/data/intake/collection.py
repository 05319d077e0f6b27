"""Images as somebody has them, before their pixels are read.

`digits start`, `digits pin`, `digits predict` and the stage `fetch` use images in this form.
The package digits/data/layout reads it.
"""

import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from tqdm import tqdm

from digits.core.tables import Pixels
from digits.data.images import make_images
from digits.imaging import pictures
from digits.imaging.pictures import Picture
from digits.networks import describe_picture, import_network
from digits.settings.errors import UserError, warn
from digits.settings.params import DatasetParams

# The number of pictures that are read at a time.
BATCH_SIZE = 1_000

# At most this many names are listed.
MAX_LISTED = 20


class PictureData(NamedTuple):
    """What is known of a picture.

    Attributes:
        image: its image, of the shape of the dataset.
        checksum: the SHA-256 of its file.
        description: the features of the dataset's network, or None.
    """

    image: Pixels
    checksum: str
    description: bytes | None


@dataclass(frozen=True, eq=False)
class Collection:
    """Images, and what is known of them. It has either `pictures` or `blocks`.

    Attributes:
        rows: a table with one row per image, and the columns

            - `id`: what the owner calls the image: a name, a path, or its number from 1.
            - `file`: the path of the picture in its folder, if there are pictures.
            - `class`: what it shows, as text. Without classes, images can only be predicted.
            - `group`: the group, as text, if there are groups.
            - `test`: whether the image is in the test set that came with the images.

        pictures: returns the picture files in the order of the rows: their paths, or what they
            contain.
        blocks: returns the pixels, one array after another, each of shape (n_rows, n_values).
        shape: height, width and, in colour, 3 of the images in `blocks`. Empty for pictures.
        notes: sentences about what was left out, if the images are to be predicted.
    """

    rows: pd.DataFrame
    pictures: Callable[[], Iterator[Path | bytes]] | None = None
    blocks: Callable[[], Iterator[Any]] | None = None
    shape: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_collection(
    collection: Collection,
    dataset: DatasetParams,
    convert: Callable[[Picture], Pixels] | None = None,
) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of a collection, as `make_images` does.

    If the dataset has a network, and `convert` is None, the table also has the network's
    features of each picture.

    Args:
        collection: the images, in which `find_faults` in digits/data/intake/rows.py finds none.
        dataset: the entry of params.yaml.
        convert: makes an image of the dataset's shape from a picture. If None, the picture is
            resized and padded.

    Raises:
        UserError: some pictures cannot be read or converted, which are printed first, or the
            images are not as the entry of params.yaml says.
    """
    rows = collection.rows
    columns: dict[str, Any] = {"classes": rows["class"], "is_test": rows["test"].to_numpy()}
    if "group" in rows:
        # They are numbered in the order of their first images.
        columns["groups"], columns["group_names"] = pd.factorize(rows["group"])
    if collection.blocks is not None:
        return make_images(dataset, collection.blocks(), **columns)

    assert collection.pictures is not None
    names = rows["file"].tolist()
    network = None
    if dataset.network is not None and convert is None:
        network = import_network(dataset.network)
    read = partial(read_picture, shape=dataset.shape, convert=convert, network=network)
    batches = read_batches(read, collection.pictures(), names)
    checksums: list[str] = []
    descriptions: list[bytes | None] = []

    def read_blocks() -> Iterator[Pixels]:
        for batch in batches:
            checksums.extend(picture.checksum for picture in batch)
            descriptions.extend(picture.description for picture in batch)
            yield np.array([picture.image.ravel() for picture in batch])

    X, images = make_images(dataset, read_blocks(), files=names, **columns)
    images["sha256"] = checksums
    if network is not None:
        images["network"] = pd.array(descriptions, dtype="binary[pyarrow]")
    return X, images


def read_batches(
    read: Callable[[Path | bytes, str], PictureData | str],
    contents: Iterator[Path | bytes],
    names: Sequence[str],
) -> Iterator[list[PictureData]]:
    """Yield the results of `read_picture` for pictures, many at a time.

    Args:
        read: `read_picture` with all arguments but the first two.
        contents: the paths of the files, or what they contain.
        names: how the user knows the pictures.

    Raises:
        UserError: some pictures cannot be read or converted. They are printed first.
    """
    failures: list[str] = []
    starts = range(0, len(names), BATCH_SIZE)
    # More threads than cores would not be faster, and each needs memory for a network's values.
    with ThreadPoolExecutor(joblib.cpu_count()) as threads:
        for start in tqdm(starts, "thousands of pictures", disable=None, leave=False):
            batch_names = names[start : start + BATCH_SIZE]
            batch_contents = islice(contents, BATCH_SIZE)
            # Each thread changes and restores the filters of warnings, which all threads
            # share. This restores them at the end, whatever the order was.
            with warnings.catch_warnings(action="ignore"):
                results = list(threads.map(read, batch_contents, batch_names))
            failures += [result for result in results if isinstance(result, str)]
            if not failures:
                yield [result for result in results if not isinstance(result, str)]
    if len(failures) == 1:
        raise UserError(failures[0])
    if failures:
        for failure in failures[:MAX_LISTED]:
            warn(failure)
        not_listed = len(failures) - MAX_LISTED
        and_more = f" and {not_listed} more" if not_listed > 0 else ""
        raise UserError(
            f"{len(failures)} of {len(names)} pictures cannot be read, those above{and_more}; "
            "replace or delete them"
        )


def read_picture(
    source: Path | bytes,
    name: str,
    shape: Sequence[int],
    convert: Callable[[Picture], Pixels] | None,
    network: ModuleType | None,
) -> PictureData | str:
    """Return what is known of a picture. If it cannot be read, return the reason.

    Args:
        source: the path of the file, or what it contains.
        name: how the user knows the picture.
        shape: the shape of the image that is made of it.
        convert: as `read_collection` describes it.
        network: the module of the dataset's network, or None.
    """
    try:
        content = pictures.read_content(source) if isinstance(source, Path) else source
        if convert is None:
            image = pictures.read_resized(BytesIO(content), shape)
        else:
            image = convert(pictures.read(BytesIO(content)))
        description = None if network is None else describe_picture(network, content)
    except OSError as error:
        return f"{name}: {error.strerror or error}"
    except UserError as error:
        return f"{name}: {error.message}"
    return PictureData(image, sha256(content).hexdigest(), description)


def shorten(names: Sequence[object]) -> str:
    """Return a list of names of at most 200 characters."""
    return textwrap.shorten(", ".join(map(str, names)), 200)
