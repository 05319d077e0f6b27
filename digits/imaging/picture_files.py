"""Read the pixels of picture files, for sources that have such files."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from tqdm import tqdm

from digits.core.pixels import Pixels
from digits.imaging import pictures
from digits.imaging.pictures import Picture
from digits.messages.errors import UserError
from digits.messages.terminal import warn
from digits.networks import Network, load_networks
from digits.settings.params import DatasetParams
from digits.sources import Collection

BATCH_SIZE = 1_000  # the number of pictures that are read at a time
MAX_LISTED = 20  # the largest number of failures that are listed


Contents = Callable[[], Iterator[Path | bytes]]
Convert = Callable[[Picture], Pixels]


def make_collection(
    rows: pd.DataFrame,
    pictures: Contents,
    dataset: DatasetParams,
    convert: Convert | None = None,
    notes: Sequence[str] = (),
) -> Collection:
    """Return a collection of picture files.

    Args:
        rows: the rows of the collection, with a column `file`.
        pictures: a function that yields the paths or the contents of the files.
        dataset: the entry of params.yaml, with the shape of the images.
        convert: makes an image of this shape from a picture. If None, the picture is resized
            and padded, and the dataset's networks describe it.
        notes: the notes of the collection.
    """
    files = PictureFiles(rows["file"].tolist(), pictures, dataset, convert)
    return Collection(rows, files.read, files.make_columns, pictures, notes=list(notes))


@dataclass(eq=False)
class PictureFiles:
    """Reads the picture files of a dataset. The arguments are those of `make_collection`."""

    names: Sequence[str]
    pictures: Contents
    dataset: DatasetParams
    convert: Convert | None
    # `read` sets these. They are complete when it has yielded all blocks.
    networks: Sequence[Network] = ()
    checksums: list[str] = field(init=False)
    network_features: list[bytes] = field(init=False)

    def read(self) -> Iterator[Pixels]:
        """Yield the pixels, `BATCH_SIZE` pictures at a time, shape (n_pictures, n_values).

        After the first failure, the rest is only read to list all failures, and nothing more is
        yielded.

        Raises:
            NeuralNetworkError: a network of the dataset cannot be used.
            UserError: some pictures cannot be read or converted. Several are printed first.
        """
        if self.convert is None:
            self.networks = load_networks(self.dataset, use_cache=True)
        self.checksums = []
        self.network_features = []
        contents = self.pictures()
        failures: list[UserError] = []
        starts = range(0, len(self.names), BATCH_SIZE)
        # More threads than cores would not be faster, and each needs memory for a network's
        # values.
        with ThreadPoolExecutor(joblib.cpu_count()) as threads:
            for start in tqdm(starts, "batches of pictures", disable=None, leave=False):
                batch_names = self.names[start : start + BATCH_SIZE]
                batch_contents = islice(contents, BATCH_SIZE)
                # All threads share the filters of warnings. Each thread changes and restores
                # them, so they may end in a wrong state. This context restores the right one.
                with warnings.catch_warnings(action="ignore"):
                    results = list(threads.map(self.read_picture, batch_contents, batch_names))
                failures += [result for result in results if isinstance(result, UserError)]
                if failures:
                    continue
                batch = [result for result in results if not isinstance(result, UserError)]
                images, checksums, network_features = zip(*batch, strict=True)
                self.checksums += checksums
                self.network_features += network_features
                yield np.array([image.ravel() for image in images])
        if failures:
            raise summarize(failures, len(self.names))

    def make_columns(self) -> pd.DataFrame:
        """Return what the dataset stores of each picture besides its pixels."""
        columns = pd.DataFrame({"sha256": self.checksums})
        if self.networks:
            columns["network"] = pd.array(self.network_features, dtype="binary[pyarrow]")
            n_features = [network.n_features for network in self.networks]
            columns.attrs["n_network_features"] = n_features
        return columns

    def read_picture(
        self, source: Path | bytes, name: str
    ) -> tuple[Pixels, str, bytes] | UserError:
        """Return what the dataset stores of a picture, or the error if it cannot be read.

        The error is returned and not raised, so that the failures of other pictures are found,
        too.

        Args:
            source: the path of the file, or its content.
            name: the name of the picture, for messages.

        Returns:
            The pixels in the shape of the dataset, the SHA-256 of the file, and the features
            that the networks compute.
        """
        white = self.dataset.white
        try:
            content = pictures.read_content(source) if isinstance(source, Path) else source
            if self.convert is None:
                image = pictures.read_resized(BytesIO(content), self.dataset.shape, white)
            else:
                image = self.convert(pictures.read(BytesIO(content)))
            features = [network.describe(content, white) for network in self.networks]
        except OSError as error:
            return UserError(f"{name}: {error.strerror or error}")
        except UserError as error:
            return UserError(f"{name}: {error.message}")
        return image, sha256(content).hexdigest(), b"".join(features)


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
        "packages/image-layouts/docs/your-own.md"
    )
