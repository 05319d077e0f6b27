"""Sources of images, one module each.

The module of a source has a function `read(place, dataset)`. The place is the value of the
source in params.yaml: a path, an address or a name. The function returns what `make_images` in
digits/data/images.py returns, or raises a UserError whose message is a short reason.

The module may have these constants:

- `NEEDS_NETWORK = True`: an error says what to do without network.
- `MIRROR_KIND = "idx"`: if the environment variable DATA_MIRROR is set to a folder or an
  address, the source `idx` first tries to read its subfolder with the name of the dataset.
- `READS_FILES = True`: the place is a file or a folder, which DVC should store.
- `READS_DATASET = True`: the place names another dataset, which `fetch_dataset` reads.
- `READS_PICTURES = True`: the dataset may have a `network`. Then the column `network` of the
  table has the features that the network computes from each picture.

Other packages add sources as entry points of the group `digits.sources`.
"""

from pathlib import Path

from digits.settings.errors import UserError

NOT_FOUND = (
    "was not found; put your images there, or correct the name; `dvc pull` fetches what was "
    "shared by `dvc push`"
)

NO_FILE = "is neither a file nor a folder; delete it"


def is_special(path: Path) -> bool:
    """Return whether a path is a pipe or a device. To read it may take for ever."""
    return path.exists() and not (path.is_file() or path.is_dir())


def check_not_special(path: Path) -> None:
    """Check that a path is not a pipe or a device.

    Raises:
        UserError: the path is a pipe or a device.
    """
    if is_special(path):
        raise UserError(f"{path.name!r} {NO_FILE}")


def check_place(path: Path) -> None:
    """Check that a path is a file or a folder.

    Raises:
        UserError: the path was not found, or is a pipe or a device.
    """
    check_not_special(path)
    if not path.exists():
        raise UserError(NOT_FOUND)


def describe_network_error(error: BaseException) -> str:
    """Return the reason of a failed request, such as `Connection refused`.

    An error of the operating system has a short reason. HTTP clients raise it again several
    times, with long messages. If the first error is of another kind, the last message is
    returned.
    """
    cause = error  # the error that was raised first
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error) or type(error).__name__
