"""The interface of the kinds of sources from which images come.

A kind of source, such as `idx`, is a module of digits/sources, or a module of another
package with an entry point in the group `digits.sources`. The module has a `Source` called
`source`, which returns the images at a path or an address.

No stage depends on this folder, because it changes no output.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from digits.core.images import Images
from digits.core.pixels import Vector
from digits.entry_points import find_entry_points
from digits.messages.errors import check_choice
from digits.settings.params import DatasetParams

FOLDER = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class Collection:
    """Images whose pixels have not been read yet.

    Attributes:
        rows: a table with one row per image, and the columns

            - `class`: the class, a whole number or a name. Images that are only predicted may
              have none.
            - `group`: what the image belongs to, such as its writer, if it is known.
            - `test`: whether the image is in the test set that came with the images, if there
              is one.
            - `file`: the path of the picture in its folder, if there are pictures.
            - `id`: what the owner calls the image, if it is to be predicted.

        blocks: a function that returns the pixels of many rows at a time, shape
            (n_rows, n_values).
        more_columns: a function that returns what was found while the pixels were read, such as
            the features of a network, as more columns of the table of images. It is called
            after the last block, and may be None.
        pictures: a function that yields the paths or the contents of the picture files, in the
            order of the rows, or None for arrays.
        shape: height, width and, in colour, 3. It is empty for picture files.
        notes: what `digits predict` prints about the images, such as which files it leaves out.
    """

    rows: pd.DataFrame
    blocks: Callable[[], Iterable[Any]]
    more_columns: Callable[[], pd.DataFrame] | None = None
    pictures: Callable[[], Iterator[Path | bytes]] | None = None
    shape: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """A kind of source.

    Attributes:
        open: returns the images. Its arguments are the value of the source in
            params.yaml, such as a path, an address or a name, and the dataset's entry. It
            raises a UserError whose message is a short reason.
        is_path: whether the value is a file or a folder, which DVC should store.
        needs_internet: whether an error should say what to do without internet.
        mirror: the kind of source that reads a mirror of the dataset, or None. The mirror is
            the subfolder of the dataset's name in DATA_MIRROR, a folder or an address.
        open_new: returns the images of a folder, a table or a file with arrays, or None for
            another file. `digits predict` asks only the source `files`. The arguments are the
            path, the entry of the dataset in params.yaml, and the names of its classes.
        find_doubtful_images: returns lines about images that are probably wrong. Its arguments
            are the images, a checksum of each, and the names of their classes.
    """

    open: Callable[[str, DatasetParams], Collection]
    is_path: bool = False
    needs_internet: bool = False
    mirror: str | None = None
    open_new: Callable[[Path, DatasetParams, Sequence[str]], Collection | None] | None = None
    find_doubtful_images: Callable[[Images, Vector, Sequence[Any]], list[str]] | None = None


def load_source(kind: str) -> Source:
    """Return the source of a kind, such as `idx`.

    Raises:
        UserError: there is no such kind.
    """
    kinds = {path.stem for path in FOLDER.glob("[a-z]*.py")}
    if kind in kinds:
        module = import_module(f"digits.sources.{kind}")
    else:
        others = find_entry_points("digits.sources")
        check_choice("sources", kind, kinds | others.keys())
        module = others[kind].load()
    source: Source = module.source
    return source


def describe_download_error(error: BaseException) -> str:
    """Return the reason of a failed request, such as `Connection refused`.

    HTTP clients wrap an error of the operating system, which has a short reason, several times,
    with long messages. If the first error is of another kind, the last message is returned.
    """
    cause = error  # the error that was raised first
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error) or type(error).__name__
