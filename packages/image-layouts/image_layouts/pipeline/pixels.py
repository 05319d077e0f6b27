"""Read the pixels of a collection, as the pipeline stores them.

The package image_layouts/layout makes a `Collection` of somebody's files. The commands `start`,
`pin` and `predict` and the stage `fetch` read its pixels.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from tqdm import tqdm

from digits.core.tables import Pixels
from digits.data.images import make_images
from digits.imaging import pictures
from digits.imaging.pictures import Picture
from digits.networks import find_module, load_networks
from digits.settings.columns import COLUMNS
from digits.settings.errors import UserError, warn
from digits.settings.params import DatasetParams
from image_layouts.collection import BATCH_SIZE, MAX_LISTED, Collection


class PictureData(NamedTuple):
    """What the dataset stores of a picture.

    Attributes:
        image: its pixels, in the shape of the dataset.
        checksum: the SHA-256 of its file.
        network_features: the features that the dataset's networks compute. Empty if it has
            none.
    """

    image: Pixels
    checksum: str
    network_features: bytes


def read_collection(
    collection: Collection,
    dataset: DatasetParams,
    convert: Callable[[Picture], Pixels] | None = None,
) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of a collection, as `make_images` does.

    If the dataset has a network, and `convert` is None, the table also has the network's
    features of each picture.

    Args:
        collection: the images. `find_faults` must find no fault in them.
        dataset: the entry of params.yaml.
        convert: makes an image of the dataset's shape from a picture. If None, the picture is
            resized and padded.

    Raises:
        UserError: some pictures cannot be read or converted, or the images are not as the entry
            of params.yaml says. Several pictures are printed first.
    """
    rows = collection.rows
    make = partial(
        make_images,
        classes=rows["class"],
        is_test=rows["test"].to_numpy(),
        columns={name: rows[name] for name in COLUMNS if name in rows},
    )
    if collection.blocks is not None:
        return make(dataset, collection.blocks())

    assert collection.pictures is not None
    names = rows["file"].tolist()
    networks = load_networks(dataset) if convert is None else []
    cache = find_module().open_cache() if networks else None
    read = partial(
        read_picture, dataset=dataset, convert=convert, networks=networks, cache=cache
    )
    # `read_blocks` fills these lists while `make_images` reads its blocks.
    checksums: list[str] = []
    network_features: list[bytes] = []

    def read_blocks(contents: Iterator[Path | bytes]) -> Iterator[Pixels]:
        for batch in read_batches(read, contents, names):
            checksums.extend(picture.checksum for picture in batch)
            network_features.extend(picture.network_features for picture in batch)
            yield np.array([picture.image.ravel() for picture in batch])

    blocks = read_blocks(collection.pictures())
    X, images = make(dataset, blocks, files=names)
    images["sha256"] = checksums
    if networks:
        images["network"] = pd.array(network_features, dtype="binary[pyarrow]")
        images.attrs["n_network_features"] = [network.n_features for network in networks]
    return X, images


def read_batches(
    read: Callable[[Path | bytes, str], PictureData | UserError],
    contents: Iterator[Path | bytes],
    names: Sequence[str],
) -> Iterator[list[PictureData]]:
    """Yield the results of `read_picture`, `BATCH_SIZE` at a time.

    After the first failure, the rest is only read to list all failures, and nothing more is
    yielded.

    Args:
        read: a function that calls `read_picture` for a source and a name.
        contents: the paths of the files, or their contents.
        names: the names of the pictures, for messages.

    Raises:
        UserError: some pictures cannot be read or converted. Several are printed first.
    """
    failures: list[UserError] = []
    starts = range(0, len(names), BATCH_SIZE)
    # More threads than cores would not be faster, and each needs memory for a network's values.
    with ThreadPoolExecutor(joblib.cpu_count()) as threads:
        for start in tqdm(starts, "batches of pictures", disable=None, leave=False):
            batch_names = names[start : start + BATCH_SIZE]
            batch_contents = islice(contents, BATCH_SIZE)
            # All threads share the filters of warnings. Each thread changes and restores them,
            # so the filters may end in a wrong state. This context restores the right one.
            with warnings.catch_warnings(action="ignore"):
                results = list(threads.map(read, batch_contents, batch_names))
            failures += [result for result in results if isinstance(result, UserError)]
            if not failures:
                yield [result for result in results if isinstance(result, PictureData)]
    if failures:
        raise summarize(failures, len(names))


def summarize(failures: Sequence[UserError], n_pictures: int) -> UserError:
    """Return an error about all pictures that cannot be read. Print several pictures first."""
    if len(failures) == 1:
        return failures[0]
    for failure in failures[:MAX_LISTED]:
        warn(failure.message)
    n_not_listed = len(failures) - MAX_LISTED
    and_more = f" and {n_not_listed} more" if n_not_listed > 0 else ""
    return UserError(
        f"{len(failures)} of {n_pictures} pictures cannot be read, those above{and_more}; "
        "replace or delete them; see “Move damaged pictures away” in "
        "image-layouts/docs/your-own.md"
    )


def read_picture(
    source: Path | bytes,
    name: str,
    dataset: DatasetParams,
    convert: Callable[[Picture], Pixels] | None,
    networks: Sequence[Any],
    cache: Any,
) -> PictureData | UserError:
    """Return what the dataset stores of a picture, or the error if it cannot be read.

    The error is returned and not raised, so that the failures of other pictures are found, too.

    Args:
        source: the path of the file, or its content.
        name: the name of the picture, for messages.
        dataset: the entry of params.yaml, with the shape of the resized image.
        convert: the function of `read_collection`.
        networks: the dataset's networks.
        cache: has the features of pictures that were described before, or is None.
    """
    try:
        content = pictures.read_content(source) if isinstance(source, Path) else source
        if convert is None:
            image = pictures.read_resized(BytesIO(content), dataset.shape, dataset.white)
        else:
            image = convert(pictures.read(BytesIO(content)))
        network_features = (
            find_module().describe_picture(networks, content, cache, dataset.white)
            if networks
            else b""
        )
    except OSError as error:
        return UserError(f"{name}: {error.strerror or error}")
    except UserError as error:
        return UserError(f"{name}: {error.message}")
    return PictureData(image, sha256(content).hexdigest(), network_features)
